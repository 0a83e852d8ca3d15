"""From a record to what its reader may see of it: only what the reader asks for, and never a label."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from bench.dataset import Dataset, Record, RecordId, Signal
from bench.prompt import Condition, PromptSettings, condition_named, prompt
from bench.prompt.lead_mask import masked_leads
from bench.run.drawing import draw_ahead
from bench.run.folder import Asked
from bench.run.settings import RunSettings
from measurements import Measurements
from readers.contract import Case, Prompt, Reader
from renderers import LEADS, PageStyle, Picture, blank, render
from taxonomy.target import DENSE, target_format


@dataclass(frozen=True)
class Asking:
    """One record to be asked, and which of several times."""

    record: Record
    repeat: int = 0

    @property
    def asked(self) -> Asked:
        """The key of its reading."""
        return Asked(self.record.ecg_id, self.repeat)


@dataclass(frozen=True, eq=False)
class CaseBuilder:
    """Builds the cases of one run.

    Attributes
    ----------
    settings : RunSettings
    reader : Reader
        Its ``inputs`` decide what is filled in.
    numbers : mapping of int to Measurements
        All numbers by ``ecg_id``; the condition decides which the prompt says.
    workers : int
        Processes that draw ahead; 0 draws here, when a case is asked for.
    donors : mapping of int to Record
        Who stands in for each record, by ``ecg_id``, where the condition shows another patient's image or numbers.
    statements : mapping of int to tuple of str
        What an interpretation program printed, by ``ecg_id``.
    dataset : Dataset or None
        For the truth that decides which leads a condition masks.
    """

    settings: RunSettings
    reader: Reader
    numbers: Mapping[RecordId, Measurements]
    workers: int = 0
    donors: Mapping[RecordId, Record] = field(default_factory=dict)
    statements: Mapping[RecordId, tuple[str, ...]] = field(default_factory=dict)
    dataset: Dataset | None = None

    def cases(self, askings: Iterable[Asking]) -> Iterator[Case]:
        """Yield the case of each asking as it is asked for."""
        if not self.workers or not self._draws:
            yield from map(self.case, askings)
            return
        work = ((asking, (signal.mv, signal.fs)) for asking in askings for signal in (self._drawn(asking),))
        for asking, images in draw_ahead(work, self.settings.renderer, self._style, self.workers):
            yield self.with_images(asking, images)

    def case(self, asking: Asking) -> Case:
        """Return the case of one asking."""
        images: tuple[Picture, ...] = ()
        if self._draws:
            best = self._drawn(asking)
            images = render(best.mv, best.fs, self.settings.renderer, self._style)
        elif "image" in self.reader.inputs and self.condition.images == "blank":
            images = blank(self.settings.renderer, self._style)
        return self.with_images(asking, images)

    @property
    def condition(self) -> Condition:
        """What of a case is shown."""
        return condition_named(self.settings.condition)

    def _shown(self, asking: Asking) -> Record:
        """Return the record whose trace is shown."""
        return self.donors[asking.record.ecg_id] if self.condition.images == "donor" else asking.record

    def _drawn(self, asking: Asking) -> Signal:
        """Return the signal that is drawn: at the highest rate, a masked lead missing."""
        record = self._shown(asking)
        return self._masked(record, record.signal(), np.nan)

    @property
    def _draws(self) -> bool:
        return "image" in self.reader.inputs and self.condition.images in {"true", "donor"}

    @property
    def _style(self) -> PageStyle:
        return PageStyle(px_per_mm=self.settings.px_per_mm)

    def with_images(self, asking: Asking, images: tuple[Picture, ...]) -> Case:
        """Return the case of one asking that shows these images."""
        signal = self._signal(self._shown(asking)) if "signal" in self.reader.inputs else None
        return Case(
            case_id=self.settings.case_id(asking.record.ecg_id),
            signal=signal.mv if signal else None,
            fs=signal.fs if signal else None,
            images=images,
            prompt=self._prompt(asking.record, images) if "text" in self.reader.inputs else None,
            repeat=asking.repeat,
            statements=self.statements.get(asking.record.ecg_id) if "statements" in self.reader.inputs else None,
        )

    def _masked(self, record: Record, signal: Signal, blank: float) -> Signal:
        """Return a signal with the leads blanked that the condition masks."""
        condition = self.condition
        if condition.masked is None or condition.axis is None:
            return signal
        if self.dataset is None:
            raise ValueError(f"condition {condition.name!r} masks by the truth, and there is no dataset")
        truth = self.dataset.truth(record, self.numbers[record.ecg_id]).values
        leads = masked_leads(condition.axis, condition.masked, truth, f"{self.settings.seed} {record.ecg_id}")
        mv = signal.mv.copy()
        mv[[LEADS.index(lead) for lead in leads]] = blank
        return Signal(mv, signal.fs)

    def _signal(self, record: Record) -> Signal | None:
        """Return a signal reader's trace, which is its image: flat where the condition shows an empty page."""
        if self.condition.images == "none":
            return None
        rate = getattr(self.reader, "preferred_fs", None)
        signal = self._masked(record, record.signal(rate), 0.0)
        return Signal(np.zeros_like(signal.mv), signal.fs) if self.condition.images == "blank" else signal

    def _prompt(self, record: Record, images: tuple[Picture, ...]) -> Prompt:
        form = target_format(self.settings.form) if self.settings.form else DENSE
        settings = PromptSettings(self.condition, form, self.settings.renderer)
        source = self.donors[record.ecg_id] if self.condition.measurements == "donor" else record
        return prompt(self.numbers[source.ecg_id], images, settings)
