"""``bench check-reader``: the contract's tests against a reader."""

import click

CASES = 4


@click.command(name="check-reader")
@click.argument("reader")
def check_reader(reader: str) -> None:
    """Test READER (a name, or package.module:Class) against the contract, on real records of the sample.

    Exits with 1 when a rule is broken.
    """
    from bench.dataset.sample import Sample
    from bench.run.case import Asking, CaseBuilder
    from bench.run.settings import RunSettings
    from readers.contract_suite import check_reader as check
    from readers.registry import reader as reader_named

    built = reader_named(reader)
    dataset = Sample()
    records = dataset.cohort(limit=CASES)
    settings = RunSettings(reader, {}, dataset.name, dataset.version, "", True, "test", ())
    builder = CaseBuilder(settings, built, records.measure())
    checks = check(built, list(builder.cases(map(Asking, records))))
    for one in checks:
        click.echo(f"{'ok    ' if one.problem is None else 'BROKEN'}  {one.rule}")
        if one.problem:
            click.echo(f"        {one.problem}")
    broken = sum(one.problem is not None for one in checks)
    click.echo(f"\n{built.name}: " + (f"{broken} of {len(checks)} rules broken" if broken else "keeps the contract"))
    raise click.exceptions.Exit(1 if broken else 0)
