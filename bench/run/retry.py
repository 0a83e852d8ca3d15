"""Retries: the failed calls of a run are asked again; answers, whether right, wrong or missing, stay."""

from collections.abc import Mapping
from pathlib import Path

from bench.dataset import Dataset
from bench.run.folder import RunFolder
from bench.run.job import Job
from bench.run.leave import Told, reader_of_run
from bench.run.options import Limits, check_limits
from bench.run.rescoring import cases_of_run
from bench.run.settings import named_statements
from bench.view import View
from taxonomy.error import RunError


def retry_job(folder: RunFolder, dataset: Dataset, told: Told, limits: Limits) -> Job:
    """Return the job that repeats the failed calls of a run.

    Parameters
    ----------
    folder : RunFolder
    dataset : Dataset
    told : Told
        With the leave to run code that is not installed, where the run needs it.
    limits : Limits

    Raises
    ------
    taxonomy.error.BenchError
        When it is no run, its data or its reader have changed, or no leave is given to run its code.
    """
    settings = folder.settings()
    reader = reader_of_run(settings, told)
    check_limits(reader, limits)
    changed = _changed(settings.reader_details, dict(getattr(reader, "details", {})))
    if changed:
        raise RunError(f"reader {settings.reader!r} has changed since {folder.path} was made: {changed}")
    if settings.measurements and Path(told.measurements).name != settings.measurements:
        raise RunError(f"the run took its numbers from {settings.measurements}: name it with --measurements")
    view = View(
        settings.condition,
        settings.renderer,
        settings.px_per_mm,
        settings.form,
        told.measurements,
        told.statements,
        settings.seed,
        demography=settings.demography,
        shots=settings.shots,
    )
    view = view.settled(reader)
    if named_statements(view) != settings.statements:
        raise RunError(f"the run took its statements from {settings.statements}, not from {named_statements(view)}")
    readings, _ = folder.every_reading()
    failed = frozenset(asked for asked, reading in readings.items() if reading.outcome == "failed")
    return Job(settings, reader, cases_of_run(folder, dataset, view), folder, limits, failed)


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} was {before.get(name)!r}, is {now.get(name)!r}" for name in sorted(names))
