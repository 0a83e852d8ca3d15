"""Count the majority value of every axis in PTB-XL's training folds: ``python -m bench.training.majority --data DIR``.

Writes ``readers/majority.json``, the source of PTB-XL's baselines: the commonest primary value, unlabelled records left
out. Label axes are counted over the whole table of the training folds; rate and ambiguous axis deviations need a signal
and are counted over the records that have one.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import readers
from bench.dataset import Dataset, open_dataset
from bench.dataset.base import TRAIN, value_counts
from taxonomy.axis import AXES, DERIVED


def count_majorities(dataset: Dataset) -> dict[str, Any]:
    """Return, for each axis, its majority value in the training split, its count and the number of labels."""
    train = dataset.cohort(TRAIN, with_signal=False)
    signals = sum(bool(record.rates) for record in train)
    where = f"{dataset.split(TRAIN).meaning} of {dataset.title} {dataset.version}"
    counted_on = f"{where}: {len(train)} records, {signals} of them with a signal at hand"
    counts = value_counts(train.truths().values())
    majorities = {}
    for axis in (*AXES, *DERIVED):
        (value, count), n = counts[axis.name].most_common(1)[0], counts[axis.name].total()
        figures = {"value": sorted(value) if isinstance(value, frozenset) else value, "count": count, "n": n}
        majorities[axis.name] = {**figures, "share": round(count / n, 4), "counted_on": counted_on}
    return majorities


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    majorities = count_majorities(open_dataset(parser.parse_args().data))
    target = Path(readers.__path__[0]) / "majority.json"
    target.write_text(json.dumps(majorities, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {target.name}")
