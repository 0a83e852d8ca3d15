"""Submissions to the leaderboard; each of their figures can be recomputed from the readings.

A submission is a folder in ``results/submissions/`` with ``manifest.json``, ``readings.jsonl`` and ``score.json`` of a
run, and ``submission.json``: who handed it in, when, and where more is told.
"""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.dataset import Dataset, always_at_hand
from bench.dataset.coverage import coverage_of
from bench.run.caveat import caveats
from bench.run.folder import RunFolder
from bench.run.rescoring import scored
from bench.run.settings import RunSettings
from bench.score import Score
from bench.storage import as_json, sha256
from bench.view import QuestionKey
from taxonomy.error import FileError, RunError, SubmissionError

FILES = ("manifest.json", "readings.jsonl", "score.json")
ORIGIN = "submission.json"

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
        When the name is empty, too long or not one printable line, or the link is not one of the web.
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
            self._check_date()

    def _check_date(self) -> None:
        try:
            datetime.fromisoformat(self.submitted)
        except ValueError:
            raise SubmissionError(f"a submission's date is not {self.submitted!r}") from None


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
        or when it is there already.
    """
    submission = read_submission(RunFolder(run))
    target = results / "submissions" / submission.settings.run_id
    if target.exists():
        raise SubmissionError(
            f"{target} is there already, and a submission is never overwritten: to replace it, remove that folder first"
        )
    problem = problem_of(submission, dataset)
    if problem:
        raise SubmissionError(f"{run} cannot be submitted: {problem}")
    dated = Origin(origin.by, origin.link, datetime.now(UTC).isoformat(timespec="seconds"))
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name in FILES:
            shutil.copyfile(run / name, part / name)
        (part / ORIGIN).write_text(as_json(asdict(dated)), encoding="utf-8")
        part.rename(target)
    except OSError as error:
        raise SubmissionError(f"{target} cannot be written: {error.strerror}") from error
    return target


def read_submission(folder: RunFolder) -> Submission:
    """Read a run folder or a submission.

    Raises
    ------
    SubmissionError
        When its manifest or score is missing or of another form.
    """
    try:
        return Submission(folder, folder.settings(), folder.score(), _origin(folder.path / ORIGIN))
    except (FileError, RunError) as error:
        raise SubmissionError(f"{folder.path} is no submission: {error}") from error


def _origin(path: Path) -> Origin | None:
    if not path.is_file():
        return None
    try:
        return Origin(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise SubmissionError(f"{path} cannot be read: {error}") from error


def problem_of(submission: Submission, dataset: Dataset) -> str | None:
    """Return why a submission is not valid, None if it is: whole, never taught, answered, score as recomputed."""
    settings = submission.settings
    if submission.folder.manifest().get("run_id") != settings.run_id:
        return "the run_id in its manifest does not follow from its settings"
    return _part_of(submission, dataset) or _unanswered(submission) or _unfounded(submission, dataset)


def _unanswered(submission: Submission) -> str | None:
    """Return which cases of a run have no answer to score, None for none."""
    readings, torn = submission.folder.every_reading()
    settings = submission.settings
    asked = {QuestionKey(ecg_id, repeat) for ecg_id in settings.ids for repeat in range(settings.repeats)}
    missing = asked - readings.keys()
    if missing or torn:
        return f"{len(missing)} of {len(asked)} cases have no reading; finish the run first"
    if readings.keys() - asked:
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
    told = submission.folder.manifest().get("coverage")
    if not isinstance(told, dict):
        return "its manifest tells no coverage: it was made by an earlier version, run it again"
    coverage = coverage_of(dataset, settings.split, settings.ids)
    wrong = caveats(coverage, int(told.get("taught") or 0))
    if wrong:
        return f"{wrong[0][0].lower()}{wrong[0][1:-1]}"
    return None if settings.split == coverage.split else f"{settings.split!r} is not the name of its split"


def _rests_on_others(submission: Submission, dataset: Dataset) -> bool:
    """Tell whether other recordings are at hand than those that the score of a submission rests on."""
    signals = submission.folder.manifest().get("signals")
    return bool(signals != dataset.signal_fingerprint(submission.settings.ids))


def submissions(results: Path) -> list[Submission]:
    """Return every submission in a results folder, in the order of their names.

    Raises
    ------
    SubmissionError
        When one cannot be read, or does not say who handed it in.
    """
    found = [read_submission(RunFolder(path.parent)) for path in sorted(results.glob("submissions/*/manifest.json"))]
    for entry in found:
        if entry.origin is None:
            raise SubmissionError(f"{entry.folder.path} has no {ORIGIN}: 'bench submit RUN --by NAME' writes it")
    return found


def check(results: Path, dataset: Dataset, report: Callable[[str, str | None], None]) -> bool:
    """Recompute every submitted score, and report each name with its problem; return whether all hold.

    A submission can be checked only where its records are; others are reported as not checked. Phantoms are always at
    hand: a submission that rests on others than are simulated today does not hold.
    """
    sources = {dataset.name: dataset}
    good = True
    for submission in submissions(results):
        settings = submission.settings
        phantoms = None if settings.dataset in sources else always_at_hand(settings.dataset)
        if phantoms is not None:
            sources[settings.dataset] = phantoms
        if settings.dataset not in sources:
            report(settings.run_id, "not checked: its records are not here, name PTB-XL's folder with --data")
            continue
        if _rests_on_others(submission, sources[settings.dataset]) and not sources[settings.dataset].is_simulated:
            report(settings.run_id, "not checked: its score rests on other recordings than are here")
            continue
        problem = problem_of(submission, sources[settings.dataset])
        report(settings.run_id, problem)
        good = good and problem is None
    return good
