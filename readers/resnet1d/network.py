"""The network: a residual 1D convolutional trunk with squeeze-and-excitation, and one head for each question.

After He et al. 2016 (residual learning), Hu et al. 2018 (squeeze-and-excitation) and the ResNets that Strodthoff et al.
2021 found best on PTB-XL.
"""

import torch
from torch import Tensor, nn

from readers.head import Heads, is_multi_label
from readers.resnet1d.config import TrainingConfig
from readers.resnet1d.side import NAMES, VOLTAGE, places

SIDE_WIDTH = 64
"""Features that are made of the side inputs."""

MOST_SPREADS = 4.0
"""Standard deviations from the mean at which a side input is clipped."""

SIDE_DROPOUT = 0.2

USUAL_LEAD_MV = 0.25
"""A usual standard deviation of a lead in mV: the lead in mV enters the network over it."""


class Halved(nn.Module):
    """Means of two samples each, and a last one alone: what ``AvgPool1d(2, 2, ceil_mode=True)`` gives ten times slower.

    Maps float32 (batch, channels, samples) to (batch, channels, half of them).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the means."""
        half = x.shape[-1] // 2
        means = (x[..., : 2 * half : 2] + x[..., 1::2]) * 0.5
        return means if x.shape[-1] == 2 * half else torch.cat([means, x[..., -1:]], dim=-1)


class Block(nn.Module):
    """Two convolutions with a squeeze-and-excitation gate beside a shortcut.

    Maps float32 (batch, inputs, samples) to (batch, outputs, samples / stride).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
        )
        self.gate = nn.Sequential(
            nn.Linear(outputs, outputs // 8), nn.ReLU(inplace=True), nn.Linear(outputs // 8, outputs), nn.Sigmoid()
        )
        same = inputs == outputs and stride == 1
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(
                Halved() if stride > 1 else nn.Identity(),
                nn.Conv1d(inputs, outputs, 1, bias=False),
                nn.BatchNorm1d(outputs),
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, float32 (batch, outputs, samples / stride)."""
        y: Tensor = self.body(x)
        gated = y * self.gate(y.mean(dim=2)).unsqueeze(2)
        return torch.relu(gated + self.shortcut(x))


class SideFeatures(nn.Module):
    """Two layers over standardised side inputs, beside which stands whether each is known.

    Maps float32 (batch, number of side inputs), NaN where unknown, to (batch, SIDE_WIDTH).
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, groups: tuple[str, ...]) -> None:
        super().__init__()
        self.places = list(places(groups))
        self.register_buffer("mean", torch.zeros(len(NAMES)))
        self.register_buffer("scale", torch.ones(len(NAMES)))
        self.layers = nn.Sequential(
            nn.Linear(2 * len(self.places), SIDE_WIDTH),
            nn.ReLU(inplace=True),
            nn.Dropout(SIDE_DROPOUT),
            nn.Linear(SIDE_WIDTH, SIDE_WIDTH),
            nn.ReLU(inplace=True),
        )

    def standardise(self, side: Tensor) -> None:
        """Take mean and spread of the side inputs of training records, float32 (n, number of side inputs)."""
        known = torch.isfinite(side)
        count = known.sum(dim=0).clamp(min=1)
        filled = torch.nan_to_num(side)
        mean = filled.sum(dim=0) / count
        self.mean.copy_(mean)
        self.scale.copy_(((filled - mean).square() * known).sum(dim=0).div(count).sqrt().clamp(min=1e-3))

    def forward(self, side: Tensor) -> Tensor:
        """Return the features."""
        known = torch.isfinite(side)
        usual = ((side - self.mean) / self.scale).clamp(-MOST_SPREADS, MOST_SPREADS)
        filled = torch.where(known, usual, torch.zeros_like(usual))
        features: Tensor = self.layers(torch.cat([filled[:, self.places], known[:, self.places].float()], dim=1))
        return features


class EcgResNet(nn.Module):
    """Map z-scored leads, float32 (batch, 12, 1000), and side inputs to the logits of every head.

    Side inputs are float32 (batch, number of side inputs), NaN where unknown (:mod:`readers.resnet1d.side`); None where
    all are. With the group ``voltage`` the leads in mV enter the first convolution too, where their scale is known.
    """

    def __init__(self, config: TrainingConfig, heads: Heads) -> None:
        super().__init__()
        width = config.channels[0]
        self.stem = nn.Sequential(
            nn.Conv1d(12, width, 15, 2, 7, bias=False), nn.BatchNorm1d(width), nn.ReLU(inplace=True)
        )
        self.in_mv = nn.Conv1d(12, width, 15, 2, 7, bias=False) if "voltage" in config.side else None
        blocks: list[nn.Module] = []
        for outputs in config.channels:
            for number in range(config.blocks):
                blocks.append(Block(width, outputs, config.kernel, 2 if number == 0 else 1))
                width = outputs
        self.trunk = nn.Sequential(*blocks)
        self.side = SideFeatures(config.side) if config.side else None
        self.dropout = nn.Dropout(config.dropout)
        self.heads = nn.Linear(2 * width + (SIDE_WIDTH if config.side else 0), sum(map(len, heads.values())))
        if self.in_mv is not None:
            nn.init.zeros_(self.in_mv.weight)

    def features(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """Return the pooled features, float32 (batch, width): mean and maximum over time, and those of the side."""
        convolution, *rest = self.stem
        first = convolution(x)
        if self.in_mv is not None and side is not None:
            first = first + self.in_mv(x * _in_mv(side))
        for layer in rest:
            first = layer(first)
        y = self.trunk(first)
        pooled = [y.mean(dim=2), y.amax(dim=2)]
        if self.side is not None:
            pooled.append(self.side(x.new_full((len(x), len(NAMES)), torch.nan) if side is None else side))
        return torch.cat(pooled, dim=1)

    def forward(self, x: Tensor, side: Tensor | None = None) -> Tensor:
        """Return the logits of all heads side by side, float32 (batch, outputs)."""
        logits: Tensor = self.heads(self.dropout(self.features(x, side)))
        return logits


def _in_mv(side: Tensor) -> Tensor:
    """Return what turns a z-scored lead to mV, float32 (batch, 12, 1); 0 where that is unknown."""
    return torch.nan_to_num(torch.exp(side[:, : len(VOLTAGE)]) / USUAL_LEAD_MV, nan=0.0).unsqueeze(2)


def split(outputs: Tensor, heads: Heads) -> dict[str, Tensor]:
    """Return the part of ``outputs`` (batch, all heads) that belongs to each head."""
    parts = torch.split(outputs, [len(values) for values in heads.values()], dim=1)
    return dict(zip(heads, parts, strict=True))


def head_probabilities(outputs: Tensor, heads: Heads) -> Tensor:
    """Return the probabilities of logits (batch, all heads): sigmoid for multi-label heads, softmax for the others."""
    parts = split(outputs, heads).items()
    return torch.cat([p.sigmoid() if is_multi_label(head) else p.softmax(dim=1) for head, p in parts], dim=1)
