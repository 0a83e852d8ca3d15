"""Answers of a network about single recordings, with everything that is drawn of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record
from bench.explain.belief.judging import map_of
from bench.explain.belief.sample import answer_about
from bench.explain.maps.method import Map, Method
from measurements.segment import BeatSegments
from readers.network import Network, Output


@dataclass(frozen=True, eq=False)
class Trace:
    """A recording and the map of an answer about it.

    Attributes
    ----------
    signal : float32 array (12, n_samples) in mV
    fs : float
        Its sampling rate in Hz.
    beats : tuple of BeatSegments
    relevance : float32 array (12, n_values)
    relevance_fs : float
        Its rate in Hz.
    notes : tuple of str
        Said below the picture, such as how large a token of an image is.
    """

    signal: NDArray[np.float32]
    fs: float
    beats: tuple[BeatSegments, ...]
    relevance: Map
    relevance_fs: float
    notes: tuple[str, ...] = ()


def traced(network: Network, record: Record, output: Output, method: Method, layer: str = "") -> Trace:
    """Return a recording with the map of one answer about it."""
    signal, beats, answer = answer_about(network, record, output, layer)
    return Trace(signal.mv, signal.fs, beats, map_of(answer, method), network.fs)
