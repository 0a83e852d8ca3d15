"""``bench data explain``: how the truth of a record came about."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from bench.cli.option import data_option

if TYPE_CHECKING:
    from rich.table import Table

    from bench.dataset.explanation import Explanation

NO_VALUE = "-"


@click.command()
@click.option("--id", "ids", metavar="ID,ID,...", required=True, multiple=True, help="Records; as often as needed.")
@data_option
@click.option("--json", "as_data", is_flag=True, help="Print JSON instead: a list with an object for each record.")
def explain(ids: tuple[str, ...], data: str | None, as_data: bool) -> None:
    """Print how the truth of a record came about.

    First what there is: statements with their likelihood, heart axis, infarction stage, report, and the measured
    numbers (the rate by both detectors). Then for each axis: the primary value, every further value that is right (of
    other findings those that an answer may hold and need not), what it rests on or why it is unlabelled, and who says
    so. 'circular' marks what rests on this project's own measurement.

    \b
    Examples:
      bench data explain --id 38
      bench data explain --id 269,424 --data ~/ptb-xl
    """
    import json

    from bench.dataset import Selection
    from bench.dataset.explanation import explain as explained

    cohort = Selection(data, ids=",".join(ids), option="--id").cohort(with_signal=False)
    found = [explained(cohort, record) for record in cohort]
    if as_data:
        click.echo(json.dumps([one.to_json() for one in found], indent=2))
        return
    for number, one in enumerate(found):
        click.echo(nl=number > 0)
        _print(one)


def _print(explanation: "Explanation") -> None:
    from bench.cli.terminal import show

    click.echo(f"record {explanation.ecg_id} of {explanation.dataset}, fold {explanation.fold}\n")
    said = {
        "heart axis": explanation.heart_axis,
        "infarction stage": explanation.infarction_stadium,
        "report": explanation.report,
    }
    if any(said.values()):
        show(_table(("label", "as given"), ((name, value or NO_VALUE) for name, value in said.items())))
        click.echo()
    if explanation.statements:
        rows = [(one.code, _likelihood(one.likelihood), one.description) for one in explanation.statements]
        show(_table(("statement", "likelihood", "meaning"), rows))
        click.echo()
    show(_numbers(explanation))
    click.echo()
    show(_truth(explanation))


def _numbers(explanation: "Explanation") -> "Table":
    from measurements.measurement import TABLE

    own, program = explanation.measured, explanation.program
    rows = []
    for name, (label, unit) in {**TABLE, "second_rate": ("Vent. rate, second detector", "BPM")}.items():
        shown = f"{label} axis" if name.endswith("axis") else label
        rows.append((shown, _number(own, name, unit), *([_number(program, name, unit)] if program else [])))
    rows.insert(1, rows.pop())
    headings = ("measurement", "by this project", *(["by a program (PTB-XL+)"] if program else []))
    return _table(headings, rows)


def _number(numbers: Mapping[str, Any], name: str, unit: str) -> str:
    value = numbers[name]
    if isinstance(value, str):
        return f"not measured: {value}"
    return f"{value:.1f} {unit}" if name.endswith("rate") else f"{value:.0f} {unit}"


def _truth(explanation: "Explanation") -> "Table":
    rows = []
    for one in explanation.axes:
        primary = ",\n".join(one.primary) or "none" if isinstance(one.primary, list) else one.primary
        may = [value for value in one.accepted if value != one.primary]
        beyond = ",\n".join(may) or NO_VALUE
        source = one.source + (", circular" if one.circular else "")
        rows.append((one.axis, primary or "unlabelled", beyond, one.because or "not told", source or NO_VALUE))
    return _table(("axis", "truth", "also right", "because", "source"), rows, whole=("axis", "truth", "also right"))


def _likelihood(percent: float | None) -> str:
    if percent is None:
        return NO_VALUE
    return f"{percent:.0f}%" if percent else "not given"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], whole: Sequence[str] = ()) -> "Table":
    """Return a table; the columns of ``whole`` hold values one below the other, and break nowhere else."""
    from rich.table import Table
    from rich.text import Text

    from bench.report.table import harmless

    table = Table(header_style="bold", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading in whole)
    for row in rows:
        table.add_row(*(Text("\n".join(map(harmless, cell.splitlines()))) for cell in row))
    return table
