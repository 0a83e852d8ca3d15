"""``bench experiment``: the seven experiments on any open model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.given import MayBeEmpty
from bench.cli.option import check_reader_name, limits_options, option_option, out_option, selection_options

if TYPE_CHECKING:
    from bench.experiment.experiments import Experiment
    from bench.experiment.running import ExperimentOptions


@click.command()
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List the experiments and their arms.")
@click.option("--model", help="An image-text-to-text model: its name on the hub, or a folder.")
@selection_options
@click.option("--config", type=click.Path(path_type=Path), help="Settings of 'bench finetune' (TOML) for every arm.")
@click.option(
    "--ablation/--no-ablation", default=True, show_default=True, help="Take each arm apart by 'bench ablate'."
)
@click.option(
    "--image-ceiling", cls=MayBeEmpty, default="auto", show_default=True, help="As in 'bench ablate'; '' for none."
)
@option_option
@limits_options
@click.option("--dry-run", is_flag=True, help="Say what it would take, in GPU hours and disk; run nothing.")
@out_option("experiments", "Where adapters, runs and tables go.")
def experiment(name: str | None, listed: bool, dry_run: bool, **options: Any) -> None:
    """Run one of the seven experiments that showed models learning the prior, or 'all' of them.

    Each teaches its arms on the training split, asks them on the test split and ablates each.
    OUT/NAME/table.md has the arms axis by axis, OUT/side_by_side.md all arms. Everything resumes.

    \b
    Examples:
      bench experiment --list
      bench experiment all --model Qwen/Qwen3-VL-8B-Instruct --data ~/ptb-xl --dry-run
      bench experiment flat-label --model google/gemma-3-4b-it --data ~/ptb-xl
    """
    from bench.experiment.experiments import ALL, experiments_named
    from taxonomy.error import SettingError

    if not listed and name is None and (dry_run or options["model"]):
        raise SettingError("no experiment is named: name one, or 'all'; --list lists them")
    chosen = experiments_named(name or ALL)
    if listed or name is None:
        for one in chosen:
            arms = ", ".join(arm.name for arm in one.arms)
            click.echo(f"{one.name:<20} {one.question}\n{'':<20} arms: {arms}")
        return
    if not options["model"]:
        raise SettingError(f"experiment {name!r} needs a model: --model NAME-OR-FOLDER")
    if not options["ablation"] and options["image_ceiling"] not in ("", "auto"):
        raise SettingError(
            "--image-ceiling is a part of the ablation, which --no-ablation leaves out: name one of them"
        )
    check_reader_name(options["image_ceiling"])
    found = _options(options)
    if dry_run:
        _print_estimates(chosen, found)
        return
    for one in chosen:
        _run(one, found)
    _print_side_by_side(found.out)


def _options(options: dict[str, Any]) -> "ExperimentOptions":
    from bench.cli.option import run_from
    from bench.experiment.running import ExperimentOptions
    from bench.finetune.config import read_settings

    run = run_from({**options, "reader": ""})
    own = {name: options[name] for name in ("model", "ablation", "image_ceiling", "out")}
    return ExperimentOptions(run=run, settings=read_settings(options["config"]), **own)


def _run(one: "Experiment", options: "ExperimentOptions") -> None:
    """Run every arm of an experiment; each is shown and written as soon as it is done."""
    from bench.cli.run import show_run
    from bench.cli.terminal import ALOUD
    from bench.experiment.result import read_results
    from bench.experiment.running import run_experiment
    from bench.report.adapter_card import write_adapter_card
    from bench.report.evidence_page import write_evidence
    from bench.report.experiment_page import write_experiment, write_side_by_side
    from taxonomy.danger import danger_table

    results = []
    for arm in run_experiment(one, options, ALOUD):
        if arm.is_taught:
            write_adapter_card(arm.folder)
        show_run(arm.job, arm.result.score, danger_table())
        if arm.evidence:
            write_evidence(arm.folder / "ablation", arm.evidence)
        results.append(arm.result)
    write_experiment(options.out / one.name, one, results)
    write_side_by_side(options.out, read_results(options.out))


def _print_estimates(experiments: "tuple[Experiment, ...]", options: "ExperimentOptions") -> None:
    from bench.cli.terminal import show
    from bench.experiment.estimate import GENERATED_AT, TFLOPS, estimates
    from bench.report.experiment_page import estimate_table

    found = estimates(experiments, options)
    hours = sum(arm.training_hours + arm.asking_hours for arm in found)
    disk = sum(arm.disk for arm in found) / 1e9
    show(estimate_table(found))
    click.echo(
        f"\n{hours:.1f} GPU hours and {disk:.2f} GB in all, on one GPU at {TFLOPS:g} TFLOP/s and {GENERATED_AT:g} GB/s "
        "(assumed); rendering goes on beside it.\nThe image ceiling runs on the processor. Nothing was run."
    )


def _print_side_by_side(out: Path) -> None:
    from bench.cli.terminal import show
    from bench.experiment.result import read_results
    from bench.report.experiment_page import caution, side_by_side_table

    results = read_results(out)
    show(side_by_side_table(results))
    click.echo(f"\n{caution(results)}\npage: {out / 'side_by_side.md'}")
