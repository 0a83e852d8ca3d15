"""``bench render``: records as PNG pictures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from bench.cli.completing import reader_names, renderer_names
from bench.cli.option import option_option, out_option, renderers_from, selection_from, selection_options

if TYPE_CHECKING:
    from renderers import PageStyle


@click.command()
@selection_options
@click.option(
    "--renderer",
    default="printed",
    show_default=True,
    shell_complete=renderer_names,
    help="One or several, separated by commas, or 'all'.",
)
@click.option("--px-per-mm", type=int, show_default="6, or 8 for leads", help="Resolution; 8 for print.")
@click.option("--pen-mm", type=float, default=0.35, show_default=True, help="Width of the trace, 0.25 to 0.4.")
@click.option("--grid", is_flag=True, help="Draw the grid on 'stacked' too.")
@click.option("--show-limits", is_flag=True, help="Say what vision models see of such pictures; draw nothing.")
@click.option(
    "--reader",
    shell_complete=reader_names,
    help="With --show-limits: an open model, such as hf:google/gemma-3-4b-it, by its own processor.",
)
@option_option
@out_option("pictures", "Folder of the pictures.")
def render(show_limits: bool, reader: str | None, option: tuple[str, ...], **options: Any) -> None:
    """Draw records as PNG pictures, named after their record: those names never reach a reader.

    After Ctrl-C or a kill the same command goes on: pictures that are whole are kept. Pictures by one renderer with
    other settings, such as another resolution or dataset, go to a folder of their own.

    \b
    Examples:
      bench render --ids 9 --renderer all --out pictures
      bench render --split val --data ~/ptb-xl
      bench render --show-limits
      bench render --show-limits --renderer all --reader hf:google/gemma-3-4b-it
    """
    from bench.cli.terminal import progress
    from bench.export.pictures import drawings_of, save_pictures
    from renderers import PageStyle, renderer, usual_px_per_mm

    out, selection = options.pop("out"), selection_from(options)
    names = [renderer(name).name for name in renderers_from(options)]
    px_per_mm = options.pop("px_per_mm")
    styles = {
        name: PageStyle(px_per_mm=usual_px_per_mm(name) if px_per_mm is None else px_per_mm, **options)
        for name in names
    }
    if show_limits:
        _print_seen(styles, reader, option) if reader else _print_limits(styles)
        return
    if reader or option:
        raise click.UsageError("--reader and --option go with --show-limits")
    cohort = selection.cohort()
    with progress("drawing") as report:
        saved = save_pictures(drawings_of(cohort, styles, report), out)
    click.echo(f"{saved} of {len(cohort)} record{'s' * (len(cohort) > 1)} in {out}")


def _print_limits(styles: Mapping[str, "PageStyle"]) -> None:
    """Say what each listed vision model sees of an empty page of each renderer."""
    from bench.cli.terminal import show_pairs
    from readers.api.model import seen
    from readers.api.price import price_date
    from renderers import blank

    for name, style in styles.items():
        image = blank(name, style)[0]
        width, height = image.size
        click.echo(f"{name}: {width} x {height} px, {image.px_per_mm} px/mm")
        for model in seen(image.size, image.px_per_mm):
            what = f"{model.width} x {model.height} px, {model.px_per_mm:.1f} px/mm, 1 mm grid {model.grid}, "
            what += f"{model.tokens:,} tokens, one to {model.mm_per_token:.1f} mm square"
            show_pairs([(f"  {model.model}", what + (f" ({model.over})" if model.over else ""))], 39)
    click.echo(f"Limits as documented in secondary sources up to {price_date()}; verify them before you rely on them.")


def _print_seen(styles: Mapping[str, "PageStyle"], reader: str, option: tuple[str, ...]) -> None:
    """Say what an open model sees of the pictures of each renderer."""
    from bench.run.options import parsed
    from readers.registry import reader as reader_named
    from readers.vlm.reader import HfReader
    from renderers import blank
    from taxonomy.error import SettingError

    model = reader_named(reader, parsed(option))
    if not isinstance(model, HfReader):
        raise SettingError(f"reader {reader!r} is no open model: without --reader, the limits of API models are shown")
    for name, style in styles.items():
        images = blank(name, style)
        width, height = images[0].size
        pages = model.each_seen(images)
        many = f"{len(images)} pictures of " if len(images) > 1 else ""
        click.echo(f"{name}: {many}{width} x {height} px, {images[0].px_per_mm} px/mm")
        click.echo(f"  {model.name}: {pages[0] if pages else 'its processor tells no scale'}")
