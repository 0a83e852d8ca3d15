"""How many processors this process may use, and so how many processes it starts."""

import os
from pathlib import Path

from taxonomy.error import SettingError

VARIABLE = "ECG_BENCH_PROCESSES"
"""Environment variable with the number of processes that one command may start; 1 computes everything in one."""

MOST = 1024

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""A container's share of the processors: microseconds of each period, or ``max``."""


def own_processors() -> int:
    """Return how many processes that compute this one may start; 1 for none beside itself.

    That is what ``ECG_BENCH_PROCESSES`` says, else the processors that affinity and container leave to this process,
    shared equally among those that torchrun started on this machine.

    Raises
    ------
    taxonomy.error.SettingError
        When the variable holds no whole number from 1 to :data:`MOST`.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        number = int(named) if named.isascii() and named.isdecimal() and len(named) <= len(str(MOST)) else 0
        if not 1 <= number <= MOST:
            raise SettingError(f"{VARIABLE} must be a whole number from 1 to {MOST:,}, not {named[:80]!r}")
        return number
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(there, _quota()) // _launched_together())


def other_processes() -> int:
    """Return how many processes may work for this one; 0 where it has one processor."""
    processors = own_processors()
    return processors if processors > 1 else 0


def _quota() -> int:
    """Return how many processors a container may use, rounded up; no limit where none is told."""
    try:
        share, period = QUOTA.read_text(encoding="ascii").split()
        return -(-int(share) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return MOST


def _launched_together() -> int:
    """Return how many processes torchrun or accelerate started on this machine."""
    told = os.environ.get("LOCAL_WORLD_SIZE", "")
    return max(1, int(told)) if told.isascii() and told.isdecimal() and len(told) <= len(str(MOST)) else 1
