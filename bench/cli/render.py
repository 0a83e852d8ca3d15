"""``bench render``: records as PNG pictures."""

from typing import Any

import click

from bench.cli.option import out_option, renderers_from, selection_from, selection_options


@click.command()
@selection_options
@click.option("--renderer", default="printed", show_default=True, help="One or several, separated by commas, or 'all'.")
@click.option("--px-per-mm", type=int, default=6, show_default=True, help="Resolution; 8 for print.")
@click.option("--pen-mm", type=float, default=0.35, show_default=True, help="Width of the trace, 0.25 to 0.4.")
@click.option("--grid", is_flag=True, help="Draw the grid on 'stacked' too.")
@click.option("--show-limits", is_flag=True, help="Say what vision models see of such pictures; draw nothing.")
@out_option("pictures", "Folder of the pictures.")
def render(show_limits: bool, **options: Any) -> None:
    """Draw records as PNG pictures, named after their record: those names never reach a reader.

    \b
    Examples:
      bench render --ids 9 --renderer all --out pictures
      bench render --split val --data ~/ptb-xl
      bench render --show-limits
    """
    from bench.cli.terminal import progress
    from bench.export.pictures import drawn_records, save_pictures
    from renderers import PageStyle, renderer

    out, selection = options.pop("out"), selection_from(options)
    names = [renderer(name).name for name in renderers_from(options)]
    style = PageStyle(**options)
    if show_limits:
        _print_limits(names, style)
        return
    cohort = selection.cohort()
    with progress("drawing") as report:
        written = save_pictures(drawn_records(cohort, names, style, report), out)
    click.echo(f"{written} pictures of {len(cohort)} record{'s' * (len(cohort) > 1)} in {out}")


def _print_limits(names: list[str], style: Any) -> None:  # noqa: ANN401
    """Say what each listed vision model sees of an empty page of each renderer."""
    from readers.api.model import seen
    from readers.api.price import price_date
    from renderers import blank

    for name in names:
        image = blank(name, style)[0]
        width, height = image.size
        click.echo(f"{name}: {width} x {height} px, {image.px_per_mm} px/mm")
        for model in seen(image.size, image.px_per_mm):
            what = f"{model.width} x {model.height} px, {model.px_per_mm:.1f} px/mm, 1 mm grid {model.grid}"
            click.echo(f"  {model.model:<36} {what}" + (f" ({model.over})" if model.over else ""))
    click.echo(f"Limits as documented in secondary sources up to {price_date()}; verify them before you rely on them.")
