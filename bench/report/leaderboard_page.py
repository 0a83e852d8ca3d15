"""The leaderboard, rebuilt from the submissions as a page and as JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.report.table import difference, markdown_table, page, percent, within
from bench.run.settings import RunSettings
from bench.run.submission import Submission, submissions
from bench.storage import as_json, write_whole
from bench.view import condition_named
from taxonomy.axis import AXES

Table = tuple[str, str, str, str]
"""Dataset, split, fingerprint, and condition with format where they are not ``full`` and ``dense``."""


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
    """Return the table of an entry; all entries of a table were shown and asked the same."""
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
        baselines = {axis.axis: axis.baseline for axis in entries[0].score.axes}
        baseline = ["majority baseline", *(percent(baselines.get(name)) for name in names)]
        parts.append(markdown_table(("reader", *names), [*rows, baseline]))
    return page(parts)


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
    """Return an entry's accuracy on an axis, ``-`` if its score is older than the axis."""
    axis = next((axis for axis in entry.score.axes if axis.axis == name), None)
    return "-" if axis is None else percent(axis.accuracy) + ("*" if axis.knows else "")


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
