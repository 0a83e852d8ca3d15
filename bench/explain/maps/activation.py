"""Explanations by a layer's activations, weighed by how they move one answer's log-odds: Grad-CAM and its kin.

A network whose first convolution mixes the twelve leads has one course of activations for all of them. What one lead
gave to it is what is lost where that lead is flat: twelve curves, and not one behind all leads.
"""

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.gradient import beside, saliency
from readers.network import Network, Shown
from renderers.style import LEADS

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
        Column of the output.
    layer : str
        One of ``network.layers(shown)``.

    Returns
    -------
    float32 array (12, n_samples)
        At least 0: what speaks for the output.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When the network has no such layer; the message names the nearest.
    taxonomy.error.ReaderError
        When the layer has no course over time; the message names layers that have one.
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
    modules = network.layer(layer)
    maps = [
        _of_member(one, module, shown, output, weighing)
        for one, module in zip(network.each_member(), modules, strict=True)
    ]
    there = [map_ for map_ in maps if map_ is not None]
    if len(there) < len(maps):
        raise network.without_course(layer, shown)
    mean = np.mean(there, axis=0)
    return np.stack([_stretched(row, shown.leads.shape[1]) for row in mean])


def _of_member(
    network: Network, module: "nn.Module", shown: Shown, output: int, weighing: Weighing
) -> NDArray[np.float32] | None:
    """Return what each lead gives to a layer's weighed activations, float32 (12, moments of the layer).

    None where the layer has no course over time.
    """
    import torch

    rows = np.repeat(shown.leads[None], 1 + len(LEADS), axis=0)
    rows[np.arange(1, 1 + len(LEADS)), np.arange(len(LEADS))] = 0
    with torch.enable_grad():
        whole, odds = _activations(network, module, shown, torch.from_numpy(shown.leads[None]).requires_grad_())
        if whole is None:
            return None
        (gradient,) = torch.autograd.grad(odds[0, output], whole, allow_unused=True)
    if gradient is None:
        return np.zeros((len(LEADS), whole.shape[2]), dtype=np.float32)
    with torch.inference_mode():
        activations, _ = _activations(network, module, shown, torch.from_numpy(rows))
        assert activations is not None
        weights = gradient.mean(dim=2, keepdim=True) if weighing == "mean" else gradient.clamp(min=0)
        lost = (weights * (activations[:1] - activations[1:])).sum(dim=1).clamp(min=0)
    return np.asarray(lost.numpy(), dtype=np.float32)


def _activations(
    network: Network, module: "nn.Module", shown: Shown, leads: "Tensor"
) -> "tuple[Tensor | None, Tensor]":
    """Return what a layer answers to some leads, None where that has no course over time, and the log-odds."""
    import torch

    kept: list[torch.Tensor] = []

    def keep(_module: object, _given: object, out: object) -> "Tensor | None":
        if not isinstance(out, torch.Tensor) or out.ndim != 3 or out.shape[2] < 2:
            return None
        kept.append(out)
        return out.clone()  # what follows may change its input in place

    hook = module.register_forward_hook(keep)
    try:
        odds = network.log_odds(leads, beside(shown, len(leads)))
    finally:
        hook.remove()
    return (kept[-1] if kept else None), odds


def _stretched(row: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Return a layer's course over time at every sample, each moment in the middle of what it stands for."""
    centres = (np.arange(len(row)) + 0.5) * samples / len(row) - 0.5
    return np.interp(np.arange(samples), centres, row).astype(np.float32)
