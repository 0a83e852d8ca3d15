"""The colour behind a trace that tells how much each stretch of it weighs: which colour, and where on the page.

Each shade is read without its hue: the more, the darker, and what speaks against is striped. Blue and vermilion are of
Okabe and Ito's palette, which colour-blind people can tell apart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from renderers.image import Strip
from renderers.original import LEVELS
from renderers.page import INK_COLOUR, palette
from renderers.style import PageStyle
from renderers.trace import polyline

FOR = (213, 94, 0)
"""Colour of what speaks most for an answer, on white; the trace on it keeps a contrast of 4.5 to 1."""

AGAINST = (0, 114, 178)
"""Colour of what speaks most against it."""

CHANGED = (86, 180, 233)
"""Colour of what was changed."""

HALF_MM = 1.8
"""Paper that is coloured above and below a trace."""

BESIDE_MM = 0.4
"""Distance in time within which a trace counts as one: its steep parts are coloured as widely as its flat ones."""

STRIPE_MM = 1.6
"""From one stripe to the next; not a whole number of millimetres, which the grid has."""

PALE = 0.25
"""Depth between the stripes of what is as deep as can be on them."""


def coloured(
    paper: NDArray[np.uint8], depth: NDArray[np.float32], px_per_mm: int, colour: tuple[int, int, int] = FOR
) -> NDArray[np.uint8]:
    """Return paper with its shade, whose grid shows through.

    Parameters
    ----------
    paper : uint8 array (height, width, 3)
    depth : float32 array (height, width)
        From -1, most against, to 1, most for; 0 is bare.
    px_per_mm : int
    colour : (int, int, int)
        Of what is above 0.

    Returns
    -------
    uint8 array (height, width, 3)
    """
    out = paper.copy()
    where = np.nonzero(depth)
    out[where] = _shaded(paper[where], depth[where], where, px_per_mm, colour)
    return out


def _shaded(
    paper: NDArray[np.uint8],
    depth: NDArray[np.float32],
    where: tuple[NDArray[np.int64], ...],
    px_per_mm: int,
    colour: tuple[int, int, int],
) -> NDArray[np.uint8]:
    """Return pixels (n, 3) of paper, at these rows and columns, with their shade."""
    against = depth < 0
    share = np.abs(depth) * np.where(against, stripes(where[0], where[1], px_per_mm), 1)
    full = np.where(against[:, None], np.array(AGAINST, np.float32), np.array(colour, np.float32)) / 255
    mixed: NDArray[np.uint8] = np.rint(paper * (1 - share[:, None] * (1 - full))).astype(np.uint8)
    return mixed


def stripes(rows: NDArray[np.int64], columns: NDArray[np.int64], px_per_mm: int) -> NDArray[np.float32]:
    """Return the share of full colour of pixels in slanting, antialiased stripes, float32 from ``PALE`` to 1."""
    phase = np.abs(((rows + columns) / (STRIPE_MM * px_per_mm)) % 1 - 0.5) * STRIPE_MM * px_per_mm
    edge = np.clip(phase - STRIPE_MM * px_per_mm / 4 + 0.5, 0, 1)
    return (PALE + (1 - PALE) * edge).astype(np.float32)


def inked(
    indices: NDArray[np.uint8],
    depth: NDArray[np.float32],
    style: PageStyle,
    colour: tuple[int, int, int] = FOR,
) -> NDArray[np.uint8]:
    """Return a drawn page in its colours, uint8 (height, width, 3): paper, shade, and ink on top."""
    page: NDArray[np.uint8] = palette()[indices]
    where = np.nonzero(depth)
    level = indices[where] % LEVELS
    under = _shaded(palette()[indices[where] - level], depth[where], where, style.px_per_mm, colour)
    share = (level / np.float32(LEVELS - 1))[:, None]
    page[where] = np.rint(under * (1 - share) + np.array(INK_COLOUR, dtype=np.float32) * share).astype(np.uint8)
    return page


def depths(
    shape: tuple[int, int],
    strips: Sequence[Strip],
    traces: Sequence[tuple[NDArray[np.float32], float]],
    shades: Sequence[tuple[NDArray[np.float32], float]],
    style: PageStyle,
) -> NDArray[np.float32]:
    """Return the depth of each pixel of a page, float32 (height, width) from -1 to 1; the deepest where two meet.

    Parameters
    ----------
    shape : (int, int)
        Height and width in pixels.
    strips : sequence of Strip
        Where the traces were drawn.
    traces : sequence of (float32 array (n_samples,) in mV, float)
        What each strip shows, with its sampling rate in Hz.
    shades : sequence of (float32 array (n_values,), float)
        Depth along each strip from the beginning of the recording, with its own rate in Hz.
    style : PageStyle
    """
    page = np.zeros(shape, dtype=np.float32)
    for strip, (samples, fs), (values, rate) in zip(strips, traces, shades, strict=True):
        _paint(page, strip, polyline(strip, samples, fs, style), (values, rate), style)
    return page


def _paint(
    page: NDArray[np.float32],
    strip: Strip,
    line: NDArray[np.float64],
    shade: tuple[NDArray[np.float32], float],
    style: PageStyle,
) -> None:
    px, (values, rate) = style.px_per_mm, shade
    first = round(strip.x_mm * px)
    last = min(page.shape[1], round((strip.x_mm + (strip.end_s - strip.start_s) * style.mm_per_s) * px))
    time = strip.start_s + ((np.arange(first, last) + 0.5) / px - strip.x_mm) / style.mm_per_s
    share = np.interp(time, np.arange(len(values)) / rate, values, left=0, right=0).astype(np.float32)
    top, bottom = _edges(strip, line, first, last, px)
    top, bottom = np.clip(top, 0, page.shape[0]), np.clip(bottom, 0, page.shape[0])
    rows = slice(int(np.floor(top.min())), int(np.ceil(bottom.max())))
    middle = np.arange(rows.start, rows.stop)[:, None] + 0.5
    inside = np.clip(np.minimum(middle - top, bottom - middle) + 0.5, 0, 1)
    found = (inside * share).astype(np.float32)
    there = page[rows, first:last]
    np.copyto(there, found, where=np.abs(found) > np.abs(there))


def _edges(
    strip: Strip, line: NDArray[np.float64], first: int, last: int, px: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first and the last row that are coloured of each column of pixels; a gap has those of its baseline."""
    fine = np.arange(first * 4, last * 4) / (4 * px)
    known = line[np.isfinite(line[:, 1])]
    height = np.full(len(fine), strip.baseline_mm)
    if len(known):
        height = np.interp(fine, known[:, 0], known[:, 1])
    reach = max(1, round(4 * px * BESIDE_MM))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(height, reach, mode="edge"), 2 * reach + 1)[::4]
    return (around.min(axis=1) - HALF_MM) * px, (around.max(axis=1) + HALF_MM) * px
