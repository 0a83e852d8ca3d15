"""How good and how fast are the waveform measurements? Prints the table of the README.

    python benchmarks/measurement_accuracy.py --data PTBXL_DIR

Needs a PTB-XL folder with records500 (any part of it); ecgdeli's figures come from measurements_reference/ecgdeli.csv.
Where only the embedded sample is at hand, its 500 Hz records (folds 9 and 10) are measured.
"""

import argparse
import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from bench.dataset import Record, open_dataset
from bench.dataset.ptbxl_table import TabledDataset
from measurements import Measurements, measure
from taxonomy.truth import HEART_AXIS, Labels, axis_of

REFERENCE = Path(__file__).parent / "measurements_reference" / "ecgdeli.csv"


@dataclass(frozen=True, eq=False)
class Measured:
    """One record, what the table says of it, what was measured on it, and how long it took."""

    record: Record
    labels: Labels
    found: Measurements
    seconds: float

    def says(self, *codes: str) -> bool:
        """Tell whether the record is labelled with one of the statements."""
        return not self.labels.scp_codes.keys().isdisjoint(codes)


def timed(record: Record, labels: Labels, fs: int) -> Measured:
    """Measure one record."""
    signal = record.signal(fs)
    start = time.process_time()
    found = measure(signal.mv, signal.fs)
    return Measured(record, labels, found, time.process_time() - start)


def against_reference(records: list[Measured], name: str) -> str:
    """Return the median and quartiles of the paired differences from ecgdeli."""
    with REFERENCE.open(newline="", encoding="utf-8") as table:
        reference = {int(row["ecg_id"]): float(row[name]) for row in csv.DictReader(table)}
    pairs = [(getattr(m.found, name).value, reference.get(m.record.ecg_id, np.nan)) for m in records]
    gaps = [value - other for value, other in pairs if value is not None and np.isfinite(other)]
    low, middle, high = np.percentile(gaps, [25, 50, 75])
    return f"{middle:+.0f} ms [{low:+.0f}, {high:+.0f}] | {len(gaps)}"


def area(records: list[Measured], name: str, codes: tuple[str, ...]) -> str:
    """Return the area under the ROC curve of one measurement for some statements."""
    known = [m for m in records if getattr(m.found, name).value is not None]
    truth = [m.says(*codes) for m in known]
    if not 0 < sum(truth) < len(truth):
        return "no case | 0"
    area = roc_auc_score(truth, [getattr(m.found, name).value for m in known])
    return f"{area:.3f} | {len(known)} ({sum(truth)} positive, {len(records) - len(known)} not measurable)"


def rate_side(records: list[Measured]) -> str:
    """Return how often the rate is on the side of 60 or 100 that SBRAD and STACH say."""
    rates = [(m.found.heart_rate.value, m.says("SBRAD")) for m in records if m.says("SBRAD", "STACH")]
    right = [rate is not None and (rate < 60 if slow else rate > 100) for rate, slow in rates]
    return f"{np.mean(right):.1%} | {len(right)}" if right else "no case | 0"


def axis_side(records: list[Measured]) -> str:
    """Return how often the measured QRS axis agrees with MID, ALAD, RAD and ARAD."""
    known = [m for m in records if m.labels.heart_axis in {"MID", "ALAD", "RAD", "ARAD"}]
    right = [
        m.found.qrs_axis.value is not None and axis_of(m.found.qrs_axis.value) == HEART_AXIS[m.labels.heart_axis or ""]
        for m in known
    ]
    return f"{np.mean(right):.1%} | {len(right)}" if right else "no case | 0"


def without_pr(records: list[Measured], *codes: str) -> str:
    """Return how often PR is called not measurable among some records."""
    some = [m.found.pr.value is None for m in records if m.says(*codes)]
    return f"{sum(some)} of {len(some)} | {len(some)}"


def main() -> None:
    """Print one table for 500 Hz and one for 100 Hz, over all records and over folds 9 and 10."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    dataset = open_dataset(parser.parse_args().data)
    assert isinstance(dataset, TabledDataset)
    late = {*dataset.split("val").folds, *dataset.split("test").folds}
    for fs in (500, 100):
        measured = [timed(one, dataset.labels(one.ecg_id), fs) for one in dataset if fs in one.rates]
        for title, part in (
            ("all folds", measured),
            ("folds 9 and 10", [m for m in measured if m.record.fold in late]),
        ):
            print(f"\n## {fs} Hz, {title}: {len(part)} records\n\n| figure | value | n |\n|---|---|---|")
            print(f"| records per second, one process | {len(part) / sum(m.seconds for m in part):.0f} | {len(part)} |")
            for name in ("pr", "qrs", "qt"):
                print(f"| {name.upper()} minus ecgdeli's, median [quartiles] | {against_reference(part, name)} |")
            print(f"| rate on the right side for SBRAD and STACH | {rate_side(part)} |")
            print(f"| QRS axis agrees with MID, ALAD, RAD, ARAD | {axis_side(part)} |")
            print(f"| ROC area of QRS duration for CLBBB or CRBBB | {area(part, 'qrs', ('CLBBB', 'CRBBB'))} |")
            print(f"| ROC area of PR for 1AVB | {area(part, 'pr', ('1AVB',))} |")
            print(f"| PR not measurable in AFIB | {without_pr(part, 'AFIB')} |")
            print(f"| PR not measurable in NORM | {without_pr(part, 'NORM')} |")


if __name__ == "__main__":
    main()
