"""Real records with a single property changed by known doses, each tracing with what is right for it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Record, Signal
from bench.tracing.beats import delineated, tiled
from bench.tracing.change import Change
from bench.view import View
from measurements import Measurements, measure
from readers.contract import Case
from taxonomy.error import DatasetError

FS, TRACING_SAMPLES = 500.0, 5000
SOURCE_S = 40.0
"""Length of the record from which ten seconds are taken after a change: a faster rate needs more of it."""


@dataclass(frozen=True, eq=False)
class Tracing:
    """One tracing of the probe set.

    Attributes
    ----------
    record : Record
    change : str
        Name of the property; empty for the record itself.
    dose : float
    mv : float32 array (12, 5000) in mV
        At 500 Hz; III, aVR, aVL and aVF follow from I and II.
    expected : str or None
        The right answer on the property's axis, where it follows from the dose.
    """

    record: Record
    change: str
    dose: float
    mv: NDArray[np.float32]
    expected: str | None


def normal_records(cohort: Cohort, every: bool = False) -> list[Record]:
    """Return the records to change: those labelled normal, so that what a dose makes right is known.

    Parameters
    ----------
    cohort : Cohort
    every : bool
        Takes the others too.

    Raises
    ------
    taxonomy.error.DatasetError
        When there is none.
    """
    records = [r for r in cohort if every or cohort.dataset.truth(r).values["diagnosis"] == "NORM"]
    if not records:
        raise DatasetError("no record of this choice is labelled normal: --all-records changes every one")
    return records


def tracings(records: Sequence[Record], changes: Sequence[Change], seed: int) -> Iterator[Tracing]:
    """Yield every record that can be delineated, and its changes at every dose that is possible on it."""
    for record in records:
        beats = delineated(record.signal())
        if beats is None:
            continue
        source = tiled(beats, SOURCE_S)
        base = measure(source.mv[:, :TRACING_SAMPLES], FS)
        yield Tracing(record, "", 0.0, source.mv[:, :TRACING_SAMPLES], None)
        for change in changes:
            for dose in (dose for dose in change.doses if dose):
                found = change.apply(source, dose, _chance(seed, record, change))
                if found is not None and found.mv.shape[1] >= TRACING_SAMPLES:
                    expected = change.expect(base, dose)
                    yield Tracing(record, change.name, dose, found.mv[:, :TRACING_SAMPLES], expected)


def _chance(seed: int, record: Record, change: Change) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed} {record.ecg_id} {change.name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def tracing_case(tracing: Tracing, view: View) -> Case:
    """Return what a reader is shown of a tracing in a view: the trace alone, no numbers."""
    signal = Signal(tracing.mv, FS)
    images = view.drawn(signal) if "image" in view.inputs else ()
    takes_signal = "signal" in view.inputs
    return Case(
        case_id=hashlib.sha256(f"{tracing.record.ecg_id} {tracing.change} {tracing.dose}".encode()).hexdigest()[:12],
        signal=signal.mv if takes_signal else None,
        fs=signal.fs if takes_signal else None,
        images=images,
        prompt=view.prompt(Measurements.none("not shown"), images),
    )
