"""A score as a table of at most 100 columns."""

from rich.console import Console
from rich.table import Table

from bench.report.row import HEADINGS, axis_row
from bench.report.summary import caution, summary_lines
from bench.score.result import Score

WIDTH = 100
STYLES = {"above prior": "green", "at prior": "yellow", "below prior": "red", "no case": "dim"}


def print_score(score: Score, title: str, is_sample: bool, console: Console | None = None) -> None:
    """Print a score; plain text where the output is no terminal.

    Parameters
    ----------
    score : Score
    title : str
        What was run on what.
    is_sample : bool
        Whether it was the embedded sample, which is then said.
    console : Console, optional
        For tests.
    """
    console = console or Console(width=WIDTH, highlight=False, soft_wrap=False)
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in {"axis", "verdict"} else "right", no_wrap=True)
    for text_inferable, name in ((True, "text-inferable"), (False, "waveform-only")):
        table.add_row(f"[dim]{name}[/dim]")
        for axis in score.axes:
            if axis.text_inferable is text_inferable:
                row = axis_row(axis)
                style = STYLES[row.verdict]
                table.add_row(f"  {row.cells[0]}", *row.cells[1:-1], f"[{style}]{row.cells[-1]}[/{style}]")
    console.print(table)
    console.print()
    for what, figure in summary_lines(score):
        console.print(f"{what:<38}{figure}", markup=False)
    console.print(f"\n{caution(score, is_sample)}", markup=False)
