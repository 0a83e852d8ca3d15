"""The answers whose maps are judged: findings that a recording has, and that the reader finds in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Record, RecordId, Signal
from bench.dataset.lot import in_random_order
from bench.explain.maps.cell import cells_of
from bench.explain.maps.gradient import beside
from bench.explain.maps.method import Answer
from bench.progress import SILENT, Observer
from bench.view.region import expected_region
from measurements.conditioning import without_gaps
from measurements.segment import BeatSegments, segmented
from readers.contract import Case
from readers.head import FINDING_FROM, is_multi_label
from readers.network import Network, Output
from taxonomy.axis import DIAGNOSIS
from taxonomy.error import RunError
from taxonomy.truth import Truth

EACH = 5
"""Recordings of each finding at most, as a rule."""


@dataclass(frozen=True, eq=False)
class Positive:
    """One answer that is right.

    Attributes
    ----------
    ecg_id, patient_id : int or str
    output : tuple of str
        The head and the value, such as ``("conduction", "lbbb")``.
    answer : Answer
    region : bool array (12, n_samples) or None
        Where a cardiologist looks for the finding; None where no place is named.
    """

    ecg_id: RecordId
    patient_id: RecordId
    output: Output
    answer: Answer
    region: NDArray[np.bool_] | None


def positives(
    network: Network, cohort: Cohort, outputs: Sequence[Output] = (), each: int = EACH, observer: Observer = SILENT
) -> tuple[Positive, ...]:
    """Return answers of a network that are right, so many of each finding at most, drawn by lot.

    Parameters
    ----------
    network : Network
    cohort : Cohort
    outputs : sequence of tuple of str
        The findings; by default :func:`usual_outputs`.
    each : int
        Patients of each finding at most.
    observer : Observer
        Told how many recordings with a finding are left out since the network does not find it.

    Raises
    ------
    taxonomy.error.RunError
        When there is none.
    """
    wanted = tuple(outputs) or usual_outputs(network)
    taken: dict[Output, list[Positive]] = {one: [] for one in wanted}
    missed = 0
    for record in in_random_order(cohort):
        truth = cohort.truth(record)
        having = [one for one in wanted if len(taken[one]) < each and has(truth, one)]
        if not having or not record.rates:
            continue
        _, _, answered = answer_about(network, record, having[0])
        found = set(answers_of(network, answered))
        for one in having:
            if one not in found:
                missed += 1
            elif record.patient_id not in {other.patient_id for other in taken[one]}:
                taken[one].append(_positive(network, record, one, answered))
    every = tuple(one for those in taken.values() for one in those)
    if not every:
        said = ", ".join(f"{head}={value}" for head, value in wanted[:3]) + (", ..." if len(wanted) > 3 else "")
        raise RunError(
            f"none of {len(cohort)} recordings has a finding that the reader finds in it ({said or 'no target'}; "
            f"{missed} have one that it misses): name other targets or a larger sample"
        )
    if missed:
        observer.say(f"{missed} findings are left out: the recordings have them, and the reader does not find them")
    return every


def usual_outputs(network: Network) -> tuple[Output, ...]:
    """Return the outputs that have an expected region; not those of ``diagnosis`` where other axes say the same."""
    found = tuple(one for one in network.outputs if expected_region(*one))
    return tuple(one for one in found if one[0] != DIAGNOSIS.name) or found


def has(truth: Truth, output: Output) -> bool:
    """Tell whether a finding is the truth of a recording."""
    head, value = output
    known = truth.values.get(head)
    return value in known if isinstance(known, frozenset) else known == value


def answers_of(network: Network, answer: Answer) -> Iterator[Output]:
    """Yield what a network answers: the likeliest value of each head, or every one that is likely."""
    import torch

    with torch.inference_mode():
        leads = torch.from_numpy(answer.shown.leads[None])
        row = network.probabilities(leads, beside(answer.shown, 1))[0].tolist()
    chances = dict(zip(network.outputs, row, strict=True))
    for head, values in network.heads.items():
        if is_multi_label(head) or len(values) == 1:
            yield from ((head, value) for value in values if chances[head, value] >= FINDING_FROM)
        else:
            yield head, max(values, key=lambda value: chances[head, value])


def region_of(answer: Answer, output: Output) -> NDArray[np.bool_] | None:
    """Return where a cardiologist looks for a finding in a recording; None where no place is named or it has none."""
    region = expected_region(*output)
    if region is None:
        return None
    mask = answer.cells.mask(region.leads, region.segments)
    return mask if mask.any() else None


def answer_about(
    network: Network, record: Record, output: Output, layer: str = ""
) -> tuple[Signal, tuple[BeatSegments, ...], Answer]:
    """Return a recording, its beats, and one answer about it, for a method to explain."""
    signal = record.signal()
    beats = segmented(without_gaps(signal.mv), signal.fs)
    shown = network.prepare(Case("", signal=signal.mv, fs=signal.fs))
    cells = cells_of(beats, network.fs, shown.leads.shape[1])
    return signal, beats, Answer(network, shown, network.place(*output), cells, layer)


def _positive(network: Network, record: Record, output: Output, answered: Answer) -> Positive:
    answer = Answer(network, answered.shown, network.place(*output), answered.cells)
    return Positive(record.ecg_id, record.patient_id, output, answer, region_of(answer, output))


def patients(found: Iterable[Positive]) -> int:
    """Return how many patients there are among answers."""
    return len({one.patient_id for one in found})
