"""Everything that the pages of the viewer ask for, by name: the server answers from it, and an export writes it down.

Names hold numbers alone, so that nothing of a path or of a record's id stands in an address.
"""

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bench.report.comparison_page import HOW, HOW_SAME, headline, same_cases_title
from bench.report.explain_map import map_path, read_map
from bench.report.standing import STANDING, standing_row
from bench.run.caveat import incomplete, told_caveats
from bench.run.comparing import compared_runs
from bench.run.same_cases import SameCases
from bench.web.case_data import case_json, signal_json
from bench.web.finding import Found, FoundRun
from bench.web.open_run import Datasets, OpenRun, Stamp
from bench.web.run_data import run_json
from renderers import printable
from taxonomy.error import BenchError, RunError
from taxonomy.outside import MEBIBYTE, outside_bytes

Json = dict[str, Any]
Made = TypeVar("Made")

PICTURE_PATH = re.compile(r"pictures/explain/case-[a-z0-9-]+\.png")
"""Where pictures of explanations lie below their folder; a file from outside may name another place."""

LARGEST_PICTURE = 64 * MEBIBYTE

MOST_COMPARED = 8
"""Runs that are compared at once: they make 28 pairs."""


class NoSuchThing(Exception):  # said of an address, and never seen
    """Raised for a name of something that is not there."""


class Library:
    """The runs and explanations that were found.

    Parameters
    ----------
    found : Found
    data : str, optional
        Where the runs' dataset is, as after ``--data``; runs on phantoms need none.
    """

    def __init__(self, found: Found, data: str | None = None) -> None:
        self.found, self._data, datasets = found, data, Datasets(data)
        self.runs: Mapping[int, OpenRun] = {run.number: OpenRun(run, datasets) for run in found.shown}
        # Datasets and what is kept of them are no matter of several threads.
        self._lock, self._comparing = threading.RLock(), threading.Lock()
        self._compared: dict[tuple[tuple[int, Stamp], ...], Json] = {}
        self._data_routes: tuple[tuple[re.Pattern[str], Callable[..., Json]], ...] = (
            (re.compile(r"runs"), self._runs),
            (re.compile(r"run-(\d{1,6})"), self._run),
            (re.compile(r"case-(\d{1,6})-(\d{1,9})"), self._case),
            (re.compile(r"signal-(\d{1,6})-(\d{1,9})"), self._signal),
            (re.compile(r"map-(\d{1,6})-(\d{1,6})"), self._map),
        )
        self._picture_routes: tuple[tuple[re.Pattern[str], Callable[..., bytes]], ...] = (
            (re.compile(r"picture-(\d{1,6})-(\d{1,9})-(\d{1,2})\.png"), self._page),
            (re.compile(r"explained-(\d{1,6})-(\d{1,6})\.png"), self._explained),
        )

    def data(self, name: str) -> Json | None:
        """Return what a page asks for by this name; None where there is no such thing.

        What cannot be shown has the form ``{"problem": "a sentence"}``.
        """
        if re.fullmatch(r"compare(-\d{1,6}){2,}", name):
            return self._compare([int(number) for number in name.split("-")[1:]])
        try:
            return self._found(name, self._data_routes)
        except BenchError as error:
            return {"problem": str(error)}

    def picture(self, name: str) -> bytes | None:
        """Return the PNG of this name; None where there is none, or it cannot be drawn, which its case says."""
        try:
            return self._found(name, self._picture_routes)
        except BenchError:
            return None

    def _found(self, name: str, routes: Sequence[tuple[re.Pattern[str], Callable[..., Made]]]) -> Made | None:
        for pattern, made in routes:
            match = pattern.fullmatch(name)
            if match:
                with self._lock:
                    try:
                        return made(*map(int, match.groups()))
                    except NoSuchThing:
                        return None
        return None

    def _run_at(self, number: int, case: int = 0) -> OpenRun:
        """Return a run that has so many cases."""
        if number not in self.runs or case >= len(self.runs[number].settings.ids):
            raise NoSuchThing
        return self.runs[number]

    def _page(self, number: int, case: int, place: int) -> bytes:
        run = self._run_at(number, case)
        pages = run.pages(run.settings.ids[case])
        if place >= len(pages):
            raise NoSuchThing
        return printable(pages[place])

    def _explained(self, number: int, place: int) -> bytes:
        return outside_bytes(self._pictured(number, place), RunError, LARGEST_PICTURE)

    def _map(self, number: int, place: int) -> Json:
        return read_map(map_path(self._pictured(number, place))).to_json()

    def _pictured(self, number: int, place: int) -> Path:
        """Return where the picture of an explanation lies, which is below its folder."""
        if number >= len(self.found.explanations):
            raise NoSuchThing
        one = self.found.explanations[number]
        named = one.file.gallery[place].picture if place < len(one.file.gallery) else None
        if named is None:
            raise NoSuchThing
        path = one.path / named
        if not PICTURE_PATH.fullmatch(named) or not path.resolve().is_relative_to(one.path.resolve()):
            raise RunError(f"{one.path} names no picture of its own: {named[:80]!r}")
        return path

    def _runs(self) -> Json:
        return {"runs": [self._told(run) for run in self.found.runs], "notes": list(self.found.notes)}

    def _told(self, found: FoundRun) -> Json:
        """Return what the list of runs says of one; that of a damaged one, why it cannot be shown."""
        told: Json = {"number": found.number, "name": found.name}
        if found.settings is None:
            return {**told, "problem": found.problem}
        run = self.runs[found.number]
        try:
            readings = run.readings()
            said = [*told_caveats(run.folder.manifest())]
        except BenchError as error:
            return {**told, "problem": str(error)}
        about = run_json(found.settings, readings)
        return {**told, **about, "notes": [*incomplete(about["answered"], about["questions"]), *said]}

    def _run(self, number: int) -> Json:
        run = self._run_at(number)
        table = run.table().to_json()
        return {"number": number, "problem": run.problem, **table}

    def _case(self, number: int, case: int) -> Json:
        return case_json(self._run_at(number, case), case, list(self.runs.values()), self.found.explanations)

    def _signal(self, number: int, case: int) -> Json:
        return signal_json(self._run_at(number, case), case)

    def _compare(self, numbers: Sequence[int]) -> Json | None:
        if len({*numbers}) < len(numbers) or any(number not in self.runs for number in numbers):
            return None
        if len(numbers) > MOST_COMPARED:
            return {"problem": f"{len(numbers)} runs are compared at once by 'bench compare'; here {MOST_COMPARED}"}
        with self._comparing:
            key = tuple((number, self.runs[number].stamp()) for number in numbers)
            if key not in self._compared:
                self._compared[key] = self._pairs([self.runs[number].folder.path for number in numbers])
            return self._compared[key]

    def _pairs(self, paths: Sequence[Path]) -> Json:
        try:
            found = compared_runs(paths, self._data)
        except BenchError as error:
            return {"problem": str(error)}
        pairs = [{**one.to_json(), "headline": headline(one)} for one in found.pairs]
        same = found.same_cases
        return {"how": " ".join(HOW.split()), "pairs": pairs, "same_cases": same and _beside(same)}


def _beside(same: SameCases) -> Json:
    """Return the table of the readers on the same cases: a title, what it says, headings and rows of text."""
    return {
        "title": same_cases_title(same),
        "how": " ".join(HOW_SAME.split()),
        "headings": list(STANDING),
        "rows": [list(standing_row(*one)) for one in same.scores],
    }
