"""The value of an axis for a written name: handles case, hyphens, abbreviations, SCP codes and synonyms."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from taxonomy.axis import AXES, DIAGNOSIS, NORMALITY, OTHER_FINDINGS, Axis
from taxonomy.statement import statements

_SEPARATORS = re.compile(r"[\s\-–/.,_]+")
_ASIDE = re.compile(r"[(\[][^()\[\]]*[)\]]")


def folded(name: str) -> str:
    """Return ``name`` in lower case, with one underscore between words and without bracketed asides."""
    bare = _ASIDE.sub(" ", name).strip() or name
    return _SEPARATORS.sub("_", bare.lower()).strip("_")


def meaning(axis: Axis, written: str) -> str | None:
    """Return the value of ``axis`` that ``written`` names, or None."""
    return _meanings()[axis.name].get(folded(written))


def key_meaning(written: str) -> str:
    """Return the key of the answer (an axis, or ``ischemia``) that ``written`` names, else its folded form."""
    key = folded(written)
    return _table()["keys"].get(key, key)


@cache
def _table() -> Mapping[str, dict[str, str]]:
    data = json.loads((files("taxonomy") / "synonyms.json").read_text(encoding="utf-8"))
    return {"keys": data["keys"], **data["values"]}


@cache
def _meanings() -> Mapping[str, Mapping[str, str]]:
    meanings = {axis.name: dict(_table().get(axis.name, {})) for axis in (*AXES, NORMALITY)}
    for statement in statements().values():
        for written in (statement.code, statement.description):
            if statement.subclass:
                meanings[DIAGNOSIS.name].setdefault(folded(written), statement.subclass)
            if statement.finding:
                meanings[OTHER_FINDINGS.name].setdefault(folded(written), statement.finding)
    for written, value in _table()["conduction"].items():
        if value != "none":
            meanings[OTHER_FINDINGS.name].setdefault(written, value)
    for axis in (*AXES, NORMALITY):
        meanings[axis.name].update({folded(value): value for value in axis.values})
    return meanings
