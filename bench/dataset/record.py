"""One ECG recording, whose signal is read on demand; its truth comes from the dataset."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from renderers import PagePicture
from taxonomy.error import DatasetError

RecordId = int | str
"""A whole number in PTB-XL, also in every JSON file; a string in other datasets."""


def by_id(record_id: RecordId) -> tuple[int, int, str]:
    """Return a sort key for ids: whole numbers in numeric order, then strings."""
    return (1, 0, record_id) if isinstance(record_id, str) else (0, record_id, "")


@dataclass(frozen=True, eq=False)
class Signal:
    """Twelve leads.

    Attributes
    ----------
    mv : float32 array (12, n_samples) in mV
        In the order I II III aVR aVL aVF V1..V6, whatever the order in the file; NaN where the file marks no value.
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
        As in the dataset.
    age : float or None
        Years; 90 stands for everyone over 89 in PTB-XL.
    sex : {"male", "female"} or None
    fold : int or str
        Part of the dataset that it belongs to; no patient is in two folds.
    dataset : str
        Name of the dataset.
    rates : tuple of int
        Available sampling rates in Hz, highest first.
    """

    ecg_id: RecordId
    patient_id: RecordId
    age: float | None
    sex: Literal["male", "female"] | None
    fold: RecordId
    dataset: str
    rates: tuple[int, ...]
    _load: Callable[[RecordId, int], Signal] = field(repr=False)
    _page: Callable[[RecordId], PagePicture] | None = field(default=None, repr=False)

    @property
    def is_page(self) -> bool:
        """Whether it came as a page."""
        return self._page is not None

    def signal(self, fs: int | None = None) -> Signal:
        """Read the signal.

        Parameters
        ----------
        fs : int, optional
            Sampling rate in Hz; the highest available one when omitted or missing.

        Raises
        ------
        DatasetError
            When the record has no signal, or its file cannot be read.
        PageError
            When it came as a page that cannot be digitized.
        """
        if not self.rates:
            raise DatasetError(f"record {self.ecg_id} of {self.dataset} has no signal at hand")
        return self._load(self.ecg_id, fs if fs in self.rates else self.rates[0])

    def page(self) -> PagePicture:
        """Return the page that the record came as, which readers of pictures are shown as it is.

        Raises
        ------
        PageError
            When it cannot be shown.
        DatasetError
            When the record did not come as a page.
        """
        if self._page is None:
            raise DatasetError(f"record {self.ecg_id} of {self.dataset} came as a signal, not as a page")
        return self._page(self.ecg_id)


class PageError(DatasetError):
    """A page cannot be shown to a reader, or not be digitized for it: that case has no answer, and the run goes on."""
