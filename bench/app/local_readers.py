"""The readers that the demo offers: installed ones that run on this machine, and need nothing to be named."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.table import harmless
from readers.contract import Reader
from readers.local import check_local
from readers.network import OpenReader
from readers.registry import installed_readers
from readers.registry import reader as reader_named
from taxonomy.error import BenchError, SettingError, unknown_name

USUAL, USUAL_OF_PAGES = "resnet1d", "digitizer"
"""Readers by which an ECG is read first, by whether it came as a page."""


@dataclass(frozen=True, eq=False)
class LocalReader:
    """A reader that the demo offers.

    Attributes
    ----------
    name : str
        Under which it is installed.
    reader : Reader
    description : str
        What it is, in its author's words; perhaps none.
    """

    name: str
    reader: Reader
    description: str

    @property
    def is_open(self) -> bool:
        """Whether it lets its network be explained."""
        return isinstance(self.reader, OpenReader)


@dataclass(frozen=True, eq=False)
class Offer:
    """What is offered, and what is not.

    Attributes
    ----------
    readers : tuple of LocalReader
    left : mapping of str to str
        Why each other installed reader is not offered, by its name.
    """

    readers: tuple[LocalReader, ...]
    left: dict[str, str]

    def named(self, name: str) -> LocalReader:
        """Return a reader by its name; raises UnknownNameError for one that is not offered."""
        by_name = {one.name: one for one in self.readers}
        if name not in by_name:
            raise unknown_name("reader of the demo", name, by_name)
        return by_name[name]

    def usual(self, is_page: bool) -> LocalReader:
        """Return the reader by which an ECG is read first."""
        wanted = USUAL_OF_PAGES if is_page else USUAL
        return next((one for one in self.readers if one.name == wanted), self.readers[0])


def local_readers(named: Sequence[str] = ()) -> Offer:
    """Return every installed reader that runs here without a key, a model or a file being named, and further ones.

    Nothing tells whether the code of a reader of somebody else's sends anything away: one that calls a service is known
    by its session (:class:`readers.session.SessionReader`), as the contract has it.

    Parameters
    ----------
    named : sequence of str
        Readers that the user named, such as ``hf:MODEL``, which run here too.

    Raises
    ------
    taxonomy.error.BenchError
        When one that was named is not there or calls a service, or there is none at all.
    """
    found, left = [_built(name) for name in dict.fromkeys(named)], {}
    for name in installed_readers():
        try:
            found += [] if name in named else [_built(name)]
        except BenchError as error:
            left[name] = harmless(str(error))
    if not found:
        raise SettingError("no installed reader runs on this machine without a key or a model: see 'bench readers'")
    return Offer(tuple(found), left)


def _built(name: str) -> LocalReader:
    built = reader_named(name)
    check_local(built, name)
    return LocalReader(name, built, harmless(str(getattr(built, "description", ""))))
