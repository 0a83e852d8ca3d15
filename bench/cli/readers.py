"""``bench readers``: what there is and what each needs."""

import click

from bench.cli.called import named
from bench.cli.json_output import Told, json_option


@click.command()
@json_option
def readers() -> Told:
    """List the readers that are installed, and what of a case each needs.

    A reader of your own needs no installation: --reader package.module:Class.
    """
    from rich.table import Table

    from bench.cli.terminal import show
    from readers.registry import installed_readers

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("reader", "needs", "what it is", "from"):
        table.add_column(heading, no_wrap=heading in {"reader", "needs", "from"})
    found: list[dict[str, object]] = []
    for name, entry in installed_readers().items():
        factory = entry.load()
        inputs, description = sorted(getattr(factory, "inputs", ())), getattr(factory, "description", "")
        found.append({"name": name, "inputs": inputs, "description": description, "from": entry.value})
        table.add_row(name, ", ".join(inputs) or "nothing", named(description), entry.value)
    show(table, spare=("from",))
    return Told(lambda: {"readers": found})
