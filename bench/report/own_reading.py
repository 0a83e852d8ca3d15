"""What a reader says of a recording of the user's: each axis with its probabilities, and the measured numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.dataset.recording import Recording
from measurements import Measurements
from measurements.measurement import TABLE
from taxonomy.axis import AXES, Axis
from taxonomy.reading import SUPERCLASS, Reading

NOTICE = (
    "This is no medical device: for research and teaching only. It is not for patients, nor for anyone who has to "
    "decide about one: whoever has symptoms needs a doctor. Readers were taught on ten-second ECGs of adults at rest, "
    "or on simulated ones; children, exercise and monitor leads are unknown to them."
)

MOST_SHOWN = 3
"""Values of an axis whose probabilities are printed."""

LEAST_SHOWN = 0.005
"""Probability that is printed."""

NO_ANSWER = "-"


@dataclass(frozen=True, eq=False)
class OwnReading:
    """A recording of the user's, read.

    Attributes
    ----------
    recording : Recording
    reader : str
        Name of the reader.
    reading : Reading
    numbers : Measurements
        Measured on what the reader was shown.
    """

    recording: Recording
    reader: str
    reading: Reading
    numbers: Measurements

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data: what the file is, the answers, and the numbers in bpm, ms and degrees."""
        numbers = self.numbers.to_json()
        return {
            **described(self.recording),
            "reader": self.reader,
            **self.reading.to_json(),
            "measurements": {name: numbers[name] for name in TABLE},
        }


def described(recording: Recording) -> dict[str, Any]:
    """Return what is known of a recording as plain JSON data."""
    return {
        "file": str(recording.path),
        "kind": recording.kind,
        "fs": recording.signal.fs,
        "seconds": round(recording.whole_s, 3),
        "from_s": round(recording.begin_s, 3),
        "to_s": round(recording.begin_s + recording.seconds, 3),
        "notes": list(recording.notes),
    }


def described_lines(recording: Recording) -> list[str]:
    """Return what is known of a recording in lines, the file first."""
    end = recording.begin_s + recording.seconds
    part = "" if recording.seconds == recording.whole_s else f", read from {recording.begin_s:g} to {end:g} s"
    first = f"{recording.path}: {recording.kind}, {recording.signal.fs:g} Hz, {recording.whole_s:.4g} s{part}"
    return [first, *recording.notes]


def axis_rows(reading: Reading) -> list[tuple[str, str, str]]:
    """Return a row for each axis: name, answer, and the probabilities of its likeliest values."""
    rows = [(axis.name, _answer(reading, axis), _chances(reading.probabilities.get(axis.name, {}))) for axis in AXES]
    superclasses = reading.probabilities.get(SUPERCLASS)
    return [*rows, (SUPERCLASS, NO_ANSWER, _chances(superclasses, len(superclasses)))] if superclasses else rows


def number_rows(numbers: Measurements) -> list[tuple[str, str]]:
    """Return a row for each measured number: its name, and its value or why there is none."""
    rows = []
    for name, (label, unit) in TABLE.items():
        one = getattr(numbers, name)
        shown = f"{label} axis" if name.endswith("axis") else label
        rows.append((shown, f"not measured: {one.reason}" if one.printed is None else f"{one.printed} {unit}"))
    return rows


def _answer(reading: Reading, axis: Axis) -> str:
    value = reading.values.get(axis.name)
    if value is None:
        return NO_ANSWER
    return value if isinstance(value, str) else ", ".join(sorted(value)) or "none"


def _chances(chances: Mapping[str, float], most: int = MOST_SHOWN) -> str:
    ranked = sorted(chances.items(), key=lambda one: -one[1])[:most]
    return ", ".join(f"{name} {chance:.2f}" for name, chance in ranked if chance >= LEAST_SHOWN)
