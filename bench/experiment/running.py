"""Runs an experiment: teach each arm, run it and ablate it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.evidence.ablation import AUTO, ablate_on_disk
from bench.evidence.result import Evidence
from bench.experiment.experiments import Arm, Experiment
from bench.experiment.result import ArmResult
from bench.finetune.config import FinetuneConfig, finetune_config
from bench.finetune.finetuning import finetune
from bench.progress import SILENT, Observer
from bench.run.job import Job, prepared, run_job
from bench.run.options import RunOptions
from bench.score import Score
from readers.vlm.option import REMOTE_CODE


@dataclass(frozen=True)
class ExperimentOptions:
    """How to run experiments.

    Attributes
    ----------
    model : str
    run : RunOptions
        The records and the limits; its options apply to every arm's reader, its reader and view are replaced by
        the arm's own.
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


def run_experiment(experiment: Experiment, options: ExperimentOptions, observer: Observer = SILENT) -> Iterator[ArmRun]:
    """Run the arms of an experiment and yield each when finished.

    A fine-tuning resumes from its last checkpoint, a run from its last answer.

    Raises
    ------
    taxonomy.error.BenchError
        As ``bench finetune``, ``bench run`` and ``bench ablate``.
    """
    for arm in experiment.arms:
        observer.say(f"\n{experiment.name}: {arm.name}")
        yield _run_arm(experiment, arm, options, observer)


def arm_folder(experiment: Experiment, arm: Arm, out: Path) -> Path:
    """Return the folder of an arm's adapter and result."""
    return out / experiment.name / arm.name.replace(" ", "-")


def arm_config(arm: Arm, options: ExperimentOptions) -> FinetuneConfig:
    """Return the fine-tuning configuration of an arm, even of an untaught one.

    Leave to run the model's code comes from the command line (``--option remote_code=MODEL``).
    """
    leave = {REMOTE_CODE: options.run.options.get(REMOTE_CODE)}
    return finetune_config(dict(options.settings), {"model": options.model, **(arm.task or {}), **leave})


def run_options(experiment: Experiment, arm: Arm, options: ExperimentOptions) -> RunOptions:
    """Return the headline run of an arm."""
    folder = arm_folder(experiment, arm, options.out)
    return replace(
        options.run,
        reader=f"hf:{options.model}" if arm.task is None else f"lora:{folder}",
        options={**arm.options, **options.run.options},
        view=replace(arm_config(arm, options).view, condition="full", seed=0),
        out=options.out / "runs",
    )


def _run_arm(experiment: Experiment, arm: Arm, options: ExperimentOptions, observer: Observer) -> ArmRun:
    folder, is_taught = arm_folder(experiment, arm, options.out), False
    if arm.task is not None:
        is_taught = finetune(arm_config(arm, options), options.run.selection.open(), folder, observer)
    headline = run_options(experiment, arm, options)
    job = prepared(headline, observer)
    score: Score = run_job(job, observer=observer)
    evidence = (
        ablate_on_disk(headline, image_ceiling=options.image_ceiling, observer=observer) if options.ablation else None
    )
    result = ArmResult(
        experiment=experiment.name,
        arm=arm.name,
        model=Path(options.model).name,
        run_id=job.settings.run_id,
        is_simulated=job.settings.is_simulated,
        score=score,
        verdicts={axis.axis: axis.verdict for axis in evidence.axes} if evidence else {},
    )
    result.write(folder)
    return ArmRun(result, folder, job, evidence, is_taught)
