"""Explanations by a layer's activations, weighed by how they move one logit: Grad-CAM and its kin.

A network whose first convolution mixes the twelve leads has one course of activations for all of them. What one lead
gave to it is what is lost where that lead is flat: twelve curves, and not one behind all leads.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.gradient import beside, saliency
from readers.network import Network, Shown
from renderers.style import LEADS
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from torch import Tensor, nn

Weighing = Literal["mean", "each"]
"""Whether a channel counts by the mean of its gradient over time (Grad-CAM), or by that at each moment (Layer-CAM)."""


def grad_cam(network: Network, shown: Shown, output: int, layer: str) -> NDArray[np.float32]:
    """Return Grad-CAM of a layer by lead (Selvaraju et al. 2017).

    Parameters
    ----------
    network : Network
    shown : Shown
        Of one case.
    output : int
        Column of the logit.
    layer : str
        One of ``network.layers``.

    Returns
    -------
    float32 array (12, n_samples)
        At least 0: what speaks for the output.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When the network has no such layer.
    taxonomy.error.ReaderError
        When the layer has no course over time.
    """
    return _by_lead(network, shown, output, layer, "mean")


def layer_cam(network: Network, shown: Shown, output: int, layer: str) -> NDArray[np.float32]:
    """Return Layer-CAM of a layer by lead (Jiang et al. 2021); parameters and errors as of :func:`grad_cam`."""
    return _by_lead(network, shown, output, layer, "each")


def guided_grad_cam(network: Network, shown: Shown, output: int, layer: str) -> NDArray[np.float32]:
    """Return Grad-CAM of a layer times saliency, fine in time (Selvaraju et al. 2017); as :func:`grad_cam`.

    Guided backpropagation, which they take for the fine part, does not depend on the weights (Adebayo et al. 2018);
    the plain gradient does.
    """
    map_: NDArray[np.float32] = grad_cam(network, shown, output, layer) * saliency(network, shown, output)
    return map_


def _by_lead(network: Network, shown: Shown, output: int, layer: str, weighing: Weighing) -> NDArray[np.float32]:
    import torch

    flat = np.repeat(shown.leads[None], 1 + len(LEADS), axis=0)
    flat[np.arange(1, 1 + len(LEADS)), np.arange(len(LEADS))] = 0
    leads, others = torch.from_numpy(flat), beside(shown, len(flat))
    maps = [
        _of_member(one, module, (leads, others), output, weighing)
        for one, module in zip(network.each_member(), network.layer(layer), strict=True)
    ]
    mean = np.mean(maps, axis=0)
    return np.stack([_stretched(row, shown.leads.shape[1]) for row in mean])


def _of_member(
    network: Network, module: "nn.Module", asked: "tuple[Tensor, Tensor | None]", output: int, weighing: Weighing
) -> NDArray[np.float32]:
    """Return what each lead gives to a layer's weighed activations, float32 (12, moments of the layer)."""
    import torch

    kept: list[torch.Tensor] = []
    hook = module.register_forward_hook(lambda _module, _given, out: kept.append(out))
    try:
        with torch.enable_grad():
            logits = network.logits(asked[0].requires_grad_(), asked[1])
    finally:
        hook.remove()
    activations = kept[-1]
    if not isinstance(activations, torch.Tensor) or activations.ndim != 3 or activations.shape[2] < 2:
        raise ReaderError("a layer that is explained must give activations over time, (records, channels, moments)")
    (gradients,) = torch.autograd.grad(logits[0, output], activations)
    weights = gradients[0].mean(dim=1, keepdim=True) if weighing == "mean" else gradients[0].clamp(min=0)
    lost = (weights * (activations[0] - activations[1:])).sum(dim=1).clamp(min=0)
    return np.asarray(lost.detach().numpy(), dtype=np.float32)


def _stretched(row: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Return a layer's course over time at every sample, each moment in the middle of what it stands for."""
    centres = (np.arange(len(row)) + 0.5) * samples / len(row) - 0.5
    return np.interp(np.arange(samples), centres, row).astype(np.float32)
