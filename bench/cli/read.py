"""``bench read``: ECGs of one's own."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.option import check_effect, option_option, out_option, renderers_from, view_from, view_options

if TYPE_CHECKING:
    from bench.dataset.recording import Recording
    from bench.report.own_reading import OwnReading
    from readers.contract import Reader

NOT_WITH_DRAW = ("reader", "option")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--reader", default="resnet1d", show_default=True, help="One of 'bench readers' that runs here.")
@option_option
@click.option("--fs", type=click.FloatRange(0, min_open=True), metavar="HZ", help="Sampling rate of CSV files.")
@click.option("--unit", metavar="mV|uV", help="Unit of CSV files; a header may say it: 'V1 [uV]'.")
@click.option(
    "--at",
    type=click.FloatRange(0),
    metavar="SECONDS",
    show_default="the first part with the fewest samples missing",
    help="Where the ten seconds begin that are read of a longer recording.",
)
@view_options("condition", "measurements", "statements", "shots", "demography", "seed", "format")
@click.option("--draw", is_flag=True, help="Draw the recordings instead, as PNG pictures that print to scale.")
@out_option("pictures", "Folder of the pictures.")
@click.option("--json", "as_data", is_flag=True, help="Print JSON: the notice, and an object for each file.")
def read(files: tuple[Path, ...], draw: bool, as_data: bool, **options: Any) -> None:
    """Read ECGs of one's own: each axis with its probabilities, and the measured numbers.

    FILE is a WFDB record (.hea with its .dat or .mat), CSV (a header of lead names), a DICOM waveform, an HL7 aECG or
    an SCP-ECG file, of 5 s to 30 min at 100 to 4000 Hz. Twelve leads are needed, or I, II and V1 to V6, from which the
    others follow. Of a file only its signal is read, and nothing of it leaves this machine.

    This is no medical device. It is for research and teaching: not for patients, and not for anyone who has to decide
    about one.

    \b
    Examples:
      bench read ecg.dcm
      bench read mine.csv --fs 500 --unit uV
      bench read records/A0001 --reader digitizer
      bench read ecg.scp long.hea --at 60 --draw --renderer all
    """
    from bench.report.own_reading import NOTICE

    context = click.get_current_context()
    given = {name for name in options if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE}
    entries = _drawn(files, given, options, as_data) if draw else _read(files, given, options, as_data)
    if as_data:
        click.echo(json.dumps({"notice": NOTICE, "recordings": entries}, indent=2))
    else:
        click.echo(f"\n{NOTICE}")


def _read(files: Sequence[Path], given: set[str], options: dict[str, Any], quiet: bool) -> list[dict[str, Any]]:
    """Read the files, print what the reader says of each unless quiet, and return it as JSON data."""
    from bench.cli.terminal import TERMINAL
    from bench.dataset.recording import OwnRecordings
    from bench.report.own_reading import OwnReading
    from bench.study import ask
    from taxonomy.error import SettingError

    if "out" in given:
        raise SettingError("--out decides nothing here: it is the folder of --draw")
    reader = _local_reader(options["reader"], options["option"])
    view = view_from(options)
    check_effect(view, reader)
    recordings = _recordings(files, options, quiet)
    cohort = OwnRecordings(recordings).cohort("all")
    readings = ask(reader, cohort, view, TERMINAL)
    numbers = cohort.measure()
    found = [
        OwnReading(recording, reader.name, readings[number], numbers[number])
        for number, recording in enumerate(recordings, start=1)
    ]
    if not quiet:
        for place, one in enumerate(found):
            click.echo(nl=place > 0)
            _print(one)
    return [one.to_json() for one in found]


def _local_reader(name: str, option: tuple[str, ...]) -> "Reader":
    """Return the reader of that name, if it reads signals or pictures and runs on this machine.

    A recording of a person is sent to no service, whatever key lies in the environment.
    """
    from bench.run.options import parsed
    from readers.registry import reader as reader_named
    from readers.session import SessionReader
    from taxonomy.error import SettingError

    built = reader_named(name, parsed(option))
    if isinstance(built, SessionReader):
        raise SettingError(
            f"reader {name!r} sends what it reads to a service, and no recording of one's own is sent away"
        )
    if "statements" in built.inputs or not {"signal", "image", "text"}.intersection(built.inputs):
        raise SettingError(f"reader {name!r} looks at no signal and no picture: choose one that does, such as resnet1d")
    return built


def _recordings(files: Sequence[Path], options: dict[str, Any], quiet: bool) -> list["Recording"]:
    """Read every file before anything is asked; what a file does not say is asked for at a terminal."""
    from bench.dataset.recording import Told, read_recording

    asks = sys.stdin.isatty() and not quiet
    told = Told(options["fs"], options["unit"], (lambda question: str(click.prompt(question))) if asks else None)
    return [read_recording(path, told, options["at"]) for path in files]


def _print_recording(recording: "Recording") -> None:
    from bench.report.own_reading import described_lines
    from bench.report.table import harmless

    click.echo("\n  ".join(map(harmless, described_lines(recording))))


def _print(one: "OwnReading") -> None:
    from bench.cli.terminal import show
    from bench.report.own_reading import axis_rows, number_rows
    from bench.report.table import harmless, terminal_table

    _print_recording(one.recording)
    if one.reading.error is not None:
        click.echo(f"\n{one.reader} gives no answer: {harmless(one.reading.error.message)[:300]}")
    else:
        headings = ("axis", one.reader, "probabilities")
        click.echo()
        show(terminal_table(headings, [tuple(row) for row in axis_rows(one.reading)], left=headings))
    click.echo()
    show(terminal_table(("measurement", "measured"), number_rows(one.numbers), left=("measurement", "measured")))


def _drawn(files: Sequence[Path], given: set[str], options: dict[str, Any], quiet: bool) -> list[dict[str, Any]]:
    """Draw the files, print the names of the pictures unless quiet, and return them as JSON data."""
    from bench.report.own_picture import draw_recordings
    from bench.report.own_reading import described
    from renderers import PageStyle, renderer, usual_px_per_mm
    from taxonomy.error import SettingError

    if given.intersection(NOT_WITH_DRAW):
        raise SettingError("--reader and --option decide nothing with --draw, which asks no reader")
    px_per_mm = options["px_per_mm"]
    names = renderers_from({"renderer": options["renderer"] or "printed"})
    styles = {renderer(name).name: PageStyle(px_per_mm=px_per_mm or usual_px_per_mm(name)) for name in names}
    recordings = _recordings(files, options, quiet)
    pictures = draw_recordings(recordings, styles, options["out"])
    if not quiet:
        for recording, paths in zip(recordings, pictures, strict=True):
            _print_recording(recording)
            click.echo("\n".join(f"  {path}" for path in paths))
    return [
        {**described(recording), "pictures": list(map(str, paths))}
        for recording, paths in zip(recordings, pictures, strict=True)
    ]
