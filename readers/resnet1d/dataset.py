"""The input of a training: preprocessed leads, and targets with a mask of the labelled records."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from readers.head import Limits, is_multi_label
from readers.resnet1d.preprocessing import NETWORK_SAMPLES
from readers.resnet1d.side import NAMES
from readers.training_target import training_heads
from taxonomy.reading import SUPERCLASS


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Training and validation records, ready for the network.

    Attributes
    ----------
    signal : float32 array (n, 12, 1000)
        Preprocessed leads (``preprocessing.prepare``), z-scored.
    side : float32 array (n, number of side inputs)
        (``side.side_inputs``), NaN where unknown.
    targets : mapping of str to float32 array (n, outputs of the head)
        One-hot or multi-hot truth of each head.
    known : mapping of str to bool array (n,)
        Whether the record is labelled on that head; the loss skips unlabelled ones.
    weight : float32 array (n,)
        Of the record in the loss.
    train, validation : int64 array
        Positions of the training records, and of those that decide when to stop; the latter may be none.
    domain : int64 array (n,)
        Number of the dataset or hospital that the record is of; 0 for all where none is named.
    """

    signal: NDArray[np.float32]
    side: NDArray[np.float32]
    targets: Mapping[str, NDArray[np.float32]]
    known: Mapping[str, NDArray[np.bool_]]
    weight: NDArray[np.float32]
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    domain: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        n = len(self.train) + len(self.validation)
        if self.signal.shape != (n, 12, NETWORK_SAMPLES):
            raise ValueError(
                f"a training set of {n} records needs {n} x 12 x {NETWORK_SAMPLES}, not {self.signal.shape}"
            )
        if self.side.shape != (n, len(NAMES)):
            raise ValueError(
                f"a training set of {n} records needs {n} x {len(NAMES)} side inputs, not {self.side.shape}"
            )
        if not len(self.domain):
            object.__setattr__(self, "domain", np.zeros(n, dtype=np.int64))
        if self.domain.shape != (n,):
            raise ValueError(f"a training set of {n} records needs {n} domains, not {self.domain.shape}")

    @property
    def can_stop(self) -> bool:
        """Whether the validation records tell networks apart: some have a superclass that others lack."""
        rows = self.validation[self.known[SUPERCLASS][self.validation]]
        among = self.targets[SUPERCLASS][rows].sum(axis=0)
        return bool(((among > 0) & (among < len(rows))).any())

    def finding_shares(self) -> Limits:
        """Return, by head of several values, the share of each among the labelled training records, none of them 0.

        A record counts by its weight.
        """
        found = {}
        for head, values in training_heads().items():
            if not is_multi_label(head):
                continue
            rows = self.train[self.known[head][self.train]]
            weight = self.weight[rows, None]
            counts = (weight * self.targets[head][rows]).sum(axis=0)
            shares = ((counts + 1) / (float(weight.sum(dtype=np.float64)) + 2)).tolist()
            found[head] = dict(zip(values, shares, strict=True))
        return found
