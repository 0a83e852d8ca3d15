"""What an explanation will ask, before it asks: how many questions about which records, within a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from bench.dataset import Record, RecordId
from bench.explain.hiding.box import Box
from bench.explain.hiding.effect import TWO_WAY
from bench.explain.maps.cell import Cells
from bench.explain.maps.part import By, Part, parts
from bench.explain.maps.partwise import JOINT_MASKS, PAIRS, leads_and_segments
from measurements.segment import SEGMENTS
from taxonomy.error import DatasetError, SettingError, unknown_name

SHAPLEY = "shapley"

JOINT_GROUPS, JOINT_LEADS = "joint_groups", "joint_leads"
"""Joint masks over groups of contiguous leads, which tell the same thing, and over single leads."""

JOINT: tuple[str, ...] = (JOINT_LEADS, JOINT_GROUPS)
"""Methods that explain the recordings of a finding together."""

METHODS: tuple[str, ...] = (*get_args(By), TWO_WAY, SHAPLEY)
"""Methods that explain one recording by itself."""

WINDOWS_S = (0.1, 0.2, 0.5, 1.0, 2.5)
"""Lengths of windows in seconds; the shortest that the budget allows is taken."""

LEAST_JOINT, LEAST_JOINT_EACH = 36, 6
"""Joint masks at least, two for each of 18 parts; and of each recording, whose mean answer is taken from them."""

NEEDS_SEGMENTS = frozenset({"segment", "cell", TWO_WAY, SHAPLEY})


_WHOLE = Cells({segment: (slice(at, at + 1),) for at, segment in enumerate(SEGMENTS)}, {}, 10)
"""The cells of ten seconds at one sample a second, of which only the numbers count."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The questions of a method.

    Attributes
    ----------
    method : str
    records : tuple of Record
        About which it asks.
    masks : tuple of int
        How many it asks about each, beside the whole recording.
    window_s : float
        Length of its windows in seconds.
    pairs : int
        Pairs of orders of the Shapley values.
    beyond : int
        Records that the budget does not reach.
    left : tuple of (RecordId, str)
        Records that cannot be explained by it, each with the reason.
    """

    method: str
    records: tuple[Record, ...]
    masks: tuple[int, ...]
    window_s: float = WINDOWS_S[0]
    pairs: int = PAIRS
    beyond: int = 0
    left: tuple[tuple[RecordId, str], ...] = ()

    @property
    def questions(self) -> int:
        """How many questions there are, those of whole recordings among them."""
        return sum(self.masks) + len(self.masks)

    @property
    def said(self) -> str:
        """The plan in words."""
        words = f"{self.method}: {self.questions:,} questions about {len(self.records)} records"
        beyond = f"; the budget does not reach {self.beyond} more" if self.beyond else ""
        return words + beyond + (f"; {len(self.left)} cannot be explained by it" if self.left else "")


def hidden_parts(cells: Cells, method: str, fs: float, window_s: float) -> tuple[Part, ...]:
    """Return the parts that a method hides of a recording."""
    if method == TWO_WAY:
        return leads_and_segments(cells)
    kinds: dict[str, By] = {SHAPLEY: "cell", **{by: by for by in get_args(By)}}
    return parts(cells, kinds[method], fs, window_s)


def planned(box: Box, records: Sequence[Record], method: str, max_queries: int | None = None) -> Plan:
    """Return the plan of a method that explains each record by itself.

    Within the budget the finest windows, or the most orders, are taken that allow all records; else as many records as
    it reaches, the first ones first.

    Parameters
    ----------
    box : Box
    records : sequence of Record
    method : str
        One of :data:`METHODS`.
    max_queries : int, optional
        Questions at most.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such method; the message names the nearest.
    taxonomy.error.DatasetError
        When no record can be explained by it.
    taxonomy.error.SettingError
        When the budget is below what one record takes.
    """
    if method not in METHODS:
        raise unknown_name("method of explanation", method, METHODS)
    left = unable(box, records, method)
    lacking = {ecg_id for ecg_id, _ in left}
    able = [(one, box.cells(one)) for one in records if one.ecg_id not in lacking]
    if not able:
        reason = f" (record {left[0][0]}: {left[0][1]})" if left else ""
        raise DatasetError(f"none of {len(records)} records can be explained by {method!r}{reason}: name others")
    windows = WINDOWS_S if method == "window" else WINDOWS_S[:1]
    ways = [(window, pairs) for window in windows for pairs in range(PAIRS if method == SHAPLEY else 1, 0, -1)]
    masks: list[int] = []
    for window_s, pairs in ways:
        masks = [_masks(its, method, box.fs(one), window_s, pairs) for one, its in able]
        if max_queries is None or sum(masks) + len(masks) <= max_queries:
            return Plan(method, tuple(one for one, _ in able), tuple(masks), window_s, pairs, left=left)
    assert max_queries is not None
    reached = int(np.searchsorted(np.cumsum([1 + count for count in masks]), max_queries, side="right"))
    if not reached:
        raise SettingError(
            f"--max-queries {max_queries} is below {1 + masks[0]}, the least that {method!r} asks about record "
            f"{able[0][0].ecg_id}: allow more, or choose a method that asks less, such as 'segment'"
        )
    taken = tuple(one for one, _ in able[:reached])
    return Plan(method, taken, tuple(masks[:reached]), window_s, pairs, len(able) - reached, left)


def unable(box: Box, records: Sequence[Record], method: str) -> tuple[tuple[RecordId, str], ...]:
    """Return the records that a method cannot explain, each with the reason."""
    return tuple((one.ecg_id, why) for one in records if (why := _why_not(box.cells(one), method)))


def least_masks(method: str) -> int:
    """Return how many masks a method asks at least, about a recording of ten seconds that has every segment."""
    if method in JOINT:
        return LEAST_JOINT
    return _masks(_WHOLE, method, 1.0, WINDOWS_S[-1], 1)


def planned_jointly(records: Sequence[Record], method: str, max_queries: int | None = None) -> Plan:
    """Return the plan of joint masks that are pooled over records.

    Parameters
    ----------
    records : sequence of Record
    method : {"joint_leads", "joint_groups"}
    max_queries : int, optional
        Questions at most.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such method.
    taxonomy.error.DatasetError
        When there are no records.
    taxonomy.error.SettingError
        When the budget is below what a regression takes.
    """
    if method not in JOINT:
        raise unknown_name("method of explanation", method, JOINT)
    if not records:
        raise DatasetError("there are no records to be explained: name others")
    if max_queries is None:
        return Plan(method, tuple(records), (JOINT_MASKS,) * len(records))
    for count in range(len(records), 0, -1):
        each = min(max_queries // count - 1, JOINT_MASKS)
        if each >= LEAST_JOINT_EACH and count * each >= LEAST_JOINT:
            return Plan(method, tuple(records[:count]), (each,) * count, beyond=len(records) - count)
    raise SettingError(
        f"--max-queries {max_queries} is below {1 + LEAST_JOINT}, the least of {method!r}: two masks for each of "
        "12 leads and 6 segments, and one whole recording; allow more"
    )


def _masks(cells: Cells, method: str, fs: float, window_s: float, pairs: int) -> int:
    count = len(hidden_parts(cells, method, fs, window_s))
    return 1 + 2 * pairs * (count - 1) if method == SHAPLEY else count


def _why_not(cells: Cells, method: str) -> str:
    if method not in NEEDS_SEGMENTS or cells.segments:
        return ""
    return next(iter(cells.missing.values()), "no beat is found")
