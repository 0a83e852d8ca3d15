"""Answers that probabilities of SCP statements decide, by the mapping that makes the truth of the labels.

A statement counts as given where its probability is at least :data:`GIVEN`; among the rhythms, and among the
diagnoses, the most probable one counts where none reaches it. What is given is then mapped to the axes by
:func:`taxonomy.truth.truth`, as a record's labels are. Nothing is fitted to the records that are scored.

The rule was chosen on PTB-XL's fold 9 with the published xresnet1d101 (Strodthoff et al. 2021). Thresholds of 0.2 to
0.5 were tried, and some between 0.5 and each statement's prevalence in the training folds: 0.5 has the highest
mean accuracy (78.4%) and a mean kappa of 0.572, the others have 0.296 to 0.587. ``docs/predictions.md`` has the table.
"""

from collections.abc import Collection, Mapping
from functools import cache

from taxonomy.axis import (
    CONDUCTION,
    DIAGNOSIS,
    ISCHEMIA_STAGE,
    ISCHEMIA_TERRITORY,
    OTHER_FINDINGS,
    RHYTHM,
    Axis,
    AxisValue,
)
from taxonomy.ischemia import LIKELY, TERRITORY
from taxonomy.statement import SUPERCLASSES, Statement, statements
from taxonomy.truth import CONDUCTION_PRECEDENCE, RHYTHM_PRECEDENCE, Labels, truth

GIVEN = 0.5
"""Probability from which a statement counts as given: the choice with the fewest errors, if they are calibrated."""

DECIDED = (RHYTHM, CONDUCTION, ISCHEMIA_STAGE, ISCHEMIA_TERRITORY, OTHER_FINDINGS, DIAGNOSIS)
"""Axes that statements can decide: rate is measured, and the axis is that of ``heart_axis``, which is no statement."""

MOST_PROBABLE = (RHYTHM, DIAGNOSIS)
"""Axes without a value for 'nothing': the most probable statement counts where none is given."""


@cache
def statements_for(axis: str) -> tuple[str, ...]:
    """Return the statements that decide an axis; all of them are needed. Empty for ``rate`` and ``axis``."""
    groups = {
        RHYTHM.name: tuple(code for codes, _ in RHYTHM_PRECEDENCE for code in codes),
        CONDUCTION.name: tuple(code for codes, _ in CONDUCTION_PRECEDENCE for code in codes),
        ISCHEMIA_STAGE.name: tuple(TERRITORY),
        ISCHEMIA_TERRITORY.name: tuple(TERRITORY),
        OTHER_FINDINGS.name: tuple(one.code for one in statements().values() if _further_finding(one)),
        DIAGNOSIS.name: tuple(one.code for one in statements().values() if one.diagnostic),
    }
    return groups.get(axis, ())


@cache
def statements_of(superclass: str) -> tuple[str, ...]:
    """Return the diagnostic statements of a superclass."""
    return tuple(one.code for one in statements().values() if one.superclass == superclass)


def decided_axes(codes: Collection[str]) -> tuple[str, ...]:
    """Return the axes that are decided when the probabilities of these statements are known."""
    known = set(codes)
    return tuple(axis.name for axis in DECIDED if known.issuperset(statements_for(axis.name)))


def decided_superclasses(codes: Collection[str]) -> tuple[str, ...]:
    """Return the superclasses all of whose statements are among ``codes``."""
    known = set(codes)
    return tuple(name for name in SUPERCLASSES if known.issuperset(statements_of(name)))


def decide(chances: Mapping[str, float]) -> dict[str, AxisValue]:
    """Return the answers that statement probabilities decide.

    Parameters
    ----------
    chances : mapping of str to float
        Statement code to probability, from 0 to 1.

    Returns
    -------
    dict of str to value
        By axis; an axis some of whose statements have no probability is absent. An infarction is of undetermined age,
        as the statements do not tell it.
    """
    axes = decided_axes(chances)
    given = {code for code, chance in chances.items() if chance >= GIVEN}
    for axis in MOST_PROBABLE:
        group = statements_for(axis.name)
        if axis.name in axes and given.isdisjoint(group):
            given.add(max(group, key=chances.__getitem__))
    # A statement that counts is a likely one, whatever made it count.
    likelihoods = {code: max(LIKELY, 100 * chances[code]) for code in statements() if code in given}
    found = truth(Labels(likelihoods)).values
    return {axis.name: _or_nothing(axis, found[axis.name]) for axis in DECIDED if axis.name in axes}


def value_chances(chances: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return a score for each value of the decided axes, to rank records by: its most probable statement's.

    ``none`` has 1 less the most probable of all. They are independent, and do not sum to 1. Absent are
    ``ischemia_stage`` and the territory ``multiple``, which no statement stands for.
    """
    axes = decided_axes(chances)
    shown: dict[str, dict[str, float]] = {}
    for axis in axes:
        scores: dict[str, float] = {}
        for code in statements_for(axis):
            value = _values(axis).get(code)
            if value is not None:
                scores[value] = max(scores.get(value, 0.0), chances[code])
        if axis in {CONDUCTION.name, ISCHEMIA_TERRITORY.name}:
            scores["none"] = 1 - max(scores.values())
        if scores:
            shown[axis] = scores
    return shown


def superclass_chances(chances: Mapping[str, float]) -> dict[str, float]:
    """Return the probability of each superclass all of whose statements have one: the largest of them."""
    return {name: max(chances[code] for code in statements_of(name)) for name in decided_superclasses(chances)}


@cache
def _values(axis: str) -> Mapping[str, str | None]:
    """Return the value that each statement stands for on an axis."""
    table = statements()
    by_precedence = {RHYTHM.name: RHYTHM_PRECEDENCE, CONDUCTION.name: CONDUCTION_PRECEDENCE}
    if axis in by_precedence:
        return {code: value for codes, value in by_precedence[axis] for code in codes}
    if axis == ISCHEMIA_TERRITORY.name:
        return TERRITORY
    if axis == OTHER_FINDINGS.name:
        return {code: table[code].finding for code in statements_for(axis)}
    return {code: table[code].subclass for code in statements_for(axis)} if axis == DIAGNOSIS.name else {}


def _further_finding(statement: Statement) -> bool:
    return statement.finding is not None and statement.finding not in CONDUCTION.values


def _or_nothing(axis: Axis, value: AxisValue | None) -> AxisValue:
    """Return a value, and where the mapping finds nothing the axis's own word for it."""
    if value is not None:
        return value
    return frozenset() if axis.is_set else axis.negative or ""
