"""One ECG recording; the signal is read when it is asked for, and what it shows is for its dataset to say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taxonomy.error import DatasetError

RecordId = int | str
"""PTB-XL's are whole numbers and stay so in every JSON; other sources have names."""


def by_id(record_id: RecordId) -> tuple[int, int, str]:
    """Return a key to sort ids by: whole numbers in their order first, then names."""
    return (1, 0, record_id) if isinstance(record_id, str) else (0, record_id, "")


@dataclass(frozen=True, eq=False)
class Signal:
    """Twelve leads.

    Attributes
    ----------
    mv : float32 array (12, n_samples) in mV
        In the order I II III aVR aVL aVF V1..V6, whatever order the file has; NaN where the file marks no value.
    fs : float
        Sampling rate in Hz.
    """

    mv: NDArray[np.float32]
    fs: float


@dataclass(frozen=True, eq=False)
class Record:
    """One recording.

    Attributes
    ----------
    ecg_id, patient_id : int or str
        As the dataset calls them.
    age : float or None
        Years; in PTB-XL 90 stands for everyone over 89.
    sex : {"male", "female"} or None
    fold : int or str
        The part of the dataset that it belongs to; patients never cross folds.
    dataset : str
        Name of the dataset.
    rates : tuple of int
        Sampling rates in Hz that are at hand, the highest first.
    """

    ecg_id: RecordId
    patient_id: RecordId
    age: float | None
    sex: Literal["male", "female"] | None
    fold: RecordId
    dataset: str
    rates: tuple[int, ...]
    _load: Callable[[RecordId, int], Signal] = field(repr=False)

    def signal(self, fs: int | None = None) -> Signal:
        """Read the signal.

        Parameters
        ----------
        fs : int, optional
            Sampling rate in Hz; the highest at hand where it is not given or that rate is missing.

        Raises
        ------
        DatasetError
            When the record has no signal at hand, or its file cannot be read.
        """
        if not self.rates:
            raise DatasetError(f"record {self.ecg_id} of {self.dataset} has no signal at hand")
        return self._load(self.ecg_id, fs if fs in self.rates else self.rates[0])
