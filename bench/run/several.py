"""Several runs as one job: looked at together before anything is asked, then asked one after another."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bench.dataset import Cohort, Dataset, Selection
from bench.progress import SILENT, Observer
from bench.run.estimate import RunEstimate, estimate
from bench.run.failed_call import check_any_answered, failed_share
from bench.run.folder import RunFolder
from bench.run.job import Job, prepared, run_job
from bench.run.job_file import JobFile, PlannedRun, told_in
from bench.run.options import Limits, RunOptions, check_effect, check_limits
from bench.score import Score
from readers.contract import Reader
from readers.session import SessionReader
from taxonomy.danger import DangerTable, danger_table
from taxonomy.error import BenchError, NothingAnswered, SettingError


@dataclass(frozen=True, eq=False)
class Part:
    """One run of a job.

    Attributes
    ----------
    options : RunOptions
    run_id, title : str
    page : str
        Renderer of the pages that its reader is shown; empty where it is shown none.
    condition : str
    questions : int
    cohort : Cohort
        Its records, which runs on the same ones share.
    """

    options: RunOptions
    run_id: str
    title: str
    page: str
    condition: str
    questions: int
    cohort: Cohort = field(repr=False)

    @property
    def folder(self) -> RunFolder:
        """Its run folder, which may not be there yet."""
        return RunFolder(self.options.out / self.run_id)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a run of a job.

    Attributes
    ----------
    part : Part
    score : Score or None
        None where it could not be finished.
    failure : str
        Why it could not be finished, or which calls failed.
    has_answers : bool
        Whether a call of it did not fail.
    """

    part: Part
    score: Score | None = None
    failure: str = ""
    has_answers: bool = False


class _Records:
    """The records of a job's selections, each opened once."""

    def __init__(self) -> None:
        self._datasets: dict[str, Dataset] = {}
        self._cohorts: dict[tuple[Selection, bool], Cohort] = {}

    def of(self, selection: Selection, needs_signal: bool) -> Cohort:
        key = selection, needs_signal
        if key not in self._cohorts:
            data = str(selection.data)
            if data not in self._datasets:
                self._datasets[data] = selection.open()
            self._cohorts[key] = selection.cohort(needs_signal, self._datasets[data])
        return self._cohorts[key]


@dataclass(frozen=True, eq=False)
class SeveralRuns:
    """A job whose every run can be begun.

    Attributes
    ----------
    parts : tuple of Part
    notes : tuple of str
        What of the product is left out or asked once, in sentences.
    danger : DangerTable
    """

    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    danger: DangerTable

    @classmethod
    def opened(cls, file: JobFile, observer: Observer = SILENT) -> "SeveralRuns":
        """Build every reader and open every dataset; nothing is asked and nothing written.

        Raises
        ------
        taxonomy.error.SettingError
            When a run cannot be begun, with the file, its table and the reason.
        """
        records, left_out, twice = _Records(), [], 0
        parts: dict[str, Part] = {}
        with told_in(str(file.path)):
            danger = danger_table(file.danger)
        api = False
        for planned in file.runs:
            with told_in(f"{file.path}, {planned.where}, reader {planned.options.reader}"):
                reader = planned.options.built()
                api = api or isinstance(reader, SessionReader)
                options = _own_options(planned, reader)
                if options is None:
                    left_out.append(f"{reader.name}, {planned.options.view.shown.name}")
                    continue
                needs_signal = options.view.settled(reader).needs_signal
                part = _part(options, records.of(options.selection, needs_signal), observer)
            twice += part.run_id in parts
            parts.setdefault(part.run_id, part)
        if not api:
            with told_in(f"{file.path}, [common]"):
                check_limits(reader, file.runs[-1].options.limits)
        notes = [f"left out, for nothing would be shown: {'; '.join(dict.fromkeys(left_out))}"] if left_out else []
        if twice:
            notes.append(f"asked once: {twice} of the combinations show a reader just what another one does")
        with told_in(str(file.path)):
            if not parts:
                raise SettingError("no run is left: every condition takes away all that its readers are shown")
        return cls(tuple(parts.values()), tuple(notes), danger)

    @property
    def left(self) -> int:
        """Questions that have no reading yet."""
        return sum(part.questions - len(part.folder.every_reading()[0]) for part in self.parts)

    def estimates(self, observer: Observer = SILENT) -> Iterator[tuple[Part, RunEstimate]]:
        """Yield what each run would ask and cost; nothing is sent."""
        for number, part in enumerate(self.parts, start=1):
            yield part, estimate(self._job(part, observer), observer.part("run", number, len(self.parts)))

    def run(self, observer: Observer = SILENT) -> Iterator[Outcome]:
        """Ask and score one run after another, and yield what became of each; a run that fails stops no other.

        What has an answer is not asked again.
        """
        told: set[str] = set()
        for number, part in enumerate(self.parts, start=1):
            observer.say(f"run {number} of {len(self.parts)}: {part.title}")
            try:
                yield self._run(part, observer.part("run", number, len(self.parts)), told)
            except BenchError as error:
                there = part.folder.every_reading()[0].values() if part.folder.path.is_dir() else ()
                answered = any(reading.outcome != "failed" for reading in there)
                yield Outcome(part, failure=str(error), has_answers=answered)

    def _run(self, part: Part, observer: Observer, told: set[str]) -> Outcome:
        job = self._job(part, observer)
        for line in (*part.cohort.dataset.remarks, *job.caveats):
            if line not in told:
                observer.say(line)
                told.add(line)
        score = run_job(job, self.danger, observer)
        readings = part.folder.every_reading()[0].values()
        try:
            check_any_answered(readings)
        except NothingAnswered as error:
            return Outcome(part, score, str(error))
        return Outcome(part, score, failed_share(readings), has_answers=True)

    def _job(self, part: Part, observer: Observer) -> Job:
        """Return the job of a run with a reader of its own: one that was asked before may remember the records."""
        options = part.options
        if options.limits.max_cost is not None:
            others = sum(one.folder.paid() for one in self.parts if one is not part)
            options = replace(options, limits=replace(options.limits, others=others))
        return prepared(options, observer, part.cohort)


def _own_options(planned: PlannedRun, reader: Reader) -> RunOptions | None:
    """Return the options that apply to a reader; None where a condition of the product leaves it nothing to read."""
    options = planned.options
    inputs, view = frozenset(reader.inputs), options.view
    if planned.own is not None:
        check_effect(planned.own, reader)
    elif inputs and view.shown.images == "none" and "text" not in inputs:
        return None
    if not isinstance(reader, SessionReader):
        options = replace(options, limits=Limits(concurrency=options.limits.concurrency))
    check_limits(reader, options.limits)
    return options


def _part(options: RunOptions, cohort: Cohort, observer: Observer) -> Part:
    job = prepared(options, observer, cohort)
    settings = job.settings
    return Part(
        options=options,
        run_id=settings.run_id,
        title=settings.title + (f", {settings.renderer}" if settings.renderer else ""),
        page=settings.renderer,
        condition=job.cases.view.shown.name,
        questions=len(job.questions),
        cohort=cohort,
    )
