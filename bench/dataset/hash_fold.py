"""Folds by a published rule, for datasets that come without any."""

import hashlib

from bench.dataset.record import RecordId

FOLDS = 10
TAUGHT, VALIDATED, TESTED = tuple(range(1, 9)), (9,), (10,)
"""Folds that train, validate and test, as PTB-XL's."""


def hash_fold(dataset: str, patient: RecordId) -> int:
    """Return a patient's fold, 1 to 10: SHA-256 of dataset and patient, modulo 10, plus 1."""
    return int.from_bytes(hashlib.sha256(f"{dataset} {patient}".encode()).digest(), "big") % FOLDS + 1
