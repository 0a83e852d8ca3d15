"""Eight axes of an ECG reading: their values, PTB-XL's mapping onto them, readings, parsing, and danger."""

from taxonomy.axis import AXES, AXIS_NAMES, VERSION, Axis, AxisValue, axis_named
from taxonomy.error import BenchError
from taxonomy.reading import Failure, Reading, Usage
from taxonomy.statement import SUPERCLASSES

__all__ = [
    "AXES",
    "AXIS_NAMES",
    "SUPERCLASSES",
    "VERSION",
    "Axis",
    "AxisValue",
    "BenchError",
    "Failure",
    "Reading",
    "Usage",
    "axis_named",
]
