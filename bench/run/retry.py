"""Failed calls of a run once more: answers, right, wrong or missing, are left as they are."""

from pathlib import Path

import click

from bench.dataset import open_dataset
from bench.run.folder import RunFolder
from bench.run.job import Job, finish
from bench.run.options import Means
from bench.run.rescoring import records_of_run
from readers.registry import reader as reader_named
from taxonomy.danger import danger_table
from taxonomy.error import RunError


def retry_job(path: Path, data: Path | None, measurements: str, means: Means) -> None:
    """Ask the failed calls of a run again, then score and report.

    Raises
    ------
    taxonomy.error.BenchError
        When it is no run, was made on other data or with a reader that is not the same any more.
    """
    folder = RunFolder(path)
    settings, dataset = folder.settings(), open_dataset(data)
    reader = reader_named(settings.reader, settings.options)
    changed = _changed(settings.reader_details, dict(getattr(reader, "details", {})))
    if changed:
        raise RunError(f"reader {settings.reader!r} is not what it was in {path}: {changed}")
    if settings.measurements and Path(measurements).name != settings.measurements:
        raise RunError(f"the run took its numbers from {settings.measurements}: name it with --measurements")
    with folder.locked():
        readings, _ = folder.every_reading()
        failed = [asked for asked, reading in readings.items() if reading.outcome == "failed"]
        click.echo(f"{len(failed)} of {len(readings)} readings are failed calls")
        if failed:
            records = records_of_run(settings, dataset)
            job = Job(settings, reader, records, folder, measurements, frozenset(failed))
            finish(job, means, danger_table())


def _changed(before: object, now: object) -> str:
    assert isinstance(before, dict) and isinstance(now, dict)
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} was {before.get(name)!r}, is {now.get(name)!r}" for name in sorted(names))
