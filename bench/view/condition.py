"""What of a case is shown: the conditions of the leakage ablation, as data."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from bench.view.donor import Rule
from bench.view.lead_mask import MASKED_AXES, Masked, MaskedAxis
from measurements.measurement import TABLE
from readers.setting import checked_settings
from taxonomy.error import SettingError, unknown_name

Images = Literal["true", "blank", "none", "donor"]
Numbers = Literal["true", "none", "donor"]

RATE_NUMBERS = ("heart_rate", "qtc_bazett", "qtc_fridericia")
"""QTc is QT over a power of the RR interval, so QT and QTc together spell the rate."""


@dataclass(frozen=True)
class Condition:
    """What a reader is shown of a case.

    Attributes
    ----------
    name : str
    shows : str
        What the condition tells of a reader.
    images : {"true", "blank", "none", "donor"}
        The record's own, an empty page of the same layout, none, or another patient's.
    measurements : {"true", "none", "donor"}
        The record's own, none, or another patient's.
    donor : str or None
        By which rule the other patient is drawn (``bench.view.donor``).
    without : tuple of str
        Measurements that are left out of the prompt.
    told : bool
        Whether the prompt says that there is no image.
    masked : {"relevant", "other"} or None
        Which leads are blanked: those that carry ``axis``, or as many others.
    axis : str or None
        Of the mask.
    """

    name: str
    shows: str = "what its author wants to know"
    images: Images = "true"
    measurements: Numbers = "true"
    donor: Rule | None = None
    without: tuple[str, ...] = ()
    told: bool = False
    masked: Masked | None = None
    axis: MaskedAxis | None = None

    @property
    def text(self) -> str:
        """The condition in settings: its name, or the whole of it as JSON where it is the user's own."""
        return self.name if CONDITIONS.get(self.name) == self else json.dumps(asdict(self), sort_keys=True)


def _masks() -> list[Condition]:
    said = {"relevant": "whether the answer rests on the right leads", "other": "the control for the right leads"}
    return [
        Condition(f"{which}-leads-masked:{axis}", said[which], masked=which, axis=axis)
        for axis in MASKED_AXES
        for which in get_args(Masked)
    ]


CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition("full", "the headline"),
        Condition("image-only", "what the trace alone gives", measurements="none"),
        Condition("text-only", "what the prompt alone gives, without a word on the missing image", images="none"),
        Condition("text-only-told", "what the prompt alone gives, said so", images="none", told=True),
        Condition("blank-image", "whether the image matters at all", images="blank"),
        Condition("wrong-image", "whether the answer follows the trace", images="donor", donor="other truth"),
        Condition(
            "wrong-measurements", "whether the answer copies the prompt", measurements="donor", donor="other numbers"
        ),
        Condition("same-truth-image", "whether the answer stays when it should", images="donor", donor="same truth"),
        Condition("no-rate", "which number carries the rate", without=RATE_NUMBERS),
        Condition("no-axis", "which number carries the axis", without=("qrs_axis",)),
        *_masks(),
    )
}


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
        try:
            return _own(name, Path(name).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingError(f"the condition {name} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SettingError(f"the condition {name} cannot be read: it is not UTF-8 text") from error
    if name.startswith("{"):
        return _own("of the settings", name)
    if name not in CONDITIONS:
        raise unknown_name("condition", name, CONDITIONS)
    return CONDITIONS[name]


def _own(where: str, text: str) -> Condition:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise SettingError(f"the condition {where} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise SettingError(f"the condition {where} cannot be read: it is no JSON object")
    condition = checked_settings(Condition, {"name": "own", **data}, f"condition {where}:")
    unknown = [name for name in condition.without if name not in TABLE]
    if unknown:
        raise unknown_name("measurement", unknown[0], TABLE)
    if "donor" in (condition.images, condition.measurements) and condition.donor is None:
        raise SettingError(f"condition {where}: another patient's image or numbers need a donor rule")
    if (condition.masked is None) != (condition.axis is None):
        raise SettingError(f"condition {where}: 'masked' and 'axis' go together")
    return condition
