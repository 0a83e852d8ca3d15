"""Controls: readers whose behaviour is known, so that the verdicts on them can be checked (``bench selftest``).

Some know nothing: they recite the prior, copy numbers, refuse, or answer by something that is not the truth, such as
the number of the case. Others know some of the truth of each trace, since they are told it when they are built.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from measurements import Measurements, measure
from readers.contract import Case, Input
from readers.majority import majority_values
from readers.measured_axis import measured_values
from taxonomy.axis import AXES, DIAGNOSIS, Axis, AxisValue
from taxonomy.reading import Reading

Values = Mapping[str, AxisValue | None]
Signal = NDArray[np.float32]

BOTH: frozenset[Input] = frozenset({"signal", "text"})
SIGNAL: frozenset[Input] = frozenset({"signal"})

SAME_RATE = 5.0
"""Difference in beats per minute up to which two rates count as those of one record."""

ALIKE = 0.99
"""Cosine of two spectra from which on they count as those of one record."""

HIGHEST_HZ = 40.0
"""Frequency up to which spectra are compared: above it is mostly noise."""

ABNORMAL: Mapping[str, AxisValue] = {
    "rate": "tachycardia",
    "rhythm": "atrial_fibrillation",
    "axis": "left",
    "conduction": "rbbb",
    "ischemia_stage": "age_undetermined",
    "ischemia_territory": "inferior",
    "other_findings": frozenset({"lvh"}),
    "diagnosis": "STTC",
}
"""One abnormal value of each axis, a common one."""


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
            yield Reading(values={**values, **_copied(case)})


class BlankControl:
    """Tells a trace from a blank page, and reads nothing else."""

    name = "control-blank"
    description = "a control: recites the prior, and answers nothing where the page is blank"
    inputs = BOTH

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield the prior where there is a trace, and no value where there is none."""
        values = prior()
        for case in cases:
            yield Reading(values=values if _trace(case) is not None else {})


class ArbitraryControl:
    """Answers by a digest of the trace: always the same for one trace, and by chance for another.

    Parameters
    ----------
    seed : int
    """

    name = "control-arbitrary"
    description = "a control: an arbitrary function of the trace"
    inputs = SIGNAL

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            yield Reading(values=by_lot(f"{self._seed} {'' if case.signal is None else trace_digest(case.signal)}"))


class LinearControl:
    """Answers by a random linear function of the samples: nobody was asked what it should tell.

    Parameters
    ----------
    seed : int
    """

    name = "control-linear"
    description = "a control: a random linear function of the trace"
    inputs = SIGNAL

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            yield Reading(values=prior() if case.signal is None else self._answer(case.signal))

    def _answer(self, signal: Signal) -> Values:
        """Return the value with the highest score on each axis, each score a weighted sum of the samples."""
        scores = iter(self._weights(signal.size) @ (signal.ravel() - signal.mean()))
        return {axis.name: _one(axis, int(np.argmax([next(scores) for _ in axis.values]))) for axis in AXES}

    @cache  # noqa: B019  # a control lives as long as its selftest
    def _weights(self, samples: int) -> NDArray[np.float32]:
        """Return a weight of each sample for every value of every axis, float32 (values, samples)."""
        values = sum(len(axis.values) for axis in AXES)
        return np.random.default_rng(self._seed).standard_normal((values, samples), dtype=np.float32)


class RefuserControl:
    """Compares the numbers of the prompt with its own measurement, and refuses where they disagree.

    Parameters
    ----------
    copies : bool
        Whether it copies rate and axis from the numbers where they agree.
    """

    inputs = BOTH

    def __init__(self, copies: bool = False) -> None:
        self._copies = copies
        self.name = "control-copy-refuse" if copies else "control-refuse"
        self.description = "a control: refuses where numbers and trace disagree, else " + (
            "copies the numbers" if copies else "recites the prior"
        )

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case; without values where numbers and trace disagree."""
        for case in cases:
            values = {**prior(), **(_copied(case) if self._copies else {})}
            yield Reading(values={} if self._disagree(case) else values)

    @staticmethod
    def _disagree(case: Case) -> bool:
        signal, told = _trace(case), _numbers(case)
        if signal is None or told is None or case.fs is None:
            return False
        printed, seen = told.heart_rate.value, measure(signal, case.fs).heart_rate.value
        return printed is not None and seen is not None and abs(printed - seen) > SAME_RATE


class PageControl:
    """Answers by the size of the picture and by nothing in it."""

    name = "control-page"
    description = "a control: answers by the size of the picture"
    inputs: frozenset[Input] = frozenset({"image"})

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            yield Reading(values=by_lot(" ".join(str(page.size) for page in case.images)))


class OrderControl:
    """Answers by the number of the case: abnormal values for the first half of them, the prior for the rest.

    Parameters
    ----------
    count : int
        Cases that it expects.
    """

    name = "control-order"
    description = "a control: answers by the number of the case"
    inputs = SIGNAL

    def __init__(self, count: int) -> None:
        self._half = count // 2

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        values = prior()
        for number, _ in enumerate(cases):
            yield Reading(values=ABNORMAL if number < self._half else values)


class MemoryControl:
    """Looks up the truth of each trace by its digest, as a model would that was trained on the test fold.

    Parameters
    ----------
    truths : mapping of str to mapping of str to value or None
        By :func:`trace_digest`; the answer to any other trace is the prior.
    """

    name = "control-memory"
    description = "a control: has learnt the test fold by heart"
    inputs = SIGNAL

    def __init__(self, truths: Mapping[str, Values]) -> None:
        self._truths = truths

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield the truth of each trace that it has learnt."""
        for case in cases:
            learnt = {} if case.signal is None else self._truths.get(trace_digest(case.signal), {})
            yield Reading(values=_with_prior(learnt))


class Recogniser:
    """Tells which of some known traces a trace is, whether or not it is shifted, scaled, or lacks some leads.

    Parameters
    ----------
    traces : sequence of (float32 array (12, n_samples) in mV, sampling rate in Hz)
    """

    def __init__(self, traces: Sequence[tuple[Signal, float]]) -> None:
        self._traces = traces

    def which(self, signal: Signal, fs: float) -> int | None:
        """Return the place of a trace among the known ones, None for one that is like none of them."""
        leads = np.any(signal != 0, axis=1)
        if not leads.any():
            return None
        alike = np.einsum("rlf,lf->rl", self._known[:, leads], spectra(signal, fs)[leads]).mean(axis=1)
        best = int(np.argmax(alike))
        return best if alike[best] >= ALIKE else None

    @cached_property
    def _known(self) -> NDArray[np.float64]:
        """Spectra of the known traces, float64 (traces, 12, frequencies)."""
        return np.stack([spectra(signal, fs) for signal, fs in self._traces])


class SeeingControl:
    """Sees the truth of some abnormal traces, and recites the prior on the others.

    Parameters
    ----------
    recogniser : Recogniser
    truths : sequence of mapping of str to value or None
        Of the recogniser's traces.
    share : float
        Of the abnormal truths on each axis that it sees, from 0 to 1; which ones is decided by lot.
    """

    inputs = BOTH

    def __init__(self, recogniser: Recogniser, truths: Sequence[Values], share: float = 1.0) -> None:
        self._recogniser, self._seen = recogniser, seen(truths, share)
        self.name = "control-perfect" if share == 1 else f"control-sees-{100 * share:.0f}"
        self.description = f"a control: sees {100 * share:.0f}% of the abnormal truths"

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            place = _recognised(self._recogniser, case)
            yield Reading(values=_with_prior({} if place is None else self._seen[place]))


class AbnormalControl:
    """Tells a normal ECG from an abnormal one, and calls every abnormal one the same.

    Parameters
    ----------
    recogniser : Recogniser
    truths : sequence of mapping of str to value or None
        Of the recogniser's traces.
    """

    name = "control-abnormal"
    description = "a control: sees that something is wrong, and always calls it the same"
    inputs = BOTH

    def __init__(self, recogniser: Recogniser, truths: Sequence[Values]) -> None:
        self._recogniser, self._truths = recogniser, truths

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case."""
        for case in cases:
            place = _recognised(self._recogniser, case)
            is_abnormal = place is not None and self._truths[place].get(DIAGNOSIS.name) != DIAGNOSIS.negative
            yield Reading(values=ABNORMAL if is_abnormal else prior())


def seen(truths: Sequence[Values], share: float, lot: str = "") -> list[dict[str, AxisValue | None]]:
    """Return a share of the abnormal truths on each axis, drawn by lot, for each of the records."""
    known: list[dict[str, AxisValue | None]] = [{} for _ in truths]
    for name, usual in prior().items():
        abnormal = [place for place, truth in enumerate(truths) if truth.get(name) not in (None, usual)]
        abnormal.sort(key=lambda place: chance(f"{name} {place} {lot}"))
        for place in abnormal[: math.ceil(share * len(abnormal))]:
            known[place][name] = truths[place][name]
    return known


def spectra(signal: Signal, fs: float) -> NDArray[np.float64]:
    """Return each lead's amplitudes by frequency, float64 (12, frequencies), of unit length: blind to shift and scale.

    The trace fades in and out, so that a shift changes little at its ends.
    """
    count = signal.shape[1]
    faded = (signal - signal.mean(axis=1, keepdims=True)) * np.hanning(count)
    sizes = np.abs(np.fft.rfft(faded, axis=1))[:, : int(HIGHEST_HZ * count / fs)]
    return np.asarray(sizes / np.maximum(np.linalg.norm(sizes, axis=1, keepdims=True), 1e-12), dtype=np.float64)


def by_lot(name: str) -> dict[str, AxisValue | None]:
    """Return a value of every axis, drawn by the digest of a name."""
    return {axis.name: _one(axis, int(chance(f"{axis.name} {name}") * len(axis.values))) for axis in AXES}


def chance(name: str) -> float:
    """Return a number from 0 to 1 drawn by the digest of a name."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:12], 16) / 16**12


def trace_digest(signal: np.ndarray) -> str:
    """Return the SHA-256 of a signal's samples."""
    return hashlib.sha256(np.ascontiguousarray(signal, dtype=np.float32).tobytes()).hexdigest()


def _one(axis: Axis, place: int) -> AxisValue:
    return frozenset({axis.values[place]}) if axis.is_set else axis.values[place]


def _recognised(recogniser: Recogniser, case: Case) -> int | None:
    return None if case.signal is None or case.fs is None else recogniser.which(case.signal, case.fs)


def _with_prior(known: Values) -> dict[str, AxisValue | None]:
    return prior() | {name: value for name, value in known.items() if value is not None}


def _numbers(case: Case) -> Measurements | None:
    return case.prompt.measurements if case.prompt else None


def _copied(case: Case) -> Values:
    numbers = _numbers(case)
    return {} if numbers is None else measured_values(numbers)


def _trace(case: Case) -> Signal | None:
    """Return the trace, None where there is none or it is flat."""
    return case.signal if case.signal is not None and np.any(case.signal) else None
