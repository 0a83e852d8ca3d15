"""Submissions and the leaderboard that follows from them: every figure can be computed again from the readings.

A submission is a folder in ``results/submissions/`` with ``manifest.json``, ``readings.jsonl`` and ``score.json``.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.dataset import Dataset, open_dataset
from bench.report.table import difference, markdown_table, percent, within
from bench.run.folder import RunFolder
from bench.run.rescoring import scored
from bench.run.settings import RunSettings
from bench.score import Score
from bench.storage import as_json, write_whole
from bench.view import Asked, condition_named
from taxonomy.axis import AXES
from taxonomy.error import FileError, RunError, SubmissionError

Table = tuple[str, str, str, str]
"""Dataset, split, fingerprint, and condition with format where they are not ``full`` and ``dense``."""

FILES = ("manifest.json", "readings.jsonl", "score.json")


@dataclass(frozen=True, eq=False)
class Submission:
    """One entry: where it is, what decided it, and its score."""

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
    """Return why a submission does not hold, None when it does: complete, no failed calls, score as computed anew."""
    readings, torn = submission.folder.every_reading()
    settings = submission.settings
    asked = {Asked(ecg_id, repeat) for ecg_id in settings.ids for repeat in range(settings.repeats)}
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
    """Compute every submitted score anew and tell ``report`` each one's name and problem; True when all hold.

    A submission on other records than the dataset's can only be checked where they are; where they are not, that is
    said. The embedded sample is always there.
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


def rebuild(results: Path) -> int:
    """Write ``leaderboard.md`` and ``leaderboard.json``: one table for each dataset fingerprint and split.

    Returns
    -------
    int
        Number of submissions.
    """
    entries = submissions(results)
    groups: dict[Table, list[Submission]] = {}
    for entry in entries:
        groups.setdefault(_table_of(entry.settings), []).append(entry)
    ordered = {key: sorted(group, key=_rank) for key, group in sorted(groups.items())}
    write_whole(results / "leaderboard.md", _page(ordered))
    write_whole(results / "leaderboard.json", as_json({"tables": [_data(key, g) for key, g in ordered.items()]}))
    return len(entries)


def _table_of(settings: RunSettings) -> Table:
    """Return which table an entry belongs to: what was shown and asked must be the same in all of it."""
    form = settings.form or "dense"
    shown = (
        "" if (settings.condition, form) == ("full", "dense") else f"{condition_named(settings.condition).name}, {form}"
    )
    return settings.dataset, settings.split, settings.fingerprint, shown


def _rank(entry: Submission) -> tuple[float, float, str]:
    gain = entry.score.waveform_only.difference if entry.score.waveform_only else -1.0
    danger = entry.score.superclass.overall.dwe if entry.score.superclass else 9.0
    return (-gain, danger, entry.settings.reader)


def _page(groups: Mapping[Table, list[Submission]]) -> str:
    parts = [
        "# Leaderboard",
        "Ranked by the mean difference from the majority baseline over the waveform-only axes, in points. Axes: "
        "accuracy, and * where it is above the baseline after Holm's correction. Rebuilt by `bench leaderboard`; "
        "`bench leaderboard --check` computes every score anew.",
    ]
    for (dataset, split, digest, shown), entries in groups.items():
        n = entries[0].score.n
        parts.append(f"## {dataset}, {split}{', ' * bool(shown)}{shown} ({n} ECGs, fingerprint `{digest}`)")
        if entries[0].settings.is_sample:
            parts.append(f"The embedded sample: n = {n} is small, and nothing here is a result on PTB-XL's test fold.")
        parts.append(
            markdown_table(
                ("reader", "waveform-only", "text-inferable", "macro AUROC", "DWE", "critical"), _rows(entries)
            )
        )
        names = [axis.name for axis in AXES]
        rows = [[entry.settings.reader, *(_axis_cell(entry, name) for name in names)] for entry in entries]
        baseline = ["majority baseline", *(percent(entries[0].score.axis(name).baseline) for name in names)]
        parts.append(markdown_table(("reader", *names), [*rows, baseline]))
    return "\n\n".join(parts) + "\n"


def _rows(entries: Sequence[Submission]) -> list[tuple[str, ...]]:
    rows = []
    for entry in entries:
        score = entry.score
        means = [
            "-" if mean is None else difference(mean.difference, mean.interval)
            for mean in (score.waveform_only, score.text_inferable)
        ]
        found = score.probability
        auroc = within(found.auroc["macro"], found.intervals["macro"]) if found else "-"
        danger = score.superclass.overall if score.superclass else None
        dwe = within(danger.dwe, danger.dwe_interval, 2) if danger else "-"
        rows.append((entry.settings.reader, *means, auroc, dwe, percent(danger.critical_share) if danger else "-"))
    return rows


def _axis_cell(entry: Submission, name: str) -> str:
    axis = entry.score.axis(name)
    return percent(axis.accuracy) + ("*" if axis.verdict == "above prior" else "")


def _data(key: Table, entries: Sequence[Submission]) -> dict[str, Any]:
    dataset, split, digest, shown = key
    listed = [
        {
            "reader": entry.settings.reader,
            "run_id": entry.settings.run_id,
            "is_sample": entry.settings.is_sample,
            "score": entry.score.to_json(),
        }
        for entry in entries
    ]
    return {"dataset": dataset, "split": split, "fingerprint": digest, "shown": shown, "entries": listed}
