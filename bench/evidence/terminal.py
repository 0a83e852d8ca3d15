"""The evidence as a table of at most 100 columns."""

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from bench.evidence.ablation import Ablation
from bench.evidence.evidence import AxisEvidence
from bench.evidence.page import caution
from bench.report.row import difference, percent
from bench.report.terminal import WIDTH

STYLES = {"reads": "green", "copies": "yellow", "recites": "red", "cannot": "dim", "gives": "red"}


def print_evidence(found: Ablation) -> None:
    """Print verdicts with the two differences that decide them."""
    settings = found.job.settings
    print_axes(found.axes, f"{settings.reader} on {settings.dataset}, {settings.split}: where its answers come from")
    click.echo(f"\n{caution(found)}")


def print_axes(axes: Sequence[AxisEvidence], title: str) -> None:
    """Print one line for each axis."""
    out = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in ("axis", "n", "prior", "full", "minus wrong image", "minus wrong numbers", "verdict"):
        out.add_column(heading, justify="left" if heading in {"axis", "verdict"} else "right")
    for axis in axes:
        full = axis.accuracies.get("full")
        swaps = [
            "-" if figure is None else difference(figure.value, figure.interval)
            for figure in (axis.reliance, axis.text_reliance)
        ]
        style = STYLES[axis.verdict.split()[0]]
        said = f"[{style}]{axis.verdict}[/{style}]"
        out.add_row(axis.axis, str(axis.n), percent(axis.prior), percent(full.value if full else None), *swaps, said)
    Console(width=WIDTH, highlight=False).print(out)
