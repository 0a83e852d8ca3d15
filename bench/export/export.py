"""Write the rendered benchmark: shard by shard, into a folder that takes its name when it is whole."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bench.dataset import Dataset, Record
from bench.export.card import card
from bench.export.example_row import example_row, row_features
from bench.export.export_options import HUB_SPLITS, ExportOptions
from bench.progress import SILENT, Observer
from bench.run.manifest import git_revision, versions
from bench.storage import held
from bench.view import Question, View, template_version
from bench.view.example import IMAGE_AND_TEXT, Examples, examples
from taxonomy.error import DatasetError, StorageError

SETTINGS = "export.json"

DRAWING_PROCESSES_FROM = 100
"""Records from which it pays to start processes that draw."""


@dataclass(frozen=True)
class Exported:
    """What an export holds: rows by renderer and split, and bytes on the disk."""

    rows: Mapping[str, Mapping[str, int]]
    size: int


def write_export(options: ExportOptions, dataset: Dataset, out: Path, observer: Observer = SILENT) -> Exported:
    """Write the export to ``out``.

    Parameters
    ----------
    options : ExportOptions
    dataset : Dataset
    out : Path
        Must not exist; ``out.part`` may hold what a killed export left, which is gone on with.
    observer : Observer

    Raises
    ------
    taxonomy.error.StorageError
        When ``out`` exists, ``out.part`` is of another export, or the disk is full.
    taxonomy.error.BenchError
        When something that was asked for is not there.
    """
    if out.exists():
        raise StorageError(f"{out} is there already; name another folder, or remove it")
    part = out.with_name(out.name + ".part")
    views = [view.for_inputs(IMAGE_AND_TEXT) for view in options.views]
    options = replace(options, views=tuple(views))
    try:
        with held(part):
            _begin(part, options, dataset)
            rows = {view.renderer: _rows(part, view, options, dataset, observer) for view in views}
            size = sum(path.stat().st_size for path in part.rglob("*.parquet"))
            exported = Exported(rows, size)
            (part / "README.md").write_text(card(options, dataset, rows, size), encoding="utf-8")
            (part / ".lock").unlink(missing_ok=True)
            part.rename(out)
    except OSError as error:
        raise StorageError(
            f"the export cannot be written to {part} ({os.strerror(error.errno) if error.errno else error}): "
            "make room, and the same command goes on from the last whole file"
        ) from error
    return exported


def _begin(part: Path, options: ExportOptions, dataset: Dataset) -> None:
    """Write what is exported, or make sure that a part of it is of the same export."""
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
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if {name: before.get(name) for name in settings} != settings:
            raise StorageError(f"{part} holds a part of another export; remove it, or name another folder")
        return
    made = {"packages": versions("ecg-bench", "datasets", "pillow", "numpy"), "git_revision": git_revision()}
    path.write_text(json.dumps(settings | made, indent=2) + "\n", encoding="utf-8")


def _rows(part: Path, view: View, options: ExportOptions, dataset: Dataset, observer: Observer) -> dict[str, int]:
    """Write every split by one renderer; return how many rows each has."""
    counts = {}
    for split in options.splits:
        try:
            found = examples(dataset, HUB_SPLITS[split], view, options.limit, observer)
        except DatasetError:
            counts[split] = 0
            continue
        _write_split(part / "data" / view.renderer, split, found, options.shard_rows, observer)
        counts[split] = len(found)
    return counts


def _write_split(folder: Path, split: str, chosen: Examples, shard_rows: int, observer: Observer) -> None:
    """Write the shards of a split that are not there yet; each takes its name when it is whole."""
    import datasets

    datasets.disable_progress_bars()
    folder.mkdir(parents=True, exist_ok=True)
    shards = -(-len(chosen) // shard_rows)
    numbers = chosen.cases.cohort.dataset.ids_are_numbers
    paths = [folder / f"{split}-{number:05d}-of-{shards:05d}.parquet" for number in range(shards)]
    left = [number for number, path in enumerate(paths) if not path.is_file()]
    wanted = [record for n in left for record in chosen.records[n * shard_rows : (n + 1) * shard_rows]]
    drawn = _drawn(chosen, wanted)
    with observer.progress(f"{chosen.cases.view.renderer}, {split}") as report:
        for number in left:
            size = len(chosen.records[number * shard_rows : (number + 1) * shard_rows])
            rows = []
            for example in islice(drawn, size):
                rows.append(example)
                report(number * shard_rows + len(rows), len(chosen))
            temporary = paths[number].with_suffix(".tmp")
            datasets.Dataset.from_list(rows, features=row_features(numbers)).to_parquet(str(temporary))
            temporary.rename(paths[number])


def _drawn(chosen: Examples, records: Sequence[Record]) -> Iterator[dict[str, object]]:
    """Yield rows, their pages drawn ahead in other processes where there are many."""
    many = len(records) >= DRAWING_PROCESSES_FROM
    cases = replace(chosen.cases, workers=min(4, os.cpu_count() or 1) if many else 0)
    asked = [Question(record) for record in records]
    for question, case in zip(asked, cases.each(asked), strict=True):
        yield example_row(chosen.example(question.record, case), chosen.form)
