"""Which patients teach, stop and test: dealt by lot, so that no patient is in two parts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.dataset import Cohort, Record, RecordId
from bench.domains.domain import HELD_OUT, INTRA, Domain, Protocol
from bench.training.several import Part
from taxonomy.statement import SUPERCLASSES

FOLDS = 5
LEAST_FOLDS = 3
"""One teaches, one stops, one is held out."""

STOPPING = 10
"""Of the other domains, one patient of so many stops a training."""

_Split = Mapping[str, tuple[tuple[Record, ...], tuple[Record, ...]]]
"""Records that teach and that stop, by domain."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """One training of a study, and the records that it is held out from.

    Attributes
    ----------
    protocol : {"intra-source", "leave-one-out"}
    domain : Domain
        Of the records held out.
    fold : int
        From 1 up; 0 where the whole domain is held out.
    parts : mapping of str to Part
        The records that teach and stop, by domain.
    held_out : tuple of Record
    """

    protocol: Protocol
    domain: Domain
    fold: int
    parts: Mapping[str, Part]
    held_out: tuple[Record, ...]

    @property
    def name(self) -> str:
        """Name of its folder, and of its records: the domain with the fold."""
        return f"{self.domain.name}-fold{self.fold}" if self.fold else self.domain.name

    @property
    def cohort(self) -> Cohort:
        """The records held out, as a cohort."""
        return Cohort(self.domain.dataset, self.held_out, self.name)

    @property
    def taught(self) -> Mapping[str, int]:
        """Records that teach, by domain."""
        return {name: len(part.train) for name, part in self.parts.items()}

    @cached_property
    def stops(self) -> int:
        """Records that stop the training; where there is none its last epoch counts."""
        return sum(len(part.stop) for part in self.parts.values())


def dealt(domain: Domain, parts: int, seed: int = 0) -> tuple[tuple[Record, ...], ...]:
    """Deal a domain's patients by lot into parts of as many patients, one more or less.

    The lot follows from seed, domain and patient alone. Records of each part are in ascending id.
    """
    patients = sorted({record.patient_id for record in domain.records}, key=lambda one: _lot(domain, one, seed))
    place = {patient: number % parts for number, patient in enumerate(patients)}
    return tuple(
        tuple(record for record in domain.records if place[record.patient_id] == part) for part in range(parts)
    )


def patients_of(domain: Domain) -> int:
    """Return how many patients a domain has; as one count those whom it does not tell apart."""
    return len({record.patient_id for record in domain.records})


def why_not_folded(domain: Domain, folds: int) -> str:
    """Return why a domain cannot be cross-validated, in a sentence; empty where it can."""
    patients = patients_of(domain)
    if patients >= folds:
        return ""
    records = len(domain.records)
    who = "which are of one patient, or are not told apart by patient" if patients == 1 else f"of {patients} patients"
    return (
        f"{domain.name} is left out of {INTRA}: {folds} folds need as many patients, and it has {records:,} "
        f"{'record' if records == 1 else 'records'}, {who}"
    )


def folded(domain: Domain, folds: int = FOLDS, seed: int = 0) -> tuple[Lesson, ...]:
    """Return the trainings of a cross-validation by patient: one fold is held out, another stops, the rest teach.

    The fold after the one held out stops the training; where its labels cannot (no superclass has both a record with
    it and one without), the next that can; where none can, none stops it.

    Parameters
    ----------
    domain : Domain
        Of at least as many patients.
    folds : int
        From :data:`LEAST_FOLDS` up.
    seed : int
    """
    every = dealt(domain, folds, seed)
    lessons = []
    for held in range(folds):
        others = [(held + step) % folds for step in range(1, folds)]
        stop = next((number for number in others if can_stop(domain, every[number])), None)
        train = _sorted(domain, [record for number in others if number != stop for record in every[number]])
        stops = () if stop is None else every[stop]
        part = Part(domain.dataset, train, stops, prepared_with=domain.records)
        lessons.append(Lesson(INTRA, domain, held + 1, {domain.name: part}, every[held]))
    return tuple(lessons)


def left_out(domain: Domain, domains: Sequence[Domain], seed: int = 0, size: int | None = None) -> Lesson:
    """Return the training on every other domain, of which one patient in ten stops it.

    Parameters
    ----------
    domain : Domain
        Held out whole.
    domains : sequence of Domain
    seed : int
    size : int, optional
        Records that teach at most, drawn by lot from all other domains.
    """
    others = [other for other in domains if other is not domain]
    split: _Split = {other.name: _taught_and_stopping(other, seed) for other in others}
    if not _can_stop(others, split):
        split = {other.name: (other.records, ()) for other in others}
    if size is not None:
        split = _of_size(others, split, size, seed)
    parts = {
        other.name: Part(other.dataset, *split[other.name], prepared_with=other.records)
        for other in others
        if any(split[other.name])
    }
    return Lesson(HELD_OUT, domain, 0, parts, domain.records)


def matched_size(domain: Domain, folds: int = FOLDS) -> int:
    """Return how many records teach in a cross-validation of a domain: all but two folds, on average."""
    return max(1, round(len(domain.records) * (folds - 2) / folds))


def can_stop(domain: Domain, records: Sequence[Record]) -> bool:
    """Tell whether an AUROC can be computed over records: some superclass is true of one, and not of another."""
    known = [found for record in records if (found := domain.dataset.truth(record).superclasses)]
    return any(0 < sum(name in found for found in known) < len(known) for name in SUPERCLASSES)


def _taught_and_stopping(domain: Domain, seed: int) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    parts = dealt(domain, STOPPING, seed)
    return _sorted(domain, [record for part in parts[:-1] for record in part]), parts[-1]


def _can_stop(domains: Sequence[Domain], split: _Split) -> bool:
    return any(can_stop(domain, split[domain.name][1]) for domain in domains)


def _of_size(domains: Sequence[Domain], split: _Split, size: int, seed: int) -> _Split:
    """Return the split with so many records that teach, drawn by lot from all domains together."""
    every = [(domain, record) for domain in domains for record in split[domain.name][0]]
    drawn = sorted(every, key=lambda one: _lot(one[0], one[1].ecg_id, seed))[:size]
    chosen = {(domain.name, record.ecg_id) for domain, record in drawn}
    return {
        name: (tuple(record for record in train if (name, record.ecg_id) in chosen), stop)
        for name, (train, stop) in split.items()
    }


def _sorted(domain: Domain, records: Sequence[Record]) -> tuple[Record, ...]:
    """Return records in the domain's order."""
    chosen = {record.ecg_id for record in records}
    return tuple(record for record in domain.records if record.ecg_id in chosen)


def _lot(domain: Domain, one: RecordId, seed: int) -> bytes:
    return hashlib.sha256(f"domains {seed} {domain.name} {one!r}".encode()).digest()
