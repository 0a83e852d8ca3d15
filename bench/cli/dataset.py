"""``bench dataset export``: the rendered benchmark for other training frameworks."""

import time
from pathlib import Path
from typing import Any

import click

from bench.cli.completing import renderer_names
from bench.cli.option import data_option, limit_option, no_reasoning_option, several, view_options, views_from


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@data_option
@click.option(
    "--renderer",
    default="printed",
    show_default=True,
    shell_complete=renderer_names,
    help="One or several, separated by commas, or 'all'.",
)
@view_options("renderer", "statements", "shots")
@no_reasoning_option
@click.option(
    "--split",
    default="train,validation,test",
    show_default=True,
    help="Splits, separated by commas: train, validation, test.",
)
@click.option("--shard-rows", type=click.IntRange(1), default=1000, show_default=True, help="Rows of a file at most.")
@limit_option("Take only N records of each split, by lot. --limit is the same.")
def export(folder: Path, data: str | None, split: str, no_reasoning: bool, **options: Any) -> None:
    """Write images, prompts, targets and truth as parquet files that the datasets library loads.

    Targets are the answers that the prompt asks for, dense ones with reasoning made of labels and numbers. FOLDER gets
    a dataset card; each renderer is a configuration. It takes its name when it is whole: after Ctrl-C, a
    kill or a full disk the same command resumes.

    \b
    Examples:
      bench dataset export pages --renderer all --data ~/ptb-xl
      bench dataset export flat-clean --renderer clean --format flat
    """
    from bench.cli.terminal import TERMINAL
    from bench.dataset import open_dataset
    from bench.export.export import write_export
    from bench.export.export_options import HUB_SPLITS, ExportOptions
    from taxonomy.error import unknown_name

    splits = several(split, "--split")
    for name in splits:
        if name not in HUB_SPLITS:
            raise unknown_name("split of an export", name, HUB_SPLITS)
    views = views_from(options)
    if no_reasoning:
        views = tuple(view.without_reasoning() for view in views)
    begun = time.monotonic()
    found = write_export(ExportOptions(views, splits, **options), open_dataset(data), folder, TERMINAL)
    rows = sum(count for counts in found.rows.values() for count in counts.values())
    click.echo(f"{rows} rows, {found.size / 1e6:.1f} MB, {time.monotonic() - begun:.1f} s: {folder}")
    click.echo(f"read it: datasets.load_dataset({str(folder)!r}, {views[0].renderer!r})")
