"""Find the height of each row's trace in every column of pixels."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.geometry import LEAST_TRACE_MM, MM_PER_S, DigitizeError, PageGeometry, Stretch, pieces

SHARED = 0.6
"""Share of a piece's columns with ink in a row's band above which the piece holds that row's trace; tall spikes reach
into a neighbouring band in only a few columns."""

SPIKE_PX = 0.8
"""Difference of the two envelopes above which a column is a peak or valley narrower than the pen."""


def row_ink(cover: NDArray[np.float32], page: PageGeometry) -> list[NDArray[np.float32]]:
    """Return the ink of each row's trace alone, float32 (height, width) each.

    A piece belongs to the row with the baseline nearest to its middle; a piece that spans rows is cut between them.
    """
    names, boxes = pieces(cover >= 0.5)
    rows = [np.zeros_like(cover) for _ in page.baselines]
    least = LEAST_TRACE_MM * page.px_per_mm
    for number, box in boxes:
        if box[1].stop - box[1].start < least:
            continue
        for begin, end in _windows(page, box[1]):
            part = names[box[0], begin:end] == number
            for row, own in _rows_of(part, box[0].start, page.baselines):
                target = rows[row][box[0], begin:end]
                np.maximum(target, np.where(_with_edge(own), cover[box[0], begin:end], 0), out=target)
    return rows


def _windows(page: PageGeometry, columns: slice) -> list[tuple[int, int]]:
    """Return the columns of a piece, cut at the columns of leads, since each part may belong to other rows."""
    edges = {round(page.left + stretch.start_s * MM_PER_S * page.px_per_mm) for stretch in page.stretches}
    inside = sorted(edge for edge in edges if columns.start < edge < columns.stop)
    return list(pairwise([columns.start, *inside, columns.stop]))


def _with_edge(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a piece with the half-inked pixels above and below it."""
    grown = part.copy()
    grown[1:] |= part[:-1]
    grown[:-1] |= part[1:]
    return grown


def _rows_of(piece: NDArray[np.bool_], top: int, baselines: tuple[float, ...]) -> list[tuple[int, NDArray[np.bool_]]]:
    height = np.arange(piece.shape[0])[:, None] + 0.5 + top
    columns = piece.any(axis=0)
    if not columns.any():
        return []
    middle = np.median(((piece * height).sum(axis=0) / np.maximum(piece.sum(axis=0), 1))[columns])
    cuts = [-np.inf, *((a + b) / 2 for a, b in pairwise(baselines)), np.inf]
    parts = [piece & (height > above) & (height <= below) for above, below in pairwise(cuts)]
    share = [np.asarray(part.any(axis=0))[columns].mean() for part in parts]
    reached = [row for row in range(len(baselines)) if share[row] > SHARED]
    if len(reached) < 2:
        return [(int(np.argmin(np.abs(np.array(baselines) - middle))), piece)]
    return [(row, parts[row]) for row in reached]


def stretch_heights(ink: NDArray[np.float32], page: PageGeometry, stretch: Stretch) -> NDArray[np.float64]:
    """Return the trace's height in each column of a stretch, in pixels from the top; NaN where there is no ink.

    Raises DigitizeError when the stretch reaches beyond the picture.
    """
    begin, end = stretch_columns(page, stretch)
    if end > ink.shape[1] + 1 or begin < 0:
        raise DigitizeError("the traces are cut off: 250 mm right of the calibration pulse are needed")
    return trace_heights(ink[:, begin:end], page.pen_px)


def stretch_columns(page: PageGeometry, stretch: Stretch) -> tuple[int, int]:
    """Return the first column of pixels of a stretch and the one after its last."""
    begin, end = (page.left + time * MM_PER_S * page.px_per_mm for time in (stretch.start_s, stretch.end_s))
    return int(np.ceil(begin)), int(np.floor(end))


def trace_heights(cover: NDArray[np.float32], pen_px: float) -> NDArray[np.float64]:
    """Return the middle of the pen in each column, float64 (width,), in pixels from the top; NaN without ink.

    Less half a pen's width, the upper and lower edges of the ink are the running maximum and minimum of the curve over
    the width of the pen. Closing and opening (Serra 1982) undo these exactly wherever the curve rises or falls through;
    a centroid of the ink would blur it. Where the two differ, a peak or valley is narrower than the pen: closing keeps
    peaks, opening keeps valleys.
    """
    from scipy.ndimage import grey_dilation, grey_erosion, median_filter

    top, bottom = _edges(cover)
    known = np.isfinite(top)
    if known.sum() < 3:
        return np.full(cover.shape[1], np.nan)
    columns = np.arange(len(top))
    top, bottom = (np.interp(columns, columns[known], edge[known]) for edge in (top, bottom))
    half = np.quantile(bottom - top, 0.25) / 2
    middle = -(top + bottom) / 2
    high, low = np.maximum(-top - half, middle), np.minimum(-bottom + half, middle)
    size = 2 * max(1, round(0.45 * pen_px)) + 1
    closing, opening = grey_erosion(high, size=size), grey_dilation(low, size=size)
    curve = (closing + opening) / 2
    around = median_filter(curve, size=3 * size)
    spike, peak = closing - opening > SPIKE_PX, closing - around > around - opening
    curve = np.where(spike, np.where(peak, closing, opening), curve)
    curve = _tipped(curve, (high, low), 1.5 * size)
    return np.where(known, -curve, np.nan)


def _tipped(
    curve: NDArray[np.float64], envelope: tuple[NDArray[np.float64], NDArray[np.float64]], least: float
) -> NDArray[np.float64]:
    """Return the curve with each peak and valley extended to the edge of the ink: tips may lie between columns."""
    from scipy.signal import find_peaks

    tipped = curve.copy()
    for sign, edge in ((1, envelope[0]), (-1, envelope[1])):
        tips, _ = find_peaks(sign * curve, prominence=least)
        tipped[tips] = edge[tips]
    return tipped


def _edges(cover: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the upper and lower edge of the ink in each column, in fractions of a pixel; NaN without ink."""
    ink, last = cover >= 0.5, len(cover) - 1
    columns = np.arange(cover.shape[1])
    first, end = np.argmax(ink, axis=0), last - np.argmax(ink[::-1], axis=0)
    above = np.where(first > 0, cover[np.maximum(first - 1, 0), columns], 0.0)
    below = np.where(end < last, cover[np.minimum(end + 1, last), columns], 0.0)
    top = first + (1 - cover[first, columns]) - above
    bottom = end + cover[end, columns] + below
    some = ink.any(axis=0)
    return np.where(some, top, np.nan), np.where(some, bottom, np.nan)
