"""People on the leaderboard: a part of a split that was drawn by lot, and every other reader on just those cases.

Nobody asks a doctor two thousand ECGs. A person's sample is a table of its own; below it stand the readers of the whole
split, scored once more on the sample's cases alone, and how far the people agree with each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from bench.dataset import Dataset
from bench.run.rescoring import cohort_of_run
from bench.run.scoring import score_readings, scored_cases
from bench.run.settings import RunSettings
from bench.run.submission import Submission
from bench.score import Score
from bench.score.comparison import DRAWS, Answers
from bench.score.reader_agreement import AxisAgreement, agreement
from readers.human import is_person
from readers.setting import checked_settings


@dataclass(frozen=True)
class OnSample:
    """A reader of the whole split on a sample's cases: its submission's key, and its score on these alone."""

    reader: str
    run_id: str
    key: str
    score: Score

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"reader": self.reader, "run_id": self.run_id, "key": self.key, "score": self.score.to_json()}


@dataclass(frozen=True)
class PeopleAgreement:
    """How far two people agree with each other, whatever is true, by the keys of their submissions."""

    first: str
    second: str
    axes: tuple[AxisAgreement, ...]


@dataclass(frozen=True)
class Sample:
    """What stands beside the people of a table.

    Attributes
    ----------
    readers : tuple of OnSample
        The best mean kappa first.
    agreement : tuple of PeopleAgreement
    missing : int
        Readers of the whole split that are not told, since the labels or recordings are not at hand.
    """

    readers: tuple[OnSample, ...] = ()
    agreement: tuple[PeopleAgreement, ...] = ()
    missing: int = 0


@dataclass(frozen=True)
class _Told:
    reader: str
    run_id: str
    key: str
    score: Mapping[str, Any]


def is_of_sample(settings: RunSettings) -> bool:
    """Tell whether an entry of the leaderboard is a person's, of a part of a split."""
    return is_person(settings.reader) and settings.split.endswith(f"-sample{len(settings.ids)}")


def sample(
    people: Sequence[Submission],
    others: Sequence[Submission],
    dataset: Dataset | None,
    earlier: Mapping[str, Any],
) -> Sample:
    """Return what stands beside the people of one table.

    Parameters
    ----------
    people : sequence of Submission
        Of the same records.
    others : sequence of Submission
        Readers that were shown and asked the same of a whole split.
    dataset : Dataset or None
        With the labels of their records; None where it is not at hand.
    earlier : mapping
        The table as the leaderboard had it, from which figures are taken where the dataset is not at hand.

    Raises
    ------
    taxonomy.error.BenchError
        When what the leaderboard had is damaged.
    """
    first = people[0]
    ids = frozenset(first.settings.ids)
    same = [one for one in others if ids <= frozenset(one.settings.ids)]
    signals = first.folder.manifest().get("signals")
    if dataset is None or dataset.signal_fingerprint(first.settings.ids) != signals:
        return _known(people, same, earlier)
    found = [_on_sample(one, first.settings, dataset) for one in same]
    return Sample(tuple(sorted(found, key=_order)), tuple(_agreement(people, dataset)))


def _on_sample(other: Submission, settings: RunSettings, dataset: Dataset) -> OnSample:
    cohort = cohort_of_run(settings, dataset)
    cohort.measure()
    ids = frozenset(settings.ids)
    readings = {key: one for key, one in other.folder.every_reading()[0].items() if key.ecg_id in ids}
    found = score_readings(readings, cohort, offer=other.settings.offer)
    found = replace(found, taxonomy_version=other.settings.taxonomy_version)
    return OnSample(other.settings.reader, other.settings.run_id, other.key, found)


def _agreement(people: Sequence[Submission], dataset: Dataset) -> list[PeopleAgreement]:
    answers = [Answers.of(one.key, _cases(one, dataset)) for one in people]
    return [
        PeopleAgreement(
            first.name,
            second.name,
            agreement([(first.cases[one], second.cases[one]) for one in first.cases if one in second.cases], DRAWS),
        )
        for first, second in combinations(answers, 2)
    ]


def _cases(entry: Submission, dataset: Dataset) -> list[Any]:
    readings, _ = entry.folder.every_reading()
    return scored_cases(readings, cohort_of_run(entry.settings, dataset), offer=entry.settings.offer, measured=False)


def _known(people: Sequence[Submission], others: Sequence[Submission], earlier: Mapping[str, Any]) -> Sample:
    there, here = {one.key for one in others}, {one.key for one in people}
    told = [on_sample_from(one) for one in earlier.get("beside", ())]
    readers = tuple(one for one in told if one.key in there)
    pairs = [checked_settings(PeopleAgreement, one, "an agreement:") for one in earlier.get("agreement", ())]
    kept = tuple(pair for pair in pairs if {pair.first, pair.second} <= here)
    return Sample(readers, kept, len(others) - len(readers))


def on_sample_from(data: Mapping[str, Any]) -> OnSample:
    """Return what :meth:`OnSample.to_json` made; raises BenchError when the data has another form."""
    told = checked_settings(_Told, data, "a reader on a sample:")
    return OnSample(told.reader, told.run_id, told.key, Score.from_json(told.score))


def _order(one: OnSample) -> tuple[float, str]:
    return (2.0 if one.score.kappa is None else -one.score.kappa.kappa, one.run_id)
