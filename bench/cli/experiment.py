"""``bench experiment``: the seven experiments on one or several models, and the commands beside them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.called import CalledContext, named
from bench.cli.given import MayBeEmpty, check_given
from bench.cli.main import LazyGroup
from bench.cli.option import check_reader_name, limits_options, option_option, out_option, selection_options
from bench.cli.table import EXPERIMENT_COMMANDS
from taxonomy.redaction import redacted

if TYPE_CHECKING:
    from bench.experiment.experiments import Experiment
    from bench.experiment.running import ArmFailure, ArmRun, ExperimentOptions


@click.command("experiment")
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List the experiments and their arms.")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="An image-text-to-text model, by its name on the hub or its folder, or a reader such as openai:gpt-5.4, which "
    "takes part untaught; as often as there are models.",
)
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
@click.option("--dry-run", is_flag=True, help="Say what it would take, in GPU hours, disk and dollars; run nothing.")
@out_option("experiments", "Where adapters, runs and tables go.")
def seven(name: str | None, listed: bool, dry_run: bool, **options: Any) -> None:
    """Run one of the seven experiments that showed models learning the prior, or 'all' of them.

    Each teaches its arms on the training split, asks them on the test split and ablates each. Several models run side
    by side; a reader behind an API takes part in the untaught arms. OUT/NAME/table.md has axes by arms in accuracies
    beside the majority, OUT/side_by_side.md all arms. Everything resumes; an arm that fails stops no other.
    --max-cost is one limit over all. An option for one kind of reader has its prefix: --option hf:batch=4, and
    --option api:max_tokens=4096 for every reader behind an API.

    'bench experiment domains' is no experiment on models of language: it measures domain shift, and has a --help of
    its own.

    \b
    Examples:
      bench experiment --list
      bench experiment all --model Qwen/Qwen3-VL-8B-Instruct --data ~/ptb-xl --dry-run
      bench experiment flat-label --model google/gemma-3-4b-it --data ~/ptb-xl
      bench experiment zero-shot --model google/gemma-3-4b-it --model openai:gpt-5.4 --max-cost 40
      bench experiment domains --help
    """
    from bench.cli.terminal import show_pairs
    from bench.experiment.experiments import ALL, experiments_named
    from taxonomy.error import SettingError

    if not listed and name is None and (dry_run or options["models"]):
        raise SettingError("no experiment is named: name one, or 'all'; --list lists them")
    chosen = experiments_named(name or ALL)
    if listed or name is None:
        for one in chosen:
            arms = ", ".join(arm.name for arm in one.arms)
            show_pairs([(one.name, one.question), ("", f"arms: {arms}")], 21)
        if name is None:
            for other, (_, summary) in EXPERIMENT_COMMANDS.items():
                told = named(f"'bench experiment {other} --help' tells its options")
                show_pairs([(other, summary), ("", told)], 21)
        return
    if not options["models"]:
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
    _run(chosen, found)


def _options(options: dict[str, Any]) -> "tuple[ExperimentOptions, ...]":
    """Return the options of each model."""
    from bench.cli.option import run_from
    from bench.experiment.model import models_named
    from bench.experiment.running import ExperimentOptions
    from bench.finetune.config import read_settings

    run = run_from({**options, "reader": ""})
    models_named(options["models"], run.options)
    own = {name: options[name] for name in ("ablation", "image_ceiling", "out")}
    settings = read_settings(options["config"])
    return tuple(ExperimentOptions(model=model, run=run, settings=settings, **own) for model in options["models"])


def _run(chosen: "Sequence[Experiment]", every: "Sequence[ExperimentOptions]") -> None:
    """Run every experiment on every model; each arm is shown and written as soon as it is done.

    Raises
    ------
    taxonomy.error.RunError
        At the end, when an arm failed.
    """
    from bench.experiment.running import check_models
    from taxonomy.error import RunError

    check_models(every, chosen)
    failures = [failure for one in chosen for failure in _run_one(one, every)]
    _print_side_by_side(every[0].out)
    if not failures:
        return
    said = [f"{failure.experiment}: {failure.arm}, {failure.model}: {failure.sentence}" for failure in failures]
    if len(said) == 1:
        raise RunError(said[0])
    click.echo(named("\n" + "\n".join(map(redacted, said))), err=True)
    raise RunError(f"{len(said)} arms are not finished, each as said above; the same command goes on with them")


def _run_one(one: "Experiment", every: "Sequence[ExperimentOptions]") -> "list[ArmFailure]":
    """Run one experiment on every model and write its pages; return the arms that failed."""
    from bench.cli.terminal import ALOUD, show
    from bench.experiment.comparing import gaps_over_untaught
    from bench.experiment.result import read_results
    from bench.experiment.running import ArmFailure, run_experiment
    from bench.report.experiment_page import accuracy_tables, write_experiment, write_side_by_side
    from taxonomy.error import BenchError

    results, failures = [], []
    for options in every:
        for arm in run_experiment(one, options, ALOUD):
            if isinstance(arm, ArmFailure):
                failures.append(arm)
                continue
            results.append(arm.result)
            try:
                _show_arm(arm)
            except BenchError as error:  # not one call was answered, or the report cannot be written
                failures.append(ArmFailure(one.name, arm.result.arm, arm.result.model, str(error)))
    if results:
        out, stored = every[0].out, read_results(every[0].out)
        gaps = gaps_over_untaught(stored, every[0].runs, every[0].run.selection.open(), ALOUD)
        write_experiment(out / one.name, one, results, gaps, _notes(one, every, failures))
        write_side_by_side(out, stored, gaps)
        click.echo()
        for table in accuracy_tables(one, results):
            show(table)
            click.echo()
    return failures


def _show_arm(arm: "ArmRun") -> None:
    from bench.cli.run import show_run
    from bench.report.adapter_card import write_adapter_card
    from bench.report.evidence_page import write_evidence
    from taxonomy.danger import danger_table

    if arm.is_taught:
        write_adapter_card(arm.folder)
    if arm.evidence:
        write_evidence(arm.folder / "ablation", arm.evidence)
    show_run(arm.job, arm.result.score, danger_table())


def _notes(one: "Experiment", every: "Sequence[ExperimentOptions]", failures: "Sequence[ArmFailure]") -> list[str]:
    """Return what an experiment's table lacks, and why."""
    untaught = [options.tested for options in every if len(options.arms(one)) < len(one.arms)]
    return [
        *(f"{model.shown}: {model.why_untaught()}." for model in untaught),
        *(f"Not finished: {failure.arm}, {failure.model}: {failure.sentence}." for failure in failures),
    ]


def _print_estimates(experiments: "Sequence[Experiment]", every: "Sequence[ExperimentOptions]") -> None:
    from bench.cli.terminal import TERMINAL, show
    from bench.experiment.estimate import GENERATED_AT, TFLOPS, asking_estimates, estimates
    from bench.experiment.running import check_arms
    from bench.report.experiment_page import estimate_table
    from bench.run.estimate import BETWEEN, total_lines

    check_arms(every, experiments)
    taught = [options for options in every if options.tested.is_open]
    found = [arm for options in taught for arm in estimates(experiments, options)]
    if found:
        hours = sum(arm.training_hours + arm.asking_hours for arm in found)
        disk = sum(arm.disk for arm in found) / 1e9
        show(estimate_table(found))
        click.echo(
            f"\n{hours:.1f} GPU hours and {disk:.2f} GB in all, on one GPU at {TFLOPS:g} TFLOP/s and "
            f"{GENERATED_AT:g} GB/s (assumed); rendering goes on beside it.\nThe image ceiling runs on the processor."
        )
    for options in every:
        if not options.tested.is_open:
            asked = asking_estimates(experiments, options, TERMINAL)
            click.echo(f"\n{options.tested.shown}: {options.tested.why_untaught()}")
            click.echo("\n".join(total_lines(asked, options.run.limits.batch)))
            if any(one.cases for one in asked):
                click.echo(BETWEEN)
    click.echo("Nothing was run.")


def _print_side_by_side(out: Path) -> None:
    from bench.cli.terminal import show
    from bench.experiment.result import read_results
    from bench.report.experiment_page import caution, side_by_side_tables

    results = read_results(out)
    if results:
        for table in side_by_side_tables(results):
            show(table)
            click.echo()
        click.echo(f"{caution(results)}\npage: {out / 'side_by_side.md'}")


class ExperimentGroup(LazyGroup):
    """The seven experiments, and commands of other names, which have options of their own."""

    def __init__(self) -> None:
        super().__init__(EXPERIMENT_COMMANDS, seven.help or "")
        self.params = [parameter for parameter in seven.params if isinstance(parameter, click.Option)]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the seven, unless the first word names another command."""
        if args and args[0] in EXPERIMENT_COMMANDS:
            return super().make_context(info_name, args, parent, **extra)
        seven.context_class = CalledContext
        if not extra.get("resilient_parsing"):
            check_given(seven, click.Context(seven, parent, info_name=info_name), args)
        return seven.make_context(info_name, args, parent, **extra)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Return the command of that name; any other is the name of an experiment."""
        return super().get_command(ctx, cmd_name) or seven


experiment = ExperimentGroup()
