"""Processes that work for this one, and end with it however it ends."""

import os
import signal as signals
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait


def worker_processes(count: int) -> ProcessPoolExecutor:
    """Return a pool of processes that leave Ctrl-C to this one, and end with it even where it is killed.

    They are spawned: threads of a reader may be running, and a fork would copy their locks.
    """
    return ProcessPoolExecutor(count, get_context("spawn"), _begin)


def _begin() -> None:
    signals.signal(signals.SIGINT, signals.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the end of the parent, which a kill does not let it announce: the others hold the queue open."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
