"""``bench prompt``: exactly what a reader would be told and shown."""

from pathlib import Path

import click

from bench.cli.option import data_option


@click.command()
@click.option("--id", "ecg_id", type=int, required=True, help="Record.")
@data_option
@click.option("--condition", default="full", show_default=True, help="What is shown of the case.")
@click.option("--format", "form", default="dense", show_default=True, help="dense, sparse, flat or binary.")
@click.option("--renderer", default="printed", show_default=True, help="printed, clean, stacked or leads.")
@click.option("--px-per-mm", type=int, default=6, show_default=True, help="Resolution of the images.")
@click.option("--reader", help="An API reader, such as openai:gpt-5.4: its request's JSON is printed instead.")
@click.option("--option", multiple=True, metavar="NAME=VALUE", help="For that reader.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("prompt"), show_default=True, help="For images.")
def prompt(ecg_id: int, data: Path | None, reader: str | None, out: Path, **options: str | int) -> None:
    """Print exactly what would be sent for a record, and write its images beside it; sends nothing.

    \b
    Examples:
      bench prompt --id 38
      bench prompt --id 38 --condition no-rate --format sparse --renderer leads
      bench prompt --id 38 --reader anthropic:claude-opus-4-8
    """
    from bench.run.preview import show_prompt

    show_prompt(ecg_id, data, reader, out, options)
