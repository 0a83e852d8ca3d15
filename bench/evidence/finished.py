"""What is finished of a self-test, on disk: a self-test that was stopped goes on with the next control."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from bench.dataset import Cohort
from bench.run.manifest import versions
from bench.storage import append, held, opened_for_append
from taxonomy.axis import VERSION
from taxonomy.error import FileError

Check = TypeVar("Check")


class Keep(Protocol):
    """Returns what is kept under a name, else makes it and keeps it."""

    def __call__(self, name: str, kind: type[Check], made: Callable[[], Check]) -> Check:
        """Return the check."""


def make(name: str, kind: type[Check], made: Callable[[], Check]) -> Check:
    """Make a check and keep nothing."""
    return made()


@contextmanager
def finished(folder: Path, cohort: Cohort, seed: int, say: Callable[[str], None]) -> Iterator["Finished"]:
    """Yield what is finished of the self-test on these records; the file is removed at the end of a whole one.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written, or another process holds it.
    """
    decides = repr((cohort.dataset.name, cohort.dataset.version, cohort.ids, seed, VERSION, versions("ecg-bench")))
    path = folder / f"selftest-{hashlib.sha256(decides.encode()).hexdigest()[:8]}" / "controls.jsonl"
    with held(path.parent):
        with opened_for_append(path) as out:
            lines = path.read_bytes().splitlines()
            if lines:
                say(f"resuming: {len(lines)} controls are finished")
            yield Finished(path, dict(_entry(path, line) for line in lines), lambda entry: append(out, path, entry))
        path.unlink()


def _entry(path: Path, line: bytes) -> tuple[str, object]:
    try:
        entry = json.loads(line)
        return str(entry["name"]), entry["check"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{path} is damaged ({error}): remove it, and its controls are asked again") from error


class Finished:
    """The finished checks of a self-test."""

    def __init__(self, path: Path, checks: dict[str, object], keep: Callable[[dict[str, object]], None]) -> None:
        self._path, self._checks, self._keep = path, checks, keep

    def __call__(self, name: str, kind: type[Check], made: Callable[[], Check]) -> Check:
        """Return the check of that name if it is finished, else make and keep it."""
        from pydantic import TypeAdapter, ValidationError

        adapter = TypeAdapter(kind)
        if name in self._checks:
            try:
                return adapter.validate_json(json.dumps(self._checks[name]), strict=False)
            except ValidationError as error:
                what = error.errors()[0]["msg"]
                raise FileError(f"{self._path} holds no check of {name!r} ({what}): remove it") from error
        check = made()
        self._keep({"name": name, "check": adapter.dump_python(check, mode="json")})
        return check
