"""``bench render``: records as PNG pictures."""

from pathlib import Path
from typing import Any

import click

from bench.cli.option import data_option, selection_options
from taxonomy.error import SettingError


@click.command()
@data_option
@selection_options
@click.option("--renderer", default="printed", show_default=True, help="printed, clean, stacked, leads, or all.")
@click.option("--px-per-mm", type=int, default=6, show_default=True, help="Resolution; 8 for print.")
@click.option("--pen-mm", type=float, default=0.35, show_default=True, help="Width of the trace, 0.25 to 0.4.")
@click.option("--grid", is_flag=True, help="Draw the grid on 'stacked' too.")
@click.option("--show-limits", is_flag=True, help="Say what vision models see of such pictures; draw nothing.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("pictures"), show_default=True)
def render(data: Path | None, renderer: str, show_limits: bool, out: Path, **options: Any) -> None:
    """Draw records as PNG pictures, named after their record: those names never reach a reader.

    \b
    Examples:
      bench render --ids 9 --renderer all --out pictures
      bench render --split val --data ~/ptb-xl
      bench render --show-limits
    """
    from bench.dataset import Selection
    from bench.drawing import draw_records, limit_lines
    from bench.progress import progress
    from renderers import RENDERERS, PageStyle, RenderError
    from renderers import renderer as renderer_named

    selection = {name: options.pop(name) for name in ("split", "ids", "limit")}
    try:
        page = PageStyle(**options)
        names = list(RENDERERS) if renderer == "all" else [renderer_named(renderer).name]
    except RenderError as error:
        raise SettingError(str(error)) from error
    if show_limits:
        for line in limit_lines(names, page):
            click.echo(line)
        return
    records = Selection(data, **selection).cohort()
    with progress("drawing") as report:
        written = draw_records(records, names, page, out, report)
    click.echo(f"{written} pictures of {len(records)} records in {out}")
