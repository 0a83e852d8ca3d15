"""The ECG that the demo shows: a record of a dataset, or a file that somebody uploaded."""

import io
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from pathlib import Path
from typing import NoReturn

from bench.dataset import Cohort, Dataset, Record
from bench.dataset.recording import OwnRecordings, Recording, Told, read_recording
from bench.dataset.selection import parsed_ids
from bench.report.own_reading import described_lines
from bench.report.table import harmless
from taxonomy.error import BenchError, DatasetError, SettingError
from taxonomy.outside import MEBIBYTE
from taxonomy.truth import Truth

LARGEST_UPLOAD = 32 * MEBIBYTE
"""Bytes of an uploaded file at most: a scanned page of 600 dots per inch, or half an hour of twelve leads."""

MOST_FILES = 4
"""Files of one ECG at most: a WFDB record has a header and its signals."""

LONGEST_NAME = 200
"""Letters of an uploaded file's name at most; file systems take little more."""


PAGE_PX = 1400
"""Width and height at most at which a page is shown as it came."""


@dataclass(frozen=True, eq=False)
class ChosenEcg:
    """One ECG.

    Attributes
    ----------
    title : str
        What it is called, on one line; a name of a stranger's may stand in it.
    notes : tuple of str
        What is to be known of it.
    cohort : Cohort
        It alone.
    is_own : bool
        Whether it was uploaded: nothing is known then of what is true.
    is_page : bool
        Whether it came as a page, which readers of pictures are shown as it is.
    """

    title: str
    notes: tuple[str, ...]
    cohort: Cohort
    is_own: bool
    is_page: bool

    @cached_property
    def record(self) -> Record:
        """The record."""
        return next(iter(self.cohort))

    def page_png(self) -> bytes | None:
        """Return the page that it came as, at most :data:`PAGE_PX` wide, as PNG; None of one that came as a signal."""
        if not self.is_page:
            return None
        from PIL import Image

        out = io.BytesIO()
        page = Image.open(io.BytesIO(self.record.page().png()))
        page.thumbnail((PAGE_PX, PAGE_PX))
        page.save(out, "PNG")
        return out.getvalue()

    @cached_property
    def truth(self) -> Truth:
        """What is true of it; nothing on any axis of an uploaded one."""
        return self.cohort.truth(self.record)


def from_dataset(dataset: Dataset, written: str) -> ChosenEcg:
    """Return a record of a dataset by its id, as somebody wrote it.

    Raises
    ------
    taxonomy.error.BenchError
        When the dataset has no such record, or no recording of it.
    """
    ids = parsed_ids(written.strip(), dataset.ids_are_numbers, "the record")
    if len(ids) != 1:
        raise SettingError(f"one record is shown at a time, not {len(ids)}: name one")
    cohort = dataset.cohort(ids=ids)
    record = next(iter(cohort))
    if not record.rates:
        raise DatasetError(f"record {record.ecg_id} of {dataset.name} has no recording at hand: choose another")
    known = [f"{record.age:g} years" if record.age is not None else "", record.sex or ""]
    notes = (harmless(", ".join(filter(None, (dataset.title, *known)))),)
    return ChosenEcg(harmless(f"{dataset.name}, record {record.ecg_id}"), notes, cohort, False, record.is_page)


def from_upload(uploads: Sequence[Path], fs: str = "", unit: str = "", page: str = "") -> ChosenEcg:
    """Read uploaded files of one ECG, and delete them, whether or not they can be read.

    Parameters
    ----------
    uploads : sequence of Path
        One file, or the files of a WFDB record.
    fs : str
        Sampling rate in Hz, as somebody wrote it, where the file does not say it.
    unit : str
        ``mV`` or ``uV``, where the file does not say it.
    page : str
        Which page of a file with several, from 1, as somebody wrote it.

    Raises
    ------
    taxonomy.error.BenchError
        When they are no ECG that can be read; the message names the file as it was uploaded, and no path.
    """
    try:
        rate, number = _number(fs, "the sampling rate"), _number(page, "the page")
        told = Told(rate, unit or None, None if number is None else int(number), _ask)
        with tempfile.TemporaryDirectory(prefix="ecg-") as place:
            return _shown(_read(uploads, Path(place), told))
    except OSError as error:
        raise DatasetError(f"the upload cannot be read: {error.strerror or error}") from error
    finally:
        for upload in uploads:
            upload.unlink(missing_ok=True)


def _number(written: str, what: str) -> float | None:
    """Return what somebody wrote in a field; None of an empty one."""
    if not written.strip():
        return None
    try:
        number = float(written)
    except ValueError:
        number = nan
    if not isfinite(number):
        raise SettingError(f"{what} is {harmless(written)[:40]!r}, no number: write one such as 1 or 500")
    return number


def _read(uploads: Sequence[Path], place: Path, told: Told) -> Recording:
    main = _main_file(uploads)
    for upload in uploads:
        shutil.copyfile(upload, place / upload.name)
    try:
        return read_recording(place / main.name, told)
    except BenchError as error:
        raise DatasetError(_in_words_of_the_page(str(error), place)) from error


def _main_file(uploads: Sequence[Path]) -> Path:
    """Return the file that is read; the others are its signals."""
    if not uploads:
        raise DatasetError("no file was uploaded: choose the file of an ECG")
    if len(uploads) > MOST_FILES:
        raise DatasetError(f"{len(uploads)} files were uploaded, and one ECG is read: {MOST_FILES} at most")
    for upload in uploads:
        name = harmless(upload.name)
        if len(upload.name) > LONGEST_NAME:
            raise DatasetError(f"the name {name[:60]!r}... is too long: give the file a shorter one")
        if upload.stat().st_size > LARGEST_UPLOAD:
            raise DatasetError(f"{name} is larger than {LARGEST_UPLOAD // MEBIBYTE} MiB: upload a part of it")
        if upload.stat().st_size == 0:
            raise DatasetError(f"{name} is empty: it holds no ECG")
    if len({upload.name for upload in uploads}) < len(uploads):
        raise DatasetError(f"two files are called {harmless(uploads[0].name)}: upload one ECG at a time")
    if len(uploads) == 1:
        return uploads[0]
    headers = [upload for upload in uploads if upload.suffix.lower() == ".hea"]
    if len(headers) != 1:
        raise DatasetError(
            f"{len(uploads)} files were uploaded, and {len(headers)} of them are headers of a WFDB record (.hea): "
            "upload one file, or one header with its signals"
        )
    return headers[0]


def _ask(question: str) -> NoReturn:
    raise DatasetError(f"{question} is not said in the file: say it in the field for it, and upload the file again")


_FIELDS = (("--page", "the field 'Page'"), ("--fs", "the sampling rate"), ("--unit", "the unit"))


def _in_words_of_the_page(message: str, place: Path) -> str:
    """Return a message with the name of a file in the place of its path, and of a field in that of an option."""
    said = message.replace(f"{place}/", "").replace(str(place), "the upload")
    for option, field in _FIELDS:
        said = said.replace(option, field)
    return harmless(said)


def _shown(recording: Recording) -> ChosenEcg:
    dataset = OwnRecordings((recording,))
    first, *others = described_lines(recording)
    _, _, about = first.partition(f"{recording.path}: ")
    return ChosenEcg(
        harmless(recording.path.name),
        (harmless(about), *map(harmless, others)),
        dataset.cohort("all"),
        True,
        recording.page is not None,
    )
