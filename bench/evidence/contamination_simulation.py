"""False verdicts and power of the contamination check: readers of known behaviour, answered for many times over.

No signal is read. A reader's chance to be right differs from record to record, as some are hard on every axis; its
answer to a copy is now and then drawn anew, and its answer to a phantom of the same truth always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, RecordId
from bench.evidence import contamination_verdict as words
from bench.evidence.drop import LEAST, WAVEFORM_AXES, Rule, drops, excess
from bench.evidence.figure import Figure
from bench.evidence.simulation import Rate
from bench.progress import SILENT, Observer
from bench.score.bootstrap import patient_numbers
from bench.score.proportion import clopper_pearson, sign_flip
from bench.score.rounding import rounded

FALLS, LEARNT, MEMORISED = "falls on copies", "learnt this seed", "memorised"
COUNTED = (FALLS, LEARNT, MEMORISED)

EASE, SPREAD = 1.6, 1.2
"""Mean and standard deviation of the log odds of a right answer over records: three answers of four are right."""

WAVERING = 0.05
"""Share of answers that a copy makes the reader draw anew."""

DECIDING = 2
"""Comparisons that decide beside phantoms of a published seed: with copies, and with fresh phantoms."""


@dataclass(frozen=True)
class SimulatedReader:
    """A reader of known behaviour.

    Attributes
    ----------
    name : str
    knows : {"nothing", "brittle", "by heart"}
        Whether it is honest, honest and worse on any copy, or has memorised some of the published records.
    learnt : float
        Share of the published records that it has memorised.
    lost : float
        Share of its right answers that any copy takes away.
    tolerant : bool
        Whether it recognises copies of what it has memorised, which then cannot tell.
    """

    name: str
    knows: Literal["nothing", "brittle", "by heart"]
    learnt: float = 0.0
    lost: float = 0.0
    tolerant: bool = False


READERS = (
    SimulatedReader("honest", "nothing"),
    SimulatedReader("honest, brittle", "brittle", lost=0.1),
    *(
        SimulatedReader(f"knows {100 * share:.0f}% by heart", "by heart", learnt=share)
        for share in (0.1, 0.25, 0.5, 1.0)
    ),
    SimulatedReader("knows 50%, and copies", "by heart", learnt=0.5, tolerant=True),
)


@dataclass(frozen=True)
class SimulatedVerdicts:
    """How often each finding was said of a reader, on any axis or on all together."""

    reader: SimulatedReader
    rates: Mapping[str, Rate]


def simulate_contamination(
    cohort: Cohort, trials: int, seed: int = 0, observer: Observer = SILENT
) -> tuple[SimulatedVerdicts, ...]:
    """Return how often each verdict falls on readers of known behaviour, each drawn anew in every trial.

    Parameters
    ----------
    cohort : Cohort
        Whose labels and patients are taken; recordings are not needed.
    trials, seed : int
    observer : Observer
    """
    truths = cohort.truths()
    labelled = {
        axis: [record.ecg_id for record in cohort if truths[record.ecg_id].values[axis] is not None]
        for axis in WAVEFORM_AXES
    }
    patients = {record.ecg_id: record.patient_id for record in cohort}
    counts = {reader.name: dict.fromkeys(COUNTED, 0) for reader in READERS}
    with observer.progress("simulating memory", "trials") as report:
        for trial in range(trials):
            for number, reader in enumerate(READERS):
                chance = np.random.default_rng((seed, trial, number))
                for finding in _findings(reader, labelled, patients, chance):
                    counts[reader.name][finding] += 1
            report(trial + 1, trials)
    return tuple(
        SimulatedVerdicts(
            reader,
            {name: Rate(count, trials, clopper_pearson(count, trials)) for name, count in counts[reader.name].items()},
        )
        for reader in READERS
    )


def _findings(
    reader: SimulatedReader,
    labelled: Mapping[str, Sequence[RecordId]],
    patients: Mapping[RecordId, RecordId],
    chance: np.random.Generator,
) -> set[str]:
    ids = list(patients)
    ease = 1 / (1 + np.exp(-(EASE + SPREAD * chance.standard_normal(len(ids)))))
    learnt = chance.random(len(ids)) < reader.learnt
    arms: list[dict[str, dict[RecordId, bool]]] = [{}, {}, {}, {}]
    for axis, known in labelled.items():
        fresh = chance.random(len(ids)) < ease
        read = chance.random(len(ids)) < ease
        copy, fresh_copy = (_of_copy(one, ease, reader.lost, chance) for one in (read, fresh))
        copy = copy | learnt if reader.tolerant else copy
        wanted = set(known)
        for arm, right in zip(arms, (read | learnt, copy, fresh, fresh_copy), strict=True):
            arm[axis] = {ecg_id: bool(one) for ecg_id, one in zip(ids, right, strict=True) if ecg_id in wanted}
    published, copies, phantoms, phantom_copies = arms
    on_copies = drops(published, copies, patients, Rule(DECIDING, LEAST), without_interval)
    on_fresh = drops(published, phantoms, patients, Rule(DECIDING), without_interval)
    between = drops(phantoms, phantom_copies, patients, Rule(DECIDING), without_interval)[0]
    more = excess((published, copies), (phantoms, phantom_copies), patients, without_interval)
    cause = words.of_cause(on_copies[0], between, more, is_exchangeable=True)
    said = {FALLS: any(one.is_found for one in on_copies), LEARNT: any(one.is_significant for one in on_fresh)}
    return {name for name, is_said in {**said, MEMORISED: cause.startswith(words.MEMORISED + ":")}.items() if is_said}


def _of_copy(
    right: NDArray[np.bool_], ease: NDArray[np.float64], lost: float, chance: np.random.Generator
) -> NDArray[np.bool_]:
    anew = chance.random(len(right)) < WAVERING
    answers = np.where(anew, chance.random(len(right)) < ease, right)
    return np.asarray(answers & (chance.random(len(right)) >= lost))


def without_interval(
    patients: Sequence[RecordId], first: NDArray[np.float64], second: NDArray[np.float64]
) -> Figure | None:
    """Return the difference of two shares with its p, as :func:`bench.evidence.figure.difference`, and no interval."""
    if not len(patients):
        return None
    values = first - second
    gains = np.bincount(patient_numbers(patients), weights=values).round().astype(np.int64)
    return Figure(len(patients), rounded(values.mean()), None, rounded(sign_flip(gains)))
