"""What the training is given: preprocessed leads, and targets with what is unlabelled masked out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readers.resnet1d.preprocessing import SAMPLES


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Records of folds 1 to 9, ready for the network.

    Attributes
    ----------
    signal : float32 array (n, 12, 1000)
        Preprocessed leads (``preprocessing.prepare``), z-scored.
    targets : mapping of str to float32 array (n, outputs of the head)
        One-hot or multi-hot truth of each head.
    known : mapping of str to bool array (n,)
        Whether the record is labelled on that head; the loss leaves the others out.
    fold : int64 array (n,)
        1 to 8 train, 9 stops.
    ecg_id : int64 array (n,)
        For the manifest of the training.
    """

    signal: NDArray[np.float32]
    targets: Mapping[str, NDArray[np.float32]]
    known: Mapping[str, NDArray[np.bool_]]
    fold: NDArray[np.int64]
    ecg_id: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.ecg_id)
        if self.signal.shape != (n, 12, SAMPLES) or len(self.fold) != n:
            raise ValueError(f"a training set of {n} records needs {n} x 12 x {SAMPLES}, not {self.signal.shape}")

    def rows(self, folds: Sequence[int]) -> NDArray[np.int64]:
        """Return the positions of the records of those folds."""
        return np.flatnonzero(np.isin(self.fold, folds))
