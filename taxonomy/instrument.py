"""Calls of the instruments that a reader may use on its pictures, as they are kept beside its answer."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from taxonomy.error import ReadingError, unknown_name

MOST_TEXT = 2_000
"""Characters of arguments, or of a result, that are kept."""

LEAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 +-]{0,19}|", re.ASCII)
"""Names of leads, which stand in reports."""

MOST_KEPT = 64
"""Calls of one reading that are kept: a model may ask for more at once than it is given."""


@dataclass(frozen=True)
class InstrumentCall:
    """One call.

    Attributes
    ----------
    instrument : str
        As the model named it.
    arguments : str
        As the model wrote them.
    result : str
        The text of the answer that it was given.
    is_refused : bool
        Whether that was an error: wrong arguments, or no call left.
    lead : str
        The lead that it named; empty for none.
    picture : int or None
        Number of the picture, from 1.
    where_mm : (float, float, float, float) or None
        On the picture, in mm from its left and upper edges: left, top, right and bottom of what was enlarged, or the
        two points between which was measured.
    px_per_mm : int or None
        Resolution of what was enlarged, so that it can be drawn again.

    Raises
    ------
    ReadingError
        When a part has another form.
    """

    instrument: str
    arguments: str
    result: str
    is_refused: bool = False
    lead: str = ""
    picture: int | None = None
    where_mm: tuple[float, float, float, float] | None = None
    px_per_mm: int | None = None

    def __post_init__(self) -> None:
        for name in ("instrument", "arguments", "result", "lead"):
            text = getattr(self, name)
            if not isinstance(text, str):
                raise ReadingError(f"{name} of a call is {str(text)[:80]!r}, no text")
            object.__setattr__(self, name, text[:MOST_TEXT])
        if not LEAD.fullmatch(self.lead):
            raise ReadingError(f"lead of a call is {self.lead[:80]!r}, no name of a lead")
        for name in ("picture", "px_per_mm"):
            if not (getattr(self, name) is None or _is_whole(getattr(self, name))):
                raise ReadingError(f"{name} of a call is {str(getattr(self, name))[:80]!r}, no whole number from 1")
        if not (self.where_mm is None or _are_four(self.where_mm)):
            raise ReadingError(f"where_mm of a call is {str(self.where_mm)[:80]!r}, no four numbers")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; what is empty is left out."""
        data = asdict(self) | {"where_mm": None if self.where_mm is None else list(self.where_mm)}
        needed = ("instrument", "arguments", "result")
        return {name: value for name, value in data.items() if name in needed or value not in (None, "", False)}


def calls_from(data: object) -> tuple[InstrumentCall, ...]:
    """Return the calls in a list of what :meth:`InstrumentCall.to_json` wrote; raises ReadingError for another form."""
    if not isinstance(data, list) or len(data) > MOST_KEPT:
        raise ReadingError(f"the calls of a reading are no list of {MOST_KEPT} at most")
    return tuple(map(_call, data))


def _call(data: object) -> InstrumentCall:
    names = [item.name for item in fields(InstrumentCall)]
    if not isinstance(data, Mapping) or not {"instrument", "arguments", "result"} <= set(data):
        raise ReadingError("a call of a reading lacks its instrument, arguments or result")
    for name in data:
        if name not in names:
            raise unknown_name("part of a call", str(name)[:80], names)
    if not isinstance(data.get("is_refused", False), bool):
        raise ReadingError(f"is_refused of a call is {str(data['is_refused'])[:80]!r}, neither true nor false")
    where = data.get("where_mm")
    return InstrumentCall(**{**data, "where_mm": tuple(where) if isinstance(where, list) else where})


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 10_000


def _are_four(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == len(("left", "top", "right", "bottom"))
        and all(isinstance(edge, int | float) and not isinstance(edge, bool) and math.isfinite(edge) for edge in value)
    )
