"""From ``--split``, ``--ids`` and ``--limit`` to records."""

from bench.dataset import Dataset, Record, records_of
from taxonomy.error import SettingError


def select(dataset: Dataset, split: str, ids: str | None, limit: int | None, with_signal: bool = True) -> list[Record]:
    """Return the records that ``--split``, ``--ids`` and ``--limit`` name; all rows if no signal is needed.

    Raises
    ------
    SettingError
        When there is none with a signal.
    """
    records = [dataset.record(ecg_id) for ecg_id in parsed_ids(ids)] if ids else records_of(dataset, split, with_signal)
    if not records:
        raise SettingError(
            f"no record of split {split!r} has a signal in this folder: 'bench data verify' says what is missing"
        )
    return records[:limit]


def parsed_ids(written: str) -> tuple[int, ...]:
    """Return the ids of ``--ids``.

    Raises
    ------
    SettingError
        When a part is no whole number, or one stands twice.
    """
    parts = [part.strip() for part in written.split(",") if part.strip()]
    wrong = [part for part in parts if not part.isdecimal()]
    if wrong or not parts:
        raise SettingError(f"--ids takes whole numbers parted by commas, not {wrong[0] if wrong else written!r}")
    ids = tuple(int(part) for part in parts)
    twice = [ecg_id for ecg_id in ids if ids.count(ecg_id) > 1]
    if twice:
        raise SettingError(f"--ids names record {twice[0]} twice")
    return ids
