"""Folds whose records were taught to a reader: its answers on those are no test of it."""

import re
from collections.abc import Mapping
from typing import Any

PHANTOMS_TAUGHT = "phantoms taught"
"""Entry of a reader's ``details``: how many phantoms it was taught beside recordings, and of which version."""

_NAMED = re.compile(r"\bfold ([a-z](?:[\w.-]*\w)?)")
_OF_SOURCES = re.compile(r"\bfolds? (\d+)(?: to (\d+))? of ((?!each\b)[\w.-]+(?: \+ [\w.-]+)*)")
_NUMBERED = re.compile(r"(\d+)(?:\s*(?:-|to)\s*(\d+))?")


def folds_in(words: str) -> frozenset[int | str]:
    """Return the folds that a note on a training names.

    They are numbers, as in ``"1-8, stopped on 9"`` and ``"folds 1 to 8"``, or names, as in ``"fold train, 4,000 further
    phantoms"`` and ``"folds 1 to 8 of georgia + ningbo"``; where some have names, numbers are none.
    """
    of_sources = {
        f"{source}-{fold}"
        for first, last, sources in _OF_SOURCES.findall(words)
        for source in sources.split(" + ")
        for fold in _range(first, last)
    }
    if named := {*_NAMED.findall(words), *of_sources}:
        return frozenset(named)
    return frozenset(fold for first, last in _NUMBERED.findall(words) for fold in _range(first, last))


def _range(first: str, last: str) -> range:
    return range(int(first), int(last or first) + 1)


def taught_on(dataset: str, words: str) -> Mapping[str, frozenset[int | str]]:
    """Return the folds taught, by dataset, from a training's notes on its dataset and folds."""
    return {dataset.split(" ")[0]: folds_in(words)}


def taught_in(training: Mapping[str, Any]) -> Mapping[str, frozenset[int | str]]:
    """Return the folds taught, by dataset, from the notes on a training, of one dataset or of several ``datasets``."""
    several = training.get("datasets")
    notes = [note for note in several if isinstance(note, Mapping)] if isinstance(several, list) else [training]
    taught = dict[str, frozenset[int | str]]()
    for note in notes:
        for name, folds in taught_on(str(note.get("dataset", "")), str(note.get("folds", ""))).items():
            taught[name] = taught.get(name, frozenset()) | folds
    return taught


def phantoms_taught(training: Mapping[str, Any]) -> dict[str, str]:
    """Return a reader's entry on the phantoms of its training, from a training's notes; nothing where it had none."""
    phantoms = training.get("phantoms")
    if not isinstance(phantoms, Mapping) or not isinstance(phantoms.get("records"), int):
        return {}
    version = re.sub(r"[^\w.]", "", str(phantoms.get("version")))[:20]
    return {PHANTOMS_TAUGHT: f"{phantoms['records']}, version {version}"}
