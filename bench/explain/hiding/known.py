"""Known truth for the methods of black boxes: the network that finds planted evidence, hidden as a black box is.

A black box is shown straight lines where a recording is hidden, and so is that network here: what it says of a method
is said of the method as black boxes are asked by it.
"""

from collections.abc import Callable, Sequence

from bench.dataset import Dataset
from bench.explain.belief.planted import TRACINGS, Known, known_truth, parted, taught, tracings
from bench.explain.hiding.effect import TWO_WAY
from bench.explain.hiding.plan import METHODS, SHAPLEY, WINDOWS_S, hidden_parts
from bench.explain.maps.cell import bridged
from bench.explain.maps.method import Answer, Map, Method
from bench.explain.maps.occlusion import drops
from bench.explain.maps.part import spread
from bench.explain.maps.partwise import by_leads_and_segments, by_shapley
from taxonomy.error import unknown_name


def bridging_method(name: str) -> Method:
    """Return a method of black boxes as one of open networks, with the same map but for the filtering between.

    Parameters
    ----------
    name : str
        One of :data:`bench.explain.hiding.plan.METHODS`.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none of that name; the message names the nearest.
    """
    if name not in METHODS:
        raise unknown_name("method of explanation", name, METHODS)
    return Method(name, _explaining(name), "queries", name != TWO_WAY, "as black boxes are asked")


def truth_of_hiding(dataset: Dataset, methods: Sequence[str], most: int = TRACINGS, seed: int = 0) -> list[Known]:
    """Return how well methods of black boxes find what is planted in recordings of a dataset; joint ones have no map.

    Raises
    ------
    taxonomy.error.RunError
        When there are too few recordings, or the network that is taught on them does not find what is planted.
    """
    given, held_out = parted(tracings(dataset, most))
    chosen = [bridging_method(name) for name in methods if name in METHODS]
    return known_truth(taught(given, held_out, seed), held_out, chosen, seed)


def _explaining(name: str) -> Callable[[Answer], Map]:
    if name == TWO_WAY:
        return lambda asked: by_leads_and_segments(asked.network, asked.shown, asked.output, asked.cells, bridged)
    if name == SHAPLEY:
        return lambda asked: by_shapley(asked.network, asked.shown, asked.output, asked.cells, bridged)

    def explain(asked: Answer) -> Map:
        fs = asked.network.fs
        parts = hidden_parts(asked.cells, name, fs, WINDOWS_S[0])
        masks = [part.mask(asked.cells, fs) for part in parts]
        fallen = drops(asked.network, asked.shown, asked.output, masks, bridged).tolist()
        return spread(list(zip(parts, fallen, strict=True)), asked.cells, fs)

    return explain
