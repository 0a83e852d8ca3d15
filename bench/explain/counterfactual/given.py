"""Is a value still answered of a changed recording, and how strongly: asked of an open network or of any reader."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Signal
from bench.view import View
from measurements import Measurements
from readers.contract import Case, Reader
from readers.head import FINDING_FROM, is_multi_label
from readers.isolation import Crash, attempt
from readers.network import Network
from renderers import Picture
from taxonomy.error import RunError
from taxonomy.reading import Reading

BATCH = 64
"""Changed recordings that a network is asked about at once."""

LEAST_CHANCE = 1e-6
"""Probabilities are taken to lie this far from 0 and 1 where their log-odds are told."""


@dataclass(frozen=True)
class Given:
    """Whether a reader answered a value.

    Attributes
    ----------
    is_given : bool or None
        None where the call failed or nothing was answered.
    strength : float or None
        Log-odds of the value against the others; None of a reader that tells no probability.
    """

    is_given: bool | None
    strength: float | None = None


Asking = Callable[[Sequence[Signal]], Sequence[Given]]
"""Asks about recordings in mV, one answer for each, in order."""

CaseOf = Callable[[Signal], Case]
"""Makes the case of a recording that a reader is shown."""


def asking_network(network: Network, head: str, value: str) -> Asking:
    """Return what asks a network whether a value is its answer: the likeliest of its head, or likelier than not.

    Each recording is prepared as any other, so that what the network is told beside the leads changes with them. A
    reader that decides at other odds is asked by :func:`asking_reader`.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When it has no such output; the message names the nearest.
    """
    column = network.place(head, value)
    first = network.place(head, network.heads[head][0])
    others = [place for place in range(first, first + len(network.heads[head])) if place != column]
    alone = is_multi_label(head) or not others

    def ask(signals: Sequence[Signal]) -> Sequence[Given]:
        rows = network_logits(network, signals)
        odds = rows[:, column] if alone else rows[:, column] - rows[:, others].max(axis=1)
        return [Given(bool(margin > 0), float(margin)) for margin in odds]

    return ask


def network_logits(network: Network, signals: Sequence[Signal]) -> NDArray[np.float64]:
    """Return a network's logits of recordings, each prepared as a case of its own, float64 (n, outputs)."""
    import torch

    found = []
    for start in range(0, len(signals), BATCH):
        shown = [network.prepare(signal_case(signal)) for signal in signals[start : start + BATCH]]
        leads = torch.from_numpy(np.stack([one.leads for one in shown]))
        told = [one.beside for one in shown if one.beside is not None]
        with torch.inference_mode():
            logits = network.logits(leads, torch.from_numpy(np.stack(told)) if told else None)
        found.append(logits.numpy().astype(np.float64))
    return np.concatenate(found) if found else np.zeros((0, len(network.outputs)))


@dataclass(frozen=True, eq=False)
class AskedReader:
    """Asks any reader, by its own answers.

    Attributes
    ----------
    reader : Reader
    axis : str
        An axis that it answers, or ``superclass``, where a value is given from a probability of one half.
    value : str
    case_of : callable
        Makes the case of a recording.
    """

    reader: Reader
    axis: str
    value: str
    case_of: CaseOf

    def __call__(self, signals: Sequence[Signal]) -> Sequence[Given]:
        """Return whether the value is given of each recording.

        Raises
        ------
        taxonomy.error.RunError
            When the reader crashes, or gives too few or too many readings.
        """
        if not signals:
            return []
        cases = [self.case_of(signal) for signal in signals]
        outcome = attempt(lambda: list(self.reader.read(cases)))
        if isinstance(outcome, Crash):
            raise RunError(f"reader {self.reader.name!r} did not read the changed recordings: {outcome.words}")
        if len(outcome.value) != len(cases):
            counts = f"{len(outcome.value)} readings for {len(cases)} cases"
            raise RunError(f"reader {self.reader.name!r} did not read the changed recordings: {counts}")
        return [_given(reading, self.axis, self.value) for reading in outcome.value]

    def like(self, whole: Signal) -> "AskedReader":
        """Return what asks about changed copies of a recording, whose pages are laid out as its own."""
        return replace(self, case_of=self.case_of.like(whole)) if isinstance(self.case_of, ViewedCase) else self


def asking_reader(reader: Reader, axis: str, value: str, case_of: CaseOf | None = None) -> AskedReader:
    """Return what asks any reader; without ``case_of`` a case holds the signal alone."""
    return AskedReader(reader, axis, value, case_of or signal_case)


def signal_case(signal: Signal) -> Case:
    """Return a case that holds a recording and nothing else."""
    return Case(case_id=_digest(signal), signal=signal.mv, fs=signal.fs)


@dataclass(frozen=True, eq=False)
class ViewedCase:
    """Makes the case of a recording in a view that is settled for a reader: the trace, and no numbers.

    Attributes
    ----------
    view : View
    pages : tuple of Picture
        Those whose layout others have; without any each recording has its own.
    """

    view: View
    pages: tuple[Picture, ...] = ()

    def __call__(self, signal: Signal) -> Case:
        """Return the case."""
        images = self.view.drawn(signal, self.pages) if "image" in self.view.inputs else ()
        has_signal = "signal" in self.view.inputs
        return Case(
            case_id=_digest(signal),
            signal=signal.mv if has_signal else None,
            fs=signal.fs if has_signal else None,
            images=images,
            prompt=self.view.prompt(Measurements.none("not shown"), images),
        )

    def like(self, whole: Signal) -> "ViewedCase":
        """Return what makes the cases of changed copies of a recording: their pages are laid out as its own.

        A layout that went with the change would tell of it beside the tracing.
        """
        return replace(self, pages=self.view.drawn(whole)) if "image" in self.view.inputs else self


def viewed_case(view: View) -> ViewedCase:
    """Return what makes the case of a recording in a view that is settled for a reader."""
    return ViewedCase(view)


def _given(reading: Reading, axis: str, value: str) -> Given:
    if reading.error is not None:
        return Given(None)
    chance = reading.probabilities.get(axis, {}).get(value)
    strength = None if chance is None else _log_odds(chance)
    if axis not in reading.values:
        return Given(None if chance is None else chance >= FINDING_FROM, strength)
    answer = reading.values[axis]
    if answer is None:
        return Given(None, strength)
    return Given(value in answer if isinstance(answer, frozenset) else value == answer, strength)


def _log_odds(chance: float) -> float:
    inside = min(max(chance, LEAST_CHANCE), 1 - LEAST_CHANCE)
    return math.log(inside / (1 - inside))


def _digest(signal: Signal) -> str:
    return hashlib.sha256(f"{signal.fs} ".encode() + signal.mv.tobytes()).hexdigest()[:12]
