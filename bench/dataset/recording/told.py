"""What the user says of a file that does not say it itself."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from bench.dataset.recording.unit import KNOWN, millivolts
from taxonomy.error import DatasetError


@dataclass(frozen=True)
class Told:
    """What the user says of files without a sampling rate or a unit.

    Attributes
    ----------
    fs : float or None
        Sampling rate in Hz.
    unit : str or None
        Such as ``"mV"``.
    page : int or None
        Page of a file of several, from 1.
    ask : callable or None
        Asks the user a question where there is a terminal, and returns the answer.
    """

    fs: float | None = None
    unit: str | None = None
    page: int | None = None
    ask: Callable[[str], str] | None = None

    def rate(self, where: object) -> float:
        """Return the sampling rate in Hz; raises DatasetError where nobody says it."""
        if self.fs is not None:
            return self.fs
        if self.ask is None:
            raise DatasetError(f"{where} does not say its sampling rate: name it with --fs HZ, or add a column 'time'")
        answer = self.ask(f"{where}: sampling rate in Hz")
        try:
            fs = float(answer.strip().lower().removesuffix("hz"))
        except ValueError:
            fs = float("nan")
        if not isfinite(fs):
            raise DatasetError(f"{answer[:40]!r} is no sampling rate in Hz for {where}")
        return fs

    def factor(self, where: object) -> float:
        """Return how many mV one unit of the file is; raises DatasetError where nobody says it."""
        if self.unit is not None:
            return millivolts(self.unit, where, is_told=True)
        if self.ask is None:
            raise DatasetError(f"{where} does not say its unit: name it with --unit mV or --unit uV, or in its header")
        return millivolts(self.ask(f"{where}: unit, {KNOWN}"), where, is_told=True)
