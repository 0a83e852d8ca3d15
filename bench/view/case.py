"""Cases: what a reader may see of each record in a view, limited to the inputs that it takes, without labels."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bench.dataset import Cohort, Record, RecordId, Signal
from bench.progress import SILENT, Observer
from bench.view.donor import donor_of, donors
from bench.view.drawing import IN_TURN, Ahead, draw_ahead
from bench.view.jitter import jitter
from bench.view.lead_mask import masked_leads
from bench.view.shot import Worked, shots_for, worked_examples
from bench.view.view import WAVEFORM, View
from measurements import Measurements
from readers.contract import Case
from renderers import LEADS, Picture, blank

NO_ROW = Measurements.none("the features file has no row for this record")


@dataclass(frozen=True)
class QuestionKey:
    """Identifies a reading: its record, and which of several repeats it is."""

    ecg_id: RecordId
    repeat: int = 0


@dataclass(frozen=True)
class Question:
    """A record to ask about, and which of several repeats it is."""

    record: Record
    repeat: int = 0

    @property
    def key(self) -> QuestionKey:
        """The key of its reading."""
        return QuestionKey(self.record.ecg_id, self.repeat)


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases of a cohort in a view; :func:`cases_of` makes them.

    Attributes
    ----------
    view : View
        Settled for the reader.
    cohort : Cohort
        Records that can be asked in this view.
    features : mapping of RecordId to Measurements, or None
        Numbers of a PTB-XL+ features file, if prompts quote those; None if they quote our own measurements.
    donors : mapping of RecordId to Record
        The record whose numbers are shown with each record, if the condition shows another patient's.
    statements : mapping of RecordId to tuple of str
        Statements of an interpretation program.
    worked : tuple of Worked
        Worked examples, some of them in reserve; empty unless the view asks for any and the reader takes text.
    name : str
        Name of the run or study, from which the opaque case ids are derived.
    ahead : Ahead
        How pages are drawn ahead; by default they are not.
    """

    view: View
    cohort: Cohort
    features: Mapping[RecordId, Measurements] | None = None
    donors: Mapping[RecordId, Record] = field(default_factory=dict)
    statements: Mapping[RecordId, tuple[str, ...]] = field(default_factory=dict)
    worked: tuple[Worked, ...] = ()
    name: str = ""
    ahead: Ahead = IN_TURN

    def each(self, questions: Iterable[Question]) -> Iterator[Case]:
        """Yield the case of each question, lazily."""
        if not self.ahead.processes or not self._draws or self.view.is_as_is:
            yield from map(self.case, questions)
            return
        work = (
            (question, (signal.mv, signal.fs)) for question in questions for signal in (self._drawn(question.record),)
        )
        for question, images in draw_ahead(work, self.view.renderer, self.view.style, self.ahead):
            yield self.with_images(question, images)

    def case(self, question: Question) -> Case:
        """Return the case of one question; raises PageError where its page cannot be shown to the reader."""
        images: tuple[Picture, ...] = ()
        if self.view.is_as_is and self.view.shows_images:
            page = question.record.page()
            images = (page if self._draws else page.blank(),)
        elif self._draws:
            images = self.view.drawn(self._drawn(question.record))
        elif self.view.shows_images:
            images = blank(self.view.renderer, self.view.style)
        return self.with_images(question, images)

    def with_images(self, question: Question, images: tuple[Picture, ...]) -> Case:
        """Return the case of one question with these images."""
        ecg_id, inputs = question.record.ecg_id, self.view.inputs
        printed = self.printed(question.record)
        signal = self._signal(question.record) if "signal" in inputs else None
        patients = {question.record.patient_id, printed.patient_id}
        return Case(
            case_id=self.view.case_id(self.name, ecg_id),
            signal=signal.mv if signal else None,
            fs=signal.fs if signal else None,
            images=images,
            prompt=self.view.prompt(self.numbers(printed), images, printed) if "text" in inputs else None,
            repeat=question.repeat,
            statements=self.statements.get(ecg_id) if "statements" in inputs else None,
            shots=shots_for(self.worked, self.view.shots, patients),
        )

    def printed(self, record: Record) -> Record:
        """Return the record whose numbers a record's prompt prints: itself, or its donor."""
        return donor_of(record, self.donors) if self.view.shown.crossed else record

    def numbers(self, record: Record) -> Measurements:
        """Return a record's own measurements, from the features file if there is one."""
        return self.cohort.measured(record) if self.features is None else self.features.get(record.ecg_id, NO_ROW)

    @property
    def _draws(self) -> bool:
        return "image" in self.view.inputs and self.view.shown.images == "true"

    def _drawn(self, record: Record) -> Signal:
        """Return the signal to draw, at the highest rate, with NaN in masked leads.

        Its page is laid out by what is left. That of the whole record (``like`` of :func:`renderers.render`), where
        names stand beside the traces that they had to avoid, would tell how large a blanked lead was.
        """
        return self._changed(record, record.signal(), np.nan)

    def _signal(self, record: Record) -> Signal | None:
        """Return the trace for a signal reader; it is flat if the condition shows an empty page."""
        if self.view.shown.images == "none":
            return None
        signal = record.signal(self.view.preferred_fs)
        if self.view.shown.images == "blank":
            return Signal(np.zeros_like(signal.mv), signal.fs)
        return self._changed(record, signal, 0.0)

    def _changed(self, record: Record, signal: Signal, filling: float) -> Signal:
        """Return a signal as the condition shows it: jittered, or with the masked leads filled with one value."""
        condition, lot = self.view.shown, (self.view.seed, record.ecg_id)
        if condition.jittered:
            signal = jitter(*lot).of(signal)
        if not condition.lead_mask:
            return signal
        mv = signal.mv.copy()
        mv[[LEADS.index(lead) for lead in masked_leads(*lot)]] = filling
        return Signal(mv, signal.fs)


def cases_of(view: View, cohort: Cohort, observer: Observer = SILENT) -> Cases:
    """Return the cases of a cohort in a view, with donors and files resolved once for all of them.

    If the condition shows another patient's numbers, records that cannot be given any (:func:`bench.view.donor.donors`)
    are left out, and the observer is told how many.

    Parameters
    ----------
    view : View
        Settled for the reader.
    cohort : Cohort
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When the records of a fold are all of one patient and another's numbers are to be shown, a file of
        measurements or statements cannot be read, there are too few patients for the worked examples, or the
        condition changes traces and the records are pages of others.
    """
    view = view.as_is() if cohort.dataset.shows_pages else view
    shown = Cases(view, cohort, _features(view.measurements), statements=_printed(view))
    if view.shots and "text" in view.inputs:
        shown = replace(shown, worked=worked_examples(view, cohort.dataset, shown.numbers))
    if not view.shown.crossed:
        return shown
    chosen = donors(cohort, view.seed, view.shown.draw)
    able = [record for record in cohort if record.ecg_id in chosen]
    if len(able) < len(cohort):
        left = len(cohort) - len(able)
        observer.say(f"{left} of {len(cohort)} records are left out: one patient has most of a fold's records")
    return replace(shown, cohort=cohort.of(able), donors=chosen)


def _features(source: str) -> Mapping[RecordId, Measurements] | None:
    if source == WAVEFORM:
        return None
    from bench.dataset.feature_file import read_features

    return read_features(Path(source))


def _printed(view: View) -> Mapping[RecordId, tuple[str, ...]]:
    if view.statements is None or "statements" not in view.inputs:
        return {}
    from bench.dataset.statement_file import read_statements

    return read_statements(view.statements)
