"""The whole explanation of a reader that can only be asked: parts are hidden, and it is asked again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.dataset import Cohort, Record, RecordId
from bench.explain.belief.page_judging import METHODS as PAGE_METHODS
from bench.explain.belief.planted import Known
from bench.explain.counterfactual.given import asking_reader, viewed_case
from bench.explain.hiding.blackbox import BlackBox
from bench.explain.hiding.effect import TWO_WAY
from bench.explain.hiding.inquired import Explained as Answered
from bench.explain.hiding.inquired import Inquiry, inquire
from bench.explain.hiding.inquiry import InquiryOptions, wholes
from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.hiding.known import truth_of_hiding
from bench.explain.hiding.plan import JOINT, METHODS
from bench.explain.hiding.pooled import PooledEffect
from bench.explain.maps.method import METHODS as OPEN_METHODS
from bench.explain.maps.metric import mass
from bench.explain.study.case import ExplainedCase, cases_of
from bench.explain.study.doses import doses_of
from bench.explain.study.found import LEAST_CURVES, Curves, Explained
from bench.explain.study.infarction import InfarctionCase, infarctions
from bench.explain.study.options import ExplainOptions
from bench.explain.study.pages import PageStudy
from bench.explain.study.phase import Phases, counted
from bench.explain.study.trace import Trace
from bench.explain.study.truth_file import kept_truth
from bench.explain.study.turning import Turned, turned
from bench.progress import SILENT, Observer
from bench.storage import held
from measurements.conditioning import without_gaps
from measurements.segment import segmented
from readers.open_page import OpenPageReader
from taxonomy.axis import ISCHEMIA_TERRITORY
from taxonomy.error import ReaderError, RunError

NO_MAP = "No map: parts are hidden where an answer is right, and only of the records that were chosen."

OF_ALL = "The map is that of all records of the finding together: single hard answers tell nothing."


@dataclass(frozen=True, eq=False)
class BlackBoxStudy:
    """One explanation of one black box.

    Attributes
    ----------
    options : ExplainOptions
    box : BlackBox
    observer : Observer
    """

    options: ExplainOptions
    box: BlackBox
    observer: Observer = SILENT

    def found(self) -> Explained:
        """Explain it; every answer is kept, so that a killed one goes on and pays for nothing twice.

        Raises
        ------
        taxonomy.error.BenchError
            As :func:`bench.explain.hiding.inquired.inquire`.
        """
        options, notes = self.options, list[str]()
        wholes(self.box, options.cohort, inquiry_options(options))  # what is wrong with the budget is told at once
        phases = Phases(2 + bool(options.transplants) + options.doses, self.observer)
        phases.begin("known truth; it is kept for every reader")
        truth = self._truth(notes)
        phases.begin("questions with parts hidden; every answer is kept")
        found = inquire(self.box, options.cohort, inquiry_options(options), truth, self.observer)
        asked = options.cohort.of(one.record for one in found.wholes)
        method = self._shown(found)
        if options.transplants:
            phases.begin(f"transplants, in {counted(options.transplants, 'record')} of each finding")
        turning = self._turned(found)
        if options.doses:
            phases.begin("doses")
        doses = doses_of(options, self.observer) if options.doses else ()
        row = next((row for row in found.rows if row.method == method), None)
        if found.unsaid:
            notes.append(f"No comparison of what it says with what moves it: {found.unsaid}.")
        notes += [
            f"{of.target.name}: {of.missed} of {of.asked} recordings are left out: the reader does not find it there."
            for of in found.findings
            if of.missed
        ]
        explained = Explained(
            reader=options.run.reader,
            dataset=options.dataset.name,
            n=len(asked),
            is_simulated=options.dataset.is_simulated,
            data=options.dataset.credit,
            method=method,
            verdict=str(row.verdict) if row else "cannot tell: a pooled map of hard answers is judged by its own null",
            split=options.cohort.split,
            shown=shown_words(self.box),
            reader_details=dict(getattr(self.box.reader, "details", {})),
            rows=found.rows,
            truth=tuple(truth),
            cases=tuple(self._cases(found, asked, method)),
            infarctions=tuple(self._infarctions(found, asked, method)),
            curves=_curves(found, method),
            heats=tuple(of.heat[method] for of in found.findings if method in of.heat),
            changes=turning.changes,
            flips=turning.flips,
            doses=doses,
            says=found.says,
            joints=tuple(joint for of in found.findings for joint in of.joints.values()),
            effects=_effects(found),
            plan=found.plan,
            questions=found.questions,
            dollars=found.spent,
            notes=tuple(notes),
            paper=options.paper,
        )
        if not isinstance(self.box.reader, OpenPageReader):
            return explained
        readings = {one.record.ecg_id: one.reading for one in found.wholes}
        return PageStudy(options, self.box, self.observer).added_to(explained, readings)

    def _truth(self, notes: list[str]) -> list[Known]:
        """Return how well the methods find planted evidence; none of joint masks, whose maps are of no one record."""
        options = self.options
        methods = tuple(name for name in options.belief.methods or (TWO_WAY,) if name in METHODS)
        if not methods:
            return []
        belief = options.belief

        def measured() -> list[Known]:
            return truth_of_hiding(options.dataset, methods, belief.tracings, belief.seed)

        try:
            return kept_truth(options.dataset, methods, belief, options.run.out, measured, self.observer)
        except RunError as error:
            notes.append(f"No known truth: {error}.")
            return []

    def _turned(self, found: Inquiry) -> Turned:
        options, reader = self.options, self.box.reader
        if not options.transplants:
            return Turned()
        case_of = viewed_case(self.box.cases.cases.view)
        outputs = [(of.target.axis, of.target.value) for of in found.findings if of.missed < of.asked]
        with held(options.folder):
            return turned(
                lambda output: asking_reader(reader, *output, case_of),
                options.cohort,
                outputs,
                options.transplants,
                self.box.settings,
                options.folder / "transplants.jsonl",
                options.belief.seed,
                self.observer,
            )

    def _shown(self, found: Inquiry) -> str:
        """Return the method whose maps are drawn: that which is named, else the first that has any."""
        there = [one.explanation.method for one in found.explained]
        there += [name for of in found.findings for name in of.heat]
        if self.options.shown in PAGE_METHODS and isinstance(self.box.reader, OpenPageReader):
            return there[0] if there else JOINT[0]
        if self.options.shown and self.options.shown not in there:
            asked = ", ".join(dict.fromkeys(there))
            raise RunError(f"no map was made by {self.options.shown!r}: those that were asked are {asked}")
        return self.options.shown or (there[0] if there else JOINT[0])

    def _cases(self, found: Inquiry, asked: Cohort, method: str) -> list[ExplainedCase]:
        told: dict[str, list[str]] = {}
        for of in found.findings:
            told.setdefault(of.target.axis, []).append(of.target.value)
        maps = _by_answer(found, method)
        joints = {(of.target.axis, of.target.value): of.joints[method] for of in found.findings if method in of.joints}

        def tracing(record: Record, axis: str, value: str) -> Trace:
            return _trace(self.box, record, maps.get((record.ecg_id, axis, value)), joints.get((axis, value)))

        readings = {one.record.ecg_id: one.reading for one in found.wholes}
        return list(cases_of(asked, readings, told, tracing))

    def _infarctions(self, found: Inquiry, asked: Cohort, method: str) -> list[InfarctionCase]:
        maps = _by_answer(found, method)

        def massed(record: Record, territory: str) -> float | None:
            one = maps.get((record.ecg_id, ISCHEMIA_TERRITORY.name, territory))
            return None if one is None or one.region is None else mass(one.map, one.region)

        return list(infarctions(asked, {one.record.ecg_id: one.reading for one in found.wholes}, massed))


def inquiry_options(options: ExplainOptions) -> InquiryOptions:
    """Return what is asked of a black box.

    Raises
    ------
    taxonomy.error.BenchError
        When a target or a method is none for a black box.
    """
    belief, known = options.belief, (*METHODS, *JOINT)
    hiding = tuple(name for name in belief.methods if name not in PAGE_METHODS)
    foreign = [name for name in belief.methods if name not in known and name in {one.name for one in OPEN_METHODS}]
    if foreign:
        raise ReaderError(
            f"{foreign[0]} is a method of networks, and reader {options.run.reader!r} is a black box: choose from "
            f"{', '.join(known)}"
        )
    return InquiryOptions(belief.targets, hiding, belief.each, options.max_queries, seed=belief.seed)


def shown_words(box: BlackBox) -> str:
    """Return in words what a reader is shown."""
    view = box.cases.cases.view
    page = f"the {view.renderer} page at {view.px_per_mm} px/mm" if "image" in view.inputs else ""
    return " and ".join(part for part in (page, "the signal" if "signal" in view.inputs else "") if part)


def _by_answer(found: Inquiry, method: str) -> dict[tuple[RecordId, str, str], Answered]:
    return {
        (one.whole.record.ecg_id, one.target.axis, one.target.value): one
        for one in found.explained
        if one.explanation.method == method
    }


def _trace(box: BlackBox, record: Record, one: Answered | None, joint: JointExplanation | None) -> Trace:
    signal = record.signal()
    beats = segmented(without_gaps(signal.mv), signal.fs)
    if joint is not None:
        return Trace(signal.mv, signal.fs, beats, joint.map(box.cells(record)), box.fs(record), notes_of(joint))
    if one is None:
        return Trace(signal.mv, signal.fs, beats, np.zeros(signal.mv.shape, np.float32), signal.fs, (NO_MAP,))
    return Trace(signal.mv, signal.fs, beats, one.map, one.fs)


def notes_of(joint: JointExplanation) -> tuple[str, ...]:
    """Return what is said below a map of joint masks: whose it is, and which parts of it are more than chance."""
    above = [one.part.name for one in sorted(joint.effects, key=lambda one: -one.value) if one.is_above_null]
    return OF_ALL, f"Above the null: {', '.join(above) or 'no part'}. The colours of all else may be chance."


def _curves(found: Inquiry, method: str) -> tuple[Curves, ...]:
    groups = [("all findings", found.explained), *((of.target.name, of.explained) for of in found.findings)]
    made = []
    for title, explained in groups:
        own = [one for one in explained if one.explanation.method == method]
        known = [(one, one.deletion, one.energy_deletion) for one in own]
        there = [(one, curve, null) for one, curve, null in known if curve is not None and null is not None]
        patients = tuple(one.whole.record.patient_id for one, _, _ in there)
        made.append(
            Curves(title, method, patients, tuple(one for _, one, _ in there), tuple(one for _, _, one in there))
        )
    return tuple(one for one in made if len(one.patients) >= LEAST_CURVES)


def _effects(found: Inquiry) -> tuple[tuple[str, tuple[PooledEffect, ...]], ...]:
    named: Sequence[tuple[str, tuple[PooledEffect, ...]]] = [
        (f"{of.target.name} by {method}", effects)
        for of in found.findings
        for method, effects in of.pooled.items()
        if effects
    ]
    return tuple(named)
