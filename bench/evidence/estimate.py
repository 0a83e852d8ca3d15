"""What an ablation would ask and cost: nothing is sent."""

from dataclasses import replace

import click

from bench.evidence.design import asked_conditions
from bench.run.estimate import dry_run as dry_run_of_one
from bench.run.options import RunOptions
from readers.registry import reader as reader_named


def dry_run(options: RunOptions) -> None:
    """Print the estimate of each condition that would be asked.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there.
    """
    serves = asked_conditions(reader_named(options.reader, options.reader_options).inputs)
    used = list(dict.fromkeys(name for name in serves.values() if name))
    for number, name in enumerate(used, start=1):
        click.echo(f"\n{name} ({number} of {len(used)})")
        dry_run_of_one(replace(options, condition=name))
