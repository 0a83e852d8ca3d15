"""The reading room: a run's cases before a person, one after the other, each answer kept as it is given.

What a person is shown and sends is data of plain types here; nothing in it tells a record, a patient or a truth.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.dataset import Signal
from bench.dataset.record import PageError
from bench.run.job import Job
from bench.run.questionnaire import Keep
from bench.storage import as_json
from bench.view import Question
from bench.web.case_data import trace_json
from bench.web.run_data import names
from readers.contract import Case
from renderers import Picture, printable
from taxonomy.axis import UNLISTED, AxisValue, axis_named
from taxonomy.error import BenchError, RunError
from taxonomy.outside import Bounds, object_in
from taxonomy.reading import Failure, Reading, Usage

NOTES = "room.json"
"""The file of a run folder that holds what is not answered yet, and whether the room is closed."""

SLACK_S = 1.0
"""Seconds by which a browser's clock may run before this one."""

Json = dict[str, Any]
Values = Mapping[str, AxisValue | None]


class Stale(Exception):  # said to a page, and never seen
    """Raised for what a page sends about a state that is no more: another tab was faster."""


@dataclass(frozen=True)
class Draft:
    """What is chosen of a case that is not answered yet: values so far, None for 'cannot tell', and seconds so far."""

    values: Values = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> Json:
        """Return plain JSON data; sets become lists."""
        return {
            "values": {axis: None if value is None else names(value) for axis, value in self.values.items()},
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, eq=False)
class Shown:
    """A case as it is shown, with its pictures as PNG; without one, the reason why it cannot be."""

    case: Case | None = None
    pictures: tuple[bytes, ...] = ()
    problem: BenchError | None = None


class Room:
    """A run that a person answers.

    Every change counts a turn, and what is sent names the turn that its page shows: a second tab cannot undo what the
    first one did. The caller holds the folder's lock.

    Parameters
    ----------
    job : Job
        Of a :class:`readers.human.HumanReader`; its manifest is written.
    keep : callable
        Appends a reading to the run.
    clock : callable
        Returns seconds.

    Raises
    ------
    taxonomy.error.RunError
        When the notes of the room are damaged.
    """

    def __init__(self, job: Job, keep: Keep, clock: Callable[[], float] = time.monotonic) -> None:
        self.job, self._keep, self._clock = job, keep, clock
        self._lock = threading.RLock()
        self._questions = job.questions
        self._axes = tuple(axis_named(name) for name in job.cases.view.form.axes)
        kept, _ = job.folder.every_reading()
        # A case that could not be shown is tried again: its recording may be there by now.
        self._readings = {key: reading for key, reading in kept.items() if reading.outcome != "failed"}
        answered = [entry.key for entry in job.folder.entries()[0] if entry.is_answer()]
        self._last = next((one for one in self._questions if answered and one.key == answered[-1]), None)
        self.turn = 0
        self._made: dict[str, Shown] = {}
        notes = self._notes()
        self.is_closed: bool = notes["closed"]
        self._is_correcting = notes["correcting"] and self._last is not None
        self._drafts: dict[str, Draft] = notes["drafts"]
        self._open()

    @property
    def done(self) -> int:
        """How many cases have an answer."""
        return sum(question.key in self._readings for question in self._questions)

    @property
    def total(self) -> int:
        """How many cases there are."""
        return len(self._questions)

    @property
    def is_finished(self) -> bool:
        """Whether every case has an answer."""
        return self.done == self.total

    def state(self) -> Json:
        """Return what the page shows now."""
        with self._lock:
            shown = self._current
            told: Json = {
                "turn": self.turn,
                "done": self.done,
                "total": self.total,
                "place": 0 if shown is None else self._questions.index(shown) + 1,
                "correcting": self._is_correcting,
                "last": self._last is not None and not self.is_closed and not self._is_correcting,
                "finished": self.is_finished,
                "closed": self.is_closed,
                "case": None,
            }
            if shown is not None and not self.is_closed:
                draft = self._drafts.get(self._id(shown), Draft())
                told |= {"case": self._case_json(shown), "draft": draft.to_json()}
            return told

    def picture(self, case_id: str, place: int) -> bytes | None:
        """Return a picture of the case that is shown, as PNG; None for another's."""
        with self._lock:
            shown = self._shown(case_id)
            return shown.pictures[place] if shown and place < len(shown.pictures) else None

    def trace(self, case_id: str) -> Json | None:
        """Return the samples of the case that is shown, as :func:`trace_json`; None for another's."""
        with self._lock:
            shown = self._shown(case_id)
            case = shown.case if shown else None
            if case is None or case.signal is None or case.fs is None:
                return None
            return trace_json(Signal(case.signal, case.fs))

    def draft(self, sent: Mapping[str, Any]) -> None:
        """Keep what is chosen so far; raises as :meth:`answer`."""
        with self._lock:
            question = self._fresh(sent)
            self._drafts[self._id(question)] = Draft(self._values(sent), self._seconds(sent))
            self._write()

    def answer(self, sent: Mapping[str, Any]) -> None:
        """Keep the answer to the case that is shown, and go on to the next.

        Parameters
        ----------
        sent : mapping
            ``turn``, ``case``, ``values`` (of every axis: a list of names, or None for 'cannot tell') and ``seconds``.

        Raises
        ------
        Stale
            When the page does not show what is asked now.
        taxonomy.error.BenchError
            When an axis is missing, a value is none, or the disk is full; then nothing is kept.
        """
        with self._lock:
            question = self._fresh(sent)
            problem = self._show(question).problem
            seconds = self._seconds(sent)
            if problem is None:
                values = self._values(sent)
                missing = next((axis.name for axis in self._axes if axis.name not in values), None)
                if missing:
                    raise RunError(f"{missing} has no answer yet")
                reading = Reading(values=values, usage=Usage(seconds=round(seconds, 3)))
            else:
                reading = _unshown(problem)
            self._keep(question, reading)
            self._readings[question.key] = reading
            self._last, self._is_correcting = question, False
            self._drafts.pop(self._id(question), None)
            self._write()
            self._open()

    def back(self, sent: Mapping[str, Any]) -> None:
        """Show the case that was answered last once more, or leave its answer as it is; raises as :meth:`answer`."""
        with self._lock:
            self._check_turn(sent)
            if self._last is None:
                raise RunError("nothing is answered yet")
            name = self._id(self._last)
            if self._is_correcting:
                self._drafts.pop(name, None)
            else:
                kept = self._readings[self._last.key]
                self._drafts[name] = Draft(kept.values, kept.usage.seconds or 0.0)
            self._is_correcting = not self._is_correcting
            self._write()
            self._open()

    def close(self, sent: Mapping[str, Any]) -> None:
        """End the reading: no answer changes any more; raises as :meth:`answer`, and while a case is open."""
        with self._lock:
            self._check_turn(sent)
            if not self.is_finished or self._is_correcting:
                raise RunError("a case is still open")
            self.is_closed = True
            self._drafts.clear()
            self._write()

    @property
    def _current(self) -> Question | None:
        """The question that is shown: the next one, or the last once more."""
        if self._is_correcting:
            return self._last
        return next((one for one in self._questions if one.key not in self._readings), None)

    def _open(self) -> None:
        """Begin to count the time of the case that is shown, on top of what it has had."""
        self._opened, current = self._clock(), self._current
        self._before = self._drafts.get(self._id(current), Draft()).seconds if current else 0.0

    def _id(self, question: Question) -> str:
        return self.job.cases.view.case_id(self.job.settings.run_id, question.record.ecg_id)

    def _show(self, question: Question) -> Shown:
        """Return a case as it is shown; it is made once."""
        name = self._id(question)
        if name not in self._made:
            try:
                case = self.job.cases.case(question)
                shown = Shown(case, tuple(map(printable, case.images)))
            except BenchError as error:
                shown = Shown(problem=error)
            self._made = {name: shown}
        return self._made[name]

    def _shown(self, case_id: str) -> Shown | None:
        current = self._current
        if current is None or self.is_closed or case_id != self._id(current):
            return None
        return self._show(current)

    def _case_json(self, question: Question) -> Json:
        """Return a case as plain JSON data; of one that cannot be shown, that it is so: a reason would name a file."""
        name, shown = self._id(question), self._show(question)
        case = shown.case
        if case is None:
            return {"id": name, "problem": True}
        return {
            "id": name,
            "problem": False,
            "trace": case.signal is not None,
            "pages": [_page(image, f"{name}-{place}.png") for place, image in enumerate(case.images)],
            # The first paragraph asks to read the ECG, which nobody here needs to be told.
            "printed": case.prompt.text.split("\n\n")[1:] if case.prompt else [],
        }

    def _check_turn(self, sent: Mapping[str, Any]) -> None:
        if self.is_closed or sent.get("turn") != self.turn:
            raise Stale

    def _fresh(self, sent: Mapping[str, Any]) -> Question:
        """Return the question that is shown, where what was sent is about it."""
        self._check_turn(sent)
        current = self._current
        if current is None or sent.get("case") != self._id(current):
            raise Stale
        return current

    def _values(self, sent: Mapping[str, Any]) -> dict[str, AxisValue | None]:
        return _values_in(sent.get("values"), [axis.name for axis in self._axes])

    def _seconds(self, sent: Mapping[str, Any]) -> float:
        """Return the seconds that a page has shown the case, which are never more than passed here."""
        told = _number(sent.get("seconds"))
        return min(told, self._before + self._clock() - self._opened + SLACK_S)

    def _write(self) -> None:
        """Count a turn, and write what is not among the readings."""
        self.turn += 1
        drafts = {name: draft.to_json() for name, draft in self._drafts.items()}
        notes = {"closed": self.is_closed, "correcting": self._is_correcting, "drafts": drafts}
        self.job.folder.write(NOTES, as_json(notes))

    def _notes(self) -> Json:
        path = self.job.folder.path / NOTES
        if not path.is_file():
            return {"closed": False, "correcting": False, "drafts": {}}
        try:
            told = object_in(path, RunError, Bounds(once=True), links=False)
            drafts = {name: self._draft(one) for name, one in dict(told["drafts"]).items()}
            notes = {"closed": _flag(told["closed"]), "correcting": _flag(told["correcting"]), "drafts": drafts}
        except (BenchError, KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{path} is damaged ({error}): remove it; it holds the half-chosen answers of a case, and no answer"
            ) from error
        current = [self._id(one) for one in self._questions if one.key not in self._readings or one is self._last]
        return {**notes, "drafts": {name: draft for name, draft in drafts.items() if name in current}}

    def _draft(self, told: Mapping[str, Any]) -> Draft:
        return Draft(self._values(told), _number(told.get("seconds")))


def _page(image: Picture, name: str) -> Json:
    width, height = image.size
    return {
        "src": name,
        "width": width,
        "height": height,
        "px_per_mm": image.px_per_mm,
        "mm_per_s": image.mm_per_s,
        "mm_per_mv": image.mm_per_mv,
        # Of a page that others drew nobody knows the scale for certain.
        "measured": bool(image.leads),
    }


def _unshown(problem: BenchError) -> Reading:
    """Return the reading of a case that cannot be shown: of a page as every reader's, else a call that failed."""
    return Reading(error=Failure("refusal" if isinstance(problem, PageError) else "crash", str(problem)))


def _values_in(told: object, axes: list[str]) -> dict[str, AxisValue | None]:
    """Return the values that a page sent, of these axes alone; raises BenchError for others."""
    if not isinstance(told, Mapping):
        raise RunError("values must be an object")
    values: dict[str, AxisValue | None] = {}
    for name, chosen in told.items():
        if name not in axes:
            raise RunError(f"{str(name)[:80]!r} is not asked here")
        values[name] = _value(name, chosen)
    return values


def _value(name: str, chosen: object) -> AxisValue | None:
    if chosen is None:
        return None
    axis = axis_named(name)
    if not isinstance(chosen, list) or not all(isinstance(one, str) for one in chosen) or UNLISTED in chosen:
        raise RunError(f"{name} must be a list of names")
    value: AxisValue | None = frozenset(chosen) if axis.is_set else chosen[0] if len(chosen) == 1 else None
    if value is None or not axis.holds(value):
        raise RunError(f"{name} has no value {str(chosen)[:80]}")
    return value


def _number(told: object) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told) or told < 0:
        raise RunError(f"seconds must be a number from 0 up, not {str(told)[:80]}")
    return float(told)


def _flag(told: object) -> bool:
    if not isinstance(told, bool):
        raise ValueError(f"{str(told)[:80]!r} is neither true nor false")
    return told
