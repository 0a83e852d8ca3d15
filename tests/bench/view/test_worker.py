"""Processes that draw end with the one that they draw for."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

DRAWING = """
import os, time
from bench.view.worker import worker_processes
with worker_processes(3) as pool:
    waiting = [pool.submit(time.sleep, 0.5) for _ in range(3)]
    print(*{pid for task in waiting if task.result() is None for pid in pool._processes}, flush=True)
    time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.is_file() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_a_kill_of_the_parent_leaves_no_process_behind():
    running = []
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", DRAWING], stdout=subprocess.PIPE, text=True) as parent:
            pids = [int(pid) for pid in parent.stdout.readline().split()]
            assert len(pids) == 3
            assert all(map(is_running, pids))
            parent.kill()
        running += pids
    until = time.monotonic() + 10
    while any(map(is_running, running)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [pid for pid in running if is_running(pid)] == []
