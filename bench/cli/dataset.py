"""``bench dataset export``: the rendered benchmark for other training frameworks."""

import time
from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@data_option
@click.option("--renderer", default="printed", show_default=True, help="One or several, parted by commas, or 'all'.")
@click.option("--px-per-mm", type=int, default=6, show_default=True, help="Resolution of the images.")
@click.option("--format", default="dense", show_default=True, help="Of the target: dense, sparse, flat or binary.")
@click.option("--condition", default="full", show_default=True, help="What is shown: full, image-only, ...")
@click.option("--measurements", default="waveform", show_default=True, help="Where the prompt's numbers come from.")
@click.option("--split", default="train,validation,test", show_default=True, help="Which, parted by commas.")
@click.option("--shard-rows", type=click.IntRange(1), default=1000, show_default=True, help="Rows of a file at most.")
@click.option("--limit", type=click.IntRange(1), help="Take only the first N records of each split.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides donors and masks.")
def export(folder: Path, data: Path | None, renderer: str, split: str, **options: Any) -> None:
    """Write images, prompts, targets and truth as parquet files that the datasets library loads.

    FOLDER gets a dataset card; each renderer is a configuration, folds 1 to 8, 9 and 10 are train, validation and test.
    It takes its name when it is whole: after Ctrl-C, a kill or a full disk the same command goes on.

    \b
    Examples:
      bench dataset export pages --renderer all --data ~/ptb-xl
      bench dataset export flat-clean --renderer clean --format flat
    """
    from bench.export.export import export as write
    from bench.export.options import SPLITS, ExportOptions
    from bench.finetune.config import Task
    from renderers import RENDERERS
    from taxonomy.error import unknown_name

    splits = tuple(part.strip() for part in split.split(",") if part.strip())
    for name in splits:
        if name not in SPLITS:
            raise unknown_name("split of an export", name, SPLITS)
    names = tuple(RENDERERS) if renderer == "all" else tuple(part.strip() for part in renderer.split(","))
    shards = {name: options.pop(name) for name in ("shard_rows", "seed", "limit")}
    begun = time.monotonic()
    found = write(ExportOptions(names, splits, Task(**options), **shards), data, folder)
    rows = sum(count for counts in found.rows.values() for count in counts.values())
    click.echo(f"{rows} rows, {found.size / 1e6:.1f} MB, {time.monotonic() - begun:.1f} s: {folder}")
    click.echo(f"read it: datasets.load_dataset({str(folder)!r}, {names[0]!r})")
