"""Beat transplant: which segments of which leads, taken from the nearest unlike neighbour, make an answer flip.

A counterfactual without a generator (native guides, Delaney et al. 2021): what is put in was recorded. Two controls
stand beside each: the same cells of a donor that bears the finding too, which carry all the traces of surgery and not
the reason; and random cells of the unlike donor.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, RecordId, Signal
from bench.evidence.figure import Figure, difference, share_figure
from bench.explain.counterfactual.donor_pool import Donor, distance, nearest
from bench.explain.counterfactual.given import AskedReader, Asking, Given
from bench.explain.counterfactual.graft import CELLS, Beating, GroupCell, beating, exchangeable, grafted, shape
from readers.network import Output
from taxonomy.error import SettingError

TRIED = 3
"""Nearest donors of each kind that are asked about, until one is answered as it is labelled."""

DRAWS = 4
"""Sets of random cells."""

NO_BEAT = "no beat is found in the recording"
FAILED = "the reader did not answer of the unchanged recording"
NOT_GIVEN = "it is not the reader's answer of the unchanged recording"
NO_DONOR = "no recording of the training folds is labelled without it"
ALL_GIVEN = f"of the {TRIED} nearest recordings without it the reader answers it too, or not at all"
NO_CELL = "no segment can be exchanged with the donor's"


@dataclass(frozen=True)
class Plan:
    """How far a transplant goes.

    Attributes
    ----------
    most : int
        Cells that are exchanged at most, 1 to 28; a first round alone asks 28 times.
    draws : int
        Sets of random cells, one at least.
    seed : int

    Raises
    ------
    taxonomy.error.SettingError
        When there would be no cell or no random set.
    """

    most: int = len(CELLS)
    draws: int = DRAWS
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.most <= len(CELLS):
            raise SettingError(f"a transplant exchanges 1 to {len(CELLS)} cells, not {self.most}")
        if self.draws < 1:
            raise SettingError(f"a transplant needs 1 set of random cells or more, not {self.draws}")

    @classmethod
    def within(cls, queries: int, seed: int = 0) -> "Plan":
        """Return the plan that goes furthest with so many questions about one record.

        Raises
        ------
        taxonomy.error.SettingError
            When they are too few for one cell.
        """
        able = [plan for most in range(1, len(CELLS) + 1) if (plan := cls(most, seed=seed)).queries <= queries]
        if not able:
            least = cls(1).queries
            raise SettingError(
                f"a transplant asks up to {least} questions of a record, and {queries} are allowed: allow more"
            )
        return able[-1]

    @property
    def queries(self) -> int:
        """Questions about one record at most: what a dry run prices."""
        rounds = sum(len(CELLS) - taken for taken in range(self.most))
        return 1 + 2 * TRIED + rounds + (self.most - 1) + 1 + self.draws


@dataclass(frozen=True)
class Transplant:
    """What became of one answer.

    Attributes
    ----------
    ecg_id, patient_id : int or str
    head, value : str
        The answer.
    donor : int or str
        The nearest unlike neighbour that the reader does not answer so.
    distance : float
        Root mean square between the mean beats, in mV.
    before : float or None
        Log-odds of the answer on the unchanged recording.
    alone : mapping of str to float or None
        The log-odds with each cell alone exchanged, by its name, such as ``V1 QRS``.
    cells : tuple of str
        Exchanged together, the one that lowered the answer most first; where the answer is gone, without those that
        proved needless.
    after : float or None
        The log-odds with them.
    flips : bool
        Whether the answer is gone.
    same_class_donor : int or str or None
        The nearest neighbour that bears the finding and is answered so; None where there is none.
    same_class : bool or None
        Whether the answer is gone with the same cells of that donor.
    random : tuple of bool
        Whether it is gone with each set of as many random cells of the unlike donor.
    queries : int
        Questions asked.
    """

    ecg_id: RecordId
    patient_id: RecordId
    head: str
    value: str
    donor: RecordId
    distance: float
    before: float | None
    alone: Mapping[str, float | None]
    cells: tuple[str, ...]
    after: float | None
    flips: bool
    same_class_donor: RecordId | None
    same_class: bool | None
    random: tuple[bool, ...]
    queries: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Transplant":
        """Return what :meth:`to_json` gave; raises KeyError or TypeError for other data."""
        told = {item.name: data[item.name] for item in fields(cls)}
        return cls(**told | {name: tuple(told[name]) for name in ("cells", "random")})

    def changed(self, signal: Signal, donor: Beating) -> NDArray[np.float32] | None:
        """Return the recording after the transplant, float32 (12, n_samples) in mV, to be drawn; None without beats."""
        host = beating(signal)
        return None if host is None else grafted(host, donor, [cell_named(name) for name in self.cells])


@dataclass(frozen=True)
class NoTransplant:
    """Why an answer has no transplant."""

    ecg_id: RecordId
    patient_id: RecordId
    head: str
    value: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def found_in(data: Mapping[str, Any]) -> Transplant | NoTransplant:
    """Return what either's ``to_json`` gave; raises KeyError or TypeError for other data."""
    return NoTransplant(**data) if "why" in data else Transplant.from_json(data)


def cell_name(cell: GroupCell) -> str:
    """Return a cell's name, such as ``V1 QRS``."""
    return " ".join(cell)


def cell_named(name: str) -> GroupCell:
    """Return the cell of a name; raises KeyError for another one."""
    return {cell_name(cell): cell for cell in CELLS}[name]


class _Asked:
    """Counts questions: about changed copies of a recording, and about others beside it."""

    def __init__(self, asking: Asking, whole: Signal) -> None:
        self.queries, self._others, self._fs = 0, asking, whole.fs
        self._own = asking.like(whole) if isinstance(asking, AskedReader) else asking

    def about(self, changed: Sequence[NDArray[np.float32]]) -> list[Given]:
        return self._all(self._own, changed)

    def others(self, mv: Sequence[NDArray[np.float32]]) -> list[Given]:
        return self._all(self._others, mv)

    def _all(self, asking: Asking, mv: Sequence[NDArray[np.float32]]) -> list[Given]:
        self.queries += len(mv)
        return list(asking([Signal(one, self._fs) for one in mv]))


def transplant(
    record: Record, output: Output, asking: Asking, pool: Sequence[Donor], plan: Plan | None = None
) -> Transplant | NoTransplant:
    """Exchange one cell after the other until an answer is gone.

    Parameters
    ----------
    record : Record
    output : (str, str)
        Head and value of the answer.
    asking : callable
        Asks the reader whether that is its answer (:mod:`bench.explain.counterfactual.given`).
    pool : sequence of Donor
        From training folds (:func:`bench.explain.counterfactual.donor_pool.donor_pool`).
    plan : Plan, optional

    Returns
    -------
    Transplant or NoTransplant
        A failed question counts as an answer that did not go.
    """
    plan = plan or Plan()
    signal = record.signal()
    host = beating(signal)

    def none(why: str) -> NoTransplant:
        return NoTransplant(record.ecg_id, record.patient_id, *output, why)

    if host is None:
        return none(NO_BEAT)
    asked = _Asked(asking, signal)
    (first,) = asked.about([signal.mv])
    if not first.is_given:
        return none(FAILED if first.is_given is None else NOT_GIVEN)
    unlike = nearest(pool, record, host, output, has=False)
    if not unlike:
        return none(NO_DONOR)
    chosen = _answered(asked, unlike, host.fs, is_given=False)
    if chosen is None:
        return none(ALL_GIVEN)
    able = exchangeable(host, chosen[1])
    if not able:
        return none(NO_CELL)
    alone, cells, last = _greedy(asked, host, chosen[1], able, plan.most)
    if last.is_given is False:
        cells, last = _needed(asked, host, chosen[1], cells, last)
    same = _answered(asked, nearest(pool, record, host, output, has=True), host.fs, is_given=True)
    lots = _random_cells(record, output, able, len(cells), plan)
    changed = [grafted(host, chosen[1], lot) for lot in lots]
    changed += [grafted(host, same[1], cells)] if same else []
    gone = [given.is_given is False for given in asked.about(changed)]
    return Transplant(
        record.ecg_id,
        record.patient_id,
        *output,
        donor=chosen[0].record.ecg_id,
        distance=_rounded(distance(shape(host), chosen[0].shape)) or 0.0,
        before=_rounded(first.strength),
        alone={cell_name(cell): _rounded(given.strength) for cell, given in alone.items()},
        cells=tuple(map(cell_name, cells)),
        after=_rounded(last.strength),
        flips=last.is_given is False,
        same_class_donor=same[0].record.ecg_id if same else None,
        same_class=gone[-1] if same else None,
        random=tuple(gone[: len(lots)]),
        queries=asked.queries,
    )


def _answered(asked: _Asked, donors: Sequence[Donor], fs: float, is_given: bool) -> tuple[Donor, Beating] | None:
    """Return the nearest donor of which the reader answers as it is labelled, with its beats."""
    near = [(donor, beats) for donor in donors[:TRIED] if (beats := donor.at(fs)) is not None]
    answers = asked.others([beats.mv for _, beats in near])
    return next((pair for pair, given in zip(near, answers, strict=True) if given.is_given is is_given), None)


def _greedy(
    asked: _Asked, host: Beating, donor: Beating, able: Sequence[GroupCell], most: int
) -> tuple[dict[GroupCell, Given], list[GroupCell], Given]:
    """Return the answers with each cell alone, the cells that were exchanged, and the answer with them."""
    alone: dict[GroupCell, Given] = {}
    cells: list[GroupCell] = []
    last = Given(True)
    while len(cells) < min(most, len(able)) and last.is_given is not False:
        left = [cell for cell in able if cell not in cells]
        changed = [grafted(host, donor, [*cells, cell]) for cell in left]
        answers = asked.about(changed)
        alone = alone or dict(zip(left, answers, strict=True))
        sizes = [float(np.square(mv - host.mv).sum()) for mv in changed]
        best = min(range(len(left)), key=lambda place: (*_rank(answers[place]), -sizes[place]))
        cells.append(left[best])
        last = answers[best]
    return alone, cells, last


def _needed(
    asked: _Asked, host: Beating, donor: Beating, cells: Sequence[GroupCell], last: Given
) -> tuple[list[GroupCell], Given]:
    """Return the cells without any that the answer goes without as well, tried from the first on, and the answer."""
    needed = list(cells)
    for cell in cells[:-1]:
        fewer = [one for one in needed if one != cell]
        (given,) = asked.about([grafted(host, donor, fewer)])
        if given.is_given is False:
            needed, last = fewer, given
    return needed, last


def _rank(given: Given) -> tuple[bool, float]:
    """Return what sorts answers: gone first, then the weakest; without probabilities all others are tied."""
    return given.is_given is not False, math.inf if given.strength is None else given.strength


def _random_cells(
    record: Record, output: Output, able: Sequence[GroupCell], count: int, plan: Plan
) -> list[list[GroupCell]]:
    lot = random.Random(f"transplant {plan.seed} {record.ecg_id} {output}")
    return [lot.sample(able, count) for _ in range(plan.draws)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


@dataclass(frozen=True)
class Flips:
    """Transplants of several records together, each share with its interval by patient.

    Attributes
    ----------
    n : int
        Transplants.
    flips : Figure
        Share of answers that went.
    same_class : Figure or None
        Share that went with the same cells of a donor of the same class; of those that have one.
    random : Figure
        Share that went with random cells.
    above_same_class, above_random : Figure or None
        How much larger the share is than that of each control, over the same records; of the random cells the first
        set counts.
    median_cells : float or None
        Cells until the answer went, of those that did.
    cells : mapping of str to int
        How often each cell was among those that made an answer go, the most frequent first.
    without : mapping of str to int
        Answers that had no transplant, by the reason.
    """

    n: int
    flips: Figure | None
    same_class: Figure | None
    random: Figure | None
    above_same_class: Figure | None
    above_random: Figure | None
    median_cells: float | None
    cells: Mapping[str, int]
    without: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def pooled(found: Iterable[Transplant | NoTransplant]) -> Flips:
    """Return what transplants show together, over records and over outputs alike."""
    every = list(found)
    done = [one for one in every if isinstance(one, Transplant)]
    with_same = [one for one in done if one.same_class is not None]
    gone = [one for one in done if one.flips]
    names = [name for one in gone for name in one.cells]
    reasons = [one.why for one in every if isinstance(one, NoTransplant)]
    return Flips(
        n=len(done),
        flips=_share(done, [one.flips for one in done]),
        same_class=_share(with_same, [bool(one.same_class) for one in with_same]),
        random=_share(done, [float(np.mean(one.random)) for one in done]),
        above_same_class=_above(with_same, [bool(one.same_class) for one in with_same]),
        above_random=_above(done, [one.random[0] for one in done]),
        median_cells=float(np.median([len(one.cells) for one in gone])) if gone else None,
        cells=_counted(names),
        without=_counted(reasons),
    )


def _share(done: Sequence[Transplant], values: Sequence[float]) -> Figure | None:
    return share_figure([one.patient_id for one in done], np.array(values, dtype=np.float64))


def _above(done: Sequence[Transplant], control: Sequence[bool]) -> Figure | None:
    flips = np.array([one.flips for one in done], dtype=np.float64)
    return difference([one.patient_id for one in done], flips, np.array(control, dtype=np.float64))


def _counted(names: Sequence[str]) -> dict[str, int]:
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
