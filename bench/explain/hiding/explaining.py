"""Explanations of any reader by hiding parts of recordings, each record by itself or pooled over those of a finding."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from bench.dataset import Record, RecordId
from bench.explain.hiding.box import Answered, Box
from bench.explain.hiding.effect import Explanation, effects_of, known
from bench.explain.hiding.joint_effect import JointExplanation, mean_known, part_effects
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.plan import JOINT_GROUPS, JOINT_LEADS, SHAPLEY, Plan, hidden_parts
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import Cells
from bench.explain.maps.joint_mask import JointMasks
from bench.explain.maps.part import Mask, Part
from bench.explain.maps.ridge import Pool, fitted
from bench.explain.maps.shapley import Orders
from bench.progress import SILENT, Observer
from taxonomy.error import DatasetError


def questions_of(box: Box, plan: Plan, seed: int = 0) -> list[Masked]:
    """Return every question of a plan, for its price; they are those that it will ask."""
    return [question for record in plan.records for question in _questions(box, plan, record, seed)]


def explanations(
    box: Box, plan: Plan, target: Target, seed: int = 0, observer: Observer = SILENT
) -> Iterator[Explanation]:
    """Yield the explanation of each record of a plan.

    Parameters
    ----------
    box : Box
    plan : Plan
        Of :func:`bench.explain.hiding.plan.planned`.
    target : Target
    seed : int
        Decides the orders of Shapley values.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When the reader answers nothing, or can answer no further question; what it answered is kept on disk.
    """
    for record in plan.records:
        questions = _questions(box, plan, record, seed)
        answered = box.answers(questions, target, observer)
        yield _explained(box, plan, record, target, questions, answered, seed)


def joint_explanation(
    box: Box, plan: Plan, target: Target, seed: int = 0, observer: Observer = SILENT
) -> JointExplanation:
    """Return what moves the answers to the records of a plan, by joint masks.

    Parameters
    ----------
    box : Box
    plan : Plan
        Of :func:`bench.explain.hiding.plan.planned_jointly`.
    target : Target
    seed : int
        Decides masks, folds, resamples and shuffles.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        As :func:`explanations`.
    """
    masks, questions = dict[RecordId, JointMasks](), list[Masked]()
    for record in plan.records:
        masks[record.ecg_id] = own = _joint_masks(box.cells(record), plan, record, seed)
        questions += _asked(record, own.masks(box.cells(record), box.fs(record)))
    answered = box.answers(questions, target, observer)
    each = np.split(answered.values, np.cumsum([1 + count for count in plan.masks])[:-1])
    hidden = [masks[record.ecg_id].hidden for record in plan.records]
    rest = [values[1:] for values in each]
    pool = Pool.of(hidden, rest, [record.patient_id for record in plan.records])
    if not len(pool.answers):
        raise DatasetError(f"no masked recording of {len(plan.records)} was answered: ask again")
    fit = fitted(pool, seed)
    found, null = part_effects(masks[plan.records[0].ecg_id].parts, pool, fit, seed)
    return JointExplanation(
        target=target,
        kind=answered.kind,
        records=len(plan.records),
        patients=pool.n_patients,
        masks=len(pool.answers),
        failed=sum(map(len, rest)) - len(pool.answers),
        whole=mean_known(np.array([values[0] for values in each])),
        shown=mean_known(np.concatenate(rest)),
        penalty=fit.penalty,
        explained=fit.explained,
        null=null,
        effects=found,
        gain=max((box.gain(one) for one in questions), default=1.0),
    )


def _questions(box: Box, plan: Plan, record: Record, seed: int) -> list[Masked]:
    """Return the whole recording and each mask of it."""
    return _asked(record, _masks(box, plan, record, seed))


def _asked(record: Record, masks: Sequence[Mask]) -> list[Masked]:
    return [Masked(record), *(Masked.of(record, mask) for mask in masks)]


def _masks(box: Box, plan: Plan, record: Record, seed: int) -> list[Mask]:
    cells, fs = box.cells(record), box.fs(record)
    if plan.method in (JOINT_GROUPS, JOINT_LEADS):
        return _joint_masks(cells, plan, record, seed).masks(cells, fs)
    each = [part.mask(cells, fs) for part in _parts(box, plan, record)]
    return _orders(len(each), plan, record, seed).hidden(each) if plan.method == SHAPLEY else each


def _explained(  # noqa: PLR0913  # who was asked what about which record, and what was answered
    box: Box, plan: Plan, record: Record, target: Target, questions: list[Masked], answered: Answered, seed: int
) -> Explanation:
    chosen, whole, values = _parts(box, plan, record), float(answered.values[0]), answered.values[1:]
    if plan.method == SHAPLEY:
        effects = effects_of(chosen, *_orders(len(chosen), plan, record, seed).values(whole, values))
    else:
        effects = effects_of(chosen, whole - values)
    return Explanation(
        ecg_id=record.ecg_id,
        method=plan.method,
        target=target,
        kind=answered.kind,
        whole=known(whole),
        effects=effects,
        questions=len(questions),
        gain=max(box.gain(one) for one in questions),
        missing={str(name): why for name, why in box.cells(record).missing.items()},
    )


def _parts(box: Box, plan: Plan, record: Record) -> tuple[Part, ...]:
    return hidden_parts(box.cells(record), plan.method, box.fs(record), plan.window_s)


def _orders(parts: int, plan: Plan, record: Record, seed: int) -> Orders:
    return Orders.drawn(parts, plan.pairs, _chance(seed, record, plan.method))


def _joint_masks(cells: Cells, plan: Plan, record: Record, seed: int) -> JointMasks:
    count = plan.masks[plan.records.index(record)]
    return JointMasks.drawn(cells, count, _chance(seed, record, plan.method), plan.method == JOINT_GROUPS)


def _chance(seed: int, record: Record, method: str) -> np.random.Generator:
    """Return a lot of the record's own, so that other records beside it change none of its masks."""
    digest = hashlib.sha256(f"{method} {seed} {record.ecg_id}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
