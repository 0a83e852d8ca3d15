"""A whole probe: pick records, change them, ask; and the tracings as pictures."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.dataset import Cohort, Dataset
from bench.dataset.lot import drawn, in_random_order
from bench.dataset.phantom import Phantoms
from bench.export.pictures import Drawing
from bench.progress import SILENT, Observer
from bench.run.options import RunOptions, check_limits
from bench.tracing.asking import probing, readings_of, unread
from bench.tracing.change import Change, changes_on
from bench.tracing.dose_response import DoseResult, dose_response
from bench.tracing.flip_dose import FlipDose
from bench.tracing.tracing import Tracing, TracingCases, normal_records, tracings
from bench.view import View
from measurements.conditioning import FS
from readers.contract import Reader
from taxonomy.error import DatasetError, SettingError

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class ProbeOptions:
    """A reader over the tracings of a selection.

    Attributes
    ----------
    run : RunOptions
        The reader, the records and the page; a probe shows no numbers, whatever the view's condition.
    change : tuple of str
        Names of the changes; empty makes all that the dataset's records can have.
    all_records : bool
        Whether records that are not labelled normal are changed too.
    """

    run: RunOptions
    change: tuple[str, ...] = ()
    all_records: bool = False

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset, opened."""
        return self.run.selection.open()

    @property
    def changes(self) -> list[Change]:
        """The changes, in the order of the table."""
        return changes_on(self.dataset, self.change)

    @property
    def name(self) -> str:
        """Of the probe's folder: the same for the same probe."""
        run, selection = self.run, self.run.selection
        safe = "".join(char if char.isalnum() else "-" for char in run.reader.lower())[:40]
        records = (self.dataset.name, selection.split, selection.ids, selection.limit, self.all_records)
        decides = (*records, self.change, run.view.renderer)
        option = tuple(f"{name}={value}" for name, value in run.options.items())
        digest = hashlib.sha256(repr((*decides, run.view.px_per_mm, option, run.view.seed)).encode()).hexdigest()
        return f"probe-{safe}-{self.dataset.name}-{selection.split}-{digest[:8]}"

    @property
    def folder(self) -> Path:
        """Where the probe's page goes."""
        return self.run.out / self.name

    def records(self) -> Cohort:
        """Return the records to change; ``--sample`` counts those that are labelled normal."""
        selection = self.run.selection
        every = replace(selection, limit=None).cohort(dataset=self.dataset)
        found = normal_records(every, self.all_records)
        return found.of(drawn(found, selection.limit, selection.seed)) if selection.limit else found


@dataclass(frozen=True, repr=False)
class ProbeResult:
    """What a probe found.

    Attributes
    ----------
    reader : str
    used, records : int
        Records that could be changed, and of how many.
    page : str
        Renderer of the pages that were shown, or ``signal``.
    dataset : str
        Name of the dataset.
    of_phantoms : bool
        Whether a parameter of the simulation was changed; otherwise recordings, by signal processing.
    results : tuple of DoseResult
        One for each dose of each change.
    flips : tuple of FlipDose
        One for each record, change and direction.
    """

    reader: str
    used: int
    records: int
    page: str
    dataset: str
    of_phantoms: bool
    results: tuple[DoseResult, ...]
    flips: tuple[FlipDose, ...]

    @property
    def title(self) -> str:
        """What was shown to whom."""
        return f"{self.reader}, {self.used} of {self.records} records of {self.dataset}, {self.page}"

    @property
    def way(self) -> str:
        """How the change was made, in words."""
        if self.of_phantoms:
            return "one parameter of each phantom's simulation changed, everything else identical"
        return "one property of each recording changed by signal processing"

    def __repr__(self) -> str:
        return f"<ProbeResult of {self.title}: {len(self.results)} doses>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.to_frame().to_html()}"

    def to_frame(self) -> "pandas.DataFrame":
        """Return a row for each dose: how many records, and the shares that moved, are right, moved elsewhere."""
        import pandas

        shares = ("moved", "right", "elsewhere")
        rows = [
            {"change": result.change, "dose": result.dose, "unit": result.unit, "n": result.n}
            | {name: figure.value if (figure := getattr(result, name)) else None for name in shares}
            for result in self.results
        ]
        return pandas.DataFrame(rows)


def probe_records(  # noqa: PLR0913  # what is asked of whom, and where it is kept
    reader: Reader,
    records: Cohort,
    changes: Sequence[Change],
    view: View,
    observer: Observer = SILENT,
    kept: Path | None = None,
) -> ProbeResult:
    """Change records, and ask a reader about every tracing, record by record in random order.

    Parameters
    ----------
    reader : Reader
    records : Cohort
    changes : sequence of Change
    view : View
    observer : Observer
    kept : Path, optional
        A file of readings: those that it holds are not asked again, and new ones are appended.

    Raises
    ------
    taxonomy.error.BenchError
        When the reader sees no trace, no record can be changed, or the reader does not read the tracings.
    """
    check_traced(reader)
    asked: list[Tracing] = []
    with observer.progress("changing") as report:
        for done, record in enumerate(in_random_order(records, view.seed), start=1):
            asked += tracings(records.of([record]), changes, view.seed)
            report(done, len(records))
    if not any(tracing.change for tracing in asked):
        names = ", ".join(change.name for change in changes)
        raise DatasetError(f"none of {len(records)} records can be changed by {names}: name others, or other changes")
    settled = replace(view, condition="image-only").settled(reader)
    readings = readings_of(reader, asked, TracingCases(settled), settled, "tracings", observer, kept)
    found = dose_response(asked, readings)
    if not found.results:
        raise unread(reader, "the tracings", readings)
    used = len({tracing.record.ecg_id for tracing in asked})
    page = settled.renderer if "image" in reader.inputs else "signal"
    dataset = records.dataset
    of_phantoms = isinstance(dataset, Phantoms)
    return ProbeResult(reader.name, used, len(records), page, dataset.name, of_phantoms, found.results, found.flips)


def check_traced(reader: Reader) -> None:
    """Raise SettingError for a reader that is shown no trace."""
    if {"signal", "image"}.isdisjoint(reader.inputs):
        raise SettingError(
            f"reader {reader.name!r} is shown no trace, neither signal nor image, and a probe changes "
            "nothing else: probe a reader that is shown one, such as resnet1d or digitizer"
        )


def run_probe(options: ProbeOptions, observer: Observer = SILENT) -> ProbeResult:
    """Run a probe as on the command line.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the reader does not read the tracings.
    """
    run, folder = options.run, options.folder
    built = run.built()
    check_limits(built, run.limits)
    check_traced(built)
    records, changes = options.records(), options.changes
    with probing(run, built, folder, observer) as (reader, kept):
        result = probe_records(reader, records, changes, run.view, observer, kept)
    return replace(result, reader=run.reader)


def drawn_tracings(options: ProbeOptions, count: int, renderers: tuple[str, ...]) -> Iterator[Drawing]:
    """Yield the tracings of the first records that can be changed, to be drawn by each renderer, each with a name."""
    seen: dict[object, None] = {}

    def is_wanted(tracing: Tracing) -> bool:
        seen.setdefault(tracing.record.ecg_id)
        return len(seen) <= count

    style = options.run.view.style if options.run.view.px_per_mm else None
    for tracing in takewhile(is_wanted, tracings(options.records(), options.changes, options.run.view.seed)):
        what = f"{tracing.change}{tracing.dose:+g}" if tracing.change else "unchanged"
        for name in renderers:
            yield Drawing.of(
                f"{str(tracing.record.ecg_id).zfill(5)}_{what}", tracing.mv, FS, name, style, options.dataset.name
            )
