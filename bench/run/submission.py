"""Submissions to the leaderboard; each of their figures can be recomputed from the readings.

A submission is a folder in ``results/submissions/`` with ``manifest.json``, ``readings.jsonl`` and ``score.json`` of a
run, and ``submission.json``: who handed it in, when, and where more is told.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from bench.dataset import Dataset
from bench.dataset.coverage import coverage_of
from bench.dataset.phantom import phantoms_named
from bench.run.caveat import caveats, is_sample, taught_records
from bench.run.folder import READINGS, Entry, RunFolder, latest
from bench.run.rescoring import scored
from bench.run.settings import RunSettings, offer_of
from bench.run.submission_form import (
    FILES,
    LARGEST,
    ORIGIN,
    ManifestForm,
    answers_digest,
    check_date,
    check_files,
    check_folder,
    form_of,
    readings_problem,
)
from bench.score import Score
from bench.storage import as_json, as_line, sha256
from readers.registry import installed_readers
from readers.registry import reader as reader_named
from readers.setting import checked_settings
from readers.vlm.option import REMOTE_CODE
from taxonomy.error import BenchError, SubmissionError
from taxonomy.outside import object_in, outside_bytes

LONGEST = 200
"""Characters of a name or a link at most."""

_LINK = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w.~:/?#@!$&'*+,;=%()-]*)?", re.ASCII)


@dataclass(frozen=True)
class Origin:
    """Who handed in a submission.

    Attributes
    ----------
    by : str
    link : str
        Where more is told; may be empty.
    submitted : str
        Date and time, ISO 8601, UTC.

    Raises
    ------
    SubmissionError
        When the name is empty, too long or not one printable line, the link is not one of the web, or the date
        none of the past.
    """

    by: str
    link: str = ""
    submitted: str = ""

    def __post_init__(self) -> None:
        named = (self.by, self.link, self.submitted)
        if not all(isinstance(one, str) and len(one) <= LONGEST for one in named):
            raise SubmissionError(f"the name, link and date of a submission are texts of {LONGEST} characters at most")
        if not self.by.strip() or not self.by.isprintable():
            raise SubmissionError(f"--by takes the name of who submits, on one line, not {self.by!r}")
        if self.link and not _LINK.fullmatch(self.link):
            raise SubmissionError(f"--link takes an address that begins with https:// or http://, not {self.link!r}")
        if self.submitted:
            check_date(self.submitted, "the date of a submission")


@dataclass(frozen=True, eq=False)
class Submission:
    """An entry of the leaderboard, or a run that is to be one.

    Attributes
    ----------
    folder : RunFolder
    settings : RunSettings
    score : Score
    origin : Origin or None
        None for a run that is not submitted yet.
    """

    folder: RunFolder
    settings: RunSettings
    score: Score
    origin: Origin | None = None

    @cached_property
    def form(self) -> ManifestForm:
        """The manifest, each of its parts checked; raises as :func:`~bench.run.submission_form.form_of`."""
        return form_of(self.folder)

    @cached_property
    def entries(self) -> tuple[list[Entry], int]:
        """Every line of the readings, and the number of torn ones; raises as :meth:`RunFolder.entries`."""
        return self.folder.entries()

    @cached_property
    def answers(self) -> str:
        """A digest of all that was answered: the same for a copy under another name."""
        return answers_digest(latest(self.entries[0]))

    @property
    def key(self) -> str:
        """The run id with a digest of the readings: the same for the same answers only."""
        return f"{self.settings.run_id} {sha256(self.folder.readings_path)[:16]}"


def submit(run: Path, results: Path, dataset: Dataset, origin: Origin) -> Path:
    """Validate a run and copy it to ``results/submissions``; return the new folder.

    Raises
    ------
    SubmissionError
        When it is incomplete, partial, taught, or has failed calls; when its score does not follow from its readings;
        when its answers are those of another submission; or when it is there already.
    """
    folder = RunFolder(run)
    check_files(run, [name for name in FILES if name != READINGS or not folder.shard_files])
    submission = read_submission(folder)
    target = results / "submissions" / submission.settings.run_id
    if os.path.lexists(target):
        raise SubmissionError(
            f"{target} is there already, and a submission is never overwritten: to replace it, remove that folder first"
        )
    problem = problem_of(submission, dataset) or _copied(submission, submissions(results))
    if problem:
        raise SubmissionError(f"{run} cannot be submitted: {problem}")
    dated = Origin(origin.by, origin.link, datetime.now(UTC).isoformat(timespec="seconds"))
    contents = {name: _content(submission, name) for name in FILES}
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, content in {**contents, ORIGIN: as_json(asdict(dated)).encode()}.items():
            (part / name).write_bytes(content)
        part.rename(target)
    except OSError as error:
        raise SubmissionError(f"{target} cannot be written: {error.strerror}") from error
    return target


def _content(submission: Submission, name: str) -> bytes:
    """Return a file of a run as it is submitted: the readings of shards are one file."""
    if name == READINGS and submission.folder.shard_files:
        return b"".join(as_line(entry.to_json()) for entry in submission.entries[0])
    return outside_bytes(submission.folder.path / name, SubmissionError, LARGEST[name], links=False)


def read_submission(folder: RunFolder) -> Submission:
    """Read a run folder or a submission.

    Raises
    ------
    SubmissionError
        When its manifest or score is missing or of another form.
    """
    try:
        return Submission(folder, folder.settings(), folder.score(), _origin(folder.path / ORIGIN))
    except SubmissionError:
        raise
    except BenchError as error:
        raise SubmissionError(f"{folder.path} is no submission: {error}") from error


def _origin(path: Path) -> Origin | None:
    if not os.path.lexists(path):
        return None
    check_files(path.parent, (ORIGIN,))
    return checked_settings(Origin, object_in(path, SubmissionError), f"{path}:")


def problem_of(submission: Submission, dataset: Dataset) -> str | None:
    """Return why a submission is not valid, None if it is: whole, never taught, answered, score as recomputed."""
    try:
        return (
            _part_of(submission, dataset)
            or _of_another_reader(submission, dataset)
            or readings_problem(submission.entries[0], submission.settings)
            or _unanswered(submission)
            or _unfounded(submission, dataset)
        )
    except BenchError as error:
        return str(error)


def _unanswered(submission: Submission) -> str | None:
    """Return which cases of a run have no answer to score, None for none."""
    entries, torn = submission.entries
    readings, settings = latest(entries), submission.settings
    ids, asked = set(settings.ids), len(settings.ids) * settings.repeats
    foreign = sum(key.ecg_id not in ids or key.repeat >= settings.repeats for key in readings)
    missing = asked - (len(readings) - foreign)
    if missing or torn:
        return f"{missing} of {asked} cases have no reading; finish the run first"
    if foreign:
        return "it holds readings of records that are not in its manifest"
    failed = sum(reading.outcome == "failed" for reading in readings.values())
    return f"{failed} of its cases are failed calls, which are no answers" if failed else None


def _unfounded(submission: Submission, dataset: Dataset) -> str | None:
    """Return why the score of a submission does not stand, None if it is as recomputed."""
    if _rests_on_others(submission, dataset):
        return "its score rests on other recordings than are here: 'bench run' and the same options make it anew"
    if as_json(scored(submission.folder, dataset).to_json()) != as_json(submission.score.to_json()):
        return "its score.json does not follow from its readings: 'bench score' computes it anew"
    return None


def _part_of(submission: Submission, dataset: Dataset) -> str | None:
    """Return why a run is not one of a whole split that its reader was never taught, None if it is."""
    settings = submission.settings
    if settings.dataset != dataset.name:
        return f"it was made on {settings.dataset}, not on {dataset.name}: name its dataset with --data"
    if (settings.dataset_version, settings.is_simulated) != (dataset.version, dataset.is_simulated):
        return f"it was made on version {settings.dataset_version!r} of {dataset.name}, and here is {dataset.version!r}"
    told = submission.form.coverage
    coverage = coverage_of(dataset, settings.split, settings.ids)
    # Everyone draws the same records, by seed 0: of many seeds the best could be handed in.
    size = len(settings.ids) if is_sample(settings.reader, settings.split, coverage) else None
    wrong = caveats(coverage, told.taught, is_drawn=size is not None)
    if wrong:
        return f"{wrong[0][0].lower()}{wrong[0][1:-1]}"
    if settings.split != f"{coverage.split}{'' if size is None else f'-sample{size}'}":
        return f"{settings.split!r} is not the name of its split"
    if settings.ids != dataset.cohort(coverage.split, limit=size, with_signal=False).ids:
        whose = "those of" if size is None else f"the {size} that are drawn by lot from"
        return f"its ids are not {whose} split {coverage.split!r}, each once and in their order"
    if (told.split, told.records, told.of) != (coverage.split, coverage.records, coverage.of):
        return "its manifest tells another coverage than its ids have"
    return None


def _of_another_reader(submission: Submission, dataset: Dataset) -> str | None:
    """Return how a run by a reader of this project contradicts that reader, None if it does not.

    Only readers that need nothing but their name can be made here; of others, and of weights of one's own, which are a
    file elsewhere, there is nothing to compare with.
    """
    settings = submission.settings
    entry = installed_readers().get(settings.reader)
    if entry is None or not entry.module.startswith("readers.") or "weights" in settings.options:
        return None
    if settings.options.get(REMOTE_CODE):
        return f"its options hold {REMOTE_CODE}: leave to run a model's code is given on the command line alone"
    reader = reader_named(settings.reader, settings.options)
    details = dict(getattr(reader, "details", {}))
    if dict(settings.reader_details) != details:
        return f"reader {settings.reader!r} is another here: {details} and not {dict(settings.reader_details)}"
    offer = offer_of(reader, submission.folder.view())
    if settings.offer != offer:
        return f"reader {settings.reader!r} does not offer or measure the axes that its settings name"
    taught = taught_records(reader, dataset.cohort(settings.split, with_signal=False))
    return f"{taught} of its records were taught to {settings.reader!r}" if taught else None


def _copied(submission: Submission, others: Iterable[Submission]) -> str | None:
    """Return whose answers a submission has to the letter, None for nobody's; one run stands in a table once."""
    settings = submission.settings
    for other in others:
        shared = (other.settings.dataset, other.settings.split) == (settings.dataset, settings.split)
        if shared and other.settings.run_id != settings.run_id and other.answers == submission.answers:
            return f"its answers are those of {other.settings.run_id} to the letter: one run is submitted once"
    return None


def _rests_on_others(submission: Submission, dataset: Dataset) -> bool:
    """Tell whether other recordings are at hand than those that the score of a submission rests on."""
    signals = submission.folder.manifest().get("signals")
    return bool(signals != dataset.signal_fingerprint(submission.settings.ids))


def submissions(results: Path) -> list[Submission]:
    """Return every submission in a results folder, in the order of their names.

    Raises
    ------
    SubmissionError
        When one cannot be read, has not the form of a submission, or does not say who handed it in.
    """
    return [_entry(path) for path in _entries(results)]


def _entries(results: Path) -> list[Path]:
    """Return the folders of the submissions; a name with a dot before it is one that is being written."""
    folder = results / "submissions"
    if folder.is_symlink():
        raise SubmissionError(f"{folder} is a link: submissions are kept in the results folder itself")
    return sorted(path for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []


def _entry(path: Path) -> Submission:
    if path.is_dir() and not os.path.lexists(path / ORIGIN):
        raise SubmissionError(f"{path} has no {ORIGIN}: 'bench submit RUN --by NAME' writes it")
    check_folder(path)
    entry = read_submission(RunFolder(path))
    if path.name != entry.settings.run_id:
        raise SubmissionError(f"{path} is the submission {entry.settings.run_id}, under another name")
    try:
        entry.form  # noqa: B018  # checked before anything is made of it
    except BenchError as error:
        raise SubmissionError(f"{path} is no submission: {error}") from error
    return entry


def check(results: Path, dataset: Dataset, report: Callable[[str, str | None], None]) -> bool:
    """Recompute every submitted score, and report each name with its problem; return whether all hold.

    A submission can be checked only where its records are; others are reported as not checked. Phantoms are always at
    hand: a submission that rests on others than are simulated today does not hold.
    """
    sources = {dataset.name: dataset}
    read: list[Submission] = []
    good = True
    for path in _entries(results):
        try:
            submission = _entry(path)
            problem = _copied(submission, read)
            read.append(submission)
        except BenchError as error:
            report(_printable(path.name), str(error))
            good = False
            continue
        unchecked = None if problem else _unchecked(submission, sources)
        if unchecked:
            report(path.name, f"not checked: {unchecked}")
            continue
        problem = problem or problem_of(submission, sources[submission.settings.dataset])
        report(path.name, problem)
        good = good and problem is None
    return good


def _unchecked(submission: Submission, sources: dict[str, Dataset]) -> str | None:
    """Return why a submission cannot be checked here, None if it can; phantoms are added to the datasets at hand."""
    name = submission.settings.dataset
    phantoms = None if name in sources else phantoms_named(name)
    if phantoms is not None:
        sources[name] = phantoms
    if name not in sources:
        return "its records are not here, name PTB-XL's folder with --data"
    dataset = sources[name]
    # Records that the dataset does not have are no recordings of others: they are a problem of the submission.
    if dataset.is_simulated or not {record.ecg_id for record in dataset}.issuperset(submission.settings.ids):
        return None
    return "its score rests on other recordings than are here" if _rests_on_others(submission, dataset) else None


def _printable(name: str) -> str:
    return name if name.isprintable() else repr(name)
