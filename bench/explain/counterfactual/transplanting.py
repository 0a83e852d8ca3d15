"""Transplants of many records: each is kept as it is done, so that a study that was stopped goes on."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from bench.dataset import Cohort, Record
from bench.dataset.lot import in_random_order
from bench.explain.counterfactual.donor_pool import Donor, bears
from bench.explain.counterfactual.given import Asking
from bench.explain.counterfactual.transplant import NoTransplant, Plan, Transplant, found_in, transplant
from bench.progress import SILENT, Observer
from bench.storage import append, opened_for_append
from readers.network import Output
from taxonomy.error import RunError


@dataclass(frozen=True, eq=False)
class Surgery:
    """What is transplanted, and who is asked.

    Attributes
    ----------
    output : (str, str)
        Head and value of the answer.
    asking : callable
        Asks the reader whether that is its answer (:mod:`bench.explain.counterfactual.given`).
    pool : tuple of Donor
    plan : Plan
    reader : str
        All that decides the reader's answers: its name, its weights, its page.
    """

    output: Output
    asking: Asking
    pool: tuple[Donor, ...]
    plan: Plan = field(default_factory=Plan)
    reader: str = ""

    def key(self, record: Record) -> str:
        """Return a digest of all that decides a record's transplant but its signal."""
        donors = [(donor.record.dataset, donor.record.ecg_id) for donor in self.pool]
        decides = (self.reader, self.output, self.plan, donors, record.dataset, record.ecg_id)
        return hashlib.sha256(repr(decides).encode()).hexdigest()


def bearing(explained: Cohort, output: Output, most: int, seed: int = 0) -> list[Record]:
    """Return records that bear a value by their labels, drawn by lot, so many at most."""
    ordered = in_random_order(explained, seed, "transplants")
    return [record for record in ordered if bears(explained.dataset.truth(record), *output)][:most]


def transplants(
    records: Sequence[Record], surgery: Surgery, observer: Observer = SILENT, kept: Path | None = None
) -> tuple[Transplant | NoTransplant, ...]:
    """Return the transplant of each record.

    Parameters
    ----------
    records : sequence of Record
    surgery : Surgery
    observer : Observer
    kept : Path, optional
        A file of transplants, whose folder the caller holds: those that it has are not done again, new ones are
        appended.

    Raises
    ------
    taxonomy.error.RunError
        When the reader breaks, or a line of the file is damaged, which a kill cannot cause.
    taxonomy.error.StorageError
        When the file cannot be written.
    """
    done: list[Transplant | NoTransplant] = []
    with opened_for_append(kept) if kept else nullcontext() as out, observer.progress("transplants") as report:
        earlier = _kept(kept) if kept else {}
        for number, record in enumerate(records, start=1):
            key = surgery.key(record)
            found = earlier.get(key)
            if found is None:
                found = transplant(record, surgery.output, surgery.asking, surgery.pool, surgery.plan)
                if kept and out:
                    append(out, kept, {"key": key, "found": found.to_json()})
            done.append(found)
            report(number, len(records))
    return tuple(done)


def _kept(path: Path) -> dict[str, Transplant | NoTransplant]:
    found = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            entry = json.loads(line)
            found[str(entry["key"])] = found_in(entry["found"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise RunError(f"line {number} of {path} is damaged ({error}): remove it, and it is done again") from error
    return found
