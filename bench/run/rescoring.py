"""The score of a run folder again, and of predictions made elsewhere."""

from pathlib import Path

import click

from bench.dataset import Cohort, Dataset, open_dataset
from bench.prediction_file import check_ids, read_predictions
from bench.progress import progress
from bench.report.markdown import write_report
from bench.report.terminal import print_score
from bench.run.folder import Asked, RunFolder
from bench.run.manifest import git_revision
from bench.run.scoring import score_readings
from bench.run.settings import RunSettings
from bench.score import Score
from bench.storage import as_json, write_whole
from taxonomy.danger import DangerTable
from taxonomy.error import RunError
from taxonomy.reading import Reading


def records_of_run(settings: RunSettings, dataset: Dataset) -> Cohort:
    """Return the records of a run.

    Raises
    ------
    taxonomy.error.RunError
        When this dataset is not the one that the run was made on.
    """
    if dataset.name != settings.dataset or dataset.fingerprint(settings.ids) != settings.fingerprint:
        raise RunError(
            f"the run was made on other records ({settings.dataset}, fingerprint {settings.fingerprint}) than "
            f"{dataset.name} holds here; name its folder with --data"
        )
    return dataset.cohort(ids=settings.ids)


def scored(folder: RunFolder, dataset: Dataset, danger: DangerTable | None = None) -> Score:
    """Return the score of a run folder, computed from its readings."""
    settings = folder.settings()
    records = records_of_run(settings, dataset)
    readings, _ = folder.every_reading()
    if not readings:
        raise RunError(f"{folder.path} has no readings yet: go on with the same 'bench run'")
    with progress("measuring") as report:
        numbers = records.measure(report)
    return score_readings(readings, records, numbers, danger, settings.form)


def score_run(path: Path, data: Path | None, danger: DangerTable) -> None:
    """Score a run folder again; write and print the score."""
    folder = RunFolder(path)
    settings = folder.settings()
    found = scored(folder, open_dataset(data), danger)
    folder.write("score.json", as_json(found.to_json()))
    write_report(folder.path, found, folder.manifest(), danger)
    print_score(found, f"{settings.reader} on {settings.dataset}, {settings.split}", settings.is_sample)
    if found.n < len(settings.ids):
        click.echo(f"\n{found.n} of {len(settings.ids)} cases have a reading: the run is not complete.", err=True)


def score_predictions(path: Path, records: Cohort, output: tuple[DangerTable, Path | None]) -> None:
    """Score a predictions file over some records; those without a prediction count as unanswered."""
    danger, out = output
    dataset = records.dataset
    readings = read_predictions(path)
    check_ids(readings, {record.ecg_id for record in dataset}, path)
    asked = {Asked(record.ecg_id): readings.get(record.ecg_id, Reading()) for record in records}
    given = sum(record.ecg_id in readings for record in records)
    if not given:
        raise RunError(f"{path} predicts none of the {len(records)} records of this split; choose another with --split")
    with progress("measuring") as report:
        numbers = records.measure(report)
    found = score_readings(asked, records, numbers, danger)
    print_score(found, f"{path.name} on {dataset.name}", dataset.is_sample)
    click.echo(
        f"\n{given} of {len(records)} records have a prediction; {len(readings) - given} of other records unused."
    )
    if out:
        ids = records.ids
        name, version = dataset.name, dataset.version
        digest = records.fingerprint
        settings = RunSettings(path.name, {}, name, version, digest, dataset.is_sample, "predictions", ids)
        manifest = {"run_id": path.stem, "settings": settings.to_json(), "git_revision": git_revision()}
        write_whole(out / "score.json", as_json(found.to_json()))
        write_report(out, found, manifest, danger)
        click.echo(f"report: {out / 'report.md'}")
