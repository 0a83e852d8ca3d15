"""Folds whose records were taught to a reader: its answers on those are no test of it."""

import re
from collections.abc import Mapping

PTBXL = ("ptbxl",)
"""Datasets that hold the records of PTB-XL, in the same folds."""

_FOLDS = re.compile(r"(\d+)(?:\s*(?:-|to)\s*(\d+))?")


def folds_in(words: str) -> frozenset[int]:
    """Return the folds that a note on a training names, such as ``"1-8, stopped on 9"`` or ``"folds 1 to 8"``."""
    pairs = [(int(first), int(last or first)) for first, last in _FOLDS.findall(words)]
    return frozenset(fold for first, last in pairs for fold in range(first, last + 1))


def taught_on(dataset: str, words: str) -> Mapping[str, frozenset[int]]:
    """Return the folds taught, by dataset, from a training's notes on its dataset and folds."""
    known = dataset.split(" ")[0]
    return dict.fromkeys(PTBXL if known in PTBXL else (known,), folds_in(words))
