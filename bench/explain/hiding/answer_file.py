"""Readings of masked recordings on disk: each is kept as it arrives, so that no question is asked twice."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.dataset import RecordId
from bench.run.folder import LINE, MOST_READINGS
from bench.storage import append, opened_for_append
from taxonomy.error import BenchError, RunError
from taxonomy.outside import outside_bytes, outside_object
from taxonomy.reading import Reading


@dataclass(frozen=True, eq=False)
class Kept:
    """Readings by the digest of their question.

    Attributes
    ----------
    readings : dict of str to Reading
        New ones are added.
    spent : float
        US dollars that those of the file have cost.
    earlier : frozenset of str
        Those of the file.
    append : callable
        Writes a reading, with the record's id and the digest of the question.
    """

    readings: dict[str, Reading] = field(default_factory=dict)
    spent: float = 0.0
    earlier: frozenset[str] = frozenset()
    append: Callable[[RecordId, str, Reading], None] = lambda ecg_id, key, reading: None

    def keep(self, ecg_id: RecordId, key: str, reading: Reading) -> None:
        """Keep a reading; raises StorageError when it cannot be written."""
        self.append(ecg_id, key, reading)
        self.readings[key] = reading


@contextmanager
def kept_in(path: Path) -> Iterator[Kept]:
    """Yield the readings of a file, to which new ones are appended; the caller holds its folder.

    A failed call is asked again, and a torn last line, which a kill can leave, is dropped.

    Raises
    ------
    taxonomy.error.RunError
        When a line before the last is damaged, which a kill cannot cause.
    """
    there = kept_of(path)
    with opened_for_append(path) as out:

        def write(ecg_id: RecordId, key: str, reading: Reading) -> None:
            append(out, path, {"ecg_id": ecg_id, "question": key, "reading": reading.to_json()})

        yield replace(there, append=write)


def kept_of(path: Path) -> Kept:
    """Return the readings of a file, to which nothing is appended; raises as :func:`kept_in`."""
    lines = _lines(path)
    readings = {key: reading for key, reading in lines if reading.outcome != "failed"}
    spent = sum(reading.usage.cost or 0.0 for _, reading in lines if not reading.usage.reused)
    return Kept(readings, spent, frozenset(readings))


def _lines(path: Path) -> list[tuple[str, Reading]]:
    found: list[tuple[str, Reading]] = []
    if not os.path.lexists(path):
        return found
    lines = outside_bytes(path, RunError, MOST_READINGS).split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            found.append(_entry(outside_object(line, "it", RunError, LINE)))
        except BenchError as error:
            if number == len(lines):
                break
            raise RunError(f"line {number} of {path} is damaged ({error}): remove it, and it is asked again") from error
    return found


def _entry(data: Mapping[str, object]) -> tuple[str, Reading]:
    key, reading = data.get("question"), data.get("reading")
    if not isinstance(key, str) or not isinstance(reading, dict):
        raise RunError("it holds no question with its reading")
    return key, Reading.from_json(reading)
