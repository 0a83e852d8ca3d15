"""``bench probe``: tracings that differ in one thing."""

from typing import Any

import click

from bench.cli.option import limits_options, out_option, reader_options, run_from, selection_options, view_options


@click.command()
@reader_options
@selection_options
@click.option(
    "--change",
    multiple=True,
    help="rate, axis, pr, qrs, st-inferior, st-anterior, fibrillation; of phantoms also qt, voltage, premature; by "
    "default all.",
)
@click.option("--all-records", is_flag=True, help="Change every record, not only those labelled normal.")
@view_options("condition", "measurements", "statements", "shots")
@limits_options
@click.option(
    "--draw", type=click.IntRange(1), help="Only draw the tracings of the first N records, by every renderer."
)
@out_option("runs")
def probe(draw: int | None, change: tuple[str, ...], all_records: bool, **options: Any) -> None:
    """Change one thing of each record, by known doses, and see whether a reader's answers move, and where.

    Rate, frontal axis, PR, QRS duration, ST level, fibrillation and more. A phantom is simulated anew with that one
    parameter changed, and the right answer is its exact truth; a recording (--data) is changed by signal processing.
    The page, OUT/probe-.../probe.md, says which, and has dose-response curves. Each reading is kept as it arrives:
    after Ctrl-C or a kill the same command goes on.

    \b
    Examples:
      bench probe --reader resnet1d
      bench probe --reader resnet1d --data ~/ptb-xl --split val
      bench probe --reader digitizer --renderer stacked --change rate --change axis --sample 20
      bench probe --reader resnet1d --draw 2 --out pictures
    """
    from bench.tracing.probe_run import ProbeOptions

    asked = ProbeOptions(run_from(options), change, all_records)
    if draw:
        _draw(asked, draw)
        return
    from bench.cli.terminal import TERMINAL, show
    from bench.report.probe_page import probe_table, thresholds, write_probe
    from bench.tracing.probe_run import run_probe

    found = run_probe(asked, TERMINAL)
    write_probe(asked.folder, found)
    click.echo(f"{found.way}\n")
    show(probe_table(found))
    click.echo("\nhalf of the answers have moved at:")
    for name, direction, dose in thresholds(found.results):
        click.echo(f"  {name:<14}{direction:<6}{dose}")
    click.echo(f"\npage: {asked.folder / 'probe.md'}")


def _draw(asked: Any, count: int) -> None:  # noqa: ANN401
    from bench.export.pictures import save_pictures
    from bench.tracing.probe_run import drawn_tracings
    from renderers import renderer_names

    saved = save_pictures(drawn_tracings(asked, count, renderer_names()), asked.run.out)
    click.echo(f"{saved} in {asked.run.out}")
