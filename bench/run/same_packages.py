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
        changed, left = _unfinished(RunFolder(path), settings)
        if left:
            raise RunError(
                f"{path} is this run with {left} questions left, made with other packages or on another device: "
                f"{changed}; go on with those, or name another --out to begin anew"
            )


def _unfinished(other: RunFolder, settings: RunSettings) -> tuple[str, int]:
    """Return how an unfinished run differs in packages and device, and how many questions it has left.

    None are left of any other run: a finished one, one without a reading, one that differs in more, one that an earlier
    version began, which did not tell its packages, and a damaged one, with which nobody goes on.
    """
    try:
        before = other.settings()
        done = len(other.every_reading()[0])
    except BenchError:
        return "", 0
    then, now = before.reader_details, settings.reader_details
    same = replace(before, reader_details=_without(then)) == replace(settings, reader_details=_without(now))
    if not done or not same or MADE_WITH & now.keys() - then.keys():
        return "", 0
    left = max(0, len(before.ids) * before.repeats - done)
    changed = [name for name in sorted(MADE_WITH) if then.get(name) != now.get(name)]
    return ", ".join(f"{name} was {_said(then, name)}, is {_said(now, name)}" for name in changed), left


def _without(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if name not in MADE_WITH}


def _said(details: Mapping[str, Any], name: str) -> str:
    return str(details.get(name, "not told"))
