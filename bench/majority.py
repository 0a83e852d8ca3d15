"""Count the majority value of every axis in the training folds: ``python -m bench.majority --data PTBXL_DIR``.

Writes ``readers/majority.json``, which every baseline is taken from. The label axes are counted over the whole table
of folds 1 to 8; rate, and the side of an ambiguous axis, need a signal and are counted over the records whose signal
the folder holds.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import readers
from bench.dataset import Dataset, folds_of, open_dataset
from bench.truth import UNMEASURED, measure_record, truth_of
from taxonomy.axis import AXES, NORMALITY, AxisValue, normality_of


def count_majorities(dataset: Dataset) -> dict[str, Any]:
    """Return, for each axis, its majority value in folds 1 to 8, how often it occurs and among how many."""
    counts: dict[str, Counter[AxisValue]] = {axis.name: Counter() for axis in (*AXES, NORMALITY)}
    rows = signals = 0
    for record in dataset:
        if record.fold not in folds_of("train"):
            continue
        numbers = measure_record(record) if record.rates else UNMEASURED
        rows, signals = rows + 1, signals + bool(record.rates)
        values = truth_of(record, numbers).values
        for name, value in {**values, NORMALITY.name: normality_of(values["diagnosis"])}.items():
            if value is not None:
                counts[name][value] += 1
    counted_on = f"folds 1-8 of PTB-XL {dataset.version}: {rows} records, {signals} of them with a signal at hand"
    return {name: _majority(counter, counted_on) for name, counter in counts.items()}


def _majority(counter: Counter[AxisValue], counted_on: str) -> dict[str, Any]:
    value, count = counter.most_common(1)[0]
    n = counter.total()
    shown = sorted(value) if isinstance(value, frozenset) else value
    return {"value": shown, "count": count, "n": n, "share": round(count / n, 4), "counted_on": counted_on}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    majorities = count_majorities(open_dataset(parser.parse_args().data))
    target = Path(readers.__path__[0]) / "majority.json"
    target.write_text(json.dumps(majorities, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {target.name}")
