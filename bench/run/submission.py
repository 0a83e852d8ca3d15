"""Submissions to the leaderboard; each of their figures can be recomputed from the readings.

A submission is a folder in ``results/submissions/`` with ``manifest.json``, ``readings.jsonl`` and ``score.json``.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.dataset import Dataset, open_dataset
from bench.run.folder import RunFolder
from bench.run.rescoring import scored
from bench.run.settings import RunSettings
from bench.score import Score
from bench.storage import as_json
from bench.view import QuestionKey
from taxonomy.error import FileError, RunError, SubmissionError

FILES = ("manifest.json", "readings.jsonl", "score.json")


@dataclass(frozen=True, eq=False)
class Submission:
    """An entry of the leaderboard."""

    folder: RunFolder
    settings: RunSettings
    score: Score


def submit(run: Path, results: Path, dataset: Dataset) -> Path:
    """Validate a run and copy it to ``results/submissions``; return the new folder.

    Raises
    ------
    SubmissionError
        When it is incomplete, has failed calls, or its score does not follow from its readings.
    """
    submission = read_submission(RunFolder(run))
    problem = problem_of(submission, dataset)
    if problem:
        raise SubmissionError(f"{run} cannot be submitted: {problem}")
    target = results / "submissions" / submission.settings.run_id
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(run / name, target / name)
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
        return Submission(folder, folder.settings(), folder.score())
    except (FileError, RunError) as error:
        raise SubmissionError(f"{folder.path} is no submission: {error}") from error


def problem_of(submission: Submission, dataset: Dataset) -> str | None:
    """Return why a submission is not valid, None if it is: complete, no failed calls, score as recomputed."""
    readings, torn = submission.folder.every_reading()
    settings = submission.settings
    if submission.folder.manifest().get("run_id") != settings.run_id:
        return "the run_id in its manifest does not follow from its settings"
    asked = {QuestionKey(ecg_id, repeat) for ecg_id in settings.ids for repeat in range(settings.repeats)}
    missing = asked - readings.keys()
    if missing or torn:
        return f"{len(missing)} of {len(asked)} cases have no reading; finish the run first"
    if readings.keys() - asked:
        return "it holds readings of records that are not in its manifest"
    failed = sum(reading.outcome == "failed" for reading in readings.values())
    if failed:
        return f"{failed} of its cases are failed calls, which are no answers"
    if as_json(scored(submission.folder, dataset).to_json()) != as_json(submission.score.to_json()):
        return "its score.json does not follow from its readings: 'bench score' computes it anew"
    return None


def submissions(results: Path) -> list[Submission]:
    """Return every submission in a results folder, in the order of their names."""
    return [read_submission(RunFolder(path.parent)) for path in sorted(results.glob("submissions/*/manifest.json"))]


def check(results: Path, dataset: Dataset, report: Callable[[str, str | None], None]) -> bool:
    """Recompute every submitted score, and report each name with its problem; return whether all hold.

    A submission can be checked only where its records are; others are reported as not checked. The embedded sample is
    always at hand.
    """
    sources = {dataset.name: dataset}
    good = True
    for submission in submissions(results):
        settings = submission.settings
        if settings.is_sample and settings.dataset not in sources:
            sources[settings.dataset] = open_dataset("sample")
        if settings.dataset not in sources:
            report(settings.run_id, "not checked: its records are not here, name PTB-XL's folder with --data")
            continue
        problem = problem_of(submission, sources[settings.dataset])
        report(settings.run_id, problem)
        good = good and problem is None
    return good
