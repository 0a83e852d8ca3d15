"""What of a case is shown: the conditions of the leakage ablation, as data."""

from dataclasses import dataclass
from typing import Literal

from bench.donor import Rule
from taxonomy.error import unknown_name

Images = Literal["true", "blank", "none", "donor"]
Numbers = Literal["true", "none", "donor"]

RATE_NUMBERS = frozenset({"heart_rate", "qtc_bazett", "qtc_fridericia"})
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
        By which rule the other patient is drawn (``bench.donor``).
    without : frozenset of str
        Measurements that are left out of them.
    told : bool
        Whether the prompt says that there is no image.
    """

    name: str
    shows: str
    images: Images = "true"
    measurements: Numbers = "true"
    donor: Rule | None = None
    without: frozenset[str] = frozenset()
    told: bool = False


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
        Condition("no-axis", "which number carries the axis", without=frozenset({"qrs_axis"})),
    )
}


def condition_named(name: str) -> Condition:
    """Return the condition of that name.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none; the message lists them and the nearest match.
    """
    if name not in CONDITIONS:
        raise unknown_name("condition", name, CONDITIONS)
    return CONDITIONS[name]
