"""Pages: scans, photographs and PDFs of an ECG, which are digitized."""

from pathlib import Path

import numpy as np

from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces
from readers.digitizer.foreign import PageReport
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page import PageRead, page_read
from readers.digitizer.page_file import picture_of
from renderers import LEADS
from taxonomy.error import DatasetError, FileError, ReaderError

TILTED = 0.1
"""Degrees from which the tilt of a page is told."""


def read_page_file(path: Path, told: Told) -> Traces:
    """Digitize a page.

    Raises
    ------
    DatasetError
        When the file is no picture or PDF, has several pages and none was named, or no ECG was read from it.
    """
    try:
        picture = picture_of(path, told.page)
        found = page_read(picture)
    except DigitizeError as error:
        raise DatasetError(f"{path}: no ECG page was read from it: {error}") from None
    except (FileError, ReaderError) as error:
        raise DatasetError(str(error)) from None
    return Traces(dict(zip(LEADS, found.mv, strict=True)), found.fs, _notes(found), page=picture)


def _notes(found: PageRead) -> tuple[str, ...]:
    if found.report is None:
        shown = np.isfinite(found.mv).mean(axis=1)
        what = "ten seconds of every lead" if shown.min() > 0.9 else "3 rows of 4 columns of 2.5 s and a rhythm strip"
        return (f"a page that this program drew: {what}",)
    return tuple(_found(found.report))


def _found(report: PageReport) -> list[str]:
    strip = f", and lead {report.rhythm_lead} over ten seconds" if report.rhythm_lead else ", no rhythm strip"
    ends = "lines between the columns" if report.by_separators else "the ends of the traces"
    notes = [
        f"{report.rows} rows found: 3 of 4 columns, 2.5 s of each lead{strip}; columns of {report.column_mm:.1f} mm by "
        f"{ends}",
        f"{report.grid_colour} grid of {report.px_per_mm[0]:.2f} x {report.px_per_mm[1]:.2f} px/mm; 1 mV is "
        f"{report.mm_per_mv:g} mm by pulses {report.pulse_mm:.1f} mm wide; I + III is off II by "
        f"{report.einthoven_uv:.0f} uV",
    ]
    if report.is_straightened:
        turned = f"turned by {report.tilt:.1f} degrees, or " if abs(report.tilt) >= TILTED else ""
        notes.append(f"the page was {turned}aslant or bent, and was straightened by its grid")
    return notes
