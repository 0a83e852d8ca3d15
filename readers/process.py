"""Processes that prepare batches for a reader, and end with this one however it ends.

They are plain child processes at two pipes. Those of ``multiprocessing`` import the main module again, so that a user's
script without a guard would begin anew in each of them.
"""

import json
import logging
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import IO, Any, Generic, TypeVar

from readers.isolation import Crash, Result, attempt
from readers.processors import VARIABLE
from taxonomy.error import StopReading

Batch = TypeVar("Batch")
Prepared = TypeVar("Prepared")

BEGIN = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from readers.process import serve; serve()"
"""What a child runs: it finds every module where this process finds it, and none in the current folder (``-P``)."""

ALONE = dict.fromkeys((VARIABLE, "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Environment of a child: as many as there are processors must not start as many threads or processes each."""

UNSENDABLE = (pickle.PicklingError, AttributeError, TypeError)
"""Errors of pickling an object of a local class, or one that holds a lock or an open file."""


def _ended(status: int | None) -> str:
    """Return that a process is gone, and why as far as its exit status tells."""
    how = "was killed, perhaps for its memory" if status is None or status < 0 else f"ended with exit status {status}"
    return f"a process that prepares cases {how}: what was read is kept, and the same command goes on from there"


class Processes(Generic[Batch, Prepared]):
    """Processes that prepare one batch each at a time; they begin in the background.

    Parameters
    ----------
    count : int
    prepare : callable
        With batches and results that can be pickled. Where it cannot be pickled itself, or not be found by a child,
        such as a class of a script, this process prepares every batch, which is said.
    received : callable
        Called in a thread of this process with each batch and its result.
    first : object
        A batch that each process prepares before it is ready, so that what it imports is imported.
    """

    def __init__(
        self,
        count: int,
        prepare: Callable[[Batch], Prepared],
        received: Callable[[Batch, Prepared], None],
        first: Batch,
    ) -> None:
        self._prepare, self._received = prepare, received
        self._idle: SimpleQueue[_Child] = SimpleQueue()
        self._children = [_Child() for _ in range(count)]
        self._threads = ThreadPoolExecutor(count)
        self._unsendable, self._said = "", False
        self._begun = [self._threads.submit(self._begin, child, first) for child in self._children]

    @property
    def are_ready(self) -> bool:
        """Whether all of them have begun, or one cannot."""
        return all(begun.done() for begun in self._begun)

    @property
    def ahead(self) -> int:
        """Batches that keep all of them busy: each has one, and the next lies ready."""
        return 2 * len(self._children)

    def submit(self, batch: Batch) -> "Future[Prepared]":
        """Return the result of a batch, to come.

        It raises what ``prepare`` raises, and StopReading when a process was killed.
        """
        return self._threads.submit(self._prepared, batch)

    def close(self) -> None:
        """End all of them at once, whatever they are doing."""
        for child in self._children:
            child.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for child in self._children:
            child.close()

    def _begin(self, child: "_Child", first: Batch) -> None:
        try:
            told = child.ask(self._prepare)
        except UNSENDABLE as error:
            told = Crash(str(error), "")
        if isinstance(told, Crash):
            self._unsendable = told.words
            return
        child.ask(first)
        self._idle.put(child)

    def _prepared(self, batch: Batch) -> Prepared:
        for begun in self._begun:
            begun.result()
        if self._unsendable:
            self._say_unsendable()
            return self._prepare(batch)
        child = self._idle.get()
        try:
            answer = child.ask(batch)
        finally:
            self._idle.put(child)
        if isinstance(answer, Crash):
            # Here it raises the error itself, as it would have without processes.
            return self._prepare(batch)
        prepared: Prepared = answer.value
        self._received(batch, prepared)
        return prepared

    def _say_unsendable(self) -> None:
        if not self._said:
            self._said = True
            logging.getLogger("bench").warning(
                "what prepares cases cannot be sent to other processes (%s): one process does it", self._unsendable
            )


class _Child:
    """A process and the two pipes to it."""

    def __init__(self) -> None:
        # In a session of its own: Ctrl-C at the terminal goes to this process alone, which then ends the others.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", BEGIN, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **ALONE},
        )

    def ask(self, question: object) -> Any:  # noqa: ANN401  # a result of the function that it was asked to call
        """Return the answer; raises StopReading when the process has ended."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None and back is not None
        try:
            _send(to, question)
            return _receive(back)
        except (BrokenPipeError, EOFError):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            raise StopReading(_ended(self._process.returncode)) from None

    def kill(self) -> None:
        """End it; a thread that waits for its answer goes on."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Close the pipes of a process that has ended."""
        for pipe in (self._process.stdin, self._process.stdout):
            # What a pipe still holds for a process that was killed cannot be written.
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()


def serve() -> None:
    """Answer the parent until it closes the pipe or ends: first comes the function, then one batch after another."""
    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between the answers.
    os.dup2(2, 1)
    try:
        received = attempt(partial(_receive, questions), EOFError)
        _send(answers, received if isinstance(received, Crash) else None)
        while isinstance(received, Result):
            batch = _receive(questions)
            _send(answers, attempt(partial(received.value, batch), ()))
    except (EOFError, BrokenPipeError):
        # Exit without flushing pipes that lead nowhere.
        os._exit(0)


def _send(pipe: IO[bytes], what: object) -> None:
    """Write an object; its arrays go from their own memory into the pipe, without a copy."""
    buffers: list[memoryview] = []
    head = pickle.dumps(what, protocol=5, buffer_callback=lambda buffer: buffers.append(buffer.raw()))
    parts: list[bytes | memoryview] = [head, *buffers]
    pipe.write(struct.pack(f"!{len(parts) + 1}Q", len(parts), *(len(part) for part in parts)))
    for part in parts:
        pipe.write(part)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:  # noqa: ANN401  # whatever was sent
    """Return the object that the other side wrote; its arrays lie where they were received."""
    (count,) = struct.unpack("!Q", _filled(pipe, 8))
    sizes = struct.unpack(f"!{count}Q", _filled(pipe, 8 * count))
    head, *buffers = [_filled(pipe, size) for size in sizes]
    return pickle.loads(head, buffers=buffers)  # noqa: S301  # from the parent, or the child that it started


def _filled(pipe: IO[bytes], size: int) -> bytearray:
    buffer = bytearray(size)
    if pipe.readinto(buffer) < size:  # type: ignore[attr-defined]  # a buffered pipe has it
        raise EOFError
    return buffer
