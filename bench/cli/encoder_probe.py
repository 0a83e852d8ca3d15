"""``bench encoder-probe``: whether an image encoder carries what the axes ask for."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.completing import renderer_names, run_folders
from bench.cli.option import data_option, limit_option, option_option, out_option, view_options, views_from

if TYPE_CHECKING:
    from bench.dataset import Dataset
    from bench.encoder.encoder_probe import EncoderOptions


@click.command("encoder-probe")
@click.option("--model", required=True, help="An image-text-to-text model: its name on the hub, or a folder.")
@data_option
@click.option(
    "--renderer",
    default="all",
    show_default=True,
    shell_complete=renderer_names,
    help="One or several, separated by commas, or 'all'.",
)
@view_options("renderer", "condition", "format", "measurements", "demography", "statements", "shots")
@click.option(
    "--run",
    type=click.Path(path_type=Path),
    shell_complete=run_folders,
    help="A run folder of the same model: does it use what is there?",
)
@option_option
@limit_option("Take only N records of each split, by lot. --limit is the same.")
@click.option(
    "--tokens",
    type=click.IntRange(0, 4096),
    default=256,
    show_default=True,
    metavar="N",
    help="Runs of tokens that the attentive probes see of each case at most; 0 leaves these probes out.",
)
@click.option("--dry-run", is_flag=True, help="Say how many pages are encoded and what the tokens take on disk.")
@out_option("encoder-probe", "Where the page and the features go.")
def encoder_probe(data: str | None, option: tuple[str, ...], dry_run: bool, **options: Any) -> None:
    """Probe the frozen image encoder of an open model on every axis.

    Linear and small-MLP probes learn each axis from the encoder's features on the training split; the validation split
    chooses, the test split gives the result. Attentive probes, whose learned queries pool the tokens, find what the
    mean over many tokens dilutes. The same probes on an untrained encoder of the same shape, and pooled ones on the
    pixels and on resnet1d's features, are the comparison. It tells 'the feature is not there' from 'the language model
    does not use it'. The page is OUT/encoder.md; features and tokens are kept in OUT/features, so a killed probe
    resumes.

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
    if dry_run:
        _print_estimate(asked, dataset)
        return
    found = probe_encoder(asked, dataset, ALOUD)
    page = write_encoder(asked, found, dataset)
    show(encoder_table(found))
    click.echo(
        f"\nmacro AUROC on {dataset.split('test').meaning} of the probe that {dataset.split('val').meaning} chose"
    )
    click.echo(f"page: {page}")


def _print_estimate(asked: "EncoderOptions", dataset: "Dataset") -> None:
    from bench.encoder.encoder_probe import estimate_probe

    found, renderers = estimate_probe(asked, dataset), len(asked.views)
    click.echo(f"{found.records:,} records by {renderers} renderer(s), each encoded twice: trained and untrained")
    each, every = (f"{times * found.token_bytes / 1e9:.2f} GB" for times in (1, renderers))
    kept = f"tokens take {each} a renderer at most, {every} in all"
    click.echo(kept if asked.tokens else "no tokens are kept, and no attentive probes fitted")
    click.echo("nothing was run")
