"""The sources of the PhysioNet/CinC Challenges, told apart by the names of records and folders."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath

_SHELF = re.compile(r"g\d{1,4}", re.ASCII)
"""Folders into which the Challenges part the recordings of a source."""


@dataclass(frozen=True)
class ChallengeSource:
    """One source.

    Attributes
    ----------
    name, title : str
    names : re.Pattern
        Of its records.
    folders : frozenset of str
        As they are published, in lower case.
    has_unnamed_patients : bool
        Whether several recordings are of one patient, and the Challenge does not say which.
    gains : mapping of float to float
        Gains in units per mV that its headers give wrongly, and the right ones.
    """

    name: str
    title: str
    names: re.Pattern[str]
    folders: frozenset[str]
    has_unnamed_patients: bool
    gains: Mapping[float, float]


@cache
def challenge_sources() -> Mapping[str, ChallengeSource]:
    """Return every source by name, in the order in which a record's name is tried."""
    content = (files("bench.dataset") / "challenge_sources.json").read_text(encoding="utf-8")
    return {
        name: ChallengeSource(
            name,
            said["title"],
            re.compile(said["names"]),
            frozenset(said["folders"]),
            "patients" in said,
            {float(wrong): float(right) for wrong, right in said.get("gains", {}).items()},
        )
        for name, said in json.loads(content)["sources"].items()
    }


def source_of(header: PurePath) -> tuple[str, str]:
    """Return the source of a record and its id, from the path of its header in the dataset's folder.

    The record's name decides; where it is of none of the Challenges' forms, the nearest folder that is named as they
    publish it; else the folder itself is the source, or the one above where it is ``g1``, ``g2``, ... Ids of the latter
    two begin with the source, so that two hospitals may have the same names.
    """
    name, known = header.stem, challenge_sources()
    by_name = next((source for source in known.values() if source.names.fullmatch(name)), None)
    if by_name:
        return by_name.name, name
    for folder in map(str.lower, reversed(header.parent.parts)):
        found = next((source.name for source in known.values() if folder in source.folders), None)
        if found:
            return found, f"{found}-{name}"
    named = next((folder for folder in reversed(header.parent.parts) if not _SHELF.fullmatch(folder)), "")
    own = re.sub(r"[^a-z\d_.]+", "_", named.lower()) or "other"
    return own, f"{own}-{name}"
