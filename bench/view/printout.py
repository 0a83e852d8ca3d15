"""What an electrocardiograph prints beside the tracing: the measurements, and age and sex where they are shown."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace

from bench.dataset import Record
from measurements import Measurements
from measurements.measurement import TABLE, Measurement

NOT_SHOWN = Measurement(None, "not shown in this condition")
NOT_MEASURED = Measurement(None, "not measured")
"""In the place of every reason: 'no P waves' would give atrial fibrillation away."""

OLDEST = 90
"""Age in years from which PTB-XL tells no more than 'over 89'."""

LINES = (("heart_rate",), ("pr",), ("qrs",), ("qt", "qtc_bazett"), ("p_axis", "qrs_axis", "t_axis"))
"""Measurements that are printed, by line; machines print one QTc, Bazett's."""


@dataclass(frozen=True)
class Printout:
    """The print of one recording.

    Attributes
    ----------
    numbers : Measurements
    patient : str
        Age and sex, empty where they are not shown.
    """

    numbers: Measurements
    patient: str = ""

    def shown(self, without: Collection[str]) -> "Printout":
        """Return the print as a reader may see it: without these measurements, and without reasons."""
        hidden = dict.fromkeys(without, NOT_SHOWN)
        unmeasured = {
            item.name: NOT_MEASURED for item in fields(self.numbers) if getattr(self.numbers, item.name).value is None
        }
        return replace(self, numbers=replace(self.numbers, **(unmeasured | hidden)))

    @property
    def text(self) -> str:
        """The lines, such as ``QT/QTc 400/438 ms``; ``*`` stands for what could not be measured."""
        lines = [self.patient] if self.patient else []
        for names in LINES:
            shown = [name for name in names if getattr(self.numbers, name) != NOT_SHOWN]
            if shown:
                lines.append(self._line(shown))
        return "\n".join(lines)

    def _line(self, names: Sequence[str]) -> str:
        labels, unit = [TABLE[name][0] for name in names], TABLE[names[0]][1]
        printed = [getattr(self.numbers, name).printed for name in names]
        values = ["*" if number is None else str(number) for number in printed]
        if unit == "degrees":
            return f"{'-'.join(labels)} {'axes' if len(names) > 1 else 'axis'} {' '.join(values)}"
        return f"{'/'.join(labels)} {'/'.join(values)} {unit}"


def demography(record: Record) -> str:
    """Return age and sex, such as ``63 years, female``, as far as they are known."""
    years = None if record.age is None else "over 89 years" if record.age >= OLDEST else f"{record.age:.0f} years"
    return ", ".join(part for part in (years, record.sex) if part)
