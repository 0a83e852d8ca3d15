"""Kinds of files: how each is told, and who reads it. A new kind is one new file and one line here."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces
from readers.digitizer.page_file import PAGE_FILES
from taxonomy.error import DatasetError

Read = Callable[[Path, Told], Traces]


@dataclass(frozen=True)
class FileKind:
    """A kind of file.

    Attributes
    ----------
    name : str
        In the user's words.
    suffixes : tuple of str
        Endings of its files, in small letters.
    home : str
        Module and function that reads it: ``read(path, told) -> Traces``, which raises DatasetError for a file that it
        cannot read. The module is imported when the kind is met.
    signs : tuple of (int, bytes)
        What stands at which byte of every such file, whatever its ending; none where the content tells nothing.
    is_told : bool
        Whether the user tells sampling rate and unit where a file does not.
    is_page : bool
        Whether it is a picture of an ECG, perhaps one of several in a file.
    """

    name: str
    suffixes: tuple[str, ...]
    home: str
    signs: tuple[tuple[int, bytes], ...] = ()
    is_told: bool = False
    is_page: bool = False

    def read(self, path: Path, told: Told) -> Traces:
        """Return the traces of a file of this kind; raises DatasetError."""
        module, _, name = self.home.partition(":")
        return cast("Read", getattr(import_module(module), name))(path, told)


_ROOM = "bench.dataset.recording"

_PICTURES = (
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"\xff\xd8\xff"),
    (8, b"WEBP"),
    (0, b"II*\0"),
    (0, b"MM\0*"),
    (0, b"%PDF-"),
)

KINDS = (
    FileKind("DICOM waveform", (".dcm", ".dicom"), f"{_ROOM}.dicom:read_dicom", ((128, b"DICM"),)),
    FileKind("SCP-ECG", (".scp", ".ecg"), f"{_ROOM}.scp:read_scp", ((16, b"SCPECG"),)),
    FileKind("HL7 aECG", (".xml", ".aecg"), f"{_ROOM}.aecg:read_aecg", ((0, b"<?xml"), (0, b"\xef\xbb\xbf<?xml"))),
    FileKind("page", PAGE_FILES, f"{_ROOM}.page:read_page_file", _PICTURES, is_page=True),
    FileKind("WFDB record", (".hea", ".dat", ".mat"), f"{_ROOM}.wfdb:read_wfdb"),
    FileKind("CSV", (".csv", ".tsv", ".txt"), f"{_ROOM}.csv:read_csv", is_told=True),
)
"""Every kind, those first whose content tells them."""


def kind_of(path: Path) -> FileKind:
    """Return the kind of a file, by its content, else by its ending; a record without an ending is WFDB.

    Raises
    ------
    DatasetError
        When it is missing, is no regular file, or is of no kind that is read.
    """
    if path.name and not path.exists() and path.with_name(f"{path.name}.hea").is_file():
        return next(kind for kind in KINDS if ".hea" in kind.suffixes)
    if not path.is_file():
        raise DatasetError(f"{path} is {'no regular file' if path.exists() else 'missing'}: name the file of an ECG")
    with path.open("rb") as content:
        begin = content.read(256)
    for kind in KINDS:
        if any(begin[place:].startswith(sign) for place, sign in kind.signs):
            return kind
    for kind in KINDS:
        if path.suffix.lower() in kind.suffixes:
            return kind
    known = "; ".join(f"{kind.name} ({', '.join(kind.suffixes)})" for kind in KINDS)
    raise DatasetError(f"{path} is no file of an ECG that is read: those are {known}")
