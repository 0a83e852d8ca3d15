"""``bench encoder-probe``: whether an image encoder carries what the axes ask for."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option


@click.command("encoder-probe")
@click.option("--model", required=True, help="An image-text-to-text model: its name on the hub, or a folder.")
@data_option
@click.option("--renderer", default="all", show_default=True, help="One or several, parted by commas, or 'all'.")
@click.option("--px-per-mm", type=int, default=6, show_default=True, help="Resolution of the images.")
@click.option(
    "--run", type=click.Path(path_type=Path), help="A run folder of the same model: does it use what is there?"
)
@click.option("--option", multiple=True, metavar="NAME=VALUE", help="How the model is loaded, as in 'bench run'.")
@click.option("--limit", type=click.IntRange(1), help="Take only the first N records of each split.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the untrained encoder.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("encoder-probe"), show_default=True)
def encoder_probe(renderer: str, option: tuple[str, ...], **options: Any) -> None:
    """Probe the frozen image encoder of an open model on every axis.

    Linear and small-MLP probes learn each axis from the encoder's features on folds 1 to 8; fold 9 chooses, fold 10
    tells. The same probes on an untrained encoder of the same shape, on the pixels and on resnet1d's features say how
    much that is. It tells 'the feature is not there' from 'the language model does not use it'. The page is
    OUT/encoder.md; features are kept in OUT/features, so a killed probe goes on.

    \b
    Examples:
      bench encoder-probe --model google/gemma-3-4b-it --data ~/ptb-xl
      bench encoder-probe --model google/gemma-3-4b-it --renderer clean,leads --run runs/hf-google-gemma-3-4b-it-...
    """
    from bench.encoder.job import EncoderOptions, probe_encoder
    from bench.encoder.report import print_probes, write_page
    from bench.run.options import parsed
    from renderers import RENDERERS

    names = tuple(RENDERERS) if renderer == "all" else tuple(part.strip() for part in renderer.split(","))
    asked = EncoderOptions(renderers=names, option=parsed(option), **options)
    found, dataset = probe_encoder(asked, click.echo)
    page = write_page(asked, found, dataset.is_sample)
    print_probes(found)
    click.echo(f"page: {page}")
