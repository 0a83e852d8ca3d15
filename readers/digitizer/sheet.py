"""Follow the grid over a page, and lay the page flat and upright: tilt, perspective and a soft bend are undone."""

from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.geometry import DigitizeError
from readers.digitizer.paper import FLAT_MM, MOST_RESIDUAL_MM, ORDER, Grid

CELL_MM, SMOOTH_CELLS = 2.0, 3.0
"""Side of the cells in which the phase of the grid is measured, and the width over which it is smoothed."""

CARRIERS_MM = (5.0, 1.0)
"""Lines that are followed: every 5 mm, or every 1 mm where that fits better."""

BESIDE_MM, ABOVE_MM = 4.0, 0.5
"""How far the picture is kept beyond the grid: a pulse may begin at its edge; headers and footers stand above it."""


@dataclass(frozen=True, eq=False)
class Followed:
    """Where the grid was followed: pixel and millimetre coordinates (n, 2) each, as x and y, and the fit's error."""

    pixels: NDArray[np.float64]
    mm: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A page laid flat.

    Attributes
    ----------
    picture : uint8 array (height, width, 3)
        The part with the grid, upright; header and footer beyond the grid are cut off.
    across, down : float
        Pixels per millimetre.
    box : tuple of int
        Left, top, right and bottom of the part, in pixels of the picture that was given.
    tilt : float
        Degrees by which the grid was turned.
    is_resampled : bool
        Whether the grid was turned, aslant or bent, so that the page had to be resampled.
    residual_mm : float
        Root mean square distance of the grid from the fitted sheet.
    """

    picture: NDArray[np.uint8]
    across: float
    down: float
    box: tuple[int, int, int, int]
    tilt: float
    is_resampled: bool
    residual_mm: float


def flat_sheet(picture: NDArray[np.uint8], dark: NDArray[np.float32], grid: Grid) -> Sheet:
    """Lay a page flat by its grid.

    Parameters
    ----------
    picture : uint8 array (height, width, 3)
    dark : float32 array (height, width)
        As :func:`readers.digitizer.paper.grid_map` returns it.
    grid : Grid

    Raises
    ------
    DigitizeError
        When the grid cannot be followed over a page's width, or lies on no smooth sheet.
    """
    found = [one for one in (_followed(dark, grid, carrier) for carrier in CARRIERS_MM) if one is not None]
    fits = [(_residual(one), one) for one in found]
    if not fits:
        raise DigitizeError("the grid cannot be followed over the page")
    residual, best = min(fits, key=lambda fit: fit[0])
    if residual > MOST_RESIDUAL_MM:
        raise DigitizeError(f"the page is bent or creased too much: its grid is {residual:.1f} mm off a smooth sheet")
    across, down, off = _upright(best)
    edges = _edges(best, picture.shape, (grid.across, grid.down))
    if off <= FLAT_MM:
        left, top, right, bottom = edges
        return Sheet(picture[top:bottom, left:right], across, down, edges, grid.tilt, False, residual)
    px = (grid.across + grid.down) / 2
    return Sheet(_resampled(picture, best, px), px, px, edges, grid.tilt, True, residual)


def _followed(dark: NDArray[np.float32], grid: Grid, carrier: float) -> Followed | None:
    """Return where lines every ``carrier`` mm were followed, None where they stand out too little."""
    angle = np.radians(grid.tilt)
    directions = (
        np.array([np.cos(angle), np.sin(angle)]) / grid.across,
        np.array([-np.sin(angle), np.cos(angle)]) / grid.down,
    )
    side = max(2, round(CELL_MM * grid.across))
    waves = [_demodulated(dark, direction / carrier, side) for direction in directions]
    mask = _largest(_strong(waves[0]) & _strong(waves[1]))
    if mask.sum() < 100:
        return None
    y, x = np.nonzero(mask)
    pixels = np.stack([(x + 0.5) * side - 0.5, (y + 0.5) * side - 0.5], axis=1)
    mm = [
        pixels @ direction + carrier * _unwrapped(wave, mask)[mask] / (2 * np.pi)
        for wave, direction in zip(waves, directions, strict=True)
    ]
    return Followed(pixels, np.stack(mm, axis=1))


def _demodulated(dark: NDArray[np.float32], frequency: NDArray[np.float64], side: int) -> NDArray[np.complex128]:
    """Return the grid's wave at a frequency (cycles per pixel across and down) in each cell, smoothed over cells."""
    from scipy.ndimage import gaussian_filter

    height, width = (length // side for length in dark.shape)
    across = np.exp(-2j * np.pi * frequency[0] * np.arange(width * side)).astype(np.complex64)
    down = np.exp(-2j * np.pi * frequency[1] * np.arange(height * side)).astype(np.complex64)
    rows = (dark[: height * side, : width * side] * across).reshape(height * side, width, side).sum(axis=2)
    cells = (rows * down[:, None]).reshape(height, side, width).sum(axis=1)
    smooth = [gaussian_filter(part.astype(np.float64), SMOOTH_CELLS) for part in (cells.real, cells.imag)]
    return np.asarray(smooth[0] + 1j * smooth[1])


def _strong(wave: NDArray[np.complex128]) -> NDArray[np.bool_]:
    """Return the cells with at least half the usual strength, which a smoothed wave has at the edge of its grid."""
    strength = np.abs(wave)
    usual = np.median(strength[strength >= 0.4 * np.quantile(strength, 0.7)])
    return np.asarray(strength > 0.5 * usual)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy.ndimage import label

    names, count = label(mask)
    if not count:
        return mask
    return np.asarray(names == 1 + int(np.argmax(np.bincount(names.ravel())[1:])))


def _unwrapped(wave: NDArray[np.complex128], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the phase over a mask in one piece; a cell that is 0 has a printed line in its middle.

    Where the turns around every four cells cancel, all ways from cell to cell agree, and the shortest is taken. Else
    the strongest cells come first (quality-guided unwrapping, Ghiglia 1998).
    """
    phase, strength = np.angle(wave), np.abs(wave)
    row, column = np.unravel_index(int(np.argmax(np.where(mask, strength, -1))), wave.shape)
    start = int(row), int(column)
    return _by_strength(phase, strength, mask, start) if _has_residue(phase, mask) else _by_turns(phase, mask, start)


def _turns(difference: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(difference / (2 * np.pi)).astype(np.int64)


def _has_residue(phase: NDArray[np.float64], mask: NDArray[np.bool_]) -> bool:
    across, down = _turns(np.diff(phase, axis=1)), _turns(np.diff(phase, axis=0))
    around = across[:-1] + down[:, 1:] - across[1:] - down[:, :-1]
    return bool((around[mask[:-1, :-1] & mask[:-1, 1:] & mask[1:, :-1] & mask[1:, 1:]] != 0).any())


def _by_turns(phase: NDArray[np.float64], mask: NDArray[np.bool_], start: tuple[int, int]) -> NDArray[np.float64]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order

    places = np.arange(mask.size).reshape(mask.shape)
    beside, below = mask[:, :-1] & mask[:, 1:], mask[:-1] & mask[1:]
    ends = [np.concatenate(pair) for pair in (
        (places[:, :-1][beside], places[:-1][below]), (places[:, 1:][beside], places[1:][below])
    )]  # fmt: skip
    ways = coo_array((np.ones(len(ends[0]), dtype=np.int8), tuple(ends)), shape=(mask.size, mask.size)).tocsr()
    first = int(places[start])
    order, before = breadth_first_order(ways, first, directed=False)
    flat, before = phase.ravel(), before.astype(np.int64)
    before[before < 0] = first  # also those off the mask, which are not looked at
    turns = _turns(flat[before] - flat)
    while (before != first).any():
        turns, before = turns + turns[before], before[before]
    out = np.full(mask.size, np.nan)
    out[order] = flat[order] + 2 * np.pi * turns[order]
    return out.reshape(mask.shape)


def _by_strength(
    phase: NDArray[np.float64], strength: NDArray[np.float64], mask: NDArray[np.bool_], start: tuple[int, int]
) -> NDArray[np.float64]:
    out = np.full(phase.shape, np.nan)
    heap: list[tuple[float, int, int, float]] = [(0.0, start[0], start[1], float(phase[start]))]
    while heap:
        _, row, column, near = heappop(heap)
        if np.isfinite(out[row, column]):
            continue
        value = phase[row, column] + 2 * np.pi * round((near - phase[row, column]) / (2 * np.pi))
        out[row, column] = value
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and mask[r, c] and np.isnan(out[r, c]):
                heappush(heap, (-float(strength[r, c]), r, c, float(value)))
    return out


def _terms(points: NDArray[np.float64], order: int, origin: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    x, y = ((points - origin) / scale).T
    return np.stack([x**i * y**j for i in range(order + 1) for j in range(order + 1 - i)], axis=1)


@dataclass(frozen=True, eq=False)
class _Fit:
    """A polynomial from one plane to another."""

    weights: NDArray[np.float64]
    origin: NDArray[np.float64]
    scale: float
    order: int

    def at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = _terms(points, self.order, self.origin, self.scale) @ self.weights
        return found


def _fitted(given: NDArray[np.float64], to: NDArray[np.float64], order: int) -> _Fit:
    """Return the polynomial that fits best, of all points but those far off."""
    origin, scale = given.mean(axis=0), float(np.abs(given - given.mean(axis=0)).max())
    terms = _terms(given, order, origin, scale)
    keep = np.ones(len(given), dtype=bool)
    weights = np.linalg.lstsq(terms, to, rcond=None)[0]
    for _ in range(2):
        off = np.hypot(*(terms @ weights - to).T)
        keep = off <= max(4 * float(np.median(off)), 1e-9)
        weights = np.linalg.lstsq(terms[keep], to[keep], rcond=None)[0]
    return _Fit(np.asarray(weights, dtype=np.float64), origin, scale, order)


def _residual(found: Followed) -> float:
    off = _fitted(found.pixels, found.mm, ORDER).at(found.pixels) - found.mm
    return float(np.sqrt(np.mean((off**2).sum(axis=1))))


def _upright(found: Followed) -> tuple[float, float, float]:
    """Return pixels per mm across and down, and how far at most the sheet is off an upright lattice, in mm."""
    slopes = [np.polyfit(found.pixels[:, k], found.mm[:, k], 1) for k in range(2)]
    upright = np.stack([np.polyval(slope, found.pixels[:, k]) for k, slope in enumerate(slopes)], axis=1)
    sheet = _fitted(found.pixels, found.mm, ORDER).at(found.pixels)
    return float(1 / slopes[0][0]), float(1 / slopes[1][0]), float(np.quantile(np.abs(sheet - upright), 0.99))


def _edges(found: Followed, shape: tuple[int, ...], px: tuple[float, float]) -> tuple[int, int, int, int]:
    low, high = found.pixels.min(axis=0), found.pixels.max(axis=0)
    room = np.array([(CELL_MM / 2 + BESIDE_MM) * px[0], (CELL_MM / 2 + ABOVE_MM) * px[1]])
    left, top = np.maximum(0, np.floor(low - room)).astype(int).tolist()
    right, bottom = np.minimum([shape[1], shape[0]], np.ceil(high + room)).astype(int).tolist()
    return left, top, right, bottom


def _resampled(picture: NDArray[np.uint8], found: Followed, px: float) -> NDArray[np.uint8]:
    """Return the page at ``px`` pixels per mm, upright, by the polynomial from millimetres to pixels."""
    from scipy.ndimage import map_coordinates

    back = _fitted(found.mm, found.pixels, ORDER)
    room = np.array([BESIDE_MM, ABOVE_MM])
    low, high = found.mm.min(axis=0) - room, found.mm.max(axis=0) + room
    width, height = np.ceil((high - low) * px).astype(int).tolist()
    # The map is smooth: it is computed every few pixels and drawn between.
    step = 8
    xs, ys = np.arange(0, width + step, step), np.arange(0, height + step, step)
    nodes = np.stack(np.meshgrid(low[0] + xs / px, low[1] + ys / px), axis=-1).reshape(-1, 2)
    coarse = back.at(nodes).reshape(len(ys), len(xs), 2)
    where = np.meshgrid(np.arange(height) / step, np.arange(width) / step, indexing="ij")
    columns, rows = (map_coordinates(coarse[:, :, k], where, order=1) for k in range(2))
    channels = [
        map_coordinates(picture[:, :, k].astype(np.float32), (rows, columns), order=1, cval=255.0) for k in range(3)
    ]
    return np.clip(np.stack(channels, axis=2) + 0.5, 0, 255).astype(np.uint8)
