"""``bench list``: the runs that there are, how far each is, and its headline."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.completing import run_folders
from bench.cli.json_output import Told, json_option

if TYPE_CHECKING:
    from bench.run.listing import ListedRun

HEADINGS = ("run", "reader", "records", "shown", "cases", "mean kappa [95%]", "begun")


@click.command("list")
@click.argument(
    "folders",
    nargs=-1,
    type=click.Path(path_type=Path),
    metavar="[RUN or folder of runs]...",
    shell_complete=run_folders,
)
@json_option
def list_runs(folders: tuple[Path, ...]) -> Told:
    """List runs, the latest last: by default those below runs/.

    `run` is the end of a run folder's name, by which it is found: runs/*1a2b3c4d. A run that was stopped says how far
    it is; failed calls are those that 'bench retry' asks again. A folder that cannot be read is told in a line, and
    the others are listed.

    \b
    Examples:
      bench list
      bench list results/submissions
      bench list --json
    """
    from bench.cli.terminal import TERMINAL, show
    from bench.report.table import harmless, terminal_table
    from bench.run.below import runs_below
    from bench.run.listing import listed_runs

    paths = dict.fromkeys(path for place in folders or (Path("runs"),) for path in runs_below(place))
    found, broken = listed_runs(paths)
    rows = [tuple(map(harmless, _cells(run))) for run in found]
    if rows:
        show(terminal_table(HEADINGS, rows, left=(*HEADINGS[:5], "begun")), spare=("begun",))
    for _, sentence in broken:
        TERMINAL.say(sentence)
    damaged = [{"folder": str(path), "problem": sentence} for path, sentence in broken]
    return Told(lambda: {"runs": [run.to_json() for run in found], "unreadable": damaged})


def _cells(run: "ListedRun") -> tuple[str, ...]:
    from bench.report.table import within

    cases = f"{run.cases:,}" if run.is_complete else f"{run.answered + run.failed:,} of {run.cases:,} so far"
    kappa = within(run.mean_kappa.kappa, run.mean_kappa.interval, 2) if run.mean_kappa else "-"
    return (
        run.run_id.rpartition("-")[2],
        run.reader,
        f"{run.dataset}, {run.split}",
        ", ".join(filter(None, (run.condition, run.renderer, run.format if run.format != "dense" else ""))),
        f"{cases}, {run.failed:,} failed" if run.failed else cases,
        kappa if run.is_scored else "not scored",
        run.started[:10],
    )
