"""Run folders: manifest, readings appended one by one, score and report."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.dataset import RecordId
from bench.run.questionnaire import Keep
from bench.run.settings import RunSettings, settings_from
from bench.score.result import Score
from bench.storage import append, held, opened_for_append, write_whole
from bench.view import Question, QuestionKey, View
from taxonomy.error import BenchError, RunError
from taxonomy.reading import Reading


@dataclass(frozen=True)
class RunFolder:
    """``manifest.json``, ``readings.jsonl``, ``score.json``, ``report.md`` in one folder."""

    path: Path

    @property
    def readings_path(self) -> Path:
        """The file that readings are appended to."""
        return self.path / "readings.jsonl"

    def manifest(self) -> dict[str, Any]:
        """Return the manifest.

        Raises
        ------
        RunError
            When it is missing, or is not the manifest of a run.
        """
        data, _ = self._checked_manifest()
        return data

    def settings(self) -> RunSettings:
        """Return the settings of the run; raises as :meth:`manifest`."""
        _, settings = self._checked_manifest()
        return settings

    def _checked_manifest(self) -> tuple[dict[str, Any], RunSettings]:
        path = self.path / "manifest.json"
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return data, settings_from(data["settings"])
        except OSError as error:
            raise RunError(f"{self.path} is no run folder: {path.name} cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, RecursionError, BenchError) as error:
            raise RunError(f"{self.path} is no run folder: {path.name} cannot be read ({error})") from error

    def view(self) -> View:
        """Return the view of the run.

        Raises
        ------
        taxonomy.error.RunError
            When the manifest holds no view, as those of earlier versions.
        """
        data = self.manifest()
        if "view" not in data:
            raise RunError(f"{self.path} does not hold its view: it was made by an earlier version, run it again")
        return View.from_json(data["view"])

    def every_reading(self) -> tuple[dict[QuestionKey, Reading], int]:
        """Return the reading of every question, and the number of torn lines dropped (0 or 1: a kill can leave one).

        The last reading of a question counts, so that a retry replaces a failed call.

        Raises
        ------
        RunError
            When a line before the last is damaged, which a kill cannot cause.
        """
        found: dict[QuestionKey, Reading] = {}
        if not self.readings_path.is_file():
            return found, 0
        lines = self.readings_path.read_bytes().split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                entry = json.loads(line)
                asked = QuestionKey(entry["ecg_id"], int(entry.get("repeat", 0)))
                found[asked] = Reading.from_json(entry["reading"])
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError, BenchError) as error:
                if number == len(lines):
                    return found, 1
                raise RunError(f"line {number} of {self.readings_path} is damaged: {error}") from error
        return found, 0

    def paid(self) -> float:
        """Return what this run has cost in US dollars, including readings that a retry has replaced."""
        if not self.readings_path.is_file():
            return 0.0
        usages = [_usage(line) for line in self.readings_path.read_bytes().split(b"\n")]
        return sum(float(usage.get("cost") or 0.0) for usage in usages if not usage.get("reused"))

    def score(self) -> Score:
        """Return the stored score.

        Raises
        ------
        RunError
            When it is missing or malformed.
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
    def appending(self, case_id: Callable[[RecordId], str]) -> Iterator[Keep]:
        """Yield a function that appends readings; a torn last line is cut off first.

        Parameters
        ----------
        case_id : callable
            Returns the opaque id of a record in this run.
        """
        with opened_for_append(self.readings_path) as out:

            def keep(question: Question, reading: Reading) -> None:
                ecg_id, repeat = question.record.ecg_id, {"repeat": question.repeat} if question.repeat else {}
                entry = {"ecg_id": ecg_id, **repeat, "case_id": case_id(ecg_id), "reading": reading.to_json()}
                append(out, self.readings_path, entry)

            yield keep

    def write(self, name: str, text: str) -> Path:
        """Write a file whole or not at all."""
        return write_whole(self.path / name, text)


def _usage(line: bytes) -> Mapping[str, Any]:
    try:
        usage: Mapping[str, Any] = json.loads(line)["reading"].get("usage", {})
    except (ValueError, KeyError, TypeError):
        return {}
    return usage
