"""``bench encoder-probe``: whether an image encoder carries what the axes ask for."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, limit_option, option_option, out_option, view_options, views_from


@click.command("encoder-probe")
@click.option("--model", required=True, help="An image-text-to-text model: its name on the hub, or a folder.")
@data_option
@click.option("--renderer", default="all", show_default=True, help="One or several, separated by commas, or 'all'.")
@view_options("renderer", "condition", "format", "measurements", "demography", "statements", "shots")
@click.option(
    "--run", type=click.Path(path_type=Path), help="A run folder of the same model: does it use what is there?"
)
@option_option
@limit_option("Take only N records of each split, by lot. --limit is the same.")
@out_option("encoder-probe", "Where the page and the features go.")
def encoder_probe(data: str | None, option: tuple[str, ...], **options: Any) -> None:
    """Probe the frozen image encoder of an open model on every axis.

    Linear and small-MLP probes learn each axis from the encoder's features on the training split; the validation split
    chooses, the test split gives the result. The same probes on an untrained encoder of the same shape, on the pixels
    and on resnet1d's features are the comparison. It tells 'the feature is not there' from 'the language model does not
    use it'. The page is OUT/encoder.md; features are kept in OUT/features, so a killed probe resumes.

    \b
    Examples:
      bench encoder-probe --model google/gemma-3-4b-it --data ~/ptb-xl
      bench encoder-probe --model google/gemma-3-4b-it --renderer clean,leads --run runs/hf-google-gemma-3-4b-it-...
    """
    from bench.cli.terminal import ALOUD, show
    from bench.dataset import open_dataset
    from bench.encoder.encoder_probe import EncoderOptions, probe_encoder
    from bench.report.encoder_page import encoder_table, write_encoder
    from bench.run.options import parsed

    asked = EncoderOptions(views=views_from(options), option=parsed(option), **options)
    dataset = open_dataset(data)
    found = probe_encoder(asked, dataset, ALOUD)
    page = write_encoder(asked, found, dataset)
    show(encoder_table(found))
    click.echo(
        f"\nmacro AUROC on {dataset.split('test').meaning} of the probe that {dataset.split('val').meaning} chose"
    )
    click.echo(f"page: {page}")
