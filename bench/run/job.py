"""A whole run: pick records, build the reader, ask, score, report."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from bench.dataset import Cohort, Dataset, RecordId, Selection
from bench.dataset.statement_file import read_statements
from bench.progress import progress
from bench.prompt import condition_named, template_version
from bench.report.markdown import write_report
from bench.report.terminal import print_score
from bench.run.case import Asking, CaseBuilder
from bench.run.folder import Asked, RunFolder
from bench.run.manifest import manifest
from bench.run.options import Means, RunOptions
from bench.run.runner import ask_all
from bench.run.scoring import score_readings
from bench.run.settings import RunSettings
from bench.run.shown import ShownRecords, shown_numbers, with_donor
from bench.storage import as_json
from measurements import Measurements
from readers.contract import Reader
from readers.registry import reader as reader_named
from readers.session import Session, SessionReader
from renderers import PageStyle, renderer
from taxonomy.danger import DangerTable, danger_table
from taxonomy.error import RenderError, RunError, SettingError
from taxonomy.reading import Reading
from taxonomy.target import target_format

WORTH_PROCESSES = 200
"""Askings from which it pays to start processes that draw: they take two seconds to come up."""


@dataclass(frozen=True, eq=False)
class Job:
    """Everything that a run needs, before anything was asked.

    Attributes
    ----------
    settings : RunSettings
    reader : Reader
    records : Cohort
    folder : RunFolder
    measurements : str
        ``waveform``, or the path of a features file.
    again : frozenset of Asked
        Failed calls that are asked once more, and nothing else; empty for a run.
    statements : Path or None
        What an interpretation program printed.
    """

    settings: RunSettings
    reader: Reader
    records: Cohort
    folder: RunFolder
    measurements: str
    again: frozenset[Asked] = frozenset()
    statements: Path | None = None

    @property
    def dataset(self) -> Dataset:
        """Whose records they are."""
        return self.records.dataset

    @property
    def drawn(self) -> ShownRecords:
        """What the numbers and the donors of the run are drawn from."""
        return ShownRecords(self.records, self.settings.condition, self.measurements, self.settings.seed)

    @property
    def askings(self) -> list[Asking]:
        """Every record as often as it is asked, or what is asked once more."""
        every = [Asking(record, repeat) for record in self.records for repeat in range(self.settings.repeats)]
        return [asking for asking in every if asking.asked in self.again] if self.again else every


def prepared(options: RunOptions) -> Job:
    """Return the job of a command line; nothing is written and nothing asked.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there.
    """
    reader = reader_named(options.reader, options.reader_options)
    options = options.settled(reader)
    _check_drawing(options)
    needs_signal = not reader.inputs or not {"signal", "image", "text"}.isdisjoint(reader.inputs)
    chosen = Selection(options.data, options.split, options.ids, options.limit).cohort(needs_signal)
    shown = ShownRecords(chosen, options.condition, options.measurements, options.seed)
    records = with_donor(shown)
    if len(records) < len(chosen):
        left = len(chosen) - len(records)
        click.echo(f"{left} of {len(chosen)} records have nobody to stand in for them and are left out", err=True)
    settings = _settings(options, records, reader)
    folder = RunFolder(options.out / settings.run_id)
    return Job(settings, reader, records, folder, options.measurements, statements=options.statements)


def run_job(options: RunOptions) -> RunFolder:
    """Run, score and report; print where everything is.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the run cannot go on.
    """
    table, job = danger_table(options.danger), prepared(options)
    with job.folder.locked():
        begin(job.folder, job.settings)
        finish(job, options.means, table)
    return job.folder


def finish(job: Job, means: Means, danger: DangerTable) -> None:
    """Ask what has no reading yet, score and report; the folder is locked by the caller."""
    answered = ask_job(job, means)
    score = score_readings(answered.readings, job.records, answered.measured, danger, job.settings.form)
    job.folder.write("score.json", as_json(score.to_json()))
    write_report(job.folder.path, score, job.folder.manifest(), danger)
    print_score(score, title(job.settings), job.dataset.is_sample)
    if score.failed:
        click.echo(f"\n'bench retry {job.folder.path}' asks the failed calls again, and nothing else.")
    click.echo(f"\nreport: {job.folder.path / 'report.md'}")


@dataclass(frozen=True, eq=False)
class Answered:
    """What asking a job brought.

    Attributes
    ----------
    readings : mapping of Asked to Reading
    measured : mapping of int to Measurements
        Of every record, for its truth.
    told : mapping of int to Measurements
        What the prompt of each record was made of: its own numbers, or its donor's.
    """

    readings: Mapping[Asked, Reading]
    measured: Mapping[RecordId, Measurements]
    told: Mapping[RecordId, Measurements]


def ask_job(job: Job, means: Means) -> Answered:
    """Ask what has no reading yet; the folder is locked by the caller."""
    with progress("measuring") as report:
        truth_numbers = job.records.measure(report)
    numbers, standing_in = shown_numbers(job.drawn, truth_numbers)
    if standing_in:
        who = {str(ecg_id): donor.ecg_id for ecg_id, donor in standing_in.items()}
        job.folder.write("manifest.json", as_json(job.folder.manifest() | {"donors": who}))
    printed = read_statements(job.statements) if job.statements else {}
    builder = CaseBuilder(job.settings, within(job, means), numbers, _workers(job), standing_in, printed, job.dataset)
    with progress(f"{job.reader.name}, {builder.condition.name}") as report:
        readings = ask_all(job.folder, builder, job.askings, lambda step: report(step.done, step.total), job.again)
    foreign = builder.condition.measurements == "donor"
    told = {r.ecg_id: numbers[(standing_in[r.ecg_id] if foreign else r).ecg_id] for r in job.records}
    return Answered(readings, truth_numbers, told)


def title(settings: RunSettings) -> str:
    """Return what was run on what."""
    more = "" if settings.condition == "full" else f", {condition_named(settings.condition).name}"
    more += "" if settings.form in {"", "dense"} else f", {settings.form}"
    return f"{settings.reader} on {settings.dataset}, {settings.split}{more}"


def within(job: Job, means: Means) -> Reader:
    """Return the job's reader, within a session where it takes one."""
    if not isinstance(job.reader, SessionReader):
        return job.reader
    return job.reader.within(
        Session(
            responses=job.folder.path.parent / "responses",
            run_id=job.settings.run_id,
            concurrency=means.concurrency,
            max_cost=means.max_cost,
            spent=job.folder.paid(),
            prices=means.prices,
            batch=job.folder.path / "batch" if means.batch else None,
            poll_seconds=means.poll_seconds,
            say=lambda line: click.echo(line, err=True),
        )
    )


def _workers(job: Job) -> int:
    """Return how many processes draw; a reader that computes here needs the cores itself."""
    many = len(job.askings) >= WORTH_PROCESSES
    return min(4, os.cpu_count() or 1) if many and isinstance(job.reader, SessionReader) else 0


def _check_drawing(options: RunOptions) -> None:
    try:
        renderer(options.renderer)
        PageStyle(px_per_mm=options.px_per_mm)
    except RenderError as error:
        raise SettingError(str(error)) from error


def _settings(options: RunOptions, records: Cohort, reader: Reader) -> RunSettings:
    dataset = records.dataset
    condition, form = condition_named(options.condition), target_format(options.format)
    if condition.images == "none" and "text" not in reader.inputs and reader.inputs:
        raise SettingError(
            f"condition {condition.name!r} shows no trace, but reader {reader.name!r} reads nothing else"
        )
    images, text = "image" in reader.inputs and condition.images != "none", "text" in reader.inputs
    return RunSettings(
        reader=options.reader,
        reader_details=dict(getattr(reader, "details", {})),
        dataset=dataset.name,
        dataset_version=dataset.version,
        fingerprint=records.fingerprint,
        is_sample=dataset.is_sample,
        split=records.split,
        ids=records.ids,
        renderer=options.renderer if images else "",
        px_per_mm=options.px_per_mm if images else 0,
        condition=condition.text,
        measurements=Path(options.measurements).name if text and condition.measurements != "none" else "",
        seed=options.seed,
        form=form.name if text else "",
        prompt=template_version() if text else "",
        options=options.reader_options,
        repeats=options.repeats,
        statements=_statements(options, reader),
    )


def _statements(options: RunOptions, reader: Reader) -> str:
    """Return name and digest of the statements that a reader takes.

    Raises
    ------
    SettingError
        When the reader takes statements and none are named.
    """
    if "statements" not in reader.inputs:
        return ""
    if options.statements is None:
        raise SettingError(f"reader {reader.name!r} needs PTB-XL+'s 12sl_statements.csv: name it with --statements")
    read_statements(options.statements)
    digest = hashlib.sha256(options.statements.read_bytes()).hexdigest()[:8]
    return f"{options.statements.name} {digest}"


def begin(folder: RunFolder, settings: RunSettings) -> None:
    """Write the manifest of a new run, or make sure that an old one is the same run."""
    if (folder.path / "manifest.json").is_file():
        if folder.settings() != settings:
            raise RunError(f"{folder.path} holds another run; name another --out")
        readings, torn = folder.every_reading()
        note = " (a torn last line is dropped)" if torn else ""
        expected = len(settings.ids) * settings.repeats
        click.echo(f"resuming: {len(readings)} of {expected} readings are there{note}", err=True)
        return
    folder.write("manifest.json", as_json(manifest(settings)))
