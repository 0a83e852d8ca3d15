"""One answered case with its truth, as the scorer sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bench.dataset import RecordId
from taxonomy.axis import AXIS_NAMES, DERIVED, AxisValue, with_derived
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import superclass_of
from taxonomy.truth import Truth

EVERY_AXIS = frozenset({*AXIS_NAMES, *(axis.name for axis in DERIVED)})


@dataclass(frozen=True, eq=False)
class ScoredCase:
    """A record's truth and demography, and the reader's answer.

    Attributes
    ----------
    ecg_id, patient_id : RecordId
    sex : str or None
        ``male`` or ``female``.
    age : float or None
        Years.
    truth : Truth
    reading : Reading
    asked : frozenset of str
        Axes, ``normality`` and ``ischemia`` among them, that the answer's format asks for and the reader offers.
    fold : RecordId
        Answers are shuffled within it.
    """

    ecg_id: RecordId
    patient_id: RecordId
    sex: str | None
    age: float | None
    truth: Truth
    reading: Reading
    asked: frozenset[str] = EVERY_AXIS
    fold: RecordId = 0

    def true(self, axis: str) -> AxisValue | None:
        """Return the primary truth on an axis, normality or ischemia; None where it is unlabelled or not asked for."""
        if axis not in self.asked:
            return None
        return self.truth.values.get(axis)

    def answer(self, axis: str) -> AxisValue | None:
        """Return the reader's value on an axis, None without one; normality and ischemia follow from the axes."""
        return self._answers.get(axis)

    @cached_property
    def _answers(self) -> Mapping[str, AxisValue | None]:
        return {} if self.reading.error else with_derived(self.reading.values)

    def is_right(self, axis: str) -> bool:
        """Tell whether the truth accepts the answer on an axis."""
        return self.truth.accepts(axis, self.answer(axis))

    def true_superclass(self) -> str | None:
        """Return the true superclass: the answered one if it is that of an accepted diagnosis, else the primary's."""
        said = self.superclass()
        accepted = {superclass_of(value) for value in self.truth.right_values("diagnosis") if isinstance(value, str)}
        return said if said in accepted else self.truth.superclass

    def superclass(self) -> str | None:
        """Return the answered superclass: that of the diagnosis, else the most probable one."""
        diagnosis = self.answer("diagnosis")
        if isinstance(diagnosis, str):
            return superclass_of(diagnosis)
        chances = self.reading.probabilities.get(SUPERCLASS, {})
        return max(chances, key=lambda name: chances[name]) if chances and not self.reading.error else None
