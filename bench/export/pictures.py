"""Draws records to PNG files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.dataset import Record
from bench.progress import Report
from renderers import LEADS, PageStyle, Picture, render
from taxonomy.error import StorageError


def drawn_records(
    records: Sequence[Record], styles: Mapping[str, PageStyle], report: Report
) -> Iterator[tuple[str, Picture]]:
    """Yield name and picture of every record by every renderer in its style, drawn at the highest available rate."""
    for number, record in enumerate(records, start=1):
        signal = record.signal()
        for name, style in styles.items():
            for image in render(signal.mv, signal.fs, name, style):
                yield f"{str(record.ecg_id).zfill(5)}_{name}", image
        report(number, len(records))


def save_pictures(pictures: Iterable[tuple[str, Picture]], folder: Path) -> int:
    """Write pictures as PNG files, with the lead in the name of a single-lead picture; return their number.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written; files written so far are kept.
    """
    written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, image in pictures:
            lead = f"_{image.leads[0]}" if image.leads != LEADS and len(image.leads) == 1 else ""
            (folder / f"{name}{lead}.png").write_bytes(image.png())
            written += 1
    except OSError as error:
        where = error.filename or folder
        raise StorageError(f"{where} cannot be written: {error.strerror}; {written} pictures were written") from error
    return written
