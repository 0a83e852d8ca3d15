"""Asks a reader under every condition that can affect it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from bench.dataset import Cohort, RecordId
from bench.evidence.answer import ConditionReadings, asked_case, source_of
from bench.evidence.axis_evidence import Ceilings, axis_evidence
from bench.evidence.conditions import asked_conditions, conditions_asked, draws_cost_nothing, in_asking_order
from bench.evidence.knowledge import Setting
from bench.evidence.result import Evidence
from bench.progress import SILENT, Observer
from bench.run.caveat import caveats, same_simulator, taught_records
from bench.run.failed_call import check_runs
from bench.run.job import Job, limited, prepared, run_readings
from bench.run.options import RunOptions, check_limits
from bench.run.questionnaire import ask_cohort
from bench.run.settings import Offer, offer_of
from bench.score.agreement import LEVEL
from bench.view import Cases, QuestionKey, View, cases_of
from bench.view.lead_mask import masked_leads
from readers.contract import Reader
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AXIS_NAMES, Axis, AxisValue, axis_named, with_derived
from taxonomy.reading import Reading

Values = Mapping[str, AxisValue | None]

Ask = Callable[[str], tuple[Cases, Mapping[QuestionKey, Reading]]]
"""Asks a reader under one condition and returns its cases and readings."""

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


@dataclass(frozen=True, eq=False)
class Ablation:
    """What is ablated, and how.

    Attributes
    ----------
    reader : Reader
    cohort : Cohort
    view : View
        Settled for the reader; its condition is ignored.
    conditions : str
        As of :func:`bench.evidence.conditions.conditions_asked`.
    several_draws : bool or None
        Whether ``crossed`` stands for all its draws; None where that is so if the reader's answers cost nothing.
    """

    reader: Reader
    cohort: Cohort
    view: View
    conditions: str = ""
    several_draws: bool | None = None

    @cached_property
    def serves(self) -> Mapping[str, str | None]:
        """For each condition, the condition whose answers are used."""
        several = draws_cost_nothing(self.reader) if self.several_draws is None else self.several_draws
        names = conditions_asked(self.conditions, several)
        return asked_conditions(self.reader.inputs, names)

    @property
    def asked(self) -> tuple[str, ...]:
        """The conditions that are asked."""
        return tuple(dict.fromkeys(name for name in self.serves.values() if name))

    @cached_property
    def offer(self) -> Offer:
        """What the reader answers, and what it measures itself."""
        return offer_of(self.reader, replace(self.view, condition="image-only"))

    @property
    def axes(self) -> list[Axis]:
        """The axes that are asked: those of the format, where there is a prompt, that the reader answers."""
        asked = self.view.form.axes if "text" in self.view.inputs else AXIS_NAMES
        names = [name for name in asked if name in self.offer.axes] or sorted(self.offer.axes)
        return [axis_named(name) for name in names]


def gathered(ablation: Ablation, ask: Ask, ceiling: Mapping[RecordId, Values], level: float = LEVEL) -> Evidence:
    """Ask a reader under every condition, and return the evidence.

    Parameters
    ----------
    ablation : Ablation
    ask : callable
        Asks the reader under one condition.
    ceiling : mapping of RecordId to mapping of str to value or None
        Answers of the image ceiling; empty without one.
    level : float
        Of the verdicts, over all axes.

    Raises
    ------
    taxonomy.error.SettingError
        When the format asks for nothing that the reader answers.
    """
    reader, serves, axes = ablation.reader, ablation.serves, ablation.axes
    by_condition = {name: ask(name) for name in in_asking_order(ablation.asked)}
    answers = {name: _answers(cases, readings) for name, (cases, readings) in by_condition.items()}
    cohort = by_condition["full"][0].cohort
    asked = [asked_case(record, cohort.truth(record), answers, serves) for record in cohort]
    measurements_reader, dataset = MeasurementsReader(), cohort.dataset
    text = {r.ecg_id: with_derived(measurements_reader.answer(cohort.measured(r)).values) for r in cohort}
    setting = Setting(frozenset(reader.inputs), serves, dataset.baselines, ablation.offer.measured, level=level)
    return Evidence(
        reader=reader.name,
        dataset=dataset.name,
        split=cohort.split,
        data=dataset.credit,
        is_simulated=dataset.is_simulated,
        axes=axis_evidence(asked, axes, setting, Ceilings(text, ceiling)),
        cases=len(asked),
        caveats=(
            cohort.coverage.said,
            *caveats(cohort.coverage, taught_records(reader, cohort)),
            *same_simulator(reader.name, getattr(reader, "details", {}), dataset.is_simulated),
        ),
        conditions=serves,
    )


def _answers(cases: Cases, readings: Mapping[QuestionKey, Reading]) -> ConditionReadings:
    """Return the readings under one condition, with what was shown of other patients, or not at all."""
    shown, cohort = cases.view.shown, cases.cohort
    donors = {record.ecg_id: cases.printed(record) for record in cohort} if shown.crossed else {}
    numbers = {ecg_id: source_of(donor, cohort.truth(donor)) for ecg_id, donor in donors.items()}
    masked = {ecg_id: masked_leads(cases.view.seed, ecg_id) for ecg_id in cohort.ids} if shown.lead_mask else {}
    return ConditionReadings(first_repeats(readings), numbers, masked)


def ablate_in_memory(ablation: Ablation, image_ceiling: Reader | None = None, observer: Observer = SILENT) -> Evidence:
    """Ablate a reader without writing to disk.

    Parameters
    ----------
    ablation : Ablation
        Its view is settled here.
    image_ceiling : Reader, optional
        The reader that shows what can be read from the same images or signals.
    observer : Observer
    """
    reader, cohort = ablation.reader, ablation.cohort
    view = ablation.view.settled(reader)

    def ask(condition: str) -> tuple[Cases, Mapping[QuestionKey, Reading]]:
        # Ids of its own, as those of a run: the same ones would tell a reader that it has seen the record before.
        cases = replace(cases_of(replace(view, condition=condition), cohort, observer), name=condition)
        order = in_asking_order(ablation.asked)
        return cases, ask_cohort(reader, cases, observer.part("condition", order.index(condition) + 1, len(order)))

    ceiling: Mapping[RecordId, Values] = {}
    if image_ceiling is not None:
        cases = cases_of(replace(view, condition="full", format="").settled(image_ceiling), cohort, observer)
        ceiling = ceiling_values(ask_cohort(image_ceiling, cases, observer))
    evidence = gathered(replace(ablation, view=view), ask, ceiling)
    return replace(evidence, image_ceiling=image_ceiling.name if image_ceiling else "")


def ablate_on_disk(
    options: RunOptions, conditions: str = "", image_ceiling: str = AUTO, observer: Observer = SILENT
) -> Evidence:
    """Ablate a reader; each condition is a run of its own that resumes.

    Parameters
    ----------
    options : RunOptions
        The condition of its view is ignored.
    conditions : str
        As of :func:`bench.evidence.conditions.conditions_asked`.
    image_ceiling : str
        As of :func:`ceiling_reader`.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        As ``bench run``, or when there is no such condition.
    """
    runs = AblationRuns.opened(options, conditions, image_ceiling, observer)
    return runs.evidence(frozenset(runs.ablation.cohort.ids), observer)


@dataclass(frozen=True, eq=False)
class AblationRuns:
    """The runs of an ablation on disk: one for each condition, and that of the image ceiling.

    Attributes
    ----------
    ablation : Ablation
    jobs : mapping of str to Job
        By condition.
    ceiling : Job or None
    image_ceiling : str
        The name of its reader; empty for none.
    """

    ablation: Ablation
    jobs: Mapping[str, Job]
    ceiling: Job | None
    image_ceiling: str

    @classmethod
    def opened(cls, options: RunOptions, conditions: str, image_ceiling: str, observer: Observer) -> "AblationRuns":
        """Return the runs, as :func:`ablate_on_disk` takes them; nothing is asked yet."""
        ablation = ablation_of(options, conditions)
        jobs = condition_jobs(options, ablation, observer)
        say_resumed(jobs.values(), observer)
        name = ceiling_reader(ablation.view.inputs, image_ceiling)
        if name in ("", options.reader):
            return cls(ablation, jobs, None, "")
        view = replace(ablation.view, condition="full", format="")
        ceiling = replace(options, reader=name, options={}, view=view, repeats=1)
        return cls(ablation, jobs, prepared(ceiling, observer, ablation.cohort), name)

    @property
    def order(self) -> tuple[str, ...]:
        """The conditions in the order in which they are asked."""
        return tuple(in_asking_order(self.ablation.asked))

    def observed(self, condition: str, observer: Observer) -> Observer:
        """Return who is told of the questions under one condition: which it is, and of how many."""
        return observer.part("condition", self.order.index(condition) + 1, len(self.order))

    def evidence(
        self,
        among: frozenset[RecordId],
        observer: Observer = SILENT,
        level: float = LEVEL,
        ask: Callable[[Job, Observer], Mapping[QuestionKey, Reading]] = run_readings,
    ) -> Evidence:
        """Ask what is not answered yet about some of the records, and return the evidence on these.

        Parameters
        ----------
        among : frozenset of RecordId
        observer : Observer
        level : float
            Of the verdicts, over all axes.
        ask : callable
            Returns the readings of a job.

        Raises
        ------
        taxonomy.error.NothingAnswered
            When every call under all conditions failed.
        taxonomy.error.BenchError
            As ``bench run``.
        """

        def asked(condition: str) -> tuple[Cases, Mapping[QuestionKey, Reading]]:
            cases = self.jobs[condition].cases
            records = [record for record in cases.cohort if record.ecg_id in among]
            readings = ask(replace(limited(self.jobs, condition), among=among), self.observed(condition, observer))
            return replace(cases, cohort=cases.cohort.of(records)), readings

        ceiling: Mapping[RecordId, Values] = {}
        if self.ceiling is not None:
            ceiling = ceiling_values(ask(replace(self.ceiling, among=among), observer))
        answers = {condition: asked(condition) for condition in self.order}
        check_runs({condition: self.jobs[condition].folder.whole for condition in self.order}, observer)
        found = gathered(self.ablation, answers.__getitem__, ceiling, level)
        full = self.jobs["full"].settings
        return replace(found, reader=full.reader, run_id=full.run_id, image_ceiling=self.image_ceiling)


def ablation_of(options: RunOptions, conditions: str = "") -> Ablation:
    """Return the ablation that the options of a run describe; nothing is asked yet."""
    reader = options.built()
    view = options.view.settled(reader)
    return Ablation(reader, options.selection.cohort(view.needs_signal), view, conditions)


def condition_jobs(options: RunOptions, ablation: Ablation, observer: Observer = SILENT) -> Mapping[str, Job]:
    """Return the job of each condition that would be asked; nothing is written."""
    check_limits(ablation.reader, options.limits)
    return {
        name: prepared(replace(options, view=replace(options.view, condition=name)), observer, ablation.cohort)
        for name in ablation.asked
    }


def say_resumed(jobs: Collection[Job], observer: Observer) -> None:
    """Say once how many readings of several runs are there already, if any is."""
    total = sum(len(job.questions) for job in jobs)
    there = total - sum(job.left() for job in jobs)
    if there:
        observer.say(f"resuming: {there:,} of {total:,} readings are there")


def ceiling_values(readings: Mapping[QuestionKey, Reading]) -> Mapping[RecordId, Values]:
    """Return the values of the image ceiling's first readings by ``ecg_id``; a failed call has none."""
    return {
        ecg_id: {} if reading.error else with_derived(reading.values)
        for ecg_id, reading in first_repeats(readings).items()
    }


def first_repeats(readings: Mapping[QuestionKey, Reading]) -> dict[RecordId, Reading]:
    """Return the first reading of each record by ``ecg_id``."""
    return {key.ecg_id: reading for key, reading in readings.items() if key.repeat == 0}
