"""The answers of one arm intra-source and leave-one-out on the same cases, and what each figure loses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.domains.cell import area_estimates
from bench.domains.domain import HELD_OUT, INTRA
from bench.domains.domain_class import DomainClass
from bench.domains.linear import NO_PATIENTS, Estimate, could_show, less, mean
from bench.domains.result import Change, Figure
from bench.domains.sheet import Sheet, Sums
from bench.score.agreement import LEVEL, holm
from bench.score.area import Z
from bench.score.bootstrap import expanded, interval
from bench.score.comparison import Answers, Gap, PairComparison, compare_pair, swapped_sums
from bench.score.rounding import rounded

CLASS, AXIS, SCORE = "class", "axis", "score"


@dataclass(frozen=True, eq=False)
class ClassDrop:
    """A class's area intra-source and leave-one-out over the same records, and the paired difference."""

    home: Estimate
    away: Estimate
    drop: Estimate


def class_drops(home: Sheet, away: Sheet, outcome: NDArray[np.int8]) -> dict[DomainClass, ClassDrop | str]:
    """Return the paired drop of every class's area by these outcomes, or why it is withheld.

    Both areas are over the same pairs of records: those that one network answered at home, and one away.
    """
    found: dict[DomainClass, ClassDrop | str] = {}
    both = np.unique(np.stack([home.networks, away.networks]), axis=1, return_inverse=True)[1].astype(np.int64)
    pairs = zip(area_estimates(home, outcome, both), area_estimates(away, outcome, both), strict=True)
    for k, ((known, one), (_, other)) in enumerate(pairs):
        if isinstance(one, str):
            found[known] = one
        elif isinstance(other, str):
            found[known] = other
        else:
            counted = outcome[:, k] >= 0
            are_same = np.array_equal(home.chance[counted, k], away.chance[counted, k], equal_nan=True)
            found[known] = ClassDrop(one, other, less(one, other, are_same))
    return found


@dataclass(frozen=True, eq=False)
class Paired:
    """The sheets of the same cases, intra-source and leave-one-out."""

    home: Sheet
    away: Sheet
    draws: int
    seed: int

    @cached_property
    def class_drops(self) -> dict[DomainClass, ClassDrop | str]:
        """The drop of every class's area, or why it is withheld."""
        return class_drops(self.home, self.away, self.home.outcome)

    def classes(self) -> tuple[Change, ...]:
        """Return the change of every class."""
        found = []
        for k, (known, one) in enumerate(self.class_drops.items()):
            n, positives = int((self.home.outcome[:, k] >= 0).sum()), int((self.home.outcome[:, k] == 1).sum())
            if isinstance(one, str):
                found.append(Change(known.name, CLASS, n, positives, None, None, Figure(None, withheld=one)))
            else:
                sides = rounded(one.home.value), rounded(one.away.value)
                figure = one.drop.figure
                found.append(Change(known.name, CLASS, n, positives, sides[0], sides[1], figure, p=one.drop.p))
        errors = [None if isinstance(one, str) else one.drop.error for one in self.class_drops.values()]
        return told(found, errors)

    def axes(self) -> tuple[Change, ...]:
        """Return the change of every axis's kappa; p by swapping whole patients between the two."""
        found = self._comparison
        changes = [
            Change(axis.axis, AXIS, axis.n, 0, None, None, Figure(None, withheld="kappa is not defined"))
            if axis.kappa is None
            else self._of_gap(axis.axis, AXIS, axis.n, axis.kappa)
            for axis in (found.axes if found else ())
        ]
        return told(changes, [_error(one.drop) for one in changes])

    def scores(self) -> tuple[Change, ...]:
        """Return the changes of the scores: mean AUROC, mean kappa, macro-F1, the Challenge's, calibration error."""
        n, mean_kappa = len(self.home.cases), self._comparison.mean_kappa if self._comparison else None
        changes = [
            self._mean_area(),
            Change("mean kappa", SCORE, n, 0, None, None, Figure(None, withheld="kappa is not defined"))
            if mean_kappa is None
            else self._of_gap("mean kappa", SCORE, n, mean_kappa),
            self._of_sums("macro-F1", Sheet.macro_f1),
            self._of_sums("Challenge score", Sheet.challenge),
            self._of_sums("calibration error", Sheet.calibration, sign=-1),
        ]
        return told(changes, [_error(one.drop) for one in changes])

    @cached_property
    def _comparison(self) -> PairComparison | None:
        """The kappas compared; None where no labelled axis is answered in both."""
        if self.home.telling.keys().isdisjoint(self.away.telling):
            return None
        home, away = Answers.of(INTRA, self.home.compared), Answers.of(HELD_OUT, self.away.compared)
        return compare_pair(home, away, self.draws, self.seed)

    def _of_gap(self, name: str, kind: str, n: int, gap: Gap) -> Change:
        is_alone = self.home.people < 2
        figure = Figure(gap.difference, None if is_alone else gap.interval, NO_PATIENTS if is_alone else "")
        return Change(name, kind, n, 0, gap.first, gap.second, figure, p=None if is_alone else gap.p)

    def _mean_area(self) -> Change:
        n = len(self.home.cases)
        found = [one for known, one in self.class_drops.items() if not known.is_joined and isinstance(one, ClassDrop)]
        if not found:
            return Change("mean AUROC", SCORE, n, 0, None, None, Figure(None, withheld="no class has an AUROC"))
        home, away = mean([one.home for one in found]), mean([one.away for one in found])
        drop = mean([one.drop for one in found])
        return Change("mean AUROC", SCORE, n, 0, rounded(home.value), rounded(away.value), drop.figure, p=drop.p)

    @cached_property
    def _drawn(self) -> tuple[Sums, Sums]:
        # The same seed and patients: a resample holds the same patients on both sides.
        return self.home.resampled(self.draws, self.seed), self.away.resampled(self.draws, self.seed)

    @cached_property
    def _swapped(self) -> list[dict[str, NDArray[np.float64]]]:
        sides = [self.home.columns, self.away.columns]
        both = [name for name in sides[0] if name in sides[1] and not name.startswith("kappa ")]
        columns = [{name: side[name] for name in both} for side in sides]
        return swapped_sums(columns, self.home.patients, self.draws, self.seed)

    def _of_sums(self, name: str, figure: Callable[[Sheet, Sums], NDArray[np.float64]], sign: int = 1) -> Change:
        """Return the change of a figure that follows from sums; p by swapping whole patients between the two."""
        n, sides = len(self.home.cases), (self.home, self.away)
        first, second = (float(figure(side, side.sums)[0]) for side in sides)
        if not (np.isfinite(first) and np.isfinite(second)):
            return Change(name, SCORE, n, 0, None, None, Figure(None, withheld="not defined for these answers"))
        value, held = rounded(sign * (first - second)), (rounded(first), rounded(second))
        if self.home.people < 2:
            return Change(name, SCORE, n, 0, *held, Figure(value, withheld=NO_PATIENTS))
        drawn, swapped = (
            figure(self.home, sums[0]) - figure(self.away, sums[1]) for sums in (self._drawn, self._swapped)
        )
        as_extreme = np.abs(swapped) >= abs(first - second) - 1e-9
        p = rounded((1 + int(as_extreme.sum())) / (1 + len(swapped)))
        return Change(name, SCORE, n, 0, *held, Figure(value, interval(sign * drawn, expanded(self.home.people))), p=p)


def _error(drop: Figure) -> float | None:
    """Return the standard error that an interval stands for, None without one."""
    return None if drop.interval is None else (drop.interval[1] - drop.interval[0]) / (2 * Z)


def told(changes: Sequence[Change], errors: Sequence[float | None]) -> tuple[Change, ...]:
    """Return changes with Holm's correction over all of them, what they could have shown, and their words."""
    tested = [one.p for one in changes if one.p is not None]
    corrected = iter(holm(tested))
    found = []
    for one, error in zip(changes, errors, strict=True):
        p = None if one.p is None else rounded(next(corrected))
        could = None if one.p is None else could_show(error, len(tested))
        whole = replace(one, p_holm=p, could_show=could)
        found.append(replace(whole, says=in_words(whole)))
    return tuple(found)


def in_words(one: Change) -> str:
    """Return what a change shows, never that there is none for want of evidence."""
    if one.drop.value is None:
        return f"withheld: {one.drop.withheld}"
    if one.p_holm is None:
        return f"cannot tell: {one.drop.withheld}"
    if one.p_holm < LEVEL:
        return "drops" if one.drop.value > 0 else "gains"
    count = f"n positives = {one.positives:,}" if one.kind == CLASS else f"n = {one.n:,}"
    if one.could_show is None:
        return f"no drop shown ({count})"
    if one.could_show == 0:
        return f"no drop shown: both are the same ({count})"
    return f"no drop shown ({count}, could have shown {one.could_show:.2f})"
