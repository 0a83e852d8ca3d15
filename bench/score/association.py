"""Whether answers go with the truth at all, the prior taken out: a shuffle test.

The statistic S counts the right answers whose value is not the prior's (on ``other_findings`` the findings that were
found), so that a reader that says one thing to every case has S of 0, whatever its accuracy. Its null distribution is
that of the reader's own answers shuffled over the cases (Good 2005, Permutation, Parametric and Bootstrap Tests of
Hypotheses): it assumes nothing of the labels, nor of how often the reader says what.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.score.answer_table import AnswerTable, Codes, answer_table
from bench.score.kappa import kappa
from taxonomy.axis import Axis, AxisValue
from taxonomy.truth import Truth

BLOCK_SIZE = 4_000_000
"""Answers times shuffles held in memory at a time."""

CELL_COST = 6
"""Cases that are shuffled in the time in which one cell of a table is drawn."""

NEVER = 1e-12
"""Chance that any shuffle reaches S below which none is drawn."""


@dataclass(frozen=True)
class Association:
    """How far the answers on an axis go with the truth.

    Attributes
    ----------
    n : int
        Labelled cases.
    s : int
        Right answers whose value is not the prior's; on ``other_findings`` the (case, finding) pairs that were found.
    p : float
        Share of shuffles with S as large, the observed order counted as one of them.
    names_n : int
        Cases whose right values do not hold the prior.
    names_p : float or None
        Whether it names them: the larger p of the same test among those cases, and among those of them alone that got
        an abnormal answer; None where there are fewer than two. Without the second, a reader that always gives one
        name to what it notices would name whatever is noticed best.
    kappa : float or None
        See :func:`kappa`; None without a case, and on ``other_findings`` without a finding of ten positives.
    """

    n: int
    s: int
    p: float
    names_n: int
    names_p: float | None
    kappa: float | None


def association(  # noqa: PLR0913  # the answers, what they are held against, and how they are shuffled
    axis: Axis,
    answers: Sequence[AxisValue | None],
    truths: Sequence[Truth],
    prior: AxisValue,
    patients: Sequence[RecordId],
    strata: Sequence[object],
    seed: int = 0,
    shuffles: int = 10_000,
) -> Association:
    """Test whether the answers go with the truth, and whether they do among the abnormal cases.

    Parameters
    ----------
    axis : Axis
    answers : sequence of value or None
        One for each case; None is no answer, which is never right.
    truths : sequence of Truth
        Labelled on the axis.
    prior : value
        Right answers of this value count for nothing.
    patients : sequence of RecordId
        Answers move in blocks of one patient: patients with as many records exchange theirs.
    strata : sequence
        Answers move within a stratum, such as the fold, only.
    seed, shuffles : int
        All arrangements are enumerated instead where there are no more than ``shuffles`` of them.
    """
    table = answer_table(axis, answers, truths, prior)
    abnormal = ~table.holds_prior[table.kind]
    named, noticed = np.flatnonzero(abnormal), np.flatnonzero(abnormal & _is_abnormal(answers, prior))
    everyone = np.arange(len(table.answer))
    blocks = (_codes(patients), _codes([str(stratum) for stratum in strata]))
    return Association(
        n=len(answers),
        s=table.s,
        p=_shuffled_p(table, everyone, blocks, np.random.default_rng((seed, 0)), shuffles),
        names_n=len(named),
        names_p=max(
            _shuffled_p(table, cases, blocks, np.random.default_rng((seed, 1)), shuffles) for cases in (named, noticed)
        )
        if len(named) > 1
        else None,
        kappa=kappa(axis, answers, truths),
    )


def _is_abnormal(answers: Sequence[AxisValue | None], prior: AxisValue) -> NDArray[np.bool_]:
    """Tell which answers are neither missing nor the prior nor an empty set, bool (n,)."""
    usual: tuple[AxisValue | None, ...] = (None, prior, frozenset())
    return np.array([answer not in usual for answer in answers], dtype=np.bool_)


def _codes(names: Sequence[RecordId]) -> Codes:
    return np.unique(np.array([str(name) for name in names]), return_inverse=True)[1].astype(np.int64)


def _shuffled_p(
    table: AnswerTable, chosen: Codes, blocks: tuple[Codes, Codes], rng: np.random.Generator, shuffles: int
) -> float:
    """Return the share of shuffles of the chosen cases' answers with S as large as observed."""
    kind, answer = table.kind[chosen], table.answer[chosen]
    if not len(chosen):
        return 1.0
    earned = table.credit[np.unique(kind)][:, np.unique(answer)].astype(np.uint8)
    # Answers that earn the same everywhere, such as the prior and no answer, are one: fewer arrangements differ.
    earned, same_answer = np.unique(earned, axis=1, return_inverse=True)
    earned, same_kind = np.unique(earned, axis=0, return_inverse=True)
    answer = same_answer.reshape(-1)[np.unique(answer, return_inverse=True)[1]]
    kind = same_kind.reshape(-1)[np.unique(kind, return_inverse=True)[1]]
    groups = [
        _Group(kind[members], answer[members], earned)
        for members in _exchangeable(*(codes[chosen] for codes in blocks))
    ]
    observed = sum(group.observed for group in groups)
    if math.prod(group.arrangements for group in groups) <= shuffles:
        totals = [sum(sums) for sums in product(*(group.enumerated() for group in groups))]
        return float(np.mean(np.array(totals) >= observed))
    sums = np.zeros(shuffles, dtype=np.int64)
    if shuffles * _chance_to_reach(observed, groups) > NEVER:
        for group in groups:
            sums += group.drawn(rng, shuffles)
    return float((1 + np.sum(sums >= observed)) / (1 + shuffles))


def _chance_to_reach(observed: int, groups: Sequence["_Group"]) -> float:
    """Return a bound of the chance that one shuffle gives S as large.

    Chatterjee's inequality (2007, Probab Theory Relat Fields 138:305-321, proposition 1.1) for sums under a random
    permutation: with terms from 0 to 1 and the mean E, S exceeds E by t with a chance of at most
    exp(-t^2 / (4 E + 2 t)).
    """
    expected, most = sum(group.expected for group in groups), max(group.most for group in groups)
    excess = observed - expected
    return math.exp(-(excess**2) / (most * (4 * expected + 2 * excess))) if excess > 0 else 1.0


def _exchangeable(patients: Codes, strata: Codes) -> Iterator[Codes]:
    """Yield the cases of the patients of one stratum with equally many records, int64 (patients, records)."""
    whole = patients + strata * (int(patients.max(initial=0)) + 1)
    _, block, count = np.unique(whole, return_inverse=True, return_counts=True)
    key = np.stack([strata, count[block]], axis=1)
    for stratum, size in np.unique(key, axis=0):
        members = np.flatnonzero((strata == stratum) & (count[block] == size))
        yield members[np.argsort(block[members], kind="stable")].reshape(-1, size)


@dataclass(frozen=True, eq=False)
class _Group:
    """Patients who exchange their answers.

    Attributes
    ----------
    kind, answer : int64 array (patients, records)
    earned : uint8 array (kinds, answers)
        What an answer adds to S.
    """

    kind: Codes
    answer: Codes
    earned: NDArray[np.uint8]

    @property
    def observed(self) -> int:
        return int(self.earned[self.kind, self.answer].sum())

    @property
    def expected(self) -> float:
        """The mean of S over all arrangements."""
        kinds, answers = self.earned.shape
        margins = (
            (np.bincount(kind, minlength=kinds), np.bincount(answer, minlength=answers))
            for kind, answer in zip(self.kind.T, self.answer.T, strict=True)
        )
        return sum(float(kind @ self.earned @ answer) for kind, answer in margins) / len(self.kind)

    @property
    def most(self) -> int:
        """The most that one patient's answers can add to S."""
        return int(self.earned.max(initial=0)) * len(self.kind.T)

    @cached_property
    def blocks(self) -> tuple[Codes, Codes]:
        """Each distinct block of answers once, int64 (blocks, records), and the block of each patient."""
        distinct, which = np.unique(self.answer, axis=0, return_inverse=True)
        return distinct, which.reshape(-1).astype(np.int64)

    @property
    def arrangements(self) -> int:
        """The number of arrangements that differ, each of them equally likely."""
        counts = np.bincount(self.blocks[1])
        return math.factorial(len(self.kind)) // math.prod(math.factorial(int(count)) for count in counts)

    @cached_property
    def worth(self) -> NDArray[np.int64]:
        """What each block of answers would add to S for each patient, int64 (patients, blocks)."""
        by_record = self.earned[self.kind[:, None, :], self.blocks[0][None, :, :]]
        return np.asarray(by_record.sum(axis=2, dtype=np.int64), dtype=np.int64)

    def enumerated(self) -> list[int]:
        """Return S of every arrangement."""
        counts = [int(count) for count in np.bincount(self.blocks[1])]
        return [
            sum(int(self.worth[list(places), block].sum()) for block, places in enumerate(chosen) if places)
            for chosen in _arrangements(frozenset(range(len(self.kind))), counts)
        ]

    def drawn(self, rng: np.random.Generator, shuffles: int) -> NDArray[np.int64]:
        """Return S of random arrangements, int64 (shuffles,)."""
        if self.kind.shape[1] == 1:
            rows, cells = np.unique(self.kind), len(np.unique(self.kind)) * len(self.blocks[0])
            if cells * CELL_COST < len(self.kind):
                worth = self.earned[rows][:, self.blocks[0][:, 0]].astype(np.int64)
                return _drawn_table(
                    worth, np.bincount(self.kind[:, 0])[rows], np.bincount(self.blocks[1]), rng, shuffles
                )
        block = self.blocks[1]
        earning = np.flatnonzero(self.worth.any(axis=1))
        flat, row = self.worth.ravel(), earning * self.worth.shape[1]
        dtype = np.uint16 if len(self.blocks[0]) <= np.iinfo(np.uint16).max else np.int64
        sums = np.empty(shuffles, dtype=np.int64)
        step = max(1, BLOCK_SIZE // len(block))
        for start in range(0, shuffles, step):
            count = min(step, shuffles - start)
            shuffled = rng.permuted(np.tile(block.astype(dtype), (count, 1)), axis=1)
            sums[start : start + count] = flat[row + shuffled[:, earning]].sum(axis=1)
        return sums


def _drawn_table(
    worth: NDArray[np.int64], rows: Codes, columns: Codes, rng: np.random.Generator, shuffles: int
) -> NDArray[np.int64]:
    """Return S of random tables of kinds by answers with these margins: what shuffling gives, in fewer draws.

    Parameters
    ----------
    worth : int64 array (kinds, answers)
    rows, columns : int64 array (kinds,), (answers,)
        Cases of each kind, and with each answer.
    """
    sums = np.zeros(shuffles, dtype=np.int64)
    free = np.repeat(columns[None, :], shuffles, axis=0)
    order = np.argsort(worth.any(axis=1), kind="stable")[::-1]
    for kind in (kind for kind in order if worth[kind].any()):
        wanted, others = np.full(shuffles, rows[kind]), free.sum(axis=1)
        for answer in range(len(columns)):
            others -= free[:, answer]
            taken = rng.hypergeometric(free[:, answer], others, wanted)
            wanted -= taken
            free[:, answer] -= taken
            sums += worth[kind, answer] * taken
    return sums


def _arrangements(free: frozenset[int], counts: list[int]) -> Iterator[list[tuple[int, ...]]]:
    """Yield the places of each block in every arrangement of the blocks over the free places."""
    if len(counts) == 1:
        yield [tuple(free)]
        return
    for places in combinations(sorted(free), counts[0]):
        for others in _arrangements(free - set(places), counts[1:]):
            yield [places, *others]
