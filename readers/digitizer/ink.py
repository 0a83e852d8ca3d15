"""How much ink is on each pixel of a picture, whatever colour its grid has."""

import numpy as np
from numpy.typing import NDArray

PAPER_SHARE = 0.5
"""Share of pixels that are bare paper at least; the brightness of their median is the paper's."""


def ink_coverage(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the ink of each pixel, float32 (height, width): 0 bare, 1 full.

    A coloured grid is bright in the channel of its own colour, where ink is dark: the channel with the least of
    everything between paper and ink hides the grid best.

    Parameters
    ----------
    rgb : uint8 array (height, width, 3)
    """
    channels = [_coverage(rgb[:, :, number].astype(np.float32)) for number in range(3)]
    return min(channels, key=lambda cover: float(np.minimum(cover, 1 - cover).mean()))


def _coverage(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    paper, ink = np.quantile(channel, [PAPER_SHARE, 0.001])
    # The grid's lines, which are neither: what is darker than half of the way is ink, the paler rest is cut off below.
    floor = paper - 0.12 * (paper - ink)
    return np.asarray(np.clip((floor - channel) / max(1.0, floor - ink), 0, 1), dtype=np.float32)
