"""MixStyle (Zhou et al. 2021): training features in the style, mean and spread of each channel, of two records.

Style is what a hospital's devices and filters leave in early features; what the record shows is meant to stay.
"""

import torch
from torch import Tensor, nn

LEAST_VARIANCE = 1e-6
"""Added to a variance, as the authors' code does."""


class MixStyle(nn.Module):
    """Changes the style of features while training, and nothing else: neither in evaluation nor in a batch of one.

    Maps float32 (batch, channels, samples) to the same shape. A record's mean and standard deviation of each channel
    are replaced by a convex combination with those of another record of the batch, by a share drawn from
    Beta(``alpha``, ``alpha``). No gradient passes through these statistics.

    Parameters
    ----------
    probability : float
        Of a batch being changed.
    alpha : float
        Above 0; the smaller, the closer the share to 0 or 1.
    between_domains : bool
        Whether the other record is one of another domain; a record that has none in its batch stays as it is.
    """

    def __init__(self, probability: float, alpha: float, between_domains: bool) -> None:
        super().__init__()
        self.probability, self.alpha, self.between_domains = probability, alpha, between_domains

    def forward(self, x: Tensor, domain: Tensor | None = None) -> Tensor:
        """Return the features in mixed styles; ``domain`` is int64 (batch,), None where it is not known."""
        if not self.training or len(x) < 2 or not bool(torch.rand(()) < self.probability):
            return x
        other = partners(domain) if self.between_domains and domain is not None else _shuffled(x)
        share = _beta(len(x), self.alpha).to(x.device).view(-1, 1, 1)
        variance, mean = torch.var_mean(x.detach().float(), dim=2, keepdim=True, correction=0)
        spread = (variance + LEAST_VARIANCE).sqrt()
        mixed_mean, mixed_spread = (share * own + (1 - share) * own[other] for own in (mean, spread))
        return torch.addcmul(mixed_mean, x - mean, mixed_spread / spread).to(x.dtype)


def partners(domain: Tensor) -> Tensor:
    """Return for each record one of another domain by lot, itself where there is none, int64 (batch,)."""
    lots = torch.rand(len(domain), len(domain), device=domain.device)
    lot, chosen = lots.masked_fill(domain.unsqueeze(1) == domain.unsqueeze(0), -1.0).max(dim=1)
    return torch.where(lot >= 0, chosen, torch.arange(len(domain), device=domain.device))


def _shuffled(x: Tensor) -> Tensor:
    return torch.randperm(len(x), device=x.device)


def _beta(count: int, alpha: float) -> Tensor:
    # In double precision, on the processor: a small alpha underflows in single, and some accelerators lack double.
    strength = torch.tensor(alpha, dtype=torch.float64)
    return torch.distributions.Beta(strength, strength).sample((count,)).float()
