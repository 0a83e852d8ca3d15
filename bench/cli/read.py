"""``bench read``: ECGs of one's own."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.completing import reader_names
from bench.cli.option import option_option, out_option, renderers_from, view_from, view_options

if TYPE_CHECKING:
    from bench.dataset.recording import Recording
    from bench.report.own_reading import OwnReading
    from bench.view import View
    from readers.contract import Reader

NOT_WITH_DRAW = ("reader", "option")

USUAL, USUAL_OF_PAGES = "resnet1d", "digitizer"
"""Readers where none is named; that of pages has networks of its own for what a page of 3 x 4 leads shows."""


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--reader",
    shell_complete=reader_names,
    show_default="resnet1d, digitizer for pages",
    help="One of 'bench readers' that runs here.",
)
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
@click.option("--page", type=click.IntRange(1), metavar="N", help="Which page of a file with several.")
@view_options("condition", "measurements", "statements", "shots", "demography", "seed", "format")
@click.option("--draw", is_flag=True, help="Draw the recordings instead, as PNG pictures that print to scale.")
@click.option("--clean", is_flag=True, help="Write pages without their grid instead, as black ink on white.")
@out_option("pictures", "Folder of the pictures.")
@click.option("--json", "as_data", is_flag=True, help="Print JSON: the notice, and an object for each file.")
def read(files: tuple[Path, ...], draw: bool, clean: bool, as_data: bool, **options: Any) -> None:
    """Read ECGs of one's own: each axis with its probabilities, and the measured numbers.

    FILE is a WFDB record (.hea with its .dat or .mat), CSV (a header of lead names), a DICOM waveform, an HL7 aECG or
    an SCP-ECG file, of 5 s to 30 min at 100 to 4000 Hz. Twelve leads are needed, or I, II and V1 to V6, from which the
    others follow. Or it is a page, scan or photograph (.png, .jpg, .tif, .webp, .pdf) of 3 x 4 leads, which is
    digitized; --draw shows what was found on it. Of a file only its signal is read, and nothing of it leaves this
    machine.

    This is no medical device. It is for research and teaching: not for patients, and not for anyone who has to decide
    about one.

    \b
    Examples:
      bench read ecg.dcm
      bench read mine.csv --fs 500 --unit uV
      bench read records/A0001 --reader digitizer
      bench read ecg.scp long.hea --at 60 --draw --renderer all
      bench read scan.pdf --page 2
      bench read photo.jpg --draw
    """
    from bench.report.own_reading import NOTICE

    context = click.get_current_context()
    given = {name for name in options if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE}
    if clean:
        entries = _cleaned(files, given | ({"draw"} if draw else set()), options, as_data)
    else:
        entries = _drawn(files, given, options, as_data) if draw else _read(files, given, options, as_data)
    if as_data:
        click.echo(json.dumps({"notice": NOTICE, "recordings": entries}, indent=2))
    else:
        click.echo(f"\n{NOTICE}")


def _read(files: Sequence[Path], given: set[str], options: dict[str, Any], quiet: bool) -> list[dict[str, Any]]:
    """Read the files, print what the reader says of each unless quiet, and return it as JSON data."""
    from bench.run.options import check_effect
    from taxonomy.error import SettingError

    if "out" in given:
        raise SettingError("--out decides nothing here: it is the folder of --draw and --clean")
    view = view_from(options)
    named = options["reader"]
    readers = {named: _local_reader(named, options["option"])} if named else {}
    for reader in readers.values():
        check_effect(view, reader)
    recordings = _recordings(files, options, quiet)
    _check_pages(recordings, view)
    found: dict[int, OwnReading] = {}
    groups: dict[str, list[int]] = {}
    for number, recording in enumerate(recordings):
        groups.setdefault(named or (USUAL if recording.page is None else USUAL_OF_PAGES), []).append(number)
    for name, numbers in groups.items():
        reader = readers.get(name) or _local_reader(name, options["option"])
        check_effect(view, reader)
        # Pages and recordings that are drawn are two datasets: a view shows pages as they are, or draws them.
        for paged in (False, True):
            own = [number for number in numbers if (recordings[number].page is not None) == paged]
            found |= _asked(reader, view, {number: recordings[number] for number in own})
    every = [found[number] for number in range(len(recordings))]
    if not quiet:
        for place, one in enumerate(every):
            click.echo(nl=place > 0)
            _print(one)
    return [one.to_json() for one in every]


def _asked(reader: "Reader", view: "View", recordings: "Mapping[int, Recording]") -> "dict[int, OwnReading]":
    """Return what a reader says of each recording; all of them are pages, or none is."""
    from bench.cli.terminal import TERMINAL
    from bench.dataset.recording import OwnRecordings
    from bench.report.own_reading import OwnReading
    from bench.study import ask

    if not recordings:
        return {}
    cohort = OwnRecordings(tuple(recordings.values())).cohort("all")
    readings, numbers = ask(reader, cohort, view, TERMINAL), cohort.measure()
    return {
        place: OwnReading(recording, reader.name, readings[number], numbers[number])
        for number, (place, recording) in enumerate(recordings.items(), start=1)
    }


def _check_pages(recordings: "Sequence[Recording]", view: "View") -> None:
    from taxonomy.error import SettingError

    named = {"--renderer": view.renderer, "--px-per-mm": view.px_per_mm}
    idle = next((option for option, value in named.items() if value), None)
    page = next((one.path for one in recordings if one.page is not None), None)
    if idle and page:
        raise SettingError(f"{idle} decides nothing for {page}: it is shown as it is, and --draw draws what it shows")


def _local_reader(name: str, option: tuple[str, ...]) -> "Reader":
    """Return the reader of that name, if it reads signals or pictures and runs on this machine."""
    from bench.run.options import parsed
    from readers.local import check_local
    from readers.registry import reader as reader_named

    built = reader_named(name, parsed(option))
    check_local(built, name)
    return built


def _recordings(files: Sequence[Path], options: dict[str, Any], quiet: bool) -> list["Recording"]:
    """Read every file before anything is asked; what a file does not say is asked for at a terminal."""
    from bench.dataset.recording import Told, read_recording

    asks = sys.stdin.isatty() and not quiet
    told = Told(
        options["fs"],
        options["unit"],
        options["page"],
        (lambda question: str(click.prompt(question))) if asks else None,
    )
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


def _cleaned(files: Sequence[Path], given: set[str], options: dict[str, Any], quiet: bool) -> list[dict[str, Any]]:
    """Write pages without their grid, print the names of the pictures unless quiet, and return them as JSON data."""
    from bench.report.own_picture import clean_pages
    from taxonomy.error import SettingError

    idle = sorted(given - {"page", "out"})
    if idle:
        option = idle[0].replace("_", "-")
        raise SettingError(f"--{option} decides nothing with --clean, which only removes a page's grid")
    entries = []
    for path, picture in zip(files, clean_pages(files, options["page"], options["out"]), strict=True):
        if not quiet:
            click.echo(f"{path}: grid removed\n  {picture}")
        entries.append({"file": str(path), "pictures": [str(picture)]})
    return entries
