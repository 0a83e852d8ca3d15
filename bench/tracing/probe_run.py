"""A whole probe: pick records, change them, ask; and the tracings as pictures."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from bench.progress import SILENT, Observer
from bench.run.options import RunOptions, within
from bench.tracing.change import CHANGES, Change, change_named
from bench.tracing.dose_response import DoseResult, probe_tracings
from bench.tracing.tracing import FS, Tracing, normal_records, tracings
from renderers import PageStyle, Picture, render


@dataclass(frozen=True)
class ProbeOptions:
    """A reader over the tracings of a selection.

    Attributes
    ----------
    run : RunOptions
        The reader, the records and the page; a probe shows no numbers, whatever the view's condition.
    change : tuple of str
        Names of the changes; empty makes all.
    all_records : bool
        Whether records that are not labelled normal are changed too.
    """

    run: RunOptions
    change: tuple[str, ...] = ()
    all_records: bool = False

    @property
    def changes(self) -> list[Change]:
        """The changes, in the order of the table."""
        wanted = {change_named(name).name for name in self.change}
        return [change for name, change in CHANGES.items() if not wanted or name in wanted]

    @property
    def name(self) -> str:
        """Of the probe's folder: the same for the same probe."""
        run, selection = self.run, self.run.selection
        safe = "".join(char if char.isalnum() else "-" for char in run.reader.lower())[:40]
        decides = (selection.split, selection.ids, selection.limit, self.change, self.all_records, run.view.renderer)
        option = tuple(f"{name}={value}" for name, value in run.options.items())
        digest = hashlib.sha256(repr((*decides, run.view.px_per_mm, option, run.view.seed)).encode()).hexdigest()
        return f"probe-{safe}-{selection.split}-{digest[:8]}"

    @property
    def folder(self) -> Path:
        """Where the probe's page goes."""
        return self.run.out / self.name

    def tracings(self) -> tuple[list[Tracing], int]:
        """Return the tracings to ask, and of how many records they were looked for."""
        limit = self.run.selection.limit
        cohort = replace(self.run.selection, limit=None).cohort()
        records = normal_records(cohort, self.all_records)[:limit]
        return list(tracings(records, self.changes, self.run.view.seed)), len(records)


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found: its title, and a result for each dose of each change."""

    title: str
    results: tuple[DoseResult, ...]


def run_probe(options: ProbeOptions, observer: Observer = SILENT) -> ProbeResult:
    """Ask a reader about every tracing.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the reader does not read the tracings.
    """
    run, folder = options.run, options.folder
    reader = within(run.built(), run.limits.session(folder, folder.name, 0.0, observer.say))
    asked, looked_at = options.tracings()
    with observer.progress(f"{reader.name}, {len(asked)} tracings", "tracings") as report:
        results = probe_tracings(reader, asked, run.view, report)
    used = len({tracing.record.ecg_id for tracing in asked})
    page = run.view.settled(reader).renderer if "image" in reader.inputs else "signal"
    return ProbeResult(f"{run.reader}, {used} of {looked_at} records, {page}", results)


def drawn_tracings(options: ProbeOptions, count: int, renderers: tuple[str, ...]) -> Iterator[tuple[str, Picture]]:
    """Yield the tracings of the first records that can be changed, drawn by each renderer, each with a name."""
    seen: dict[object, None] = {}

    def is_wanted(tracing: Tracing) -> bool:
        seen.setdefault(tracing.record.ecg_id)
        return len(seen) <= count

    style = options.run.view.style if options.run.view.px_per_mm else PageStyle()
    for tracing in takewhile(is_wanted, options.tracings()[0]):
        what = f"{tracing.change}{tracing.dose:+g}" if tracing.change else "unchanged"
        for name in renderers:
            for image in render(tracing.mv, FS, name, style):
                yield f"{str(tracing.record.ecg_id).zfill(5)}_{what}_{name}", image
