"""A page that lies askew or is seen at an angle: rotation and perspective."""

import numpy as np
from numpy.typing import NDArray

from renderers.degradation.colour import Pixels, paper_colour

Corners = NDArray[np.float64]
"""Upper left, upper right, lower right and lower left, float64 (4, 2), x and y."""


def rotation(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Turn a page about its centre by ``dose`` degrees, to the left or to the right by lot.

    What comes in at the corners has the colour of the paper, as on a scanner with a white lid; what goes out is lost.
    """
    from PIL import Image

    angle = dose * np.random.default_rng(seed).choice([-1.0, 1.0])
    turned = Image.fromarray(rgb).rotate(angle, Image.Resampling.BICUBIC, fillcolor=paper_colour(rgb))
    return np.asarray(turned)


def perspective(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Show a page as a camera does that is not held straight above it: one edge, by lot, is shorter than the other.

    The page fills the picture, and its far edge is shorter by the share ``dose``: 0.1 is a tilt of 12 degrees at 40 cm
    from a page of 200 mm. What is beside it has the colour of the paper.
    """
    from PIL import Image

    height, width = rgb.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    back = homography(keystone(corners, dose, int(np.random.default_rng(seed).integers(4))), corners)
    seen = Image.fromarray(rgb).transform(
        (width, height), Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC, fillcolor=paper_colour(rgb)
    )
    return np.asarray(seen)


def keystone(corners: Corners, share: float, edge: int) -> Corners:
    """Return the corners of a page whose edge from corner ``edge`` to the next is shorter by a share, at both ends."""
    moved = corners.copy()
    first, second = edge, (edge + 1) % 4
    along = (corners[second] - corners[first]) * share / 2
    moved[first] += along
    moved[second] -= along
    return moved


def homography(origin: Corners, target: Corners) -> tuple[float, ...]:
    """Return a to h of ``x' = (ax + by + c) / (gx + hy + 1)`` and ``y' = (dx + ey + f) / (gx + hy + 1)``.

    It takes four corners to four others (Hartley and Zisserman 2004, Multiple View Geometry, section 4.1).
    """
    rows, values = [], []
    for (x, y), (to_x, to_y) in zip(origin, target, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -x * to_x, -y * to_x), (0, 0, 0, x, y, 1, -x * to_y, -y * to_y)]
        values += [to_x, to_y]
    return tuple(np.linalg.solve(np.array(rows), np.array(values)).tolist())
