"""Find the millimetres of a page by its own grid, of whatever colour, and straighten the page by them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.geometry import DigitizeError

LEAST_PX_PER_MM, MOST_PX_PER_MM = 3.5, 26.0
"""Resolutions at which a page is read; below, the grid of 1 mm and the pen are less than a pixel wide."""

TILE_PX = 512
"""Side of the tiles whose spectra are averaged: a page that is bent or seen aslant is even within each."""

SPREAD = 25
"""Frequencies over which the power around a line of the spectrum is taken."""

LEAST_CONTRAST = 0.3
"""Smallest mean logarithm of the power of the grid's harmonics over that of the frequencies around them."""

MOST_TILT = 6.0
"""Largest tilt in degrees that is looked for."""

FLAT_MM = 0.12
"""A page whose grid lies within this of an upright square lattice is read as it is, without resampling."""

MOST_RESIDUAL_MM = 0.6
"""Largest root mean square distance of the grid from the fitted sheet."""

ORDER = 3
"""Order of the polynomials that map the sheet to the picture: perspective and one soft bend."""


COLOURS = ("red", "yellow", "green", "cyan", "blue", "magenta")
"""Names of hues, every 60 degrees."""

LEAST_CHROMA = 12
"""Difference of the channels from which a grid is coloured."""


@dataclass(frozen=True)
class Grid:
    """The grid of a page: pixels per millimetre across and down, its tilt, and how clearly it stands out."""

    across: float
    down: float
    tilt: float
    contrast: float


def grid_map(even: NDArray[np.uint8], ink: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return how dark each pixel is that is not ink, float32 (height, width), 0 to 1, less its mean.

    Parameters
    ----------
    even : uint8 array (height, width, 3)
        A picture with white paper.
    ink : bool array (height, width)
    """
    from scipy.ndimage import binary_dilation

    dark = 1 - even.min(axis=2).astype(np.float32) / 255
    free = ~binary_dilation(ink, iterations=2)
    mean = float(dark[free].mean()) if free.any() else 0.0
    return np.where(free, dark - mean, 0).astype(np.float32)


def grid_colour(even: NDArray[np.uint8]) -> str:
    """Return the name of the colour of a page's grid: that of what is neither paper nor ink.

    Parameters
    ----------
    even : uint8 array (height, width, 3)
        A picture with white paper.
    """
    brightest = even.max(axis=2)
    printed = even[(even.min(axis=2) < 240) & (brightest > 120)]
    if not len(printed):
        return "grey"
    red, green, blue = (float(part) for part in printed.mean(axis=0))
    if max(red, green, blue) - min(red, green, blue) < LEAST_CHROMA:
        return "grey"
    hue = np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)) % 360
    return COLOURS[round(hue / 60) % 6]


def grids(grid: NDArray[np.float32]) -> list[Grid]:
    """Return the lattices that the grid may be, the clearest first.

    The lines of 1 mm and of 5 mm have harmonics in common; which is which, the layout of the page decides.

    Raises
    ------
    DigitizeError
        When nothing on the page repeats every millimetre.
    """
    power = _spectrum(grid)
    found: list[Grid] = []
    steps = np.exp(np.arange(np.log(LEAST_PX_PER_MM), np.log(MOST_PX_PER_MM), 0.004))
    scores = np.array([[_score(profile, px) for px in steps] for profile in _profiles(power)])
    both = scores.mean(axis=0)
    for best in np.argsort(-both):
        px = float(steps[best])
        if both[best] < LEAST_CONTRAST or len(found) == 6:
            break
        if any(abs(px / other.across - 1) < 0.06 for other in found):
            continue
        near = np.abs(np.log(steps / px)) < 0.05
        across, down = (float(steps[near][np.argmax(row[near])]) for row in scores)
        found.append(Grid(across, down, _tilt(power, across), float(both[best])))
    if not found:
        raise DigitizeError("no grid was found: nothing on the page repeats every millimetre across and down")
    return found


def _spectrum(grid: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean power spectrum of the tiles of a page, float64 (TILE_PX, TILE_PX), zero frequency in the middle.

    Raises DigitizeError for a picture smaller than a tile.
    """
    height, width = grid.shape
    if height < TILE_PX or width < TILE_PX:
        raise DigitizeError(f"the picture is too small to be a page: {width} x {height} pixels")
    window = np.outer(np.hanning(TILE_PX), np.hanning(TILE_PX))
    total = np.zeros((TILE_PX, TILE_PX))
    for top in range(0, height - TILE_PX + 1, TILE_PX // 2):
        for left in range(0, width - TILE_PX + 1, TILE_PX // 2):
            tile = grid[top : top + TILE_PX, left : left + TILE_PX]
            total += np.abs(np.fft.fft2((tile - tile.mean()) * window)) ** 2
    return np.fft.fftshift(total)


def _profiles(power: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the power at each frequency across, and down, stands above the frequencies around it (log10)."""
    from scipy.ndimage import median_filter

    middle = TILE_PX // 2
    slant = 1 + round(np.tan(np.radians(MOST_TILT)) * middle * 0.5)
    bands = (power[middle - slant : middle + slant + 1, middle:], power[middle:, middle - slant : middle + slant + 1].T)
    across, down = (np.log10(band.max(axis=0) + 1e-12) for band in bands)
    return across - median_filter(across, SPREAD), down - median_filter(down, SPREAD)


def _score(profile: NDArray[np.float64], px_per_mm: float) -> float:
    """Return how well a scale explains a profile: the mean of the lines of 5 mm and the stronger part, of 1 mm."""
    at = TILE_PX / px_per_mm * np.array([0.2, 0.4, 0.6, 0.8, 1.0])
    values = np.interp(at, np.arange(len(profile)), profile)
    return float(0.5 * values[4] + 0.5 * values[:4].mean())


def _tilt(power: NDArray[np.float64], across: float) -> float:
    """Return the anticlockwise tilt of a page in degrees, by the direction of its grid's frequency across."""
    middle = TILE_PX // 2
    column = middle + round(TILE_PX / across)
    reach = 1 + round(np.tan(np.radians(MOST_TILT)) * TILE_PX / across)
    rows = power[middle - reach : middle + reach + 1, column - 1 : column + 2].sum(axis=1)
    top = int(np.argmax(rows))
    around = slice(max(0, top - 1), top + 2)
    centre = np.average(np.arange(len(rows))[around], weights=rows[around]) - reach
    return float(np.degrees(np.arctan2(centre, TILE_PX / across)))
