"""Measurements of records, cached on disk for large cohorts: the whole of PTB-XL takes minutes.

The cache is keyed by the signals' checksums and the version of the measurements, so it cannot be stale.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from bench.dataset.record import RecordId
from bench.storage import cache_folder, set_aside, write_whole
from measurements import VERSION, Measurements
from taxonomy.error import FileError
from taxonomy.outside import MEBIBYTE, Bounds, object_in

UNMEASURED = Measurements.none("no signal at hand")
"""Measurements of a record without a signal."""

LARGEST = Bounds(size=512 * MEBIBYTE)
"""What a cache file may be: that of all of PTB-XL is a fiftieth of it."""

WORTH_CACHING = 500
"""Records from which measurements are cached; fewer are measured in two seconds."""


def cache_file(fingerprint: str) -> Path:
    """Return the cache file of the records with that fingerprint."""
    return cache_folder() / f"measurements-{VERSION}-{fingerprint}.json"


def kept(path: Path) -> Mapping[str, Measurements]:
    """Return the measurements in a cache file by id, as strings; empty without a file.

    A file that is damaged is set aside and said; raises :class:`taxonomy.error.StorageError` when it cannot be.
    """
    if not os.path.lexists(path):
        return {}
    try:
        return {ecg_id: _measurements(path, data) for ecg_id, data in object_in(path, bounds=LARGEST).items()}
    except FileError as error:
        set_aside(path, error)
        return {}


def _measurements(path: Path, data: object) -> Measurements:
    if not isinstance(data, dict):
        raise FileError(f"{path} cannot be read: it holds no measurements")
    try:
        return Measurements.from_json(data)
    except ValueError as error:
        raise FileError(f"{path} cannot be read: {error}") from error


def keep(path: Path, measurements: Mapping[RecordId, Measurements]) -> None:
    """Write a cache file; raises :class:`taxonomy.error.StorageError` when it cannot be written."""
    write_whole(path, json.dumps({ecg_id: numbers.to_json() for ecg_id, numbers in measurements.items()}))
