"""Processes that work for this one, and end with it however it ends."""

import os
import signal as signals
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait


def _at_once() -> None:
    """Begin without preparation."""


def worker_processes(count: int, begin: Callable[[], None] = _at_once) -> ProcessPoolExecutor:
    """Return a pool of processes that leave Ctrl-C to this one, and end with it even where it is killed.

    They are spawned: threads of a reader may be running, and a fork would copy their locks. Each calls ``begin`` first.
    """
    return ProcessPoolExecutor(count, get_context("spawn"), _begin, (begin,))


def _begin(begin: Callable[[], None]) -> None:
    signals.signal(signals.SIGINT, signals.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    begin()


def _end_with_parent() -> None:
    """Wait for the end of the parent, which a kill does not let it announce: the others hold the queue open."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
