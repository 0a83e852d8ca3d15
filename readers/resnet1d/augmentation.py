"""Augment training records, so that the network learns morphology and not single records."""

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample

from readers.resnet1d.config import TrainingConfig
from readers.resnet1d.page import as_page
from readers.resnet1d.side import HIDDEN_TOGETHER, places


def augment(signal: Tensor, config: TrainingConfig, generator: Generator) -> Tensor:
    """Return an augmented copy of a batch of z-scored leads.

    Each record is shifted and scaled in time, and each lead scaled in amplitude; leads and stretches are blanked, and
    white noise is added.

    Parameters
    ----------
    signal : float32 tensor (batch, 12, samples)
        Z-scored leads.
    config : TrainingConfig
        Strength of each change.
    generator : torch.Generator
        Source of all randomness; one on the signal's device saves the way there.

    Returns
    -------
    float32 tensor (batch, 12, samples)
    """
    batch, leads, samples = signal.shape

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, device=generator.device).to(signal.device)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, device=generator.device).to(signal.device)

    changed = _moved(signal, 1 + config.warp * (2 * uniform(batch) - 1), config.shift * (2 * uniform(batch) - 1))
    changed = changed * torch.exp(config.gain * normal(batch, leads, 1))
    changed = changed + config.noise * uniform(batch, 1, 1) * normal(batch, leads, samples)
    among = uniform(batch, leads, 1), uniform(batch, 1, 1) < config.lead_loss_records
    keep_lead = (among[0] >= config.lead_loss * among[1] / config.lead_loss_records).float()
    changed = changed * keep_lead * _gaps(uniform(batch, 3), samples, config.gap)
    return as_page(changed) if config.page else changed


def mixed(signal: Tensor, strength: float, generator: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Mix each record with another one (mixup, Zhang et al. 2018).

    Returns
    -------
    signal : float32 tensor (batch, 12, samples)
    other : int64 tensor (batch,)
        Which record of the batch was mixed in.
    share : float32 tensor (batch,)
        Of the record itself, at least one half.
    """
    batch = len(signal)
    other = torch.randperm(batch, generator=generator, device=generator.device).to(signal.device)
    raw = strength * torch.rand(batch, generator=generator, device=generator.device)
    share = (1 - raw / 2).to(signal.device)
    weight = share.view(-1, 1, 1)
    return weight * signal + (1 - weight) * signal[other], other, share


def _moved(signal: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Resample each record around its middle; what lies outside it is zero."""
    samples = signal.shape[2]
    base = torch.linspace(-1, 1, samples, device=signal.device)
    x = base.view(1, -1) * scale.view(-1, 1) + 2 * shift.view(-1, 1) / samples
    grid = torch.stack([x, torch.zeros_like(x)], dim=2).unsqueeze(1)
    return grid_sample(signal.unsqueeze(2), grid, align_corners=True).squeeze(2)


def _gaps(chance: Tensor, samples: int, likelihood: float) -> Tensor:
    """Return float32 (batch, 1, samples): zero in one stretch of up to a fifth of the record, in some records."""
    position = torch.arange(samples, device=chance.device).view(1, 1, -1)
    start = (chance[:, 0] * samples).view(-1, 1, 1)
    length = torch.where(chance[:, 1] < likelihood, chance[:, 2] * samples / 5, torch.zeros_like(start[:, 0, 0]))
    return ((position < start) | (position >= start + length.view(-1, 1, 1))).float()


def hidden(side: Tensor, likelihood: float, generator: Generator) -> Tensor:
    """Return side inputs, float32 (batch, number of them), with some of each record unknown."""
    for groups in HIDDEN_TOGETHER:
        lost = torch.rand(len(side), 1, generator=generator, device=generator.device).to(side.device) < likelihood
        among = torch.zeros(side.shape[1], dtype=torch.bool, device=side.device)
        among[list(places(groups))] = True
        side = side.masked_fill(lost & among, torch.nan)
    return side


def mixed_side(side: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Return side inputs mixed as :func:`mixed` mixed the leads; what is unknown of the other changes nothing."""
    foreign = side[other]
    weight = share.unsqueeze(1)
    return torch.where(torch.isfinite(foreign), weight * side + (1 - weight) * foreign, side)
