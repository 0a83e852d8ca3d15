"""Counts the statements that PTB-XL holds together: ``python -m bench.training.phantom_frequencies --data PTBXL_DIR``.

Writes ``phantoms/frequencies.json``, from which populations of phantoms are drawn: every combination of statements that
at least ten records of the training folds share, and how often each statement stands in a rarer one. A statement counts
whatever its likelihood.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import phantoms
from bench.dataset import Dataset, open_dataset
from bench.dataset.base import TRAIN
from taxonomy.error import DatasetError

LEAST = 10
"""Records that share a combination which is drawn as a whole; a rarer one could point to a person."""


def count_statements(dataset: Dataset) -> dict[str, Any]:
    """Return the counts over the table of a dataset's training split, the commonest first.

    Raises
    ------
    taxonomy.error.DatasetError
        When its training split has no SCP-ECG statement.
    """
    train = dataset.cohort(TRAIN, with_signal=False)
    found = [truth.statements for truth in train.truths().values()]
    combinations = [tuple(sorted(codes)) for codes in found if codes]
    if not combinations:
        raise DatasetError(f"{dataset.name} has no SCP-ECG statement in {dataset.split(TRAIN).meaning}")
    counted = Counter(combinations)
    rare = Counter(code for codes in combinations if counted[codes] < LEAST for code in codes)
    return {
        "counted_on": f"{dataset.split(TRAIN).meaning} of {dataset.title} {dataset.version}",
        "records": len(train),
        "together": [
            {"statements": list(codes), "records": count} for codes, count in counted.most_common() if count >= LEAST
        ],
        "in_rarer_combinations": dict(rare.most_common()),
    }


def as_text(counts: dict[str, Any]) -> str:
    """Return the counts as the file holds them."""
    return json.dumps(counts, indent=0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    counts = count_statements(open_dataset(parser.parse_args().data))
    target = Path(phantoms.__path__[0]) / "frequencies.json"
    target.write_text(as_text(counts), encoding="utf-8")
    print(f"wrote {target.name}")
