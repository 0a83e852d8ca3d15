"""Do methods, figures and verdicts come out right where the explanation is known? Every method on every double."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.explain.belief.double import DOUBLES, SEEN, Double
from bench.explain.belief.estimate import Estimate, estimate
from bench.explain.belief.judging import judged, row
from bench.explain.belief.planted import PLANTED_FS, Tracing, above_null, tracing_of
from bench.explain.belief.sample import Positive
from bench.explain.belief.verdict import Verdict, Word
from bench.explain.maps.cell import cells_of
from bench.explain.maps.method import Answer, Map, Method
from bench.explain.maps.metric import energy, pixel_area
from phantoms.population import of_statements
from readers.network import Network

PHANTOMS, SECONDS = 12, 5.0
"""Phantoms in sinus rhythm on which doubles are asked, and how long each is."""


@dataclass(frozen=True)
class Outcome:
    """A method on a double.

    Attributes
    ----------
    double, method : str
    area : Estimate or None
        The pixels' ROC area against the mask of what the double sees; None where it sees nothing.
    verdict : Verdict
    due : tuple of str
        The words that would be right.
    with_random_weights : bool
        Whether the double looks elsewhere, by lot: its map must not pass for one of what it is held to see.
    """

    double: str
    method: str
    area: Estimate | None
    verdict: Verdict
    due: tuple[Word, ...]
    with_random_weights: bool

    @property
    def is_right(self) -> bool:
        """Whether the verdict is one that is due."""
        return self.verdict.word in self.due


FAITHFUL: tuple[Word, ...] = ("faithful here",)
NO_BETTER: tuple[Word, ...] = ("no better than amplitude",)
CANNOT: tuple[Word, ...] = ("cannot tell",)
NOT_FAITHFUL: tuple[Word, ...] = ("fails the sanity check", *NO_BETTER, *CANNOT)

DUE: Mapping[str, Mapping[str, tuple[Word, ...]]] = {
    # Whole leads and whole segments are too coarse for one cell. Layer-CAM drops where a gradient falls below 0, as
    # that of a square does in V1's negative deflections.
    "V1's QRS only": {
        "": FAITHFUL, "layer_cam": NOT_FAITHFUL, "occlusion_lead": NOT_FAITHFUL, "occlusion_group": NOT_FAITHFUL,
        "occlusion_segment": NOT_FAITHFUL,
    },
    # No lead stands out; and a straight line over a raised ST segment leaves it raised. Layer-CAM sees
    # half of it, where its gradient is above 0.
    "ST only": {
        "": FAITHFUL, "layer_cam": (*FAITHFUL, *CANNOT), "occlusion_lead": NOT_FAITHFUL,
        "occlusion_group": NOT_FAITHFUL,
        "occlusion_cell_bridged": NOT_FAITHFUL,
    },
    # Where nothing is, nothing can be hidden, and what is multiplied by it is nothing: the gradient alone tells of it,
    # and hiding cannot confirm that.
    "P absent": {"": NO_BETTER, "saliency": CANNOT},
    # A mean weight over time says little where a network looks at steep waves of either direction.
    "RR only": {
        "": FAITHFUL, "grad_cam": NOT_FAITHFUL, "guided_grad_cam": NOT_FAITHFUL,
        "layer_cam": (*FAITHFUL, *CANNOT), "joint_masks": (*FAITHFUL, *CANNOT), "occlusion_lead": NOT_FAITHFUL,
        "occlusion_group": NOT_FAITHFUL, "occlusion_segment": NOT_FAITHFUL,
    },
    "energy only": {"": NO_BETTER, "occlusion_segment": NOT_FAITHFUL},
    "constant": {"": CANNOT},
}  # fmt: skip
"""The words that are due, by double and method; those of "" for methods that are not named."""


def phantoms(count: int = PHANTOMS) -> tuple[Tracing, ...]:
    """Return short phantoms of sinus rhythm, the same every time, whose beats have P, QRS and ST."""
    found: list[Tracing] = []
    for seed in itertools.count(1):
        if len(found) == count:
            break
        one = of_statements(frozenset({"NORM", "SR"}), seed).simulated(SECONDS)
        tracing = tracing_of(seed, one.mv, one.fs)
        if tracing is not None:
            found.append(tracing)
    return tuple(found)


def selftest(
    methods: Sequence[Method], doubles: Sequence[Double] = DOUBLES, tracings: Sequence[Tracing] = ()
) -> Iterator[Outcome]:
    """Yield every method on every double, and on the double with random weights, as they come.

    Parameters
    ----------
    methods, doubles : sequence
    tracings : sequence of Tracing
        By default :func:`phantoms`.
    """
    given = tracings or phantoms()
    for double in doubles:
        yield from _outcomes(double, double.network(), methods, given)
        if double.leads:
            for one in _outcomes(double, double.elsewhere(0), methods, given):
                yield replace(one, with_random_weights=True, due=NOT_FAITHFUL)


def outcome_count(methods: Sequence[Method], doubles: Sequence[Double] = DOUBLES) -> int:
    """Return how many outcomes :func:`selftest` yields."""
    return len(methods) * sum(2 if double.leads else 1 for double in doubles)


def _outcomes(
    double: Double, network: Network, methods: Sequence[Method], tracings: Sequence[Tracing]
) -> Iterator[Outcome]:
    asked = [_asked(double, network, number, tracing) for number, tracing in enumerate(tracings)]
    figures = list(judged(asked, methods))
    patients = [one.patient_id for one in asked]
    for method in methods:
        areas = [_area(double, one, method.explain(one.answer)) for one in asked]
        nulls = [_area(double, one, energy(one.answer.shown)) for one in asked]
        truth = {double.name: estimate(above_null(areas, nulls), patients)}
        found = row(double.name, [one for one in figures if one.method == method.name], truth)
        due = DUE[double.name].get(method.name, DUE[double.name][""])
        yield Outcome(double.name, method.name, estimate(areas, patients), found.verdict, due, False)


def _asked(double: Double, network: Network, number: int, tracing: Tracing) -> Positive:
    cells = cells_of(tracing.beats, PLANTED_FS, tracing.leads.shape[1])
    answer = Answer(network, double.shown(tracing, cells), 0, cells)
    return Positive(number, tracing.patient, (SEEN, SEEN), answer, None)


def _area(double: Double, one: Positive, map_: Map) -> float | None:
    return pixel_area(map_, double.truth(one.answer.shown, one.answer.cells))
