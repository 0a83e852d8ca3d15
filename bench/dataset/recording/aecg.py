"""HL7 version 3 annotated ECGs (aECG, ANSI/HL7 V3 ECG R1-2004; Implementation Guide, 21 March 2005)."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.dataset.recording.missing import library
from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces, channels
from bench.dataset.recording.unit import millivolts
from taxonomy.error import DatasetError
from taxonomy.outside import outside_bytes

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST = 64 << 20
MOST_PARTS = 500_000
"""Tags and attributes of a file: each takes a hundred bytes of memory, however short it is; samples have none."""

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "\N{MICRO SIGN}s": 1e-6}
_TIMES = ("TIME_ABSOLUTE", "TIME_RELATIVE")


def read_aecg(path: Path, told: Told) -> Traces:
    """Read an aECG file: of its series, the sequence set with the most of the twelve leads, and of those the longest.

    Derived series (representative beats) are not looked at. Document types and entities are refused.

    Raises
    ------
    DatasetError
        When defusedxml is missing, the file is no XML or no aECG, or declares a document type.
    """
    safe = library("defusedxml.ElementTree", f"{path} is an HL7 aECG file, which")
    refused = library("defusedxml.common", f"{path} is an HL7 aECG file, which").DefusedXmlException
    data = outside_bytes(path, DatasetError, LARGEST)
    if data.count(b"<") + data.count(b"=") > MOST_PARTS:
        raise DatasetError(f"{path} has more than {MOST_PARTS:,} tags and attributes: it is no aECG that is read")
    try:
        root = safe.fromstring(data, forbid_dtd=True)
    except safe.ParseError as error:
        line, column = error.position
        raise DatasetError(f"{path} is no whole XML file: line {line}, column {column}") from None
    except refused:
        raise DatasetError(
            f"{path} declares a document type or entities, which no aECG needs: it is not read"
        ) from None
    except (ValueError, LookupError):
        raise DatasetError(f"{path} is XML in an encoding that is not read: UTF-8 is") from None
    if _name(root) != "AnnotatedECG":
        raise DatasetError(f"{path} is XML, but no HL7 annotated ECG (AnnotatedECG)")
    sets = [_sequences(one) for one in _sequence_sets(root)]
    best = max(sets, key=lambda one: _worth(path, one), default=None)
    if best is None:
        raise DatasetError(f"{path} holds no series of samples")
    return _traces(path, best)


def _name(element: "Element") -> str:
    return str(element.tag).rpartition("}")[2]


def _below(element: "Element", *names: str) -> Iterator["Element"]:
    """Yield the elements at the end of a path of names."""
    for child in element:
        if _name(child) == names[0]:
            if len(names) > 1:
                yield from _below(child, *names[1:])
            else:
                yield child


def _sequence_sets(root: "Element") -> Iterator["Element"]:
    for series in root.iter():
        if _name(series) == "series":
            yield from _below(series, "component", "sequenceSet")


Sequences = list[tuple[str, "Element"]]
"""Code and value of each sequence of a set."""


def _sequences(one: "Element") -> Sequences:
    found = []
    for sequence in _below(one, "component", "sequence"):
        code, value = next(_below(sequence, "code"), None), next(_below(sequence, "value"), None)
        if code is not None and value is not None:
            found.append((code.get("code", ""), value))
    return found


def _worth(path: Path, sequences: Sequences) -> tuple[int, int]:
    """Return the number of leads of a set and the length of their text, by which sets are compared."""
    found = channels([code for code, _ in sequences], path).places
    return len(found), sum(len(_digits(sequences[place][1])) for place in found.values())


def _digits(value: "Element") -> str:
    digits = next(_below(value, "digits"), None)
    return digits.text or "" if digits is not None else ""


def _traces(path: Path, sequences: Sequences) -> Traces:
    times = [value for code, value in sequences if code in _TIMES]
    voltages = [(code, value) for code, value in sequences if code not in _TIMES]
    found = channels([code for code, _ in voltages], path)
    leads = {lead: _samples(path, lead, voltages[place][1]) for lead, place in found.places.items()}
    if not times:
        raise DatasetError(f"{path} does not say its sampling rate: it has no sequence of times")
    step, unit = _quantity(path, times[0], "increment")
    if unit not in _SECONDS or not step > 0:
        raise DatasetError(f"{path} gives its sampling step as {step:g} of what is no time in s, ms or us")
    fs = 1 / (step * _SECONDS[unit])
    return Traces(leads, float(round(fs)) if abs(fs - round(fs)) < 1e-3 else fs, found.notes, found.others)


def _samples(path: Path, lead: str, value: "Element") -> NDArray[np.float32]:
    scale, unit = _quantity(path, value, "scale")
    origin, origin_unit = _quantity(path, value, "origin")
    try:
        digits = np.array(_digits(value).split(), dtype=np.float64)
    except ValueError:
        raise DatasetError(f"{path} holds a sample of lead {lead} that is no number") from None
    if not np.isfinite(digits).all():
        raise DatasetError(f"{path} holds a sample of lead {lead} that is no finite number")
    zero = origin * millivolts(origin_unit, path) if origin else 0.0
    return np.asarray(digits * (scale * millivolts(unit, path)) + zero, dtype=np.float32)


def _quantity(path: Path, value: "Element", name: str) -> tuple[float, str]:
    element = next(_below(value, name), None)
    if element is None:
        raise DatasetError(f"{path} has a sequence without its {name}")
    try:
        number = float(element.get("value", ""))
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise DatasetError(f"{path} has a sequence whose {name} is no finite number")
    return number, element.get("unit", "")
