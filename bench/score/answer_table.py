"""Answers on one axis as a table of what would be right for whom, with several right values of a truth."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taxonomy.axis import UNLISTED, Axis, AxisValue
from taxonomy.truth import Truth

Codes = NDArray[np.int64]


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


def answer_table(
    axis: Axis, answers: Sequence[AxisValue | None], truths: Sequence[Truth], prior: AxisValue | None
) -> AnswerTable:
    """Return the answers as a table of what would be right for whom; parameters as of an association."""
    values = list(dict.fromkeys(answers))
    kind, distinct = kinds_of_truth(axis, truths)
    accepts = _accepted(axis, distinct, values)
    column = {value: code for code, value in enumerate(values)}
    if axis.is_set:
        beyond = prior if isinstance(prior, frozenset) else frozenset()
        needed = members([demanded(axis, truth) - beyond for truth in distinct], axis)
        credit = needed @ members(values, axis).T
        holds_prior = np.array([demanded(axis, truth) <= beyond for truth in distinct], dtype=np.bool_)
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

    needed = np.array([bits(demanded(axis, truth)) for truth in truths], dtype=np.int64)
    fitting = needed | np.array([bits(truth.allowed) for truth in truths], dtype=np.int64)
    accepts = np.zeros((len(truths), len(values)), dtype=np.bool_)
    for column, value in enumerate(values):
        if isinstance(value, frozenset):
            answer = bits(value)
            accepts[:, column] = (needed & ~answer == 0) & (answer & ~fitting == 0)
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
        keys = [(demanded(axis, truth), truth.allowed) for truth in truths]
    else:
        # Not right_values, which makes a set for every truth.
        keys = [truth.accepted.get(axis.name, truth.values.get(axis.name)) for truth in truths]
    place = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    kind = np.array([place[key] for key in keys], dtype=np.int64)
    return kind, [truths[first] for first in np.unique(kind, return_index=True)[1]]


def demanded(axis: Axis, truth: Truth) -> frozenset[str]:
    """Return the findings that an answer on an axis that is a set must hold; none where it is unlabelled."""
    value = truth.values.get(axis.name)
    return value if isinstance(value, frozenset) else frozenset()


def members(sets: Sequence[AxisValue | None], axis: Axis) -> NDArray[np.int64]:
    """Return which of the axis's values each set holds, int64 (sets, values)."""
    place = {one: k for k, one in enumerate(dict.fromkeys(sets))}
    held = [[isinstance(one, frozenset) and value in one for value in axis.values] for one in place]
    distinct = np.array(held, dtype=np.int64).reshape(len(place), len(axis.values))
    return distinct[[place[one] for one in sets]]
