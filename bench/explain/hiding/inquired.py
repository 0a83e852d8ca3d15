"""What a black box answered when parts were hidden, over the findings of a cohort, with all that a page shows of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Record, RecordId
from bench.explain.belief.judging import Figures, Place, Row, figures_of_maps, rows
from bench.explain.belief.planted import Known
from bench.explain.hiding.answer_file import Kept
from bench.explain.hiding.blackbox import BlackBox
from bench.explain.hiding.deletion import asked_deletions, curve_questions
from bench.explain.hiding.effect import TWO_WAY, Explanation
from bench.explain.hiding.explaining import explanations, joint_explanation, questions_of
from bench.explain.hiding.inquiry import (
    FindingPlan,
    InquiryOptions,
    by_record,
    finding_plans,
    whole_words,
    wholes,
)
from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.plan import JOINT
from bench.explain.hiding.pooled import PooledEffect, pooled
from bench.explain.hiding.target import AnswerKind, Target
from bench.explain.maps.cell import Cells
from bench.explain.maps.metric import Deletion, Map, energy
from bench.explain.maps.pooled_map import Pooled, cell_shares
from bench.explain.maps.pooled_map import pooled as pooled_map
from bench.explain.says import SaidCase, SaysDoes, named_leads, says_against_does
from bench.progress import SILENT, Observer
from bench.score.rounding import rounded
from bench.view.region import expected_region
from measurements.conditioning import without_gaps
from readers.network import Shown
from renderers.style import LEADS
from taxonomy.parsing import written_reasoning
from taxonomy.reading import Reading
from taxonomy.truth import Truth

OF_LEADS = ("lead", TWO_WAY)
"""Methods that tell what each of the twelve leads gives to the answer to one record."""


@dataclass(frozen=True, eq=False)
class Whole:
    """The answer to a whole recording.

    Attributes
    ----------
    record : Record
    truth : Truth
    reading : Reading
    reasoning : str or None
        What the reader gives as its reasons.
    """

    record: Record
    truth: Truth
    reading: Reading
    reasoning: str | None


@dataclass(frozen=True, eq=False)
class Explained:
    """One answer to one recording, explained by one method.

    Attributes
    ----------
    whole : Whole
        The recording, with its truth and what the reader answered.
    explanation : Explanation
    map : float32 array (12, n_samples)
    fs : float
        Its sampling rate in Hz.
    cells : Cells
        Of the recording, at that rate.
    region : bool array (12, n_samples) or None
        Where a cardiologist looks; None where no place is named, or the recording does not have it.
    deletion : Deletion or None
        None where it was not asked, or flat leads are answered alike.
    energy_deletion : Deletion or None
        The same of the signal's energy.
    figures : Figures
    """

    whole: Whole
    explanation: Explanation
    map: Map
    fs: float
    cells: Cells
    region: NDArray[np.bool_] | None
    deletion: Deletion | None
    energy_deletion: Deletion | None
    figures: Figures

    @property
    def target(self) -> Target:
        """The answer."""
        return self.explanation.target


@dataclass(frozen=True, eq=False)
class FindingExplained:
    """What moves the answers to the recordings of a finding.

    Attributes
    ----------
    target : Target
    kind : {"probability", "hard"}
    asked, missed, failed : int
        Recordings that bear it whose whole was asked, those in which the reader does not find it, and failed calls.
    left : tuple of (RecordId, str)
        Records that a method cannot explain, each with the reason.
    explained : tuple of Explained
        Each record by each method that explains it by itself.
    joints : mapping of str to JointExplanation
        By joint method, with intervals and the null of shuffled answers.
    pooled : mapping of str to tuple of PooledEffect
        By the other methods: the mean effect of each part.
    heat : mapping of str to Pooled
        By method: the mean map, as shares of leads and segments.
    """

    target: Target
    kind: AnswerKind
    asked: int
    missed: int
    failed: int
    left: tuple[tuple[RecordId, str], ...]
    explained: tuple[Explained, ...]
    joints: Mapping[str, JointExplanation]
    pooled: Mapping[str, tuple[PooledEffect, ...]]
    heat: Mapping[str, Pooled]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, without maps."""
        return {
            "target": self.target.name,
            "kind": self.kind,
            "asked": self.asked,
            "missed": self.missed,
            "failed": self.failed,
            "left": dict(self.left),
            "explained": [{**one.explanation.to_json(), "figures": one.figures.to_json()} for one in self.explained],
            "joints": {name: one.to_json() for name, one in self.joints.items()},
            "pooled": {name: [one.to_json() for one in of] for name, of in self.pooled.items()},
        }


@dataclass(frozen=True, eq=False)
class Inquiry:
    """Everything that a black box was asked, and what it says.

    Attributes
    ----------
    reader : str
    plan : tuple of str
        In words, a line for the whole recordings and one for each finding.
    wholes : tuple of Whole
        Every whole recording that was asked, those that are answered wrong among them.
    findings : tuple of FindingExplained
        Those that the reader does not find among them, with nothing explained.
    rows : tuple of Row
        Of the same table as those of networks. No verdict can be ``faithful here``: weights of a black box cannot be
        drawn at random.
    says : SaysDoes or None
        The leads that its reasons name, against those that move its answers.
    unsaid : str
        Why there is none.
    questions, new : int
        Readings that this rests on, and those of them that were asked now.
    spent : float
        US dollars of the new ones.
    """

    reader: str
    plan: tuple[str, ...]
    wholes: tuple[Whole, ...]
    findings: tuple[FindingExplained, ...]
    rows: tuple[Row, ...]
    says: SaysDoes | None
    unsaid: str
    questions: int
    new: int
    spent: float

    @property
    def explained(self) -> tuple[Explained, ...]:
        """Every answer that is explained, by every method."""
        return tuple(one for of in self.findings for one in of.explained)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data, without maps."""
        return {
            "reader": self.reader,
            "plan": list(self.plan),
            "wholes": [{"ecg_id": one.record.ecg_id, "reading": one.reading.to_json()} for one in self.wholes],
            "findings": [one.to_json() for one in self.findings],
            "rows": [one.to_json() for one in self.rows],
            "says": self.says.to_json() if self.says else None,
            "unsaid": self.unsaid,
            "questions": self.questions,
            "new": self.new,
            "spent": self.spent,
        }


def inquire(
    box: BlackBox,
    cohort: Cohort,
    options: InquiryOptions | None = None,
    truth: Sequence[Known] = (),
    observer: Observer = SILENT,
) -> Inquiry:
    """Return what moves the answers of a black box, over the findings of a cohort.

    Every answer is kept as it comes (:func:`bench.explain.hiding.blackbox.black_box_on_disk`): what was stopped goes
    on, with the same figures for equal seeds.

    Parameters
    ----------
    box : BlackBox
    cohort : Cohort
    options : InquiryOptions, optional
    truth : sequence of Known
        How well the same methods find planted evidence (:func:`bench.explain.hiding.known.truth_of_hiding`).
    observer : Observer
        Told the plan, and how many findings are missed.

    Raises
    ------
    taxonomy.error.RunError
        When no recording bears a target, the reader finds none of them, or it answers nothing.
    taxonomy.error.SettingError
        When the budget is below what one record of one finding takes.
    taxonomy.error.StopReading
        When the reader can answer no further question; what it answered is kept.
    """
    chosen = options or InquiryOptions()
    asked = _Asked(box)
    first = wholes(box, cohort, chosen)
    observer.say(whole_words(first))
    answers = asked.about([Masked(record) for record in first.records], observer)
    readings = {record.ecg_id: reading for record, reading in zip(first.records, answers, strict=True)}
    whole = {record.ecg_id: _whole(box, cohort, record, readings[record.ecg_id]) for record in first.records}
    planned = finding_plans(box, first, readings, chosen)
    missed = sum(answered.missed for answered, _ in planned)
    if missed:
        observer.say(f"{missed} findings are left out: the recordings have them, and the reader does not find them")
    found = []
    for answered, plan in planned:
        if plan.plans:
            observer.say(plan.said)
        explained, joints = _explained(asked, plan, whole, chosen.seed, observer)
        counts = (len(answered.records) + answered.missed + answered.failed, answered.missed, answered.failed)
        found.append(_finding(box, plan, counts, explained, joints, chosen.seed))
    every = [one for of in found for one in of.explained]
    says, unsaid = _says(every, chosen.seed)
    return Inquiry(
        box.reader.name,
        (whole_words(first), *(plan.said for _, plan in planned if plan.plans)),
        tuple(whole.values()),
        tuple(found),
        rows(box.reader.name, [one.figures for one in every], truth),
        says,
        unsaid,
        *asked.told(),
    )


class _Asked:
    """Asks a black box, and keeps what it answered, failed calls too: none of them is asked twice in one inquiry."""

    def __init__(self, box: BlackBox) -> None:
        self.box, self._earlier, self._readings = box, frozenset(box.kept.readings), dict[str, Reading]()

    def about(self, questions: Sequence[Masked], observer: Observer) -> list[Reading]:
        """Return the readings of questions, which are asked together, those of a record one behind the other."""
        left = dict(zip(self.box.keys(questions), questions, strict=True))
        asked = by_record(one for key, one in left.items() if key not in self._readings)
        self._readings.update(zip(self.box.keys(asked), self.box.readings(asked, observer), strict=True))
        return [self._readings[key] for key in self.box.keys(questions)]

    def settled(self, kind: AnswerKind) -> BlackBox:
        """Return the black box as it has answered, which asks nothing again."""
        return replace(self.box, is_hard=kind == "hard", kept=Kept(self._readings))

    def told(self) -> tuple[int, int, float]:
        """Return how many readings there are, how many are new, and what these have cost in dollars."""
        new = [reading.usage for key, reading in self._readings.items() if key not in self._earlier]
        return len(self._readings), len(new), sum(one.cost or 0.0 for one in new if not one.reused)


def _whole(box: BlackBox, cohort: Cohort, record: Record, reading: Reading) -> Whole:
    form = box.cases.cases.view.form
    return Whole(record, cohort.truth(record), reading, written_reasoning(reading.raw, form) if reading.raw else None)


def _explained(
    asked: _Asked, plan: FindingPlan, wholes: Mapping[RecordId, Whole], seed: int, observer: Observer
) -> tuple[list[Explained], dict[str, JointExplanation]]:
    found: dict[RecordId, list[tuple[Explanation, float]]] = {}
    joints = {}
    for each in plan.plans:
        start = time.perf_counter()
        asked.about(questions_of(asked.box, each, seed), observer)
        box = asked.settled(plan.kind)
        if each.method in JOINT:
            joints[each.method] = joint_explanation(box, each, plan.target, seed)
            continue
        seconds = (time.perf_counter() - start) / len(each.records)
        for explanation in explanations(box, each, plan.target, seed):
            found.setdefault(explanation.ecg_id, []).append((explanation, seconds))
    mapped = [_Mapped.of(asked.box, wholes[ecg_id], of) for ecg_id, of in found.items()]
    curved = {record.ecg_id for record in plan.curves}
    with_curves = [one for one in mapped if one.record.ecg_id in curved]
    asked.about([question for one in with_curves for question in one.curves(asked.box, seed)], observer)
    box = asked.settled(plan.kind)
    explained = [one.explained(box, plan.target, seed, one.record.ecg_id in curved) for one in mapped]
    return [each for of in explained for each in of], joints


@dataclass(frozen=True, eq=False)
class _Mapped:
    """The maps of one recording, and the energy of its signal."""

    whole: Whole
    cells: Cells
    fs: float
    energy: Map
    explanations: tuple[Explanation, ...]
    seconds: tuple[float, ...]
    maps: tuple[Map, ...]

    @classmethod
    def of(cls, box: BlackBox, whole: Whole, found: Sequence[tuple[Explanation, float]]) -> "_Mapped":
        cells, fs = box.cells(whole.record), box.fs(whole.record)
        null = energy(Shown(without_gaps(whole.record.signal().mv)))
        each = tuple(one for one, _ in found)
        maps = tuple(one.map(cells, fs) for one in each)
        return cls(whole, cells, fs, null, each, tuple(took for _, took in found), maps)

    @property
    def record(self) -> Record:
        return self.whole.record

    def curves(self, box: BlackBox, seed: int) -> list[Masked]:
        return curve_questions(box, self.record, [self.energy, *self.maps], self.fs, seed)

    def explained(self, box: BlackBox, target: Target, seed: int, is_curved: bool) -> list[Explained]:
        """Return each explanation with its figures."""
        region = _region(self.cells, target)
        maps = [self.energy, *self.maps]
        curves: list[Deletion | None] = [None] * len(maps)
        if is_curved:
            curves = asked_deletions(box, self.record, target, maps, self.fs, seed)
        place = Place(self.record.ecg_id, self.record.patient_id, (target.axis, target.value), region, self.fs)
        names = ["energy", *(explanation.method for explanation in self.explanations)]
        _, *figures = figures_of_maps(place, names, maps, curves)
        each = zip(self.explanations, self.maps, curves[1:], figures, self.seconds, strict=True)
        return [
            Explained(
                self.whole,
                found,
                map_,
                self.fs,
                self.cells,
                region,
                curve,
                curves[0],
                replace(figure, seconds=rounded(took)),
            )
            for found, map_, curve, figure, took in each
        ]


def _region(cells: Cells, target: Target) -> NDArray[np.bool_] | None:
    region = expected_region(target.axis, target.value)
    if region is None:
        return None
    mask = cells.mask(region.leads, region.segments)
    return mask if mask.any() else None


def _finding(  # noqa: PLR0913  # what was planned, asked and found of it
    box: BlackBox,
    plan: FindingPlan,
    counts: tuple[int, int, int],
    explained: Sequence[Explained],
    joints: Mapping[str, JointExplanation],
    seed: int,
) -> FindingExplained:
    by_method: dict[str, list[Explained]] = {}
    for one in explained:
        by_method.setdefault(one.explanation.method, []).append(one)
    maps = {
        method: [(one.whole.record.patient_id, one.map, one.cells) for one in of] for method, of in by_method.items()
    }
    for method, joint in joints.items():
        records = next(each.records for each in plan.plans if each.method == method)
        cells = [(record.patient_id, box.cells(record)) for record in records]
        maps[method] = [(patient, joint.map(its), its) for patient, its in cells]
    return FindingExplained(
        plan.target,
        plan.kind,
        *counts,
        plan.left,
        tuple(explained),
        joints,
        {
            method: pooled([one.explanation for one in of], [one.whole.record.patient_id for one in of], seed)
            for method, of in by_method.items()
        },
        {method: _heat(plan.target, of) for method, of in maps.items()},
    )


def _heat(target: Target, maps: Sequence[tuple[RecordId, Map, Cells]]) -> Pooled:
    shares = [(patient, cell_shares(map_, cells)) for patient, map_, cells in maps]
    return pooled_map(target.axis, target.value, [(patient, one) for patient, one in shares if one is not None])


def _says(explained: Sequence[Explained], seed: int) -> tuple[SaysDoes | None, str]:
    """Return whether what a reader names moves its answers; None with the reason."""
    reasoned = [one for one in explained if one.whole.reasoning]
    if explained and not reasoned:
        return None, "the reader gives no reasons"
    cases: dict[tuple[RecordId, Target], SaidCase] = {}
    for one in reasoned:
        drops = one.explanation.values
        is_known = one.explanation.method in OF_LEADS and all(lead in drops for lead in LEADS)
        key = (one.whole.record.ecg_id, one.target)
        if is_known and key not in cases:
            named = named_leads(one.whole.reasoning or "")
            own = {lead: drops[lead] for lead in LEADS}
            cases[key] = SaidCase(one.whole.record.ecg_id, one.whole.record.patient_id, one.target.name, named, own)
    if not cases:
        names = " and ".join(OF_LEADS)
        return None, f"no answer has the drops of its twelve leads, which {names} give; name one of these methods too"
    return says_against_does(list(cases.values()), seed), ""
