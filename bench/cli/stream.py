"""Standard output and error: a failure to write is a sentence, and a terminal is never silent while work goes on."""

import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from taxonomy.error import StorageError

QUIET_S = 0.3
"""Silence after which a terminal is told that work goes on."""

FRAMES = "|/-\\"
ERASED = "\r\x1b[2K"


class Pulse:
    """A turning bar on a terminal, shown while nothing else is written there, and erased before anything else is.

    Parameters
    ----------
    terminal : text stream
        Standard error, where it is a terminal.
    clock : callable
        Returns seconds.
    """

    def __init__(self, terminal: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal, self._clock = terminal, clock
        self._lock = threading.RLock()
        self._begun = self._written = clock()
        self._is_shown, self._is_line_open, self._held = False, False, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Turn until :meth:`stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Erase the bar and end."""
        self._stop.set()
        self._thread.join()
        with self.around():
            pass

    @contextmanager
    def around(self, text: str = "\n") -> Iterator[None]:
        """Erase the bar around a write of ``text``; it does not return within a line that is not ended."""
        with self._lock:
            if self._is_shown:
                self._terminal.write(ERASED)
                self._terminal.flush()
                self._is_shown = False
            yield
            if text:
                self._is_line_open = not text.endswith("\n")
            self._written = self._clock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Leave the terminal to a progress bar."""
        with self.around():
            self._held += 1
        try:
            yield
        finally:
            with self.around():
                self._held -= 1

    def turn(self) -> None:
        """Show the next frame, where the terminal has been silent for long enough."""
        with self._lock:
            now = self._clock()
            if self._held or self._is_line_open or now - self._written < QUIET_S:
                return
            frame = FRAMES[int(now * 8) % len(FRAMES)]
            self._terminal.write(f"{ERASED}{frame} working, {now - self._begun:.0f} s")
            self._terminal.flush()
            self._is_shown = True

    def _run(self) -> None:
        with suppress(OSError, ValueError):  # a terminal that is gone needs no bar
            while not self._stop.wait(0.125):
                self.turn()


class Stream:
    """A standard stream that says in a sentence that it cannot be written, and erases the pulse first.

    What cannot be written is dropped, for the interpreter would try again at its end; every later write fails alike.
    """

    def __init__(self, stream: TextIO, name: str, pulse: Pulse | None) -> None:
        self._stream, self._name, self.pulse = stream, name, pulse
        self._failure = ""

    def write(self, text: str) -> int:
        """Write text; raises :class:`StorageError` where the stream is full or closed."""
        with self._told(text):
            return self._stream.write(text)

    def flush(self) -> None:
        """Hand everything on; raises as :meth:`write`."""
        with self._told(""):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._stream, name)

    @contextmanager
    def _told(self, text: str) -> Iterator[None]:
        if self._failure:  # again: click tries a stream with an empty text, and swallows what that raises
            raise StorageError(self._failure)
        try:
            if self.pulse is not None and self._stream.isatty():
                with self.pulse.around(text):
                    yield
            else:
                yield
        except OSError as error:
            self._failure = f"{self._name} cannot be written: {error.strerror or error}"
            self._drop()
            raise StorageError(self._failure) from error

    def _drop(self) -> None:
        with suppress(io.UnsupportedOperation):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def standard_streams() -> Iterator[None]:
    """Put :class:`Stream` in the place of standard output and error; a stream that is closed swallows everything."""
    before = sys.stdout, sys.stderr
    # In this order: descriptors 1 and 2, where they are free, are taken by the null device and by no file of a run.
    out = sys.stdout or open(os.devnull, "w")  # noqa: SIM115, PTH123  # lives as long as the process
    err = sys.stderr or open(os.devnull, "w")  # noqa: SIM115, PTH123
    pulse = Pulse(err) if err.isatty() else None
    sys.stdout = Stream(out, "standard output", pulse)
    sys.stderr = Stream(err, "standard error", pulse)
    if pulse is not None:
        pulse.start()
    try:
        yield
    finally:
        if pulse is not None:
            pulse.stop()
        with suppress(StorageError):
            sys.stdout.flush()
        sys.stdout, sys.stderr = before


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the pulse away while a progress bar is on the terminal."""
    pulse = getattr(sys.stderr, "pulse", None)
    if pulse is None:
        yield
        return
    with pulse.held():
        yield
