"""May the maps of a method be believed for a reader? One word of four, by the bounds of intervals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.explain.belief.estimate import Estimate

LEAST_PATIENTS = 10
"""Patients below which nothing is said: even widened intervals hold the mean of skewed values in under 90% then."""

CORRELATION_LIMIT = 0.3
"""Partial rank correlation with the maps of random weights from which a map does not show what was learned."""

LEAST_POINTING = 1 / 12
"""Share of tracings in whose planted evidence a map must point: one that tells the time and not the lead does so in one
of twelve at most. The ROC area of such a map is large, since most samples lie at other times."""

DELETION = "deletion"

RANDOM = "correlation with random weights"

Word = Literal["faithful here", "fails the sanity check", "no better than amplitude", "cannot tell"]

RANKS: tuple[Word, ...] = ("faithful here", "cannot tell", "no better than amplitude", "fails the sanity check")
"""Verdicts, the best first."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a method on a reader.

    Attributes
    ----------
    truth : mapping of str to Estimate or None
        By kind of planted evidence, by how much the map finds it better than the energy of the signal, chance and the
        method's own maps of random weights do.
    deletion : Estimate or None
        By how much the answer falls faster by the map's order than by that of the energy.
    random : Estimate or None
        Partial rank correlation with the map of random weights, given the energy.
    pointing : mapping of str to Estimate
        By kind of planted evidence, how often the map points into it.
    """

    truth: Mapping[str, Estimate | None]
    deletion: Estimate | None
    random: Estimate | None
    pointing: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """The word, and what it rests on."""

    word: Word
    because: str

    def __str__(self) -> str:
        return f"{self.word}: {self.because}" if self.word == "cannot tell" else self.word


def verdict(found: Evidence) -> Verdict:
    """Return the verdict on a method for a reader.

    - *fails the sanity check*: the interval of the partial correlation lies at :data:`CORRELATION_LIMIT` or above.
    - *no better than amplitude*: a kind of planted evidence, or the deletion, lies at the energy's or below by its
      whole interval.
    - *faithful here*: every kind of planted evidence and the deletion lie above the energy's, the correlation below its
      limit, and the shares of tracings where it points into the evidence above :data:`LEAST_POINTING`, by their whole
      intervals.
    - *cannot tell*: neither, or something is unknown or rests on fewer than :data:`LEAST_PATIENTS`.

    All conditions of *faithful here* must hold at once: a map that is no better than its null in any one of them is
    called so in 2.5% of samples, in 3% of ten patients, and in up to 9% of ten whose values are as skewed as an
    exponential's (5% of forty). That is for one method; where many are tried, some pass by lot.
    """
    for word, rule in _RULES:
        because = rule(found)
        if because:
            return Verdict(word, because)
    return Verdict("cannot tell", _unknown(found))


def _fails(found: Evidence) -> str:
    random = _enough(found.random)
    if random is None or random.low < CORRELATION_LIMIT:
        return ""
    return f"maps of random weights look alike: correlation at least {random.low:.2f} beyond amplitude"


def _no_better(found: Evidence) -> str:
    for name, one in _above_energy(found).items():
        if (known := _enough(one)) is not None and known.high <= 0:
            if name == DELETION:
                return f"hiding what the map points at does no more than hiding what is large ({known.value:+.2f})"
            return (
                f"{name} is found no better than by the signal's energy, chance or random weights ({known.value:+.2f})"
            )
    return ""


def _faithful(found: Evidence) -> str:
    random = _enough(found.random)
    compared = [_enough(one) for one in _above_energy(found).values()]
    known = [one for one in compared if one is not None and one.low > 0]
    if not found.truth or len(known) < len(compared) or random is None or random.high >= CORRELATION_LIMIT:
        return ""
    if _not_pointed_at(found):
        return ""
    return "known truth and deletion are above the signal's energy, and random weights give other maps"


_RULES: tuple[tuple[Word, Callable[[Evidence], str]], ...] = (
    ("fails the sanity check", _fails),
    ("no better than amplitude", _no_better),
    ("faithful here", _faithful),
)
"""In this order; a rule gives its reason, or nothing where it does not hold."""


def _above_energy(found: Evidence) -> dict[str, Estimate | None]:
    return {**{f"known truth ({kind})": one for kind, one in found.truth.items()}, DELETION: found.deletion}


def _not_pointed_at(found: Evidence) -> list[str]:
    return [kind for kind, one in found.pointing.items() if one.low <= LEAST_POINTING]


def _enough(one: Estimate | None) -> Estimate | None:
    return one if one is not None and one.n >= LEAST_PATIENTS else None


def _unknown(found: Evidence) -> str:
    """Return what is missing, or what does not suffice."""
    if not found.truth:
        return "no known truth"
    open_: dict[str, int] = {}
    for name, one in {**_above_energy(found), RANDOM: found.random}.items():
        if one is None:
            return f"{name} is not known (n = 0)"
        if one.n < LEAST_PATIENTS:
            return f"n = {one.n} patients, fewer than {LEAST_PATIENTS}"
        if one.high >= CORRELATION_LIMIT if name == RANDOM else one.low <= 0:
            open_[name] = one.n
    if not open_:
        return f"the map does not point at planted evidence ({', '.join(_not_pointed_at(found))})"
    return f"n = {min(open_.values())} patients leave {', '.join(open_)} open"
