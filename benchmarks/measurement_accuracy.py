"""Accuracy and speed of the waveform measurements on real records. Prints the table of docs/measurements.md.

    python benchmarks/measurement_accuracy.py --data PTBXL_DIR

Needs a PTB-XL folder with some of records500; ecgdeli's figures come from measurements_reference/ecgdeli.csv. On
phantoms, ``benchmarks/phantom_measurements.py`` compares with the exact truth.
"""

import argparse
import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from bench.dataset import Record, open_dataset
from bench.dataset.ptbxl import PtbXl
from measurements import Measurements, measure
from taxonomy.threshold import axis_of
from taxonomy.truth import HEART_AXIS, Labels

REFERENCE = Path(__file__).parent / "measurements_reference" / "ecgdeli.csv"


@dataclass(frozen=True, eq=False)
class Measured:
    """One record with its labels, its measurements and the time that they took."""

    record: Record
    labels: Labels
    numbers: Measurements
    seconds: float

    def says(self, *codes: str) -> bool:
        """Tell whether the record is labelled with one of the statements."""
        return not self.labels.scp_codes.keys().isdisjoint(codes)


def timed(record: Record, labels: Labels, fs: int) -> Measured:
    """Measure one record."""
    signal = record.signal(fs)
    start = time.process_time()
    numbers = measure(signal.mv, signal.fs)
    return Measured(record, labels, numbers, time.process_time() - start)


def against_reference(records: list[Measured], name: str) -> str:
    """Return the median and quartiles of the paired differences from ecgdeli."""
    with REFERENCE.open(newline="", encoding="utf-8") as table:
        reference = {int(row["ecg_id"]): float(row[name]) for row in csv.DictReader(table)}
    pairs = [(getattr(m.numbers, name).value, reference.get(m.record.ecg_id, np.nan)) for m in records]
    gaps = [value - other for value, other in pairs if value is not None and np.isfinite(other)]
    low, middle, high = np.percentile(gaps, [25, 50, 75])
    return f"{middle:+.0f} ms [{low:+.0f}, {high:+.0f}] | {len(gaps)}"


def area(records: list[Measured], name: str, codes: tuple[str, ...]) -> str:
    """Return the area under the ROC curve of one measurement for some statements."""
    usable = [m for m in records if getattr(m.numbers, name).value is not None]
    truth = [m.says(*codes) for m in usable]
    if not 0 < sum(truth) < len(truth):
        return "no case | 0"
    area = roc_auc_score(truth, [getattr(m.numbers, name).value for m in usable])
    return f"{area:.3f} | {len(usable)} ({sum(truth)} positive, {len(records) - len(usable)} not measurable)"


def rate_side(records: list[Measured]) -> str:
    """Return how often the rate is on the side of 60 or 100 that SBRAD and STACH say."""
    rates = [(m.numbers.heart_rate.value, m.says("SBRAD")) for m in records if m.says("SBRAD", "STACH")]
    right = [rate is not None and (rate < 60 if slow else rate > 100) for rate, slow in rates]
    return f"{np.mean(right):.1%} | {len(right)}" if right else "no case | 0"


def axis_side(records: list[Measured]) -> str:
    """Return how often the measured QRS axis agrees with MID, ALAD, RAD and ARAD."""
    usable = [m for m in records if m.labels.heart_axis in {"MID", "ALAD", "RAD", "ARAD"}]
    right = [
        m.numbers.qrs_axis.value is not None
        and axis_of(m.numbers.qrs_axis.value) == HEART_AXIS[m.labels.heart_axis or ""]
        for m in usable
    ]
    return f"{np.mean(right):.1%} | {len(right)}" if right else "no case | 0"


def without_pr(records: list[Measured], *codes: str) -> str:
    """Return how often PR is called not measurable among some records."""
    unmeasured = [m.numbers.pr.value is None for m in records if m.says(*codes)]
    return f"{sum(unmeasured)} of {len(unmeasured)} | {len(unmeasured)}"


def main() -> None:
    """Print a table for 500 Hz and one for 100 Hz, over all records and over the validation and test splits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="PTB-XL's folder")
    dataset = open_dataset(parser.parse_args().data)
    if not isinstance(dataset, PtbXl):
        parser.error(f"--data must name a folder of PTB-XL, not {dataset.title}")
    held_out = {*dataset.split("val").folds, *dataset.split("test").folds}
    for fs in (500, 100):
        measured = [timed(record, dataset.labels(record.ecg_id), fs) for record in dataset if fs in record.rates]
        for title, group in (
            ("all folds", measured),
            ("validation and test", [m for m in measured if m.record.fold in held_out]),
        ):
            print(f"\n## {fs} Hz, {title}: {len(group)} records\n\n| figure | value | n |\n|---|---|---|")
            print(
                f"| records per second, one process | {len(group) / sum(m.seconds for m in group):.0f} | {len(group)} |"
            )
            for name in ("pr", "qrs", "qt"):
                print(f"| {name.upper()} minus ecgdeli's, median [quartiles] | {against_reference(group, name)} |")
            print(f"| rate on the right side for SBRAD and STACH | {rate_side(group)} |")
            print(f"| QRS axis agrees with MID, ALAD, RAD, ARAD | {axis_side(group)} |")
            print(f"| ROC area of QRS duration for CLBBB or CRBBB | {area(group, 'qrs', ('CLBBB', 'CRBBB'))} |")
            print(f"| ROC area of PR for 1AVB | {area(group, 'pr', ('1AVB',))} |")
            print(f"| PR not measurable in AFIB | {without_pr(group, 'AFIB')} |")
            print(f"| PR not measurable in NORM | {without_pr(group, 'NORM')} |")


if __name__ == "__main__":
    main()
