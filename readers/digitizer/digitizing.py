"""Recover twelve leads in millivolts from a picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.geometry import MM_PER_MV, MM_PER_S, RECORD_S, DigitizeError, PageGeometry, page_geometry
from readers.digitizer.ink import ink_coverage
from readers.digitizer.trace import row_ink, stretch_columns, stretch_heights
from renderers.style import LEADS

DIGITIZED_FS = 500.0
"""Sampling rate of the recovered signal, in Hz."""

LEAST_TILT = 0.05
"""Smallest tilt in degrees that is corrected: a smaller one moves a trace of 250 mm by less than its pen's width."""


MOST_PIXELS = 65_000_000
"""Pixels of a picture at most; the largest that is drawn, a stacked page at 24 px/mm, has 62 million."""


@dataclass(frozen=True, eq=False)
class Digitized:
    """The signal recovered from a picture.

    Attributes
    ----------
    mv : float32 array (12, 5000) in mV
        In the order of ``LEADS`` at 500 Hz; NaN where the picture does not show a lead.
    px_per_mm : float
        Resolution of the picture.
    """

    mv: NDArray[np.float32]
    px_per_mm: float

    @property
    def whole(self) -> bool:
        """Whether the picture shows all ten seconds of every lead."""
        return bool(np.isfinite(self.mv).mean(axis=1).min() > 0.9)


def digitize(pictures: Sequence[NDArray[np.uint8]]) -> Digitized:
    """Recover the signal from a page, or from twelve pictures of one lead each in the order of ``LEADS``.

    Parameters
    ----------
    pictures : sequence of uint8 array (height, width, 3)

    Raises
    ------
    DigitizeError
        When a picture cannot be read as an ECG page.
    """
    if len(pictures) not in {1, len(LEADS)}:
        raise DigitizeError(f"a case must have 1 picture or {len(LEADS)}, not {len(pictures)}")
    for picture in pictures:
        check_picture(picture)
    mv = np.full((len(LEADS), int(RECORD_S * DIGITIZED_FS)), np.nan, dtype=np.float32)
    scales = []
    for number, picture in enumerate(pictures):
        cover, page = _upright(picture, LEADS[number] if len(pictures) > 1 else "")
        scales.append(page.px_per_mm)
        _fill(mv, cover, page)
    return Digitized(mv, float(np.median(scales)))


def check_picture(picture: NDArray[np.uint8]) -> None:
    """Raise DigitizeError for an array that is no picture, or too large a one."""
    shape = " x ".join(map(str, picture.shape))
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise DigitizeError(f"a picture must be a uint8 array (height, width, 3), not {picture.dtype} ({shape})")
    check_size(picture.shape[0], picture.shape[1])


def check_size(height: int, width: int) -> None:
    """Raise DigitizeError for a picture of more than :data:`MOST_PIXELS`."""
    if height * width > MOST_PIXELS:
        raise DigitizeError(f"a picture may have {MOST_PIXELS:,} pixels at most, not {height} x {width}")


def _upright(picture: NDArray[np.uint8], lead: str) -> tuple[NDArray[np.float32], PageGeometry]:
    """Return the ink and the geometry of a page, after correcting its tilt."""
    cover = ink_coverage(picture)
    page = page_geometry(cover >= 0.5, lead)
    if abs(page.tilt) < LEAST_TILT:
        return cover, page
    from PIL import Image

    turned = Image.fromarray(cover).rotate(-page.tilt, Image.Resampling.BICUBIC, expand=True)
    cover = np.clip(np.asarray(turned, dtype=np.float32), 0, 1)
    return cover, page_geometry(cover >= 0.5, lead)


def _fill(mv: NDArray[np.float32], cover: NDArray[np.float32], page: PageGeometry) -> None:
    rows = row_ink(cover, page)
    for stretch in page.stretches:
        heights = stretch_heights(rows[stretch.row], page, stretch)
        known = np.isfinite(heights)
        if known.mean() < 0.5:
            continue
        begin, _ = stretch_columns(page, stretch)
        seconds = (begin + np.arange(len(heights)) + 0.5 - page.left) / page.px_per_mm / MM_PER_S
        values = (page.baselines[stretch.row] - heights) / page.px_per_mm / MM_PER_MV
        first, last = round(stretch.start_s * DIGITIZED_FS), round(stretch.end_s * DIGITIZED_FS)
        lead = LEADS.index(stretch.lead)
        times = np.arange(first, last) / DIGITIZED_FS
        if np.isnan(mv[lead, first:last]).any() or stretch.end_s - stretch.start_s == RECORD_S:
            mv[lead, first:last] = np.interp(times, seconds[known], values[known])
