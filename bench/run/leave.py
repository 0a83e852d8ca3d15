"""Leave to run code, or to send a key somewhere: given on the command line alone, never by the manifest of a run.

A run's folder may be a stranger's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.run.settings import RunSettings
from bench.view.view import WAVEFORM
from readers.api.option import BASE_URL, KEY_VARIABLE
from readers.contract import Reader
from readers.registry import is_installed
from readers.registry import reader as reader_named
from readers.vlm.option import REMOTE_CODE
from taxonomy.error import RunError

LEAVE = {
    REMOTE_CODE: ("leave to run a model's code", "MODEL"),
    BASE_URL: ("leave to send requests to an address", "ADDRESS"),
    KEY_VARIABLE: ("leave to send a key", "NAME"),
}
"""By option, what it grants, and the word for its value."""


@dataclass(frozen=True)
class Told:
    """What a command line tells of a run that is there already, since its manifest does not or may not.

    Attributes
    ----------
    measurements : str
        ``waveform``, or the features file that the run took its numbers from: a manifest names no path.
    statements : Path or None
        The statements file of the run, for readers that take them.
    reader : str
        The reader of the run, named once more: needed for one that is not installed.
    options : mapping of str to str
        Those of :data:`LEAVE`, as when the run was made: other options are the run's own.
    """

    measurements: str = WAVEFORM
    statements: Path | None = None
    reader: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def reader_of_run(settings: RunSettings, told: Told) -> Reader:
    """Return the reader of a run, built once more.

    Parameters
    ----------
    settings : RunSettings
    told : Told

    Raises
    ------
    taxonomy.error.BenchError
        When the reader would run code that the command line does not name, or cannot be built.
    """
    _check_reader(settings.reader, told.reader)
    _check_options(settings.options, told.options)
    return reader_named(settings.reader, settings.options)


def _check_reader(made_by: str, named: str) -> None:
    if named and named != made_by:
        raise RunError(f"the run was made by reader {made_by!r}, not by {named!r}")
    if not named and not is_installed(made_by):
        raise RunError(
            f"the run was made by {made_by!r}, which is not installed, and leave to run its code is given on the "
            f"command line alone: name it with --reader {made_by}"
        )


def _check_options(made_with: Mapping[str, str], given: Mapping[str, str]) -> None:
    """Check that the command line repeats what grants something, and no other option."""
    other = next((name for name in given if name not in LEAVE), None)
    if other:
        granting = " and ".join((", ".join([*LEAVE][:-1]), [*LEAVE][-1]))
        raise RunError(f"a retry takes the options of its run, and {granting} alone are given again, not {other}")
    for name, (leave, value) in LEAVE.items():
        granted = made_with.get(name, "")
        if given.get(name, "") != granted:
            raise RunError(
                f"the run was made with {name}={granted!r}, and {leave} is given on the command line alone: give the "
                f"same as --option {name}={value}"
            )
