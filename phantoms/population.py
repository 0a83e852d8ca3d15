"""Populations of phantoms: statements drawn as often as PTB-XL holds them together, or every statement as often.

``frequencies.json`` counts the combinations of statements that at least ten records of PTB-XL's training folds share,
and how often each statement stands in rarer ones; the latter are drawn as a rhythm with one to three statements that
do not contradict one another. ``python -m bench.training.phantom_frequencies`` counts them anew.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from phantoms.error import PhantomError
from phantoms.person import MEANS, heart_of
from phantoms.physiology import Physiology
from phantoms.simulator import Phantom, simulate, stream
from taxonomy.ischemia import TERRITORY

RHYTHM_CODES = frozenset(
    {"SR", "SBRAD", "STACH", "SARRH", "AFIB", "AFLT", "SVTAC", "PSVT", "SVARR", "BIGU", "TRIGU", "PACE"}
)
"""Statements that say which rhythm there is; a phantom has one of them."""

TRIES = 40
"""Draws of statements that contradict each other before one gives up."""


@dataclass(frozen=True)
class Draw:
    """One phantom of a population, before its signal is simulated.

    Attributes
    ----------
    codes : frozenset of str
        SCP-ECG statements that are true of it.
    heart : Physiology
    stadium : str or None
        Stage of its infarction, as ``infarction_stadium1`` names it.
    seed : int
        Of its simulation.
    age : int
        Years.
    sex : {"male", "female"}
        Both are drawn independently of the heart.
    """

    codes: frozenset[str]
    heart: Physiology
    stadium: str | None
    seed: int
    age: int
    sex: Literal["male", "female"]

    def simulated(self, seconds: float = 10.0, fs: float = 500.0) -> Phantom:
        """Return the recording."""
        return simulate(self.heart, self.seed, seconds, fs)


def drawn(seed: int, number: int, balanced: bool = False) -> Draw:
    """Return one phantom of a population: the same for the same seed and number, whatever else is drawn.

    Parameters
    ----------
    seed, number : int
        Of the population, and of the phantom in it; both at least 0.
    balanced : bool
        Draws every statement as often; otherwise statements are as frequent as in PTB-XL.

    Raises
    ------
    PhantomError
        When the seed is no whole number of at least 0.
    """
    own = seed_of(seed, number)
    chance = stream(own, "statements")
    for _ in range(TRIES):
        codes = _balanced(chance) if balanced else _as_in_ptbxl(chance)
        try:
            return of_statements(codes, own)
        except PhantomError:
            continue
    raise PhantomError(f"no coherent phantom was found in {TRIES} draws (seed {seed}, number {number})")


def seed_of(seed: int, number: int) -> int:
    """Return the seed of one phantom of a population; raises :class:`PhantomError` as :func:`drawn` does."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise PhantomError(f"a seed must be a whole number of at least 0, not {seed!r}")
    return int(stream(seed, f"phantom {number}").integers(0, 2**48))


def person_of(seed: int) -> tuple[int, Literal["male", "female"]]:
    """Return the age in years and the sex of the phantom with that seed: quickly, since its heart is not needed."""
    person = stream(seed, "demography")
    age = int(min(max(person.normal(60, 17), 18), 89))
    return age, "male" if person.random() < 0.52 else "female"


def of_statements(codes: frozenset[str], seed: int) -> Draw:
    """Return a phantom of which these statements are true.

    Raises
    ------
    PhantomError
        When a statement is unknown, or two of them contradict each other.
    """
    heart, stadium = heart_of(codes, stream(seed, "heart"))
    return Draw(codes, heart, stadium, seed, *person_of(seed))


def _balanced(chance: np.random.Generator) -> frozenset[str]:
    code = str(chance.choice([*MEANS, *TERRITORY]))
    return frozenset({code}) | (frozenset() if code in RHYTHM_CODES else frozenset({"SR"}))


def _as_in_ptbxl(chance: np.random.Generator) -> frozenset[str]:
    table = _frequencies()
    number = int(chance.integers(0, table.total))
    if number < table.ends[-1]:
        codes = table.together[int(np.searchsorted(table.ends, number, side="right"))]
        return codes if codes & RHYTHM_CODES else codes | {"SR"}
    rhythm = str(chance.choice(table.rhythms, p=table.rhythm_shares))
    others = chance.choice(table.others, size=int(chance.integers(1, 4)), replace=False, p=table.other_shares)
    return frozenset({rhythm, *map(str, others)})


@dataclass(frozen=True, eq=False)
class _Frequencies:
    """The counts, ready to be drawn from."""

    together: tuple[frozenset[str], ...]
    ends: np.ndarray
    total: int
    rhythms: tuple[str, ...]
    rhythm_shares: np.ndarray
    others: tuple[str, ...]
    other_shares: np.ndarray


@cache
def _frequencies() -> _Frequencies:
    data: Mapping[str, Any] = json.loads((files("phantoms") / "frequencies.json").read_text(encoding="utf-8"))
    together = {frozenset(row["statements"]): row["records"] for row in data["together"]}
    rare: Mapping[str, int] = data["in_rarer_combinations"]
    rhythms = {code: count for code, count in rare.items() if code in RHYTHM_CODES}
    others = {code: count for code, count in rare.items() if code not in RHYTHM_CODES and code != "NORM"}
    return _Frequencies(
        together=tuple(together),
        ends=np.cumsum(list(together.values())),
        total=data["records"],
        rhythms=tuple(rhythms),
        rhythm_shares=_shares(rhythms),
        others=tuple(others),
        other_shares=_shares(others),
    )


def _shares(counts: Mapping[str, int]) -> np.ndarray:
    weights = np.array(list(counts.values()), dtype=np.float64)
    return np.asarray(weights / weights.sum())
