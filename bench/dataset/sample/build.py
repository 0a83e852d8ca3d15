"""Build the embedded sample from every record of a PTB-XL folder that is present at both rates.

``python -m bench.dataset.sample.build FOLDER``
"""

import argparse
import csv
import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.ptbxl import PtbXl
from bench.dataset.record import Record, RecordId
from bench.dataset.sample.codec import pack
from bench.dataset.sample.sample import FINE_FOLDS, MICROVOLTS, block_name, digest


def build(folder: Path, target: Path) -> None:
    """Write the tables, packed folds and digests of ``folder``'s records to ``target``."""
    dataset = PtbXl(folder)
    records = [record for record in dataset if set(record.rates) == {100, 500}]
    _copy_rows(folder / "ptbxl_database.csv", target / "records.csv", {record.ecg_id for record in records})
    shutil.copyfile(folder / "scp_statements.csv", target / "scp_statements.csv")
    digests: dict[str, dict[str, str]] = {}
    for fold in range(1, 11):
        members = [record for record in records if record.fold == fold]
        for fs in (100, 500) if fold in FINE_FOLDS else (100,):
            samples = np.stack([_samples(record, fs) for record in members])
            (target / block_name(fold, fs)).write_bytes(pack(samples))
            for record, leads in zip(members, samples, strict=True):
                digests.setdefault(str(record.ecg_id), {})[str(fs)] = digest(leads)
    (target / "digests.json").write_text(json.dumps(digests, indent=0, sort_keys=True) + "\n", encoding="utf-8")


def _samples(record: Record, fs: int) -> NDArray[np.int16]:
    return np.asarray(np.rint(record.signal(fs).mv * MICROVOLTS), dtype=np.int16)


def _copy_rows(source: Path, target: Path, ids: set[RecordId]) -> None:
    with source.open(newline="", encoding="utf-8") as table, target.open("w", newline="", encoding="utf-8") as out:
        reader = csv.reader(table)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(next(reader))
        writer.writerows(row for row in reader if int(row[0]) in ids)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    build(parser.parse_args().folder, Path(__file__).parent)
