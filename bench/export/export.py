"""Exports the rendered benchmark shard by shard, into a folder that gets its final name when complete."""

import importlib.util
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bench.dataset import Dataset, Record
from bench.export.card import card
from bench.export.example_row import example_row, row_features
from bench.export.export_options import HUB_SPLITS, ExportOptions
from bench.progress import SILENT, Observer
from bench.run.manifest import git_revision, versions
from bench.storage import held, write_whole
from bench.view import Question, View, template_version
from bench.view.drawing import Ahead, drawing_processes
from bench.view.example import IMAGE_AND_TEXT, Examples, examples
from readers.vlm.source import INSTALL
from taxonomy.error import DatasetError, FileError, SettingError, StorageError
from taxonomy.outside import object_in

SETTINGS = "export.json"


@dataclass(frozen=True)
class Exported:
    """A written export: rows by renderer and split, and bytes on disk."""

    rows: Mapping[str, Mapping[str, int]]
    size: int


def write_export(options: ExportOptions, dataset: Dataset, out: Path, observer: Observer = SILENT) -> Exported:
    """Write the export to ``out``.

    Parameters
    ----------
    options : ExportOptions
    dataset : Dataset
    out : Path
        Must not exist; ``out.part`` may hold an interrupted export, which is resumed.
    observer : Observer

    Raises
    ------
    taxonomy.error.StorageError
        When ``out`` exists, ``out.part`` holds finished files of another export, or the disk is full.
    taxonomy.error.SettingError
        When the package that writes the files is not installed.
    taxonomy.error.BenchError
        When a split or a renderer does not exist.
    """
    need_datasets()
    if out.exists() or out.is_symlink():
        raise StorageError(f"{out} already exists; name another folder, or remove it")
    part = out.with_name(out.name + ".part")
    views = [view.for_inputs(IMAGE_AND_TEXT) for view in options.views]
    options = replace(options, views=tuple(views))
    try:
        with held(part):
            _begin(part, options, dataset, observer)
            rows = {
                view.renderer: _rows(part, view, options, dataset, observer.part("renderer", number, len(views)))
                for number, view in enumerate(views, start=1)
            }
            size = sum(path.stat().st_size for path in part.rglob("*.parquet"))
            exported = Exported(rows, size)
            (part / "README.md").write_text(card(options, dataset, rows, size), encoding="utf-8")
            (part / ".lock").unlink(missing_ok=True)
            part.rename(out)
    except OSError as error:
        raise StorageError(
            f"the export cannot be written to {part} ({os.strerror(error.errno) if error.errno else error}): "
            "make room, and the same command resumes from the last complete file"
        ) from error
    return exported


def need_datasets() -> None:
    """Raise SettingError where the package that writes the files is not installed."""
    if importlib.util.find_spec("datasets") is None:
        raise SettingError(f"an export needs the packages of the extra 'vlm' (datasets is missing): {INSTALL}")


def _begin(part: Path, options: ExportOptions, dataset: Dataset, observer: Observer) -> None:
    """Write the settings of a new export, or go on with a partial one that has the same.

    A partial one of other settings is removed, unless it has finished files.
    """
    settings = {
        "options": {
            "views": [view.to_json() for view in options.views],
            "splits": list(options.splits),
            "shard_rows": options.shard_rows,
            "limit": options.limit,
        },
        "dataset": dataset.name,
        "dataset_version": dataset.version,
        "prompt": template_version(),
    }
    path = part / SETTINGS
    earlier = _earlier(path)
    if earlier and {name: earlier.get(name) for name in settings} == settings:
        observer.say(f"going on with {part}")
        return
    finished = sum(1 for _ in part.rglob("*.parquet"))
    if finished:
        which = "another export" if earlier else f"an export without a readable {SETTINGS}"
        raise StorageError(
            f"{part} holds {finished} finished files, part of {which}; finish it by its own command, remove it or name "
            "another folder"
        )
    shutil.rmtree(part / "data", ignore_errors=True)
    provenance = {"packages": versions("ecg-bench", "datasets", "pillow", "numpy"), "git_revision": git_revision()}
    write_whole(path, json.dumps(settings | provenance, indent=2) + "\n")


def _earlier(path: Path) -> dict[str, Any]:
    """Return the settings of a partial export, empty where they are missing or damaged."""
    try:
        return object_in(path) if path.exists() else {}
    except FileError:
        return {}


def _rows(part: Path, view: View, options: ExportOptions, dataset: Dataset, observer: Observer) -> dict[str, int]:
    """Write every split by one renderer; return its number of rows."""
    counts = {}
    for split in options.splits:
        try:
            selected = examples(dataset, HUB_SPLITS[split], view, options.limit, observer)
        except DatasetError:
            counts[split] = 0
            continue
        _write_split(part / "data" / view.renderer, split, selected, options.shard_rows, observer)
        counts[split] = len(selected)
    return counts


def _write_split(folder: Path, split: str, selected: Examples, shard_rows: int, observer: Observer) -> None:
    """Write the missing shards of a split; each gets its final name when complete."""
    import datasets

    datasets.disable_progress_bars()
    folder.mkdir(parents=True, exist_ok=True)
    shards = -(-len(selected) // shard_rows)
    paths = [folder / f"{split}-{number:05d}-of-{shards:05d}.parquet" for number in range(shards)]
    missing = [number for number, path in enumerate(paths) if not path.is_file()]
    shard_records = [selected.records[n * shard_rows : (n + 1) * shard_rows] for n in range(shards)]
    drawn = _drawn(selected, [record for n in missing for record in shard_records[n]])
    with observer.progress(f"{selected.cases.view.renderer}, {split}") as report:
        for number in missing:
            rows = []
            for example in islice(drawn, len(shard_records[number])):
                rows.append(example)
                report(number * shard_rows + len(rows), len(selected))
            temporary = paths[number].with_suffix(".tmp")
            datasets.Dataset.from_list(rows, features=row_features(selected.records[0])).to_parquet(str(temporary))
            temporary.rename(paths[number])


def _drawn(selected: Examples, records: Sequence[Record]) -> Iterator[dict[str, object]]:
    """Yield rows; many pages are drawn ahead by other processes."""
    cases = replace(selected.cases, ahead=Ahead(drawing_processes(len(records))))
    questions = [Question(record) for record in records]
    for question, case in zip(questions, cases.each(questions), strict=True):
        yield example_row(selected.example(question.record, case), selected.form)
