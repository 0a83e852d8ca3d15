"""Comparison of readers on the cases that they share: paired differences, and the records that flipped.

Intervals resample the patients; p values swap the two readers' answers, all those of a patient at once (approximate
randomization: Noreen 1989, Computer-Intensive Methods for Testing Hypotheses), since a bootstrap of few discordant
records finds differences too easily. Holm's correction over the pairs for the mean kappa, which ranks; over the pairs
and axes together for the kappas, and again for the accuracies.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.dataset.record import by_id
from bench.score.agreement import LEVEL, holm
from bench.score.bootstrap import interval, patient_numbers, ratio, resampled_sums
from bench.score.kappa import kappa_columns, kappa_of_sums
from bench.score.reader_agreement import AxisAgreement, agreement
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.axis import AXES, DERIVED, INDEPENDENT, Axis
from taxonomy.error import FileError

DRAWS = 10_000
"""Resamples of the patients, and swaps: p can fall low enough for Holm's correction over eighty tests."""

Columns = dict[str, NDArray[np.float64]]
Sums = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Gap:
    """A figure of two readers on the same cases.

    Attributes
    ----------
    first, second : float
    difference : float
        First minus second.
    interval : (float, float) or None
        95%, over resamples of the patients.
    p, p_holm : float
        Two-sided, before and after the correction.
    """

    first: float
    second: float
    difference: float
    interval: tuple[float, float] | None
    p: float
    p_holm: float = 1.0

    @property
    def is_shown(self) -> bool:
        """Whether the readers are shown to differ."""
        return self.p_holm < LEVEL


@dataclass(frozen=True)
class AxisGap:
    """Two readers on one axis.

    Attributes
    ----------
    axis : str
    n : int
        Shared cases with a label.
    by_construction : bool
        Whether one of them answers from the very measurement that made a truth: the axis enters no correction, and
        is never shown to differ.
    kappa : Gap or None
        None where kappa is not defined.
    accuracy : Gap
    first_only, second_only : tuple of RecordId
        Records that flipped: right in one, wrong in the other.
    """

    axis: str
    n: int
    by_construction: bool
    kappa: Gap | None
    accuracy: Gap
    first_only: tuple[RecordId, ...]
    second_only: tuple[RecordId, ...]


@dataclass(frozen=True)
class PairComparison:
    """Two readers.

    Attributes
    ----------
    first, second : str
        Their names.
    n : int
        Shared cases.
    left_out : int
        Cases that both were asked, but whose call failed in one of them.
    mean_axes : tuple of str
        The axes of the mean: the independent waveform-only ones that both were asked.
    mean_kappa : Gap or None
    axes : tuple of AxisGap
    caveats : tuple of str
        What is wrong with either as a whole run, in sentences.
    agreement : tuple of AxisAgreement
        How far the two agree with each other, whatever is true; computed for two people, and where it is asked for.
    """

    first: str
    second: str
    n: int
    left_out: int
    mean_axes: tuple[str, ...]
    mean_kappa: Gap | None
    axes: tuple[AxisGap, ...]
    caveats: tuple[str, ...] = ()
    agreement: tuple[AxisAgreement, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Answers:
    """The cases of one reader under its name.

    With the axes that it answers from this project's own measurement, caveats, and whether it is a person.
    """

    name: str
    cases: Mapping[RecordId, ScoredCase]
    measured: frozenset[str] = frozenset()
    caveats: tuple[str, ...] = ()
    is_person: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        cases: Sequence[ScoredCase],
        measured: frozenset[str] = frozenset(),
        caveats: tuple[str, ...] = (),
        is_person: bool = False,
    ) -> "Answers":
        """Return the answers of a reader."""
        return cls(name, {case.ecg_id: case for case in cases}, measured, caveats, is_person)


def compared(
    readers: Sequence[Answers], draws: int = DRAWS, seed: int = 0, agree: bool = False
) -> tuple[PairComparison, ...]:
    """Compare every pair of readers.

    Parameters
    ----------
    readers : sequence of Answers
        Of the same dataset.
    draws, seed : int
        Of the resamples and the swaps.
    agree : bool
        Whether to tell how far the two of every pair agree; of two people it is always told.

    Raises
    ------
    FileError
        When there is only one, or two of them share no case.
    """
    if len(readers) < 2:
        raise FileError("a comparison needs two readers or more")
    return corrected([compare_pair(*pair, draws, seed, agree) for pair in combinations(readers, 2)])


def compare_pair(
    first: Answers, second: Answers, draws: int = DRAWS, seed: int = 0, agree: bool = False
) -> PairComparison:
    """Compare two readers, p uncorrected; raises :class:`FileError` when they share no case."""
    both = sorted(first.cases.keys() & second.cases.keys(), key=by_id)
    shared = [(first.cases[one], second.cases[one]) for one in both]
    kept = [pair for pair in shared if all(case.reading.outcome != "failed" for case in pair)]
    if not kept:
        raise FileError(f"{first.name} and {second.name} share no case that both answered")
    asked = [axis for axis in (*AXES, *DERIVED) if all(axis.name in case.asked for case in kept[0])]
    measured = first.measured | second.measured
    on_axes = {axis: found for axis in asked if (found := _on_axis(axis, kept, measured)) is not None}
    pair = _Pair(kept, on_axes, draws, seed)
    independent = [axis for axis in INDEPENDENT if axis in on_axes and pair.kappa_is_defined(axis)]
    return PairComparison(
        first=first.name,
        second=second.name,
        n=len(kept),
        left_out=len(shared) - len(kept),
        caveats=(*first.caveats, *second.caveats),
        mean_axes=tuple(axis.name for axis in independent),
        mean_kappa=pair.gap(lambda sums: _mean_kappa(sums, independent)) if independent else None,
        axes=tuple(pair.axis_gap(axis) for axis in on_axes),
        agreement=agreement(kept, draws, seed) if agree or (first.is_person and second.is_person) else (),
    )


def corrected(pairs: Sequence[PairComparison]) -> tuple[PairComparison, ...]:
    """Return the pairs with Holm's correction over all of them."""
    means = _corrected([pair.mean_kappa for pair in pairs])
    tested = [axis for pair in pairs for axis in pair.axes if not axis.by_construction]
    kappas = _corrected([axis.kappa for axis in tested])
    accuracies = _corrected([axis.accuracy for axis in tested])
    return tuple(
        replace(pair, mean_kappa=next(means), axes=tuple(_with(axis, kappas, accuracies) for axis in pair.axes))
        for pair in pairs
    )


def _with(axis: AxisGap, kappas: Iterator[Gap | None], accuracies: Iterator[Gap | None]) -> AxisGap:
    if axis.by_construction:
        return axis
    accuracy = next(accuracies)
    return replace(axis, kappa=next(kappas), accuracy=accuracy or axis.accuracy)


def _corrected(gaps: Sequence[Gap | None]) -> Iterator[Gap | None]:
    found = iter(holm([gap.p for gap in gaps if gap is not None]))
    return iter([None if gap is None else replace(gap, p_holm=rounded(next(found))) for gap in gaps])


@dataclass(frozen=True, eq=False)
class _OnAxis:
    """The shared cases with a label on an axis: their places, who was right, and the columns of kappa of each side."""

    place: NDArray[np.int64]
    right: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    kappa: tuple[Columns, Columns]
    by_construction: bool


def _on_axis(axis: Axis, pairs: Sequence[tuple[ScoredCase, ScoredCase]], measured: frozenset[str]) -> _OnAxis | None:
    place = np.array([k for k, (case, _) in enumerate(pairs) if case.truth.values.get(axis.name) is not None], int)
    if not len(place):
        return None
    truths = [pairs[k][0].truth for k in place]
    sides = [[pairs[k][side].answer(axis.name) for k in place] for side in (0, 1)]
    right = [
        np.array([truth.accepts(axis.name, answer) for truth, answer in zip(truths, answers, strict=True)], bool)
        for answers in sides
    ]
    # Both readers' answers in one table have the same columns; a finding's positives are still counted once.
    questions = {name.split(" ")[0] for name in kappa_columns(axis, sides[0], truths)}
    joint = kappa_columns(axis, sides[0] + sides[1], truths + truths)
    joint = {name: column for name, column in joint.items() if name.split(" ")[0] in questions}
    halves = [{name: column[part] for name, column in joint.items()} for part in _halves(len(place))]
    circular = any(truth.holds_by_construction(axis.name, measured) for truth in truths)
    return _OnAxis(place, (right[0], right[1]), (halves[0], halves[1]), circular)


def _halves(n: int) -> tuple[slice, slice]:
    return slice(0, n), slice(n, 2 * n)


class _Pair:
    """Two readers' columns over their shared cases, with their sums as observed, resampled and swapped."""

    def __init__(
        self, cases: Sequence[tuple[ScoredCase, ScoredCase]], on_axes: Mapping[Axis, _OnAxis], draws: int, seed: int
    ) -> None:
        self._ids = [case.ecg_id for case, _ in cases]
        self._on_axes = on_axes
        columns = [_columns(on_axes, side, len(cases)) for side in (0, 1)]
        patients = patient_numbers([case.patient_id for case, _ in cases])
        self.observed = [{name: np.array([c.sum()]) for name, c in side.items()} for side in columns]
        named = {f"{k} {name}": c for k, side in enumerate(columns) for name, c in side.items()}
        sums = resampled_sums(named, patients, draws, seed)
        self.resampled = [{name: sums[f"{k} {name}"] for name in columns[k]} for k in (0, 1)]
        self.swapped = swapped_sums(columns, patients, draws, seed)

    def kappa_is_defined(self, axis: Axis) -> bool:
        if not self._on_axes[axis].kappa[0]:
            return False
        return all(np.isfinite(_raw_kappa(sums, axis)[0]) for sums in self.observed)

    def gap(self, figure: Callable[[Sums], NDArray[np.float64]]) -> Gap:
        """Return the gap of a figure that follows from a side's sums."""
        first, second = (float(figure(sums)[0]) for sums in self.observed)
        drawn = figure(self.resampled[0]) - figure(self.resampled[1])
        swapped = figure(self.swapped[0]) - figure(self.swapped[1])
        # The last bits of a sum depend on its order: a swap that changes nothing is as extreme as what was observed.
        as_extreme = np.abs(swapped) >= abs(first - second) - 1e-9
        p = (1 + int(np.sum(as_extreme))) / (1 + len(swapped))
        return Gap(rounded(first), rounded(second), rounded(first - second), interval(drawn), rounded(p))

    def axis_gap(self, axis: Axis) -> AxisGap:
        found = self._on_axes[axis]
        first, second = found.right
        return AxisGap(
            axis=axis.name,
            n=len(found.place),
            by_construction=found.by_construction,
            kappa=self.gap(lambda sums: _kappa(sums, axis)) if self.kappa_is_defined(axis) else None,
            accuracy=self.gap(lambda sums: ratio(sums[f"{axis.name} right"], sums[f"{axis.name} n"])),
            first_only=tuple(self._ids[k] for k in found.place[first & ~second]),
            second_only=tuple(self._ids[k] for k in found.place[second & ~first]),
        )


def _columns(on_axes: Mapping[Axis, _OnAxis], side: int, n: int) -> Columns:
    """Return one reader's columns over all shared cases, 0 where the axis has no label."""
    columns: Columns = {}
    for axis, found in on_axes.items():
        own = {"n": np.ones(len(found.place)), "right": found.right[side].astype(np.float64)}
        own |= {f"kappa {name}": column for name, column in found.kappa[side].items()}
        for name, column in own.items():
            whole = np.zeros(n)
            whole[found.place] = column
            columns[f"{axis.name} {name}"] = whole
    return columns


def swapped_sums(columns: Sequence[Columns], patients: NDArray[np.int64], draws: int, seed: int) -> list[Columns]:
    """Return both sides' sums when each patient's answers are exchanged between the readers by lot.

    Parameters
    ----------
    columns : sequence of mapping of str to float64 array (n,)
        Two sides, of the same names.
    patients : int64 array (n,)
        From 0 to n_patients - 1.
    draws, seed : int

    Returns
    -------
    list of mapping of str to float64 array (draws,)
    """
    names, count = list(columns[0]), int(patients.max(initial=0)) + 1
    totals = [np.zeros((count, len(names))) for _ in columns]
    for side, total in zip(columns, totals, strict=True):
        np.add.at(total, patients, np.stack([side[name] for name in names], axis=1))
    heads = np.random.default_rng((seed, 1)).integers(0, 2, (draws, count)).astype(np.float64)
    moved = heads @ (totals[1] - totals[0])
    sums = (totals[0].sum(axis=0) + moved, totals[1].sum(axis=0) - moved)
    return [dict(zip(names, found.T, strict=True)) for found in sums]


def _kappa(sums: Sums, axis: Axis) -> NDArray[np.float64]:
    """Return kappa, 0 in a resample in which agreement by chance is certain."""
    return np.nan_to_num(_raw_kappa(sums, axis))


def _raw_kappa(sums: Sums, axis: Axis) -> NDArray[np.float64]:
    start = f"{axis.name} kappa "
    found = kappa_of_sums({name.removeprefix(start): s for name, s in sums.items() if name.startswith(start)})
    assert found is not None
    return found


def _mean_kappa(sums: Sums, axes: Sequence[Axis]) -> NDArray[np.float64]:
    return np.asarray(np.mean([_kappa(sums, axis) for axis in axes], axis=0), dtype=np.float64)
