"""A folder of pages that others drew, scans and photographs among them, with a CSV of labels.

Columns: ``file``, ``image`` or ``path`` (a picture or PDF in the folder) is required. ``patient``, ``age`` and ``sex``
are read where they are there, and so is one column for each axis that is labelled, ``normality`` and ``superclass``
among them. Cells are written as :mod:`bench.dataset.label_cell` says; an empty cell is unlabelled.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.dataset.base import Dataset, Split
from bench.dataset.inside import path_inside
from bench.dataset.label_cell import Label, age_in, label_in, sex_in
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.record import PageError, Record, RecordId, Signal, by_id
from bench.dataset.table_file import check_columns, rows_of
from measurements import Measurements
from readers.digitizer.digitizing import DIGITIZED_FS
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page import page_leads, page_read
from readers.digitizer.page_file import picture_of
from renderers import PagePicture
from taxonomy.axis import AXES, NORMALITY, AxisValue
from taxonomy.error import DatasetError, FileError, UnknownNameError, unknown_name
from taxonomy.reading import SUPERCLASS
from taxonomy.statement import SUPERCLASSES, superclass_of
from taxonomy.truth import Truth

TABLE = "labels.csv"
NAMED = ("file", "image", "path")
"""Columns of which one names the page."""

LABELLED = (*(axis.name for axis in AXES), NORMALITY.name)
KNOWN = frozenset({*NAMED, "patient", "age", "sex", *LABELLED, SUPERCLASS})
CROPPED = ",cropped"
PAGES = "pages"
WHOLE = "pages are shown as they are: what a header or footer prints, a reader of pictures can read"


@dataclass(frozen=True)
class _Row:
    path: Path
    patient: str
    age: float | None
    sex: Literal["male", "female"] | None
    labels: Mapping[str, Label]
    superclasses: tuple[str, ...]


class PageFolder(Dataset):
    """Pages with a CSV of labels; each is opened when it is asked about.

    Readers of pictures are shown a page as it is, but without anything that its file holds beside its pixels. Readers
    of signals are given what the digitizer reads of it. A page of which a reader can be shown nothing is scored as no
    answer of that reader, with the reason.

    Parameters
    ----------
    where : str
        ``FOLDER``, where the table is named ``labels.csv``, or ``FOLDER,TABLE``; with ``,cropped`` after it, readers
        of pictures are shown the part with the traces alone, since headers and footers may print rate and diagnosis.

    Raises
    ------
    taxonomy.error.DatasetError
        When folder, table or a page is missing, a page is named twice, or a cell cannot be understood.
    taxonomy.error.UnknownNameError
        When a label is no value of its axis; the message names the line and lists them.
    """

    version = "1"
    citation = "the folder's owner"
    licence = "as the folder's owner says"
    truth_is_measured = False
    shows_pages = True

    def __init__(self, where: str) -> None:
        self.is_cropped = where.endswith(CROPPED)
        self.folder, self.table = _places(where.removesuffix(CROPPED))
        own = re.sub(r"[^\w.-]+", "_", self.folder.resolve().name, flags=re.ASCII)[:60]
        self.name = f"{PAGES}-{'cropped-' * self.is_cropped}{own}"
        self.title = f"pages of {own}"
        self._rows, self._unread = self._read()
        self.printed_beside = "" if self.is_cropped else WHOLE
        self.splits = {"test": Split("test", (PAGES,), "every page"), "all": Split("all", (PAGES,), "every page")}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        return map(self.record, self._rows)

    def record(self, ecg_id: RecordId) -> Record:
        """Return one record; raises :class:`DatasetError` for an unknown id."""
        row = self._row(ecg_id)
        return Record(
            ecg_id, row.patient, row.age, row.sex, PAGES, self.name, (int(DIGITIZED_FS),), self._load, self._page
        )

    def truth(self, record: Record, numbers: Measurements = UNMEASURED) -> Truth:
        """Return what the columns say."""
        row = self._row(record.ecg_id)
        said = row.labels
        diagnosis = said.get("diagnosis", (None,))[0]
        classes = row.superclasses or tuple(dict.fromkeys(superclass_of(str(one)) for one in said.get("diagnosis", ())))
        values: dict[str, AxisValue | None] = dict.fromkeys((axis.name for axis in AXES), None)
        values.update({axis: label[0] for axis, label in said.items()})
        if classes and diagnosis is None and NORMALITY.name not in said:
            values[NORMALITY.name] = "normal" if classes[0] == "NORM" else "abnormal"
        return Truth(
            values=values,
            superclass=classes[0] if classes else None,
            superclasses=frozenset(classes),
            accepted={axis: frozenset(label) for axis, label in said.items() if len(label) > 1},
            because=dict.fromkeys(said, f"the table {self.table.name}"),
        )

    def source(self, axis: str, record: Record, numbers: Measurements) -> str:
        """Return who says the truth on one axis: the labels."""
        return "the labels"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What of the table and the folder is left out, and what of a page a reader may read beside its traces."""
        told = []
        if self._unread:
            told.append(f"{self.table.name}: these columns are not read: {', '.join(self._unread)[:200]}")
        if not any(row.labels or row.superclasses for row in self._rows.values()):
            told.append(f"{self.table.name} labels no page on any axis: readings are kept, and nothing is scored")
        told += self._same_pages()
        return (*told, self.printed_beside) if self.printed_beside else tuple(told)

    def _same_pages(self) -> list[str]:
        """Return which pages that are labelled otherwise are one and the same file; only files of one size can be."""
        sizes: dict[int, list[str]] = {}
        for name, row in self._rows.items():
            sizes.setdefault(row.path.stat().st_size, []).append(name)
        found: dict[str, list[str]] = {}
        for name in (name for names in sizes.values() if len(names) > 1 for name in names):
            found.setdefault(self._digest_of(name), []).append(str(name))
        told = {digest: {repr(self._said(name)) for name in names} for digest, names in found.items()}
        return [
            f"{' and '.join(names[:5])} are the same file, and {self.table.name} labels them differently"
            for digest, names in found.items()
            if len(told[digest]) > 1
        ]

    def _said(self, name: str) -> tuple[object, ...]:
        row = self._row(name)
        return sorted(row.labels.items()), row.superclasses

    def signal_digests(self, ids: Iterable[RecordId]) -> Mapping[RecordId, str]:
        """Return a digest of each page's file."""
        return {ecg_id: self._digest_of(ecg_id) for ecg_id in ids}

    def labelling(self, record: Record) -> str:
        """Return labels and digest of a page, so that another page under the same name makes another run."""
        row = self._row(record.ecg_id)
        return f"{super().labelling(record)} {sorted(row.superclasses)} {self._digest_of(record.ecg_id)}"

    def _digest_of(self, ecg_id: RecordId) -> str:
        path = self._row(ecg_id).path
        try:
            with path.open("rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror}") from error

    def _row(self, ecg_id: RecordId) -> _Row:
        row = self._rows.get(str(ecg_id))
        if row is None:
            raise DatasetError(f"{self.table} has no page {ecg_id}")
        return row

    def _load(self, ecg_id: RecordId, fs: int) -> Signal:
        try:
            return Signal(page_leads(self._picture(ecg_id)).mv, DIGITIZED_FS)
        except DigitizeError as error:
            raise PageError(f"the page was not digitized: {error}") from None

    def _page(self, ecg_id: RecordId) -> PagePicture:
        picture = self._picture(ecg_id)
        if not self.is_cropped:
            return PagePicture.of(picture)
        try:
            return PagePicture.of(page_read(picture).picture)
        except DigitizeError as error:
            raise PageError(f"the page was not digitized, and so not cropped: {error}") from None

    def _picture(self, ecg_id: RecordId) -> NDArray[np.uint8]:
        path = self._row(ecg_id).path
        try:
            return picture_of(path)
        except FileError as error:
            # Readings are shown to others, who need not know where the folder lies.
            raise PageError(str(error).removeprefix(f"{path}: ")) from None

    def _read(self) -> tuple[dict[str, _Row], tuple[str, ...]]:
        """Return the pages by name, and the columns that are not read."""
        rows: dict[str, _Row] = {}
        unread: tuple[str, ...] = ()
        for number, cells in rows_of(self.table, ()):
            where = f"line {number} of {self.table}"
            if not rows:
                check_columns(self.table, cells, KNOWN)
            named = [column for column in NAMED if column in cells]
            if len(named) != 1:
                raise DatasetError(f"{self.table} must name the pages in one column: {', '.join(NAMED)}")
            unread = tuple(column for column in cells if column not in KNOWN)
            name = cells[named[0]]
            if not name or name in rows:
                raise DatasetError(f"{where} names {f'page {name} again' if name else 'no page'}")
            path = path_inside(self.folder, name)
            if not path.is_file():
                raise DatasetError(f"{where} names the page {name}, which is not in {self.folder}")
            if not path.resolve().is_relative_to(path.parent.resolve()):
                raise DatasetError(f"{where} names the page {name}, which is a link out of its folder: copy it there")
            rows[name] = _Row(
                path=path,
                patient=cells.get("patient") or name,
                age=age_in(where, cells.get("age", "")),
                sex=sex_in(cells.get("sex", "")),
                labels={axis: label_in(where, axis, cells[axis]) for axis in LABELLED if cells.get(axis)},
                superclasses=_superclasses(where, cells.get(SUPERCLASS, "")),
            )
        if not rows:
            raise DatasetError(f"{self.table} has no line below its columns")
        return dict(sorted(rows.items(), key=lambda item: by_id(item[0]))), unread


def _places(where: str) -> tuple[Path, Path]:
    """Return the folder and the table that are meant."""
    folder, table = Path(where), Path(where) / TABLE
    if not folder.is_dir() and "," in where:
        before, _, after = where.rpartition(",")
        folder, table = Path(before), Path(after)
    if not folder.is_dir():
        wrong = "is a file: name its folder" if folder.exists() else "does not exist"
        raise DatasetError(f"the folder of pages {folder} {wrong}")
    return folder, table


def _superclasses(where: str, written: str) -> tuple[str, ...]:
    names = tuple(one.strip() for one in written.split("|")) if written else ()
    wrong = [one for one in names if one not in SUPERCLASSES]
    if wrong:
        raise UnknownNameError(f"{where}: {unknown_name('superclass', wrong[0], SUPERCLASSES)}")
    return names
