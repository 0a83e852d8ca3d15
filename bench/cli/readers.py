"""``bench readers``: what there is and what each needs."""

import click


@click.command()
def readers() -> None:
    """List the readers that are installed, and what of a case each needs.

    A reader of your own needs no installation: --reader package.module:Class.
    """
    from rich.console import Console
    from rich.table import Table

    from readers.registry import installed_readers

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("reader", "needs", "what it is", "from"):
        table.add_column(heading, overflow="fold")
    for name, entry in installed_readers().items():
        factory = entry.load()
        needs = ", ".join(sorted(getattr(factory, "inputs", ()))) or "nothing"
        table.add_row(name, needs, getattr(factory, "description", ""), entry.value)
    Console(width=100, highlight=False).print(table)
