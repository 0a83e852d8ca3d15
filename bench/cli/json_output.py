"""``--json``: one JSON document on standard output, and nothing else there."""

import functools
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

import click

from taxonomy.error import BenchError
from taxonomy.redaction import redacted

_IS_ASKED: ContextVar[bool] = ContextVar("json", default=False)

Document = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class Told:
    """What a command tells as JSON, made only where it is asked for, and its exit code.

    Attributes
    ----------
    document : callable
    code : int
    failure : BenchError or None
        Raised once the document is told: what was kept is worth telling though the command failed.
    """

    document: Document
    code: int = 0
    failure: BenchError | None = None


def json_option(command: Callable[..., Told | None]) -> Callable[..., None]:
    """Add ``--json`` to a command that returns what it tells.

    With it, what the command prints goes to standard error, without tables, and the document to standard output.
    """
    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead, and nothing else.")

    @functools.wraps(command)
    def told(*words: Any, as_json: bool = False, **options: Any) -> None:
        if not as_json:
            found = command(*words, **options)
        else:
            before = _IS_ASKED.set(True)
            try:
                with _told_apart():
                    found = command(*words, **options)
                    text = strict_json(found.document()) if found else ""
            finally:
                _IS_ASKED.reset(before)
            if text:
                click.echo(redacted(text))
        if found and found.failure:
            raise found.failure
        if found and found.code:
            raise click.exceptions.Exit(found.code)

    return cast("Callable[..., None]", option(told))


@contextmanager
def _told_apart() -> Iterator[None]:
    """Send to standard error what is printed, by a library in C or a process of a reader's too."""
    kept = None
    with suppress(OSError):  # a stream of a caller's own has no descriptor
        out, err = sys.stdout.fileno(), sys.stderr.fileno()
        kept = os.dup(out)
        os.dup2(err, out)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            os.dup2(kept, out)
            os.close(kept)


def is_json_asked() -> bool:
    """Tell whether a JSON document is all that goes to standard output."""
    return _IS_ASKED.get()


def strict_json(data: Mapping[str, Any]) -> str:
    """Return JSON that every parser reads: a figure that is no number is null."""
    return json.dumps(_finite(data), indent=2, sort_keys=True, allow_nan=False)


def _finite(data: Any) -> Any:  # noqa: ANN401
    if isinstance(data, Mapping):
        return {str(name): _finite(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
