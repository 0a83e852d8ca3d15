"""Explanations by the gradient of one answer's log-odds with respect to the leads."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from readers.network import Network, Shown
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 32
"""Steps of integrated gradients: their sum differs from the log-odds' change by under 1% then."""


def saliency(network: Network, shown: Shown, output: int) -> NDArray[np.float32]:
    """Return how much each sample moves an answer's log-odds, in either direction (Simonyan et al. 2014).

    Parameters
    ----------
    network : Network
    shown : Shown
        Of one case.
    output : int
        Column of the output (:meth:`readers.network.Network.place`).

    Returns
    -------
    float32 array (12, n_samples)
        At least 0.
    """
    size: NDArray[np.float32] = np.abs(_gradients(network, shown, output, shown.leads[None])[0])
    return size


def gradient_times_input(network: Network, shown: Shown, output: int) -> NDArray[np.float32]:
    """Return each sample's share in an answer's log-odds by its first-order effect, float32 (12, n_samples), signed."""
    share: NDArray[np.float32] = _gradients(network, shown, output, shown.leads[None])[0] * shown.leads
    return share


def integrated_gradients(network: Network, shown: Shown, output: int, steps: int = STEPS) -> NDArray[np.float32]:
    """Return each sample's share in the change of an answer's log-odds from flat leads (Sundararajan et al. 2017).

    The gradients are taken in the middle of equal steps. The shares add up to the change, but for the error of the
    steps.

    Returns
    -------
    float32 array (12, n_samples)
        Signed.
    """
    shares = ((np.arange(steps) + 0.5) / steps).astype(np.float32)
    gradients = _gradients(network, shown, output, shares[:, None, None] * shown.leads)
    share: NDArray[np.float32] = gradients.mean(axis=0) * shown.leads
    return share


def _gradients(network: Network, shown: Shown, output: int, leads: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the gradient of an answer's log-odds at each of some leads, float32 (n, 12, n_samples)."""
    import torch

    with torch.enable_grad():
        asked = torch.from_numpy(np.ascontiguousarray(leads)).requires_grad_()
        odds = network.log_odds(asked, beside(shown, len(leads)))
        gradient = None
        if odds.requires_grad:
            (gradient,) = torch.autograd.grad(odds[:, output].sum(), asked, allow_unused=True)
    if gradient is None:
        raise ReaderError(
            "the network's logits have no gradient with respect to its leads (it detaches them, or computes without "
            "gradients): choose a method that needs none, such as occlusion_cell"
        )
    return np.asarray(gradient.numpy(), dtype=np.float32)


def beside(shown: Shown, rows: int) -> "Tensor | None":
    """Return what stands beside the leads, for so many rows; None where nothing does."""
    import torch

    return None if shown.beside is None else torch.from_numpy(shown.beside).expand(rows, -1)
