"""Finds what belongs to others in a tree of files: recordings, rows of PTB-XL's table, texts of its reports.

:func:`scan` works without any data, by form: kinds of files, long runs of numbers, rows as PTB-XL writes them, lines of
German reports. With PTB-XL's table at hand (:class:`Published`) it knows the rows and reports themselves.
"""

import csv
import hashlib
import json
import re
import struct
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

RECORDING_SUFFIXES = frozenset({".dat", ".hea", ".mat", ".npy", ".npz", ".edf", ".h5", ".hdf5", ".parquet", ".xz"})

TABLES = frozenset(
    {
        "7600de9c1b27d181d850b3c6038a35d7c3ddb6bb33b702e3a20252a6859d216b",
        "ad05b0b1fcae83bb1230755ad9cfc7c96f303feddc08a4a9ad5bdc9ca63bac8f",
    }
)
"""SHA-256 of ``ptbxl_database.csv`` and ``scp_statements.csv`` of PTB-XL 1.0.3."""

OUR_NUMBERS = frozenset({"ecgdeli.csv"})
"""Tables of figures: measurements of records by a reference program."""

LONG = 600
"""Numbers in a row that may be the samples of a recording."""

PHRASE = 6
"""Words in a row, of four letters at least, that no text of ours shares with a report: names of leads are short."""

COMMON = frozenset({("bundle", "branch", "block", "left", "ventricular", "hypertrophy")})
"""Findings that stand side by side in a list of ours as they do in a report."""

_WORD = re.compile(r"[^\W\d_]{4,}")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_ENCODED = re.compile(r"(?<![\w+/=-])(?:[\w+/=-]{2000,}+|(?:[A-Za-z0-9+/]{60,}+[=\\n'\"\s]++){20,})", re.ASCII)
_NUMBERS = re.compile(r"(?:-?\d{1,5}(?:\.\d{1,4})?[\s,;\[\]]++)++")
_HEADER = re.compile(r"\becg_id,[^\n]*\b(?:scp_codes|report),")
_ROW = re.compile(r"^\"?(\d{1,5}),(\d{1,5})(?:\.0)?,(\d{1,3}(?:\.0)?)?,[01],", re.MULTILINE)
_CODES = re.compile(r",\"\{'[A-Z0-9_/()]+': \d+\.\d(?:, '[A-Z0-9_/()]+': \d+\.\d)*\}\",")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b")

GERMAN = frozenset(
    [
        "sinusrhythmus",
        "sinustachykardie",
        "sinusbradykardie",
        "vorhofflimmern",
        "lagetyp",
        "linkstyp",
        "rechtstyp",
        "steiltyp",
        "indifferenttyp",
        "überdrehter",
        "linkshypertrophie",
        "schenkelblock",
        "rechtsschenkelblock",
        "linksschenkelblock",
        "hemiblock",
        "niederspannung",
        "normales",
        "unspezifisch",
        "unspezifische",
        "abnormales",
        "vorderwand",
        "hinterwand",
        "seitenwand",
        "infarkt",
        "myokardschaden",
        "repolarisationsstörung",
        "extrasystolen",
        "sonst",
        "grenzwertig",
        "wahrscheinlich",
        "möglicherweise",
        "periphere",
        "linksanteriorer",
        "verdacht",
        "nachweisbar",
        "unauffällig",
    ]
)
"""Words of German reports, which no text of ours has three of in one line."""


@dataclass(frozen=True)
class Found:
    """Something that is not ours."""

    path: Path
    what: str


@dataclass(frozen=True)
class Published:
    """A PTB-XL folder, as that which must not be copied.

    Attributes
    ----------
    folder : Path
        Holds ``ptbxl_database.csv``, and recordings or none.
    """

    folder: Path

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """The rows of the table."""
        with (self.folder / "ptbxl_database.csv").open(newline="", encoding="utf-8") as table:
            return list(csv.DictReader(table))

    @cached_property
    def times(self) -> frozenset[str]:
        """When each recording was made, to the second."""
        return frozenset(row["recording_date"] for row in self.rows)

    @cached_property
    def patients(self) -> frozenset[tuple[str, str]]:
        """The id of each record, and of its patient."""
        return frozenset((row["ecg_id"], row["patient_id"].removesuffix(".0")) for row in self.rows)

    @cached_property
    def phrases(self) -> frozenset[tuple[str, ...]]:
        """Every run of :data:`PHRASE` words of a report."""
        return frozenset(phrase for report in {row["report"] for row in self.rows} for phrase in phrases(report))

    @cached_property
    def files(self) -> dict[int, list[Path]]:
        """The files of the folder, by size."""
        by_size: dict[int, list[Path]] = {}
        for path in self.folder.rglob("*"):
            if path.is_file():
                by_size.setdefault(path.stat().st_size, []).append(path)
        return by_size

    def has(self, content: bytes) -> bool:
        """Tell whether a file of the folder has this content."""
        return bool(content) and any(path.read_bytes() == content for path in self.files.get(len(content), ()))


def phrases(text: str) -> Iterator[tuple[str, ...]]:
    """Yield every run of :data:`PHRASE` words of a text, whatever stands between them."""
    words = _WORD.findall(text.lower())
    return zip(*(islice(words, start, None) for start in range(PHRASE)), strict=False)


def files_of(root: Path) -> list[Path]:
    """Return the files that git tracks or would add."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return [root / name for name in names if name and (root / name).is_file()]


def scan(paths: Iterable[Path], published: Published | None = None) -> list[Found]:
    """Return what belongs to others in these files."""
    return [Found(path, what) for path in paths for what in _of_file(path, published)]


def _of_file(path: Path, published: Published | None) -> Iterator[str]:
    content = path.read_bytes()
    if path.suffix in RECORDING_SUFFIXES:
        yield f"a file of recordings by its name {path.suffix}"
    if hashlib.sha256(content).hexdigest() in TABLES:
        yield "a table of PTB-XL"
    if published and published.has(content):
        yield "a file of PTB-XL"
    text = _text(content)
    if text is None:
        yield from _of_binary(path, content)
        return
    yield from _of_text(path, text)
    if published:
        yield from _copied(text, published)


def _text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text


def _of_binary(path: Path, content: bytes) -> Iterator[str]:
    """Only pictures without anything behind them, and weights, are expected."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and path.suffix == ".png":
        if not content.endswith(b"IEND\xaeB`\x82"):
            yield "a picture with something behind it"
    elif path.suffix == ".safetensors":
        (length,) = struct.unpack("<Q", content[:8])
        for name, tensor in json.loads(content[8 : 8 + length]).items():
            if name != "__metadata__" and (max(tensor["shape"], default=0) >= 1000 or _counts(tensor)):
                yield f"an array {name!r} that may hold recordings"
    else:
        yield "a binary file that is neither a picture nor weights"


def _counts(tensor: Mapping[str, Any]) -> bool:
    """Tell whether a tensor holds whole numbers, as samples are, beyond a single count."""
    return bool(tensor["shape"]) and tensor["dtype"][0] in "IU"


def _of_text(path: Path, text: str) -> Iterator[str]:
    if _ENCODED.search(text):
        yield "an encoded block"
    if path.name not in OUR_NUMBERS and any(_are_samples(run.group()) for run in _NUMBERS.finditer(text)):
        yield "a run of numbers as long as a recording"
    if _HEADER.search(text) or _ROW.search(text) or _CODES.search(text):
        yield "rows of a table like PTB-XL's"
    if any(len(GERMAN.intersection(_WORD.findall(line))) >= 3 for line in text.lower().splitlines()):
        yield "the text of a report in German"


def _are_samples(run: str) -> bool:
    """Tell whether numbers are as many as samples, and do not only rise, as the ids of records do."""
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", run)] if len(run) > 2 * LONG else []
    return len(numbers) >= LONG and not all(lower < higher for lower, higher in pairwise(numbers))


def _copied(text: str, published: Published) -> Iterator[str]:
    if not published.times.isdisjoint(_TIME.findall(text)):
        yield "the time of a recording of PTB-XL"
    if any((ecg_id, patient) in published.patients for ecg_id, patient, _ in _ROW.findall(text)):
        yield "a row of PTB-XL's table"
    shared = published.phrases.intersection(phrases(text)) - COMMON
    if shared:
        yield f"words of a report of PTB-XL: {' '.join(min(shared))}"
