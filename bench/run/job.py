"""A whole run: pick records, build the reader, ask, score, report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from bench.cli.option import SelectionError
from bench.cli.progress import progress
from bench.cli.selection import select
from bench.dataset import Dataset, Record, fingerprint, open_dataset
from bench.report.markdown import write_report
from bench.report.terminal import print_score
from bench.run.case import CaseBuilder
from bench.run.folder import RunError, RunFolder, as_json
from bench.run.manifest import manifest
from bench.run.runner import ask_all
from bench.run.scoring import score_readings
from bench.run.settings import RunSettings
from bench.truth import measured
from measurements import Measurements
from readers.contract import Reader
from readers.registry import reader as reader_named
from renderers import PageStyle, RenderError, renderer
from taxonomy.danger import danger_table


@dataclass(frozen=True)
class RunOptions:
    """What the user asked for, as on the command line."""

    reader: str
    data: Path | None
    split: str
    ids: str | None
    limit: int | None
    renderer: str
    px_per_mm: int
    measurements: str
    danger: Path | None
    seed: int
    out: Path


def run_job(options: RunOptions) -> RunFolder:
    """Run, score and report; print where everything is.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, or the run cannot go on.
    """
    _check_drawing(options)
    table = danger_table(options.danger)
    dataset = open_dataset(options.data)
    records = select(dataset, options.split, options.ids, options.limit)
    reader = reader_named(options.reader)
    settings = _settings(options, dataset, records, reader)
    folder = RunFolder(options.out / settings.run_id)
    with folder.locked():
        _begin(folder, settings)
        with progress("measuring") as report:
            truth_numbers = measured(records, dataset, report)
        numbers = prompt_numbers(options.measurements, records, truth_numbers)
        with progress(f"reading with {reader.name}") as report:
            builder = CaseBuilder(settings, reader, numbers)
            readings = ask_all(folder, builder, records, lambda step: report(step.done, step.total))
        score = score_readings(readings, records, truth_numbers, table)
        folder.write("score.json", as_json(score.to_json()))
        write_report(folder.path, score, folder.manifest(), table)
    print_score(score, f"{options.reader} on {dataset.name}, {settings.split}", dataset.is_sample)
    click.echo(f"\nreport: {folder.path / 'report.md'}")
    return folder


def prompt_numbers(
    source: str, records: Sequence[Record], waveform: Mapping[int, Measurements]
) -> Mapping[int, Measurements]:
    """Return the numbers of the prompt: measured here, or from a PTB-XL+ features file."""
    if source == "waveform":
        return waveform
    from bench.feature_file import read_features

    features = read_features(Path(source))
    missing = Measurements.none("the features file has no row for this record")
    return {record.ecg_id: features.get(record.ecg_id, missing) for record in records}


def _check_drawing(options: RunOptions) -> None:
    try:
        renderer(options.renderer)
        PageStyle(px_per_mm=options.px_per_mm)
    except RenderError as error:
        raise SelectionError(str(error)) from error


def _settings(options: RunOptions, dataset: Dataset, records: Sequence[Record], reader: Reader) -> RunSettings:
    ids = tuple(record.ecg_id for record in records)
    images = "image" in reader.inputs
    return RunSettings(
        reader=options.reader,
        reader_details=dict(getattr(reader, "details", {})),
        dataset=dataset.name,
        dataset_version=dataset.version,
        fingerprint=fingerprint(dataset, ids),
        is_sample=dataset.is_sample,
        split=_split_name(options),
        ids=ids,
        renderer=options.renderer if images else "",
        px_per_mm=options.px_per_mm if images else 0,
        measurements=Path(options.measurements).name if "text" in reader.inputs else "",
        seed=options.seed,
    )


def _split_name(options: RunOptions) -> str:
    if options.ids:
        return "ids"
    return f"{options.split}-first{options.limit}" if options.limit else options.split


def _begin(folder: RunFolder, settings: RunSettings) -> None:
    """Write the manifest of a new run, or make sure that an old one is the same run."""
    if (folder.path / "manifest.json").is_file():
        if folder.settings() != settings:
            raise RunError(f"{folder.path} holds another run; name another --out")
        readings, torn = folder.readings()
        note = " (a torn last line is dropped)" if torn else ""
        click.echo(f"resuming: {len(readings)} of {len(settings.ids)} readings are there{note}", err=True)
        return
    folder.write("manifest.json", as_json(manifest(settings)))
