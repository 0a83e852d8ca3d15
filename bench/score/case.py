"""One answered case beside its truth, as the scorer sees it."""

from dataclasses import dataclass

from taxonomy.axis import AxisValue
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import superclass_of
from taxonomy.truth import Truth


@dataclass(frozen=True, eq=False)
class ScoredCase:
    """A record's truth and demography, and what the reader answered.

    Attributes
    ----------
    ecg_id, patient_id : int
    sex : str or None
        ``male`` or ``female``.
    age : float or None
        Years.
    truth : Truth
    reading : Reading
    """

    ecg_id: int
    patient_id: int
    sex: str | None
    age: float | None
    truth: Truth
    reading: Reading

    def answer(self, axis: str) -> AxisValue | None:
        """Return the reader's value on an axis, None where it gave none."""
        return None if self.reading.error else self.reading.values.get(axis)

    def superclass(self) -> str | None:
        """Return the superclass that was answered: the diagnosis rolled up, else the likeliest superclass."""
        diagnosis = self.answer("diagnosis")
        if isinstance(diagnosis, str):
            return superclass_of(diagnosis)
        chances = self.reading.probabilities.get(SUPERCLASS, {})
        return max(chances, key=lambda name: chances[name]) if chances and not self.reading.error else None
