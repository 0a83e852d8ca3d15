"""``bench experiment``: the seven experiments on any open model."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option


@click.command()
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="List the experiments and their arms.")
@click.option("--model", help="An image-text-to-text model: its name on the hub, or a folder.")
@data_option
@click.option("--config", type=click.Path(path_type=Path), help="Settings of 'bench finetune' (TOML) for every arm.")
@click.option("--split", default="test", show_default=True, help="What is asked: test, val, ...")
@click.option("--limit", type=click.IntRange(1), help="Ask only the first N records.")
@click.option(
    "--ablation/--no-ablation", default=True, show_default=True, help="Take each arm apart by 'bench ablate'."
)
@click.option("--image-ceiling", default="auto", show_default=True, help="As of 'bench ablate'; '' for none.")
@click.option("--option", multiple=True, metavar="NAME=VALUE", help="For the reader, as in 'bench run'.")
@click.option("--dry-run", is_flag=True, help="Say what it would take, in GPU hours and disk; run nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("experiments"), show_default=True)
def experiment(name: str | None, listed: bool, dry_run: bool, config: Path | None, **options: Any) -> None:
    """Run one of the seven experiments that showed models learning the prior, or 'all' of them.

    Each teaches its arms on folds 1 to 8, asks them on fold 10 and takes their answers apart. OUT/NAME/table.md has the
    arms axis by axis, OUT/side_by_side.md every arm that there is. Everything resumes.

    \b
    Examples:
      bench experiment --list
      bench experiment all --model Qwen/Qwen3-VL-8B-Instruct --data ~/ptb-xl --dry-run
      bench experiment flat-label --model google/gemma-3-4b-it --data ~/ptb-xl
    """
    from bench.experiment.design import chosen, experiments

    if listed or name is None:
        for one in experiments().values():
            arms = ", ".join(arm.name for arm in one.arms)
            click.echo(f"{one.name:<20} {one.question}\n{'':<20} arms: {arms}")
        return
    if not options["model"]:
        raise click.UsageError("an experiment needs a model: --model NAME-OR-FOLDER")
    from bench.experiment.running import ExperimentOptions, run_experiment
    from bench.finetune.config import read_settings
    from bench.run.options import parsed

    asked = parsed(options.pop("option"))
    found = ExperimentOptions(settings=read_settings(config), option=asked, **options)
    if dry_run:
        from bench.experiment.terminal import print_estimates

        print_estimates(chosen(name), found)
        return
    from bench.experiment.terminal import print_side_by_side

    for one in chosen(name):
        run_experiment(one, found, click.echo)
    print_side_by_side(found.out)
