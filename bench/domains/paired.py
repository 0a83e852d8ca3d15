"""The answers of one arm intra-source and leave-one-out on the same cases, and what each figure loses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from bench.domains.cell import area_estimates
from bench.domains.domain import HELD_OUT, INTRA
from bench.domains.domain_class import DomainClass
from bench.domains.linear import NO_PATIENTS, Estimate, drop, mean
from bench.domains.result import Change, Figure
from bench.domains.sheet import Sheet, Sums
from bench.domains.spread import (
    FEWEST_NETWORKS,
    ONE_NETWORK,
    Networks,
    Spread,
    could_show,
    jackknifed,
    p_of,
    shared_part,
)
from bench.score.agreement import LEVEL, holm
from bench.score.area import Z
from bench.score.bootstrap import expanded, interval
from bench.score.comparison import Answers, Gap, PairComparison, compare_pair, swapped_sums
from bench.score.rounding import rounded

CLASS, AXIS, SCORE = "class", "axis", "score"

WHOLE = 1.0
"""From a perfect figure to one of nothing: who could only have shown more than that could have shown no drop."""

OfSums = Callable[[Sheet, Sums], NDArray[np.float64]]
"""A figure that follows from sums over cases."""


@dataclass(frozen=True, eq=False)
class ClassDrop:
    """A class's area intra-source and leave-one-out over the same records, and the paired difference."""

    home: Estimate
    away: Estimate
    drop: Estimate


def network_pairs(home: Sheet, away: Sheet) -> tuple[NDArray[np.int64], float | None]:
    """Return which network at home and which away answered each record, as one number, and what the pairs share.

    The pairs tell how much networks differ where none is in two of them; elsewhere what they share is None.
    """
    both = np.unique(np.stack([home.networks, away.networks]), axis=1, return_inverse=True)[1].astype(np.int64)
    counts = [len(np.unique(one)) for one in (both, home.networks, away.networks)]
    if len(set(counts)) > 1 or counts[0] < FEWEST_NETWORKS:
        return both, None
    return both, shared_part(home.folds)


def class_drops(home: Sheet, away: Sheet, outcome: NDArray[np.int8]) -> dict[DomainClass, ClassDrop | str]:
    """Return the paired drop of every class's area by these outcomes, or why it is withheld.

    Both areas are over the same pairs of records: those that one network answered at home, and one away.
    """
    found: dict[DomainClass, ClassDrop | str] = {}
    if not home.cases:
        return dict(area_estimates(home, outcome))  # type: ignore[arg-type]  # without a case every one is withheld
    both, shared = network_pairs(home, away)
    pairs = zip(area_estimates(home, outcome, both), area_estimates(away, outcome, both), strict=True)
    for k, ((known, one), (_, other)) in enumerate(pairs):
        if isinstance(one, str):
            found[known] = one
        elif isinstance(other, str):
            found[known] = other
        else:
            counted = outcome[:, k] >= 0
            are_same = np.array_equal(home.chance[counted, k], away.chance[counted, k], equal_nan=True)
            found[known] = ClassDrop(one, other, drop(one, other, shared, are_same))
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
                found.append(self._of_area(known.name, CLASS, (n, positives), one))
        return told(found, [() if isinstance(one, str) else one.drop.spreads for one in self.class_drops.values()])

    def axes(self) -> tuple[Change, ...]:
        """Return the change of every axis's kappa; p by swapping whole patients between the two."""
        found = self._comparison
        changes = [
            Change(axis.axis, AXIS, axis.n, 0, None, None, Figure(None, withheld="kappa is not defined"))
            if axis.kappa is None
            else self._of_gap(axis.axis, AXIS, axis.n, axis.kappa)
            for axis in (found.axes if found else ())
        ]
        spreads = [self._spreads(one, partial(Sheet.kappa, axis=one.name)) for one in changes]
        return told(list(map(self._widened, changes, spreads)), spreads)

    def scores(self) -> tuple[Change, ...]:
        """Return the changes of the scores: mean AUROC, mean kappa, macro-F1, the Challenge's, calibration error."""
        n, mean_kappa = len(self.home.cases), self._comparison.mean_kappa if self._comparison else None
        area, area_spreads = self._mean_area()
        changes = [
            Change("mean kappa", SCORE, n, 0, None, None, Figure(None, withheld="kappa is not defined"))
            if mean_kappa is None
            else self._of_gap("mean kappa", SCORE, n, mean_kappa),
            self._of_sums("macro-F1", Sheet.macro_f1),
            self._of_sums("Challenge score", Sheet.challenge),
            self._of_sums("calibration error", Sheet.calibration, sign=-1),
        ]
        figures: list[OfSums] = [Sheet.mean_kappa, Sheet.macro_f1, Sheet.challenge, Sheet.calibration]
        spreads = list(map(self._spreads, changes, figures))
        return told([area, *map(self._widened, changes, spreads)], [area_spreads, *spreads])

    def _of_area(self, name: str, kind: str, counts: tuple[int, int], found: ClassDrop) -> Change:
        figure = replace(found.drop.figure, withheld=found.drop.untold)
        sides = rounded(found.home.value), rounded(found.away.value)
        return Change(name, kind, *counts, *sides, figure, p=found.drop.p)

    def _spreads(self, change: Change, figure: OfSums) -> tuple[Spread, ...]:
        """Return the spreads of a difference that follows from sums, by its interval over patients and by networks."""
        error = _error(change.drop)
        if error is None:
            return ()
        patients = Spread(error, max(1, self.home.people - 1))
        networks = self._jackknifed(figure)
        return (patients,) if networks is None else (patients, networks.spread(error**2))

    def _jackknifed(self, figure: OfSums) -> Networks | None:
        """Return what each pair of networks adds to the error of a difference that follows from sums.

        None where that cannot be told, as where the figure is not defined without the records of one of them.
        """
        both, shared = network_pairs(self.home, self.away)
        if shared is None:
            return None
        first, second = (
            figure(side, {name: column.sum() - np.bincount(both, column) for name, column in side.columns.items()})
            for side in (self.home, self.away)
        )
        gaps = first - second
        return jackknifed(gaps, shared) if np.isfinite(gaps).all() else None

    def _widened(self, change: Change, spreads: Sequence[Spread]) -> Change:
        """Return a change whose interval and p hold over networks too; without p where that cannot be told."""
        if change.drop.value is None or change.drop.interval is None:
            return change
        if len(spreads) < 2:
            return replace(change, p=None, drop=replace(change.drop, withheld=ONE_NETWORK))
        value, (low, high), networks = change.drop.value, change.drop.interval, spreads[1]
        wide = rounded(min(low, value - networks.half)), rounded(max(high, value + networks.half))
        p = None if change.p is None else max(change.p, p_of(value, [networks]))
        return replace(change, drop=replace(change.drop, interval=wide), p=p)

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

    def _mean_area(self) -> tuple[Change, tuple[Spread, ...]]:
        n = len(self.home.cases)
        found = [one for known, one in self.class_drops.items() if not known.is_joined and isinstance(one, ClassDrop)]
        if not found:
            return Change("mean AUROC", SCORE, n, 0, None, None, Figure(None, withheld="no class has an AUROC")), ()
        whole = ClassDrop(*(mean([getattr(one, side) for one in found]) for side in ("home", "away", "drop")))
        return self._of_area("mean AUROC", SCORE, (n, 0), whole), whole.drop.spreads

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

    def _of_sums(self, name: str, figure: OfSums, sign: int = 1) -> Change:
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


def told(changes: Sequence[Change], spreads: Sequence[Sequence[Spread]]) -> tuple[Change, ...]:
    """Return changes with Holm's correction over all of them, what they could have shown, and their words."""
    tested = [one.p for one in changes if one.p is not None]
    corrected = iter(holm(tested))
    found = []
    for one, own in zip(changes, spreads, strict=True):
        p = None if one.p is None else rounded(next(corrected))
        could = None if one.p is None else could_show(own, len(tested))
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
    if one.could_show >= WHOLE:
        return f"cannot tell: too few to show any drop ({count})"
    return f"no drop shown ({count}, could have shown {one.could_show:.2f})"
