"""Accuracy and speed of the waveform measurements on real records. Prints the table of docs/measurements.md.

    python benchmarks/measurement_accuracy.py --data PTBXL_DIR [--statements 12SL_STATEMENTS_CSV]

Needs a PTB-XL folder with some of records500; ecgdeli's figures come from measurements_reference/ecgdeli.csv, 12SL's
statements from PTB-XL+ (``labels/12sl_statements.csv``, or the same compressed). A wholly normal record is one whose
truth is normal: the diagnosis NORM, and no abnormal finding, rhythm or conduction beside it. Its abnormal numbers are
those beyond the limits of ``taxonomy/threshold.py`` (AHA/ACC/HRS 2009): PR above 200 ms, QRS of 120 ms and more, QTc
(Bazett) of 450 ms and more in men, of 460 ms in women. PR below 120 ms is counted apart: it is abnormal only in
pre-excitation. On phantoms, ``benchmarks/phantom_measurements.py`` compares with the exact truth.
"""

import argparse
import ast
import csv
import gzip
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from bench.dataset import Record, open_dataset
from bench.dataset.ptbxl import PtbXl
from measurements import Measurements, measure
from taxonomy.axis import NORMALITY
from taxonomy.threshold import PR_LIMIT, PRE_EXCITED_PR, QRS_LIMITS, QTC_LIMITS, axis_of
from taxonomy.truth import HEART_AXIS, Labels

REFERENCE = Path(__file__).parent / "measurements_reference" / "ecgdeli.csv"


BLOCKS = ("LBBB", "RBBB", "BIFB")
"""12SL's statements of a bundle branch block, alone or with a fascicular one."""

NEAR = 2
"""Beats per minute by which both detectors may differ."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One record with its labels, its measurements, the time that they took, and 12SL's statements where given."""

    record: Record
    labels: Labels
    is_normal: bool
    numbers: Measurements
    seconds: float
    statements: frozenset[str] | None = None

    def says(self, *codes: str) -> bool:
        """Tell whether the record is labelled with one of the statements."""
        return not self.labels.scp_codes.keys().isdisjoint(codes)

    def states(self, *statements: str) -> bool:
        """Tell whether 12SL gives one of the statements."""
        return not (self.statements or frozenset()).isdisjoint(statements)

    @property
    def abnormal(self) -> frozenset[str]:
        """The measurements that are beyond their limits."""
        numbers = self.numbers
        pr, qrs, qtc = (one.printed for one in (numbers.pr, numbers.qrs, numbers.qtc_bazett))
        longest = QTC_LIMITS[self.record.sex == "female"]
        found = {
            "PR": pr is not None and pr > PR_LIMIT,
            "short PR": pr is not None and pr < PRE_EXCITED_PR,
            "QRS": qrs is not None and qrs >= QRS_LIMITS[1],
            "QTc": qtc is not None and qtc >= longest,
        }
        return frozenset(name for name, is_abnormal in found.items() if is_abnormal)


def timed(dataset: PtbXl, record: Record, fs: int, statements: frozenset[str] | None) -> Measured:
    """Measure one record."""
    signal = record.signal(fs)
    labels, is_normal = dataset.labels(record.ecg_id), dataset.truth(record).values[NORMALITY.name] == "normal"
    start = time.process_time()
    numbers = measure(signal.mv, signal.fs)
    return Measured(record, labels, is_normal, numbers, time.process_time() - start, statements)


def statements_of(path: Path) -> Mapping[int, frozenset[str]]:
    """Return 12SL's statements by record from the table of PTB-XL+."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(newline="", encoding="utf-8") as table:
        rows = csv.DictReader(table)
        return {int(row["ecg_id"]): frozenset(ast.literal_eval(row["statements"])) for row in rows}


def against_reference(records: list[Measured], name: str) -> str:
    """Return the median and quartiles of the paired differences from ecgdeli."""
    with REFERENCE.open(newline="", encoding="utf-8") as table:
        reference = {int(row["ecg_id"]): float(row[name]) for row in csv.DictReader(table)}
    pairs = [(getattr(m.numbers, name).value, reference.get(m.record.ecg_id, np.nan)) for m in records]
    gaps = [value - other for value, other in pairs if value is not None and np.isfinite(other)]
    low, middle, high = np.percentile(gaps, [25, 50, 75])
    return f"{middle:+.0f} ms [{low:+.0f}, {high:+.0f}] | {len(gaps)}"


def area(records: list[Measured], name: str, is_positive: Callable[[Measured], bool]) -> str:
    """Return the area under the ROC curve of one measurement for some statements."""
    usable = [m for m in records if getattr(m.numbers, name).value is not None]
    truth = [is_positive(m) for m in usable]
    if not 0 < sum(truth) < len(truth):
        return "no case | 0"
    area = roc_auc_score(truth, [getattr(m.numbers, name).value for m in usable])
    return f"{area:.3f} | {len(usable)} ({sum(truth)} positive, {len(records) - len(usable)} not measurable)"


def quantiles(records: list[Measured], name: str) -> str:
    """Return the 5th, 50th and 95th percentile of one measurement."""
    values = [value for m in records if (value := getattr(m.numbers, name).value) is not None]
    return f"{'/'.join(f'{value:.0f}' for value in np.percentile(values, [5, 50, 95]))} | {len(values)}"


def abnormal(records: list[Measured], names: Collection[str]) -> str:
    """Return how many records have a measurement of these beyond its limits."""
    found = sum(not m.abnormal.isdisjoint(names) for m in records)
    return f"{found} ({found / len(records):.1%}) | {len(records)}"


def agreeing(records: list[Measured]) -> str:
    """Return how often both detectors find the same rate."""
    pairs = [(m.numbers.heart_rate.value, m.numbers.second_rate.value) for m in records]
    near = [one is not None and other is not None and abs(one - other) <= NEAR for one, other in pairs]
    return f"{np.mean(near):.1%} | {len(near)}"


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


def figures(group: list[Measured], with_statements: bool) -> Mapping[str, str]:
    """Return each figure of the table with its number of records."""
    normal = [m for m in group if m.is_normal]
    table = {"records per second, one process": f"{len(group) / sum(m.seconds for m in group):.0f} | {len(group)}"}
    table[f"rate within {NEAR} of the second detector"] = agreeing(group)
    table["wholly normal with an abnormal number"] = abnormal(normal, ("PR", "QRS", "QTc"))
    for name in ("PR", "QRS", "QTc", "short PR"):
        table[f"wholly normal with an abnormal {name}"] = abnormal(normal, (name,))
    for name in ("pr", "qrs", "qt", "qtc_bazett", "qtc_fridericia"):
        table[f"{name} of the wholly normal, percentiles 5/50/95"] = quantiles(normal, name)
    for name in ("pr", "qrs", "qt"):
        table[f"{name.upper()} minus ecgdeli's, median [quartiles]"] = against_reference(group, name)
    table["rate on the right side for SBRAD and STACH"] = rate_side(group)
    table["QRS axis agrees with MID, ALAD, RAD, ARAD"] = axis_side(group)
    table["ROC area of QRS duration for CLBBB or CRBBB"] = area(group, "qrs", lambda m: m.says("CLBBB", "CRBBB"))
    table["ROC area of PR for 1AVB"] = area(group, "pr", lambda m: m.says("1AVB"))
    if with_statements:
        stated = "ROC area of {} for 12SL's {}"
        table[stated.format("QRS", "bundle branch block")] = area(group, "qrs", lambda m: m.states(*BLOCKS))
        table[stated.format("PR", "first-degree block")] = area(group, "pr", lambda m: m.states("FAV"))
        table[stated.format("QTc", "long QT")] = area(group, "qtc_bazett", lambda m: m.states("LNGQT"))
    table["PR not measurable in AFIB"] = without_pr(group, "AFIB")
    table["PR not measurable in AFLT"] = without_pr(group, "AFLT")
    table["PR not measurable in NORM"] = without_pr(group, "NORM")
    table["QT not measurable"] = f"{sum(m.numbers.qt.value is None for m in group)} of {len(group)} | {len(group)}"
    return table


def main() -> None:
    """Print a table for 500 Hz and one for 100 Hz, for the folds together and apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="PTB-XL's folder")
    parser.add_argument("--statements", type=Path, help="PTB-XL+'s table of 12SL's statements")
    parser.add_argument("--folds", type=int, nargs="+", default=list(range(1, 11)), help="folds that are read")
    options = parser.parse_args()
    dataset = open_dataset(options.data)
    if not isinstance(dataset, PtbXl):
        parser.error(f"--data must name a folder of PTB-XL, not {dataset.title}")
    statements: Mapping[int, frozenset[str]] = statements_of(options.statements) if options.statements else {}
    for fs in (500, 100):
        read = [record for record in dataset if fs in record.rates and record.fold in options.folds]
        measured = [timed(dataset, record, fs, statements.get(int(record.ecg_id))) for record in read]
        groups = {"all": range(1, 11), "1 to 8": range(1, 9), "9": range(9, 10), "10": range(10, 11)}
        for title, folds in groups.items():
            group = [m for m in measured if m.record.fold in folds]
            if not group:
                continue
            print(f"\n## {fs} Hz, folds {title}: {len(group)} records\n\n| figure | value | n |\n|---|---|---|")
            for figure, value in figures(group, bool(statements)).items():
                print(f"| {figure} | {value} |")


if __name__ == "__main__":
    main()
