"""A run on disk: manifest, readings appended one by one, score and report."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from bench.dataset.record import RecordId
from bench.run.settings import RunSettings, settings_from
from bench.score.result import Score
from bench.storage import append, held, opened_for_append, write_whole
from taxonomy.error import BenchError, RunError
from taxonomy.reading import Reading


@dataclass(frozen=True)
class Asked:
    """One asking: of which record, and which of several times."""

    ecg_id: RecordId
    repeat: int = 0


@dataclass(frozen=True)
class RunFolder:
    """``manifest.json``, ``readings.jsonl``, ``score.json``, ``report.md`` in one folder."""

    path: Path

    @property
    def readings_path(self) -> Path:
        """Where readings are appended."""
        return self.path / "readings.jsonl"

    def manifest(self) -> dict[str, Any]:
        """Return the manifest.

        Raises
        ------
        RunError
            When there is none, or it is not JSON of a run.
        """
        path = self.path / "manifest.json"
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            settings_from(data["settings"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self.path} is no run folder: {path.name} cannot be read ({error})") from error
        return data

    def settings(self) -> RunSettings:
        """Return what decided the run; raises as :meth:`manifest`."""
        return settings_from(self.manifest()["settings"])

    def readings(self) -> tuple[dict[RecordId, Reading], int]:
        """Return the readings of the first asking by ``ecg_id``, and how many torn lines were dropped."""
        found, torn = self.every_reading()
        return {asked.ecg_id: reading for asked, reading in found.items() if asked.repeat == 0}, torn

    def every_reading(self) -> tuple[dict[Asked, Reading], int]:
        """Return the readings of every asking, and how many torn lines were dropped (a kill in mid-write leaves one).

        The last reading of an asking counts, so that a retry replaces a failed call.

        Raises
        ------
        RunError
            When a line before the last is damaged: that is no kill.
        """
        found: dict[Asked, Reading] = {}
        if not self.readings_path.is_file():
            return found, 0
        lines = self.readings_path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                entry = json.loads(line)
                asked = Asked(int(entry["ecg_id"]), int(entry.get("repeat", 0)))
                found[asked] = Reading.from_json(entry["reading"])
            except (ValueError, KeyError, TypeError, BenchError) as error:
                if number == len(lines):
                    return found, 1
                raise RunError(f"line {number} of {self.readings_path} is damaged: {error}") from error
        return found, 0

    def paid(self) -> float:
        """Return the US dollars that this run has cost: every line counts, those that a retry replaced too."""
        if not self.readings_path.is_file():
            return 0.0
        usages = [_usage(line) for line in self.readings_path.read_bytes().split(b"\n")]
        return sum(float(usage.get("cost") or 0.0) for usage in usages if not usage.get("reused"))

    def score(self) -> Score:
        """Return the score that was written.

        Raises
        ------
        RunError
            When there is none, or it has another form.
        """
        path = self.path / "score.json"
        try:
            return Score.from_json(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise RunError(f"{path} does not exist: 'bench run' or 'bench score' writes it") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read: {error}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process.

        Raises
        ------
        taxonomy.error.StorageError
            When another process holds it, or it cannot be made.
        """
        with held(self.path):
            yield

    @contextmanager
    def appending(self) -> Iterator[FileIO]:
        """Open the readings for appending, after cutting off a torn last line."""
        with opened_for_append(self.readings_path) as out:
            yield out

    def append(self, out: FileIO, asked: Asked, case_id: str, reading: Reading) -> None:
        """Write one reading and hand it to the operating system; raises as :func:`bench.storage.append`."""
        repeat = {"repeat": asked.repeat} if asked.repeat else {}
        append(
            out,
            self.readings_path,
            {"ecg_id": asked.ecg_id, **repeat, "case_id": case_id, "reading": reading.to_json()},
        )

    def write(self, name: str, text: str) -> Path:
        """Write a file whole or not at all."""
        return write_whole(self.path / name, text)


def _usage(line: bytes) -> Mapping[str, Any]:
    try:
        usage: Mapping[str, Any] = json.loads(line)["reading"].get("usage", {})
    except (ValueError, KeyError, TypeError):
        return {}
    return usage
