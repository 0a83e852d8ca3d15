"""What a lens, a lamp, a sensor and a file format do to a page: blur, shadow, moire and JPEG."""

import io

import numpy as np
from numpy.typing import NDArray

from renderers.degradation.colour import Pixels, darkened

COARSE_MM = 0.5
"""Spacing at which shadows and moire are computed; they change slowly."""

PENUMBRA_MM = (15.0, 40.0)
"""Width of the soft edge of a shadow, by lot."""

LATTICE_MM = 0.5
"""Period on paper of the lattice of a sensor."""

LENS, MM_OFF_AXIS = 0.015, 130.0
"""Distortion of a lens, as a share of the distance from its axis, at that distance."""

COLOUR_PHASE = 0.8
"""Shift in radians of the moire from red to green, and from green to blue."""

MOIRE_MM = (4.0, 8.0)
"""Period of the moire, by lot."""


def blur(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Blur a page by a Gaussian of a standard deviation of ``dose`` mm on the paper."""
    from PIL import Image, ImageFilter

    return np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(dose * px_per_mm)))


def jpeg(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Save a page as JPEG of quality ``100 - dose`` with colours at half the resolution (4:2:0), as telephones do."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=round(100 - dose), subsampling=2)
    with Image.open(file) as image:
        return np.asarray(image)


def shadow(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Lay the shadow of an arm over a part of a page; its darkest part lacks the share ``dose`` of the light.

    Where it falls, and how soft its edge is, follow from the seed alone: a greater dose is the same shadow, deeper.
    """
    across, down = _coarse_mm(rgb, px_per_mm)
    rng = np.random.default_rng(seed)
    angle, soft = rng.uniform(0, 2 * np.pi), rng.uniform(*PENUMBRA_MM)
    x, y = across - rng.uniform(0.35, 0.65) * across[-1], (down - rng.uniform(0.35, 0.65) * down[-1])[:, None]
    into, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    bent = into + 12 * np.sin(along / 45 + rng.uniform(0, 2 * np.pi))
    depth = np.clip(bent / soft + 0.5, 0, 1)
    depth = depth * depth * (3 - 2 * depth)
    return darkened(rgb, 1 - dose * depth)


def moire(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Lay the interference of a screen's lattice with a sensor's over a page, in each colour, of contrast ``dose``.

    Two lattices of 0.5 mm, of which one is larger by a few hundredths, turned, and bent by the lens, beat with a period
    of 4 to 8 mm in the middle of the page (Amidror 2009, The Theory of the Moire Phenomenon, chapter 2). The contrast
    is Michelson's: the difference of the brightest and the darkest light over their sum.
    """
    across, down = _coarse_mm(rgb, px_per_mm)
    rng = np.random.default_rng(seed)
    x, y = across - rng.uniform(0.3, 0.7) * across[-1], (down - rng.uniform(0.3, 0.7) * down[-1])[:, None]
    ratio, turn = LATTICE_MM / rng.uniform(*MOIRE_MM), rng.uniform(0, 2 * np.pi)
    larger, turned = ratio * np.cos(turn), ratio * np.sin(turn)
    lens = 1 + LENS * (x * x + y * y) / MM_OFF_AXIS**2
    wave = 2 * np.pi / LATTICE_MM
    one = wave * (((1 + larger) * x - turned * y) * lens - x)
    other = wave * (((1 + larger) * y + turned * x) * lens - y)
    # Red, green and blue stand beside one another on a lattice.
    bands = [(2 + np.cos(one + k * COLOUR_PHASE) + np.cos(other + k * COLOUR_PHASE)) / 4 for k in range(3)]
    return darkened(rgb, 1 - 2 * dose / (1 + dose) * np.stack(bands, axis=2))


def _coarse_mm(rgb: Pixels, px_per_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places across and down a page in mm, at which a slowly changing field is computed."""
    height, width = (length / px_per_mm for length in rgb.shape[:2])
    return tuple(np.linspace(0, length, max(2, round(length / COARSE_MM))) for length in (width, height))  # type: ignore[return-value]
