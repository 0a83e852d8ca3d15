"""From ``--split``, ``--ids`` and ``--limit`` to records."""

from bench.cli.option import SelectionError, parsed_ids
from bench.dataset import Dataset, Record, records_of


def select(dataset: Dataset, split: str, ids: str | None, limit: int | None) -> list[Record]:
    """Return the records that ``--split``, ``--ids`` and ``--limit`` name.

    Raises
    ------
    SelectionError
        When there is none with a signal.
    """
    records = [dataset.record(ecg_id) for ecg_id in parsed_ids(ids)] if ids else records_of(dataset, split)
    if not records:
        raise SelectionError(
            f"no record of split {split!r} has a signal in this folder: 'bench data verify' says what is missing"
        )
    return records[:limit]
