"""The batches of a training: rows of its set in an order that the seed and the epoch alone decide."""

from collections.abc import Iterator, Sequence
from multiprocessing import get_all_start_methods
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from readers.resnet1d.dataset import TrainingSet

GPU_LOADERS = 2
"""Processes that gather batches for a GPU, whose steps are shorter than gathering; on a CPU gathering is no wait."""


class Batch(NamedTuple):
    """Records for one step.

    Attributes
    ----------
    rows : int64 tensor (batch,)
        Which records of the training set they are.
    leads : float32 tensor (batch, 12, 1000)
    side : float32 tensor (batch, number of side inputs)
        NaN where unknown.
    """

    rows: Tensor
    leads: Tensor
    side: Tensor


class Rows(Dataset[Batch]):
    """Some rows of a training set, gathered when they are asked for: the rest of the signals stays where it is."""

    def __init__(self, data: TrainingSet, rows: NDArray[np.int64]) -> None:
        self.data, self.rows = data, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int) -> Batch:
        return self.__getitems__([place])

    def __getitems__(self, places: Sequence[int]) -> Batch:
        """Return what the network is fed with: the only place that reads the signals."""
        rows = self.rows[places]
        leads, side = (torch.from_numpy(np.asarray(part[rows])) for part in (self.data.signal, self.data.side))
        return Batch(torch.from_numpy(rows), leads, side)


class Order(Sampler[int]):
    """Every place once an epoch, in a random order that is the same in every process."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed, self.epoch = count, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order; accelerate calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        generator = Generator().manual_seed(derived_seed(self.seed, self.epoch, "order"))
        yield from torch.randperm(self.count, generator=generator).tolist()


def training_loader(data: TrainingSet, batch: int, seed: int, device: torch.device) -> DataLoader[Batch]:
    """Return the loader of the training records; accelerate shares its batches among the processes."""
    return _loader(Rows(data, data.train), batch, device, Order(len(data.train), seed))


def validation_loader(
    data: TrainingSet, rows: NDArray[np.int64], batch: int, device: torch.device
) -> DataLoader[Batch]:
    """Return the loader of some rows in their order."""
    return _loader(Rows(data, rows), batch, device, None)


def derived_seed(seed: int, epoch: int, use: str, process: int = 0) -> int:
    """Return a seed for one use of randomness in one epoch by one process."""
    words = [seed % 2**64, epoch, *use.encode(), process]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _loader(rows: Rows, batch: int, device: torch.device, order: Order | None) -> DataLoader[Batch]:
    return DataLoader(
        rows,
        batch,
        sampler=order,
        collate_fn=_as_gathered,
        # A source of its own: a loader would take its seed from the one that decides the dropout.
        generator=Generator().manual_seed(0),
        **_loading(device),
    )


def _loading(device: torch.device) -> dict[str, Any]:
    """Return who gathers the batches for a device."""
    if device.type != "cuda":
        return {}
    # A fork shares the mapped signals; a spawned process would be sent a copy of them.
    context = "fork" if "fork" in get_all_start_methods() else None
    processes = {"num_workers": GPU_LOADERS, "persistent_workers": True, "multiprocessing_context": context}
    return {"pin_memory": True, **processes}


def _as_gathered(batch: Any) -> Any:  # noqa: ANN401  # a loader expects a list of examples, not a gathered batch
    return batch
