"""Asks a reader under every condition that tells something of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bench.dataset.record import RecordId
from bench.evidence.answer import Answers, asked_case
from bench.evidence.design import asked_conditions
from bench.evidence.evidence import AxisEvidence, Ceilings, evidence
from bench.run.job import Answered, Job, ask_job, begin, prepared
from bench.run.options import Means, RunOptions
from readers.majority import majority_values
from readers.registry import reader as reader_named
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AxisValue, axis_named, with_normality
from taxonomy.reading import Reading
from taxonomy.target import target_format

Values = Mapping[str, AxisValue | None]
AUTO = "auto"


@dataclass(frozen=True, eq=False)
class Ablation:
    """A reader's evidence, and what it was gathered from.

    Attributes
    ----------
    job : Job
        The one under ``full``.
    axes : tuple of AxisEvidence
    cases : int
    image_ceiling : str
        The reader that it was compared with; empty for none.
    conditions : mapping of str to str or None
        For each condition, the one whose answers served.
    """

    job: Job
    axes: tuple[AxisEvidence, ...]
    cases: int
    image_ceiling: str
    conditions: Mapping[str, str | None]


def ablate(options: RunOptions, image_ceiling: str = AUTO) -> Ablation:
    """Ask every condition, each a run of its own that resumes, and weigh the answers.

    Parameters
    ----------
    options : RunOptions
        ``condition`` is not looked at.
    image_ceiling : str
        Reader that shows what can be read from the same image or signal; ``auto`` takes ``digitizer`` for a reader of
        images and ``resnet1d`` for any other, empty leaves it out.

    Raises
    ------
    taxonomy.error.BenchError
        As ``bench run``.
    """
    reader = reader_named(options.reader, options.reader_options)
    options, inputs = options.settled(reader), reader.inputs
    serves = asked_conditions(inputs)
    if image_ceiling == AUTO:
        image_ceiling = "" if "statements" in inputs else "digitizer" if "image" in inputs else "resnet1d"
    jobs = {name: prepared(replace(options, condition=name)) for name in serves.values() if name}
    answered = {name: _asked(job, _left(options.means, jobs, name)) for name, job in jobs.items()}
    full = jobs["full"]
    ceiling = _ceiling(options, image_ceiling) if image_ceiling and image_ceiling != options.reader else {}
    measured = answered["full"].measured
    found = {name: Answers(_first(one), one.told) for name, one in answered.items()}
    cases = [asked_case(record, full.records.truth(record), found, serves) for record in full.records]
    numbers = MeasurementsReader()
    text = {r.ecg_id: with_normality(numbers.answer(measured[r.ecg_id]).values) for r in full.records}
    asked = [axis_named(name) for name in target_format(options.format).axes]
    axes = evidence(cases, Ceilings(majority_values(), text, ceiling), asked)
    return Ablation(full, axes, len(cases), image_ceiling if ceiling else "", serves)


def _asked(job: Job, means: Means) -> Answered:
    with job.folder.locked():
        begin(job.folder, job.settings)
        return ask_job(job, means)


def _left(means: Means, jobs: Mapping[str, Job], name: str) -> Means:
    """Return the means of one condition: the cost limit is of the whole ablation, less what the others have cost."""
    if means.max_cost is None:
        return means
    others = sum(job.folder.paid() for other, job in jobs.items() if other != name)
    return replace(means, max_cost=max(0.0, means.max_cost - others))


def _ceiling(options: RunOptions, reader: str) -> Mapping[RecordId, Values]:
    """Return the answers of the image ceiling on the same images or signals, none where a call failed."""
    job = prepared(replace(options, reader=reader, option=(), condition="full", format="", repeats=1))
    answered = _asked(job, options.means)
    return {
        ecg_id: {} if reading.error else with_normality(reading.values) for ecg_id, reading in _first(answered).items()
    }


def _first(answered: Answered) -> dict[RecordId, Reading]:
    """Return the readings of the first asking by ``ecg_id``."""
    return {asked.ecg_id: reading for asked, reading in answered.readings.items() if asked.repeat == 0}
