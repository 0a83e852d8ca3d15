"""Measure the ink on each pixel of a picture, for a grid of any colour."""

import numpy as np
from numpy.typing import NDArray

PAPER_SHARE = 0.5
"""Quantile of the brightness that is taken as the paper's: at least half of the pixels are bare paper."""


def ink_coverage(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the ink of each pixel, float32 (height, width): 0 bare, 1 full.

    A coloured grid is bright in the channel of its own colour, where ink is dark. The channel with the fewest
    intermediate levels hides the grid best.

    Parameters
    ----------
    rgb : uint8 array (height, width, 3)
    """
    channels = [_coverage(rgb[:, :, number].astype(np.float32)) for number in range(3)]
    return min(channels, key=lambda cover: float(np.minimum(cover, 1 - cover).mean()))


def _coverage(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    paper, ink = np.quantile(channel, [PAPER_SHARE, 0.001])
    # Cuts off grid lines, which are only a little darker than the paper.
    floor = paper - 0.12 * (paper - ink)
    return np.asarray(np.clip((floor - channel) / max(1.0, floor - ink), 0, 1), dtype=np.float32)
