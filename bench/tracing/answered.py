"""The readings of a probe on disk: each is kept as it arrives, so that a probe that was stopped goes on."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.run.manifest import versions
from bench.storage import append, opened_for_append
from bench.view import View, template_version
from readers.contract import Reader
from taxonomy.axis import VERSION
from taxonomy.error import BenchError, RunError
from taxonomy.reading import Reading


class Asked(Protocol):
    """What a probe asks about: a tracing, or a degraded page."""

    @property
    def told(self) -> bytes:
        """All that decides its reading beside the settings."""
        ...


@dataclass(frozen=True, eq=False)
class Answers:
    """Readings that exist already, and where new ones are kept.

    Attributes
    ----------
    settings : str
        All that decides a reading beside what is asked about.
    readings : mapping of str to Reading
        By the digest of what is asked about under these settings.
    append : callable
        Called with a digest and a reading.
    """

    settings: str = ""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    append: Callable[[str, Reading], None] = lambda key, reading: None

    def of(self, asked: Asked) -> Reading | None:
        """Return the reading of a tracing or page, None where it is to be asked; a failed call is asked again."""
        return self.readings.get(self._key(asked))

    def keep(self, asked: Asked, reading: Reading) -> None:
        """Keep a reading; raises StorageError when it cannot be written."""
        self.append(self._key(asked), reading)

    def _key(self, asked: Asked) -> str:
        return hashlib.sha256(f"{self.settings} ".encode() + asked.told).hexdigest()


@contextmanager
def answered_tracings(path: Path | None, reader: Reader, view: View) -> Iterator[Answers]:
    """Yield the readings of a file that were made by this reader in this view, and append new ones to it.

    Parameters
    ----------
    path : Path or None
        The caller holds its folder; None keeps nothing.
    reader : Reader
    view : View
        Settled for the reader.

    Raises
    ------
    taxonomy.error.RunError
        When a line before the last is damaged, which a kill cannot cause.
    """
    if path is None:
        yield Answers()
        return
    details = sorted(getattr(reader, "details", {}).items())
    settings = repr(
        (reader.name, details, sorted(view.to_json().items()), template_version(), VERSION, versions("ecg-bench"))
    )
    with opened_for_append(path) as out:

        def keep(key: str, reading: Reading) -> None:
            append(out, path, {"tracing": key, "reading": reading.to_json()})

        yield Answers(settings, _read(path), keep)


def _read(path: Path) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            entry = json.loads(line)
            key, reading = str(entry["tracing"]), Reading.from_json(entry["reading"])
        except (ValueError, KeyError, TypeError, RecursionError, BenchError) as error:
            raise RunError(f"line {number} of {path} is damaged ({error}): remove it, and it is asked again") from error
        if reading.outcome != "failed":
            found[key] = reading
    return found
