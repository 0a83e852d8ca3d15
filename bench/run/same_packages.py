"""Whether a run that is about to begin is one that other packages or another device left unfinished."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.run.folder import RunFolder
from bench.run.settings import RunSettings
from readers.vlm.machine import MADE_WITH
from taxonomy.error import BenchError, RunError


def check_same_packages(folder: RunFolder, settings: RunSettings) -> None:
    """Check that no unfinished run beside a new one differs from it only in what its answers are made with.

    It would be begun anew in silence, as another run, where its user means to go on.

    Parameters
    ----------
    folder : RunFolder
        Of the new run; nothing is in it.
    settings : RunSettings

    Raises
    ------
    taxonomy.error.RunError
        When there is one; the message says what has changed.
    """
    if not MADE_WITH & settings.reader_details.keys():
        return
    name = settings.run_id.rpartition("-")[0]
    for path in sorted(folder.path.parent.glob(f"{name}-????????")):
        other = RunFolder(path)
        changed = _changed(other, settings)
        if changed and (left := _left(other)):
            raise RunError(
                f"{path} is this run with {left} questions left, made with other packages or on another device: "
                f"{changed}; go on with those, or name another --out to begin anew"
            )


def _changed(other: RunFolder, settings: RunSettings) -> str:
    """Return how another run differs from this one in packages and device; empty where it is quite another."""
    try:
        before = other.settings()
    except BenchError:  # a folder of another version, or of something else, is none of this run's
        return ""
    now = {**settings.reader_details}
    names = [name for name in sorted(MADE_WITH) if before.reader_details.get(name) != now.get(name)]
    same = replace(before, reader_details=_without(before.reader_details)) == replace(
        settings, reader_details=_without(now)
    )
    return ", ".join(f"{name} was {_said(before.reader_details, name)}, is {_said(now, name)}" for name in names * same)


def _left(run: RunFolder) -> int:
    settings = run.settings()
    return len(settings.ids) * settings.repeats - len(run.every_reading()[0])


def _without(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name not in MADE_WITH}


def _said(details: Mapping[str, Any], name: str) -> str:
    return str(details.get(name, "not told"))
