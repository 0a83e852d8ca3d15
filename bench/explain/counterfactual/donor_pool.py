"""Donors of a transplant: recordings of training folds that bear a finding or do not, the nearest beat first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Dataset, Record, Signal
from bench.dataset.base import TRAIN
from bench.dataset.lot import in_random_order
from bench.explain.counterfactual.graft import Beating, beating, shape
from bench.progress import SILENT, Observer
from readers.head import STATEMENT
from readers.network import Output
from readers.torch_reader import resampled
from taxonomy.error import DatasetError
from taxonomy.reading import SUPERCLASS
from taxonomy.truth import Truth

EACH = 60
"""Donors with, and without, a finding, among which the nearest is sought."""


@dataclass(frozen=True, eq=False)
class Donor:
    """A recording whose beats can stand in for another's.

    Attributes
    ----------
    record : Record
    truth : Truth
    shape : float32 array (8, 70)
        Of its mean beat, in mV (:func:`bench.explain.counterfactual.graft.shape`).
    """

    record: Record
    truth: Truth
    shape: NDArray[np.float32]

    def at(self, fs: float) -> Beating | None:
        """Return its beats at a sampling rate in Hz; None where none is found at that rate."""
        signal = self.record.signal(round(fs))
        return beating(Signal(resampled(signal.mv, signal.fs, fs), fs))


def bears(truth: Truth, head: str, value: str) -> bool | None:
    """Return whether a record bears a value, None where its labels leave that open.

    Parameters
    ----------
    truth : Truth
    head : str
        An axis, ``superclass`` or ``statement``.
    value : str
    """
    if head == SUPERCLASS:
        return value in truth.superclasses if truth.superclasses else None
    if head == STATEMENT:
        return None if truth.statements is None else value in truth.statements
    primary = truth.values.get(head)
    if primary is None:
        return None
    if isinstance(primary, frozenset):
        return True if value in primary else None if value in truth.allowed else False
    return True if value == primary else None if value in truth.right_values(head) else False


def donor_pool(
    dataset: Dataset, outputs: Sequence[Output], each: int = EACH, seed: int = 0, observer: Observer = SILENT
) -> tuple[Donor, ...]:
    """Return donors for some outputs, from training folds alone, drawn by lot.

    Parameters
    ----------
    dataset : Dataset
    outputs : sequence of (str, str)
        Head and value of what is to be explained.
    each : int
        Donors with, and without, each of them, as far as there are so many.
    seed : int
    observer : Observer

    Raises
    ------
    taxonomy.error.DatasetError
        When there are no recordings of training folds.
    """
    cohort = dataset.cohort(TRAIN) if TRAIN in dataset.splits else ()
    if not cohort:
        raise DatasetError(
            f"{dataset.name} has no recordings of training folds at hand, from which alone donors of a transplant are "
            "taken: explain records of a dataset that has them"
        )
    left = {(output, has): each for output in dict.fromkeys(outputs) for has in (True, False)}
    found: list[Donor] = []
    with observer.progress("donors") as report:
        for done, record in enumerate(in_random_order(cohort, seed, "donors"), start=1):
            report(done, len(cohort))
            truth = dataset.truth(record)
            wanted = [(output, bears(truth, *output)) for output in dict.fromkeys(outputs)]
            fills = [(output, has) for output, has in wanted if has is not None and left[output, has]]
            if not fills:
                if not any(left.values()):
                    break
                continue
            beats = beating(record.signal())
            if beats is not None:
                found.append(Donor(record, truth, shape(beats)))
                for key in fills:
                    left[key] -= 1
    return tuple(found)


def nearest(pool: Sequence[Donor], like: Record, beats: Beating, output: Output, has: bool) -> list[Donor]:
    """Return the donors with, or without, a value, the nearest first; none of the record's own patient.

    Parameters
    ----------
    pool : sequence of Donor
    like : Record
        To which they are near.
    beats : Beating
        Its beats.
    output : (str, str)
        Head and value.
    has : bool
        Whether they bear the value.
    """
    own = shape(beats)
    able = [
        donor
        for donor in pool
        if bears(donor.truth, *output) is has
        and (donor.record.dataset, donor.record.patient_id) != (like.dataset, like.patient_id)
    ]
    return sorted(able, key=lambda donor: distance(own, donor.shape))


def distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the root mean square by which two shapes differ, in mV."""
    return float(np.sqrt(np.mean((one - other) ** 2)))
