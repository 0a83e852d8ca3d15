"""Readers that note in a file every case they are asked about, for tests of what is asked twice; imported by name."""

import os
import subprocess
import time
from pathlib import Path

from taxonomy.error import StopReading
from taxonomy.reading import Failure, Reading


class Counting:
    """Answers, slowly where COUNT_SLOWLY is set, and adds a line to the file COUNT_IN for every answer."""

    name = "counting"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for case in cases:
            time.sleep(float(os.environ.get("COUNT_SLOWLY", "0")))
            with Path(os.environ["COUNT_IN"]).open("a") as asked:
                asked.write(f"{case.case_id}\n")
            yield Reading(values={"rate": "normal", "rhythm": "sinus"})


class Pictured(Counting):
    """The same of pictures and words."""

    name = "pictured"
    inputs = frozenset({"image", "text"})


class Keyless(Counting):
    """Says before the first case that it has no key."""

    name = "keyless"

    def check(self):
        raise StopReading("no key: set NO_SUCH_KEY")


class Away(Counting):
    """Its server is never there."""

    name = "away"

    def read(self, cases):
        for number, _ in enumerate(cases):
            yield Reading(error=Failure("transport", "no route to host" if number % 3 else "no name"))


class Hostile(Counting):
    """Its server answers with what a terminal obeys, and ends the second run."""

    name = "hostile"
    inputs = frozenset({"signal", "text"})

    def read(self, cases):
        for case in cases:
            if case.prompt is None or case.signal is None:
                raise StopReading("the server says \x1b[2J: 'bench readers'")
            yield Reading(error=Failure("transport", "no \x1b]0;mine\x07 route"))


class Loud(Counting):
    """Prints as a library in C does, and by a process of its own."""

    name = "loud"

    def read(self, cases):
        for _ in cases:
            os.write(1, b"from C\n")
            subprocess.run(["echo", "from a process"], check=True)
            yield Reading(values={"rate": "normal"})


class Shown(Counting):
    """The same of pictures alone."""

    name = "shown"
    inputs = frozenset({"image"})


class Moody(Counting):
    """Its server is away for every other case until there is a file ``mended`` beside the one that counts."""

    name = "moody"

    def read(self, cases):
        for number, case in enumerate(cases):
            if number % 2 or (Path(os.environ["COUNT_IN"]).parent / "mended").exists():
                yield from super().read([case])
            else:
                yield Reading(error=Failure("transport", "no route to host"))
