"""``bench readers``: what there is and what each needs."""

import click


@click.command()
def readers() -> None:
    """List the readers that are installed, and what of a case each needs.

    A reader of your own needs no installation: --reader package.module:Class.
    """
    from rich.table import Table

    from bench.cli.terminal import show
    from readers.registry import installed_readers

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("reader", "needs", "what it is", "from"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"reader", "from"})
    for name, entry in installed_readers().items():
        factory = entry.load()
        needs = ", ".join(sorted(getattr(factory, "inputs", ()))) or "nothing"
        table.add_row(name, needs, getattr(factory, "description", ""), entry.value)
    show(table)
