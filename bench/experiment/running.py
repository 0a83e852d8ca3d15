"""Runs an experiment: teach each arm, ask it, take its answers apart, and write the tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.evidence.ablation import AUTO, ablate
from bench.evidence.page import write_evidence
from bench.experiment.design import Arm, Experiment
from bench.experiment.result import ArmResult, read_results
from bench.experiment.table import write_experiment, write_side_by_side
from bench.finetune.config import FinetuneConfig, config_from
from bench.finetune.finetuning import finetune
from bench.run.folder import RunFolder
from bench.run.job import run_job
from bench.run.options import RunOptions


@dataclass(frozen=True)
class ExperimentOptions:
    """How the experiments are run.

    Attributes
    ----------
    model : str
    data : Path or None
    settings : mapping
        A fine-tuning configuration, as in a file of ``bench finetune``; an arm's own task goes before.
    split : str
    limit : int or None
        Test records at most.
    ablation : bool
        Whether each arm is taken apart by ``bench ablate``.
    image_ceiling : str
        As of ``bench ablate``.
    option : mapping of str to str
        For the reader, as after ``--option``.
    out : Path
    """

    model: str
    data: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    split: str = "test"
    limit: int | None = None
    ablation: bool = True
    image_ceiling: str = AUTO
    option: Mapping[str, str] = field(default_factory=dict)
    out: Path = Path("experiments")


def run_experiment(experiment: Experiment, options: ExperimentOptions, say: Callable[[str], None]) -> list[ArmResult]:
    """Run every arm of an experiment, and write its table and the one side by side.

    Everything resumes: a fine-tuning at its last checkpoint, a run at its last answer.

    Raises
    ------
    taxonomy.error.BenchError
        As ``bench finetune``, ``bench run`` and ``bench ablate``.
    """
    results = []
    for arm in experiment.arms:
        say(f"\n{experiment.name}: {arm.name}")
        result = _run_arm(experiment, arm, options, say)
        result.write(arm_folder(experiment, arm, options.out))
        results.append(result)
    write_experiment(options.out / experiment.name, experiment, results)
    write_side_by_side(options.out, read_results(options.out))
    return results


def arm_folder(experiment: Experiment, arm: Arm, out: Path) -> Path:
    """Return where an arm's adapter and result go."""
    return out / experiment.name / arm.name.replace(" ", "-")


def arm_config(arm: Arm, options: ExperimentOptions) -> FinetuneConfig:
    """Return how an arm is taught (of an untaught one, how it would be)."""
    return config_from(dict(options.settings), {"model": options.model, **(arm.task or {})})


def run_options(experiment: Experiment, arm: Arm, options: ExperimentOptions) -> RunOptions:
    """Return the headline run of an arm."""
    config, folder = arm_config(arm, options), arm_folder(experiment, arm, options.out)
    asked = {**arm.options, **options.option}
    return RunOptions(
        reader=f"hf:{options.model}" if arm.task is None else f"lora:{folder}",
        data=options.data,
        split=options.split,
        ids=None,
        limit=options.limit,
        renderer=config.task.renderer,
        px_per_mm=config.task.px_per_mm,
        measurements=config.task.measurements,
        condition="full",
        format=config.task.format,
        option=tuple(f"{name}={value}" for name, value in asked.items()),
        danger=None,
        seed=0,
        repeats=1,
        out=options.out / "runs",
    )


def _run_arm(experiment: Experiment, arm: Arm, options: ExperimentOptions, say: Callable[[str], None]) -> ArmResult:
    folder = arm_folder(experiment, arm, options.out)
    if arm.task is not None:
        finetune(arm_config(arm, options), options.data, folder, say)
    asked = run_options(experiment, arm, options)
    run: RunFolder = run_job(asked)
    verdicts: dict[str, str] = {}
    if options.ablation:
        found = ablate(asked, options.image_ceiling)
        write_evidence(folder / "ablation", found)
        verdicts = {axis.axis: axis.verdict for axis in found.axes}
    settings = run.settings()
    return ArmResult(
        experiment=experiment.name,
        arm=arm.name,
        model=Path(options.model).name,
        run_id=settings.run_id,
        is_sample=settings.is_sample,
        score=run.score(),
        verdicts=verdicts,
    )
