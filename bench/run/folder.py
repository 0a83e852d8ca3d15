"""Run folders: manifest, readings appended one by one, score and report."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from bench.dataset import RecordId
from bench.run.questionnaire import Keep
from bench.run.settings import RunSettings, settings_from
from bench.score.result import Score
from bench.storage import append, held, opened_for_append, write_whole
from bench.view import Question, QuestionKey, View
from taxonomy.error import BenchError, FileError, RunError, unknown_name
from taxonomy.outside import MEBIBYTE, Bounds, object_in, outside_bytes, outside_object
from taxonomy.reading import Reading

MOST_READINGS = 2048 * MEBIBYTE
"""Bytes of a run's readings at most."""

LINE = Bounds(size=16 * MEBIBYTE, once=True)
"""What a line of the readings may be: an answer with long reasoning is a hundredth of it."""

ONCE = Bounds(once=True)


@dataclass(frozen=True)
class Entry:
    """A line of ``readings.jsonl``.

    Attributes
    ----------
    key : QuestionKey
    case_id : str
        The opaque id under which the reader saw the record; empty where the line does not tell it.
    reading : Reading
    """

    key: QuestionKey
    case_id: str
    reading: Reading


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
            When it is missing, is not the manifest of a run, or its run id does not follow from its settings.
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
            data = object_in(path, bounds=ONCE)
            settings = settings_from(data.get("settings"))
        except BenchError as error:
            reason = str(error).removeprefix(f"{path} cannot be read: ")
            raise RunError(f"{self.path} is no run folder: {path.name} cannot be read ({reason})") from error
        if data.get("run_id") != settings.run_id:
            raise RunError(
                f"{self.path} cannot be used: the run_id in its manifest does not follow from its settings, so it was "
                "edited or made by another version: run it again"
            )
        return data, settings

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
        entries, torn = self.entries()
        return latest(entries), torn

    def entries(self) -> "tuple[list[Entry], int]":
        """Return every line of the readings in their order, and the number of torn ones; raises as its reader."""
        found: list[Entry] = []
        if not os.path.lexists(self.readings_path):
            return found, 0
        lines = outside_bytes(self.readings_path, RunError, MOST_READINGS).split(b"\n")
        for number, line in enumerate(lines, start=1):
            if not line:
                continue
            try:
                found.append(_entry(line))
            except BenchError as error:
                if number == len(lines):
                    return found, 1
                raise RunError(f"line {number} of {self.readings_path} is damaged: {error}") from error
        return found, 0

    def paid(self) -> float:
        """Return what this run has cost in US dollars, including readings that a retry has replaced."""
        usages = [entry.reading.usage for entry in self.entries()[0]]
        return sum(usage.cost or 0.0 for usage in usages if not usage.reused)

    def score(self) -> Score:
        """Return the stored score.

        Raises
        ------
        RunError
            When it is missing or malformed.
        """
        path = self.path / "score.json"
        if not os.path.lexists(path):
            raise RunError(f"{path} does not exist: 'bench run' or 'bench score' writes it")
        try:
            return Score.from_json(object_in(path, RunError, ONCE))
        except FileError as error:
            raise RunError(f"{path} cannot be used: {error}") from error

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


def latest(entries: Iterable[Entry]) -> dict[QuestionKey, Reading]:
    """Return the reading of every question; the last one of a question counts."""
    return {entry.key: entry.reading for entry in entries}


def _entry(line: bytes) -> Entry:
    """Return the entry of a line that :meth:`RunFolder.appending` wrote; raises BenchError for any other."""
    data = outside_object(line, "it", RunError, LINE)
    for name in data:
        if name not in ("ecg_id", "repeat", "case_id", "reading"):
            raise unknown_name("part of a line", name, ("ecg_id", "repeat", "case_id", "reading"))
    ecg_id, repeat, case_id = data.get("ecg_id"), data.get("repeat", 0), data.get("case_id", "")
    if not _is_id(ecg_id):
        raise RunError(f"ecg_id is {ecg_id!r}, no whole number or name")
    if not isinstance(repeat, int) or isinstance(repeat, bool) or repeat < 0:
        raise RunError(f"repeat is {repeat!r}, no number of a repetition")
    if not isinstance(case_id, str):
        raise RunError(f"case_id is {case_id!r}, no text")
    return Entry(QuestionKey(ecg_id, repeat), case_id, Reading.from_json(data.get("reading")))


def _is_id(ecg_id: object) -> TypeGuard[RecordId]:
    return isinstance(ecg_id, int | str) and not isinstance(ecg_id, bool)
