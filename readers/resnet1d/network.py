"""The network: a residual 1D convolutional trunk with squeeze-and-excitation, and one head for each question.

After He et al. 2016 (residual learning), Hu et al. 2018 (squeeze-and-excitation) and the ResNets that Strodthoff et al.
2021 found best on PTB-XL.
"""

import torch
from torch import Tensor, nn

from readers.head import Heads, is_multi_label
from readers.resnet1d.config import TrainingConfig


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


class EcgResNet(nn.Module):
    """Map z-scored leads, float32 (batch, 12, 1000), to the logits of every head."""

    def __init__(self, config: TrainingConfig, heads: Heads) -> None:
        super().__init__()
        width = config.channels[0]
        self.stem = nn.Sequential(
            nn.Conv1d(12, width, 15, 2, 7, bias=False), nn.BatchNorm1d(width), nn.ReLU(inplace=True)
        )
        blocks: list[nn.Module] = []
        for outputs in config.channels:
            for number in range(config.blocks):
                blocks.append(Block(width, outputs, config.kernel, 2 if number == 0 else 1))
                width = outputs
        self.trunk = nn.Sequential(*blocks)
        self.dropout = nn.Dropout(config.dropout)
        self.heads = nn.Linear(2 * width, sum(map(len, heads.values())))

    def features(self, x: Tensor) -> Tensor:
        """Return the pooled features, float32 (batch, 2 x last width): mean and maximum over time."""
        y = self.trunk(self.stem(x))
        return torch.cat([y.mean(dim=2), y.amax(dim=2)], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of all heads side by side, float32 (batch, outputs)."""
        logits: Tensor = self.heads(self.dropout(self.features(x)))
        return logits


def split(outputs: Tensor, heads: Heads) -> dict[str, Tensor]:
    """Return the part of ``outputs`` (batch, all heads) that belongs to each head."""
    parts = torch.split(outputs, [len(values) for values in heads.values()], dim=1)
    return dict(zip(heads, parts, strict=True))


def head_probabilities(outputs: Tensor, heads: Heads) -> Tensor:
    """Return the probabilities of logits (batch, all heads): sigmoid for multi-label heads, softmax for the others."""
    parts = split(outputs, heads).items()
    return torch.cat([p.sigmoid() if is_multi_label(head) else p.softmax(dim=1) for head, p in parts], dim=1)
