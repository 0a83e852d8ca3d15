"""The four forms in which an answer can be asked for, and which axes each asks."""

from dataclasses import dataclass

from taxonomy.axis import AXIS_NAMES, DIAGNOSIS, NORMALITY
from taxonomy.error import unknown_name


@dataclass(frozen=True)
class TargetFormat:
    """One form of the answer.

    Attributes
    ----------
    name : str
    description : str
    axes : tuple of str
        What it asks; every other axis stays unscored.
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

    Raises UnknownNameError when there is none; the message lists the four and the nearest match.
    """
    if name not in FORMATS:
        raise unknown_name("format", name, FORMATS)
    return FORMATS[name]
