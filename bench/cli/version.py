"""``--version``: the project's own, and those of the taxonomy and the protocol, on which every score rests."""

import click

from bench.cli.called import called_as


def version_line() -> str:
    """Return the name as called, the installed version, and those of taxonomy and protocol."""
    from importlib.metadata import PackageNotFoundError, version

    from bench.view.template import template_version
    from taxonomy import VERSION as TAXONOMY
    from taxonomy.distribution import DISTRIBUTION

    try:
        installed = version(DISTRIBUTION)
    except PackageNotFoundError:
        installed = "(not installed: run from its folder)"
    return f"{called_as()} {installed}, taxonomy {TAXONOMY}, protocol {template_version()}"


def _show(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked and not context.resilient_parsing:
        click.echo(version_line())
        context.exit()


VERSION_OPTION = click.Option(
    ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_show, help="Show the versions."
)
