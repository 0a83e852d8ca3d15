"""Pilots: a few cases asked for real, whose bills say what the rest of a run will cost, reasoning included."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.dataset.lot import drawn
from bench.progress import SILENT, Observer
from bench.run.failed_call import check_any_answered, failure_lines
from bench.run.job import Job, limited, run_readings
from readers.contract import Reader
from readers.session import SessionReader
from taxonomy.error import SettingError
from taxonomy.reading import Reading

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Bills:
    """What the answers of a pilot were billed in one run.

    Attributes
    ----------
    name : str
        The condition.
    asked, answered : int
        Questions of the pilot, and those whose call did not fail.
    input_tokens : float or None
        Mean; None where the server bills none.
    output_tokens : (float, int, int) or None
        Mean, least and most, with the reasoning.
    dollars, seconds : float or None
        Mean of an answer.
    """

    name: str
    asked: int
    answered: int
    input_tokens: float | None
    output_tokens: tuple[float, int, int] | None
    dollars: float | None
    seconds: float | None


@dataclass(frozen=True)
class PriceOfRest:
    """What is still to be asked, and what that will cost.

    Attributes
    ----------
    left : int
        Questions.
    dollars : float or None
        None where fewer than two cases have a bill and a price under every condition.
    interval : (float, float) or None
        95% prediction interval.
    seconds : float or None
        Of all answers one after the other, as long as those of the pilot; None for batches.
    """

    left: int
    dollars: float | None
    interval: tuple[float, float] | None
    seconds: float | None


@dataclass(frozen=True, eq=False)
class Pilot:
    """A pilot that was asked.

    Attributes
    ----------
    jobs : mapping of str to Job
        By condition.
    ids : frozenset of RecordId
        Its cases: the first that the lot of ``--sample`` draws, so that every larger sample holds them.
    """

    jobs: Mapping[str, Job]
    ids: frozenset[RecordId]

    @property
    def paid(self) -> float:
        """US dollars that all runs have cost so far."""
        return sum(job.folder.paid() for job in self.jobs.values())

    def bills(self) -> list[Bills]:
        """Return what was billed under each condition."""
        return [_bills(name, self._readings(job)) for name, job in self.jobs.items()]

    def rest(self, among: Collection[RecordId] | None = None) -> PriceOfRest:
        """Return what is still to be asked, and its price by the bills of the pilot's cases.

        The price is the mean over the cases of what all would cost if they cost the same, and the interval Student's
        prediction interval for so many further cases (Hahn and Meeker 1991, Statistical Intervals).

        Parameters
        ----------
        among : collection of RecordId, optional
            Counts these records alone.
        """
        left = {name: job.left(among) for name, job in self.jobs.items()}
        totals = np.zeros(len(self.ids))
        seconds: float | None = 0.0
        for name, job in self.jobs.items():
            if left[name]:
                by_case = self._readings(job)
                costs = [_mean_cost(by_case.get(ecg_id, [])) for ecg_id in sorted(self.ids, key=str)]
                totals += left[name] * np.array(costs)
                taken = _bills(name, by_case).seconds
                seconds = None if seconds is None or taken is None else seconds + left[name] * taken
        known = totals[np.isfinite(totals)]
        if len(known) < 2:
            return PriceOfRest(sum(left.values()), None, None, seconds)
        further = max(left[name] / job.settings.repeats for name, job in self.jobs.items())
        return PriceOfRest(sum(left.values()), float(known.mean()), _prediction(known, further), seconds)

    def _readings(self, job: Job) -> dict[RecordId, list[Reading]]:
        """Return the readings of each case of the pilot."""
        found: dict[RecordId, list[Reading]] = {}
        for key, reading in job.folder.every_reading()[0].items():
            if key.ecg_id in self.ids:
                found.setdefault(key.ecg_id, []).append(reading)
        return found


def check_pilot(reader: Reader, dry_run: bool) -> None:
    """Raise SettingError when a pilot cannot be asked: it sends, and a reader without an API has no price."""
    if dry_run:
        raise SettingError("--pilot asks a few cases for real, and --dry-run sends nothing: name one of them")
    if not isinstance(reader, SessionReader):
        raise SettingError(f"--pilot is for readers behind an API, and {reader.name!r} is none; leave it out")


def ask_pilot(jobs: Mapping[str, Job], count: int, observer: Observer = SILENT) -> Pilot:
    """Ask a few cases in every run, within the cost limit of all together; their answers are part of the runs.

    Parameters
    ----------
    jobs : mapping of str to Job
        By condition, in the order in which they are asked.
    count : int
        Cases.
    observer : Observer

    Raises
    ------
    taxonomy.error.StopReading
        When the cost limit does not allow them, or no case can be answered; what was answered is kept.
    taxonomy.error.NothingAnswered
        When every call failed.
    """
    # Every condition asks the same cases: those that each of them can ask.
    able = set.intersection(*(set(job.cases.cohort.ids) for job in jobs.values()))
    first = next(iter(jobs.values()))
    records = [record for record in first.cases.cohort if record.ecg_id in able]
    ids = frozenset(record.ecg_id for record in drawn(records, count, first.settings.seed))
    first.check_reader()
    for name in jobs:
        part = observer.part("condition", list(jobs).index(name) + 1, len(jobs))
        readings = run_readings(replace(limited(jobs, name), among=ids), part)
        asked = [reading for key, reading in readings.items() if key.ecg_id in ids]
        for line in failure_lines(asked):
            observer.say(f"{name}: {line}")
        check_any_answered(asked)
    return Pilot(jobs, ids)


def pilot_lines(pilot: Pilot, looks: Sequence[tuple[str, Collection[RecordId]]] = ()) -> list[str]:
    """Return what a pilot shows, line by line.

    Parameters
    ----------
    pilot : Pilot
    looks : sequence of (str, collection of RecordId)
        Parts of the records that are priced by themselves, each named.
    """
    lines = [f"{len(pilot.ids)} cases were asked, and their answers are kept", *map(_bill_line, pilot.bills())]
    rest, limits = pilot.rest(), next(iter(pilot.jobs.values())).limits
    lines += [f"paid so far    {pilot.paid:,.2f} dollars", f"left to ask    {rest.left:,} readings"]
    for name, among in looks:
        lines.append(f"until {name}: {_price(pilot.rest(among))}")
    lines.append(f"the rest costs {_price(rest)}")
    if rest.seconds is not None and rest.left:
        minutes = math.ceil(rest.seconds / limits.concurrency / 60)
        lines.append(f"time           about {minutes} min, {limits.concurrency} at once")
    most = limits.max_cost
    if most is not None and rest.interval and pilot.paid + rest.interval[1] > most:
        lines.append(f"--max-cost {most:g} may not cover it: the run would stop before, and go on with a higher one")
    return [*lines, "the same command without --pilot goes on from there"]


def _bills(name: str, by_case: Mapping[RecordId, Sequence[Reading]]) -> Bills:
    readings = [reading for several in by_case.values() for reading in several]
    usages = [reading.usage for reading in readings if reading.outcome != "failed"]
    sent = [usage.input_tokens for usage in usages if usage.input_tokens is not None]
    written = [usage.output_tokens for usage in usages if usage.output_tokens is not None]
    return Bills(
        name=name,
        asked=len(readings),
        answered=len(usages),
        input_tokens=_mean(sent),
        output_tokens=(float(np.mean(written)), min(written), max(written)) if written else None,
        dollars=_mean([usage.cost for usage in usages if usage.cost is not None]),
        seconds=_mean([usage.seconds for usage in usages if usage.seconds is not None]),
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _mean_cost(readings: Sequence[Reading]) -> float:
    """Return the mean cost of the answers to a case, NaN where one has no bill."""
    costs = [reading.usage.cost for reading in readings if reading.outcome != "failed"]
    known = [cost for cost in costs if cost is not None]
    return float(np.mean(known)) if known and len(known) == len(costs) else math.nan


def _prediction(totals: NDArray[np.float64], further: float) -> tuple[float, float]:
    """Return the prediction interval of the mean over so many further cases."""
    from scipy.stats import t

    n, mean = len(totals), float(totals.mean())
    if further <= 0:
        return mean, mean
    spread = float(totals.std(ddof=1)) * math.sqrt(1 / n + 1 / further)
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * spread
    return max(0.0, mean - half), mean + half


def _bill_line(bills: Bills) -> str:
    said = f"{bills.name:<15}{bills.answered} of {bills.asked} answered"
    if bills.input_tokens is None or bills.output_tokens is None:
        return f"{said}; the server bills no tokens"
    mean, least, most = bills.output_tokens
    said += f"; an answer has {bills.input_tokens:,.0f} tokens in and {mean:,.0f} out ({least:,} to {most:,})"
    return said if bills.dollars is None else f"{said}, {bills.dollars:.4f} dollars"


def _price(rest: PriceOfRest) -> str:
    if not rest.left:
        return "nothing: every reading is there"
    if rest.dollars is None or rest.interval is None:
        return "an unknown sum: too few cases have a bill and a price (--prices FILE gives one)"
    low, high = rest.interval
    return f"{rest.dollars:,.2f} dollars, {low:,.2f} to {high:,.2f} with 95% confidence: by these bills, with reasoning"
