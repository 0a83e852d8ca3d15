"""A person as a reader: the name and the inputs under which readings made in the browser are a run like any other.

``bench read-blind`` asks; every other command finds the reader here, so that its runs are scored, compared and handed
in, and says where a person is asked.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NoReturn

from readers.contract import Case, Input
from taxonomy.error import ReaderError, StopReading
from taxonomy.reading import Reading

KIND = "human"

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9._-])?", re.ASCII)
"""What a person may be called: it stands in manifests, tables and names of folders."""

SHOWN: Mapping[str, tuple[frozenset[Input], str]] = {
    "page": (frozenset({"image", "text"}), "the picture that a model is shown, in the browser, with zoom and calipers"),
    "paper": (frozenset({"signal", "text"}), "the samples drawn on millimetre paper, in the browser, with calipers"),
}
"""By what is shown: the parts of a case that it takes, and what it is in words."""

PAGE = "page"


class HumanReader:
    """A person who reads in the browser.

    Parameters
    ----------
    person : str
        How the person is called in tables: 40 letters, digits, spaces and ``. _ -`` at most.
    show : str
        A key of :data:`SHOWN`.

    Raises
    ------
    taxonomy.error.ReaderError
        For another name, or what cannot be shown.
    """

    description = "a person, who reads in the browser: 'bench read-blind --as NAME'"
    inputs: frozenset[Input] = SHOWN[PAGE][0]

    def __init__(self, person: str = "", show: str = PAGE) -> None:
        if not NAME.fullmatch(person):
            raise ReaderError(
                f"a person's name is at most 40 letters, digits, spaces and . _ - (A to Z), not {person[:60]!r}: "
                "'bench read-blind --as NAME'"
            )
        if show not in SHOWN:
            raise ReaderError(f"a person is shown one of {', '.join(SHOWN)}, not {show[:60]!r}")
        self.person, self.name = person, f"{KIND}:{person}"
        self.inputs, shown = SHOWN[show]
        self.details = {"shown": shown}

    def check(self) -> NoReturn:
        """Raise StopReading: a person is asked elsewhere."""
        raise StopReading(
            f"{self.name!r} is a person, and reads in the browser: use 'bench read-blind --as \"{self.person}\"' with "
            "the same options"
        )

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Raise StopReading, as :meth:`check`."""
        self.check()


def is_person(reader: str) -> bool:
    """Tell whether the name of a reader is a person's."""
    return reader.partition(":")[0] == KIND
