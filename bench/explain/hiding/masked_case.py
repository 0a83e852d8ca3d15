"""Cases of recordings of which a part is hidden, as any reader may be shown them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, Signal
from bench.explain.maps.cell import Cells, bridged, cells_of
from bench.explain.maps.part import Mask
from bench.view import Cases, Question
from measurements.segment import segmented
from readers.contract import Case, Reader
from taxonomy.error import SettingError


@dataclass(frozen=True, eq=False)
class Masked:
    """A question about a recording of which a part is hidden.

    Attributes
    ----------
    record : Record
    packed : uint8 array (12, n_bytes) or None
        What is hidden, a bit a sample; None asks about the whole recording.
    samples : int
        Of the mask.
    """

    record: Record
    packed: NDArray[np.uint8] | None = None
    samples: int = 0

    @classmethod
    def of(cls, record: Record, mask: Mask) -> "Masked":
        """Return the question with this mask, bool (12, n_samples)."""
        return cls(record, np.packbits(mask, axis=1), mask.shape[1])

    @property
    def mask(self) -> Mask | None:
        """What is hidden, bool (12, n_samples); None where nothing is."""
        if self.packed is None:
            return None
        return np.unpackbits(self.packed, axis=1, count=self.samples).astype(np.bool_)


@dataclass(frozen=True, eq=False)
class MaskedCases:
    """The cases of masked recordings in a view.

    What is hidden is bridged by straight lines in mV, and a lead that is hidden as a whole is flat: no sample is larger
    than those of the recording, and pages keep their gain and their layout, which is that of the whole recording. Words
    and numbers of a prompt are those of the whole recording too: ``image-only`` leaves them out.

    Attributes
    ----------
    cases : Cases
        Of the whole recordings.

    Raises
    ------
    taxonomy.error.SettingError
        When the condition shows another trace than the whole one of the record.
    """

    cases: Cases
    _last: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        shown = self.cases.view.shown
        if shown.images != "true" or shown.lead_mask or shown.jittered:
            raise SettingError(
                f"condition {shown.name!r} changes the trace, and an explanation hides parts of the record's own: "
                "choose full or image-only"
            )

    def each(self, questions: Iterable[Masked]) -> Iterator[Case]:
        """Yield the case of each question, lazily; best record by record, since each is drawn as a whole once."""
        return map(self.case, questions)

    def case(self, question: Masked) -> Case:
        """Return the case of one question."""
        whole, record, view = self._whole(question.record), question.record, self.cases.view
        mask = question.mask
        if mask is None or question.packed is None:
            return whole
        images = whole.images
        if images:
            signal = self._remembered(record, "signal", record.signal)
            images = view.drawn(Signal(bridged(signal.mv, mask), signal.fs), images)
        masked = whole.signal
        if masked is not None:
            masked = bridged(masked, at_rate(mask, masked.shape[1]))
        name = f"{record.ecg_id} {hashlib.sha256(question.packed.tobytes()).hexdigest()}"
        return replace(whole, case_id=view.case_id(self.cases.name, name), signal=masked, images=images)

    def cells(self, record: Record) -> Cells:
        """Return the cells of a record at its highest sampling rate."""
        signal = self._remembered(record, "signal", record.signal)
        found: Cells = self._remembered(
            record, "cells", lambda: cells_of(segmented(signal.mv, signal.fs), signal.fs, signal.mv.shape[1])
        )
        return found

    def fs(self, record: Record) -> float:
        """Return the highest sampling rate of a record in Hz."""
        signal: Signal = self._remembered(record, "signal", record.signal)
        return signal.fs

    def digest(self, record: Record) -> str:
        """Return what decides the trace of a record, as the SHA-256 of its samples."""
        signal = self._remembered(record, "signal", record.signal)
        found: str = self._remembered(record, "digest", lambda: hashlib.sha256(signal.mv.tobytes()).hexdigest())
        return found

    def gain(self, record: Record, mask: Mask) -> float:
        """Return by what factor the rest of a lead grows at most for a reader that scales each lead by its spread."""
        mv = self._remembered(record, "signal", record.signal).mv
        partly = mask.any(axis=1) & ~mask.all(axis=1) & (np.isfinite(mv) & ~mask).any(axis=1)
        if not partly.any():
            return 1.0
        before, after = np.nanstd(mv[partly], axis=1), np.nanstd(bridged(mv, mask)[partly], axis=1)
        return float(np.max(before[after > 1e-6] / after[after > 1e-6], initial=1.0))

    def _whole(self, record: Record) -> Case:
        found: Case = self._remembered(record, "whole", lambda: self.cases.case(Question(record)))
        return found

    def _remembered(self, record: Record, what: str, make: Any) -> Any:  # noqa: ANN401  # a case, a signal, a digest
        """Return what was made of the record that was asked about last, so that each is loaded and drawn once."""
        if self._last.get("id") != record.ecg_id:
            self._last.clear()
            self._last["id"] = record.ecg_id
        if what not in self._last:
            made = make()
            self._last[what] = made
        return self._last[what]


def at_rate(mask: Mask, samples: int) -> Mask:
    """Return a mask of the same time in so many samples, each hidden where the middle of its time is."""
    if samples == mask.shape[1]:
        return mask
    places = ((np.arange(samples) + 0.5) * mask.shape[1] / samples).astype(np.int64)
    return mask[:, places]


def check_shown_a_trace(reader: Reader) -> None:
    """Raise SettingError for a reader that is shown no trace."""
    if {"signal", "image"}.isdisjoint(reader.inputs):
        raise SettingError(
            f"reader {reader.name!r} is shown no trace, neither signal nor image, and an explanation hides parts of "
            "nothing else: explain a reader that is shown one, such as resnet1d or digitizer"
        )
