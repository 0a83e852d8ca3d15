"""The form of a submission: all that a stranger's folder must be before a figure in it is looked at.

Nothing here needs a recording or a label. Names and texts are those that a run writes, files are plain and of bounded
size, and what the manifest tells twice agrees.
"""

import hashlib
import json
import re
import stat
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Interval

from bench.dataset import RecordId
from bench.run.folder import Entry, RunFolder
from bench.run.settings import RunSettings, shown_by
from bench.score.scored_case import EVERY_AXIS
from bench.view import QuestionKey, View, condition_named
from readers.human import is_person
from readers.registry import is_installed
from readers.setting import checked_settings
from taxonomy.axis import SAME_ANSWERS, VERSION
from taxonomy.error import SubmissionError
from taxonomy.outside import MEBIBYTE
from taxonomy.reading import Reading
from taxonomy.target import target_format

ORIGIN = "submission.json"

LARGEST = {
    "manifest.json": 16 * MEBIBYTE,
    "readings.jsonl": 256 * MEBIBYTE,
    "score.json": 16 * MEBIBYTE,
    ORIGIN: MEBIBYTE // 16,
}
"""Bytes of each file of a submission at most; there are no others."""

FILES = tuple(name for name in LARGEST if name != ORIGIN)
"""The files that are taken from a run."""

LONGEST = 500
"""Characters of a text in a manifest at most."""

AHEAD = timedelta(days=1)
"""How far another clock may be ahead of ours."""

_READER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/\\@+~,=-]{0,199}")
_HEX = re.compile(r"[0-9a-f]{1,64}\+?")
_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class ToldCoverage:
    """What a manifest tells of a run's coverage, and how many of its records were taught."""

    split: str
    records: Annotated[int, Interval(ge=0)]
    of: Annotated[int, Interval(ge=0)]
    recordings: Annotated[int, Interval(ge=0)]
    taught: Annotated[int, Interval(ge=0)]


@dataclass(frozen=True)
class ManifestForm:
    """Every part of a manifest of this version, with its type."""

    run_id: str
    settings: Mapping[str, Any]
    view: Mapping[str, Any]
    coverage: ToldCoverage
    signals: str
    data: str
    started: str
    python: str
    packages: Mapping[str, str | None]
    git_revision: str | None = None
    donors: Mapping[str, RecordId] = field(default_factory=dict)
    examples: tuple[RecordId, ...] = ()


def check_files(folder: Path, names: Collection[str]) -> None:
    """Check that these files of a folder are regular files of bounded size; nothing is opened.

    Raises
    ------
    SubmissionError
        When one is missing, too large, a link, a pipe, a device or a folder.
    """
    for name in names:
        path = folder / name
        try:
            state = path.lstat()
        except OSError as error:
            raise SubmissionError(f"{folder} is no submission: {name} cannot be read ({error.strerror})") from error
        if not stat.S_ISREG(state.st_mode):
            raise SubmissionError(f"{folder} is no submission: {name} is a link or no regular file")
        if state.st_size > LARGEST[name]:
            raise SubmissionError(f"{folder} is no submission: {name} is larger than {LARGEST[name]:,} bytes")


def check_folder(folder: Path) -> None:
    """Check that a folder in ``results/submissions`` is one, and holds the files of a submission and nothing else.

    Raises
    ------
    SubmissionError
        When it is not so.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise SubmissionError(f"{folder} is no submission: it is a link or no folder")
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in LARGEST)
    if foreign:
        raise SubmissionError(f"{folder} is no submission: it holds {foreign[0]!r}, and may hold {', '.join(LARGEST)}")
    check_files(folder, FILES)


def check_date(written: str, what: str) -> None:
    """Check that a text is a date and time with a time zone, not later than now.

    Raises
    ------
    SubmissionError
        When it is none; another clock may be ahead of ours by a day.
    """
    try:
        date = datetime.fromisoformat(written)
    except ValueError:
        raise SubmissionError(f"{what} is {written!r}, which is no date") from None
    if date.tzinfo is None:
        raise SubmissionError(f"{what} is {written!r}, which has no time zone")
    if date.timestamp() > (datetime.now(UTC) + AHEAD).timestamp():
        raise SubmissionError(f"{what} is {written!r}, which is still to come")


def form_of(folder: RunFolder) -> ManifestForm:
    """Return the manifest of a run, each of its parts checked.

    Raises
    ------
    taxonomy.error.BenchError
        When it has other parts or types, a text that no run writes, or contradicts itself.
    """
    data, settings = folder.manifest(), folder.settings()
    missing = [item.name for item in fields(ManifestForm) if _is_required(item) and item.name not in data]
    if missing:
        raise SubmissionError(f"its manifest tells no {missing[0]}: it was made by an earlier version, run it again")
    form = checked_settings(ManifestForm, data, "part of the manifest")
    _check_texts({name: value for name, value in data.items() if name != "settings"}, "its manifest")
    _check_texts({name: value for name, value in data["settings"].items() if name != "condition"}, "its settings")
    if form.git_revision is not None and not _HEX.fullmatch(form.git_revision):
        raise SubmissionError(f"its manifest holds the git_revision {form.git_revision!r}, which is none")
    check_date(form.started, "the start in its manifest")
    _check_settings(settings)
    _check_view(form.view, settings)
    return form


def _is_required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def readings_problem(entries: Sequence[Entry], settings: RunSettings) -> str | None:
    """Return how the lines of the readings are not those of such a run, None if they are.

    Each question has one answer, which failed calls may come before; each line has the opaque id that its record has
    in this run and no other. A person may correct the answer that was given last, before the next one.
    """
    given = [entry.key for entry in entries if entry.is_answer()]
    if is_person(settings.reader):
        given = [key for key, _ in groupby(given)]
    answers = Counter(given)
    twice = next((key for key, count in answers.items() if count > 1), None)
    if twice is not None:
        return f"it answers record {twice.ecg_id!r} {answers[twice]} times: a case is asked once"
    view = View(seed=settings.seed)
    for entry in entries:
        if entry.case_id != view.case_id(settings.run_id, entry.key.ecg_id):
            return f"the case_id of record {entry.key.ecg_id!r} is not that of its run: its readings are of another run"
    return None


def answers_digest(readings: Mapping[QuestionKey, Reading]) -> str:
    """Return a digest of all that was answered, by record: the same for a copy under another name."""
    told = sorted((str(key.ecg_id), key.repeat, reading.to_json()) for key, reading in readings.items())
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _check_texts(data: object, where: str) -> None:
    """Check that every text in some data is one printable line without markup; the data is as deep as JSON may be."""
    if isinstance(data, str):
        if len(data) > LONGEST or not data.isprintable() or "<" in data or ">" in data:
            raise SubmissionError(f"{where} holds {data[:60]!r}, which is no plain text of one line")
    elif isinstance(data, Mapping):
        for name, value in data.items():
            _check_texts(name, where)
            # A condition of the user's own is JSON in a text, and has its own check.
            if not (name == "condition" and isinstance(value, str)):
                _check_texts(value, where)
    elif isinstance(data, list):
        for value in data:
            _check_texts(value, where)


def _check_settings(settings: RunSettings) -> None:
    if settings.taxonomy_version not in SAME_ANSWERS:
        raise SubmissionError(f"it answers taxonomy {settings.taxonomy_version!r}, and this version asks {VERSION}")
    if settings.form:
        target_format(settings.form)
    wrong = [name for name in settings.axes if name not in EVERY_AXIS]
    measured = [name for name in settings.measured if name.partition(" by ")[0] not in settings.axes]
    if wrong or measured or list(settings.axes) != sorted({*settings.axes}):
        raise SubmissionError(f"its axes are {(wrong or measured or list(settings.axes))[:5]}, which no reader offers")
    if condition_named(settings.condition).borrows_a_name:
        raise SubmissionError("its own condition has the name of another")
    _check_reader(settings.reader)


def _check_reader(name: str) -> None:
    """Check that the name says where a reader comes from: one that is registered here, or a class of a module."""
    if not _READER.fullmatch(name):
        raise SubmissionError(f"its reader {name[:60]!r} may hold only letters, digits, spaces and . _ : / @ + ~ , = -")
    if not is_installed(name) and not _CLASS.fullmatch(name):
        raise SubmissionError(f"there is no reader {name!r} here: run one of your own as package.module:Class")


def _check_view(told: Mapping[str, Any], settings: RunSettings) -> None:
    """Check that the view shows what the settings say."""
    # Compared before a view is made of it: a view reads the file of a condition that is named by its path.
    if told.get("condition") != settings.condition:
        raise SubmissionError("its view has another condition than its settings")
    for name, value in shown_by(View.from_json(told)).items():
        if getattr(settings, name) != value:
            raise SubmissionError(f"its settings say {name} = {getattr(settings, name)!r}, and its view {value!r}")
    if bool(settings.prompt) != ("text" in told["inputs"]):
        raise SubmissionError("its settings name a prompt where its view shows no text, or none where it does")
