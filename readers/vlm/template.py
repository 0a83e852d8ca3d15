"""Render a model's chat template in a process of its own, with bounded time, memory and length."""

import json
import os
import subprocess
import sys
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from taxonomy.error import ReaderError

SECONDS = 10
"""Time of one rendering at most; a usual one takes a millisecond."""

START_SECONDS = 300
"""Time of the process's start at most."""


class TemplateRaisedError(ReaderError):
    """A template raised an error, as those do that do not take every dialogue."""


def rendered(template: str, messages: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> str:
    """Return a chat as the template writes it.

    Parameters
    ----------
    template : str
        Jinja source.
    messages : sequence of mapping
        The turns, plain JSON data.
    settings : mapping
        Further variables of the template, such as the special tokens.

    Raises
    ------
    TemplateRaisedError
        When the template raises.
    taxonomy.error.ReaderError
        When it does not end in :data:`SECONDS`, or writes too much.
    """
    asked = {"template": template, "messages": list(messages), "settings": dict(settings)}
    # A forked process must not share its parent's pipe.
    return _renderer(os.getpid()).rendered(json.dumps(asked))


@cache
def _renderer(process_id: int) -> "_Renderer":
    return _Renderer()


class _Renderer:
    """A rendering process, started when it is first needed and again after a template that ended it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None

    def rendered(self, asked: str) -> str:
        with self._lock:
            process = self._process or self._started()
            self._process = None  # until it has answered
            answer = _asked(process, asked)
            self._process = process
        if "error" in answer:
            kind = TemplateRaisedError if answer["raised"] else ReaderError
            raise kind(f"the model's chat template {answer['error']}")
        return str(answer["text"])

    def _started(self) -> "subprocess.Popen[str]":
        file = Path(__file__).with_name("rendering_process.py")
        # -P keeps the folder of the file off the path, where module names are short.
        process = subprocess.Popen(
            [sys.executable, "-P", str(file), str(SECONDS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        if _line(process, START_SECONDS) != "ready\n":
            _ended(process, os.getpid())
            raise ReaderError("the process that renders chat templates did not start")
        weakref.finalize(self, _ended, process, os.getpid())
        return process


def _asked(process: "subprocess.Popen[str]", asked: str) -> dict[str, Any]:
    """Return the answer of a rendering process, which is ended where it gives none."""
    assert process.stdin is not None
    try:
        process.stdin.write(asked + "\n")
        process.stdin.flush()
        line = _line(process, SECONDS + 2)
    except BrokenPipeError:
        line = ""
    if not line.endswith("\n"):
        _ended(process, os.getpid())
        raise ReaderError(f"the model's chat template was stopped: it took more than {SECONDS} s, or too much memory")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _line(process: "subprocess.Popen[str]", seconds: float) -> str:
    """Return the next line of a process, less than a line where it ends or is ended for taking too long."""
    assert process.stdout is not None
    limit = Timer(seconds, process.kill)
    limit.daemon = True
    limit.start()
    try:
        return process.stdout.readline()
    finally:
        limit.cancel()


def _ended(process: "subprocess.Popen[str]", owner: int) -> None:
    """End a rendering process and close its pipes; a process that was forked from its owner leaves it alone."""
    if os.getpid() != owner:
        return
    process.kill()
    with suppress(BrokenPipeError), process:  # closing a pipe writes what is left
        pass
