"""What a comparison of published records with copies and phantoms shows, in words.

A drop on phantoms of real records alone shows nothing: they are simulated, and a reader may stumble over that. A drop
on jittered copies does, since any reader of the trace reads those as well; and so does a drop from phantoms of a
published seed to fresh ones, since both are drawn alike.
"""

from bench.evidence.drop import Drop
from bench.evidence.figure import Figure
from bench.score.agreement import LEVEL

MEMORISED, BRITTLE, EITHER = "memorised", "brittle", "memorised or brittle"
LEARNT = "learnt this seed"
TOO_LITTLE = "falls too little to tell memory from a brittle reader"
SURVIVES = "no sign that records were memorised"
UNKNOWN = "cannot be told"
HELD_OUT_WORSE = "learnt records of this split"
NO_CASE = "no case"


def is_larger(gap: Figure | None) -> bool:
    """Tell whether the gap to phantoms is significantly larger on the asked records than on held-out ones."""
    return gap is not None and gap.p is not None and gap.value > 0 and gap.p < LEVEL


def of_copies(drop: Drop) -> str:
    """Return the verdict on one axis from published records and their jittered copies."""
    figure = drop.drop
    if figure is None:
        return NO_CASE
    if drop.is_found:
        return f"falls by {points(figure)} on copies that any reader of the trace reads as well: {EITHER}"
    if drop.is_significant:
        return f"{TOO_LITTLE}: {points(figure)} on copies"
    return _nothing_found(drop, "answers survive the jitter")


def of_fresh(drop: Drop) -> str:
    """Return the verdict on one axis from phantoms of a published seed and fresh ones, which are drawn alike."""
    if drop.drop is None:
        return NO_CASE
    if drop.is_significant:
        return f"{LEARNT}: falls by {points(drop.drop)} on fresh phantoms of the same truth"
    return _nothing_found(drop, "reads fresh phantoms no worse")


def of_cause(together: Drop, fresh: Drop | None, more: Figure | None, is_exchangeable: bool) -> str:
    """Return whether a drop on copies is memory or brittleness, as far as copies of fresh records tell; else nothing.

    Parameters
    ----------
    together, fresh : Drop
        From published records, and from phantoms, to their copies; None where those were not asked.
    more : Figure or None
        By how much the first drop is larger (:func:`bench.evidence.drop.excess`).
    is_exchangeable : bool
        Whether published and fresh records are drawn alike. A reader that knows nothing of phantoms has nothing to lose
        there, so that beside real records a larger drop does not prove memory.
    """
    if not together.is_found or fresh is None or fresh.drop is None or more is None or more.p is None:
        return ""
    if more.value > 0 and more.p < LEVEL:
        said = f"copies of fresh phantoms cost it {points(fresh.drop)}, less by {points(more)}"
        return f"{MEMORISED}: {said}" if is_exchangeable else f"{EITHER}: {said}, which a domain shift can cause too"
    if fresh.is_significant:
        return f"{BRITTLE}: copies of fresh phantoms, which nobody can have seen, cost it {points(fresh.drop)}"
    return ""


def of_phantoms(drop: Drop, reference: Drop | None, name: str) -> str:
    """Return what the gap between real records and phantoms of the same truth is worth: no verdict, but a figure."""
    if drop.drop is None:
        return NO_CASE
    said = f"{_moved(drop.drop)} on phantoms of the same truth"
    if reference is None or reference.drop is None:
        return f"{said}: phantoms are simulated, so that this alone proves nothing"
    return f"{said}; the reference {name} {_moved(reference.drop)}: no proof, since phantoms are simulated"


def of_held_out(figure: Figure | None, split: str) -> str:
    """Return the verdict from records that may have been seen and held-out ones, either beside their phantoms."""
    if figure is None:
        return NO_CASE
    if is_larger(figure):
        return f"{HELD_OUT_WORSE}: reads them better than those of {split} by {points(figure)}, phantoms subtracted"
    return f"not shown to be read better than those of {split}, phantoms subtracted: {points(figure)}"


def points(figure: Figure) -> str:
    """Return a figure in points with its interval."""
    said = f"{100 * figure.value:.1f}"
    if figure.interval is None:
        return f"{said} points"
    low, high = figure.interval
    return f"{said} [{100 * low:.1f}, {100 * high:.1f}] points"


def _moved(figure: Figure) -> str:
    if figure.value < 0:
        interval = figure.interval and (-figure.interval[1], -figure.interval[0])
        return f"gains {points(Figure(figure.n, -figure.value, interval))}"
    return f"falls by {points(figure)}"


def _nothing_found(drop: Drop, said: str) -> str:
    n, found = (drop.drop.n if drop.drop else 0), 100 * (drop.share or 1.0)
    if drop.rules_out_much:
        least = 100 * (drop.detectable or 0.0)
        return (
            f"{said}: {SURVIVES} (a drop of more than {least:.1f} points would have been seen, as of a memory of "
            f"{found:.0f}% of them)"
        )
    able = (
        "not even a memory of all of them" if drop.share is None else f"only a memory of more than {found:.0f}% of them"
    )
    return f"{UNKNOWN} (n = {n}, {able} would be seen)"
