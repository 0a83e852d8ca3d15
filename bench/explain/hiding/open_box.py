"""An open network in the place of a black box: hidden at its own input, nothing but what is hidden changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record
from bench.explain.hiding.box import Answered
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.target import AnswerKind, Target
from bench.explain.maps.cell import Cells, bridged, cells_of
from bench.explain.maps.occlusion import Filling
from bench.progress import SILENT, Observer
from measurements.segment import segmented
from readers.contract import Case
from readers.network import Network, Shown


@dataclass(frozen=True, eq=False)
class OpenBox:
    """An open network, asked by its own input: what is hidden is hidden there, and nothing else changes.

    Attributes
    ----------
    network : Network
    filling : callable
        How it is hidden: :func:`bench.explain.maps.cell.bridged` or :func:`bench.explain.maps.cell.zeroed`.
    kind : {"logit", "probability"}
        What is told of the target.
    batch : int
        Masks that are asked about at once.
    """

    network: Network
    filling: Filling = bridged
    kind: AnswerKind = "logit"
    batch: int = 64
    _last: dict[str, Any] = field(default_factory=dict, repr=False)

    def cells(self, record: Record) -> Cells:
        """Return the cells of a record at the network's sampling rate."""
        found: Cells = self._of(record)[1]
        return found

    def fs(self, record: Record) -> float:
        """Return the network's sampling rate in Hz."""
        return self.network.fs

    def gain(self, masked: Masked) -> float:
        """Return 1: what is not hidden stays as it is."""
        return 1.0

    def answers(self, questions: Sequence[Masked], target: Target, observer: Observer = SILENT) -> Answered:
        """Return the log-odds or the probability of the target for each question, those of a record in one batch."""
        import torch

        column = self.network.place(target.axis, target.value)
        tell = self.network.log_odds if self.kind == "logit" else self.network.probabilities
        found: list[NDArray[np.float64]] = []
        with torch.inference_mode(), observer.progress(f"{len(questions)} masked recordings", "questions") as report:
            for _, group in groupby(questions, key=lambda one: one.record.ecg_id):
                asked = list(group)
                shown = self._of(asked[0].record)[0]
                for start in range(0, len(asked), self.batch):
                    masks = [one.mask for one in asked[start : start + self.batch]]
                    leads = np.stack(
                        [shown.leads if mask is None else self.filling(shown.leads, mask) for mask in masks]
                    )
                    others = None if shown.beside is None else torch.from_numpy(shown.beside).expand(len(leads), -1)
                    found.append(tell(torch.from_numpy(leads), others)[:, column].numpy().astype(np.float64))
                    report(sum(map(len, found)), len(questions))
        return Answered(self.kind, np.concatenate(found) if found else np.zeros(0))

    def _of(self, record: Record) -> tuple[Shown, Cells]:
        if self._last.get("id") != record.ecg_id:
            signal = record.signal()
            shown = self.network.prepare(Case(str(record.ecg_id), signal=signal.mv, fs=signal.fs))
            cells = cells_of(segmented(signal.mv, signal.fs), self.network.fs, shown.leads.shape[1])
            self._last.update(id=record.ecg_id, of=(shown, cells))
        found: tuple[Shown, Cells] = self._last["of"]
        return found
