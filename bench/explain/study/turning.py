"""What turns the answers of a reader: beat transplants of each finding, with their controls and pictures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort
from bench.explain.counterfactual.donor_pool import Donor, donor_pool
from bench.explain.counterfactual.given import Asking
from bench.explain.counterfactual.transplant import Flips, Transplant, pooled
from bench.explain.counterfactual.transplant import Plan as TransplantPlan
from bench.explain.counterfactual.transplanting import Surgery, bearing, transplants
from bench.progress import SILENT, Observer
from readers.network import Output
from renderers.compared import Change

DONORS = 40
"""Donors with, and without, each finding."""

CHANGED_MV = 0.01
"""Least difference of a sample that is shaded as changed."""

BETWEEN_S = 0.06
"""Seconds between two changed samples up to which what lies between is shaded too: lines that cross are no gap."""


@dataclass(frozen=True, eq=False)
class Turned:
    """Transplants of several findings.

    Attributes
    ----------
    flips : tuple of (str, Flips)
        Of all findings together, then of each.
    changes : tuple of Change
        One answer of each finding that went, to be drawn.
    """

    flips: tuple[tuple[str, Flips], ...] = ()
    changes: tuple[Change, ...] = ()


def turned(  # noqa: PLR0913  # who is asked about what, how often, and where it is kept
    asking: Callable[[Output], Asking],
    cohort: Cohort,
    outputs: Sequence[Output],
    each: int,
    reader: str,
    kept: Path,
    seed: int = 0,
    observer: Observer = SILENT,
) -> Turned:
    """Return the transplants of some findings.

    Parameters
    ----------
    asking : callable
        Returns what asks the reader whether a value is its answer.
    cohort : Cohort
    outputs : sequence of (str, str)
        Head and value.
    each : int
        Records of each finding at most.
    reader : str
        All that decides the reader's answers.
    kept : Path
        A file of transplants, whose folder the caller holds.
    seed : int
    observer : Observer

    Raises
    ------
    taxonomy.error.DatasetError
        When there are no recordings of training folds.
    """
    pool = donor_pool(cohort.dataset, outputs, DONORS, seed, observer)
    found: dict[Output, list[object]] = {}
    changes: list[Change] = []
    for output in outputs:
        surgery = Surgery(output, asking(output), pool, TransplantPlan(seed=seed), reader)
        done = transplants(bearing(cohort, output, each, seed), surgery, observer, kept)
        if done:
            found[output] = list(done)
            changes += list(_pictured(done, cohort, pool))[:1]
    every = [one for of in found.values() for one in of]
    named = [(" ".join(output), pooled(of)) for output, of in found.items()]  # type: ignore[arg-type]
    total = [("all findings", pooled(every))] if len(found) > 1 else []  # type: ignore[arg-type]
    return Turned((*total, *((name, one) for name, one in named if one.n)), tuple(changes))


def _pictured(done: Iterable[object], cohort: Cohort, pool: Sequence[Donor]) -> Iterator[Change]:
    """Yield the pictures of those whose answer went."""
    donors = {donor.record.ecg_id: donor for donor in pool}
    records = {record.ecg_id: record for record in cohort}
    for one in done:
        if not isinstance(one, Transplant) or not one.flips:
            continue
        signal = records[one.ecg_id].signal()
        beats = donors[one.donor].at(signal.fs)
        after = None if beats is None else one.changed(signal, beats)
        if after is None:
            continue
        before = np.nan_to_num(signal.mv)
        changed = _closed(np.abs(after - before) > CHANGED_MV, round(BETWEEN_S * signal.fs))
        if changed.any():
            yield Change(before, after, signal.fs, changed, signal.fs, _title(one), _notes(one))


def _closed(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Return a mask, bool (12, n_samples), without the gaps that are no longer than so many samples."""
    from scipy.ndimage import binary_closing

    padded = np.pad(mask, ((0, 0), (width, width)))
    closed: NDArray[np.bool_] = binary_closing(padded, np.ones((1, width + 1)))[:, width:-width]
    return closed


def _title(one: Transplant) -> str:
    return f"{one.head} {one.value}, record {one.ecg_id}: gone with {', '.join(one.cells)} of record {one.donor}"


def _notes(one: Transplant) -> tuple[str, ...]:
    odds = (
        ""
        if one.before is None or one.after is None
        else f"Log-odds {one.before:+.1f} before, {one.after:+.1f} after. "
    )
    same = {True: "gone too", False: "stays", None: "no such donor"}[one.same_class]
    went = sum(one.random)
    return (f"{odds}Same cells of a donor with the finding: {same}; random cells: {went} of {len(one.random)} gone.",)
