"""A whole probe: select records, change them, ask the reader; and the tracings as pictures."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from bench.progress import SILENT, Observer
from bench.run.options import RunOptions, within
from bench.tracing.change import CHANGES, Change, change_named
from bench.tracing.dose_response import DoseResult, probe_tracings
from bench.tracing.tracing import Tracing, normal_records, tracings
from measurements.conditioning import FS
from renderers import PageStyle, Picture, render


@dataclass(frozen=True)
class ProbeOptions:
    """A reader and the tracings that it is asked about.

    Attributes
    ----------
    run : RunOptions
        The reader, the records and the page; the condition of its view is ignored.
    change : tuple of str
        Names of the changes; all when empty.
    all_records : bool
        Whether to change records that are not labelled normal, too.
    """

    run: RunOptions
    change: tuple[str, ...] = ()
    all_records: bool = False

    @property
    def changes(self) -> list[Change]:
        """The changes in table order."""
        selected = {change_named(name).name for name in self.change}
        return [change for name, change in CHANGES.items() if not selected or name in selected]

    @property
    def name(self) -> str:
        """Name of the probe's folder, the same for equal probes."""
        run, selection = self.run, self.run.selection
        safe = "".join(char if char.isalnum() else "-" for char in run.reader.lower())[:40]
        decides = (selection.split, selection.ids, selection.limit, self.change, self.all_records, run.view.renderer)
        option = tuple(f"{name}={value}" for name, value in run.options.items())
        digest = hashlib.sha256(repr((*decides, run.view.px_per_mm, option, run.view.seed)).encode()).hexdigest()
        return f"probe-{safe}-{selection.split}-{digest[:8]}"

    @property
    def folder(self) -> Path:
        """Folder of the probe's page."""
        return self.run.out / self.name

    def tracings(self) -> tuple[list[Tracing], int]:
        """Return the tracings, and the number of records that they were sought in."""
        limit = self.run.selection.limit
        cohort = replace(self.run.selection, limit=None).cohort()
        records = normal_records(cohort, self.all_records)[:limit]
        return list(tracings(records, self.changes, self.run.view.seed)), len(records)


@dataclass(frozen=True)
class ProbeResult:
    """A probe's title, and its result for each dose of each change."""

    title: str
    results: tuple[DoseResult, ...]


def run_probe(options: ProbeOptions, observer: Observer = SILENT) -> ProbeResult:
    """Ask a reader about every tracing.

    Raises
    ------
    taxonomy.error.BenchError
        When the reader, the records or a change do not exist, or the reader fails.
    """
    run, folder = options.run, options.folder
    reader = within(run.built(), run.limits.session(folder, folder.name, 0.0, observer.say))
    probe_set, records = options.tracings()
    with observer.progress(f"{reader.name}, {len(probe_set)} tracings", "tracings") as report:
        results = probe_tracings(reader, probe_set, run.view, report)
    used = len({tracing.record.ecg_id for tracing in probe_set})
    page = run.view.settled(reader).renderer if "image" in reader.inputs else "signal"
    return ProbeResult(f"{run.reader}, {used} of {records} records, {page}", results)


def drawn_tracings(options: ProbeOptions, count: int, renderers: tuple[str, ...]) -> Iterator[tuple[str, Picture]]:
    """Yield name and picture of each tracing of the first records that can be changed, by each renderer."""
    seen: dict[object, None] = {}

    def is_wanted(tracing: Tracing) -> bool:
        seen.setdefault(tracing.record.ecg_id)
        return len(seen) <= count

    style = options.run.view.style if options.run.view.px_per_mm else PageStyle()
    for tracing in takewhile(is_wanted, options.tracings()[0]):
        label = f"{tracing.change}{tracing.dose:+g}" if tracing.change else "unchanged"
        for name in renderers:
            for image in render(tracing.mv, FS, name, style):
                yield f"{str(tracing.record.ecg_id).zfill(5)}_{label}_{name}", image
