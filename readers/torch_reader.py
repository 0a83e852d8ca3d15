"""A stranger's network as a reader: it reads and can be explained."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from measurements.conditioning import without_gaps
from readers.contract import Case, Input
from readers.head import FINDING_FROM, Heads, head_answers, is_multi_label
from readers.isolation import Crash, attempt
from readers.network import Network, Shown
from readers.prefetch import prefetched
from taxonomy.axis import AXES, DERIVED
from taxonomy.error import ReaderError, unknown_name
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import SUPERCLASSES

if TYPE_CHECKING:
    from torch import nn

BATCH = 32
"""Records per batch."""

DIGITS = 6
"""Decimal places of a probability in a reading."""

Preparation = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Turns a signal in mV, float32 (12, n_samples), into what a network is shown of it, of the same form."""


class TorchReader:
    """Reads with any network over the twelve leads, and lets it be explained.

    A reader of one's own is then one line in a module that ``--reader package.module:Class`` names::

        class Mine(TorchReader):
            def __init__(self) -> None:
                super().__init__(my_module, {"rhythm": ("sinus", "atrial_fibrillation")}, fs=100, prepare=z_scored)

    Parameters
    ----------
    module : torch.nn.Module or sequence of them
        In evaluation mode; maps float32 (batch, 12, n_samples) to logits (batch, outputs). Of several, the mean.
    outputs : mapping of str to sequence of str
        In the order of the logits, each head (an axis, ``normality``, or ``superclass``) with the values that it tells:
        by softmax where an answer is one of several, by sigmoid where a head has one value, or is ``other_findings`` or
        ``superclass``. An axis with one value stays unanswered where that is improbable.
    fs : float
        Sampling rate in Hz that the network was taught at; recordings are resampled to it.
    prepare : callable, optional
        Turns a recording in mV at that rate, float32 (12, n_samples), into what the network is shown; without it that
        is the recording itself. Gaps are bridged by straight lines before.
    name : str
        As on the leaderboard.

    Raises
    ------
    taxonomy.error.ReaderError
        When a module is in training mode, or ``fs`` is no sampling rate.
    taxonomy.error.UnknownNameError
        When a head or a value is not in the taxonomy.
    """

    inputs: frozenset[Input] = frozenset({"signal"})

    def __init__(
        self,
        module: "nn.Module | Sequence[nn.Module]",
        outputs: Mapping[str, Sequence[str]],
        fs: float,
        prepare: Preparation | None = None,
        name: str = "torch",
    ) -> None:
        if not 0 < fs < float("inf"):
            raise ReaderError(f"a network has a sampling rate above 0 Hz, not {fs}")
        members = tuple(module) if isinstance(module, Sequence) else (module,)
        if not members:
            raise ReaderError("there is no network: one module at least is needed")
        self.name, self.preferred_fs = name, fs
        self.axes = frozenset(head for head in outputs if head != SUPERCLASS)
        self._prepare = prepare
        self._network = Network(members, _checked(outputs), fs, self._shown)

    @property
    def details(self) -> Mapping[str, str]:
        """A digest of the modules, their weights and the heads: answers of other weights are another reader's."""
        return {"network": self._digest}

    @cached_property
    def _digest(self) -> str:
        import torch

        digest = hashlib.sha256(repr((dict(self._network.heads), self.preferred_fs)).encode())
        for member in self._network.members:
            digest.update(repr(member).encode())
            for name, values in member.state_dict().items():
                digest.update(name.encode())
                if isinstance(values, torch.Tensor):
                    digest.update(values.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()[:16]

    def network(self) -> Network:
        """Return the network, for explanations."""
        return self._network

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield one reading for each case; raises ReaderError when logits are not finite or of another number."""
        import torch

        for leads in prefetched(cases, BATCH, lambda batch: np.stack([self._shown(case).leads for case in batch])):
            with torch.inference_mode():
                rows = self._network.probabilities(torch.from_numpy(leads)).numpy()
            yield from map(self._reading, rows.astype(np.float64))

    def _shown(self, case: Case) -> Shown:
        if case.signal is None or case.fs is None:
            raise ReaderError(f"reader {self.name!r} needs a signal in every case")
        signal = resampled(without_gaps(case.signal), case.fs, self.preferred_fs)
        leads = signal if self._prepare is None else self._prepared(self._prepare, signal)
        if leads.shape != signal.shape or not np.isfinite(leads).all():
            raise ReaderError(
                f"what reader {self.name!r} prepares must be finite, of shape {signal.shape}, and is {leads.shape}"
                + ("" if np.isfinite(leads).all() else " with NaN or infinity")
                + "; cut or pad inside the module, so that each value keeps its time"
            )
        return Shown(np.ascontiguousarray(leads, dtype=np.float32))

    def _prepared(self, prepare: Preparation, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        found = attempt(lambda: np.asarray(prepare(signal), dtype=np.float32))
        if isinstance(found, Crash):
            raise ReaderError(f"what prepares a recording for reader {self.name!r} fails: {found.sentence}")
        return found.value

    def _reading(self, row: NDArray[np.float64]) -> Reading:
        chances: dict[str, dict[str, float]] = {head: {} for head in self._network.heads}
        for (head, value), chance in zip(self._network.outputs, row.tolist(), strict=True):
            chances[head][value] = chance
        values, shown = head_answers(chances, DIGITS)
        alone = {head for head, found in chances.items() if len(found) == 1 and not is_multi_label(head)}
        improbable = {head for head in alone if max(chances[head].values()) < FINDING_FROM}
        return Reading(
            values={head: value for head, value in values.items() if head not in improbable},
            probabilities={head: found for head, found in shown.items() if head not in alone},
        )


def resampled(signal: NDArray[np.float32], fs: float, to: float) -> NDArray[np.float32]:
    """Return a recording at another sampling rate, by a polyphase filter, float32 (12, n_samples)."""
    if fs == to:
        return signal
    from fractions import Fraction

    from scipy.signal import resample_poly

    ratio = Fraction(to / fs).limit_denominator(1000)
    out: NDArray[np.float32] = resample_poly(signal, ratio.numerator, ratio.denominator, axis=1).astype(np.float32)
    return out


def _checked(outputs: Mapping[str, Sequence[str]]) -> Heads:
    known = {axis.name: axis.values for axis in (*AXES, *DERIVED)} | {SUPERCLASS: SUPERCLASSES}
    for head, values in outputs.items():
        if head not in known:
            raise unknown_name("head", head, known)
        for value in values:
            if value not in known[head]:
                raise unknown_name(f"value of {head}", value, known[head])
    if not any(outputs.values()):
        raise ReaderError("a network needs a head with a value: outputs={'rhythm': ('sinus', ...)}")
    return {head: tuple(values) for head, values in outputs.items()}
