"""The leaderboard, rebuilt from the submissions as a page and as JSON: one table for each dataset and split."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.dataset import Dataset
from bench.dataset.phantom import phantoms_named
from bench.report.standing import AGREEMENT, STANDING, agreed, standing_row
from bench.report.table import markdown_table, number, page, percent, plain, within
from bench.run.caveat import same_simulator
from bench.run.ranking import RankedPair, Standings, standings
from bench.run.sample import Sample, is_of_sample, sample
from bench.run.settings import RunSettings, with_followers
from bench.run.submission import Submission, submissions
from bench.storage import as_json, write_whole
from bench.view import condition_named
from readers.setting import checked_settings
from taxonomy.axis import AXES, INDEPENDENT
from taxonomy.error import BenchError, FileError
from taxonomy.outside import object_in, outside_bytes
from taxonomy.target import target_format

Table = tuple[str, str, str, str]
"""Dataset, split, fingerprint, and what was shown and asked where it is not everything: condition and format where
they are not ``full`` and ``dense``, and the axes of the mean where the reader offers some of them only."""

INTRODUCTION = (
    "Ranked by mean kappa over the independent waveform-only axes (rhythm, conduction, ischemia, other findings, "
    "diagnosis): agreement with the truth beyond what the same answers, shuffled, would reach. From the best down, a "
    "reader shares the rank of the group above it unless it is shown to differ from every reader of that group "
    "(answers of whole patients swapped, 5% by Holm over the pairs of the table); the pairs are in `leaderboard.json`. "
    "Mean differences are of accuracy from the majority's, in points. [95%]: over patients. Rebuilt by "
    "`bench leaderboard`; `bench leaderboard --check` computes every score anew."
)

AXES_NOTE = (
    "Accuracy, and the labelled records. `*`: knows it, beyond the prior, after Holm's correction. `+`: by "
    "construction, since the reader answers from the very measurement that made the truth; no mean holds it."
)


SAMPLE_NOTE = (
    "People read a part of the split, drawn by lot. Readers of the whole split on the same cases, which are ranked in "
    "its own table; `bench compare` tells who is shown to differ from whom here:"
)

AGREEMENT_NOTE = "How far people agree with each other, whatever is true: Cohen's kappa on what both answered."

UNLIKE_REAL = (
    "septal hypertrophy",
    "left and right atrial enlargement",
    "premature atrial beats",
    "sinus arrhythmia",
    "third-degree block as a value",
    "unspecified premature beats",
)
"""Findings of phantoms that a network which was taught on real records does not recognise (docs/phantoms.md)."""


def rebuild(results: Path, dataset: Dataset | None = None) -> int:
    """Write ``leaderboard.md`` and ``leaderboard.json``: one table for each dataset fingerprint and split.

    Parameters
    ----------
    results : Path
    dataset : Dataset, optional
        Whose labels rank its tables; phantoms are always at hand. Other tables keep the differences that
        ``leaderboard.json`` holds.

    Returns
    -------
    int
        Number of submissions.

    Raises
    ------
    taxonomy.error.BenchError
        When a submission has not the form of one, or the leaderboard as it was is damaged.
    """
    entries, pages = _pages(results, dataset)
    for name, text in pages.items():
        write_whole(results / name, text)
    return entries


def check_pages(results: Path, dataset: Dataset | None, report: Callable[[str, str | None], None]) -> bool:
    """Compare the leaderboard with what its submissions give, and report each file with its problem.

    Returns whether it is the same; of tables whose labels are not at hand the differences of pairs are taken as told.
    """
    try:
        _, pages = _pages(results, dataset)
    except BenchError as error:
        report("leaderboard", f"cannot be compared: {error}")
        return False
    good = True
    for name, text in pages.items():
        problem = _difference(results / name, text)
        report(name, problem)
        good = good and problem is None
    return good


def _difference(path: Path, text: str) -> str | None:
    """Return how a file differs from the text that it should hold, None if it does not."""
    try:
        is_same = outside_bytes(path, links=False) == text.encode()
    except FileError as error:
        return str(error)
    return None if is_same else "is not what the submissions give: 'bench leaderboard' rebuilds it"


def _pages(results: Path, dataset: Dataset | None) -> tuple[int, dict[str, str]]:
    """Return the number of submissions, and the text of each file of the leaderboard by its name."""
    entries = submissions(results)
    groups: dict[Table, list[Submission]] = {}
    for entry in entries:
        groups.setdefault(table_of(entry.settings), []).append(entry)
    earlier = _earlier_pairs(results / "leaderboard.json")
    tables = {key: standings(group, _at_hand(group, dataset), earlier) for key, group in sorted(groups.items())}
    samples = _samples(groups, dataset, results / "leaderboard.json")
    data = {"tables": [_data(key, one) | _sample_data(samples.get(key)) for key, one in tables.items()]}
    return len(entries), {"leaderboard.md": _page(tables, samples), "leaderboard.json": as_json(data)}


def _samples(groups: Mapping[Table, list[Submission]], dataset: Dataset | None, path: Path) -> dict[Table, Sample]:
    """Return what stands beside the people of each table of a sample."""
    found = {}
    for key, group in groups.items():
        if is_of_sample(group[0].settings):
            name, _, _, shown = key
            others = [
                one
                for other, entries in groups.items()
                for one in entries
                if (other[0], other[3]) == (name, shown) and not is_of_sample(one.settings)
            ]
            found[key] = sample(group, others, _at_hand(group, dataset), _earlier_table(path, key))
    return found


def _sample_data(found: Sample | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {"beside": [one.to_json() for one in found.readers], "agreement": [asdict(one) for one in found.agreement]}


def table_of(settings: RunSettings) -> Table:
    """Return the table of an entry; all entries of a table were shown and asked the same."""
    form = settings.form or "dense"
    shown = (
        "" if (settings.condition, form) == ("full", "dense") else f"{condition_named(settings.condition).name}, {form}"
    )
    shown = ", ".join(part for part in (shown, _only(settings, form)) if part)
    return settings.dataset, settings.split, settings.fingerprint, shown


def _only(settings: RunSettings, form: str) -> str:
    """Return the axes of the mean that a reader offers where there are more; empty for all, and for none.

    A mean over the axes that a reader does best is not to be ranked among means over all of them.
    """
    means = [axis.name for axis in INDEPENDENT]
    asked = with_followers(target_format(form).axes).intersection(means)
    offered = asked.intersection(settings.axes)
    return f"only {' + '.join(name for name in means if name in offered)}" if offered and offered != asked else ""


def _at_hand(group: Sequence[Submission], dataset: Dataset | None) -> Dataset | None:
    """Return the dataset with the labels of a table; None where it is not at hand."""
    settings = group[0].settings
    if dataset is not None and dataset.name == settings.dataset:
        return dataset
    return phantoms_named(settings.dataset)


def _earlier_tables(path: Path) -> list[dict[str, Any]]:
    """Return the tables of the leaderboard as it was; none where there is none.

    Raises
    ------
    taxonomy.error.BenchError
        When it is damaged, or not of this version.
    """
    if not os.path.lexists(path):
        return []
    tables = object_in(path).get("tables")
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise FileError(f"{path} cannot be used: it holds no tables; remove it, and 'bench leaderboard' makes it anew")
    return tables


def _earlier_table(path: Path, key: Table) -> Mapping[str, Any]:
    names = ("dataset", "split", "fingerprint", "shown")
    return next((one for one in _earlier_tables(path) if tuple(one.get(name) for name in names) == key), {})


def _earlier_pairs(path: Path) -> list[Mapping[str, Any]]:
    """Return the pairs of the leaderboard as it was; raises as :func:`_earlier_tables`."""
    lists = [table.get("pairs", []) for table in _earlier_tables(path)]
    if not all(isinstance(pairs, list) and all(isinstance(pair, dict) for pair in pairs) for pairs in lists):
        raise FileError(f"{path} cannot be used: its pairs are no list of JSON objects; remove it to make it anew")
    told = [pair for pairs in lists for pair in pairs]
    return [checked_settings(RankedPair, pair, f"{path}: a pair's").to_json() for pair in told]


def _page(tables: Mapping[Table, Standings], samples: Mapping[Table, Sample]) -> str:
    parts = ["# Leaderboard", INTRODUCTION]
    for key, table in tables.items():
        dataset, split, digest, shown = key
        n = len(table.entries[0].settings.ids)
        parts.append(f"## {dataset}, {split}{', ' * bool(shown)}{shown} ({n:,} ECGs, fingerprint `{digest}`)")
        if table.entries[0].settings.is_simulated:
            parts.append(_phantoms_note(n))
            entries = [entry.settings for entry in table.entries]
            parts += [plain(line) for one in entries for line in same_simulator(one.reader, one.reader_details, True)]
        if table.missing:
            parts.append(
                f"{table.missing} pairs were not compared, since their labels were not at hand: they count as ties."
            )
        beside = _sample_parts(samples[key], table) if key in samples else []
        parts += [_ranks(table), *beside, _probabilities(table), _axes(table), AXES_NOTE, _origins(table)]
    return page([part for part in parts if part])


def _sample_parts(found: Sample, table: Standings) -> list[str]:
    """Return who else stands beside people on the cases of their sample, and how far they agree."""
    parts = [SAMPLE_NOTE] if found.readers else []
    parts.append(markdown_table(STANDING, [standing_row(one.reader, one.score) for one in found.readers]))
    if found.missing:
        parts.append(f"{found.missing} readers of the whole split are not told: labels or recordings are not at hand.")
    names = {entry.key: entry.settings.reader for entry in table.entries}
    rows = [
        (f"{names[pair.first]}, {names[pair.second]}", one.axis, f"{one.n:,}", f"{one.left_out:,}", *agreed(one))
        for pair in found.agreement
        for one in pair.axes
    ]
    if rows:
        parts += [AGREEMENT_NOTE, markdown_table(("people", *AGREEMENT), rows)]
    return parts if found.readers else parts[1:]


def _phantoms_note(n: int) -> str:
    return (
        f"{n:,} phantoms, simulated ECGs of known truth: no result on patients. Their seed is published, so that a "
        "reader can have been fitted to them: '--data phantoms:SEED' draws others. Nothing should be concluded from "
        f"these findings, since they do not look like real ones yet ([how real phantoms are](../docs/phantoms.md)): "
        f"{', '.join(UNLIKE_REAL)}."
    )


def _ranks(table: Standings) -> str:
    ranked = zip(table.ranks, table.entries, strict=True)
    rows = [(str(rank), *standing_row(entry.settings.reader, entry.score)) for rank, entry in ranked]
    return markdown_table(("rank", *STANDING), rows)


def _probabilities(table: Standings) -> str:
    """Return the figures of those readers that give probabilities, which need no threshold; empty for none."""
    rows = []
    for entry in table.entries:
        found = entry.score.probability
        if found is not None:
            macro = found.macro
            area, precision = (within(macro.auroc, macro.interval), number(macro.average_precision)) if macro else "--"
            if found.superclass and found.superclass.missing:
                # A mean over the classes that a reader ranks best is not to stand among means over all of them.
                area, precision = f"none of {', '.join(found.superclass.missing)}", "-"
            n = f"{found.superclass.n:,}" if found.superclass else "-"
            rows.append((entry.settings.reader, n, area, precision, number(found.calibration_error)))
    headings = ("reader", "n", "macro AUROC [95%]", "average precision", "calibration error")
    return markdown_table(headings, rows) if rows else ""


def _axes(table: Standings) -> str:
    names = [axis.name for axis in AXES]
    rows = [[entry.settings.reader, *(_axis_cell(entry, name) for name in names)] for entry in table.entries]
    baselines = {axis.axis: axis.baseline for axis in table.entries[0].score.axes}
    baseline = ["majority baseline", *(percent(baselines.get(name)) for name in names)]
    return markdown_table(("reader", *names), [*rows, baseline])


def _axis_cell(entry: Submission, name: str) -> str:
    """Return an entry's accuracy on an axis, ``-`` if it was not asked."""
    axis = next((axis for axis in entry.score.axes if axis.axis == name), None)
    if axis is None or not axis.n:
        return "-"
    mark = "+" if axis.by_construction else "*" * axis.knows
    return f"{percent(axis.accuracy)}{mark} ({axis.n:,})"


def _origins(table: Standings) -> str:
    """Return who handed in each entry, when, and a link: the one is escaped, the other of harmless characters only."""
    lines = []
    for entry in table.entries:
        origin = entry.origin
        if origin is not None:
            link = f", <{origin.link}>" if origin.link else ""
            lines.append(f"- {plain(entry.settings.reader)}: {plain(origin.by)}, {plain(origin.submitted[:10])}{link}")
    return "\n".join(lines)


def _data(key: Table, table: Standings) -> dict[str, Any]:
    dataset, split, digest, shown = key
    listed = [
        {
            "rank": rank,
            "reader": entry.settings.reader,
            "run_id": entry.settings.run_id,
            "key": entry.key,
            "by": entry.origin.by if entry.origin else "",
            "link": entry.origin.link if entry.origin else "",
            "submitted": entry.origin.submitted if entry.origin else "",
            "is_simulated": entry.settings.is_simulated,
            "score": entry.score.to_json(),
        }
        for rank, entry in zip(table.ranks, table.entries, strict=True)
    ]
    pairs = [pair.to_json() for pair in table.pairs]
    return {
        "dataset": dataset,
        "split": split,
        "fingerprint": digest,
        "shown": shown,
        "entries": listed,
        "pairs": pairs,
        "pairs_not_compared": table.missing,
    }
