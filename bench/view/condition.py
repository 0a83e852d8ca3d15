"""What of a case is shown: the conditions of a run and of the ablation, as data."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Interval

from measurements.measurement import TABLE
from readers.setting import checked_settings
from taxonomy.error import SettingError, unknown_name
from taxonomy.outside import outside_bytes, outside_object

NAME = re.compile(r"[a-z0-9][a-z0-9 ._-]{0,39}", re.ASCII | re.IGNORECASE)
"""Names of users' own conditions, which stand in headings of pages and in names of folders."""

LONGEST = 200
"""Characters of what a condition is said to show."""

Images = Literal["true", "blank", "none"]
Numbers = Literal["true", "none", "donor"]

RATE_NUMBERS = ("heart_rate", "qtc_bazett", "qtc_fridericia")
"""QTc is QT over a power of the RR interval, so QT and QTc together spell the rate."""

CORE = ("full", "image-only", "text-only", "crossed")
"""The conditions that every ablation asks."""

CROSSED = ("crossed", "crossed-2", "crossed-3", "crossed-4", "crossed-5")
"""Independent draws of the same condition, for readers whose answers cost nothing."""


@dataclass(frozen=True)
class Condition:
    """What a reader is shown of a case.

    Attributes
    ----------
    name : str
    shows : str
        What the condition tells of a reader.
    images : {"true", "blank", "none"}
        The record's own, an empty page of the same layout, or none.
    measurements : {"true", "none", "donor"}
        The record's own, none, or another patient's, one to one (``bench.view.donor``).
    draw : int
        Which of several independent assignments of the other patients.
    without : tuple of str
        Measurements that are left out of the prompt.
    told : bool
        Whether the prompt says that there is no tracing.
    lead_mask : bool
        Whether a third of the leads is blanked, drawn by lot.
    jittered : bool
        Whether the trace is shifted and scaled a little, by lot.
    """

    name: str
    shows: str = "what its author wants to know"
    images: Images = "true"
    measurements: Numbers = "true"
    draw: Annotated[int, Interval(ge=1)] = 1
    without: tuple[str, ...] = ()
    told: bool = False
    lead_mask: bool = False
    jittered: bool = False

    @property
    def text(self) -> str:
        """The condition in settings: its name, or the whole of it as JSON where it is the user's own."""
        return self.name if CONDITIONS.get(self.name) == self else json.dumps(asdict(self), sort_keys=True)

    @property
    def borrows_a_name(self) -> bool:
        """Whether it has the name of one of ours and is another."""
        return self.name in CONDITIONS and CONDITIONS[self.name] != self

    @property
    def crossed(self) -> bool:
        """Whether another patient's numbers are shown."""
        return self.measurements == "donor"

    @property
    def hides(self) -> str:
        """What of a case it hides or exchanges, in words; ``nothing`` where all is shown as it is."""
        parts = [
            {"blank": "the trace: an empty page is shown", "none": "the picture"}.get(self.images, ""),
            {"none": "the numbers", "donor": "the numbers: another patient's are shown"}.get(self.measurements, ""),
            ", ".join(self.without),
            "a third of the leads, by lot" * self.lead_mask,
            "where exactly the trace lies, and its exact size" * self.jittered,
        ]
        return "; ".join(filter(None, parts)) or "nothing"

    @property
    def contradiction(self) -> str | None:
        """Two parts of the condition that cannot both be meant, in words; None where there are none."""
        no_trace, images, numbers = self.images != "true", f"images are {self.images!r}", repr(self.measurements)
        contradictions = {
            f"told that there is no tracing, but {images}": self.told and not no_trace,
            f"leads are masked, but {images}": self.lead_mask and no_trace,
            f"jittered, but {images}": self.jittered and no_trace,
            f"draw {self.draw} of crossed numbers, but measurements are {numbers}": self.draw > 1 and not self.crossed,
            f"without some measurements, but measurements are {numbers}": self.without and self.measurements == "none",
        }
        return next((said for said, holds in contradictions.items() if holds), None)


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition("full", "the headline"),
        Condition("image-only", "what the trace alone gives", measurements="none"),
        Condition("text-only", "what the numbers alone give", images="none", told=True),
        *(
            Condition(name, "what the answer follows when they disagree", measurements="donor", draw=draw)
            for draw, name in enumerate(CROSSED, start=1)
        ),
        Condition("blank-image", "whether the image matters at all", images="blank"),
        Condition("no-rate", "which number carries the rate", without=RATE_NUMBERS),
        Condition("no-axis", "which number carries the axis", without=("qrs_axis",)),
        Condition("text-only-untold", "what the numbers alone give, unsaid that no image is there", images="none"),
        Condition("nothing", "what comes from elsewhere", images="blank", measurements="none", told=True),
        Condition("lead-mask", "whether the answer rests on the right leads", lead_mask=True),
        Condition("jittered", "whether the answer comes from memory or lookup", jittered=True),
    )
}
"""In the order of tables."""


def condition_named(name: str) -> Condition:
    """Return the condition of that name, of a JSON file, or of the JSON that settings hold.

    Raises
    ------
    SettingError
        When the file or the JSON cannot be read, or holds what a condition does not have.
    taxonomy.error.UnknownNameError
        When there is none; the message lists them and the nearest match.
    """
    if name.endswith(".json"):
        condition = _own(name, outside_bytes(Path(name), SettingError, what="the condition"))
        if condition.borrows_a_name:
            raise SettingError(f"condition {name}: {condition.name!r} is the name of another condition, choose another")
        return condition
    if name.startswith("{"):
        return _own("of the settings", name)
    if name not in CONDITIONS:
        raise unknown_name("condition", name, CONDITIONS)
    return CONDITIONS[name]


def _own(where: str, text: str | bytes) -> Condition:
    data = outside_object(text, f"the condition {where}", SettingError)
    condition = checked_settings(Condition, {"name": "own", **data}, f"condition {where}:")
    _check_name(where, condition)
    unknown = [name for name in condition.without if name not in TABLE]
    if unknown:
        raise unknown_name("measurement", unknown[0], TABLE)
    if condition.contradiction:
        raise SettingError(f"condition {where}: {condition.contradiction}")
    return condition


def _check_name(where: str, condition: Condition) -> None:
    """Check that a user's own condition has a plain name, and describes itself on one line."""
    if not NAME.fullmatch(condition.name):
        raise SettingError(
            f"condition {where}: its name {condition.name[:60]!r} must be 40 letters, digits, spaces and . _ - at most"
        )
    if not condition.shows.isprintable() or len(condition.shows) > LONGEST:
        raise SettingError(f"condition {where}: what it shows must be one line of {LONGEST} characters at most")
