"""The map of one answer about one ECG, by a network's gradients or by asking a black box with parts hidden."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.app.chosen_ecg import ChosenEcg
from bench.app.local_readers import LocalReader
from bench.dataset import Signal
from bench.explain.belief.judging import Figures, Place, figures_of_maps, judged, map_of
from bench.explain.belief.sample import Positive, answer_about, region_of
from bench.explain.hiding.blackbox import black_box
from bench.explain.hiding.deletion import asked_deletions
from bench.explain.hiding.effect import TWO_WAY
from bench.explain.hiding.explaining import explanations
from bench.explain.hiding.plan import planned
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import Cells
from bench.explain.maps.method import METHODS, Answer, Map, method_named
from bench.explain.maps.metric import energy
from bench.progress import Observer
from bench.view.region import expected_region
from measurements.conditioning import without_gaps
from measurements.segment import BeatSegments, segmented
from readers.isolation import Crash, attempt
from readers.network import Network, OpenReader, Output, Shown
from taxonomy.error import BenchError, ReaderError, unknown_name

QUICK_METHODS = tuple(method.name for method in METHODS if not method.is_slow)
"""Methods that take a second or a few for a map of a network."""

ASKED_METHODS = (TWO_WAY, "segment", "lead", "group")
"""Methods that ask a black box some dozen times for a map and its curves."""


@dataclass(frozen=True, eq=False)
class DrawnMap:
    """A map with what it is drawn over.

    Attributes
    ----------
    signal : Signal
    beats : tuple of BeatSegments
    relevance : float32 array (12, n_values)
    fs : float
        Its rate in Hz.
    figures : Figures
        As ``bench explain`` takes them of every answer.
    """

    signal: Signal
    beats: tuple[BeatSegments, ...]
    relevance: Map
    fs: float
    figures: Figures


def methods_for(reader: LocalReader) -> tuple[str, ...]:
    """Return the methods that suit a reader, the usual one first."""
    return QUICK_METHODS if reader.is_open else ASKED_METHODS


def drawn_map(reader: LocalReader, ecg: ChosenEcg, output: Output, method: str, observer: Observer) -> DrawnMap:
    """Return the map of one answer, and its figures.

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such value or method, or the ECG cannot be shown to the reader.
    """
    known = methods_for(reader)
    if method not in known:
        raise unknown_name("method", method, known)
    if isinstance(reader.reader, OpenReader):
        return _of_network(reader.reader.network(), ecg, output, method, observer)
    return _asked(reader, ecg, Target(*output), method, observer)


def _of_network(network: Network, ecg: ChosenEcg, output: Output, method: str, observer: Observer) -> DrawnMap:
    chosen = method_named(method)
    network.place(*output)
    with observer.progress("the map", "steps") as report:
        signal, beats, answer = _shown(network, ecg, output)
        report(1, 3)
        relevance = map_of(answer, chosen)
        report(2, 3)
        one = Positive(ecg.record.ecg_id, ecg.record.patient_id, output, answer, region_of(answer, output))
        (figures,) = judged([one], [chosen])
        report(3, 3)
    return DrawnMap(signal, beats, relevance, network.fs, figures)


def _shown(network: Network, ecg: ChosenEcg, output: Output) -> tuple[Signal, tuple[BeatSegments, ...], Answer]:
    """Return the recording, its beats and the answer; a network may refuse what it is shown."""
    found = attempt(lambda: answer_about(network, ecg.record, output), BenchError)
    if isinstance(found, Crash):
        raise ReaderError(f"the network cannot be shown this ECG: {found.sentence}")
    return found.value


def _asked(reader: LocalReader, ecg: ChosenEcg, target: Target, method: str, observer: Observer) -> DrawnMap:
    if ecg.is_page:
        raise ReaderError(
            f"a page is shown to {reader.name!r} as it is, and nothing on it can be hidden: choose a reader of the "
            "signal that was found on it, such as resnet1d"
        )
    record, output = ecg.record, (target.axis, target.value)
    box = black_box(reader.reader, ecg.cohort)
    (found,) = explanations(box, planned(box, [record], method), target, observer=observer)
    signal, cells, fs = record.signal(), box.cells(record), box.fs(record)
    quiet = without_gaps(signal.mv)
    maps = [energy(Shown(quiet)), found.map(cells, fs)]
    curves = asked_deletions(box, record, target, maps, fs, observer=observer)
    place = Place(record.ecg_id, record.patient_id, output, _region(cells, output), fs)
    _, figures = figures_of_maps(place, ["energy", method], maps, curves)
    return DrawnMap(signal, segmented(quiet, signal.fs), maps[1], fs, figures)


def _region(cells: Cells, output: Output) -> NDArray[np.bool_] | None:
    region = expected_region(*output)
    inside = cells.mask(region.leads, region.segments) if region else None
    return inside if inside is not None and inside.any() else None
