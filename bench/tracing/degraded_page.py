"""Records drawn as pages, each page degraded by known doses: a scan, a photograph, a print that fades."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench.dataset import Cohort, Record, RecordId
from bench.dataset.lot import in_random_order
from bench.progress import Report
from bench.view import View
from measurements import Measurements
from readers.contract import Case
from renderers import Picture
from renderers.degradation import DEGRADATIONS, Degradation, degradation, degraded, undegraded

EVERY = "all"
"""Stands for every degradation on the command line."""


@dataclass(frozen=True, eq=False)
class DegradedPage:
    """The page of a record at one dose of one degradation.

    Attributes
    ----------
    record : Record
    way : str
        Name of the degradation; empty for the page itself.
    dose : float
    trace : str
        Digest of the record's signal.
    """

    record: Record
    way: str
    dose: float
    trace: str

    @property
    def told(self) -> bytes:
        """All that decides its reading beside the settings."""
        return f"degraded {self.record.ecg_id} {self.way} {self.dose} {self.trace}".encode()


def degradations_named(names: Sequence[str]) -> tuple[Degradation, ...]:
    """Return the degradations of those names, in the order of the table; every one for ``all``.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such degradation.
    """
    wanted = {degradation(name).name for name in names if name != EVERY}
    return tuple(way for way in DEGRADATIONS.values() if EVERY in names or way.name in wanted)


def degraded_pages(records: Cohort, ways: Sequence[Degradation], seed: int, report: Report) -> list[DegradedPage]:
    """Return the pages to ask about: of each record, in random order, the page itself and each dose of each way."""
    asked = []
    for done, record in enumerate(in_random_order(records, seed), start=1):
        signal = record.signal()
        trace = hashlib.sha256(f"{signal.fs} ".encode() + np.ascontiguousarray(signal.mv).tobytes()).hexdigest()
        asked.append(DegradedPage(record, "", 0.0, trace))
        asked += [DegradedPage(record, way.name, float(dose), trace) for way in ways for dose in way.doses]
        report(done, len(records))
    return asked


class DegradedCases:
    """The cases of degraded pages in a view; a record is drawn once for all its doses, which follow one another.

    Parameters
    ----------
    view : View
        Settled for the reader, and without originals: an enlarged part of a degraded page is enlarged from its pixels.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._drawn: tuple[RecordId, tuple[Picture, ...]] | None = None

    def each(self, pages: Iterable[DegradedPage]) -> Iterator[Case]:
        """Yield the case of each page, lazily."""
        return map(self.case, pages)

    def case(self, page: DegradedPage) -> Case:
        """Return the case of a page, without signal and without numbers."""
        images = tuple(self.pictures(page))
        what = f"{page.record.ecg_id} {page.way} {page.dose}"
        return Case(
            case_id=hashlib.sha256(what.encode()).hexdigest()[:12],
            images=images,
            prompt=self._view.prompt(Measurements.none("not shown"), images),
        )

    def pictures(self, page: DegradedPage) -> Iterator[Picture]:
        """Yield the pictures of a page: one, or one for each lead."""
        ecg_id = page.record.ecg_id
        if self._drawn is None or self._drawn[0] != ecg_id:
            self._drawn = ecg_id, self._view.drawn(page.record.signal())
        for number, picture in enumerate(self._drawn[1]):
            if not page.way:
                yield undegraded(picture)
                continue
            # The same marks, folds and shadows at every dose: what a greater dose adds is the dose.
            lot = hashlib.sha256(f"{self._view.seed} {ecg_id} {page.way} {number}".encode()).digest()
            yield degraded(picture, page.way, page.dose, int.from_bytes(lot[:8], "big"))
