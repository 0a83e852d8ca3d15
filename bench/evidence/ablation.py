"""Asks a reader under every condition that can affect it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.dataset import Cohort, RecordId
from bench.evidence.answer import ConditionReadings, asked_case
from bench.evidence.axis_evidence import Ceilings, axis_evidence
from bench.evidence.conditions import asked_conditions
from bench.evidence.result import Evidence
from bench.progress import SILENT, Observer
from bench.run.job import Job, begin, prepared
from bench.run.options import RunOptions
from bench.run.questionnaire import ask_cohort
from bench.view import Cases, QuestionKey, View, cases_of
from readers.contract import Reader
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AxisValue, axis_named, with_derived
from taxonomy.reading import Reading

Ask = Callable[[str], tuple[Cases, Mapping[QuestionKey, Reading]]]
"""Asks a reader under one condition and returns its cases and readings."""

Values = Mapping[str, AxisValue | None]

AUTO = "auto"


def ceiling_reader(inputs: frozenset[str], image_ceiling: str = AUTO) -> str:
    """Return the name of the reader that serves as image ceiling; empty for none.

    Parameters
    ----------
    inputs : frozenset of str
        Of the ablated reader.
    image_ceiling : str
        ``auto`` selects ``digitizer`` for a reader of images and ``resnet1d`` for a reader of signals.
    """
    if image_ceiling != AUTO:
        return image_ceiling
    return "" if "statements" in inputs else "digitizer" if "image" in inputs else "resnet1d"


def gathered(reader: Reader, cohort: Cohort, view: View, ask: Ask, ceiling: Mapping[RecordId, Values]) -> Evidence:
    """Ask a reader under every condition that can affect it, and return the evidence.

    Parameters
    ----------
    reader : Reader
    cohort : Cohort
    view : View
        Settled for the reader; its condition is ignored.
    ask : callable
        Asks the reader under one condition.
    ceiling : mapping of RecordId to mapping of str to value or None
        Answers of the image ceiling; empty without one.
    """
    serves = asked_conditions(reader.inputs)
    by_condition = {name: ask(name) for name in dict.fromkeys(name for name in serves.values() if name)}
    answers = {
        name: ConditionReadings(_first(readings), {record.ecg_id: cases.quoted(record) for record in cases.cohort})
        for name, (cases, readings) in by_condition.items()
    }
    cohort = by_condition["full"][0].cohort
    asked = [asked_case(record, cohort.truth(record), answers, serves) for record in cohort]
    measurements_reader = MeasurementsReader()
    text = {r.ecg_id: with_derived(measurements_reader.answer(cohort.measured(r)).values) for r in cohort}
    ceilings = Ceilings(cohort.dataset.baselines, text, ceiling)
    dataset = cohort.dataset
    return Evidence(
        reader=reader.name,
        dataset=dataset.name,
        split=cohort.split,
        data=dataset.credit,
        is_sample=dataset.is_sample,
        axes=axis_evidence(asked, ceilings, [axis_named(name) for name in view.form.axes]),
        cases=len(asked),
        conditions=serves,
    )


def ablate_in_memory(
    reader: Reader, cohort: Cohort, view: View, image_ceiling: Reader | None = None, observer: Observer = SILENT
) -> Evidence:
    """Ablate a reader without writing to disk.

    Parameters
    ----------
    reader : Reader
    cohort : Cohort
    view : View
        Its condition is ignored.
    image_ceiling : Reader, optional
        The reader that shows what can be read from the same images or signals.
    observer : Observer
    """
    view = view.settled(reader)

    def ask(condition: str) -> tuple[Cases, Mapping[QuestionKey, Reading]]:
        cases = cases_of(replace(view, condition=condition), cohort, observer)
        return cases, ask_cohort(reader, cases, observer)

    ceiling: Mapping[RecordId, Values] = {}
    if image_ceiling is not None:
        cases = cases_of(replace(view, condition="full", format="").settled(image_ceiling), cohort, observer)
        ceiling = _values(ask_cohort(image_ceiling, cases, observer))
    evidence = gathered(reader, cohort, view, ask, ceiling)
    return replace(evidence, image_ceiling=image_ceiling.name if image_ceiling else "")


def ablate_on_disk(options: RunOptions, image_ceiling: str = AUTO, observer: Observer = SILENT) -> Evidence:
    """Ablate a reader; each condition is a run of its own that resumes.

    Parameters
    ----------
    options : RunOptions
        The condition of its view is ignored.
    image_ceiling : str
        As of :func:`ceiling_reader`.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        As ``bench run``.
    """
    reader = options.built()
    view = options.view.settled(reader)
    cohort = options.selection.cohort(view.needs_signal)
    jobs = condition_jobs(options, cohort, observer)

    def ask(condition: str) -> tuple[Cases, Mapping[QuestionKey, Reading]]:
        return jobs[condition].cases, _run(_limited(jobs, condition), observer)

    name = ceiling_reader(view.inputs, image_ceiling)
    has_ceiling = name not in ("", options.reader)
    ceiling = _ceiling(replace(options, view=view), name, cohort, observer) if has_ceiling else {}
    evidence = gathered(reader, cohort, view, ask, ceiling)
    full = jobs["full"].settings
    return replace(evidence, reader=full.reader, run_id=full.run_id, image_ceiling=name if ceiling else "")


def condition_jobs(options: RunOptions, cohort: Cohort, observer: Observer = SILENT) -> Mapping[str, Job]:
    """Return the job of each condition that would be asked; nothing is written."""
    names = dict.fromkeys(name for name in asked_conditions(options.built().inputs).values() if name)
    return {
        name: prepared(replace(options, view=replace(options.view, condition=name)), observer, cohort) for name in names
    }


def _run(job: Job, observer: Observer) -> Mapping[QuestionKey, Reading]:
    with job.folder.locked():
        begin(job, observer)
        return job.ask(observer)


def _limited(jobs: Mapping[str, Job], condition: str) -> Job:
    """Return a job with the rest of the cost limit, which applies to the whole ablation."""
    job = jobs[condition]
    if job.limits.max_cost is None:
        return job
    others = sum(other.folder.paid() for name, other in jobs.items() if name != condition)
    return replace(job, limits=replace(job.limits, max_cost=max(0.0, job.limits.max_cost - others)))


def _ceiling(options: RunOptions, reader: str, cohort: Cohort, observer: Observer) -> Mapping[RecordId, Values]:
    """Return the image ceiling's answers on the same images or signals, empty where a call failed."""
    view = replace(options.view, condition="full", format="")
    ceiling_options = replace(options, reader=reader, options={}, view=view, repeats=1)
    return _values(_run(prepared(ceiling_options, observer, cohort), observer))


def _values(readings: Mapping[QuestionKey, Reading]) -> Mapping[RecordId, Values]:
    return {
        ecg_id: {} if reading.error else with_derived(reading.values) for ecg_id, reading in _first(readings).items()
    }


def _first(readings: Mapping[QuestionKey, Reading]) -> dict[RecordId, Reading]:
    """Return the first reading of each record by ``ecg_id``."""
    return {key.ecg_id: reading for key, reading in readings.items() if key.repeat == 0}
