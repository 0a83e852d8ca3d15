"""The ten seconds of a longer recording that are shown and read."""

import numpy as np
from numpy.typing import NDArray

from bench.dataset.record import Signal
from bench.dataset.wfdb_file import INVALID, Header, in_millivolts, read_samples

WINDOW_S = 10
"""A printed page and the project's networks hold ten seconds."""

SHORTEST_S = 5
"""Recordings below five seconds are not read: rhythm and rate cannot be told from them."""


LOWEST_FS = 100
"""Hz. Below it QRS complexes are not told."""


def unusable(header: Header) -> str:
    """Return why a recording is not read, by its header; empty where it is."""
    if header.samples < SHORTEST_S * header.fs:
        return f"is {header.samples / header.fs:.1f} s long, and {SHORTEST_S} s are needed"
    if header.fs < LOWEST_FS:
        return f"is sampled at {header.fs:g} Hz, and {LOWEST_FS} Hz are needed"
    return ""


def window_of(header: Header) -> Signal:
    """Return a recording of at most ten seconds whole, else one of its consecutive windows of ten seconds.

    It is the first one in which no sample is missing and no lead is flat; the first of all where there is none. What
    is left over at the end is no window.

    Raises
    ------
    taxonomy.error.DatasetError
        When a file is missing, truncated or in another format.
    """
    count = round(WINDOW_S * header.fs)
    if header.samples <= count:
        return in_millivolts(header, read_samples(header))
    first = None
    for begin in range(0, header.samples - count + 1, count):
        raw = read_samples(header, begin, count)
        if is_sound(raw):
            return in_millivolts(header, raw)
        first = raw if first is None else first
    return in_millivolts(header, read_samples(header, 0, count) if first is None else first)


def is_sound(raw: NDArray[np.int16]) -> bool:
    """Tell whether no sample is missing and no lead is flat in int16 (n_samples, leads)."""
    return not (raw == INVALID).any() and bool((raw != raw[0]).any(axis=0).all())
