"""``bench probe``: tracings that differ in one thing, and pages that are degraded."""

from typing import TYPE_CHECKING, Any

import click

from bench.cli.option import limits_options, out_option, reader_options, run_from, selection_options, view_options

if TYPE_CHECKING:
    from bench.run.options import RunOptions


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
@click.option(
    "--degrade",
    multiple=True,
    metavar="NAME",
    help="Degrade the pages instead of changing the ECG: rotation, perspective, blur, jpeg, shadow, crease, moire, "
    "handwriting, faint, or all; as often as needed. For readers of pictures.",
)
@view_options("condition", "measurements", "statements", "shots")
@limits_options
@click.option(
    "--draw",
    type=click.IntRange(1),
    help="Only draw the tracings of the first N records, by every renderer; with --degrade their degraded pages by "
    "--renderer, and a sheet of each degradation.",
)
@out_option("runs")
def probe(
    draw: int | None, change: tuple[str, ...], all_records: bool, degrade: tuple[str, ...], **options: Any
) -> None:
    """Change one thing of each record, by known doses, and see whether a reader's answers move, and where.

    Rate, frontal axis, PR, QRS duration, ST level, fibrillation and more. A phantom is simulated anew with that one
    parameter changed, and the right answer is its exact truth; a recording (--data) is changed by signal processing.
    The page, OUT/probe-.../probe.md, says which, and has dose-response curves.

    With --degrade the ECG stays as it is and its page gets worse, as by a scanner, a camera, a pen or a printer: every
    record of the selection, normal or not, is asked about at dose 0 and at five doses of each degradation. The page,
    OUT/probe-degrade-.../degrade.md, has kappa by dose, the drop from dose 0 with its interval, the dose at which half
    is lost, what was wrong and what was not answered, and a verdict on each degradation.

    Each reading is kept as it arrives: after Ctrl-C or a kill the same command goes on, and asks failed calls again.
    Exit code 1 where every call failed.

    \b
    Examples:
      bench probe --reader resnet1d
      bench probe --reader resnet1d --data ~/ptb-xl --split val
      bench probe --reader digitizer --renderer stacked --change rate --change axis --sample 20
      bench probe --reader resnet1d --draw 2 --out pictures
      bench probe --reader digitizer --degrade all --sample 60
      bench probe --reader openai:gpt-5.4 --degrade blur --degrade shadow --sample 50 --max-cost 10
      bench probe --reader digitizer --degrade all --draw 1 --out pictures
    """
    run = run_from(options)
    if degrade:
        _degrade(run, degrade, draw, {"--change": bool(change), "--all-records": all_records})
        return
    from bench.tracing.probe_run import ProbeOptions

    asked = ProbeOptions(run, change, all_records)
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


def _degrade(run: "RunOptions", names: tuple[str, ...], draw: int | None, others: dict[str, bool]) -> None:
    from bench.cli.terminal import TERMINAL, show
    from bench.export.pictures import save_pictures
    from bench.report.degrade_page import verdict_table, write_degraded
    from bench.tracing.degrade_run import DegradeOptions, drawn_pages, run_degraded
    from taxonomy.error import SettingError

    given = next((option for option, is_given in others.items() if is_given), None)
    if given:
        raise SettingError(f"{given} changes the ECG, and --degrade its page: ask for one of them at a time")
    asked = DegradeOptions(run, names)
    if draw:
        click.echo(f"{save_pictures(drawn_pages(asked, draw), run.out)} in {run.out}")
        return
    found = run_degraded(asked, TERMINAL)
    page = write_degraded(asked.folder, found)
    show(verdict_table(found))
    click.echo(f"\npage: {page}")
