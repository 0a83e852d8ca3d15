"""The reader: prepare cases ahead in a thread, average the members' probabilities, answer all eight axes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from measurements import Measurements, measure
from readers.ahead import prepared_ahead
from readers.contract import Case, Input
from readers.measured_axis import measured_probabilities, measured_values
from readers.resnet1d.preprocessing import FS, prepare
from readers.training_target import HEADS, MULTI_LABEL
from taxonomy.axis import AXES, AxisValue
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import SUPERCLASSES

if TYPE_CHECKING:
    from readers.resnet1d.weights import Ensemble

BATCH = 32
"""Records that the network works on at once; a smaller batch is filled up, since its size decides the last bits of the
answer."""

FINDING_FROM = 0.5
"""Probability from which a finding is reported."""

_NAMES: Mapping[str, tuple[str, ...]] = {SUPERCLASS: SUPERCLASSES} | {axis.name: axis.values for axis in AXES}


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A batch for the network, float32 (n, 12, 1000), and what was measured on each record."""

    leads: NDArray[np.float32]
    numbers: tuple[Measurements, ...]


class Resnet1dReader:
    """Reads the signal with an ensemble of 1D ResNets; rate and axis it measures.

    Parameters
    ----------
    weights : str, optional
        A weights file of one's own (``--reader resnet1d:FILE``); the shipped one when not given.

    Raises
    ------
    taxonomy.error.ReaderError
        When that file is missing, damaged or of another network.
    """

    name = "resnet1d"
    description = "an ensemble of 1D ResNets over the signal (needs torch; weights are shipped)"
    inputs: frozenset[Input] = frozenset({"signal"})
    preferred_fs = FS

    def __init__(self, weights: str = "") -> None:
        from readers.resnet1d.weights import load_weights, shipped_digest

        self._ensemble: Ensemble = load_weights(Path(weights) if weights else None)
        self.details = {"weights": weights_digest(Path(weights)) if weights else shipped_digest()}

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case; the next batch is prepared while the network works on this one."""
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(max(1, threads - 1))
        try:
            yield from self._read(cases)
        finally:
            torch.set_num_threads(threads)

    def _read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Read with one core left for the preparation."""
        for batch in prepared_ahead(cases, BATCH, _prepared):
            yield from self._answers(batch)

    def _answers(self, batch: _Prepared) -> Iterator[Reading]:
        for row, numbers in zip(self.probabilities(batch.leads), batch.numbers, strict=True):
            yield reading_of(row, numbers)

    def probabilities(self, leads: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the members' probabilities, float32 (n, all heads), for prepared leads (n, 12, 1000)."""
        import torch

        from readers.resnet1d.network import probabilities

        filled = np.zeros((-(-len(leads) // BATCH) * BATCH, *leads.shape[1:]), dtype=np.float32)
        filled[: len(leads)] = leads
        with torch.inference_mode():
            means = [
                torch.stack([probabilities(member(batch)) for member in self._ensemble.members]).mean(dim=0)
                for batch in torch.from_numpy(filled).split(BATCH)
            ]
        return np.asarray(torch.cat(means).numpy()[: len(leads)], dtype=np.float32)


def weights_digest(path: Path) -> str:
    """Return the SHA-256 of a weights file, 16 hex digits."""
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def reading_of(row: NDArray[np.float32], numbers: Measurements) -> Reading:
    """Return the reading that one row of probabilities (all heads) and the measurements of its record give."""
    values: dict[str, AxisValue | None] = dict(measured_values(numbers))
    chances = measured_probabilities(numbers)
    parts = np.split(row.astype(np.float64), np.cumsum(list(HEADS.values()))[:-1])
    for head, part in zip(HEADS, parts, strict=True):
        if head not in _NAMES:
            continue
        names = _NAMES[head]
        chances[head] = {name: round(min(1.0, float(p)), 6) for name, p in zip(names, part, strict=True)}
        if head == "other_findings":
            values[head] = frozenset(name for name, p in zip(names, part, strict=True) if p >= FINDING_FROM)
        elif head not in MULTI_LABEL:
            values[head] = names[int(np.argmax(part))]
    return Reading(values=values, probabilities=chances)


def _prepared(cases: tuple[Case, ...]) -> _Prepared:
    leads, numbers = [], []
    for case in cases:
        if case.signal is None or case.fs is None:
            raise ValueError("resnet1d needs a signal in every case")
        leads.append(prepare(case.signal, case.fs))
        numbers.append(measure(case.signal, case.fs))
    return _Prepared(np.stack(leads), tuple(numbers))
