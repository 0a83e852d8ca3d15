"""Compares each arm with the same model untaught, on the cases that both answered."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.dataset import Dataset
from bench.experiment.result import ArmResult
from bench.progress import SILENT, Observer
from bench.run.folder import RunFolder
from bench.run.rescoring import cohort_of_run
from bench.run.scoring import scored_cases
from bench.score.comparison import DRAWS, Answers, AxisGap, compare_pair, corrected
from taxonomy.error import DatasetError, RunError

UNTAUGHT = ("zero-shot", "free text")
"""The arm that taught ones are compared with."""

ArmKey = tuple[str, str, str]
"""Experiment, arm and model."""


def arm_key(result: ArmResult) -> ArmKey:
    """Return what tells an arm of a model from every other."""
    return result.experiment, result.arm, result.model


def gaps_over_untaught(
    results: Sequence[ArmResult], runs: Path, dataset: Dataset, observer: Observer = SILENT, draws: int = DRAWS
) -> Mapping[ArmKey, Mapping[str, AxisGap]]:
    """Return, for each arm, its accuracy on each axis minus that of the same model untaught.

    Paired by case, with 95% intervals over the patients; p with Holm's correction over all arms and axes.

    Parameters
    ----------
    results : sequence of ArmResult
        Arms of models that have no untaught one among them, or were asked about other records, are left out.
    runs : Path
        The folder of their run folders.
    dataset : Dataset
        Of the records.
    observer : Observer
    draws : int
        Of the resamples.
    """
    untaught = {result.model: result for result in results if (result.experiment, result.arm) == UNTAUGHT}
    pairs = [(one, untaught[one.model]) for one in results if one is not untaught.get(one.model, one)]
    answers = {
        run_id: _answers(run_id, runs, dataset) for pair in pairs for run_id in sorted({one.run_id for one in pair})
    }
    found = []
    with observer.progress("comparing with the untaught model", "arms") as report:
        for number, (arm, other) in enumerate(pairs, start=1):
            first, second = answers[arm.run_id], answers[other.run_id]
            if first and second and first.cases.keys() & second.cases.keys():
                found.append((arm_key(arm), compare_pair(first, second, draws)))
            report(number, len(pairs))
    compared = corrected([pair for _, pair in found])
    return {key: {gap.axis: gap for gap in pair.axes} for (key, _), pair in zip(found, compared, strict=True)}


def _answers(run_id: str, runs: Path, dataset: Dataset) -> Answers | None:
    """Return the answers of a run, None where its folder is gone or it was made on other records."""
    folder = RunFolder(runs / run_id)
    if not (folder.path / "manifest.json").is_file():
        return None
    settings = folder.settings()
    if settings.dataset != dataset.name:
        return None
    try:
        cohort = cohort_of_run(settings, dataset)
    except (RunError, DatasetError):  # records of another folder of that name, which are not at hand
        return None
    readings, _ = folder.every_reading()
    cases = scored_cases(readings, cohort, offer=settings.offer)
    answered = [case for case in cases if case.reading.outcome != "failed"]
    return Answers.of(run_id, answered, settings.offer.measured)
