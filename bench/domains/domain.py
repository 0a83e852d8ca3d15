"""A domain, which is the records of one source, and what a reader answered on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from bench.dataset import Cohort, Dataset, Record, RecordId
from bench.dataset.measurement_cache import UNMEASURED
from taxonomy.error import unknown_name
from taxonomy.reading import Reading
from taxonomy.truth import Truth

Protocol = Literal["intra-source", "leave-one-out", "zero-shot"]

INTRA, HELD_OUT, ZERO_SHOT = PROTOCOLS = get_args(Protocol)
"""Taught other patients of the domain itself (cross-validated); taught every other domain; taught elsewhere."""


@dataclass(frozen=True, eq=False)
class Domain:
    """The records of one hospital or source.

    Attributes
    ----------
    name : str
        Such as ``georgia``; no two domains of a study have the same.
    dataset : Dataset
    records : tuple of Record
        Those with a signal, in ascending id. Ids of two domains may be the same: a record is told by both.
    lenient : Dataset or None
        The same records with labels mapped leniently, where the dataset has such a mapping.
    """

    name: str
    dataset: Dataset
    records: tuple[Record, ...]
    lenient: Dataset | None = None

    @property
    def cohort(self) -> Cohort:
        """The records as a cohort."""
        return Cohort(self.dataset, self.records, self.name)

    @cached_property
    def truths(self) -> Mapping[RecordId, Truth]:
        """The truth of every record."""
        return self.cohort.truths()

    @cached_property
    def lenient_truths(self) -> Mapping[RecordId, Truth] | None:
        """The truth of every record as mapped leniently; None where there is no such mapping."""
        if self.lenient is None:
            return None
        # The same signals: what was measured of them for the strict truth is not measured again.
        numbers = self.cohort.measure() if self.lenient.truth_is_measured else {}
        return {
            record.ecg_id: self.lenient.truth(
                self.lenient.record(record.ecg_id), numbers.get(record.ecg_id, UNMEASURED)
            )
            for record in self.records
        }


@dataclass(frozen=True, eq=False)
class Answered:
    """What one arm answered on the records of one domain under one protocol.

    Attributes
    ----------
    arm : str
        The reader, or the name of the training configuration.
    protocol : str
    domain : Domain
    readings : mapping of int or str to Reading
        Of every record of the domain, by id; each by a model that was not taught the record or its patient.
    taught : mapping of str to int
        Training records by domain: of ``intra-source`` the mean over the folds; empty for ``zero-shot``.
    contaminated : frozenset of int or str
        Records that lie, by the reader's own account, in folds that it was taught: its answers on them are no test.
        Of ``zero-shot`` alone; the other protocols have none.
    networks : mapping of int or str to int
        By id, which of several networks answered: those of ``intra-source`` are one a fold. Their probabilities are
        not ranked against one another. Without it one network answered all.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such protocol.
    """

    arm: str
    protocol: Protocol
    domain: Domain
    readings: Mapping[RecordId, Reading]
    taught: Mapping[str, float] = field(default_factory=dict)
    contaminated: frozenset[RecordId] = frozenset()
    networks: Mapping[RecordId, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise unknown_name("protocol", self.protocol, PROTOCOLS)
