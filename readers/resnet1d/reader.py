"""The reader: prepares cases beside the network, averages the members' probabilities, and answers all eight axes."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from measurements import Measurements, keep
from readers.contract import Case, Input
from readers.digest import file_digest
from readers.head import MEASURED, fitted_reading
from readers.network import Network, Shown
from readers.prefetch import Elsewhere, prefetched
from readers.processors import own_processors
from readers.resnet1d.preprocessing import NETWORK_FS
from readers.resnet1d.side import NAMES, NetworkInput, network_input, stacked
from readers.taught import phantoms_taught, taught_in
from taxonomy.reading import Reading

if TYPE_CHECKING:
    from readers.resnet1d.weights import Ensemble

BATCH = 32
"""Records per batch; smaller batches are padded, since the batch size changes the last bits of the answer."""

SHIPPED_WEIGHTS = files("readers.resnet1d") / "weights.safetensors"
PAGE_WEIGHTS = files("readers.resnet1d") / "page.safetensors"
"""Weights for signals, and for the parts of a signal that a 3 x 4 page shows."""

DIGITS = 6
"""Decimal places of a probability in a reading."""


MOST_PROCESSES = 4
"""Processes that prepare at most: the network takes what two prepare, even on a fast processor."""

PREFERRED_FS = 500
"""A pacing spike is not seen at 100 Hz."""


Recorded = tuple[NDArray[np.float32] | None, float | None]
"""A case's signal and its sampling rate in Hz: all that the preparation needs."""


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A batch for the network, and the measurements of each record."""

    seen: NetworkInput
    numbers: tuple[Measurements, ...]


class Resnet1dReader:
    """Reads the signal with an ensemble of 1D ResNets; rate and axis are measured.

    For explanations, :meth:`network` returns the ensemble with names for its outputs::

        network = reader.network()
        seen = network.prepare(case)
        leads, side = (torch.from_numpy(part)[None] for part in (seen.leads, seen.beside))
        network.logits(leads.requires_grad_(), side)[0, network.place("rhythm", "paced")].backward()
        relevance = (leads.grad * leads).detach()[0]

    Parameters
    ----------
    weights : str, optional
        Another weights file (``--reader resnet1d:FILE``); by default the shipped one.

    Raises
    ------
    taxonomy.error.ReaderError
        When that file is missing, damaged or for another network.

    Attributes
    ----------
    ensemble : Ensemble
        The networks, and the values of their heads; the shipped ones are loaded when they are first used.
    taught_on : mapping of str to frozenset of int or str
        Folds of the training, its stopping among them, by dataset.
    elsewhere : Elsewhere
        Processes that filter and measure once some five hundred cases have come, half as many as this process may
        use processors; ``Elsewhere(0)`` leaves it to a thread. No reading depends on it.
    """

    name = "resnet1d"
    description = "an ensemble of 1D ResNets over the signal (needs torch; weights are shipped)"
    inputs: frozenset[Input] = frozenset({"signal"})
    preferred_fs = PREFERRED_FS
    measures = MEASURED

    def __init__(self, weights: str = "") -> None:
        self._weights = Path(weights) if weights else None
        digest = file_digest(self._weights or SHIPPED_WEIGHTS)
        training = self.ensemble.training if weights else _shipped_training()
        self.details = {"weights": digest, **phantoms_taught(training)}
        self.taught_on = taught_in(training)
        self.elsewhere = Elsewhere[Recorded, _Prepared](min(MOST_PROCESSES, own_processors() // 2), received=_keep)

    @cached_property
    def ensemble(self) -> "Ensemble":
        """The networks, and the values of their heads; the shipped ones are loaded when they are first used."""
        from readers.resnet1d.weights import load_weights

        return load_weights(self._weights)

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case; the next batches are prepared while the network works on this one.

        Raises StopReading when a process that prepares them is killed.
        """
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(max(1, threads - 1))
        try:
            yield from self._read(cases)
        finally:
            torch.set_num_threads(threads)

    def _read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Read with one core left for the preparation."""
        recorded = ((case.signal, case.fs) for case in cases)
        for batch in prefetched(recorded, BATCH, _prepared, self.elsewhere):
            yield from self._answers(batch)

    def _answers(self, batch: _Prepared) -> Iterator[Reading]:
        rows = self.probabilities(batch.seen.leads, batch.seen.side)
        for row, numbers in zip(rows, batch.numbers, strict=True):
            yield self._reading(row, numbers)

    def readings(self, seen: Sequence[NetworkInput], numbers: Sequence[Measurements]) -> Iterator[Reading]:
        """Yield the readings that the networks' inputs and the measurements of records give."""
        yield from self._answers(_Prepared(stacked(seen), tuple(numbers)))

    def network_input(self, case: Case) -> NetworkInput:
        """Return the networks' input for a case: leads, float32 (12, 1000), and side inputs.

        Raises ValueError when the case's signal is missing, too short or sampled too slowly.
        """
        return _seen((case.signal, case.fs))[0]

    def network(self) -> Network:
        """Return the ensemble for explanations.

        A reading has the mean of the members' probabilities, which differs slightly from the probabilities of the
        network's mean logits.
        """
        return Network(self.ensemble.members, self.ensemble.heads, NETWORK_FS, self._shown)

    def _shown(self, case: Case) -> Shown:
        seen = self.network_input(case)
        return Shown(seen.leads, seen.side)

    def probabilities(self, leads: NDArray[np.float32], side: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the mean of the members' probabilities, float32 (n, all heads).

        Parameters
        ----------
        leads : float32 array (n, 12, 1000)
        side : float32 array (n, number of side inputs), optional
            NaN where unknown; without it all are.
        """
        import torch

        from readers.resnet1d.network import head_probabilities

        heads, padded = self.ensemble.heads, -(-len(leads) // BATCH) * BATCH
        filled = np.zeros((padded, *leads.shape[1:]), dtype=np.float32)
        beside = np.full((padded, len(NAMES)), np.nan, dtype=np.float32)
        filled[: len(leads)] = leads
        if side is not None:
            beside[: len(leads)] = side
        with torch.inference_mode():
            batches = zip(torch.from_numpy(filled).split(BATCH), torch.from_numpy(beside).split(BATCH), strict=True)
            means = [
                torch.stack([head_probabilities(member(*batch), heads) for member in self.ensemble.members]).mean(dim=0)
                for batch in batches
            ]
        return np.asarray(torch.cat(means).numpy()[: len(leads)], dtype=np.float32)

    def _reading(self, row: NDArray[np.float32], numbers: Measurements) -> Reading:
        heads = self.ensemble.heads
        parts = np.split(row.astype(np.float64), np.cumsum([len(values) for values in heads.values()])[:-1])
        chances = {
            head: dict(zip(values, part.tolist(), strict=True))
            for (head, values), part in zip(heads.items(), parts, strict=True)
        }
        return fitted_reading(numbers, chances, DIGITS, self.ensemble.limits)


def _prepared(batch: tuple[Recorded, ...]) -> _Prepared:
    seen, numbers = zip(*map(_seen, batch), strict=True)
    both = stacked(seen)
    return _Prepared(both, numbers)


def _seen(recorded: Recorded) -> tuple[NetworkInput, Measurements]:
    signal, fs = recorded
    if signal is None or fs is None:
        raise ValueError("resnet1d needs a signal in every case")
    return network_input(signal, fs)


def _keep(batch: tuple[Recorded, ...], prepared: _Prepared) -> None:
    """Keep what another process measured: the run measures the same records for its truth."""
    for (signal, fs), numbers in zip(batch, prepared.numbers, strict=True):
        if signal is not None and fs is not None:
            keep(signal, fs, numbers)


def _shipped_training() -> Mapping[str, Any]:
    """Return the training of the shipped weights from their header: torch, slow to import, is not needed for that."""
    from safetensors import safe_open

    with as_file(SHIPPED_WEIGHTS) as path, safe_open(path, framework="numpy") as archive:
        training: Mapping[str, Any] = json.loads(archive.metadata()["training"])
    return training
