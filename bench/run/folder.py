"""Run folders: manifest, readings appended one by one, score and report."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from bench.dataset import RecordId
from bench.run.hold import moment_held, shard_held, whole_held
from bench.run.questionnaire import Keep
from bench.run.settings import RunSettings, settings_from
from bench.run.shard import Shard
from bench.score.result import Score
from bench.storage import append, opened_for_append, write_whole
from bench.view import Question, QuestionKey, View
from taxonomy.error import BenchError, FileError, RunError, unknown_name
from taxonomy.outside import MEBIBYTE, Bounds, object_in, outside_bytes, outside_object
from taxonomy.reading import Reading

MOST_READINGS = 2048 * MEBIBYTE
"""Bytes of a run's readings at most."""

LINE = Bounds(size=16 * MEBIBYTE, once=True)
"""What a line of the readings may be: an answer with long reasoning is a hundredth of it."""

ONCE = Bounds(once=True)

READINGS = "readings.jsonl"

_SHARD = re.compile(r"readings-(0|[1-9]\d{0,5})\.jsonl", re.ASCII)


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

    def is_answer(self) -> bool:
        """Tell whether the reading is an answer, right, wrong or missing, and no failed call."""
        return self.reading.outcome != "failed"

    def to_json(self) -> dict[str, Any]:
        """Return the line as plain JSON data."""
        repeat = {"repeat": self.key.repeat} if self.key.repeat else {}
        return {"ecg_id": self.key.ecg_id, **repeat, "case_id": self.case_id, "reading": self.reading.to_json()}


@dataclass(frozen=True)
class RunFolder:
    """``manifest.json``, ``readings.jsonl``, ``score.json``, ``report.md`` in one folder.

    A run that was asked in shards has a ``readings-i.jsonl`` for each, and what this reads is all of them together.

    Attributes
    ----------
    path : Path
    shard : Shard or None
        The shard of the run that this process asks; None for everything.
    """

    path: Path
    shard: Shard | None = None

    @property
    def readings_path(self) -> Path:
        """The file that readings are appended to."""
        return self.path / (self.shard.file if self.shard else READINGS)

    @property
    def shard_files(self) -> list[Path]:
        """The files of shards that are there, in the shards' order."""
        found = {int(match[1]): path for path in self.path.glob("readings-*") if (match := _SHARD.fullmatch(path.name))}
        return [found[index] for index in sorted(found)]

    @property
    def whole(self) -> "RunFolder":
        """The folder without a shard of this process."""
        return RunFolder(self.path)

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
        """Return every line of the readings in their order, and the number of torn ones.

        Where shards have files of their own, failed calls come before answers: one may have been asked again in
        another file.

        Raises
        ------
        RunError
            When a line is damaged, a shard's file is of another run, or two of them answer the same question.
        """
        shards = self.shard_files
        if not shards:
            return lines_of(self.path / READINGS)
        files = {path: lines_of(path) for path in (*shards, self.path / READINGS)}
        self._check_own({path: files[path][0] for path in shards})
        check_disjoint({path: lines for path, (lines, _) in files.items()})
        every = [entry for lines, _ in files.values() for entry in lines]
        return sorted(every, key=Entry.is_answer), sum(torn for _, torn in files.values())

    def _check_own(self, files: Mapping[Path, list[Entry]]) -> None:
        """Check that the files of shards are of this run: a case has another id in each."""
        settings = self.settings()
        view = View(seed=settings.seed)
        for path, lines in files.items():
            for entry in lines:
                if entry.case_id != view.case_id(settings.run_id, entry.key.ecg_id):
                    raise RunError(
                        f"{path} is a shard of another run: the case_id of record {entry.key.ecg_id!r} is not that of "
                        f"{settings.run_id}; take the file away"
                    )

    def paid(self) -> float:
        """Return what this run has cost in US dollars, including readings that a retry has replaced."""
        return _paid(self.entries()[0])

    def paid_in(self, index: int) -> float:
        """Return what the readings in the file of one shard have cost in US dollars, in whichever division."""
        return _paid(lines_of(self.path / Shard(index, index + 1).file)[0])

    def paid_beside(self, of: int) -> float:
        """Return what readings have cost in US dollars that lie in the file of none of so many shards."""
        own = {Shard(index, of).file for index in range(of)}
        files = (path for path in (*self.shard_files, self.path / READINGS) if path.name not in own)
        return sum(_paid(lines_of(path)[0]) for path in files)

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
        """Hold the folder, or the shard's part of it, for this process.

        Raises
        ------
        taxonomy.error.StorageError
            When another process holds it, or it cannot be made.
        taxonomy.error.RunError
            When shards of another division are being asked.
        """
        with whole_held(self.path) if self.shard is None else shard_held(self.path, self.shard):
            yield

    @contextmanager
    def settling(self) -> Iterator[None]:
        """Hold what all shards share for a moment; a process that holds the whole folder has it already."""
        with nullcontext() if self.shard is None else moment_held(self.path):
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
                entry = Entry(question.key, case_id(question.record.ecg_id), reading)
                append(out, self.readings_path, entry.to_json())

            yield keep

    def write(self, name: str, text: str) -> Path:
        """Write a file whole or not at all."""
        return write_whole(self.path / name, text)


def lines_of(path: Path) -> tuple[list[Entry], int]:
    """Return every line of a file of readings, and the number of torn ones (0 or 1); none where there is no file.

    Raises
    ------
    RunError
        When a line before the last is damaged, which a kill cannot cause.
    """
    found: list[Entry] = []
    if not os.path.lexists(path):
        return found, 0
    lines = outside_bytes(path, RunError, MOST_READINGS).split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            found.append(_entry(line))
        except BenchError as error:
            if number == len(lines):
                return found, 1
            raise RunError(f"line {number} of {path} is damaged: {error}") from error
    return found, 0


def check_disjoint(files: Mapping[Path, Iterable[Entry]]) -> None:
    """Check that no question is answered in two files; a failed call may be asked again in another.

    Raises
    ------
    RunError
        Which names both files.
    """
    answered: dict[QuestionKey, Path] = {}
    for path, lines in files.items():
        for entry in filter(Entry.is_answer, lines):
            other = answered.setdefault(entry.key, path)
            if other != path:
                raise RunError(
                    f"{other} and {path.name} overlap: both answer record {entry.key.ecg_id!r}; take one of the two "
                    "away, and the same 'bench run' asks what is then missing"
                )


def _paid(entries: Iterable[Entry]) -> float:
    return sum(entry.reading.usage.cost or 0.0 for entry in entries if not entry.reading.usage.reused)


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
