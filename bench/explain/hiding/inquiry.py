"""One call that explains a black box over the findings of a cohort: what is asked, of which records, in which order.

Whole recordings first: those of a finding that the reader finds are explained, by methods that suit its answers, and
the figures of their maps are those of open networks, so that one table holds both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bench.dataset import Cohort, Record, RecordId
from bench.explain.belief.sample import EACH
from bench.explain.hiding.bearer import Answering, Bearers, answering, bearers, target_named
from bench.explain.hiding.blackbox import BlackBox
from bench.explain.hiding.deletion import deletion_count, deletion_questions
from bench.explain.hiding.effect import TWO_WAY
from bench.explain.hiding.explaining import questions_of
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.plan import (
    JOINT,
    JOINT_LEADS,
    METHODS,
    Plan,
    least_masks,
    planned,
    planned_jointly,
    unable,
)
from bench.explain.hiding.target import AnswerKind, Target, answer_kind
from bench.run.estimate import RunEstimate
from bench.view import View
from readers.contract import Reader
from readers.session import SessionReader
from taxonomy.error import RunError, SettingError, unknown_name
from taxonomy.reading import Reading

WHOLES = 2
"""Bearers of a finding whose whole recording is asked, for each that is to be explained: some will be missed."""


@dataclass(frozen=True)
class InquiryOptions:
    """What is asked of a black box.

    Attributes
    ----------
    targets : tuple of str
        Such as ``conduction=lbbb``; without any, every finding that has an expected region and is borne.
    methods : tuple of str
        Of :data:`.plan.METHODS` and :data:`.plan.JOINT`; without any, ``leads_and_segments`` of answers with
        probabilities and ``joint_leads`` of hard ones.
    each : int
        Patients of each finding at most.
    max_queries : int or None
        Questions at most, split over the findings; those that are answered already count as well, so that equal
        options ask the same.
    deletion : bool or None
        Whether deletion curves are asked of each map; None does so of readers that call no API, since they take three
        times as many questions as the maps.
    seed : int

    Raises
    ------
    taxonomy.error.UnknownNameError
        When a target or a method is none; the message names the nearest.
    taxonomy.error.SettingError
        When there is nobody to be explained.
    """

    targets: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    each: int = EACH
    max_queries: int | None = None
    deletion: bool | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for method in self.methods:
            if method not in (*METHODS, *JOINT):
                raise unknown_name("method of explanation", method, (*METHODS, *JOINT))
        for target in self.targets:
            target_named(target)
        if self.each < 1:
            raise SettingError(f"each must be 1 or more, not {self.each}: it is how many patients are explained")

    def methods_of(self, kind: AnswerKind) -> tuple[str, ...]:
        """Return the methods for one kind of answers, each once."""
        return tuple(dict.fromkeys(self.methods)) or ((JOINT_LEADS,) if kind == "hard" else (TWO_WAY,))

    def asks_deletion(self, reader: Reader) -> bool:
        """Tell whether deletion curves are asked of this reader."""
        return not isinstance(reader, SessionReader) if self.deletion is None else self.deletion


def shown_view(reader: Reader) -> View:
    """Return the view in which a reader is explained: without the numbers that it would be shown in a prompt.

    They are those of the whole recording, whatever is hidden of it, and would answer in its place.
    """
    return View("image-only" if "text" in reader.inputs else "full")


@dataclass(frozen=True, eq=False)
class Wholes:
    """The whole recordings that are asked first.

    Attributes
    ----------
    bearers : tuple of Bearers
    beyond : int
        Findings that the budget does not reach.
    """

    bearers: tuple[Bearers, ...]
    beyond: int = 0

    @property
    def records(self) -> tuple[Record, ...]:
        """Each recording once, whichever findings it bears."""
        return tuple({one.ecg_id: one for of in self.bearers for one in of.records}.values())


@dataclass(frozen=True, eq=False)
class FindingPlan:
    """What is asked about the recordings of a finding, beside the whole ones.

    Attributes
    ----------
    target : Target
    kind : {"probability", "hard"}
    plans : tuple of Plan
        Of each method that can explain any of them.
    curves : tuple of Record
        Of which deletion curves are asked.
    left : tuple of (RecordId, str)
        Records that a method cannot explain, each with the reason.
    """

    target: Target
    kind: AnswerKind
    plans: tuple[Plan, ...]
    curves: tuple[Record, ...]
    left: tuple[tuple[RecordId, str], ...]

    @property
    def alone(self) -> tuple[Plan, ...]:
        """Those of methods that explain one record by itself."""
        return tuple(plan for plan in self.plans if plan.method in METHODS)

    @property
    def said(self) -> str:
        """The plan in words."""
        words = [plan.said for plan in self.plans]
        if self.curves:
            count = (deletion_count(1 + len(self.alone)) - 1) * len(self.curves)
            words.append(f"deletion: {count:,} questions about {len(self.curves)} records")
        if self.left:
            words.append(f"{len(self.left)} left out ({self.left[0][1]})")
        return f"{self.target.name}: " + ("; ".join(words) or "nothing")


def wholes(box: BlackBox, cohort: Cohort, options: InquiryOptions) -> Wholes:
    """Return the whole recordings that are asked first, within the budget.

    Raises
    ------
    taxonomy.error.RunError
        When no recording bears a target.
    taxonomy.error.SettingError
        When the budget is below what one record of one finding takes.
    """
    targets = [target_named(name) for name in options.targets]
    found = bearers(cohort, targets, WHOLES * options.each, options.seed)
    if options.max_queries is None:
        return Wholes(found)
    least = _least(box, options)
    reached = min(len(found), options.max_queries // least)
    if not reached:
        raise SettingError(
            f"--max-queries {options.max_queries} is below {least}, the least that explains one finding by "
            f"{' and '.join(options.methods) or 'the methods that suit hard or sure answers'}"
            f"{', with its deletion curves' if options.asks_deletion(box.reader) else ''}: allow more, or a method "
            "that asks less, such as 'segment'"
        )
    share = options.max_queries // reached
    most = max(1, min(WHOLES * (share // least), share - least + 1))
    return Wholes(tuple(replace(one, records=one.records[:most]) for one in found[:reached]), len(found) - reached)


def finding_plans(
    box: BlackBox, asked: Wholes, readings: dict[RecordId, Reading], options: InquiryOptions
) -> list[tuple[Answering, FindingPlan]]:
    """Return how each finding is answered, and what is asked about those that are found, within the budget.

    Raises
    ------
    taxonomy.error.RunError
        When the reader finds none of them.
    """
    answered = [answering(of, readings) for of in asked.bearers]
    positive = [one for one in answered if one.records]
    if not positive:
        named = ", ".join(of.target.name for of in asked.bearers[:3])
        raise RunError(
            f"reader {box.reader.name!r} finds none of {len(asked.bearers)} findings in the {len(asked.records)} "
            f"recordings asked that bear them ({named}{', ...' if len(asked.bearers) > 3 else ''}): there is no answer "
            "to be explained; name other targets or a larger sample"
        )
    budget = None
    if options.max_queries is not None:
        budget = (options.max_queries - len(asked.records)) // len(positive)
    found = []
    for of, one in zip(asked.bearers, answered, strict=True):
        records = one.records[: options.each]
        kind = answer_kind(of.target, [readings[record.ecg_id] for record in records])
        kind = "hard" if box.is_hard else kind
        found.append((one, _finding_plan(box, of.target, kind, records, budget, options)))
    return found


def estimated(
    box: BlackBox, cohort: Cohort, options: InquiryOptions, name: str = ""
) -> tuple[tuple[str, ...], RunEstimate]:
    """Return the plan in words, and what it would cost at most; nothing is sent.

    It is told as if the reader found every finding that it is asked about, and gave probabilities unless it calls an
    API: which it does is known when the whole recordings are answered.

    Raises
    ------
    taxonomy.error.BenchError
        As :func:`wholes`.
    """
    asked = wholes(box, cohort, options)
    kind: AnswerKind = "hard" if box.is_hard or isinstance(box.reader, SessionReader) else "probability"
    budget = None
    if options.max_queries is not None:
        budget = (options.max_queries - len(asked.records)) // len(asked.bearers)
    questions = [Masked(record) for record in asked.records]
    words = [whole_words(asked)]
    for of in asked.bearers:
        plan = _finding_plan(box, of.target, kind, of.records[: options.each], budget, options)
        words.append(plan.said)
        questions += [one for each in plan.plans for one in questions_of(box, each, options.seed)]
        maps = 1 + len(plan.alone)
        questions += [one for record in plan.curves for one in deletion_questions(box, record, maps, options.seed)]
    return tuple(words), box.estimate(by_record(questions), name)


def whole_words(asked: Wholes) -> str:
    """Return in words which whole recordings are asked."""
    count = len(asked.bearers)
    words = f"{len(asked.records)} whole recordings first, which have {count} {'finding' if count == 1 else 'findings'}"
    return words + (f"; the budget does not reach {asked.beyond} more findings" if asked.beyond else "")


def by_record(questions: Iterable[Masked]) -> list[Masked]:
    """Return questions with those of each record one behind the other, since each record is drawn as a whole once."""
    found: dict[RecordId, list[Masked]] = {}
    for question in questions:
        found.setdefault(question.record.ecg_id, []).append(question)
    return [question for of in found.values() for question in of]


def _least(box: BlackBox, options: InquiryOptions) -> int:
    """Return the questions that one record of one finding takes at least, whichever kind its answers are."""
    kinds: tuple[AnswerKind, ...] = ("probability", "hard")
    return 1 + max(sum(_leasts(box, options.methods_of(kind), options)) for kind in kinds)


def _leasts(box: BlackBox, methods: Sequence[str], options: InquiryOptions) -> tuple[int, int, int]:
    """Return the masks at least of one record, of the deletion curves of its maps, and of joint explanations."""
    alone = [method for method in methods if method in METHODS]
    curves = deletion_count(1 + len(alone)) - 1 if alone and options.asks_deletion(box.reader) else 0
    return (
        sum(least_masks(method) for method in alone),
        curves,
        sum(least_masks(method) for method in methods if method in JOINT),
    )


def _finding_plan(  # noqa: PLR0913  # whom to ask about which answer of which records, at what price
    box: BlackBox,
    target: Target,
    kind: AnswerKind,
    records: Sequence[Record],
    budget: int | None,
    options: InquiryOptions,
) -> FindingPlan:
    methods = options.methods_of(kind)
    left = tuple(dict.fromkeys(one for method in methods if method in METHODS for one in unable(box, records, method)))
    lacking = {ecg_id for ecg_id, _ in left}
    able = tuple(one for one in records if one.ecg_id not in lacking)
    masks, curves, joint = _leasts(box, methods, options)
    asks_curves = bool(curves)
    if budget is None:
        reached, shares = len(able), dict[str, int | None](dict.fromkeys(methods))
    else:
        for_alone = budget * (masks + curves) // (masks + curves + joint)
        reached = min(len(able), for_alone // (masks + curves)) if masks else 0
        spare = for_alone - reached * curves
        shares = {
            method: spare * least_masks(method) // masks
            if method in METHODS
            else (budget - for_alone) * least_masks(method) // joint
            for method in methods
        }
    plans = []
    for method in methods:
        share = shares[method]
        if method in METHODS and able:
            # The whole recordings, which a plan counts as well, are asked already.
            plans.append(planned(box, able[:reached], method, None if share is None else share + reached))
        elif method in JOINT and records:
            plans.append(planned_jointly(records, method, None if share is None else share + 1))
    return FindingPlan(target, kind, tuple(plans), able[:reached] if asks_curves else (), left)
