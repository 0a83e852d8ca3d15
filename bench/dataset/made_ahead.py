"""Phantoms made ahead: a second process simulates and measures while this one imports, reads or scores.

A thread would not do: imports and short steps hold the interpreter's lock, so that neither would be faster.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import IO

import numpy as np
from numpy.typing import NDArray

from measurements import Measurements

WORTH_A_PROCESS = 150
"""Phantoms from which a process pays: it takes as long to start as these take to make."""

KEPT_AHEAD = 256
"""Phantoms that wait to be taken, 0.24 MB each."""


@dataclass(frozen=True, eq=False)
class Made:
    """A phantom's signal, float32 (12, n_samples) in mV, and its measurements."""

    mv: NDArray[np.float32]
    numbers: Measurements


def pays(count: int) -> bool:
    """Tell whether so many phantoms are worth a second process on this machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return count >= WORTH_A_PROCESS and cores > 1 and bool(sys.executable)


class MadeAhead:
    """Phantoms that are being made in another process, in the order given.

    Parameters
    ----------
    population : str
        As :class:`bench.dataset.phantom.Phantoms` takes it.
    numbers : sequence of int
        Of the phantoms.
    samples : int
        Of each lead.
    """

    def __init__(self, population: str, numbers: Sequence[int], samples: int) -> None:
        self._to_come, self._made, self._waiting = set(numbers), dict[int, Made](), 0
        self._samples, self._changed = samples, Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "bench.dataset.phantom_maker", population],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
            start_new_session=True,  # Ctrl-C is for the process that asked
        )
        self._thread = Thread(target=self._receive, args=(list(numbers),), daemon=True)
        self._thread.start()

    def take(self, number: int) -> Made | None:
        """Return a phantom, when it is made; None where it is not asked for, was taken, or the process has ended."""
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: number in self._made or number not in self._to_come)
            self._waiting -= 1
            made = self._made.pop(number, None)
            self._changed.notify_all()
            return made

    def close(self) -> None:
        """End the process; whoever still waits makes the phantom itself."""
        self._process.terminate()
        with self._changed:
            self._to_come.clear()
            self._changed.notify_all()
        self._thread.join()
        self._process.wait()

    def _receive(self, numbers: list[int]) -> None:
        told, heard = self._process.stdin, self._process.stdout
        assert told is not None and heard is not None
        try:
            with told:
                told.write(json.dumps(numbers).encode())
            while made := self._next(heard):
                self._keep(*made)
        except BrokenPipeError:
            pass  # the process has ended: what it has not made is made by those who ask for it
        finally:
            heard.close()
            with self._changed:
                self._to_come.clear()
                self._changed.notify_all()

    def _next(self, heard: IO[bytes]) -> tuple[int, Made] | None:
        line = heard.readline()
        content = heard.read(12 * self._samples * 4)
        if len(content) < 12 * self._samples * 4:
            return None
        told = json.loads(line)
        mv = np.frombuffer(content, dtype="<f4").reshape(12, self._samples).astype(np.float32)
        return told["number"], Made(mv, Measurements.from_json(told["numbers"]))

    def _keep(self, number: int, made: Made) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._made) < KEPT_AHEAD or self._waiting or not self._to_come)
            if number in self._to_come:
                self._to_come.remove(number)
                self._made[number] = made
            self._changed.notify_all()
