"""One record with its truth, its measurements and what runs said of it: as words for a terminal, and as a picture."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bench.dataset import Record, Signal
from bench.dataset.explanation import ExplainedAxis, Explanation
from bench.report.table import harmless, quoted
from measurements.measurement import TABLE
from renderers.captioned import Caption, Cell, PaperTable, captioned
from renderers.explained import ColourPage

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 80
"""Columns of a terminal for which the words are made."""

LONGEST_VALUE = 16
"""Letters of a value of an axis, which is not broken where there is room for it."""

BESIDE = 3
"""Runs in a table beside the truth."""

LONGEST_NAME, LONGEST_READER, LONGEST_TEXT = 60, 40, 700
"""Letters of a run's name, of its reader's above its answers, and of a stranger's text that are shown."""

Judged = Literal["right", "wrong", "no answer", "no truth", "not asked"]

MARKS: Mapping[Judged, str] = {"right": "  ", "wrong": "x ", "no answer": "x ", "no truth": "? ", "not asked": ""}
"""What stands before an answer in the terminal."""

KEY = "x: wrong; ?: the record has no truth there; -: not asked; a number behind an answer is its probability"
PAPER_KEY = "A number behind an answer is the probability that the reader gave it."


@dataclass(frozen=True)
class RunAnswer:
    """What a run says on one axis.

    Attributes
    ----------
    words : str
        Empty without an answer.
    judged : str
    chance : float or None
        Probability that the reader gives to it.
    """

    words: str
    judged: Judged
    chance: float | None = None

    @property
    def told(self) -> str:
        """The answer without its mark."""
        if self.judged == "not asked":
            return "-"
        return (self.words or "no answer") + (f" {self.chance:.2f}" if self.chance is not None else "")

    @property
    def is_right(self) -> bool | None:
        """Whether it is right; None where that cannot be told."""
        return {"right": True, "wrong": False, "no answer": False}.get(self.judged)


@dataclass(frozen=True)
class RunReading:
    """What a run says of the record.

    Attributes
    ----------
    name : str
        Of its folder.
    reader : str
        Who was asked, and under which condition where it is not the usual one.
    told : str
        The same, of which records.
    answers : mapping of str to RunAnswer
        By axis; empty where there is no reading.
    why : str
        Why there is no reading, or what is to be known of it; empty where nothing is.
    written : str
        The reasoning, or the raw answer where there is none; empty where a reader writes nothing.
    """

    name: str
    reader: str
    told: str
    answers: Mapping[str, RunAnswer]
    why: str = ""
    written: str = ""


@dataclass(frozen=True)
class RecordSheet:
    """A record and what there is to say of it.

    Attributes
    ----------
    record : Record
    explanation : Explanation
    runs : tuple of RunReading
    dataset : str
        Its name, such as ``"phantoms-1"``; empty where the title does without.
    """

    record: Record
    explanation: Explanation
    runs: tuple[RunReading, ...] = ()
    dataset: str = ""

    @property
    def title(self) -> str:
        """What record it is, on one line."""
        told, record = self.explanation, self.record
        known = [f"{record.age:.0f} years" if record.age is not None else "", record.sex or ""]
        of = f"{quoted(self.dataset, LONGEST_NAME)} ({quoted(told.dataset)})" if self.dataset else quoted(told.dataset)
        first = f"record {quoted(str(told.ecg_id), LONGEST_NAME)} of {of}, fold {told.fold}"
        return ", ".join(filter(None, [harmless(first), *known]))

    def labels(self) -> Iterator[str]:
        """Yield what the labels say, a sentence each."""
        told = self.explanation
        if self.record.is_page:
            yield "trace and measurements: as the digitizer read them from the record's page"
        for name, said in (
            ("report", told.report),
            ("heart axis", told.heart_axis),
            ("infarction stage", told.infarction_stadium),
        ):
            if said:
                yield f"{name}: {quoted(said, LONGEST_TEXT)}"
        if told.statements:
            yield "statements: " + "; ".join(
                quoted(f"{one.code}{_likely(one.likelihood)} {one.description}") for one in told.statements
            )

    @property
    def sources(self) -> str:
        """Who says what is true, each source with its axes where there are several."""
        by_source: dict[str, list[str]] = {}
        for one in self.explanation.axes:
            if one.source:
                by_source.setdefault(one.source, []).append(one.axis)
        if len(by_source) == 1:
            return f"truth: by {next(iter(by_source))}"
        said = "; ".join(f"{', '.join(axes)} by {source}" for source, axes in by_source.items())
        return f"truth: {said or 'none'}"

    def numbers(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the value of each measurement, or why there is none."""
        for name, (label, unit) in TABLE.items():
            value = self.explanation.measured[name]
            shown = f"{label} axis" if name.endswith("axis") else label
            yield shown, f"not measured: {value}" if isinstance(value, str) else f"{value:.0f} {unit}"


def _likely(percent: float | None) -> str:
    return "" if percent is None else f" ({percent:.0f}%)" if percent else " (likelihood not given)"


def truth_told(axis: ExplainedAxis) -> str:
    """Return the truth on an axis, with every other right value."""
    if axis.primary is None:
        return "unlabelled"
    primary = axis.primary if isinstance(axis.primary, str) else ", ".join(axis.primary) or "none"
    beyond = [value for value in axis.accepted if value != axis.primary]
    if isinstance(axis.primary, list):
        return primary + (f"; may stand too: {', '.join(beyond)}" if beyond else "")
    return " or ".join([primary, *beyond])


def rests_on(axis: ExplainedAxis) -> str:
    """Return what the truth on an axis rests on, and who says so."""
    source = axis.source + " (circular)" * axis.circular
    return quoted(": ".join(filter(None, [source, axis.because])) or "not told")


def numbered(runs: Sequence[RunReading]) -> Iterator[tuple[int, RunReading]]:
    """Yield the runs that have a reading, with their numbers from 1."""
    yield from ((number, run) for number, run in enumerate(runs, start=1) if run.answers)


def heading(number: int, run: RunReading) -> str:
    """Return what stands above a run's answers."""
    return f"{number}  {quoted(run.reader, LONGEST_READER)}"


def first_lines(sheet: RecordSheet) -> Iterator[str]:
    """Yield what stands above the tables in the terminal, wrapped."""
    yield from _wrapped(sheet.title)
    for said in sheet.labels():
        yield from _wrapped(said, indent="  ")


def run_lines(sheet: RecordSheet) -> Iterator[str]:
    """Yield a line for each run: its number, its name, who was asked, and why it says nothing where it does not."""
    for number, run in enumerate(sheet.runs, start=1):
        said = f"{quoted(run.name, LONGEST_NAME)}: {quoted(run.told)}" + (f"; {harmless(run.why)}" if run.why else "")
        yield "\n".join(_wrapped(f"{number}  {said}", indent="   "))


def written_lines(sheet: RecordSheet) -> Iterator[str]:
    """Yield what each run's reader wrote, shortened and harmless."""
    for number, run in enumerate(sheet.runs, start=1):
        if run.written:
            yield "\n".join(_wrapped(f"{number}  wrote: {quoted(run.written, LONGEST_TEXT)}", indent="   "))


def key_lines() -> list[str]:
    """Return what the marks of the tables mean."""
    return _wrapped(KEY)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False) or [""]


def number_table(sheet: RecordSheet) -> "Table":
    """Return the measurements for the terminal."""
    return _table(("measurement", "by this project"), [((one, ""), (two, "")) for one, two in sheet.numbers()])


def truth_table(sheet: RecordSheet) -> "Table":
    """Return the truth on every axis for the terminal, and what it rests on."""
    rows = [((one.axis, ""), (truth_told(one), ""), (rests_on(one), "")) for one in sheet.explanation.axes]
    return _table(("axis", "truth", "who says so"), rows)


def reading_tables(sheet: RecordSheet) -> Iterator["Table"]:
    """Yield the answers of the runs beside the truth, so many runs a table; a wrong one has a cross."""
    told = list(numbered(sheet.runs))
    for first in range(0, len(told), BESIDE):
        shown = told[first : first + BESIDE]
        headings = ("axis", "truth", *(heading(number, run) for number, run in shown))
        rows = []
        for axis in sheet.explanation.axes:
            answers = [run.answers[axis.axis] for _, run in shown]
            if any(one.judged != "not asked" for one in answers):
                cells = [(MARKS[one.judged] + one.told, "red" if one.is_right is False else "") for one in answers]
                rows.append(((axis.axis, ""), (truth_told(axis), ""), *cells))
        yield _table(headings, rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]]) -> "Table":
    """Return a table of texts and their styles; the first column is never broken."""
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=not place, min_width=LONGEST_VALUE if place == 1 else None)
    for row in rows:
        # A blank at the beginning keeps right answers in line with those that have a mark.
        table.add_row(*(Text(text[: len(text) - len(text.lstrip())] + harmless(text), style) for text, style in row))
    return table


SIDE_MM = (31.0, 24.0)
"""Widths of the table of measurements."""

AXIS_MM, LEFT_MM = 33.0, 190.0
"""Width of the names of the axes, and of the tables beside the measurements."""


def record_page(sheet: RecordSheet, signal: Signal) -> ColourPage:
    """Return the record on paper with the truth, the measurements and the answers beneath; it prints to scale.

    Raises
    ------
    taxonomy.error.RenderError
        When the signal cannot be drawn.
    """
    numbers = tuple(
        (Cell(name), Cell("not measured" if said.startswith("not measured") else said))
        for name, said in sheet.numbers()
    )
    measured = PaperTable(("measured", "by this project"), SIDE_MM, numbers)
    answers = tuple(_answers_on_paper(sheet))
    tables = answers or (_truth_on_paper(sheet),)
    written = [line.replace("\n   ", " ") for line in (*run_lines(sheet), *written_lines(sheet))]
    if any(one.chance is not None for run in sheet.runs for one in run.answers.values()):
        written.append(PAPER_KEY)
    title = sheet.title[:1].upper() + sheet.title[1:]
    texts = (*sheet.labels(), *((sheet.sources,) if answers else ()))
    caption = Caption(title, texts, (tables, (measured,)), tuple(written))
    return captioned(signal.mv, signal.fs, caption)


def _truth_on_paper(sheet: RecordSheet) -> PaperTable:
    rows = tuple((Cell(one.axis), Cell(truth_told(one)), Cell(rests_on(one))) for one in sheet.explanation.axes)
    return PaperTable(("axis", "truth", "who says so"), (AXIS_MM, 58.0, LEFT_MM - AXIS_MM - 58.0), rows)


def _answers_on_paper(sheet: RecordSheet) -> Iterator[PaperTable]:
    told = list(numbered(sheet.runs))
    for first in range(0, len(told), BESIDE):
        shown = told[first : first + BESIDE]
        truth_mm = 46.0
        wide = (LEFT_MM - AXIS_MM - truth_mm) / len(shown)
        rows = []
        for axis in sheet.explanation.axes:
            answers = [run.answers[axis.axis] for _, run in shown]
            if any(one.judged != "not asked" for one in answers):
                said = [Cell("? " * (one.judged == "no truth") + quoted(one.told), one.is_right) for one in answers]
                rows.append((Cell(axis.axis), Cell(truth_told(axis)), *said))
        headings = ("axis", "truth", *(heading(number, run) for number, run in shown))
        yield PaperTable(headings, (AXIS_MM, truth_mm, *[wide] * len(shown)), tuple(rows))
