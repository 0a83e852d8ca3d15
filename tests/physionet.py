"""Phantoms written to disk as PhysioNet publishes PTB-XL: the tables, and WFDB records of format 16."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.phantom import Phantoms
from renderers import LEADS
from taxonomy.statement import statements

FOLDS = {"train": 1, "val": 9, "test": 10}


def microvolts(phantoms: Phantoms, number: int, fs: int) -> NDArray[np.int16]:
    """Return a phantom as PTB-XL stores a record: int16 (12, n) in microvolts."""
    return np.round(phantoms.draw(number).simulated(fs=fs).mv * 1000).astype(np.int16)


def write_record(folder: Path, name: str, samples: NDArray[np.int16], fs: int, leads: Sequence[str] = LEADS) -> None:
    """Write int16 (12, n) in microvolts as WFDB does: header and format 16."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".dat").write_bytes(np.ascontiguousarray(samples.T.astype("<i2")).tobytes())
    lines = [f"{path.name} {len(leads)} {fs} {samples.shape[1]}"]
    for lead, values in zip(leads, samples, strict=True):
        total = (int(values.astype(np.int64).sum()) + 32768) % 65536 - 32768
        lines.append(f"{path.name}.dat 16 1000.0(0)/mV 16 0 {values[0]} {total} 0 {lead}")
    path.with_suffix(".hea").write_text("\n".join(lines) + "\n")


def table_row(phantoms: Phantoms, number: int) -> dict[str, object]:
    """Return what PTB-XL's table would say of a phantom."""
    one, record = phantoms.draw(number), phantoms.record(number)
    return {
        "ecg_id": number,
        "patient_id": float(number),
        "age": float(one.age),
        "sex": int(one.sex == "female"),
        "report": "simulated",
        "scp_codes": str({code: 0.0 if code in {"SR", "SBRAD"} else 100.0 for code in sorted(one.codes)}),
        "heart_axis": "",
        "infarction_stadium1": one.stadium or "",
        "strat_fold": FOLDS[str(record.fold)],
        "filename_lr": f"records100/{number // 1000 * 1000:05d}/{number:05d}_lr",
        "filename_hr": f"records500/{number // 1000 * 1000:05d}/{number:05d}_hr",
    }


def write_tables(folder: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write ``ptbxl_database.csv`` with these rows, and ``scp_statements.csv`` with the codes of the statements."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "ptbxl_database.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    (folder / "scp_statements.csv").write_text("code\n" + "".join(f"{code}\n" for code in statements()))


def read_rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a folder's ``ptbxl_database.csv``."""
    with (folder / "ptbxl_database.csv").open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


def change_row(folder: Path, ecg_id: int, **cells: str) -> None:
    """Change cells of one row of a folder's ``ptbxl_database.csv``."""
    rows = read_rows(folder)
    next(row for row in rows if row["ecg_id"] == str(ecg_id)).update(cells)
    write_tables(folder, rows)


def write_folder(folder: Path, phantoms: Phantoms, numbers: Sequence[int], with_signal: Sequence[int] = ()) -> Path:
    """Write phantoms as a PTB-XL folder; those of ``with_signal`` have a recording, at 100 Hz."""
    rows = {number: table_row(phantoms, number) for number in numbers}
    write_tables(folder, list(rows.values()))
    for number in with_signal:
        write_record(folder, str(rows[number]["filename_lr"]), microvolts(phantoms, number, 100), 100)
    return folder
