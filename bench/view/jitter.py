"""Jitter: a trace shifted and scaled too little to change what it shows, and enough to be another file."""

import random
from dataclasses import dataclass

import numpy as np

from bench.dataset import RecordId, Signal

SHIFT = (2, 20)
"""Least and largest shift in hundredths of a second, whole samples at 100, 500 and 1000 Hz."""

SCALE = (0.002, 0.01)
"""Least and largest distance of the factor from 1."""


@dataclass(frozen=True)
class Jitter:
    """A shift in time and a factor.

    Attributes
    ----------
    shift_s : float
        In seconds, at least 0.02 and at most 0.2 either way; positive is later.
    factor : float
        Of the amplitude, at least 0.2% and at most 1% away from 1.
    """

    shift_s: float
    factor: float

    def of(self, signal: Signal) -> Signal:
        """Return a signal shifted by the nearest number of whole samples and scaled, as long as before.

        Samples that the shift moves out are lost, and the sample at the other end is held in their place; NaN samples
        are shifted as gaps.
        """
        count = signal.mv.shape[1]
        places = np.clip(np.arange(count) - round(self.shift_s * signal.fs), 0, count - 1)
        return Signal(signal.mv[:, places] * np.float32(self.factor), signal.fs)


def jitter(seed: int, ecg_id: RecordId) -> Jitter:
    """Return the jitter of a record, drawn by lot."""
    lot = random.Random(f"jitter {seed} {ecg_id}")
    shift = lot.choice((-1, 1)) * lot.randint(*SHIFT) / 100
    return Jitter(shift, 1 + lot.choice((-1, 1)) * lot.uniform(*SCALE))
