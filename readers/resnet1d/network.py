"""The network: a residual 1D convolutional trunk with squeeze-and-excitation, and one head for each question.

After He et al. 2016 (residual learning), Hu et al. 2018 (squeeze-and-excitation) and the ResNets that Strodthoff et al.
2021 found best on PTB-XL. Heads may see every stage (Ballas and Diou 2022) instead of the last one alone.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from readers.head import Heads, is_multi_label
from readers.resnet1d.config import TrainingConfig
from readers.resnet1d.mixstyle import MixStyle
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

    def __init__(self, inputs: int, outputs: int, stride: int, config: TrainingConfig) -> None:
        super().__init__()
        kernel = config.kernel
        between: nn.Module = nn.ReLU(inplace=True)
        if config.block_dropout:
            between = nn.Sequential(between, nn.Dropout(config.block_dropout))
        self.body = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            between,
            nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
        )
        self.gate = _gate(outputs, config.reduction) if config.reduction else None
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
        if self.gate is not None:
            y = y * self.gate(y.mean(dim=2)).unsqueeze(2)
        return torch.relu(y + self.shortcut(x))


def _gate(width: int, reduction: int) -> nn.Sequential:
    narrow = max(1, width // reduction)
    return nn.Sequential(nn.Linear(width, narrow), nn.ReLU(inplace=True), nn.Linear(narrow, width), nn.Sigmoid())


AfterStage = Callable[[int, Tensor], Tensor]
"""Sees the output of each stage, by its number from 0, and returns what the next one is given."""


class Trunk(nn.Sequential):
    """Blocks in a row, of which each stage has the same number.

    Maps float32 (batch, inputs, samples) to (batch, outputs, samples / 2 to the number of stages).
    """

    def __init__(self, blocks: Sequence[Block], each: int) -> None:
        super().__init__(*blocks)
        self.each = each

    def forward(self, x: Tensor, after: AfterStage) -> Tensor:  # type: ignore[override]  # stages are what is seen
        """Return the output of the last block."""
        for number, block in enumerate(self, start=1):
            x = block(x)
            if number % self.each == 0:
                x = after(number // self.each - 1, x)
        return x


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
        blocks: list[Block] = []
        for outputs in config.channels:
            for number in range(config.blocks):
                blocks.append(Block(width, outputs, 2 if number == 0 else 1, config))
                width = outputs
        self.trunk = Trunk(blocks, config.blocks)
        self.mixstyle = _mixstyle(config) if config.mixstyle else None
        self.mixed_stages = min(config.mixstyle_stages, len(config.channels) - 1)  # never before the heads
        self.stages, self.layer_pooling = len(config.channels), config.layer_pooling
        if config.layer_pooling:
            width = sum(config.channels)
        self.side = SideFeatures(config.side) if config.side else None
        self.dropout = nn.Dropout(config.dropout)
        self.heads = nn.Linear(2 * width + (SIDE_WIDTH if config.side else 0), sum(map(len, heads.values())))
        if self.in_mv is not None:
            nn.init.zeros_(self.in_mv.weight)

    def features(self, x: Tensor, side: Tensor | None = None, domain: Tensor | None = None) -> Tensor:
        """Return the pooled features, float32 (batch, width): mean and maximum over time, and those of the side.

        They are pooled from the last stage, with ``layer_pooling`` from every one, in their order.
        """
        convolution, *rest = self.stem
        first = convolution(x)
        if self.in_mv is not None and side is not None:
            first = first + self.in_mv(x * _in_mv(side))
        for layer in rest:
            first = layer(first)
        earlier: list[Tensor] = []
        y = self.trunk(first, partial(self._after_stage, earlier, domain))
        pooled = [*earlier, *_pooled(y)]
        if self.side is not None:
            pooled.append(self.side(x.new_full((len(x), len(NAMES)), torch.nan) if side is None else side))
        return torch.cat(pooled, dim=1)

    def _after_stage(self, earlier: list[Tensor], domain: Tensor | None, stage: int, y: Tensor) -> Tensor:
        """Pool what the last stage hides, and mix styles for the next one."""
        if self.layer_pooling and stage < self.stages - 1:
            earlier.extend(_pooled(y))
        if self.mixstyle is not None and stage < self.mixed_stages:
            y = self.mixstyle(y, domain)
        return y

    def forward(self, x: Tensor, side: Tensor | None = None, domain: Tensor | None = None) -> Tensor:
        """Return the logits of all heads side by side, float32 (batch, outputs).

        ``domain``, int64 (batch,), is what MixStyle may mix between while training; nothing else depends on it.
        """
        logits: Tensor = self.heads(self.dropout(self.features(x, side, domain)))
        return logits


def _mixstyle(config: TrainingConfig) -> MixStyle:
    return MixStyle(config.mixstyle, config.mixstyle_alpha, config.mixstyle_between == "domains")


def _pooled(y: Tensor) -> list[Tensor]:
    return [y.mean(dim=2), y.amax(dim=2)]


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
