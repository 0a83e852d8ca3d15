"""One ECG recording with its labels; the signal is read when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from taxonomy.error import DatasetError
from taxonomy.truth import Labels

OVER_89 = 90.0
"""Age of records whose age PTB-XL gives as 300, which means over 89."""


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
    ecg_id, patient_id : int
        As in the dataset's table.
    age : float or None
        Years; 90 stands for everyone over 89.
    sex : {"male", "female"} or None
    fold : int
        1 to 10; patients never cross folds.
    labels : Labels
        What the table says of it.
    dataset : str
        Name of the dataset.
    rates : tuple of int
        Sampling rates in Hz that are at hand, the highest first.
    """

    ecg_id: int
    patient_id: int
    age: float | None
    sex: Literal["male", "female"] | None
    fold: int
    labels: Labels
    dataset: str
    rates: tuple[int, ...]
    _load: Callable[[int, int], Signal] = field(repr=False)

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
