"""Records drawn by lot, and the order by lot in which they are asked.

Both follow from a seed and the records' ids alone, so that they are the same on every machine.
"""

import hashlib
from collections.abc import Sequence

from bench.dataset.record import Record, by_id


def drawn(records: Sequence[Record], count: int, seed: int = 0) -> tuple[Record, ...]:
    """Return ``count`` records drawn by lot, in ascending id; a larger draw holds every smaller one of the same seed.

    The lowest ids would be no fair sample: they are PTB-XL's oldest recordings, 53% of them normal against 43%.
    """
    chosen = sorted(records, key=lambda record: _lot("drawn", seed, record))[:count]
    return tuple(sorted(chosen, key=lambda record: by_id(record.ecg_id)))


def in_random_order(records: Sequence[Record], seed: int = 0, shown: str = "") -> list[Record]:
    """Return the records in the order in which they are asked, so that a record's place tells nothing of it.

    Parameters
    ----------
    records : sequence of Record
    seed : int
    shown : str
        The condition: each has an order of its own, so that a place does not tell the same record twice either.
    """
    return sorted(records, key=lambda record: _lot(f"asked {shown}", seed, record))


def _lot(purpose: str, seed: int, record: Record) -> bytes:
    return hashlib.sha256(f"{purpose} {seed} {record.ecg_id}".encode()).digest()
