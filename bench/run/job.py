"""Jobs: a run from its options to its score, with every reading on disk as it arrives."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bench.dataset import Cohort, RecordId
from bench.progress import SILENT, Observer
from bench.run.caveat import caveats, is_sample, taught_records
from bench.run.cost_share import counted
from bench.run.folder import RunFolder
from bench.run.manifest import at_hand, manifest
from bench.run.options import Limits, RunOptions, within
from bench.run.questionnaire import Questionnaire, Source, ask_all, questions_of
from bench.run.ray_cluster import check_ray
from bench.run.ray_engine import RayEngine
from bench.run.same_packages import check_same_packages
from bench.run.scoring import score_readings
from bench.run.settings import RunSettings, settings_of
from bench.run.shard import check_fits
from bench.score import Score
from bench.storage import as_json
from bench.view import Cases, Question, QuestionKey, View, cases_of
from bench.view.drawing import Ahead, drawing_processes
from readers.contract import Reader
from readers.session import CheckedReader, SessionReader
from taxonomy.danger import DangerTable
from taxonomy.error import RunError, SettingError
from taxonomy.reading import Reading


@dataclass(frozen=True, eq=False)
class Job:
    """Everything that a run needs before the first question.

    Attributes
    ----------
    settings : RunSettings
    reader : Reader
    cases : Cases
    folder : RunFolder
    limits : Limits
    again : frozenset of QuestionKey
        Failed calls to ask again, and nothing else; empty for a normal run.
    among : frozenset of RecordId or None
        The records that are asked about now; None for all. The others are asked when the run goes on.
    source : callable or None
        The engine that asks; None for this process.
    """

    settings: RunSettings
    reader: Reader
    cases: Cases
    folder: RunFolder
    limits: Limits
    again: frozenset[QuestionKey] = frozenset()
    among: frozenset[RecordId] | None = None
    source: Source | None = None

    @property
    def taught(self) -> int:
        """Records of the run that lie in folds which were taught to the reader."""
        return taught_records(self.reader, self.cases.cohort)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What is wrong with the run as a test of its reader, in sentences: part of a split, or taught records."""
        coverage = self.cases.cohort.coverage
        return caveats(coverage, self.taught, is_sample(self.settings.reader, self.settings.split, coverage))

    @property
    def questions(self) -> list[Question]:
        """Every record with its repeats in the order asked, or only the shard's, or what is asked now, or again."""
        every = questions_of(self.cases, self.settings.repeats)
        if self.folder.shard is not None:
            every = self.folder.shard.part(every)
        if self.among is not None:
            every = [question for question in every if question.record.ecg_id in self.among]
        return [question for question in every if question.key in self.again] if self.again else every

    def left(self, among: Collection[RecordId] | None = None) -> int:
        """Return how many questions, of all or of those about some records, have no reading yet."""
        there, _ = self.folder.every_reading()
        left = [question for question in self.questions if question.key not in there]
        return len(left) if among is None else sum(question.record.ecg_id in among for question in left)

    def lent(self, observer: Observer = SILENT) -> Reader:
        """Return the reader, inside a session if it takes one."""
        spent = counted([self.folder], self.limits.max_cost)
        batch = f"batch-{self.folder.shard.index}" if self.folder.shard else "batch"
        session = self.limits.session(self.folder.path, self.settings.run_id, spent, observer.say, batch)
        return within(self.reader, session)

    def check_reader(self) -> None:
        """Raise StopReading when the reader can answer no question that is left, such as for want of a key."""
        if isinstance(self.reader, CheckedReader) and self.is_open:
            self.lent()
            self.reader.check()

    @property
    def is_open(self) -> bool:
        """Whether a question has no reading yet, or a failed one is asked again."""
        readings, _ = self.folder.every_reading()
        return bool(self.again) or any(question.key not in readings for question in self.questions)

    def ask(self, observer: Observer = SILENT) -> Mapping[QuestionKey, Reading]:
        """Ask every question without a reading, and return all readings; the caller holds the folder's lock."""
        # Else no question shows a number, or an engine's workers measure what theirs show: only the score needs them.
        if self.source is None and not self.cases.view.inputs <= {"signal"}:
            self._measure(observer, self.cases.cohort if self.folder.shard is None else self._own)
        answered, _ = self.folder.every_reading()
        questions = Questionnaire(self.cases, self.questions, answered, self.again)
        with (
            observer.progress(f"{self.reader.name}, {self.cases.view.shown.name}") as report,
            self.folder.appending(lambda ecg_id: self.cases.view.case_id(self.settings.run_id, ecg_id)) as keep,
        ):
            return ask_all(self.lent(observer), questions, keep, report, self.source)

    @property
    def _own(self) -> Cohort:
        """The records that are asked."""
        ids = {question.record.ecg_id for question in self.questions}
        return self.cases.cohort.of(record for record in self.cases.cohort if record.ecg_id in ids)

    def _measure(self, observer: Observer, cohort: Cohort) -> None:
        with observer.progress("measuring") as report:
            cohort.measure(report)

    def finish(self, danger: DangerTable | None = None, observer: Observer = SILENT) -> Score:
        """Ask every question without a reading, then score and store; the caller holds the folder's lock."""
        return self.score(self.ask(observer), danger, observer)

    def score(
        self, readings: Mapping[QuestionKey, Reading], danger: DangerTable | None = None, observer: Observer = SILENT
    ) -> Score:
        """Score readings and store the score."""
        self._measure(observer, self.cases.cohort)
        score = score_readings(readings, self.cases.cohort, danger, offer=self.settings.offer)
        self.folder.write("score.json", as_json(score.to_json()))
        return score


def prepared(options: RunOptions, observer: Observer = SILENT, cohort: Cohort | None = None) -> Job:
    """Return the job of a run; nothing is written or asked yet.

    Parameters
    ----------
    options : RunOptions
    observer : Observer
    cohort : Cohort, optional
        The records of the selection, if several runs share them, so that they are measured once.

    Raises
    ------
    taxonomy.error.BenchError
        When a reader, dataset, record or setting does not exist or cannot be used.
    """
    reader = options.built()
    view = options.view.settled(reader)
    if cohort is None:
        cohort = options.selection.cohort(view.needs_signal)
    check_as_is(options.view, cohort)
    if options.shard is not None:
        check_fits(options.shard, len(cohort))
    cases = cases_of(view, cohort, observer)
    settings = settings_of(reader, options.reader, cases, options.options, options.repeats)
    ahead = Ahead(drawing_processes(len(cases.cohort) * options.repeats), as_png=isinstance(reader, SessionReader))
    cases = replace(cases, name=settings.run_id, ahead=ahead)
    limits = options.limits.of_shard(options.shard)
    source = None
    if options.ray is not None:
        check_ray(reader, options.ray)
        source = RayEngine(options, settings.run_id, observer)
    return Job(settings, reader, cases, RunFolder(options.out / settings.run_id, options.shard), limits, source=source)


def check_as_is(view: View, cohort: Cohort) -> None:
    """Raise SettingError where a view, as asked, says how pages are to be drawn that others drew."""
    named = {"--renderer": view.renderer, "--px-per-mm": view.px_per_mm}
    idle = next((option for option, value in named.items() if value), None)
    if idle and cohort.dataset.shows_pages:
        raise SettingError(f"{idle} decides nothing here: {cohort.dataset.title} are shown as they are")


def run_job(job: Job, danger: DangerTable | None = None, observer: Observer = SILENT) -> Score:
    """Run and score a job; questions that have a reading are not asked again.

    Raises
    ------
    taxonomy.error.BenchError
        When the run cannot go on.
    """
    with job.folder.locked():
        job.check_reader()
        begin(job, observer)
        return job.finish(danger, observer)


def run_readings(job: Job, observer: Observer) -> Mapping[QuestionKey, Reading]:
    """Return the readings of a job; those that its folder lacks are asked. The caller says what is there already."""
    with job.folder.locked():
        begin(job)
        return job.ask(observer)


def limited(jobs: Mapping[str, Job], condition: str) -> Job:
    """Return a job that counts what the others have cost under the cost limit, which applies to all jobs together."""
    job = jobs[condition]
    share = job.limits.max_cost
    if share is None:
        return job
    others = counted([other.folder for other in jobs.values()], share) - counted([job.folder], share)
    return replace(job, limits=replace(job.limits, others=job.limits.others + others))


def begin(job: Job, observer: Observer = SILENT) -> None:
    """Write the manifest of a new run, or check that the folder holds the same run."""
    with job.folder.settling():
        if not (job.folder.path / "manifest.json").is_file():
            check_same_packages(job.folder, job.settings)
            job.folder.write("manifest.json", as_json(manifest(job.settings, job.cases, job.taught)))
            return
        if job.folder.settings() != job.settings:
            raise RunError(f"{job.folder.path} holds another run; name another --out")
        earlier, now = job.folder.manifest(), at_hand(job.cases, job.taught)
        if {name: earlier.get(name) for name in now} != now:
            job.folder.write("manifest.json", as_json({**earlier, **now}))
    if job.folder.shard is not None:
        done = len(job.questions) - job.left()
        if done:
            observer.say(f"resuming: {done} of the {len(job.questions)} readings of shard {job.folder.shard} are there")
        return
    readings, torn = job.folder.every_reading()
    note = " (a torn last line is dropped)" if torn else ""
    expected = len(job.settings.ids) * job.settings.repeats
    observer.say(f"resuming: {len(readings)} of {expected} readings are there{note}")
