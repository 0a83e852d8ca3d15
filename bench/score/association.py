"""Whether answers go with the truth at all, the prior taken out: a shuffle test, and kappa with accepted values.

The statistic S counts the right answers whose value is not the prior's (on ``other_findings`` the findings that were
found), so that a reader that says one thing to every case has S of 0, whatever its accuracy. Its null distribution is
that of the reader's own answers shuffled over the cases (Good 2005, Permutation, Parametric and Bootstrap Tests of
Hypotheses): it assumes nothing of the labels, nor of how often the reader says what.
"""

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.score.bootstrap import interval
from bench.score.proportion import clopper_pearson
from bench.score.rounding import rounded
from taxonomy.axis import UNLISTED, Axis, AxisValue
from taxonomy.truth import Truth

Codes = NDArray[np.int64]

LEVEL = 0.05
"""Two-sided in sum over the tests: after Holm's correction."""

POWER = 0.8

FEWEST_POSITIVES = 10
"""Positives of a finding below which it has no kappa."""

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


@dataclass(frozen=True, eq=False)
class AnswerTable:
    """Answers on one axis, and which of them would be right for which case.

    Attributes
    ----------
    answer : int64 array (n,)
        Column of each case's answer.
    kind : int64 array (n,)
        Row of each case's truth: cases with the same right values share one.
    accepts : bool array (kinds, answers)
    credit : int64 array (kinds, answers)
        What an answer adds to S.
    holds_prior : bool array (kinds,)
        Whether the prior is right, on ``other_findings`` whether nothing beyond it is demanded.
    """

    answer: Codes
    kind: Codes
    accepts: NDArray[np.bool_]
    credit: NDArray[np.int64]
    holds_prior: NDArray[np.bool_]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is right, bool (n,)."""
        return self.accepts[self.kind, self.answer]

    @property
    def s(self) -> int:
        """The statistic S."""
        return int(self.credit[self.kind, self.answer].sum())


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


def answer_table(
    axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth], prior: AxisValue | None
) -> AnswerTable:
    """Return the answers as a table of what would be right for whom; parameters as of :func:`association`."""
    values = list(dict.fromkeys(answers))
    kind, distinct = kinds_of_truth(axis, truths)
    accepts = _accepted(axis, distinct, values)
    column = {value: code for code, value in enumerate(values)}
    if axis.is_set:
        beyond = prior if isinstance(prior, frozenset) else frozenset()
        demanded = _members([_demanded(axis, truth) - beyond for truth in distinct], axis)
        credit = demanded @ _members(values, axis).T
        holds_prior = np.array([_demanded(axis, truth) <= beyond for truth in distinct], dtype=np.bool_)
    else:
        credit = (accepts & np.array([value != prior for value in values], dtype=np.bool_)).astype(np.int64)
        holds_prior = np.array([truth.accepts(axis.name, prior) for truth in distinct], dtype=np.bool_)
    return AnswerTable(
        answer=np.array([column[value] for value in answers], dtype=np.int64),
        kind=kind,
        accepts=accepts,
        credit=credit,
        holds_prior=holds_prior,
    )


def _accepted(axis: Axis, truths: Sequence[Truth], values: Sequence[AxisValue | None]) -> NDArray[np.bool_]:
    """Return which answers each truth accepts, bool (truths, values)."""
    if not axis.is_set:
        held = [[truth.accepts(axis.name, value) for value in values] for truth in truths]
        return np.array(held, dtype=np.bool_).reshape(len(truths), len(values))
    # As Truth.accepts, in bits: sets are too many to ask one by one.
    place = {value: 1 << bit for bit, value in enumerate((*axis.values, UNLISTED))}

    def bits(names: Iterable[str]) -> int:
        return sum(place[name] for name in names)

    demanded = np.array([bits(_demanded(axis, truth)) for truth in truths], dtype=np.int64)
    fitting = demanded | np.array([bits(truth.allowed) for truth in truths], dtype=np.int64)
    accepts = np.zeros((len(truths), len(values)), dtype=np.bool_)
    for column, value in enumerate(values):
        if isinstance(value, frozenset):
            answer = bits(value)
            accepts[:, column] = (demanded & ~answer == 0) & (answer & ~fitting == 0)
    return accepts


def accepting(axis: Axis, truths: Sequence[Truth], values: Sequence[AxisValue]) -> NDArray[np.int64]:
    """Return how many of the truths accept each value, int64 (values,)."""
    kind, distinct = kinds_of_truth(axis, truths)
    counts = np.bincount(kind, minlength=len(distinct))
    return np.asarray(counts @ _accepted(axis, distinct, values).astype(np.int64), dtype=np.int64)


def kinds_of_truth(axis: Axis, truths: Sequence[Truth]) -> tuple[Codes, list[Truth]]:
    """Return the kind of each truth, and one truth of each kind: those of one kind accept the same."""
    keys: list[Hashable]
    if axis.is_set:
        keys = [(_demanded(axis, truth), truth.allowed) for truth in truths]
    else:
        # Not right_values, which makes a set for every truth.
        keys = [truth.accepted.get(axis.name, truth.values.get(axis.name)) for truth in truths]
    place = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    kind = np.array([place[key] for key in keys], dtype=np.int64)
    return kind, [truths[first] for first in np.unique(kind, return_index=True)[1]]


def _demanded(axis: Axis, truth: Truth) -> frozenset[str]:
    value = truth.values.get(axis.name)
    return value if isinstance(value, frozenset) else frozenset()


def _members(sets: Sequence[AxisValue | None], axis: Axis) -> NDArray[np.int64]:
    """Return which of the axis's values each set holds, int64 (sets, values)."""
    place = {one: k for k, one in enumerate(dict.fromkeys(sets))}
    held = [[isinstance(one, frozenset) and value in one for value in axis.values] for one in place]
    distinct = np.array(held, dtype=np.int64).reshape(len(place), len(axis.values))
    return distinct[[place[one] for one in sets]]


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


def kappa(axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth]) -> float | None:
    """Return Cohen's kappa (1960) where a truth may have several right values.

    Agreement by chance is the share of right answers that is expected when the answers are shuffled freely; where it is
    certain, kappa is 0. No answer is a value that is never right. On ``other_findings`` it is the mean over the
    findings with ten positives, present against absent; a case in which a finding may stand and need not is left out of
    that finding.
    """
    columns = kappa_columns(axis, answers, truths)
    found = kappa_of_sums({name: np.array([column.sum()]) for name, column in columns.items()})
    return None if found is None else float(np.nan_to_num(found[0]))


def kappa_columns(
    axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth]
) -> dict[str, NDArray[np.float64]]:
    """Return the columns whose sums over (resampled) cases give kappa, each float64 (n,).

    Their names are ``"question part"``: one question, or one for each finding with ten positives; its parts are ``n``,
    ``right``, and for each value ``said`` and ``fits``.
    """
    if not answers:
        return {}
    if axis.is_set:
        return _finding_columns(axis, answers, truths)
    table = answer_table(axis, answers, truths, None)
    columns = {"value n": np.ones(len(answers)), "value right": table.right.astype(np.float64)}
    for code in range(table.accepts.shape[1]):
        if table.accepts[:, code].any():
            columns[f"value said {code}"] = (table.answer == code).astype(np.float64)
            columns[f"value fits {code}"] = table.accepts[table.kind, code].astype(np.float64)
    return columns


def _finding_columns(
    axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth]
) -> dict[str, NDArray[np.float64]]:
    present, said = _members([_demanded(axis, truth) for truth in truths], axis) > 0, _members(answers, axis) > 0
    optional = (_members([truth.allowed for truth in truths], axis) > 0) & ~present
    answered = np.array([answer is not None for answer in answers])
    columns: dict[str, NDArray[np.float64]] = {}
    for k in np.flatnonzero(present.sum(axis=0) >= FEWEST_POSITIVES):
        counted = ~optional[:, k]
        silent = answered & ~said[:, k]
        parts = {
            "n": counted,
            "right": (said & present)[:, k] | (silent & ~present[:, k]),
            "said yes": said[:, k],
            "fits yes": present[:, k],
            "said no": silent,
            "fits no": ~present[:, k],
        }
        columns |= {f"{axis.values[k]} {part}": (held & counted).astype(np.float64) for part, held in parts.items()}
    return columns


def kappa_of_sums(sums: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """Return kappa from the sums of :func:`kappa_columns`, one for each resample; None without a question.

    NaN where a resample holds no case, or agreement by chance is certain in it.
    """
    questions = dict.fromkeys(name.split(" ")[0] for name in sums)
    if not questions:
        return None
    found = [
        _kappa({name.split(" ", 1)[1]: s for name, s in sums.items() if name.startswith(f"{question} ")})
        for question in questions
    ]
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)


def _kappa(sums: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    n = np.where(sums["n"] > 0, sums["n"], np.nan)
    fits = (name for name in sums if name.startswith("fits "))
    expected = sum((sums[name] / n * (sums[f"said {name[5:]}"] / n) for name in fits), np.zeros_like(n))
    agreed = sums["right"] / n
    certain = expected >= 1 - 1e-12
    return np.where(certain, np.nan, (agreed - expected) / np.where(certain, 1.0, 1 - expected))


def kappa_interval(
    columns: Mapping[str, NDArray[np.float64]], resampled: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Return kappa's 95% interval, that of the resamples; None where kappa is defined in none of them.

    Where every answer is right no resample varies that, and two cases of two would be a kappa of 1 for certain: there
    the lower end is the kappa of the least share of right answers that the exact interval holds.

    Parameters
    ----------
    columns : mapping of str to float64 array (n,)
        Of :func:`kappa_columns`.
    resampled : float64 array (draws,)
        Their kappa in resamples of the patients.
    """
    observed = kappa_of_sums({name: np.array([column.sum()]) for name, column in columns.items()})
    if observed is None or not observed[0] >= 1 - 1e-12:
        return interval(resampled)
    least = {
        name: np.array([clopper_pearson(int(column.sum()), int(column.sum()))[0] * column.sum()])
        for name, column in columns.items()
        if name.endswith(" right")
    }
    worst = kappa_of_sums({name: least.get(name, np.array([column.sum()])) for name, column in columns.items()})
    assert worst is not None
    return rounded(float(worst[0])), 1.0


def knowable_kappa(n: int, n_abnormal: int, tests: int) -> float | None:
    """Return the kappa that so many cases would show in 80% of tries, at 5% over all tests; None where none is.

    Taken is a reader that answers rightly a random share q of the abnormal truths, and the prior to every other case.
    All abnormal values count as one, which is the hardest to show. k such answers are all right by chance with the
    probability C(n_abnormal, k) / C(n, k).

    Parameters
    ----------
    n, n_abnormal : int
        Cases, and those whose right values do not hold the prior.
    tests : int
        Of the family; the first of Holm's levels is taken.
    """
    from scipy.special import betaincinv

    enough = _fewest_hits(n, n_abnormal, LEVEL / max(1, tests))
    if enough is None:
        return None
    q = float(betaincinv(enough, n_abnormal - enough + 1, POWER))
    abnormal = n_abnormal / n
    said = q * abnormal
    expected = said * abnormal + (1 - said) * (1 - abnormal)
    return (1 - abnormal + said - expected) / (1 - expected)


def _fewest_hits(n: int, n_abnormal: int, level: float) -> int | None:
    chance = 1.0
    for k in range(1, n_abnormal + 1):
        chance *= (n_abnormal - k + 1) / (n - k + 1)
        if chance <= level:
            return k
    return None
