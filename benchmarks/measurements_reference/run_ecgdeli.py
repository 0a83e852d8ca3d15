"""Measure PR, QRS and QT with ecgdeli, the reference of `benchmarks/measurement_accuracy.py`.

ecgdeli 1.0.0 is GPL-3 and takes two seconds a record, so it runs in an environment of its own.

    python -m venv reference && reference/bin/pip install ecgdeli==1.0.0 wfdb
    reference/bin/python benchmarks/measurements_reference/run_ecgdeli.py PTBXL_DIR ecgdeli.csv

Reads every 500 Hz record of the folder; each figure is the median over beats of the consensus of the twelve leads.
Records already in the output are skipped, so an interrupted run can be resumed.
"""

import argparse
import csv
import sys
from pathlib import Path

import ecgdeli
import numpy as np
import wfdb

COLUMNS = ("ecg_id", "pr", "qrs", "qt")


def intervals(record: Path) -> list[float]:
    """Return the medians of PR (onset to onset), QRS and QT in milliseconds."""
    signal = wfdb.rdrecord(str(record)).p_signal
    beats = ecgdeli.annotate(ecgdeli.filter_ecg(signal, 500.0), 500.0).intervals()
    return [
        float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")
        for values in (beats.pq, beats.qrs_duration, beats.qt)
    ]


def main() -> int:
    """Append a row for each record missing from the output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    done = set()
    if options.output.is_file():
        done = {row["ecg_id"] for row in csv.DictReader(options.output.open(newline=""))}
    with options.output.open("a", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        if not done:
            writer.writerow(COLUMNS)
        for header in sorted((options.folder / "records500").rglob("*_hr.hea")):
            ecg_id = str(int(header.stem.split("_")[0]))
            if ecg_id in done:
                continue
            try:
                row = intervals(header.with_suffix(""))
            except (ecgdeli.MatlabError, ValueError, IndexError) as error:
                print(f"record {ecg_id}: {error}", file=sys.stderr)
                row = [float("nan")] * 3
            writer.writerow([ecg_id, *(f"{value:.1f}" for value in row)])
            out.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
