"""A whole probe: pick records, change them, ask, report."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.dataset import Record, RecordId, Selection
from bench.probe.change import CHANGES, Change
from bench.probe.probe import FS, DoseResult, probe, tracings
from bench.probe.report import HEADINGS, row, thresholds, write_probe
from bench.progress import progress
from bench.report.terminal import WIDTH
from bench.run.options import Means, parsed
from readers.contract import Reader
from readers.registry import reader as reader_named
from readers.session import Session, SessionReader
from renderers import LEADS, RENDERERS, PageStyle, render, renderer
from taxonomy.error import RenderError, RunError, SettingError, unknown_name


@dataclass(frozen=True)
class ProbeOptions:
    """One ``bench probe``, as on the command line."""

    reader: str
    data: Path | None
    split: str
    ids: str | None
    limit: int | None
    change: tuple[str, ...]
    all_records: bool
    renderer: str
    px_per_mm: int
    option: tuple[str, ...]
    seed: int
    out: Path
    means: Means


def run_probe(options: ProbeOptions) -> Path:
    """Ask, report and print; return the folder.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the reader does not read the tracings.
    """
    page, changes, records = _page(options), _changes(options), _records(options)
    reader = _within(reader_named(options.reader, parsed(options.option)), options)
    if {"signal", "image"}.isdisjoint(reader.inputs):
        raise SettingError(f"reader {reader.name!r} sees no trace, so nothing can be changed for it")
    asked = list(tracings(records, changes, options.seed))
    with progress(f"{reader.name}, {len(asked)} tracings", "tracings") as report:
        results = probe(reader, asked, page, report)
    used = len({tracing.record.ecg_id for tracing in asked})
    title = f"{options.reader}, {used} of {len(records)} records, {page[0] if 'image' in reader.inputs else 'signal'}"
    folder = options.out / f"probe-{_name(options)}"
    write_probe(folder, title, results)
    _print(title, results)
    click.echo(f"\npage: {folder / 'probe.md'}")
    return folder


def draw_tracings(options: ProbeOptions, count: int) -> None:
    """Draw the tracings of the first records that can be changed, by every renderer, for a person to look at."""
    style, changes = _page(options)[1], _changes(options)
    drawn: dict[RecordId, None] = {}
    written = 0
    for tracing in tracings(_records(options), changes, options.seed):
        if drawn.setdefault(tracing.record.ecg_id) is None and len(drawn) > count:
            break
        for name in RENDERERS:
            for image in render(tracing.mv, FS, name, style):
                lead = f"_{image.leads[0]}" if image.leads != LEADS and len(image.leads) == 1 else ""
                what = f"{tracing.change}{tracing.dose:+g}" if tracing.change else "unchanged"
                path = options.out / f"{tracing.record.ecg_id:05d}_{what}_{name}{lead}.png"
                try:
                    options.out.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(image.png())
                except OSError as error:
                    raise RunError(f"{path} cannot be written: {error.strerror}") from error
                written += 1
    click.echo(f"{written} pictures in {options.out}")


def _page(options: ProbeOptions) -> tuple[str, PageStyle]:
    try:
        return renderer(options.renderer).name, PageStyle(px_per_mm=options.px_per_mm)
    except RenderError as error:
        raise SettingError(str(error)) from error


def _changes(options: ProbeOptions) -> list[Change]:
    for name in options.change:
        if name not in CHANGES:
            raise unknown_name("change", name, CHANGES)
    return [change for name, change in CHANGES.items() if not options.change or name in options.change]


def _records(options: ProbeOptions) -> Sequence[Record]:
    """Return the records to change: those labelled normal, so that what a dose makes right is known."""
    records = Selection(options.data, options.split, options.ids).cohort()
    if not options.all_records:
        dataset = records.dataset
        records = records.of(record for record in records if dataset.truth(record).values["diagnosis"] == "NORM")
    if not records:
        raise SettingError("no record of this choice is labelled normal: --all-records changes every one")
    return records[: options.limit]


def _within(reader: Reader, options: ProbeOptions) -> Reader:
    if not isinstance(reader, SessionReader):
        return reader
    means = options.means
    return reader.within(
        Session(
            responses=options.out / "responses",
            run_id=f"probe-{_name(options)}",
            concurrency=means.concurrency,
            max_cost=means.max_cost,
            prices=means.prices,
            say=lambda line: click.echo(line, err=True),
        )
    )


def _name(options: ProbeOptions) -> str:
    safe = "".join(char if char.isalnum() else "-" for char in options.reader.lower())[:40]
    decides = (options.split, options.ids, options.limit, options.change, options.all_records, options.renderer)
    digest = hashlib.sha256(repr((*decides, options.px_per_mm, options.option, options.seed)).encode()).hexdigest()
    return f"{safe}-{options.split}-{digest[:8]}"


def _print(title: str, results: Sequence[DoseResult]) -> None:
    out = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in HEADINGS:
        out.add_column(heading, justify="left" if heading == "change" else "right", no_wrap=True)
    for result in results:
        out.add_row(*row(result))
    Console(width=WIDTH, highlight=False).print(out)
    click.echo("\nhalf of the answers have moved at:")
    for change, direction, dose in thresholds(results):
        click.echo(f"  {change:<14}{direction:<6}{dose}")
