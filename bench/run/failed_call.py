"""Failed calls of a run: how many of each kind, and the reason that most of them give."""

from collections import Counter
from collections.abc import Collection

from taxonomy.error import RunError
from taxonomy.reading import FailureKind, Reading

SHOWN = 300
"""Characters of a reason that are told."""


def failure_lines(readings: Collection[Reading]) -> list[str]:
    """Return a line for each kind of failed call: how many, and the most common reason."""
    reasons: dict[FailureKind, Counter[str]] = {}
    for reading in readings:
        if reading.outcome == "failed" and reading.error:
            # The last line of a traceback is what went wrong; every other message is one line.
            lines = reading.error.message.strip().splitlines() or ["no reason is given"]
            reasons.setdefault(reading.error.kind, Counter())[lines[-1][:SHOWN]] += 1
    return [_line(kind, counted) for kind, counted in sorted(reasons.items())]


def check_any_answered(readings: Collection[Reading]) -> None:
    """Raise RunError when every call of a run failed: its score says nothing of the reader."""
    if readings and all(reading.outcome == "failed" for reading in readings):
        raise RunError(f"every call failed ({'; '.join(failure_lines(readings))}): nothing was answered")


def _line(kind: FailureKind, counted: Counter[str]) -> str:
    ((reason, often),) = counted.most_common(1)
    return f"{counted.total()} {kind}: {reason}" + (f" ({often} of them)" if often < counted.total() else "")
