"""One answered case with its truth, as the scorer sees it."""

from dataclasses import dataclass

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
        Axes, ``normality`` among them, that the answer's format asks for.
    """

    ecg_id: RecordId
    patient_id: RecordId
    sex: str | None
    age: float | None
    truth: Truth
    reading: Reading
    asked: frozenset[str] = EVERY_AXIS

    def true(self, axis: str) -> AxisValue | None:
        """Return the primary truth on an axis, normality or ischemia; None where it is unlabelled or not asked for."""
        if axis not in self.asked:
            return None
        return self.truth.values[axis]

    def answer(self, axis: str) -> AxisValue | None:
        """Return the reader's value on an axis, None without one; normality and ischemia follow from the axes."""
        if self.reading.error:
            return None
        return with_derived(self.reading.values).get(axis)

    def superclass(self) -> str | None:
        """Return the answered superclass: that of the diagnosis, else the most probable one."""
        diagnosis = self.answer("diagnosis")
        if isinstance(diagnosis, str):
            return superclass_of(diagnosis)
        chances = self.reading.probabilities.get(SUPERCLASS, {})
        return max(chances, key=lambda name: chances[name]) if chances and not self.reading.error else None
