"""A run made of a log: what was asked is made once more and compared, then the answers become readings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.dataset import Dataset, RecordId
from bench.inspection.answer import reading_of
from bench.inspection.asking import LoggedReader
from bench.inspection.conversation import Turn, bare_name, digest_of, logged_turns, request_of, turns_of
from bench.inspection.header import Header, header_of
from bench.inspection.log_file import LogFile, opened_log
from bench.inspection.told import log_caveats, told_beside, tools_in
from bench.progress import SILENT, Observer
from bench.run.caveat import with_caveats
from bench.run.folder import RunFolder
from bench.run.job import Job, begin
from bench.run.options import Limits
from bench.run.rescoring import cases_again, cohort_of_run
from bench.run.settings import settings_of
from bench.storage import as_json
from bench.view import Cases, Question, QuestionKey, View, template_version
from bench.view.drawing import Ahead, drawing_processes
from bench.view.example import IMAGE_AND_TEXT
from readers.api.price import Price, price_of
from readers.api.request import Request
from taxonomy.error import FileError, RunError
from taxonomy.reading import Reading

NEEDED = ("id", "epoch", "error", "limit", "output", "model_usage", "working_time")
"""What is kept of a sample while the others are read; its pictures and events are much larger."""


@dataclass(frozen=True, eq=False)
class LoggedSample:
    """A sample of a log, without its pictures and events.

    Attributes
    ----------
    where : str
        For messages.
    key : QuestionKey
    told : mapping
        The fields of :data:`NEEDED`.
    turns : tuple of Turn
        Its input.
    digest : str
        What the task wrote down of it; empty where the log lacks it.
    beside : str
        What else its model was told; empty for nothing.
    tools : frozenset of str
        That were called.
    """

    where: str
    key: QuestionKey
    told: Mapping[str, Any]
    turns: tuple[Turn, ...]
    digest: str
    beside: str
    tools: frozenset[str]


@dataclass(frozen=True, eq=False)
class LoggedRun:
    """A log as a run.

    Attributes
    ----------
    path : Path
        Of the log.
    job : Job
        Its folder holds, after :meth:`keep`, what a run's folder holds.
    readings : mapping of QuestionKey to Reading
        Of every sample in the log.
    caveats : tuple of str
        What the log cannot show, in sentences.
    """

    path: Path
    job: Job
    readings: Mapping[QuestionKey, Reading]
    caveats: tuple[str, ...] = ()

    @property
    def condition(self) -> str:
        """Name of the condition."""
        return self.job.settings.condition

    @property
    def answered(self) -> frozenset[RecordId]:
        """The records with a first reading."""
        return frozenset(key.ecg_id for key in self.readings if key.repeat == 0)

    def keep(self, observer: Observer = SILENT) -> None:
        """Write manifest and readings.

        An answer that is there already, of an earlier log of the same evaluation, is replaced where this log holds
        another one, and stays where this log holds a failed call.

        Raises
        ------
        taxonomy.error.BenchError
            When the folder cannot be written, or another process holds it.
        """
        job, view = self.job, self.job.cases.view
        with job.folder.locked():
            begin(job, observer)
            manifest = job.folder.manifest()
            told = with_caveats(manifest, self.caveats)
            if told != manifest:
                job.folder.write("manifest.json", as_json(told))
            there, _ = job.folder.every_reading()
            with job.folder.appending(lambda ecg_id: view.case_id(job.settings.run_id, ecg_id)) as keep:
                for question in job.questions:
                    reading, earlier = self.readings.get(question.key), there.get(question.key)
                    if reading is None or reading == earlier:
                        continue
                    if earlier is None or earlier.outcome == "failed" or reading.outcome != "failed":
                        keep(question, reading)


def logged_run(path: Path, dataset: Dataset, out: Path, observer: Observer = SILENT) -> LoggedRun:
    """Return the run in a log; nothing is written yet.

    Parameters
    ----------
    path : Path
    dataset : Dataset
        The one that was asked.
    out : Path
        Where its run folder goes.
    observer : Observer

    Raises
    ------
    taxonomy.error.FileError
        When the log cannot be read, is not of this task, or what it shows is not what this version asks.
    taxonomy.error.RunError
        When the dataset is another one, or the log answers another taxonomy or other prompts.
    """
    with opened_log(path) as log:
        header = header_of(path, log.start)
        cases = _cases(path, header, dataset)
        samples = _samples(log, header, cases)
    reader = LoggedReader(header.reader, header.details)
    settings = settings_of(reader, header.reader, cases, {}, header.epochs)
    job = Job(settings, reader, cases, RunFolder(out / settings.run_id), Limits())
    turns = (turn for sample in samples.values() for turn in sample.turns)
    said = log_caveats(header.solvers, (name for sample in samples.values() for name in sample.tools), turns)
    return LoggedRun(path, job, _readings(samples, header, cases, observer), said)


def _cases(path: Path, header: Header, dataset: Dataset) -> Cases:
    """Return the cases of the task once more, under the same opaque ids."""
    settings = header.settings
    if settings.prompt != template_version():
        raise RunError(
            f"{path} was asked with the prompts {settings.prompt[:40]!r}, and this version asks with "
            f"{template_version()!r}: run the task again"
        )
    view = View(
        condition=settings.condition,
        renderer=settings.renderer,
        px_per_mm=settings.px_per_mm,
        format=settings.form,
        measurements=settings.measurements or "waveform",
        seed=settings.seed,
        demography=settings.demography,
        shots=settings.shots,
    ).for_inputs(IMAGE_AND_TEXT)
    cohort = cohort_of_run(settings, dataset)
    unnamed = [ecg_id for ecg_id in cohort.ids if view.shown.crossed and str(ecg_id) not in header.donors]
    if unnamed:
        raise FileError(f"{path} cannot be used: it does not tell whose numbers stood beside record {unnamed[0]}")
    return replace(
        cases_again(view, cohort, header.donors, settings.run_id), ahead=Ahead(drawing_processes(len(cohort)))
    )


def _samples(log: LogFile, header: Header, cases: Cases) -> dict[QuestionKey, LoggedSample]:
    most = len(cases.cohort) * header.epochs
    if not log.count:
        raise FileError(f"{log.path} holds no sample: it was begun, or made by --no-log-samples")
    if log.count > most:
        raise FileError(f"{log.path} holds {log.count:,} samples of {most:,} questions")
    by_case = {cases.view.case_id(cases.name, ecg_id): ecg_id for ecg_id in cases.cohort.ids}
    found: dict[QuestionKey, LoggedSample] = {}
    for where, data in log.samples():
        sample = _sample(where, data, by_case, header.epochs)
        if sample.key in found:
            raise FileError(f"{where} is there twice: {found[sample.key].where} is of the same case and epoch")
        found[sample.key] = sample
    return found


def _sample(where: str, data: Mapping[str, Any], by_case: Mapping[str, RecordId], epochs: int) -> LoggedSample:
    case_id, epoch = data.get("id"), data.get("epoch")
    if not isinstance(case_id, str) or case_id not in by_case:
        raise FileError(f"{where} is of case {str(case_id)[:40]!r}, which the task did not ask")
    if not isinstance(epoch, int) or isinstance(epoch, bool) or not 1 <= epoch <= epochs:
        raise FileError(f"{where} is of epoch {str(epoch)[:40]!r}, and there are {epochs}")
    attachments, metadata = data.get("attachments") or {}, data.get("metadata") or {}
    if not isinstance(attachments, Mapping) or not isinstance(metadata, Mapping):
        raise FileError(f"{where} cannot be used: its attachments or its metadata are no JSON object")
    try:
        turns = logged_turns(data.get("input"), attachments)
        messages = data.get("messages")
        # A sample that failed before its first call has none.
        beside = told_beside(messages, turns, attachments) if messages or data.get("error") is None else ""
    except ValueError as error:
        raise FileError(f"{where} cannot be used: {error}") from error
    told = {name: data[name] for name in NEEDED if data.get(name) is not None}
    key = QuestionKey(by_case[case_id], epoch - 1)
    digest, tools = str(metadata.get("asked", ""))[:40], tools_in(messages, len(turns))
    return LoggedSample(where, key, told, turns, digest, beside, tools)


def _readings(
    samples: Mapping[QuestionKey, LoggedSample], header: Header, cases: Cases, observer: Observer
) -> dict[QuestionKey, Reading]:
    price = price_of(bare_name(header.name))
    with observer.progress("measuring") as report:
        cases.cohort.measure(report)
    asked = {key.ecg_id for key in samples}
    questions = [Question(record) for record in cases.cohort if record.ecg_id in asked]
    readings = {}
    with observer.progress("comparing what was asked") as report:
        for number, (question, case) in enumerate(zip(questions, cases.each(questions), strict=True), start=1):
            request = request_of(case, header.model)
            expected = turns_of(request)
            for repeat in range(header.epochs):
                key = QuestionKey(question.record.ecg_id, repeat)
                if key in samples:
                    _check_asked(samples[key], expected)
                    readings[key] = _reading(samples[key], request, price, header.constrained)
            report(number, len(questions))
    return readings


def _reading(sample: LoggedSample, request: Request, price: Price | None, constrained: bool) -> Reading:
    try:
        return reading_of(sample.told, request, price, constrained)
    except ValueError as error:
        raise FileError(f"{sample.where} cannot be used: {error}") from error


def _check_asked(sample: LoggedSample, expected: tuple[Turn, ...]) -> None:
    """Refuse a sample that was shown or told something else than this version would."""
    what = _difference(sample, expected)
    if what:
        raise FileError(
            f"{sample.where} was not asked as this version asks it ({what}): the task was edited, is of another "
            "version, or its solver told the model more; run it again"
        )


def _difference(sample: LoggedSample, expected: tuple[Turn, ...]) -> str:
    if len(sample.turns) != len(expected):
        return f"it has {len(sample.turns)} turns, and there are {len(expected)}"
    for number, (turn, own) in enumerate(zip(sample.turns, expected, strict=True), start=1):
        if not turn.agrees(own):
            return f"turn {number}, {own.role}, is another"
    # Pictures that are not logged are known by what the task wrote down.
    return sample.beside if sample.digest == digest_of(expected) else "the digest of what was shown is another"


def readings_kept(run: LoggedRun) -> dict[QuestionKey, Reading]:
    """Return the readings of a run's folder after :meth:`LoggedRun.keep`."""
    return run.job.folder.every_reading()[0]


def check_apart(runs: Iterable[LoggedRun]) -> None:
    """Raise RunError when two logs are of the same condition, which an ablation asks once."""
    seen: dict[str, Path] = {}
    for run in runs:
        name = run.job.cases.view.shown.name
        if run.condition in seen:
            raise RunError(f"{seen[run.condition]} and {run.path} are both of condition {name!r}: name one of them")
        seen[run.condition] = run.path
