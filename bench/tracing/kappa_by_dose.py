"""Kappa of the same records at several doses, each against dose 0: paired drops, resampled and swapped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.evidence.figure import Figure, share_figure
from bench.score.bootstrap import interval, patient_numbers, resampled_sums
from bench.score.comparison import swapped_sums
from bench.score.kappa import kappa_columns, kappa_interval, kappa_of_sums
from bench.score.rounding import rounded
from bench.score.scored_case import ScoredCase
from taxonomy.axis import AXES, DERIVED, INDEPENDENT, Axis

DRAWS, SWAPS, SEED = 2000, 10_000, 0
"""Resamples of the patients, and swaps: p can fall low enough for Holm's correction over all doses."""

KEPT = 0.75
"""Share of its kappa that a reader keeps which holds."""

Columns = dict[str, NDArray[np.float64]]
Sums = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class AxisDrop:
    """One axis at one dose.

    Attributes
    ----------
    axis : str
    by_construction : bool
        Whether the reader answers from the very measurement that made the truth.
    kappa, drop : Figure
        Kappa at the dose, and by how much it is below that of the same records at dose 0.
    """

    axis: str
    by_construction: bool
    kappa: Figure
    drop: Figure


@dataclass(frozen=True)
class KappaDrop:
    """A reader at one dose.

    Attributes
    ----------
    n : int
        Records.
    kappa, drop : Figure
        The mean over the independent waveform-only axes, and by how much it is below dose 0.
    keeps : bool
        Whether it keeps :data:`KEPT` of its kappa with 97.5% confidence.
    right, wrong : float
        Shares of a record's questions on those axes, over the records.
    silent : Figure
        Share of them without an answer.
    axes : tuple of AxisDrop
        Every axis with a kappa.
    """

    n: int
    kappa: Figure
    drop: Figure
    keeps: bool
    right: float
    wrong: float
    silent: Figure
    axes: tuple[AxisDrop, ...]


@dataclass(frozen=True, eq=False)
class _OnAxis:
    """One axis at every dose: the columns of kappa, which answers are right and which are missing.

    Each is an array (doses, records): float64 and 0 where a record has no label or a call failed, or bool.
    """

    columns: Columns
    labelled: NDArray[np.bool_]
    right: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    by_construction: bool


@dataclass(frozen=True, eq=False)
class _Side:
    """The sums of the columns at one dose: as observed, over resamples, and when answers are swapped with dose 0."""

    columns: Columns
    observed: Sums
    resampled: Sums
    swapped: Sums


class KappaTable:
    """The answers of a reader to the same records at several doses.

    Parameters
    ----------
    doses : sequence of sequence of ScoredCase
        The same records in the same order at every dose, dose 0 first; no call of dose 0 failed.
    measured : frozenset of str
        Axes on which the reader answers from the measurement that may make the truth.
    """

    def __init__(self, doses: Sequence[Sequence[ScoredCase]], measured: frozenset[str] = frozenset()) -> None:
        self._asked = np.array([[case.reading.outcome != "failed" for case in cases] for cases in doses])
        self._patients = [case.patient_id for case in doses[0]]
        found = {axis: _on_axis(axis, doses, measured) for axis in (*AXES, *DERIVED)}
        defined = {axis: one for axis, one in found.items() if one is not None and _is_defined(one)}
        self._on_axes: Mapping[Axis, _OnAxis] = defined

    @property
    def mean_axes(self) -> tuple[Axis, ...]:
        """The axes of the mean: the independent waveform-only ones whose kappa is defined at dose 0."""
        return tuple(axis for axis in INDEPENDENT if axis in self._on_axes and not self._on_axes[axis].by_construction)

    @property
    def patients(self) -> int:
        """Number of patients."""
        return len(set(self._patients))

    def at(self, dose: int) -> KappaDrop:
        """Return the figures at a dose, by its place, against dose 0 on the records whose call failed at neither."""
        kept = self._asked[0] & self._asked[dose]
        before, now = self._sides(dose, kept)
        axes = tuple(self._axis(axis, before, now, int(kept.sum())) for axis in self._on_axes)
        mean = self._drop(self.mean_axes, before, now, int(kept.sum()))
        left = interval(_kappa(now.resampled, self.mean_axes) - KEPT * _kappa(before.resampled, self.mean_axes))
        right, silent = self._questions(dose, kept)
        return KappaDrop(
            n=int(kept.sum()),
            kappa=self._mean_kappa(axes, now, int(kept.sum())),
            drop=replace(mean, p=_p(before, now, self.mean_axes)),
            keeps=left is not None and left[0] > 0,
            right=right,
            wrong=rounded(1 - right - silent.value) if kept.any() else 0.0,
            silent=silent,
            axes=axes,
        )

    def _sides(self, dose: int, kept: NDArray[np.bool_]) -> tuple[_Side, _Side]:
        sides = [
            {
                f"{axis.name} {name}": column[at] * kept
                for axis, one in self._on_axes.items()
                for name, column in one.columns.items()
            }
            for at in (0, dose)
        ]
        patients = patient_numbers(self._patients)
        both = {f"{k} {name}": column for k, side in enumerate(sides) for name, column in side.items()}
        sums = resampled_sums(both, patients, DRAWS, SEED)
        of_mean = tuple(f"{axis.name} " for axis in self.mean_axes)
        few = [{name: column for name, column in side.items() if name.startswith(of_mean)} for side in sides]
        swapped = swapped_sums(few, patients, SWAPS, SEED)
        before, now = (
            _Side(
                columns=side,
                observed={name: np.array([column.sum()]) for name, column in side.items()},
                resampled={name: sums[f"{k} {name}"] for name in side},
                swapped=swapped[k],
            )
            for k, side in enumerate(sides)
        )
        return before, now

    def _drop(self, axes: Sequence[Axis], before: _Side, now: _Side, n: int) -> Figure:
        observed = float((_kappa(before.observed, axes) - _kappa(now.observed, axes))[0])
        return Figure(n, rounded(observed), interval(_kappa(before.resampled, axes) - _kappa(now.resampled, axes)))

    def _axis(self, axis: Axis, before: _Side, now: _Side, n: int) -> AxisDrop:
        columns, value = _of(now.columns, axis), float(_kappa(now.observed, (axis,))[0])
        bounds = kappa_interval(columns, _kappa(now.resampled, (axis,)))
        kappa = Figure(int(self._on_axes[axis].labelled.sum()), rounded(value), bounds)
        return AxisDrop(axis.name, self._on_axes[axis].by_construction, kappa, self._drop((axis,), before, now, n))

    def _mean_kappa(self, axes: Sequence[AxisDrop], now: _Side, n: int) -> Figure:
        bounds = interval(_kappa(now.resampled, self.mean_axes))
        names = {axis.name for axis in self.mean_axes}
        ends = [one.kappa.interval for one in axes if one.axis in names and one.kappa.interval]
        if bounds and bounds[0] == bounds[1] and len(ends) == len(names):
            # What no resample varies is not known for certain either.
            low, high = (rounded(float(np.mean(end))) for end in zip(*ends, strict=True))
            bounds = low, high
        return Figure(n, rounded(float(_kappa(now.observed, self.mean_axes)[0])), bounds)

    def _questions(self, dose: int, kept: NDArray[np.bool_]) -> tuple[float, Figure]:
        """Return the share of a record's questions on the axes of the mean that are right, and of those unanswered."""
        if not kept.any():
            return 0.0, Figure(0, 0.0, None)
        on_axes = [self._on_axes[axis] for axis in self.mean_axes]
        counted = np.stack([one.labelled & kept for one in on_axes])
        some = counted.any(axis=0)
        right, silent = (
            (np.stack([getattr(one, what)[dose] for one in on_axes]) & counted).sum(axis=0)[some]
            / counted.sum(axis=0)[some]
            for what in ("right", "silent")
        )
        figure = share_figure([self._patients[k] for k in np.flatnonzero(some)], silent)
        assert figure is not None
        return rounded(right.mean()), figure


def _on_axis(axis: Axis, doses: Sequence[Sequence[ScoredCase]], measured: frozenset[str]) -> _OnAxis | None:
    """Return an axis at every dose, None where no record has a label, or no question can be asked of so few."""
    first = doses[0]
    place = np.array([k for k, case in enumerate(first) if case.true(axis.name) is not None], dtype=np.int64)
    truths = [first[k].truth for k in place]
    answers = [[cases[k].answer(axis.name) for k in place] for cases in doses]
    questions = {name.split(" ")[0] for name in kappa_columns(axis, answers[0], truths)}
    if not questions:
        return None
    # In one table the answers at all doses have the same columns; a finding's positives are counted once.
    joint = kappa_columns(axis, [one for said in answers for one in said], truths * len(doses))
    shape = (len(doses), len(first))
    columns = {}
    for name, column in joint.items():
        if name.split(" ")[0] in questions:
            columns[name] = np.zeros(shape)
            columns[name][:, place] = column.reshape(len(doses), len(place))
    right, silent = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for k, said in enumerate(answers):
        right[k, place] = [truth.accepts(axis.name, one) for truth, one in zip(truths, said, strict=True)]
        silent[k, place] = [one is None for one in said]
    labelled = np.zeros(len(first), dtype=bool)
    labelled[place] = True
    circular = any(truth.holds_by_construction(axis.name, measured) for truth in truths)
    return _OnAxis(columns, labelled, right, silent, circular)


def _is_defined(one: _OnAxis) -> bool:
    found = kappa_of_sums({name: column[:1].sum(axis=1) for name, column in one.columns.items()})
    return found is not None and bool(np.isfinite(found[0]))


def _of(sums: Sums, axis: Axis) -> Columns:
    start = f"{axis.name} "
    return {name.removeprefix(start): column for name, column in sums.items() if name.startswith(start)}


def _kappa(sums: Sums, axes: Sequence[Axis]) -> NDArray[np.float64]:
    """Return the mean kappa over axes, one for each resample; a kappa is 0 where agreement by chance is certain."""
    found = [kappa_of_sums(_of(sums, axis)) for axis in axes]
    return np.asarray(np.mean([np.nan_to_num(one) for one in found if one is not None], axis=0), dtype=np.float64)


def _p(before: _Side, now: _Side, axes: Sequence[Axis]) -> float:
    """Return the two-sided p of a drop, by swapping all answers of a patient between the two doses."""
    observed, swapped = (
        np.abs(_kappa(getattr(before, sums), axes) - _kappa(getattr(now, sums), axes))
        for sums in ("observed", "swapped")
    )
    # The last bits of a sum depend on its order: a swap that changes nothing is as extreme as what was observed.
    return rounded((1 + int(np.sum(swapped >= observed[0] - 1e-9))) / (1 + SWAPS))
