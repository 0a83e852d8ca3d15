"""The height of a trace, measured on the ink of the picture that is shown, and on nothing else."""

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.geometry import MM_PER_S, DigitizeError, PageGeometry, Stretch
from readers.digitizer.trace import row_ink, stretch_columns, stretch_heights
from readers.instrument.place import Place
from renderers import PageStyle, Picture

PALEST, DARKEST = 226.0, 15.0
"""Brightness of the brightest channel from which a pixel counts as bare, and at which as fully inked. A grid is bright
in the channel of its colour; that of a blank page must not be taken for a trace, so nothing is estimated here."""


class TracedPicture:
    """The traces of one picture, found once and then asked for heights."""

    def __init__(self, picture: Picture) -> None:
        self._px = float(picture.px_per_mm)
        baselines = tuple(sorted({strip.baseline_mm for strip in picture.strips}))
        self._stretches = {
            strip: Stretch(
                strip.lead,
                baselines.index(strip.baseline_mm),
                strip.x_mm / MM_PER_S,  # in seconds of the usual speed, since the geometry below counts by it
                (strip.x_mm + (strip.end_s - strip.start_s) * picture.mm_per_s) / MM_PER_S,
            )
            for strip in picture.strips
        }
        self._page = PageGeometry(
            tuple(baseline * self._px for baseline in baselines),
            0.0,
            self._px,
            PageStyle.pen_mm * self._px,
            tuple(self._stretches.values()),
        )
        self._rows = row_ink(_coverage(picture.rgb()), self._page)

    def height_mm(self, place: Place, x_mm: float) -> float | None:
        """Return how far the trace of a lead stands above its baseline at a place; None where there is none.

        It is as near as the picture lets it be: half a pixel in time, 3 ms at 6 px/mm, which matters on a steep QRS.

        Raises
        ------
        readers.digitizer.geometry.DigitizeError
            When the trace would leave the picture.
        """
        stretch = self._stretches[place.strip]
        heights = stretch_heights(self._rows[stretch.row], self._page, stretch)
        begin, _ = stretch_columns(self._page, stretch)
        # Between the middles of two columns of pixels the trace is taken as straight.
        at = min(max(0.0, x_mm * self._px - begin - 0.5), len(heights) - 1.0)
        before, after = heights[int(np.floor(at))], heights[int(np.ceil(at))]
        height = float(before + (after - before) * (at % 1))
        return place.strip.baseline_mm - height / self._px if np.isfinite(height) else None


def traced(picture: Picture) -> TracedPicture | None:
    """Return the traces of a picture; None where its ink is none of an ECG's."""
    try:
        return TracedPicture(picture)
    except DigitizeError:
        return None


def _coverage(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    brightest = rgb.max(axis=2).astype(np.float32)
    return np.asarray(np.clip((PALEST - brightest) / (PALEST - DARKEST), 0, 1), dtype=np.float32)
