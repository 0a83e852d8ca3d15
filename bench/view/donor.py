"""Donors: the other patient whose numbers stand in for a record's own, drawn by lot and blind to the truth."""

import random
from collections.abc import Iterable, Mapping, Sequence

from bench.dataset import Record, RecordId
from bench.dataset.record import by_id
from taxonomy.error import DatasetError

SHUFFLES = 100
"""Shuffles after which the last one is mended: a fold in which one patient has many records would need thousands."""


def donors(records: Iterable[Record], seed: int, draw: int = 1) -> dict[RecordId, Record]:
    """Return the donor of each record: a random one-to-one assignment of each fold's records among themselves.

    Every record has one donor and is the donor of one record, and the two are never of the same patient. Ids, patients,
    folds and the lot alone decide, never the truth or the order of the records, so the truth of a record and that of
    its donor are independent. An assignment without a clash of patients is drawn from all of these alike; where
    :data:`SHUFFLES` draws do not find one, the clashes of the last are swapped away.

    Of a patient with more than half of the records of a fold, as many as the others have are taken, by lot; the rest
    are neither asked nor donors, and left out here.

    Parameters
    ----------
    records : iterable of Record
    seed : int
    draw : int
        Number of the draw; draws of one seed are independent.

    Returns
    -------
    dict of RecordId to Record
        The donor by ``ecg_id``.

    Raises
    ------
    DatasetError
        When the records of a fold are all of one patient.
    """
    folds: dict[RecordId, list[Record]] = {}
    for record in sorted(records, key=lambda record: by_id(record.ecg_id)):
        folds.setdefault(record.fold, []).append(record)
    found: dict[RecordId, Record] = {}
    for fold, members in folds.items():
        lot = random.Random(f"donors {seed} {draw} {fold}")
        able = _balanced(members, lot)
        if not able:
            raise DatasetError(
                f"nobody's numbers can stand in for those of record {members[0].ecg_id}: all that is asked "
                f"of fold {fold} is of one patient; ask for more records"
            )
        found.update(zip((record.ecg_id for record in able), _assigned(able, lot), strict=True))
    return found


def _balanced(records: Sequence[Record], lot: random.Random) -> list[Record]:
    """Return the records of a fold, fewer of a patient who has more than half of them."""
    by_patient: dict[RecordId, list[Record]] = {}
    for record in records:
        by_patient.setdefault(record.patient_id, []).append(record)
    most = max(by_patient.values(), key=len)
    excess = 2 * len(most) - len(records)
    left_out = {record.ecg_id for record in lot.sample(most, excess)} if excess > 0 else set()
    return [record for record in records if record.ecg_id not in left_out]


def _assigned(records: Sequence[Record], lot: random.Random) -> list[Record]:
    """Return the donors of records of which no patient has more than half, in the order of the records."""
    chosen = list(records)
    for _ in range(SHUFFLES):
        lot.shuffle(chosen)
        if not any(map(_clash, records, chosen)):
            return chosen
    for place, record in enumerate(records):
        if _clash(record, chosen[place]):
            # No patient has more than half, so there is such a place, and the swap makes no new clash.
            free = [at for at, own in enumerate(records) if not (_clash(record, own) or _clash(record, chosen[at]))]
            other = lot.choice(free)
            chosen[place], chosen[other] = chosen[other], chosen[place]
    return chosen


def _clash(record: Record, donor: Record) -> bool:
    return record.patient_id == donor.patient_id


def donor_of(record: Record, chosen: Mapping[RecordId, Record]) -> Record:
    """Return the donor of one record.

    Raises
    ------
    DatasetError
        When the record was left out of the assignment.
    """
    if record.ecg_id not in chosen:
        raise DatasetError(f"record {record.ecg_id} has no other patient whose numbers could be shown")
    return chosen[record.ecg_id]
