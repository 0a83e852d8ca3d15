import csv
import io
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from renderers import LEADS

CHOSEN = (9, 20, 38, 40)


def write_record(folder: Path, name: str, samples, fs: int, leads=LEADS) -> None:
    """Write int16 (12, n) in microvolts as WFDB does: header and format 16."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".dat").write_bytes(np.ascontiguousarray(samples.T.astype("<i2")).tobytes())
    lines = [f"{path.name} {len(leads)} {fs} {samples.shape[1]}"]
    for lead, values in zip(leads, samples, strict=True):
        total = (int(values.astype(np.int64).sum()) + 32768) % 65536 - 32768
        lines.append(f"{path.name}.dat 16 1000.0(0)/mV 16 0 {values[0]} {total} 0 {lead}")
    path.with_suffix(".hea").write_text("\n".join(lines) + "\n")


@pytest.fixture
def physionet_folder(sample, tmp_path) -> Path:
    """A PTB-XL folder with the signals of four real records at 100 Hz, and two more that are only in the table."""
    table = files("bench.dataset.sample").joinpath("records.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(table)))
    wanted = [row for row in rows if int(row["ecg_id"]) in (*CHOSEN, 1, 2)]
    folder = tmp_path / "ptbxl"
    folder.mkdir()
    with (folder / "ptbxl_database.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(wanted)
    for row in wanted:
        if int(row["ecg_id"]) in CHOSEN:
            write_record(folder, row["filename_lr"], sample.samples(int(row["ecg_id"]), 100), 100)
    return folder
