"""From a record to what its reader may see of it: only what the reader asks for, and never a label."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bench.dataset import Record
from bench.prompt import prompt
from bench.run.settings import RunSettings
from measurements import Measurements
from readers.contract import Case, Reader
from renderers import EcgImage, PageStyle, render


@dataclass(frozen=True, eq=False)
class CaseBuilder:
    """Builds the cases of one run.

    Attributes
    ----------
    settings : RunSettings
    reader : Reader
        Its ``inputs`` decide what is filled in.
    numbers : mapping of int to Measurements
        What the prompt says, by ``ecg_id``.
    """

    settings: RunSettings
    reader: Reader
    numbers: Mapping[int, Measurements]

    def cases(self, records: Iterable[Record]) -> Iterator[Case]:
        """Yield the case of each record as it is asked for."""
        for record in records:
            yield self.case(record)

    def case(self, record: Record) -> Case:
        """Return the case of one record."""
        inputs = self.reader.inputs
        case_id = self.settings.case_id(record.ecg_id)
        if not inputs & {"signal", "image"}:
            return Case(case_id, prompt=prompt(self.numbers[record.ecg_id]) if "text" in inputs else None)
        signal = record.signal(getattr(self.reader, "preferred_fs", None))
        images: tuple[EcgImage, ...] = ()
        if "image" in inputs:
            best = record.signal()
            images = render(best.mv, best.fs, self.settings.renderer, PageStyle(px_per_mm=self.settings.px_per_mm))
        return Case(
            case_id=case_id,
            signal=signal.mv if "signal" in inputs else None,
            fs=signal.fs if "signal" in inputs else None,
            images=images,
            prompt=prompt(self.numbers[record.ecg_id]) if "text" in inputs else None,
        )
