"""Asks a reader under every condition that tells something of it."""

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
from bench.run.questionnaire import Questionnaire, ask_all
from bench.view import Cases, Question, QuestionKey, View, cases_of
from readers.contract import Reader
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AxisValue, axis_named, with_normality
from taxonomy.reading import Reading

Values = Mapping[str, AxisValue | None]
Ask = Callable[[str], tuple[Cases, Mapping[QuestionKey, Reading]]]
"""Asks a reader under one condition; returns the cases that it was shown, and its readings."""

AUTO = "auto"


def ceiling_reader(inputs: frozenset[str], image_ceiling: str = AUTO) -> str:
    """Return the reader that shows what can be read from the same image or signal; empty for none.

    Parameters
    ----------
    inputs : frozenset of str
        Of the reader that is ablated.
    image_ceiling : str
        ``auto`` takes ``digitizer`` for a reader of images and ``resnet1d`` for any other of a trace.
    """
    if image_ceiling != AUTO:
        return image_ceiling
    return "" if "statements" in inputs else "digitizer" if "image" in inputs else "resnet1d"


def gathered(reader: Reader, cohort: Cohort, view: View, ask: Ask, ceiling: Mapping[RecordId, Values]) -> Evidence:
    """Return the evidence on a reader, asked under every condition that reaches it.

    Parameters
    ----------
    reader : Reader
    cohort : Cohort
    view : View
        Settled for the reader; its condition is not looked at.
    ask : callable
        Asks under one condition.
    ceiling : mapping of RecordId to mapping of str to value or None
        ConditionReadings of the reader that shows what can be read; empty for none.
    """
    serves = asked_conditions(reader.inputs)
    asked = {name: ask(name) for name in dict.fromkeys(name for name in serves.values() if name)}
    shown = {name: _answers(*answered) for name, answered in asked.items()}
    cohort = asked["full"][0].cohort
    cases = [asked_case(record, cohort.truth(record), shown, serves) for record in cohort]
    numbers = MeasurementsReader()
    text = {r.ecg_id: with_normality(numbers.answer(cohort.measured(r)).values) for r in cohort}
    axes = [axis_named(name) for name in view.form.axes]
    found = axis_evidence(cases, Ceilings(cohort.dataset.baselines, text, ceiling), axes)
    dataset = cohort.dataset
    return Evidence(
        reader=reader.name,
        dataset=dataset.name,
        split=cohort.split,
        data=dataset.credit,
        is_sample=dataset.is_sample,
        axes=found,
        cases=len(cases),
        conditions=serves,
    )


def ablate_in_memory(reader: Reader, cohort: Cohort, view: View, observer: Observer = SILENT) -> Evidence:
    """Return the evidence on a reader; nothing is kept on disk, and there is no image ceiling."""
    view = view.settled(reader)

    def ask(condition: str) -> tuple[Cases, Mapping[QuestionKey, Reading]]:
        cases = cases_of(replace(view, condition=condition), cohort, observer)
        questions = Questionnaire(cases, [Question(record) for record in cases.cohort], {})
        with observer.progress(f"{reader.name}, {condition}") as report:
            return cases, ask_all(reader, questions, lambda question, reading: None, report)

    return gathered(reader, cohort, view, ask, {})


def ablate_on_disk(options: RunOptions, image_ceiling: str = AUTO, observer: Observer = SILENT) -> Evidence:
    """Ask every condition, each a run of its own that resumes, and weigh the answers.

    Parameters
    ----------
    options : RunOptions
        The condition of its view is not looked at.
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
    asks_ceiling = bool(name) and name != options.reader
    ceiling = _ceiling(replace(options, view=view), name, cohort, observer) if asks_ceiling else {}
    found = gathered(reader, cohort, view, ask, ceiling)
    full = jobs["full"].settings
    return replace(found, reader=full.reader, run_id=full.run_id, image_ceiling=name if ceiling else "")


def condition_jobs(options: RunOptions, cohort: Cohort, observer: Observer = SILENT) -> Mapping[str, Job]:
    """Return the run of each condition that would be asked; nothing is written."""
    names = dict.fromkeys(name for name in asked_conditions(options.built().inputs).values() if name)
    return {
        name: prepared(replace(options, view=replace(options.view, condition=name)), observer, cohort) for name in names
    }


def _run(job: Job, observer: Observer) -> Mapping[QuestionKey, Reading]:
    with job.folder.locked():
        begin(job, observer)
        return job.ask(observer)


def _limited(jobs: Mapping[str, Job], condition: str) -> Job:
    """Return a job held to what is left of the cost limit, which is of the whole ablation."""
    job = jobs[condition]
    if job.limits.max_cost is None:
        return job
    others = sum(other.folder.paid() for name, other in jobs.items() if name != condition)
    return replace(job, limits=replace(job.limits, max_cost=max(0.0, job.limits.max_cost - others)))


def _ceiling(options: RunOptions, reader: str, cohort: Cohort, observer: Observer) -> Mapping[RecordId, Values]:
    """Return the answers of the image ceiling on the same images or signals, none where a call failed."""
    view = replace(options.view, condition="full", format="")
    asked = replace(options, reader=reader, options={}, view=view, repeats=1)
    readings = _run(prepared(asked, observer, cohort), observer)
    return {
        ecg_id: {} if reading.error else with_normality(reading.values) for ecg_id, reading in _first(readings).items()
    }


def _answers(cases: Cases, readings: Mapping[QuestionKey, Reading]) -> ConditionReadings:
    return ConditionReadings(_first(readings), {record.ecg_id: cases.quoted(record) for record in cases.cohort})


def _first(readings: Mapping[QuestionKey, Reading]) -> dict[RecordId, Reading]:
    """Return the readings of the first question by ``ecg_id``."""
    return {asked.ecg_id: reading for asked, reading in readings.items() if asked.repeat == 0}
