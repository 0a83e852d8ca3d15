"""The viewer's pages as files that need no server.

A page that is opened from a file may fetch nothing, but it may load scripts that lie beside it: what the server answers
as JSON is written as a script that hands the page the same JSON, as text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from bench.progress import SILENT, Observer
from bench.storage import whole_file, write_whole
from bench.web.library import MOST_COMPARED, Library
from bench.web.open_run import OpenRun
from bench.web.run_data import FAILED, WRONG
from bench.web.server import FIRST_PAGE, page_files
from taxonomy.error import StorageError
from taxonomy.redaction import redacted_data

SERVED, FROM_FILES = b'content="server"', b'content="files"'
"""How the page is told where its data are."""

MARK = "data/runs.js"
"""Tells a folder of an earlier export from any other."""

INDEX = "index.html"

OWN = re.compile(r"runs|(run|case|signal|map|compare|picture|explained)(-\d+)+")
"""Names, without suffix, of the data and pictures that an export writes."""


def export(library: Library, folder: Path, most: int = 200, observer: Observer = SILENT) -> Path:
    """Write the viewer as files; return the page to open.

    Parameters
    ----------
    library : Library
    folder : Path
        A new or an empty one, or one of an earlier export, whose files are replaced.
    most : int
        Cases of each run that are written whole, those with the most wrong answers first; of all others the answers
        stand in the table.
    observer : Observer

    Raises
    ------
    taxonomy.error.StorageError
        When the folder holds anything else, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not (folder / MARK).is_file():
        raise StorageError(f"{folder} holds other files, which an export would be mixed with: name a new folder")
    _cleared(folder)
    for name, content in page_files().items():
        if name == FIRST_PAGE:
            _write(folder / INDEX, content.replace(SERVED, FROM_FILES))
        else:
            _write(folder / name, content)
    chosen = {run.number: worst_first(run)[:most] for run in library.runs.values()}
    total, done = sum(map(len, chosen.values())), 0
    with observer.progress("exporting", "cases") as report:
        for number, cases in chosen.items():
            for case in cases:
                _write_case(library, folder, number, case)
                done += 1
                report(done, total)
    whole = {str(number): sorted(cases) for number, cases in chosen.items()}
    for name, data in _overview(library, whole):
        _write_data(folder, name, data)
    return folder / INDEX


def _cleared(folder: Path) -> None:
    """Remove the data and pictures of an earlier export: those of other runs would stand under the same names."""
    for below, suffix in (("data", "js"), ("pictures", "png")):
        for path in (folder / below).glob(f"*.{suffix}"):
            if OWN.fullmatch(path.stem):
                path.unlink()


def worst_first(run: OpenRun) -> list[int]:
    """Return the places of a run's cases that have an answer, those with the most wrong or failed axes first."""
    table = run.table()
    counts = {}
    for place, ecg_id in enumerate(run.settings.ids):
        case = table.cases.get(ecg_id)
        if case is not None:
            states = [table.state(case, axis) for axis in run.settings.offer.axes]
            counts[place] = sum(state in {WRONG, FAILED} for state in states)
    return sorted(counts, key=lambda place: -counts[place])


def _overview(library: Library, whole: Mapping[str, list[int]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the list of runs, their tables and their comparisons by name; the list, which marks an export, last."""
    alike: dict[str, list[int]] = {}
    for run in library.runs.values():
        yield f"run-{run.number}", library.data(f"run-{run.number}") or {}
        alike.setdefault(run.settings.dataset, []).append(run.number)
    compared = []
    for numbers in alike.values():
        for name in _comparisons(numbers):
            yield name, library.data(name) or {}
            compared.append(name)
    yield "runs", {**(library.data("runs") or {}), "whole": whole, "compared": compared}


def _comparisons(numbers: list[int]) -> list[str]:
    """Return the comparisons that are written: of all runs of a dataset, and of each two of them."""
    few = numbers[:MOST_COMPARED]
    sets = [*combinations(few, 2), *([tuple(few)] if len(few) > 2 else [])]
    return ["-".join(("compare", *map(str, one))) for one in sets]


def _write_case(library: Library, folder: Path, number: int, case: int) -> None:
    found = library.data(f"case-{number}-{case}") or {}
    _write_data(folder, f"case-{number}-{case}", found)
    _write_data(folder, f"signal-{number}-{case}", library.data(f"signal-{number}-{case}") or {})
    named = [*found.get("pictures", {}).get("pages", []), *found.get("explanations", [])]
    for one in named:
        if one.get("map"):
            _write_data(folder, one["map"], library.data(one["map"]) or {})
        picture = library.picture(one["src"]) if one["src"] else None
        if picture:
            _write(folder / "pictures" / one["src"], picture)


def _write_data(folder: Path, name: str, data: Mapping[str, Any]) -> None:
    text = json.dumps(json.dumps(redacted_data(data)))
    write_whole(folder / "data" / f"{name}.js", f"EcgBench.give({json.dumps(name)}, {text});\n")


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as part:
        part.write_bytes(content)
