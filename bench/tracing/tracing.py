"""Records with one property changed by known doses, each with its right answer where that is known."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Record, Signal
from bench.dataset.phantom import Phantoms
from bench.tracing.beats import delineated, tiled
from bench.tracing.change import Change
from bench.view import View
from measurements import Measurements, measure
from measurements.conditioning import FS
from readers.contract import Case
from taxonomy.axis import AxisValue
from taxonomy.error import DatasetError

TRACING_SAMPLES = 5000
SOURCE_S = 40.0
"""Seconds of signal before a change; ten are kept after it, and a faster rate shortens the signal."""


@dataclass(frozen=True, eq=False)
class Tracing:
    """One tracing of the probe set.

    Attributes
    ----------
    record : Record
    change : str
        Name of the change; empty for the unchanged record.
    dose : float
    mv : float32 array (12, 5000) in mV
        At 500 Hz; III, aVR, aVL and aVF follow from I and II.
    expected : value or None
        The right answer on the change's axis, where it is known: the changed phantom's truth, or what follows from a
        recording's measurement and the dose.
    """

    record: Record
    change: str
    dose: float
    mv: NDArray[np.float32]
    expected: AxisValue | None

    @property
    def told(self) -> bytes:
        """All that decides its reading beside the settings."""
        return f"{self.record.ecg_id} {self.change} {self.dose} ".encode() + self.mv.tobytes()


def normal_records(cohort: Cohort, every: bool = False) -> Cohort:
    """Return the records to change: those labelled normal, so that the right answer to each dose is known.

    Parameters
    ----------
    cohort : Cohort
    every : bool
        Also returns records that are not normal.

    Raises
    ------
    taxonomy.error.DatasetError
        When there is none.
    """
    records = [r for r in cohort if every or cohort.dataset.truth(r).values["diagnosis"] == "NORM"]
    if not records:
        raise DatasetError("no record here is labelled normal: --all-records (all_records=True) changes every one")
    return cohort.of(records)


def tracings(records: Cohort, changes: Sequence[Change], seed: int) -> Iterator[Tracing]:
    """Yield every record that can be changed, followed by its changes at every possible dose.

    A phantom is simulated anew with one parameter changed, and its unchanged tracing is the phantom itself. A recording
    is changed by signal processing where it can be delineated, and its unchanged tracing has gone through the same.
    """
    for record in records:
        if isinstance(records.dataset, Phantoms):
            yield from _of_phantom(records.dataset, record, changes)
        else:
            yield from _of_recording(record, changes, seed)


def _of_phantom(dataset: Phantoms, record: Record, changes: Sequence[Change]) -> Iterator[Tracing]:
    phantom, base = dataset.draw(int(record.ecg_id)), dataset.truth(record)
    yield Tracing(record, "", 0.0, phantom.simulated().mv, None)
    for change in changes:
        for dose in filter(None, change.on_heart.doses):
            changed = change.on_heart.apply(phantom, dose)
            if changed is not None:
                yield Tracing(record, change.name, dose, changed.simulated().mv, change.on_heart.expect(changed, base))


def _of_recording(record: Record, changes: Sequence[Change], seed: int) -> Iterator[Tracing]:
    beats = delineated(record.signal())
    if beats is None:
        return
    source = tiled(beats, SOURCE_S)
    base = measure(source.mv[:, :TRACING_SAMPLES], FS)
    yield Tracing(record, "", 0.0, source.mv[:, :TRACING_SAMPLES], None)
    for change, way in ((change, change.on_beats) for change in changes if change.on_beats):
        for dose in filter(None, way.doses):
            changed = way.apply(source, dose, _chance(seed, record, change))
            if changed is not None and changed.mv.shape[1] >= TRACING_SAMPLES:
                yield Tracing(record, change.name, dose, changed.mv[:, :TRACING_SAMPLES], way.expect(base, dose))


def _chance(seed: int, record: Record, change: Change) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed} {record.ecg_id} {change.name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


@dataclass(frozen=True)
class TracingCases:
    """The cases of tracings in a view, each with the trace and without numbers."""

    view: View

    def each(self, tracings: Iterable[Tracing]) -> Iterator[Case]:
        """Yield the case of each tracing, lazily."""
        return map(self.case, tracings)

    def case(self, tracing: Tracing) -> Case:
        """Return the case of one tracing."""
        signal = Signal(tracing.mv, FS)
        images = self.view.drawn(signal) if "image" in self.view.inputs else ()
        takes_signal = "signal" in self.view.inputs
        what = f"{tracing.record.ecg_id} {tracing.change} {tracing.dose}"
        return Case(
            case_id=hashlib.sha256(what.encode()).hexdigest()[:12],
            signal=signal.mv if takes_signal else None,
            fs=signal.fs if takes_signal else None,
            images=images,
            prompt=self.view.prompt(Measurements.none("not shown"), images),
        )
