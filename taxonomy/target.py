"""The formats of an answer, and the axes of each."""

from dataclasses import dataclass

from taxonomy.axis import AXIS_NAMES, DIAGNOSIS, NORMALITY
from taxonomy.error import unknown_name


@dataclass(frozen=True)
class TargetFormat:
    """One format of the answer.

    Attributes
    ----------
    name : str
    description : str
    axes : tuple of str
        Axes that it asks for; the others are not scored.
    reasoning : bool
        Whether the answer begins with ``reasoning``, so that a constrained model can reason before it names values.
    """

    name: str
    description: str
    axes: tuple[str, ...]
    reasoning: bool = False


DENSE = TargetFormat("dense", "every axis, negatives too, after a few sentences of reasoning", AXIS_NAMES, True)
DENSE_NO_REASONING = TargetFormat("dense-no-reasoning", "every axis, negatives too, and nothing else", AXIS_NAMES)
SPARSE = TargetFormat("sparse", "abnormal axes only: what is left out is normal", AXIS_NAMES)
FLAT = TargetFormat("flat", "one diagnosis", (DIAGNOSIS.name,))
BINARY = TargetFormat("binary", "normal or abnormal", (NORMALITY.name,))

FORMATS = {form.name: form for form in (DENSE, DENSE_NO_REASONING, SPARSE, FLAT, BINARY)}


def target_format(name: str) -> TargetFormat:
    """Return the format of that name.

    Raises UnknownNameError for another name; the message lists them and the nearest match.
    """
    if name not in FORMATS:
        raise unknown_name("format", name, FORMATS)
    return FORMATS[name]


def without_reasoning(name: str) -> str:
    """Return the name of the same format without reasoning; most formats have none."""
    return DENSE_NO_REASONING.name if target_format(name).reasoning else name
