"""A drawn page: palette pixels, the position of each lead, and its PNG."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from renderers.png import encode

if TYPE_CHECKING:
    from renderers.original import Original

Box = tuple[int, int, int, int]
"""Left, right, top and bottom of a name, in pixels."""


@dataclass(frozen=True)
class Strip:
    """The trace of one lead, or a part of it, on a page.

    Attributes
    ----------
    lead : str
        Its name.
    x_mm, baseline_mm : float
        Distance of its first sample from the left edge of the page, and of its 0 mV line from the upper edge.
    start_s, end_s : float
        The part of the record that it shows.
    """

    lead: str
    x_mm: float
    baseline_mm: float
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Drawing:
    """The layout and scale of a picture of an ECG.

    Attributes
    ----------
    leads : tuple of str
        Names in drawing order.
    px_per_mm : int
        Resolution.
    mm_per_s, mm_per_mv : float
        Paper speed and gain.
    strips : tuple of Strip
        Position of every trace.
    overlap_mm : float
        Most by which the ink of one row reaches into that of the next; 0 when all rows are apart.
    held_mm : float
        Most by which a trace is taller than the page, at whose edge its tips are held; 0 when all are shown whole.
    original : Original or None
        What it was drawn from, for readers whose instruments draw a part of it larger; None unless the style keeps it.
    names : tuple of (int, int, int, int)
        Left, right, top and bottom in pixels of the name of every trace.
    pulses : tuple of float
        Baselines of the calibration pulses, in mm from the upper edge.
    is_to_scale : bool
        Whether its pixels are as large as ``px_per_mm`` says: not of a page whose scale nobody measured.
    """

    leads: tuple[str, ...]
    px_per_mm: int
    mm_per_s: float
    mm_per_mv: float
    strips: tuple[Strip, ...] = ()
    overlap_mm: float = 0.0
    held_mm: float = 0.0
    original: "Original | None" = field(default=None, repr=False)
    names: tuple[Box, ...] = ()
    pulses: tuple[float, ...] = ()
    is_to_scale: bool = True

    def drawing(self) -> dict[str, Any]:
        """Return these fields by name, for another picture of the same drawing."""
        return {item.name: getattr(self, item.name) for item in fields(Drawing)}


@dataclass(frozen=True, eq=False)
class EcgImage(Drawing):
    """One picture of an ECG as palette pixels.

    ``indices``, uint8 (height, width), are the palette index of each pixel; ``palette``, uint8 (colours, 3), is RGB.
    """

    indices: NDArray[np.uint8]
    palette: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.indices.shape
        return width, height

    def rgb(self) -> NDArray[np.uint8]:
        """Return uint8 (height, width, 3)."""
        pixels: NDArray[np.uint8] = self.palette[self.indices]
        return pixels

    def png(self) -> bytes:
        """Return the picture as PNG: 1 bit per pixel for two colours, else 8 bits."""
        return encode(self.indices, self.palette)
