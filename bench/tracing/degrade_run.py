"""A whole probe of degraded pages: pick records, draw and degrade them, ask; and the pages as pictures."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from bench.dataset import Cohort, Dataset
from bench.dataset.lot import in_random_order
from bench.export.pictures import Drawing, drawn_with
from bench.progress import SILENT, Observer
from bench.run.manifest import versions
from bench.run.options import RunOptions, check_limits
from bench.run.settings import offer_of
from bench.tracing.asking import probing, readings_of, unread
from bench.tracing.degraded_page import DegradedCases, DegradedPage, degradations_named, degraded_pages
from bench.tracing.robustness import Robustness, robustness
from bench.view import View
from readers.contract import Reader
from renderers import Picture
from renderers.degradation import Degradation
from taxonomy.error import SettingError

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class DegradeOptions:
    """A reader over the degraded pages of a selection.

    Attributes
    ----------
    run : RunOptions
        The reader, the records and the page; numbers are not shown, whatever the view's condition.
    ways : tuple of str
        Names of degradations; ``all`` among them is every one.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such degradation.
    """

    run: RunOptions
    ways: tuple[str, ...]

    def __post_init__(self) -> None:
        degradations_named(self.ways)

    @property
    def degradations(self) -> tuple[Degradation, ...]:
        """The degradations, in the order of the table."""
        return degradations_named(self.ways)

    @cached_property
    def dataset(self) -> Dataset:
        """The dataset, opened."""
        return self.run.selection.open()

    @property
    def name(self) -> str:
        """Of the probe's folder: the same for the same probe, with whichever degradations, which share what is kept."""
        run, selection = self.run, self.run.selection
        safe = "".join(char if char.isalnum() else "-" for char in run.reader.lower())[:40]
        records = (self.dataset.name, selection.split, selection.ids, selection.limit)
        option = tuple(f"{name}={value}" for name, value in run.options.items())
        decides = (*records, run.view.renderer, run.view.px_per_mm, run.view.format, option, run.view.seed)
        digest = hashlib.sha256(repr(decides).encode()).hexdigest()
        return f"probe-degrade-{safe}-{self.dataset.name}-{selection.split}-{digest[:8]}"

    @property
    def folder(self) -> Path:
        """Where the page goes."""
        return self.run.out / self.name

    def records(self) -> Cohort:
        """Return the records of the selection, normal or not: kappa needs both."""
        return self.run.selection.cohort(dataset=self.dataset)


@dataclass(frozen=True, repr=False)
class DegradeResult:
    """What was found on degraded pages.

    Attributes
    ----------
    reader, dataset : str
    records : int
    page : str
        Renderer of the pages.
    px_per_mm : int
        Their resolution.
    found : Robustness
    """

    reader: str
    dataset: str
    records: int
    page: str
    px_per_mm: int
    found: Robustness

    @property
    def title(self) -> str:
        """What was shown to whom."""
        return f"{self.reader}, {self.records} records of {self.dataset}, {self.page} at {self.px_per_mm} px/mm"

    def __repr__(self) -> str:
        return f"<DegradeResult of {self.title}: {len(self.found.curves)} degradations>"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self)[1:-1])}</p>{self.to_frame().to_html()}"

    def to_frame(self) -> "pandas.DataFrame":
        """Return a row for each dose: kappa, its drop, and the shares of questions right, wrong and not answered."""
        import pandas

        rows = [
            {
                "degradation": curve.name,
                "dose": at.dose,
                "unit": curve.unit,
                "n": at.found.n,
                "kappa": at.found.kappa.value,
                "drop": at.found.drop.value,
                "p_holm": at.found.drop.p_holm,
                "right": at.found.right,
                "wrong": at.found.wrong,
                "no_answer": at.found.silent.value,
            }
            for curve in self.found.curves
            for at in curve.doses
        ]
        return pandas.DataFrame(rows)


def probe_degraded(  # noqa: PLR0913  # what is asked of whom, and where it is kept
    reader: Reader,
    records: Cohort,
    ways: Sequence[Degradation],
    view: View,
    observer: Observer = SILENT,
    kept: Path | None = None,
) -> DegradeResult:
    """Ask a reader about the page of every record, undegraded and at every dose, and compare with the record's truth.

    Parameters
    ----------
    reader : Reader
    records : Cohort
    ways : sequence of Degradation
    view : View
        Only its page and format are used: the picture is shown, and no numbers.
    observer : Observer
    kept : Path, optional
        A file of readings: those that it holds are not asked again, and new ones are appended.

    Raises
    ------
    taxonomy.error.BenchError
        When the reader reads no pictures, or signals beside them, the records came as pages, kappa is defined on no
        axis, or the reader does not read the pages.
    """
    check_pictured(reader)
    if records.dataset.shows_pages:
        raise SettingError(
            f"{records.dataset.title} are shown as they are: --degrade draws the pages that it makes worse, and needs "
            "recordings"
        )
    settled = replace(replace(view, condition="image-only").settled(reader), keeps_originals=False)
    with observer.progress("loading") as report:
        pages = degraded_pages(records, ways, view.seed, report)
    observer.say(
        f"{len(pages):,} pages: each of {len(records)} records as it is, and at {len(pages) // len(records) - 1} doses"
    )
    readings = readings_of(reader, pages, DegradedCases(settled), settled, "pages", observer, kept)
    if all(one.outcome == "failed" for page, one in zip(pages, readings, strict=True) if not page.way):
        raise unread(reader, "the pages", readings)
    found = robustness(pages, readings, ways, records, offer_of(reader, settled))
    return DegradeResult(reader.name, records.dataset.name, len(records), settled.renderer, settled.px_per_mm, found)


def check_pictured(reader: Reader) -> None:
    """Raise SettingError for a reader that is shown no picture, or a signal beside it."""
    if "signal" in reader.inputs:
        raise SettingError(
            f"reader {reader.name!r} reads signals, which are not drawn, so that no page of them can be degraded: "
            "--degrade is for readers of pictures, such as digitizer"
        )
    if "image" not in reader.inputs:
        raise SettingError(
            f"reader {reader.name!r} is shown no picture that could be degraded: --degrade is for readers of pictures, "
            "such as digitizer"
        )


def run_degraded(options: DegradeOptions, observer: Observer = SILENT) -> DegradeResult:
    """Run a probe of degraded pages as on the command line.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the reader does not read the pages.
    """
    run, folder = options.run, options.folder
    built = run.built()
    check_limits(built, run.limits)
    check_pictured(built)
    records = options.records()
    with probing(run, built, folder, observer) as (reader, kept):
        result = probe_degraded(reader, records, options.degradations, run.view, observer, kept)
    return replace(result, reader=run.reader)


def drawn_pages(options: DegradeOptions, count: int) -> Iterator[Drawing]:
    """Yield the degraded pages of the first records, to be drawn: each dose, then a sheet of all for each degradation.

    Parameters
    ----------
    options : DegradeOptions
    count : int
        Records.
    """
    view = options.run.view.for_inputs(frozenset({"image"}))
    cohort = options.records()
    records = cohort.of(in_random_order(cohort, view.seed)[:count])
    cases = DegradedCases(view)
    by_place = {
        (page.record.ecg_id, page.way, page.dose): page
        for page in degraded_pages(records, options.degradations, view.seed, lambda done, total: None)
    }
    for record in records:
        for way in options.degradations:
            pages = [by_place[record.ecg_id, "", 0.0], *(by_place[record.ecg_id, way.name, dose] for dose in way.doses)]
            name = f"{str(record.ecg_id).zfill(5)}_{way.name}"
            for page in pages[1:]:
                yield _drawing(f"{name}{page.dose:g}_{view.renderer}", cohort.dataset.name, view, cases, [page])
            yield _drawing(f"{name}_{view.renderer}_sheet", cohort.dataset.name, view, cases, pages)


def _drawing(name: str, data: str, view: View, cases: DegradedCases, pages: Sequence[DegradedPage]) -> Drawing:
    """Return the drawing of a page, or of a sheet of the first pictures of several."""
    told = repr((view.to_json(), versions("ecg-bench"), len(pages))).encode() + b" ".join(page.told for page in pages)

    def draw() -> tuple[Picture, ...]:
        from renderers.degradation.sheet import contact_sheet

        if len(pages) == 1:
            return tuple(cases.pictures(pages[0]))
        return (contact_sheet([next(cases.pictures(page)) for page in pages], [f"{page.dose:g}" for page in pages]),)

    settings = {**drawn_with(data, view.renderer, view.style), "seed": str(view.seed)}
    return Drawing(name, hashlib.sha256(told).hexdigest(), settings, draw)
