"""Experiments in the terminal: what they would take, and what they gave, side by side."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.experiment.design import Experiment
from bench.experiment.estimate import GENERATED_AT, TFLOPS, estimates
from bench.experiment.result import read_results
from bench.experiment.running import ExperimentOptions
from bench.experiment.table import caution, side_row
from bench.report.terminal import WIDTH

SHOWN = {
    "arm": 0,
    "waveform-only": 3,
    "no answer": 4,
    "two commonest": 7,
    "reads the trace": 9,
    "copies the prompt": 10,
}
"""Columns that fit a terminal, by their place in the row."""

WORDS = {"arm", "reads the trace", "copies the prompt"}


def print_estimates(experiments: Sequence[Experiment], options: ExperimentOptions) -> None:
    """Print GPU hours and disk of each arm, and of all."""
    found = estimates(experiments, options)
    table = _table(("arm", "records", "tokens", "training h", "asking h", "disk GB"))
    for one in found:
        tokens = f"{one.prompt} + {one.answer}"
        took = (f"{one.training_hours:.2f}", f"{one.asking_hours:.2f}", f"{one.disk / 1e9:.3f}")
        table.add_row(one.arm, str(one.records), tokens, *took)
    hours = sum(one.training_hours + one.asking_hours for one in found)
    disk = sum(one.disk for one in found) / 1e9
    Console(width=WIDTH, highlight=False).print(table)
    click.echo(
        f"\n{hours:.1f} GPU hours and {disk:.2f} GB in all, on one GPU at {TFLOPS:g} TFLOP/s and {GENERATED_AT:g} GB/s "
        "(assumed); rendering goes on beside it.\nThe image ceiling runs on the processor. Nothing was run."
    )


def print_side_by_side(out: Path) -> None:
    """Print every arm that there is."""
    results = read_results(out)
    table = _table(tuple(SHOWN))
    for result in results:
        row = side_row(result)
        table.add_row(*(row[place] for place in SHOWN.values()))
    Console(width=WIDTH, highlight=False).print(table)
    click.echo(f"\n{caution(results)}\npage: {out / 'side_by_side.md'}")


def _table(headings: Sequence[str]) -> Table:
    table = Table(header_style="bold", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading in WORDS else "right")
    return table
