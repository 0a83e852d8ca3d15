"""Runs experiments: teach each arm of each model, run it and ablate it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from bench.dataset import Dataset
from bench.dataset.base import TRAIN
from bench.evidence.ablation import AUTO, AblationRuns, ablation_of, condition_jobs
from bench.evidence.result import Evidence
from bench.experiment.experiments import Arm, Experiment
from bench.experiment.model import ModelUnderTest
from bench.experiment.result import ArmResult
from bench.finetune.config import FinetuneConfig, finetune_config, read_settings
from bench.finetune.finetuning import CONFIG, finetune
from bench.progress import SILENT, Observer
from bench.run.folder import RunFolder
from bench.run.job import Job, limited, prepared, run_job
from bench.run.options import Limits, RunOptions, check_limits
from bench.run.scoring import scored_cases
from bench.score import Score
from bench.score.label_figures import LabelFigures, head_labels, label_figures
from readers.registry import reader
from readers.vlm.option import REMOTE_CODE
from taxonomy.axis import AXIS_NAMES, NORMALITY
from taxonomy.error import BenchError, SettingError
from taxonomy.reading import Reading

ANSWERED = (*AXIS_NAMES, NORMALITY.name)
"""Values of an answer: normality is one where nothing else is asked."""

COUNTED = 20_000
"""Training records at most whose labels are counted for the head labels: all of PTB-XL's."""


@dataclass(frozen=True)
class ExperimentOptions:
    """How to run experiments on one model.

    Attributes
    ----------
    model : str
        As after ``--model``.
    run : RunOptions
        The records and the limits; its options apply to every arm's reader, its reader and view are replaced by
        the arm's own. The limit on cost is one over all runs in ``out``.
    settings : mapping
        Content of a ``bench finetune`` configuration; an arm's own task takes precedence.
    ablation : bool
        Whether to ablate each arm.
    image_ceiling : str
        As of ``bench ablate``.
    out : Path
    """

    model: str
    run: RunOptions
    settings: Mapping[str, Any] = field(default_factory=dict)
    ablation: bool = True
    image_ceiling: str = AUTO
    out: Path = Path("experiments")

    @cached_property
    def tested(self) -> ModelUnderTest:
        """The model, told by its name."""
        return ModelUnderTest.named(self.model)

    @property
    def runs(self) -> Path:
        """Where the run folders of every arm go."""
        return self.out / "runs"

    def arms(self, experiment: Experiment) -> tuple[Arm, ...]:
        """Return the arms in which the model takes part: all of them, or the untaught ones."""
        return tuple(arm for arm in experiment.arms if arm.task is None or self.tested.is_open)


@dataclass(frozen=True, eq=False)
class ArmRun:
    """One finished arm.

    Attributes
    ----------
    result : ArmResult
    folder : Path
        Of adapter and result.
    job : Job
        The headline run.
    evidence : Evidence or None
        Of the ablation.
    is_taught : bool
        Whether this process taught an adapter in the folder.
    """

    result: ArmResult
    folder: Path
    job: Job
    evidence: Evidence | None
    is_taught: bool


@dataclass(frozen=True)
class ArmFailure:
    """An arm that could not be finished, and the sentence that says why."""

    experiment: str
    arm: str
    model: str
    sentence: str


def check_models(every: Sequence[ExperimentOptions], experiments: Sequence[Experiment]) -> None:
    """Refuse what can be told before anything is asked or taught: no such model, no key, no arm for any of them.

    Raises
    ------
    taxonomy.error.BenchError
        With the first such model.
    """
    check_arms(every, experiments)
    any_api = any(options.tested.is_api() for options in every)
    for options in every:
        tested = options.tested
        arms = [(one, arm) for one in experiments for arm in options.arms(one)]
        if not arms:
            continue
        # Of an open model this reads the small files alone.
        built = reader(tested.reader, tested.options({**arms[0][1].options, **options.run.options}))
        if not any_api:
            check_limits(built, options.run.limits)
        for one, arm in () if tested.is_open else arms:
            prepared(run_options(one, arm, options)).check_reader()


def check_arms(every: Sequence[ExperimentOptions], experiments: Sequence[Experiment]) -> None:
    """Raise SettingError when none of the models takes part in an arm of these experiments."""
    if not any(options.arms(one) for options in every for one in experiments):
        tested = every[0].tested
        raise SettingError(
            f"--model {tested.name} has no arm in {experiments[0].name!r}, whose arms are all fine-tuned "
            f"({tested.why_untaught()}): 'zero-shot' has untaught ones"
        )


def run_experiment(
    experiment: Experiment, options: ExperimentOptions, observer: Observer = SILENT
) -> Iterator[ArmRun | ArmFailure]:
    """Run the arms of an experiment in which a model takes part, and yield each when it is finished or has failed.

    A fine-tuning resumes from its last checkpoint, a run from its last answer. Where the model cannot be loaded, memory
    or the budget is short, or a provider refuses, only the arm fails.
    """
    arms = options.arms(experiment)
    for number, arm in enumerate(arms, start=1):
        observer.say(f"\n{experiment.name}: {arm.name}, {options.tested.shown} ({number} of {len(arms)})")
        try:
            yield _run_arm(experiment, arm, options, observer.part("arm", number, len(arms)))
        except BenchError as error:
            yield ArmFailure(experiment.name, arm.name, options.tested.shown, str(error))


def arm_folder(experiment: Experiment, arm: Arm, options: ExperimentOptions) -> Path:
    """Return the folder of an arm's adapter and result.

    An adapter of an earlier version, which had one model and its arms in the folder of the experiment, stays there.
    """
    name = arm.name.replace(" ", "-")
    earlier = options.out / experiment.name / name
    if (earlier / CONFIG).is_file() and read_settings(earlier / CONFIG).get("model") == options.tested.name:
        return earlier
    return options.out / experiment.name / options.tested.folder / name


def arm_config(arm: Arm, options: ExperimentOptions) -> FinetuneConfig:
    """Return the fine-tuning configuration of an arm, even of an untaught one.

    Leave to run the model's code comes from the command line (``--option remote_code=MODEL``).
    """
    leave = {REMOTE_CODE: options.tested.options(options.run.options).get(REMOTE_CODE)}
    return finetune_config(dict(options.settings), {"model": options.tested.name, **(arm.task or {}), **leave})


def run_options(experiment: Experiment, arm: Arm, options: ExperimentOptions) -> RunOptions:
    """Return the headline run of an arm; limits on a provider are for models behind one."""
    tested, limits = options.tested, options.run.limits
    return replace(
        options.run,
        reader=tested.reader if arm.task is None else f"lora:{arm_folder(experiment, arm, options)}",
        options=tested.options({**arm.options, **options.run.options}),
        view=replace(arm_config(arm, options).view, condition="full", seed=0),
        limits=limits if tested.is_api() else Limits(concurrency=limits.concurrency),
        out=options.runs,
    )


def _run_arm(experiment: Experiment, arm: Arm, options: ExperimentOptions, observer: Observer) -> ArmRun:
    folder, is_taught = arm_folder(experiment, arm, options), False
    dataset = options.run.selection.open()
    if arm.task is not None:
        is_taught = finetune(arm_config(arm, options), dataset, folder, observer)
    headline = _within_budget(run_options(experiment, arm, options), options)
    runs = AblationRuns.opened(headline, "", options.image_ceiling, observer) if options.ablation else None
    job = limited(runs.jobs, "full") if runs else prepared(headline, observer)
    score: Score = run_job(job, observer=observer)
    evidence = runs.evidence(frozenset(runs.ablation.cohort.ids), observer) if runs else None
    labels, majority = _labels(job, dataset)
    result = ArmResult(
        experiment=experiment.name,
        arm=arm.name,
        model=options.tested.shown,
        run_id=job.settings.run_id,
        is_simulated=job.settings.is_simulated,
        score=score,
        verdicts={axis.axis: axis.verdict for axis in evidence.axes} if evidence else {},
        labels=labels,
        majority=majority,
        untaught=options.tested.why_untaught(),
    )
    result.write(folder)
    return ArmRun(result, folder, job, evidence, is_taught)


def _within_budget(headline: RunOptions, options: ExperimentOptions) -> RunOptions:
    """Return the run with what all other runs in ``out`` have cost under the cost limit."""
    if headline.limits.max_cost is None:
        return headline
    jobs = condition_jobs(headline, ablation_of(headline)) if options.ablation else {"full": prepared(headline)}
    own = {job.folder.path for job in jobs.values()}
    others = [path.parent for path in options.runs.glob("*/manifest.json") if path.parent not in own]
    spent = sum(RunFolder(path).paid() for path in others)
    return replace(headline, limits=replace(headline.limits, others=spent))


def _labels(job: Job, dataset: Dataset) -> tuple[LabelFigures, LabelFigures]:
    """Return the figures over the labels of a job's answers, and those of always answering the majority."""
    readings, _ = job.folder.every_reading()
    cases = scored_cases(readings, job.cases.cohort, offer=job.settings.offer)
    heads, prior = trained_heads(dataset), Reading(values={axis: dataset.baselines[axis] for axis in ANSWERED})
    recited = [replace(case, reading=prior) for case in cases if case.reading.outcome != "failed"]
    figures, majority = (label_figures(each, dataset.baselines, heads) for each in (cases, recited))
    return figures, majority


def trained_heads(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """Return the head labels of a dataset's training split, as far as its labels tell them without a measurement."""
    if TRAIN not in dataset.splits:
        return {}
    records = islice(dataset.in_folds(dataset.splits[TRAIN].folds), COUNTED)
    return head_labels([dataset.truth(record) for record in records])
