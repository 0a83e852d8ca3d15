"""Readers as black boxes, asked about recordings of which a part is hidden."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.dataset import Cohort, Record
from bench.explain.hiding.answer_file import Kept, kept_in, kept_of
from bench.explain.hiding.box import Answered
from bench.explain.hiding.masked_case import Masked, MaskedCases, check_shown_a_trace
from bench.explain.hiding.target import AnswerKind, Target, answer_kind, answers_of
from bench.explain.maps.cell import Cells
from bench.progress import SILENT, Observer
from bench.run.estimate import LOOKED_AT, RunEstimate
from bench.run.failed_call import failure_lines
from bench.run.manifest import git_revision, versions
from bench.run.options import RunOptions, check_limits, within
from bench.run.questionnaire import FAILURES_TO_STOP, ask
from bench.run.settings import named_statements, safe_name, shown_by
from bench.storage import as_json, held, write_whole
from bench.view import View, cases_of, template_version
from readers.contract import Reader
from readers.session import CheckedReader, SessionReader
from taxonomy.axis import VERSION
from taxonomy.error import NothingAnswered
from taxonomy.reading import Reading


@dataclass(frozen=True, eq=False)
class BlackBox:
    """A reader of which nothing is known but its readings.

    Attributes
    ----------
    reader : Reader
        Within its session, if it takes one.
    cases : MaskedCases
    settings : str
        All that decides a reading beside the recording and its mask.
    kept : Kept
        Readings that exist already; new ones are added, so that no question is asked twice.
    is_hard : bool
        Whether answers are 1 or 0 even where the reader tells probabilities.
    """

    reader: Reader
    cases: MaskedCases
    settings: str = ""
    kept: Kept = field(default_factory=Kept)
    is_hard: bool = False

    def cells(self, record: Record) -> Cells:
        """Return the cells of a record at its highest sampling rate."""
        return self.cases.cells(record)

    def fs(self, record: Record) -> float:
        """Return the highest sampling rate of a record in Hz."""
        return self.cases.fs(record)

    def gain(self, masked: Masked) -> float:
        """Return what a mask in mV does to a lead that is scaled by its spread: see :meth:`Box.gain`."""
        mask = masked.mask
        return 1.0 if mask is None else self.cases.gain(masked.record, mask)

    def answers(self, questions: Sequence[Masked], target: Target, observer: Observer = SILENT) -> Answered:
        """Return the answers to questions: probabilities where each whole recording has one, else 1 or 0.

        Raises
        ------
        taxonomy.error.NothingAnswered
            When every new call fails.
        taxonomy.error.RunError
            When the reader yields another number of readings than cases.
        taxonomy.error.StopReading
            When the reader can answer no further question; what it answered is kept.
        """
        readings = self.readings(questions, observer)
        wholes = [reading for one, reading in zip(questions, readings, strict=True) if one.packed is None]
        kind: AnswerKind = "hard" if self.is_hard else answer_kind(target, wholes)
        return Answered(kind, answers_of(readings, target, kind))

    def readings(self, questions: Sequence[Masked], observer: Observer = SILENT) -> list[Reading]:
        """Return the reading of each question, asking those that have none; raises as :meth:`answers`."""
        keys = self.keys(questions)
        left = {key: one for key, one in zip(keys, questions, strict=True) if key not in self.kept.readings}
        there = len(set(keys)) - len(left)
        failed: dict[str, Reading] = {}
        if left:
            if earlier := len(self.kept.earlier.intersection(keys)):
                observer.say(f"resuming: {earlier} of {len(set(keys))} readings are there")
            if isinstance(self.reader, CheckedReader):
                self.reader.check()
            with observer.progress(f"{self.reader.name}, {len(left)} masked recordings", "questions") as report:
                asked = ask(self.reader, self.cases, list(left.values()))
                for done, (key, (question, reading)) in enumerate(zip(left, asked, strict=True), start=1):
                    if reading.outcome == "failed":
                        failed[key] = reading
                        self.kept.append(question.record.ecg_id, key, reading)
                        self._check_goes_on(failed, done, len(left))
                    else:
                        self.kept.keep(question.record.ecg_id, key, reading)
                    report(there + done, len(set(keys)))
        if failed and len(failed) == len(left):
            raise NothingAnswered(f"reader {self.reader.name!r} answered none of {len(left)} questions: {_why(failed)}")
        if failed:
            observer.say(
                f"{len(failed)} of {len(left)} calls failed ({_why(failed)}): the same command asks them again"
            )
        return [failed[key] if key in failed else self.kept.readings[key] for key in keys]

    def _check_goes_on(self, failed: dict[str, Reading], done: int, asked: int) -> None:
        """Raise NothingAnswered for a reader that has crashed on each of the first cases."""
        crashed = sum(one.error is not None and one.error.kind == "crash" for one in failed.values())
        if crashed == done >= min(FAILURES_TO_STOP, asked):
            raise NothingAnswered(
                f"reader {self.reader.name!r} crashed on each of the first {crashed} masked recordings ({_why(failed)})"
            )

    def estimate(self, questions: Sequence[Masked], name: str = "") -> RunEstimate:
        """Return what the questions that have no reading would cost; nothing is sent.

        Parameters
        ----------
        questions : sequence of Masked
        name : str
            Of the folder.
        """
        keys = {self._key(one): one for one in questions}
        left = {key: one for key, one in keys.items() if key not in self.kept.readings}
        if not isinstance(self.reader, SessionReader):
            return RunEstimate(name, self.reader.name, len(left), len(keys), (), False)
        every = list(left.values())
        few = every[:: max(1, -(-len(every) // LOOKED_AT))]
        looked_at = tuple(self.reader.estimate(case) for case in self.cases.each(few))
        return RunEstimate(name, self.reader.name, len(left), len(keys), looked_at, True)

    def keys(self, questions: Sequence[Masked]) -> list[str]:
        """Return the digest of each question under which its reading is kept."""
        return [self._key(one) for one in questions]

    def _key(self, question: Masked) -> str:
        record, shown = question.record, self.cases.cases
        mask = b"" if question.packed is None else question.packed.tobytes()
        numbers = shown.printed(record).ecg_id if "text" in shown.view.inputs else ""
        what = f"{self.settings} {record.ecg_id} {numbers} {self.cases.digest(record)} "
        return hashlib.sha256(what.encode() + mask).hexdigest()


def _why(failed: dict[str, Reading]) -> str:
    return "; ".join(failure_lines(failed.values()))


def black_box(reader: Reader, cohort: Cohort, view: View | None = None) -> BlackBox:
    """Return a reader as a black box that keeps its readings in memory.

    Parameters
    ----------
    reader : Reader
    cohort : Cohort
    view : View, optional
        By default one without numbers.

    Raises
    ------
    taxonomy.error.SettingError
        When the reader is shown no trace, or the view another one than the record's own.
    """
    check_shown_a_trace(reader)
    settled = (view or View("image-only")).settled(reader)
    return BlackBox(reader, MaskedCases(replace(cases_of(settled, cohort), name="explanation")))


@contextmanager
def black_box_on_disk(
    options: RunOptions, cohort: Cohort, observer: Observer = SILENT, dry: bool = False
) -> Iterator[tuple[BlackBox, Path]]:
    """Yield a reader as a black box whose readings are kept in a folder like that of a run, and the folder.

    The folder belongs to the reader, its options, the dataset and the view: whatever is asked of them, of whichever
    records and by whichever method, goes on from there.

    Parameters
    ----------
    options : RunOptions
    cohort : Cohort
        Records of its selection.
    observer : Observer
    dry : bool
        Whether nothing is asked, only estimated: no folder is made or held.

    Raises
    ------
    taxonomy.error.BenchError
        When the reader or the view cannot be used, another process holds the folder, or its readings are damaged.
    """
    built = options.built()
    check_shown_a_trace(built)
    check_limits(built, options.limits)
    cases = cases_of(options.view.settled(built), cohort, observer)
    settings = _settings(built, options, cases.view, cohort)
    text = json.dumps(settings, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    name = f"explain-{safe_name(options.reader)[:40]}-{safe_name(cohort.dataset.name)}-{digest}"
    folder = options.out / name
    masked = MaskedCases(replace(cases, name=name))
    if dry:
        kept = kept_of(folder / "readings.jsonl")
        yield (
            BlackBox(within(built, options.limits.session(folder, name, kept.spent, observer.say)), masked, text, kept),
            folder,
        )
        return
    with held(folder), kept_in(folder / "readings.jsonl") as kept:
        if not (folder / "manifest.json").is_file():
            made = {"packages": versions("ecg-bench", "numpy", "scipy", "matplotlib", "torch")}
            write_whole(
                folder / "manifest.json", as_json({"settings": settings, **made, "git_revision": git_revision()})
            )
        reader = within(built, options.limits.session(folder, name, kept.spent, observer.say))
        yield BlackBox(reader, masked, text, kept), folder


def _settings(reader: Reader, options: RunOptions, view: View, cohort: Cohort) -> dict[str, Any]:
    return {
        "reader": options.reader,
        "reader_details": dict(getattr(reader, "details", {})),
        "options": dict(options.options),
        "dataset": cohort.dataset.name,
        "dataset_version": cohort.dataset.version,
        "taxonomy_version": VERSION,
        "prompt": template_version() if "text" in view.inputs else "",
        "statements": named_statements(view),
        "filling": "bridged in mV",
        **shown_by(view),
    }
