"""Degradations by name, each with its doses, and pages degraded by them.

What happens to ECGs on paper is told by those who make such pages: ECG-Image-Kit (Shivashankara et al. 2024, Physiol
Meas 45:055019) turns, folds, writes on and photographs its pages, and the pages of the PhysioNet Challenge 2024 (Reyna
et al., Digitization and Classification of ECG Images) have shadows, blur and stains. Their kinds are named after them;
nothing is taken from their code, and the doses are ours, from one that is hardly seen to one that few can read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from renderers.degradation import geometry, optics, paper
from renderers.degradation.colour import Pixels
from renderers.packed import Picture
from renderers.photograph import Photograph
from taxonomy.error import RenderError, unknown_name


@dataclass(frozen=True)
class Degradation:
    """One way in which a page gets worse.

    Attributes
    ----------
    name : str
    unit : str
        Of its dose, in words that follow a number.
    doses : tuple of float
        Those that are tried, ascending; 0, the page itself, is none of them.
    greatest : float
        Dose at most.
    apply : callable
        Takes pixels (uint8, height, width, 3), a dose above 0, px/mm and a seed; returns pixels of the same size.
    """

    name: str
    unit: str
    doses: tuple[float, ...]
    greatest: float
    apply: Callable[[Pixels, float, float, int], Pixels]


DEGRADATIONS: Mapping[str, Degradation] = {
    one.name: one
    for one in (
        Degradation("rotation", "degrees", (1, 2, 4, 8, 12), 15, geometry.rotation),
        Degradation("perspective", "of the far edge", (0.02, 0.05, 0.1, 0.2, 0.3), 0.4, geometry.perspective),
        Degradation("blur", "mm (SD)", (0.1, 0.2, 0.4, 0.7, 1.0), 3, optics.blur),
        Degradation("jpeg", "below quality 100", (30, 60, 80, 90, 95), 99, optics.jpeg),
        Degradation("shadow", "of the light", (0.2, 0.4, 0.6, 0.8, 0.9), 0.95, optics.shadow),
        Degradation("crease", "folds", (1, 2, 4, 8, 16), 20, paper.crease),
        Degradation("moire", "contrast", (0.1, 0.2, 0.4, 0.6, 0.8), 0.9, optics.moire),
        Degradation("handwriting", "words", (2, 5, 10, 20, 40), 60, paper.handwriting),
        Degradation("faint", "of the contrast", (0.2, 0.4, 0.6, 0.8, 0.9), 0.95, paper.faint),
    )
}


def degradation_names() -> tuple[str, ...]:
    """Return the names of every degradation."""
    return tuple(DEGRADATIONS)


def degradation(name: str) -> Degradation:
    """Return the degradation of that name; raises UnknownNameError, which lists them and the nearest match."""
    if name not in DEGRADATIONS:
        raise unknown_name("degradation", name, DEGRADATIONS)
    return DEGRADATIONS[name]


def degrade(image: Pixels, name: str, dose: float, px_per_mm: float, seed: int = 0) -> Pixels:
    """Degrade the pixels of a page.

    Parameters
    ----------
    image : uint8 array (height, width, 3) or (height, width)
        In colour or grey.
    name : str
        One of :data:`DEGRADATIONS`.
    dose : float
        In its unit, from 0, which leaves the page as it is, to its greatest.
    px_per_mm : float
        Resolution of the page.
    seed : int
        Decides where marks, shadows and folds are; those of a greater dose hold those of a smaller one.

    Returns
    -------
    uint8 array of the same shape

    Raises
    ------
    RenderError
        When the array has another shape or type, or the dose or the resolution is out of its range.
    taxonomy.error.UnknownNameError
        When there is no such degradation.
    """
    way = degradation(name)
    if image.dtype != np.uint8 or not image.size or image.shape[2:] not in ((), (3,)) or image.ndim < 2:
        wanted = "uint8 (height, width) or (height, width, 3)"
        raise RenderError(f"a picture must be {wanted}, not {image.dtype} {image.shape}")
    if not 0 <= dose <= way.greatest:
        raise RenderError(f"the dose of {name} is 0 to {way.greatest:g} {way.unit}, not {dose}")
    if not 0 < px_per_mm < np.inf:
        raise RenderError(f"the resolution must be a positive number of px/mm, not {px_per_mm}")
    if dose == 0:
        return image
    if image.ndim == 3:
        return way.apply(image, dose, px_per_mm, seed)
    grey = way.apply(np.repeat(image[:, :, None], 3, axis=2), dose, px_per_mm, seed)
    return np.asarray(np.rint(grey.mean(axis=2)), dtype=np.uint8)


def undegraded(picture: Picture) -> Picture:
    """Return a picture as it stands beside its degraded copies: without what tells where its traces are."""
    return replace(picture, strips=(), names=(), pulses=(), original=None)


def degraded(picture: Picture, name: str, dose: float, seed: int = 0) -> Picture:
    """Return a picture degraded; raises as :func:`degrade`.

    What it was drawn from and where its traces stand is no longer told, at a dose of 0 neither: a reader is left with
    the pixels.
    """
    degradation(name)
    if dose == 0:
        return undegraded(picture)
    pixels = degrade(picture.rgb(), name, dose, picture.px_per_mm, seed)
    return Photograph(
        pixels=pixels,
        leads=picture.leads,
        px_per_mm=picture.px_per_mm,
        mm_per_s=picture.mm_per_s,
        mm_per_mv=picture.mm_per_mv,
        is_to_scale=picture.is_to_scale,
    )
