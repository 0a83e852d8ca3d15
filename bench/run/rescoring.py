"""Finished runs: their score computed again, and their cases shown again."""

from collections.abc import Mapping
from dataclasses import replace

from bench.dataset import Cohort, Dataset, RecordId
from bench.dataset.lot import in_random_order
from bench.progress import SILENT, Observer
from bench.run.folder import RunFolder
from bench.run.hold import division
from bench.run.scoring import score_readings
from bench.run.settings import RunSettings
from bench.run.sharded import Missing, missing_of
from bench.score import Score
from bench.view import Cases, Question, View, cases_of
from bench.view.derived import base_name, derived
from bench.view.shot import in_true_form
from taxonomy.axis import SAME_ANSWERS, VERSION
from taxonomy.danger import DangerTable
from taxonomy.error import RunError


def cohort_of_run(settings: RunSettings, dataset: Dataset) -> Cohort:
    """Return the records of a run; of a run on copies or phantoms made for the occasion, these made once more.

    Parameters
    ----------
    settings : RunSettings
    dataset : Dataset
        The run's, or the one that its records were made from.

    Raises
    ------
    taxonomy.error.RunError
        When this dataset is not the one that the run was made on, or the run answers another taxonomy.
    """
    if settings.taxonomy_version not in SAME_ANSWERS:
        raise RunError(
            f"the run answers taxonomy {settings.taxonomy_version}, and this version asks {VERSION}: run it again"
        )
    other = RunError(
        f"the run was made on other records ({settings.dataset}, fingerprint {settings.fingerprint}) than "
        f"{dataset.name} holds here; name its dataset with --data"
    )
    if dataset.name not in {settings.dataset, base_name(settings.dataset)}:
        raise other
    cohort = derived(settings.dataset, dataset, settings.ids, settings.seed)
    if cohort.fingerprint != settings.fingerprint:
        raise other
    return replace(cohort, split=settings.split)


def scored(
    folder: RunFolder, dataset: Dataset, danger: DangerTable | None = None, observer: Observer = SILENT
) -> Score:
    """Return the score of a run folder, computed from its readings.

    Raises
    ------
    taxonomy.error.RunError
        When there are no readings, or the dataset is another.
    """
    settings = folder.settings()
    cohort = cohort_of_run(settings, dataset)
    readings, _ = folder.every_reading()
    if not readings:
        raise RunError(f"{folder.path} has no readings yet: go on with the same 'bench run'")
    with observer.progress("measuring") as report:
        cohort.measure(report)
    found = score_readings(readings, cohort, danger, offer=settings.offer)
    return replace(found, taxonomy_version=settings.taxonomy_version)


def missing_shards(folder: RunFolder, dataset: Dataset) -> Missing | None:
    """Return what is missing of a run that was asked in shards, by shard; None for any other.

    Raises
    ------
    taxonomy.error.RunError
        When the dataset is another one.
    """
    settings, of = folder.settings(), division(folder.path)
    if of == 1:
        return None
    records = in_random_order(cohort_of_run(settings, dataset), settings.seed, settings.condition)
    questions = [Question(record, repeat) for record in records for repeat in range(settings.repeats)]
    return missing_of(questions, folder.every_reading()[0], of)


def cases_of_run(folder: RunFolder, dataset: Dataset, view: View | None = None) -> Cases:
    """Return the cases of a run as its reader saw them: same view, same donors, same opaque ids.

    Parameters
    ----------
    folder : RunFolder
    dataset : Dataset
    view : View, optional
        The view of the run, if it needs paths of files, which a manifest does not hold; the manifest's by default.

    Raises
    ------
    taxonomy.error.RunError
        When the dataset is another one, or the run was made by an earlier version.
    """
    settings = folder.settings()
    view = view or folder.view()
    cohort = cohort_of_run(settings, dataset)
    return cases_again(view, cohort, folder.manifest().get("donors", {}), settings.run_id)


def cases_again(view: View, cohort: Cohort, donors: Mapping[str, RecordId], name: str) -> Cases:
    """Return cases once more: same donors, same opaque ids, the worked examples of their condition.

    Parameters
    ----------
    view : View
    cohort : Cohort
        The records that were asked, which may be fewer than those among whom donors were drawn.
    donors : mapping of str to RecordId
        Whose numbers stood beside each record; records that are missing had their own, or were not asked.
    name : str
        Of the run.
    """
    cases = cases_of(replace(view, condition=in_true_form(view.shown).text), cohort)
    chosen = {ecg_id: cohort.dataset.record(donors[str(ecg_id)]) for ecg_id in cohort.ids if str(ecg_id) in donors}
    return replace(cases, view=view, donors=chosen, name=name)
