"""What a reader is told in words: the measurements of the record, as an electrocardiograph prints them."""

from measurements import Measurements
from measurements.measurement import TABLE
from readers.contract import Prompt


def prompt(numbers: Measurements) -> Prompt:
    """Return the prompt of the ``full`` condition: every measurement, with the reason where there is none."""
    return Prompt(measurement_block(numbers), numbers)


def measurement_block(numbers: Measurements) -> str:
    """Return one line for each measurement, such as ``QRS duration: 96 ms``."""
    lines = []
    for name, (label, unit) in TABLE.items():
        measured = getattr(numbers, name)
        said = f"not measurable ({measured.reason})" if measured.value is None else f"{measured.value:.0f} {unit}"
        lines.append(f"{label}: {said}")
    return "\n".join(lines)
