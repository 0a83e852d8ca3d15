"""Age, sex and codes in the comments of a header of the PhysioNet/CinC Challenges, in all their spellings."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

OLDEST = 130.0
"""Years above which an age is none; 300 is PTB-XL's code for over 89, which is 90 here."""

_LINE = re.compile(r"\s*<?\s*(age|sex|gender|dx|diagnos[ie]s)\s*>?\s*[:=]\s*(.*)", re.IGNORECASE)
_SEX: dict[str, Literal["male", "female"]] = {"m": "male", "male": "male", "f": "female", "female": "female"}


@dataclass(frozen=True)
class ChallengeLabels:
    """What the comments of a header say.

    Attributes
    ----------
    age : float or None
        Years; None where it is missing, NaN or impossible.
    sex : {"male", "female"} or None
    codes : tuple of str
        SNOMED CT codes in the order of the header, each once; empty where there is no Dx.
    has_dx : bool
        Whether there is a line of diagnoses, be it empty.
    """

    age: float | None = None
    sex: Literal["male", "female"] | None = None
    codes: tuple[str, ...] = ()
    has_dx: bool = False


def challenge_labels(comments: Iterable[str]) -> ChallengeLabels:
    """Read a header's comments, such as ``Age: 56``, ``Sex: Male`` and ``Dx: 426783006,164889003``."""
    said: dict[str, str] = {}
    dx: list[str] = []
    for comment in comments:
        match = _LINE.match(comment)
        if match and match.group(1).lower().startswith("d"):
            dx.append(match.group(2))
        elif match:
            said.setdefault(match.group(1).lower(), match.group(2).strip())
    words = re.split(r"[,;\s]+", ",".join(dx))
    return ChallengeLabels(
        _age(said.get("age", "")),
        _SEX.get(said.get("sex", said.get("gender", "")).lower()),
        tuple(dict.fromkeys(word for word in words if word and word.lower() not in _NOTHING)),
        bool(dx),
    )


_NOTHING = frozenset({"unknown", "nan", "none", "n/a"})


def _age(written: str) -> float | None:
    try:
        age = float(written)
    except ValueError:
        return None
    if age == 300:
        return 90.0
    return age if math.isfinite(age) and 0 <= age <= OLDEST else None
