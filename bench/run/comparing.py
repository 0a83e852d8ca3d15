"""Runs compared: two or more run folders or submissions of one dataset, on the cases that they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.dataset import Dataset, open_dataset
from bench.dataset.phantom import phantoms_named
from bench.dataset.record import by_id
from bench.progress import SILENT, Observer
from bench.run.caveat import incomplete
from bench.run.folder import RunFolder
from bench.run.rescoring import cohort_of_run
from bench.run.same_cases import SameCases, on_same_cases
from bench.run.scoring import scored_cases
from bench.run.settings import RunSettings
from bench.score.comparison import DRAWS, Answers, PairComparison, compared
from bench.view import condition_named
from bench.view.derived import base_name
from readers.human import is_person
from taxonomy.error import RunError


@dataclass(frozen=True)
class ComparedRuns:
    """Runs compared two by two, and beside each other on the cases that all of them answered; None without any."""

    pairs: tuple[PairComparison, ...]
    same_cases: SameCases | None


def compare_runs(
    runs: Sequence[Path],
    data: str | None = None,
    observer: Observer = SILENT,
    draws: int = DRAWS,
    agree: bool = False,
) -> tuple[PairComparison, ...]:
    """Compare every pair of runs, as :func:`compared_runs`, which says more."""
    return compared_runs(runs, data, observer, draws, agree).pairs


def compared_runs(
    runs: Sequence[Path],
    data: str | None = None,
    observer: Observer = SILENT,
    draws: int = DRAWS,
    agree: bool = False,
) -> ComparedRuns:
    """Compare every pair of runs, and score each on the cases that all of them answered.

    Parameters
    ----------
    runs : sequence of Path
        Run folders or submissions.
    data : str, optional
        Where their dataset is, as after ``--data``; runs on phantoms need none.
    observer : Observer
    draws : int
        Resamples of the patients.
    agree : bool
        Whether to tell how far the two of every pair agree with each other; of two people it is always told.

    Raises
    ------
    taxonomy.error.BenchError
        When there is only one, they are of different datasets, or share no case.
    """
    folders = [RunFolder(path) for path in dict.fromkeys(path.resolve() for path in runs)]
    if len(folders) < 2:
        raise RunError(f"a comparison needs two different runs or more, not only {runs[0] if runs else 'none'}")
    settings = [folder.settings() for folder in folders]
    other = next((one for one in settings if one.dataset != settings[0].dataset), None)
    if other:
        raise RunError(
            f"{settings[0].run_id} was made on {settings[0].dataset} and {other.run_id} on {other.dataset}: "
            "readers are compared on the same records"
        )
    made = [one for one in settings if base_name(one.dataset) != one.dataset and one.seed != settings[0].seed]
    if made:
        raise RunError(
            f"the records of {settings[0].run_id} were made with seed {settings[0].seed} and those of {made[0].run_id} "
            f"with seed {made[0].seed}: readers are compared on the same records"
        )
    dataset = phantoms_named(base_name(settings[0].dataset)) or open_dataset(data)
    if dataset.truth_is_measured:
        every = dataset.cohort(ids=sorted({ecg_id for one in settings for ecg_id in one.ids}, key=by_id))
        with observer.progress("measuring") as report:
            every.measure(report)
    names = _names(settings)
    answers = [_answers(*named, dataset) for named in zip(names, folders, settings, strict=True)]
    with observer.progress("comparing", "pairs"):
        pairs = compared(answers, draws, agree=agree)
    return ComparedRuns(pairs, on_same_cases(answers, dataset.baselines))


def _names(settings: Sequence[RunSettings]) -> list[str]:
    """Return the readers' names with their conditions but ``full``, or the run ids where two have the same."""
    conditions = [condition_named(one.condition).name for one in settings]
    readers = [
        one.reader if condition == "full" else f"{one.reader}, {condition}"
        for one, condition in zip(settings, conditions, strict=True)
    ]
    names = readers if len(set(readers)) == len(readers) else [one.run_id for one in settings]
    # Two copies of one run, a folder and its submission, still are two.
    return names if len(set(names)) == len(names) else [f"{number} {name}" for number, name in enumerate(names, 1)]


def _answers(name: str, folder: RunFolder, settings: RunSettings, dataset: Dataset) -> Answers:
    readings, _ = folder.every_reading()
    cases = scored_cases(readings, cohort_of_run(settings, dataset), offer=settings.offer)
    partly = incomplete(len(readings), len(settings.ids) * settings.repeats)
    caveats = tuple(f"{name}: {said}" for said in partly)
    return Answers.of(name, cases, settings.offer.measured, caveats, is_person(settings.reader))
