"""A recording of the user's: twelve leads, checked, and ten seconds of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.record import Signal
from bench.dataset.recording.kind import FileKind, kind_of
from bench.dataset.recording.lead import twelve
from bench.dataset.recording.told import Told
from renderers import LEADS
from taxonomy.error import DatasetError

SLOWEST, FASTEST = 100, 4000
"""Sampling rates in Hz: below, nothing is measured; above, no electrocardiograph stores a resting ECG."""

SHORTEST_S, LONGEST_S, WINDOW_S = 5.0, 1800.0, 10.0
"""Recordings that are read, and what a reader is shown: a resting ECG is ten seconds."""

SMALLEST_MV, LARGEST_MV = 0.01, 50.0
"""Spreads between the 1% and the 99% quantile of a lead that tell a wrong unit: no heart reaches the larger one, and
no electrocardiograph's noise stays below the smaller one in every lead."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording of the user's.

    Attributes
    ----------
    path : Path
    kind : str
        Of its file.
    signal : Signal
        What a reader is shown.
    begin_s, whole_s : float
        Where that begins, and how long the whole recording is.
    notes : tuple of str
        What the user should know of it.
    page : uint8 array (height, width, 3) or None
        The page that it was read from, as a picture; None for a file of samples.
    """

    path: Path
    kind: str
    signal: Signal
    begin_s: float
    whole_s: float
    notes: tuple[str, ...]
    page: NDArray[np.uint8] | None = None

    @property
    def seconds(self) -> float:
        """Length of what a reader is shown."""
        return float(self.signal.mv.shape[1] / self.signal.fs)


def read_recording(path: Path, told: Told, begin_s: float | None = None) -> Recording:
    """Read a file, whatever its kind.

    Parameters
    ----------
    path : Path
    told : Told
    begin_s : float, optional
        Where the ten seconds begin that are shown; by default the first ten, or, where samples are missing there, those
        with the fewest missing.

    Raises
    ------
    DatasetError
        When it is of no kind that is read, is damaged, lacks leads, is too short, too long or sampled too slowly, or
        its amplitudes are no ECG's in that unit.
    """
    kind = kind_of(path)
    _check_told(path, kind, told, begin_s)
    traces = kind.read(path, told)
    if traces.leads:
        _check_time(path, traces.fs, max(map(len, traces.leads.values())))
    mv, computed = twelve(traces.leads, path, traces.others)
    whole_s = mv.shape[1] / traces.fs
    _check_amplitude(path, mv)
    first = _first(path, mv, traces.fs, begin_s)
    shown = mv[:, first : first + round(WINDOW_S * traces.fs)]
    if not np.isfinite(shown).any():
        raise DatasetError(
            f"{path} has no sample with a value from {first / traces.fs:g} s on: name another part by --at"
        )
    # A page shows 2.5 s of most leads, which its own notes say.
    peculiar = [] if kind.is_page else _peculiarities(shown, traces.fs)
    notes = tuple(note for note in (*traces.notes, computed, *peculiar) if note)
    shown = np.ascontiguousarray(shown)
    return Recording(path, kind.name, Signal(shown, traces.fs), first / traces.fs, whole_s, notes, traces.page)


def _check_told(path: Path, kind: FileKind, told: Told, begin_s: float | None) -> None:
    """Refuse what the user says of a file that says it itself, or for which it means nothing."""
    if not kind.is_told and (told.fs is not None or told.unit is not None):
        option = "--fs" if told.fs is not None else "--unit"
        raise DatasetError(f"{path} is a file of kind {kind.name}, which says that itself: leave {option} out")
    if told.page is not None and not kind.is_page:
        raise DatasetError(f"{path} is a file of kind {kind.name}, which has no pages: leave --page out")
    if begin_s is not None and kind.is_page:
        raise DatasetError(f"{path} is a page, which is read whole: leave --at out")


def _check_time(path: Path, fs: float, samples: int) -> None:
    if not SLOWEST <= fs <= FASTEST:
        raise DatasetError(f"{path} is sampled at {fs:g} Hz: {SLOWEST} to {FASTEST} Hz are read")
    seconds = samples / fs
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise DatasetError(
            f"{path} lasts {seconds:.4g} s: recordings of {SHORTEST_S:g} s to {LONGEST_S / 60:g} min are read"
        )


def _check_amplitude(path: Path, mv: NDArray[np.float32]) -> None:
    if np.isinf(mv).any():
        raise DatasetError(f"{path} holds an infinite voltage")
    widest = 0.0
    for lead, samples in zip(LEADS, mv, strict=True):
        known = samples[np.isfinite(samples)]
        if not known.size:
            continue
        low, high = np.quantile(known, (0.01, 0.99))
        widest = max(widest, float(np.ptp(known)))
        if high - low > LARGEST_MV:
            raise DatasetError(
                f"{path} swings by {high - low:.3g} mV in {lead}, which no heart does: is its unit another, such as uV?"
            )
    if not widest > 0:
        raise DatasetError(f"{path} is flat in every lead: it holds no ECG")
    if widest < SMALLEST_MV:
        raise DatasetError(
            f"{path} swings by {1000 * widest:.3g} uV at most in any lead, less than noise: is its unit another, such "
            "as mV?"
        )


def _first(path: Path, mv: NDArray[np.float32], fs: float, begin_s: float | None) -> int:
    """Return the sample at which the ten seconds begin."""
    samples, window = mv.shape[1], round(WINDOW_S * fs)
    if begin_s is not None:
        first = round(begin_s * fs)
        if samples - first < round(SHORTEST_S * fs):
            raise DatasetError(
                f"--at {begin_s:g} leaves {max(0.0, samples / fs - begin_s):.3g} of the {samples / fs:.4g} s "
                f"of {path}: {SHORTEST_S:g} s are needed"
            )
        return first
    if samples <= window:
        return 0
    missing = np.concatenate([[0], np.cumsum(~np.isfinite(mv).all(axis=0))])
    starts = np.unique(np.append(np.arange(0, samples - window, round(fs)), samples - window))
    return int(starts[np.argmin(missing[starts + window] - missing[starts])])


def _peculiarities(shown: NDArray[np.float32], fs: float) -> list[str]:
    notes = []
    missing = {lead: int(np.isnan(row).sum()) for lead, row in zip(LEADS, shown, strict=True)}
    if any(missing.values()):
        gaps = ", ".join(f"{lead} {count / fs:.2g} s" for lead, count in missing.items() if count)
        notes.append(f"samples are missing in {gaps}")
    flat = [
        lead
        for lead, row in zip(LEADS, shown, strict=True)
        if np.isfinite(row).any() and np.ptp(row[np.isfinite(row)]) == 0
    ]
    if flat:
        notes.append(f"flat in {', '.join(flat)}")
    if shown.shape[1] < round(WINDOW_S * fs):
        notes.append(f"only {shown.shape[1] / fs:.3g} s, where readers are made for {WINDOW_S:g}")
    return notes
