"""Heads: the questions that a fitted model answers, with the names of their values.

A model outlives the taxonomy that it was fitted to. Its file names its heads and their values: values that the taxonomy
has since dropped are left out of a reading, and axes that it has since added stay unanswered.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from measurements import Measurements
from readers.measured_axis import measured_probabilities, measured_values
from taxonomy.axis import AXES, AXIS, DERIVED, RATE, UNLISTED, Axis, AxisValue
from taxonomy.error import ReaderError
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import SUPERCLASSES

Heads = Mapping[str, tuple[str, ...]]
"""The values of each head, in the order of the model's outputs."""

STATEMENT = "statement"
"""Head over the SCP statements: used in training only, never shown in a reading."""

MEASURED = frozenset({RATE.name, AXIS.name})
"""Axes that are answered from measured numbers (:func:`fitted_reading`)."""

FINDING_FROM = 0.5
"""Probability from which a finding is reported."""

Limits = Mapping[str, Mapping[str, float]]
"""By head, the probability of each value that counts as much as another value's at its own: a finding is reported from
it, and of a choice the value is answered that is most above it."""


def is_multi_label(head: str) -> bool:
    """Tell whether a head's outputs are independent yes-no questions rather than a choice of one value."""
    axis = _axes().get(head)
    return head in {SUPERCLASS, STATEMENT} or (axis is not None and axis.is_set)


def heads_from(data: object) -> Heads:
    """Return the heads of a model file.

    Parameters
    ----------
    data : object
        Head to list of value names; in files older than that, head to number of outputs, which are then the values of
        taxonomy 1.0.0.

    Raises
    ------
    taxonomy.error.ReaderError
        When it is neither.
    """
    if not isinstance(data, dict) or not data:
        raise ReaderError(f"the model names no heads: {data!r}")
    return {head: _counted(head, row) if isinstance(row, int) else _named(head, row) for head, row in data.items()}


def _named(head: str, names: object) -> tuple[str, ...]:
    values = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    if not values or len(set(values)) != len(names):  # type: ignore[arg-type]  # a list where there are values
        raise ReaderError(f"the head {head!r} must be a list of different value names, not {names!r}")
    return tuple(values)


def _counted(head: str, outputs: int) -> tuple[str, ...]:
    values = _first_heads().get(head, [])
    if len(values) != outputs:
        first = len(values)
        raise ReaderError(f"the head {head!r} has {outputs} outputs without names; taxonomy 1.0.0 had {first} values")
    return tuple(values)


def still_known(values: Mapping[str, AxisValue | None]) -> dict[str, AxisValue | None]:
    """Return the values, and the members of set values, that the taxonomy still has."""
    axes, kept = _axes(), dict[str, AxisValue | None]()
    for name, value in values.items():
        if name in axes and isinstance(value, frozenset):
            kept[name] = value & {*axes[name].values, UNLISTED}
        elif name in axes and (value is None or axes[name].holds(value)):
            kept[name] = value
    return kept


def corrected_limits(shares: Limits, exponent: float) -> Limits:
    """Return limits that correct for how frequent each value is (logit adjustment, Menon et al. 2021).

    Parameters
    ----------
    shares : mapping of str to mapping of str to float
        By head, the share of each value among the training records, above 0.
    exponent : float
        From 0, which gives :data:`FINDING_FROM` for all, to 1, which gives the shares themselves.
    """
    return {
        head: {value: FINDING_FROM ** (1 - exponent) * share**exponent for value, share in values.items()}
        for head, values in shares.items()
    }


def fitted_reading(
    numbers: Measurements,
    chances: Mapping[str, Mapping[str, float]],
    digits: int | None = None,
    limits: Limits | None = None,
) -> Reading:
    """Return the reading that a fitted model and the measurements of a record give.

    Parameters
    ----------
    numbers : Measurements
        They answer ``rate`` and ``axis``.
    chances : mapping of str to mapping of str to float
        By head, the probability of each value of the model. Values that the taxonomy has dropped are left out, and the
        others of a head that chooses one value are scaled to sum to 1 again.
    digits : int, optional
        Decimal places of the probabilities; values are chosen before rounding.
    limits : mapping of str to mapping of str to float, optional
        Where values are decided; :data:`FINDING_FROM` for those of a head that is not in it.
    """
    values, shown = head_answers(chances, digits, limits)
    values = still_known(measured_values(numbers)) | values
    measured = {head: _left(head, found) for head, found in measured_probabilities(numbers).items()}
    return Reading(values=values, probabilities={head: left for head, left in (measured | shown).items() if left})


def head_answers(
    chances: Mapping[str, Mapping[str, float]], digits: int | None = None, limits: Limits | None = None
) -> tuple[dict[str, AxisValue | None], dict[str, Mapping[str, float]]]:
    """Return the answer on each axis that has a head, and the probabilities of each head; parameters as above."""
    values: dict[str, AxisValue | None] = {}
    shown: dict[str, Mapping[str, float]] = {}
    for head, found in chances.items():
        left = _left(head, found)
        if left and head in _axes():
            values[head] = _answer(head, left, (limits or {}).get(head, {}))
        shown[head] = left if digits is None else {name: round(min(1.0, p), digits) for name, p in left.items()}
    return values, shown


def _answer(head: str, chances: Mapping[str, float], limits: Mapping[str, float]) -> AxisValue:
    over = {name: chance / limits.get(name, FINDING_FROM) for name, chance in chances.items()}
    if is_multi_label(head):
        return frozenset(name for name, times in over.items() if times >= 1)
    return max(over, key=over.__getitem__)


def _left(head: str, chances: Mapping[str, float]) -> Mapping[str, float]:
    """Return the probabilities of the values that the taxonomy still has, unscaled where it has all of them."""
    names = SUPERCLASSES if head == SUPERCLASS else _axes()[head].values if head in _axes() else ()
    left = {name: chance for name, chance in chances.items() if name in names}
    total = sum(left.values())
    if len(left) == len(chances) or is_multi_label(head):
        return left
    return {name: chance / total for name, chance in left.items()} if total else {}


def _axes() -> Mapping[str, Axis]:
    return {axis.name: axis for axis in (*AXES, *DERIVED)}


@cache
def _first_heads() -> Mapping[str, list[str]]:
    """Return the values of taxonomy 1.0.0, the heads of models whose files do not name them."""
    heads: Mapping[str, list[str]] = json.loads((files("readers") / "heads_1.0.0.json").read_text(encoding="utf-8"))
    return heads
