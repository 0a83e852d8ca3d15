"""What the site is made from: ``leaderboard.json`` with its submissions, and runs of one's own."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Interval

from bench.report.leaderboard_page import Table, table_of
from bench.run.folder import RunFolder
from bench.run.ranking import RankedPair
from bench.run.sample import OnSample, PeopleAgreement, on_sample_from
from bench.run.submission import Submission, submissions
from bench.storage import as_json
from bench.web.site.entry import Entry, SiteTable
from readers.setting import checked_settings
from taxonomy.error import BenchError, SubmissionError
from taxonomy.outside import object_in


@dataclass(frozen=True)
class _ToldEntry:
    rank: Annotated[int, Interval(ge=1)]
    reader: str
    run_id: str
    key: str
    by: str
    link: str
    submitted: str
    is_simulated: bool
    score: Mapping[str, Any]


@dataclass(frozen=True)
class _ToldTable:
    dataset: str
    split: str
    fingerprint: str
    shown: str
    entries: tuple[_ToldEntry, ...]
    pairs: tuple[Mapping[str, Any], ...]
    pairs_not_compared: int
    beside: tuple[Mapping[str, Any], ...] = ()
    agreement: tuple[PeopleAgreement, ...] = ()


def leaderboard_tables(results: Path) -> tuple[SiteTable, ...]:
    """Return the tables of ``leaderboard.json``, each entry with its submission.

    Raises
    ------
    taxonomy.error.BenchError
        When there is none, it is damaged or not what the submissions give, or one of these is none.
    """
    path = results / "leaderboard.json"
    if not os.path.lexists(path):
        raise SubmissionError(f"{path} does not exist: 'bench leaderboard' writes it from the submissions")
    told = object_in(path, SubmissionError).get("tables")
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise SubmissionError(f"{path} holds no tables: 'bench leaderboard' makes it anew")
    there = {entry.key: entry for entry in submissions(results)}
    tables = [checked_settings(_ToldTable, one, f"{path}: a table's") for one in told]
    found = tuple(_table(one, there, path) for one in tables)
    if sorted(entry.key for table in found for entry in table.entries) != sorted(there):
        raise _stale(path)
    return found


def _table(told: _ToldTable, there: Mapping[str, Submission], path: Path) -> SiteTable:
    key = (told.dataset, told.split, told.fingerprint, told.shown)
    entries = tuple(_submitted(one, there, key, path) for one in told.entries)
    pairs = tuple(checked_settings(RankedPair, pair, f"{path}: a pair's") for pair in told.pairs)
    keys = {entry.key for entry in entries}
    if not entries or not all({pair.first, pair.second} <= keys for pair in pairs):
        raise _stale(path)
    beside = _beside(told, there, path)
    if not all({pair.first, pair.second} <= keys for pair in told.agreement):
        raise _stale(path)
    return SiteTable(*key, entries, pairs, told.pairs_not_compared, beside=beside, agreement=told.agreement)


def _beside(told: _ToldTable, there: Mapping[str, Submission], path: Path) -> tuple[OnSample, ...]:
    """Return the readers of the whole split on the cases of people's sample."""
    if not {one.get("key") for one in told.beside} <= {*there}:
        raise _stale(path)
    return tuple(on_sample_from(one) for one in told.beside)


def _submitted(told: _ToldEntry, there: Mapping[str, Submission], table: Table, path: Path) -> Entry:
    """Return an entry as its submission has it; only the rank is the leaderboard's own."""
    found = there.get(told.key)
    if found is None or table_of(found.settings) != table:
        raise _stale(path)
    if dict(told.score) != json.loads(as_json(found.score.to_json())):
        raise _stale(path)
    return Entry(found.folder, found.settings, found.folder.manifest(), found.score, found.key, told.rank, found.origin)


def _stale(path: Path) -> SubmissionError:
    return SubmissionError(f"{path} is not what the submissions beside it give: 'bench leaderboard' makes it anew")


def own_tables(runs: Path, shown: Collection[str] = ()) -> tuple[tuple[SiteTable, ...], tuple[str, ...]]:
    """Return the scored runs of a folder as tables that rank nobody, and a sentence on each that was left out.

    Parameters
    ----------
    runs : Path
        A run folder, or a folder of run folders.
    shown : collection of str
        Keys of entries that are on the site already.
    """
    groups: dict[Table, list[Entry]] = {}
    seen: dict[str, Path] = {}
    left = []
    folders, unscored = _run_folders(runs)
    for path in folders:
        try:
            entry = _own(RunFolder(path))
            table = table_of(entry.settings)
        except BenchError as error:
            left.append(f"left out: {error}")
            continue
        if entry.key in seen:
            left.append(f"left out: {path} is a copy of {seen[entry.key]}")
        elif entry.key not in shown:
            groups.setdefault(table, []).append(entry)
        seen.setdefault(entry.key, path)
    if unscored:
        left.append(
            f"left out: {unscored} run{'s' * (unscored > 1)} without a score in {runs}: 'bench score RUN' gives it one"
        )
    tables = (SiteTable(*key, tuple(sorted(group, key=_order)), is_own=True) for key, group in sorted(groups.items()))
    return tuple(tables), tuple(left)


def _run_folders(runs: Path) -> tuple[list[Path], int]:
    """Return the folders of scored runs, and how many runs have no score; a link to another folder is not followed."""
    inside = sorted(path for path in runs.iterdir() if path.is_dir() and not path.is_symlink())
    found = [path for path in (runs, *inside) if (path / "manifest.json").is_file()]
    scored = [path for path in found if (path / "score.json").is_file()]
    return scored, len(found) - len(scored)


def _own(folder: RunFolder) -> Entry:
    submission = Submission(folder, folder.settings(), folder.score())
    entry = Entry(folder, submission.settings, folder.manifest(), submission.score, _key(submission))
    entry.kinds  # noqa: B018  # read before anything is made of it
    entry.notes  # noqa: B018
    return entry


def _key(submission: Submission) -> str:
    """Return the key of a run, whose readings may lie in the files of shards."""
    return f"{submission.settings.run_id} own" if submission.folder.shard_files else submission.key


def _order(entry: Entry) -> tuple[float, str]:
    mean = entry.score.kappa
    return (2.0 if mean is None else -mean.kappa, entry.settings.run_id)
