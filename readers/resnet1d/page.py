"""The part of a record that a printed page shows, 2.5 s of most leads: the input of the network for such pages."""

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from readers.resnet1d.preprocessing import NETWORK_FS, NETWORK_SAMPLES
from renderers.printed import COLUMN_S, RHYTHM_LEAD, ROWS
from renderers.style import LEADS


@cache
def page_mask() -> NDArray[np.float32]:
    """Return the mask of a 3 x 4 page, float32 (12, 1000): 1 in each lead's column, and in the whole rhythm strip."""
    mask = np.zeros((len(LEADS), NETWORK_SAMPLES), dtype=np.float32)
    for row in ROWS:
        for column, lead in enumerate(row):
            begin, end = (round((column + edge) * COLUMN_S * NETWORK_FS) for edge in (0, 1))
            mask[LEADS.index(lead), begin:end] = 1
    mask[LEADS.index(RHYTHM_LEAD)] = 1
    return mask


def as_page(signal: Tensor) -> Tensor:
    """Return each lead z-scored over the part that a page shows, and zero elsewhere.

    Parameters
    ----------
    signal : float32 tensor (batch, 12, 1000)

    Returns
    -------
    float32 tensor (batch, 12, 1000)
    """
    mask = torch.from_numpy(page_mask()).to(signal.device)
    count = mask.sum(dim=1, keepdim=True)
    mean = (signal * mask).sum(dim=2, keepdim=True) / count
    centred = (signal - mean) * mask
    spread = (centred.square().sum(dim=2, keepdim=True) / count).sqrt()
    return torch.where(spread > 1e-3, centred / spread.clamp(min=1e-3), torch.zeros_like(centred))
