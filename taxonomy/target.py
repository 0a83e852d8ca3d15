"""The four formats of an answer, and the axes of each."""

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
    """

    name: str
    description: str
    axes: tuple[str, ...]


DENSE = TargetFormat("dense", "every axis, negatives too, after a short reasoning preamble", AXIS_NAMES)
SPARSE = TargetFormat("sparse", "abnormal axes only: what is left out is normal", AXIS_NAMES)
FLAT = TargetFormat("flat", "one diagnosis", (DIAGNOSIS.name,))
BINARY = TargetFormat("binary", "normal or abnormal", (NORMALITY.name,))

FORMATS = {form.name: form for form in (DENSE, SPARSE, FLAT, BINARY)}


def target_format(name: str) -> TargetFormat:
    """Return the format of that name.

    Raises UnknownNameError for another name; the message lists the four and the nearest match.
    """
    if name not in FORMATS:
        raise unknown_name("format", name, FORMATS)
    return FORMATS[name]
