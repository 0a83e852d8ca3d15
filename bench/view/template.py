"""The prompt's text files, their version and their digest."""

import hashlib
import json
from functools import cache
from importlib.resources import files
from string import Template

from taxonomy.axis import AXES, NORMALITY
from taxonomy.definition import choice, definitions

VERSION = "2.1.0"
"""Bumped with every change of a prompt's words; results name it with their digest."""


def filled(name: str, **parts: str) -> str:
    """Return the text file ``name`` with ``$parts`` filled in; a part that is missing raises KeyError."""
    return Template(_texts()[f"{name}.txt"]).substitute(parts).strip()


def template_version() -> str:
    """Return the version and a digest over all text files and definitions, such as ``2.0.0-1f2e3d4c``."""
    digest = hashlib.sha256()
    for name, text in _texts().items():
        digest.update(f"{name}\0{text}\0".encode())
    for axis in (*AXES, NORMALITY):
        digest.update(f"{axis.question}\0{choice(axis)}\0{json.dumps(definitions(axis))}\0".encode())
    return f"{VERSION}-{digest.hexdigest()[:8]}"


@cache
def _texts() -> dict[str, str]:
    folder = files("bench.view") / "text"
    found = {item.name: item.read_text(encoding="utf-8") for item in folder.iterdir() if item.name.endswith(".txt")}
    return dict(sorted(found.items()))
