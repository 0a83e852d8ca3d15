"""Every method of explanation by name. A new one is a file with a function, and a line in :data:`METHODS`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.activation import grad_cam, guided_grad_cam, layer_cam
from bench.explain.maps.cell import Cells, bridged, zeroed
from bench.explain.maps.gradient import gradient_times_input, integrated_gradients, saliency
from bench.explain.maps.occlusion import Filling, by_cell, by_lead, by_segment, by_window, painted
from bench.explain.maps.partwise import by_group, by_joint_masks, by_leads_and_segments, by_shapley
from measurements.segment import Segment
from readers.network import Network, OpenReader, Output, Shown
from renderers.style import LEADS
from taxonomy.error import ReaderError, UnknownNameError, unknown_name

Map = NDArray[np.float32]
"""Relevance of every sample, float32 (12, n_samples), above 0 where it speaks for the answer."""

Need = Literal["gradient", "layer", "queries"]
"""What a method needs: gradients of a network, those of one of its layers, or no more than answers."""


@dataclass(frozen=True, eq=False)
class Answer:
    """One answer about one recording, for a method to explain.

    Attributes
    ----------
    network : Network
    shown : Shown
        What the network is shown of the case.
    output : int
        Column of the output.
    cells : Cells
        Of the recording.
    layer : str
        For methods that need one; without it :func:`last_layer`.
    """

    network: Network
    shown: Shown
    output: int
    cells: Cells
    layer: str = ""


@dataclass(frozen=True)
class Method:
    """A way to say what moved an answer.

    Attributes
    ----------
    name : str
    explain : callable
        Returns the map of an answer.
    need : {"gradient", "layer", "queries"}
    is_signed : bool
        Whether the map falls below 0 where a sample speaks against the answer.
    source : str
        The paper that it follows.
    is_mean : bool
        Whether the map of an ensemble is the mean of its members' maps.
    is_slow : bool
        Whether it asks a hundred times or more for each answer, so that it is left out where none is named.
    """

    name: str
    explain: Callable[[Answer], Map]
    need: Need
    is_signed: bool
    source: str
    is_mean: bool = True
    is_slow: bool = False


def last_layer(network: Network, shown: Shown) -> str:
    """Return the name of the layer whose activations over time come last, which Grad-CAM takes as a rule.

    Raises
    ------
    taxonomy.error.ReaderError
        When no layer has a course over time.
    """
    fitting = network.layers(shown)
    if not fitting:
        raise ReaderError("no layer of the network has activations over time: choose a method that needs none")
    return fitting[-1]


def _with_layer(cam: Callable[[Network, Shown, int, str], Map]) -> Callable[[Answer], Map]:
    def explain(asked: Answer) -> Map:
        layer = asked.layer or last_layer(asked.network, asked.shown)
        return cam(asked.network, asked.shown, asked.output, layer)

    return explain


def _of_gradient(gradient: Callable[[Network, Shown, int], Map]) -> Callable[[Answer], Map]:
    return lambda asked: gradient(asked.network, asked.shown, asked.output)


def _cells(filling: Filling) -> Callable[[Answer], Map]:
    return lambda asked: painted(by_cell(asked.network, asked.shown, asked.output, asked.cells, filling), asked.cells)


def _leads(asked: Answer) -> Map:
    found = by_lead(asked.network, asked.shown, asked.output, zeroed)
    column = np.array([[found[lead]] for lead in LEADS], dtype=np.float32)
    return np.repeat(column / asked.cells.samples, asked.cells.samples, axis=1)


def _segments(asked: Answer) -> Map:
    found = by_segment(asked.network, asked.shown, asked.output, asked.cells, zeroed)
    spread: dict[tuple[str, Segment], float] = {
        (lead, segment): drop / len(LEADS) for segment, drop in found.items() for lead in LEADS
    }
    return painted(spread, asked.cells)


def _windows(asked: Answer) -> Map:
    return by_window(asked.network, asked.shown, asked.output, zeroed)


Hiding = Callable[[Network, Shown, int, Cells, Filling], Map]
"""Hides parts of what a network is shown."""


def _of_parts(hiding: Hiding, filling: Filling = zeroed) -> Callable[[Answer], Map]:
    return lambda asked: hiding(asked.network, asked.shown, asked.output, asked.cells, filling)


ZEILER = "Zeiler and Fergus 2014"

METHODS: tuple[Method, ...] = (
    Method("saliency", _of_gradient(saliency), "gradient", False, "Simonyan et al. 2014", is_mean=False),
    Method("gradient_times_input", _of_gradient(gradient_times_input), "gradient", True, "Shrikumar et al. 2016"),
    Method("integrated_gradients", _of_gradient(integrated_gradients), "gradient", True, "Sundararajan et al. 2017"),
    Method("grad_cam", _with_layer(grad_cam), "layer", False, "Selvaraju et al. 2017, by lead"),
    Method("layer_cam", _with_layer(layer_cam), "layer", False, "Jiang et al. 2021, by lead"),
    Method("guided_grad_cam", _with_layer(guided_grad_cam), "layer", False, "Selvaraju et al. 2017", is_mean=False),
    Method("occlusion_lead", _leads, "queries", True, ZEILER),
    Method("occlusion_segment", _segments, "queries", True, ZEILER),
    Method("occlusion_cell", _cells(zeroed), "queries", True, ZEILER),
    Method("occlusion_cell_bridged", _cells(bridged), "queries", True, ZEILER),
    Method("occlusion_group", _of_parts(by_group), "queries", True, ZEILER),
    Method("leads_and_segments", _of_parts(by_leads_and_segments), "queries", False, ZEILER, is_mean=False),
    Method("occlusion_window", _windows, "queries", True, ZEILER, is_slow=True),
    Method(
        "joint_masks", _of_parts(by_joint_masks), "queries", False, "Ribeiro et al. 2016", is_mean=False, is_slow=True
    ),
    Method("shapley", _of_parts(by_shapley), "queries", True, "Mitchell et al. 2022", is_slow=True),
)


def method_named(name: str, known: Sequence[Method] = METHODS) -> Method:
    """Return a method by name.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none of that name; the message names the nearest.
    """
    for method in known:
        if method.name == name:
            return method
    raise unknown_name("method", name, [method.name for method in known])


def chosen(names: Iterable[str], known: Sequence[Method] = METHODS) -> tuple[Method, ...]:
    """Return methods by name, each once, in the order of the names; without names all that are not slow.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none of a name; the message names the nearest.
    """
    named = dict.fromkeys(method_named(name, known) for name in names)
    return tuple(named) or tuple(method for method in known if not method.is_slow)


def network_of(reader: object, methods: Sequence[Method], known: Sequence[Method] = METHODS) -> Network | None:
    """Return the network of a reader that methods are to explain; None of a black box.

    Raises
    ------
    taxonomy.error.ReaderError
        When a method needs gradients of a black box; the message names those that need none.
    """
    if isinstance(reader, OpenReader):
        return reader.network()
    needing = [method.name for method in methods if method.need != "queries"]
    if needing:
        working = ", ".join(method.name for method in known if method.need == "queries")
        raise ReaderError(
            f"{needing[0]} needs the gradients of a network, and reader {getattr(reader, 'name', reader)!r} is a black "
            f"box: choose from {working}"
        )
    return None


def unknown_target(target: str, known: Iterable[Output]) -> UnknownNameError:
    """Return the error for a target without an axis: it names those of that value, or else every one."""
    names = [f"{head}={value}" for head, value in known]
    fitting = [name for name in names if name.endswith(f"={target}")]
    if not fitting:
        return unknown_name("target", target, names)
    return UnknownNameError(f"unknown target {target!r}: a target is AXIS=VALUE, here {' or '.join(fitting)}")


def output_named(network: Network, target: str) -> Output:
    """Return the output that a target names, such as ``conduction=lbbb``.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When the network has none of that name; the message names the nearest.
    """
    head, sign, value = target.partition("=")
    if not sign:
        raise unknown_target(target, network.outputs)
    network.place(head, value)
    return head, value
