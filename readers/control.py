"""Controls: readers whose behaviour is known, so that the verdicts on them can be checked (``bench selftest``)."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from readers.contract import Case, Input
from readers.majority import majority_values
from readers.measured_axis import measured_values
from taxonomy.axis import AXES, AxisValue
from taxonomy.reading import Reading

BOTH: frozenset[Input] = frozenset({"signal", "text"})


def prior() -> dict[str, AxisValue | None]:
    """Return the majority value of every axis, the negative one of an axis that was not counted."""
    counted = majority_values()
    return {axis.name: counted.get(axis.name, axis.negative) for axis in AXES}


class PriorControl:
    """Recites the prior, whatever the trace and the numbers are."""

    name = "control-prior"
    description = "a control: is shown everything and recites the prior"
    inputs = BOTH

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield the same reading for every case."""
        values = prior()
        for _ in cases:
            yield Reading(values=values)


class CopyControl:
    """Copies rate and axis from the numbers of the prompt, and recites the prior on the other axes."""

    name = "control-copy"
    description = "a control: copies rate and axis from the prompt, recites the prior elsewhere"
    inputs = BOTH

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        values = prior()
        for case in cases:
            numbers = case.prompt.measurements if case.prompt else None
            yield Reading(values=values | ({} if numbers is None else measured_values(numbers)))


class BlankControl:
    """Tells a trace from a blank page, and reads nothing else."""

    name = "control-blank"
    description = "a control: recites the prior, and answers nothing where the page is blank"
    inputs = BOTH

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield the prior where there is a trace, and no value where there is none."""
        values = prior()
        for case in cases:
            has_trace = case.signal is not None and bool(np.any(case.signal))
            yield Reading(values=values if has_trace else {})


class PerfectControl:
    """Looks up the truth of each trace.

    Parameters
    ----------
    truths : mapping of str to mapping of str to value or None
        By :func:`trace_digest`; the answer to any other trace is the prior.
    """

    name = "control-perfect"
    description = "a control: knows the truth of every trace"
    inputs = BOTH

    def __init__(self, truths: Mapping[str, Mapping[str, AxisValue | None]]) -> None:
        self._truths = truths

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield the truth of each trace."""
        values = prior()
        for case in cases:
            truth = {} if case.signal is None else self._truths.get(trace_digest(case.signal), {})
            yield Reading(values=values | {name: value for name, value in truth.items() if value is not None})


def trace_digest(signal: np.ndarray) -> str:
    """Return the SHA-256 of a signal's samples."""
    return hashlib.sha256(np.ascontiguousarray(signal, dtype=np.float32).tobytes()).hexdigest()
