"""Doubles: networks of which it is known what they see, so that a method's map of them can be called right or wrong.

Each is told, beside the leads, which samples belong to which segment, and looks at some cells alone, by weights for
every lead and segment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.explain.belief.planted import PLANTED_FS, Tracing
from bench.explain.maps.cell import Cells, zeroed
from measurements.segment import SEGMENTS, Segment
from readers.network import Network, Shown
from renderers.style import LEADS
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from torch import Tensor, nn

SEEN = "seen"
"""The one head of a double, and its one value."""

LOUDEST = 0.1
"""Share of the samples with the greatest energy, which are the truth of a double that sees energy alone."""

RR_SAMPLES = range(40, 150)
"""Lags in samples between which an RR interval is looked for: 40 to 150 beats a minute."""

Looking = Callable[["Tensor"], "Tensor"]
"""From what a double sees, (n, 12, samples), to its logit (n,)."""


@dataclass(frozen=True, eq=False)
class Double:
    """A network of known explanation.

    Attributes
    ----------
    name : str
    leads, segments : tuple
        What it sees; every sample of a lead where no segment is named.
    looks : callable
    truth : callable
        Returns the mask of what it sees in a recording, bool (12, n_samples); all False where it sees nothing.
    hides : bool
        Whether what it sees is flat in the recordings that it is asked about: it tells an absence.
    """

    name: str
    leads: tuple[str, ...]
    segments: tuple[Segment, ...]
    looks: Looking
    truth: Callable[[Shown, Cells], NDArray[np.bool_]]
    hides: bool = False

    def network(self) -> Network:
        """Return the network; what stands beside its leads says where the segments are."""
        return _network(self, _weights(self))

    def elsewhere(self, seed: int) -> Network:
        """Return the network with as many weights in segments that do not adjoin its own, drawn by lot.

        A window of a tenth of a second, placed at random, reaches into the segments beside it.
        """
        own, near = _weights(self)[:, 1:], np.zeros(len(SEGMENTS), dtype=np.bool_)
        for place in (SEGMENTS.index(segment) for segment in self.segments):
            near[[place - 1, place, (place + 1) % len(SEGMENTS)]] = True
        free = np.flatnonzero(np.broadcast_to(~near, own.shape).ravel())
        drawn = np.random.default_rng(seed).permutation(free)[: max(int(own.sum()), len(self.leads))]
        other = np.zeros((len(LEADS), 1 + len(SEGMENTS)), dtype=np.float32)
        other[drawn // len(SEGMENTS), 1 + drawn % len(SEGMENTS)] = 1
        return _network(self, other)

    def shown(self, tracing: Tracing, cells: Cells) -> Shown:
        """Return what it is shown of a tracing."""
        leads = tracing.leads / np.maximum(tracing.leads.std(axis=1, keepdims=True), 1e-3)
        if self.hides:
            leads = zeroed(leads, cells.mask(self.leads, self.segments))
        inside = [np.ones(cells.samples), *(cells.during(segment) for segment in SEGMENTS)]
        return Shown(leads.astype(np.float32), np.concatenate(inside).astype(np.float32))


def _cells_of(leads: tuple[str, ...], segments: tuple[Segment, ...]) -> Callable[[Shown, Cells], NDArray[np.bool_]]:
    return lambda _shown, cells: cells.mask(leads, segments)


def _loudest(shown: Shown, _cells: Cells) -> NDArray[np.bool_]:
    level = shown.leads**2
    mask: NDArray[np.bool_] = level > np.quantile(level, 1 - LOUDEST)
    return mask


def _nothing(shown: Shown, _cells: Cells) -> NDArray[np.bool_]:
    return np.zeros(shown.leads.shape, dtype=np.bool_)


def _level(seen: "Tensor") -> "Tensor":
    return seen.square().sum(dim=(1, 2)) / 10


def _absence(seen: "Tensor") -> "Tensor":
    return 1 - seen.sum(dim=(1, 2)) / 10


def _constant(seen: "Tensor") -> "Tensor":
    return 1 + 0 * seen.sum(dim=(1, 2))


def _interval(seen: "Tensor") -> "Tensor":
    """Return how many samples of tall waves come again at one interval, that at which most do."""
    import torch

    beats = torch.sigmoid(4 * (seen.abs().sum(dim=1) - 2))
    lags = [(beats[:, lag:] * beats[:, :-lag]).sum(dim=1) for lag in RR_SAMPLES]
    return torch.stack(lags, dim=1).amax(dim=1)


ALL_LEADS = tuple(LEADS)

DOUBLES: tuple[Double, ...] = (
    Double("V1's QRS only", ("V1",), ("QRS",), _level, _cells_of(("V1",), ("QRS",))),
    Double("ST only", ALL_LEADS, ("ST",), _level, _cells_of(ALL_LEADS, ("ST",))),
    Double("P absent", ("II",), ("P",), _absence, _cells_of(("II",), ("P",)), True),
    Double("RR only", ("II",), (), _interval, _cells_of(("II",), ("QRS",))),
    Double("energy only", ALL_LEADS, (), _level, _loudest),
    Double("constant", (), (), _constant, _nothing),
)


def _refused(_case: object) -> Shown:
    raise ReaderError("a double is shown tracings with their segments, and no case")


def _weights(of: Double) -> NDArray[np.float32]:
    """Return the weight of each lead and segment, the whole recording first, float32 (12, 7)."""
    columns = ["", *SEGMENTS]
    named = set(of.segments or ("",))
    return np.array(
        [[float(lead in of.leads and column in named) for column in columns] for lead in LEADS], dtype=np.float32
    )


def _network(of: Double, weights: NDArray[np.float32]) -> Network:
    return Network((_module(of.looks, weights),), {SEEN: (SEEN,)}, PLANTED_FS, _refused)


def _module(looks: Looking, weights: NDArray[np.float32]) -> "nn.Module":
    import torch
    from torch import nn

    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.Parameter(torch.from_numpy(weights))
            self.stem = nn.Conv1d(len(LEADS), len(LEADS), 1, groups=len(LEADS), bias=False)
            self.stem.weight = nn.Parameter(torch.ones_like(self.stem.weight), requires_grad=False)

        def forward(self, leads: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
            inside = beside.reshape(len(beside), self.weights.shape[1], -1)
            seen = self.stem(leads * torch.einsum("lc,bct->blt", self.weights, inside))
            return looks(seen)[:, None]

    return Looks().eval()
