"""Failed calls of a run: how many of each kind, and the commonest reasons that they give."""

from collections import Counter
from collections.abc import Collection, Mapping

from bench.progress import Observer
from bench.run.folder import RunFolder
from taxonomy.error import NothingAnswered
from taxonomy.printable import printable
from taxonomy.reading import FailureKind, Reading
from taxonomy.redaction import redacted

SHOWN = 300
"""Characters of a reason that are told."""

REASONS = 3
"""Reasons of a kind that are told at most, the commonest first."""


def failure_lines(readings: Collection[Reading]) -> list[str]:
    """Return a line for each kind of failed call: how many, and the commonest reasons, each with its count."""
    reasons: dict[FailureKind, Counter[str]] = {}
    for reading in readings:
        if reading.outcome == "failed" and reading.error:
            # The last line of a traceback is what went wrong; every other message is one line.
            lines = reading.error.message.strip().splitlines() or ["no reason is given"]
            reasons.setdefault(reading.error.kind, Counter())[printable(redacted(lines[-1]))[:SHOWN]] += 1
    return [_line(kind, counted) for kind, counted in sorted(reasons.items())]


def failed_share(readings: Collection[Reading]) -> str:
    """Return in words how many calls failed, and why; empty where none did."""
    failed = [reading for reading in readings if reading.outcome == "failed"]
    if not failed:
        return ""
    return f"{len(failed):,} of {len(readings):,} calls failed ({'; '.join(failure_lines(failed))})"


def check_any_answered(readings: Collection[Reading]) -> None:
    """Raise NothingAnswered when every call of a run failed: its score says nothing of the reader."""
    if readings and all(reading.outcome == "failed" for reading in readings):
        raise NothingAnswered(f"every call failed ({'; '.join(failure_lines(readings))}): nothing was answered")


def check_runs(runs: Mapping[str, RunFolder], observer: Observer) -> None:
    """Say which of several runs have failed calls, and raise where none of them has an answer.

    Parameters
    ----------
    runs : mapping of str to RunFolder
        By condition or arm, as it is called in what is said.
    observer : Observer

    Raises
    ------
    taxonomy.error.NothingAnswered
        When every call of all runs failed.
    """
    every: list[Reading] = []
    for name, folder in runs.items():
        readings = list(folder.every_reading()[0].values())
        every += readings
        if said := failed_share(readings):
            observer.say(f"{name}: {said}; 'bench retry {folder.path}' asks them again")
    check_any_answered(every)


def _line(kind: FailureKind, counted: Counter[str]) -> str:
    told = counted.most_common(REASONS)
    if len(counted) == 1:
        return f"{counted.total():,} {kind}: {told[0][0]}"
    said = ", ".join(f"{reason} ({often:,} of them)" for reason, often in told)
    left = len(counted) - len(told)
    return f"{counted.total():,} {kind}: {said}" + (f", and {left:,} other reason{'s' * (left > 1)}" if left else "")
