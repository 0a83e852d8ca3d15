"""``bench check-reader``: the contract's tests against a reader."""

from dataclasses import replace
from pathlib import Path

import click

from bench.cli.completing import reader_names

CASES = 4


@click.command(name="check-reader")
@click.argument("reader", shell_complete=reader_names)
def check_reader(reader: str) -> None:
    """Test READER (a name, or package.module:Class) against the contract, on phantoms.

    Exits with 1 when a rule is broken.
    """
    from bench.dataset import open_dataset
    from bench.run.questionnaire import questions_of
    from bench.view import View, cases_of
    from readers.contract_suite import PRINTED
    from readers.contract_suite import check_reader as check
    from readers.registry import reader as reader_named

    built = reader_named(reader)
    # Phantoms have no statements of a program: each case is given the same.
    view = View(statements=Path()).settled(built)
    view = replace(view, inputs=view.inputs - {"statements"}, statements=None)
    cases = cases_of(view, open_dataset("phantoms").cohort("test", limit=CASES))
    shown = list(cases.each(questions_of(cases)))
    if "statements" in built.inputs:
        shown = [replace(case, statements=PRINTED) for case in shown]
    checks = check(built, shown)
    for rule in checks:
        click.echo(f"{'ok    ' if rule.problem is None else 'BROKEN'}  {rule.rule}")
        if rule.problem:
            click.echo(f"        {rule.problem}")
    broken = sum(rule.problem is not None for rule in checks)
    click.echo(f"\n{built.name}: " + (f"{broken} of {len(checks)} rules broken" if broken else "keeps the contract"))
    raise click.exceptions.Exit(1 if broken else 0)
