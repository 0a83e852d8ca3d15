"""Pages that others drew, as scans or photographs: even their paper, and remove their grid."""

import numpy as np
from numpy.typing import NDArray

from renderers.grid import remove_grid
from taxonomy.error import RenderError

PAPER_TILES = 24
"""Tiles along the longer side of a picture, in each of which the paper's brightness is measured."""

PAPER_QUANTILE = 0.8
"""Quantile of a tile's brightness that is taken as its paper's: grid and ink cover less than a fifth of it."""

SPECK_SHARE = 0.004
"""Longest side of a speck, as a share of the picture's longer side: about 1 mm of a page of 280 mm."""


def even_paper(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture whose paper is white everywhere: shadows, yellowed paper and a lamp's colour are divided out.

    Parameters
    ----------
    rgb : uint8 array (height, width, 3)

    Returns
    -------
    uint8 array (height, width, 3)

    Raises
    ------
    RenderError
        When the array has another shape or type, or holds no pixel.
    """
    from scipy.ndimage import gaussian_filter, zoom

    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise RenderError(f"a picture must be uint8 (height, width, 3), not {rgb.dtype} {rgb.shape}")
    side = max(1, -(-max(rgb.shape[:2]) // PAPER_TILES))
    rows, columns = (-(-length // side) for length in rgb.shape[:2])
    paper = np.empty((rows, columns, 3), dtype=np.float32)
    for row in range(rows):
        for column in range(columns):
            tile = rgb[row * side : (row + 1) * side : 2, column * side : (column + 1) * side : 2]
            paper[row, column] = np.quantile(tile.reshape(-1, 3), PAPER_QUANTILE, axis=0)
    if float(np.ptp(paper, axis=(0, 1)).max()) < 8:
        shade = np.median(paper, axis=(0, 1))
        return _divided(rgb, np.broadcast_to(np.maximum(shade, 1), rgb.shape))
    smooth = np.stack([gaussian_filter(paper[:, :, k], 1.0, mode="nearest") for k in range(3)], axis=2)
    wide = zoom(smooth, (side, side, 1), order=1, mode="nearest", grid_mode=True)
    return _divided(rgb, np.maximum(wide[: rgb.shape[0], : rgb.shape[1]], 1))


def _divided(rgb: NDArray[np.uint8], paper: NDArray[np.float32]) -> NDArray[np.uint8]:
    even: NDArray[np.uint8] = np.clip(rgb * (255 / paper), 0, 255).astype(np.uint8)
    return even


def clean_scan(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the ink of a page that others drew, as ``clean`` shows our own: no grid, binarised, slightly dilated.

    The paper is evened first, so that the chroma rule's levels hold; dots of a dotted grid, which are as colourless as
    ink, are specks and go too.

    Parameters
    ----------
    rgb : uint8 array (height, width, 3)

    Returns
    -------
    bool array (height, width)

    Raises
    ------
    RenderError
        When the array has another shape or type, or holds no pixel.
    """
    return without_specks(remove_grid(even_paper(rgb)), SPECK_SHARE * max(rgb.shape[:2]))


def without_specks(ink: NDArray[np.bool_], longest: float) -> NDArray[np.bool_]:
    """Return ink without its pieces that are no longer than ``longest`` pixels either way."""
    from scipy.ndimage import find_objects, label

    names, _ = label(ink, structure=np.ones((3, 3)))
    keep = [False]
    keep += [max(box[0].stop - box[0].start, box[1].stop - box[1].start) > longest for box in find_objects(names)]
    kept: NDArray[np.bool_] = np.array(keep)[names]
    return kept
