"""Readers that misbehave, for the runner's tests; imported by name through ``--reader``."""

import os
import signal
import time
from pathlib import Path

from taxonomy.error import StopReading
from taxonomy.reading import Reading

GOOD = Reading(values={"rate": "normal", "rhythm": "sinus"})


class Steady:
    """Answers; with a file named by TOY_KILL_AT, kills its own process at that case, once."""

    name = "steady"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for number, case in enumerate(cases):
            plan = Path(os.environ.get("TOY_KILL_AT", ""))
            if plan.is_file() and number == int(plan.read_text()):
                plan.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            mean = float(case.signal.mean())
            yield Reading(values={"rate": "normal" if mean > 0 else "tachycardia", "rhythm": "sinus"})


class Batcher:
    """Works on four cases at once and crashes on any batch that holds a marked one."""

    name = "batcher"
    inputs = frozenset({"signal"})
    bad = 0.0

    def read(self, cases):
        batch = []
        for case in cases:
            batch.append(case)
            if len(batch) == 4:
                yield from self.answer(batch)
                batch = []
        yield from self.answer(batch)

    def answer(self, batch):
        if any(self.is_bad(case) for case in batch):
            raise RuntimeError("cannot read this one")
        return [GOOD for _ in batch]

    def is_bad(self, case):
        return float(abs(case.signal).max()) == self.bad


class Hopeless:
    name = "hopeless"
    inputs = frozenset()

    def read(self, cases):
        raise RuntimeError("no model here")


class Deadly(Steady):
    """Ends its own process at every case whose trace has a positive mean, as a fault in native code would."""

    name = "deadly"

    def read(self, cases):
        for case in cases:
            if float(case.signal.mean()) > 0:
                os.kill(os.getpid(), signal.SIGKILL)
            yield GOOD


class Slow(Steady):
    """Answers slowly."""

    name = "slow"

    def read(self, cases):
        for reading in super().read(cases):
            time.sleep(0.1)
            yield reading


class Stopping(Slow):
    """Says at a process's fifth case that it can read no more."""

    name = "stopping"
    taken = 0

    def read(self, cases):
        for reading in super().read(cases):
            self.taken += 1
            if self.taken == 5:
                raise StopReading("no case after the fifth: ask for more")
            yield reading


class Interrupted:
    """Answers two cases, and raises what a pressed Ctrl-C would."""

    name = "interrupted"
    inputs = frozenset()

    def read(self, cases):
        for number, _ in enumerate(cases):
            if number == 2:
                raise KeyboardInterrupt
            yield GOOD
