"""Ranks of submissions: by mean kappa, and equal where readers are not shown to differ.

From the best down, a reader shares the rank of the group above it unless it is shown to differ from every reader of
that group; else it begins a group of its own, whose rank counts the readers above it (1, 1, 3). The two ends of a long
group may therefore differ: the pairs say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from bench.dataset import Dataset
from bench.run.rescoring import cohort_of_run
from bench.run.scoring import scored_cases
from bench.run.submission import Submission
from bench.score.agreement import LEVEL, holm
from bench.score.comparison import Answers, compare_pair
from bench.score.rounding import rounded


@dataclass(frozen=True)
class RankedPair:
    """The paired difference of mean kappa of two submissions.

    Attributes
    ----------
    first, second : str
        Keys of the submissions: run id, and digest of the readings.
    n : int
        Shared cases.
    difference : float
        First minus second.
    interval : tuple of float or None
    p : float
        Before the correction.
    p_holm : float
        Over the pairs of the table.
    """

    first: str
    second: str
    n: int
    difference: float
    interval: tuple[float, float] | None
    p: float
    p_holm: float = 1.0

    @property
    def is_shown(self) -> bool:
        """Whether the two are shown to differ."""
        return self.p_holm < LEVEL

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class Standings:
    """The submissions of one table from the best down.

    Attributes
    ----------
    entries : tuple of Submission
    ranks : tuple of int
    pairs : tuple of RankedPair
    missing : int
        Pairs that could not be compared, since the records' labels are not at hand; they count as not shown to differ.
    """

    entries: tuple[Submission, ...]
    ranks: tuple[int, ...]
    pairs: tuple[RankedPair, ...]
    missing: int


def standings(
    entries: Sequence[Submission], dataset: Dataset | None, earlier: Sequence[Mapping[str, Any]] = ()
) -> Standings:
    """Rank the submissions of one table.

    Parameters
    ----------
    entries : sequence of Submission
    dataset : Dataset or None
        With the labels of their records; None where it is not at hand.
    earlier : sequence of mapping
        Pairs of the leaderboard as it was, taken where the dataset is not at hand.
    """
    ordered = sorted(entries, key=_order)
    found = _compared(ordered, dataset) if dataset else _known(ordered, earlier)
    pairs = [_with_p(pair, p) for pair, p in zip(found, holm([pair.p for pair in found]), strict=True)]
    differ = {frozenset((pair.first, pair.second)) for pair in pairs if pair.is_shown}
    possible = len(ordered) * (len(ordered) - 1) // 2
    return Standings(
        tuple(ordered), tuple(ranks([entry.key for entry in ordered], differ)), tuple(pairs), possible - len(pairs)
    )


def ranks(ordered: Sequence[str], differ: set[frozenset[str]]) -> list[int]:
    """Return the rank of each name, given the pairs that are shown to differ."""
    found: list[int] = []
    group: list[str] = []
    for place, name in enumerate(ordered, start=1):
        starts_a_group = all(frozenset((name, other)) in differ for other in group)
        found.append(place if starts_a_group else found[-1])
        group = [name] if starts_a_group else [*group, name]
    return found


def _order(entry: Submission) -> tuple[float, str]:
    mean = entry.score.kappa
    return (2.0 if mean is None else -mean.kappa, entry.settings.run_id)


def _compared(entries: Sequence[Submission], dataset: Dataset) -> list[RankedPair]:
    """Compare every pair by the labels alone: no axis of the mean needs a recording."""
    answers = [Answers.of(entry.key, _cases(entry, dataset)) for entry in entries] if len(entries) > 1 else []
    found = []
    for first, second in combinations(answers, 2):
        pair = compare_pair(first, second)
        gap = pair.mean_kappa
        if gap is not None:
            found.append(RankedPair(first.name, second.name, pair.n, gap.difference, gap.interval, gap.p))
    return found


def _cases(entry: Submission, dataset: Dataset) -> list[Any]:
    readings, _ = entry.folder.every_reading()
    return scored_cases(readings, cohort_of_run(entry.settings, dataset), offer=entry.settings.offer, measured=False)


def _known(entries: Sequence[Submission], earlier: Sequence[Mapping[str, Any]]) -> list[RankedPair]:
    names = {entry.key for entry in entries}
    return [
        RankedPair(**{**pair, "interval": tuple(pair["interval"]) if pair["interval"] else None})
        for pair in earlier
        if {pair["first"], pair["second"]} <= names
    ]


def _with_p(pair: RankedPair, p: float) -> RankedPair:
    return replace(pair, p_holm=rounded(p))
