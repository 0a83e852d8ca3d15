"""Follow one trace through the ink of a row, past letters, neighbours' waves and gaps."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

JUMP_MM = 0.3
"""Gap between the ink of neighbouring columns of pixels that costs as much as ten millimetres from the baseline."""

AWAY_COST = 0.1
"""Cost of a column of pixels per mm between its ink and the baseline."""

APART_MM, DETOUR_MM = 1.0, 1.2
"""A stretch of ink that is further than this from what stands before and behind, and shorter, is not the trace."""

MOST_RUNS = 12
"""Separate strokes in a column of pixels that are looked at, those nearest to the baseline."""

Runs = NDArray[np.int64]
"""Top and bottom (exclusive) of each stroke in a column of pixels, (n, 2)."""


def followed(ink: NDArray[np.bool_], baseline: float, down: float) -> NDArray[np.bool_]:
    """Return the ink of one trace: the chain of strokes, one in each column, with the least jumps (Viterbi 1967).

    Parameters
    ----------
    ink : bool array (height, width)
        One row of a page, or one column of it.
    baseline : float
        Its 0 mV line, in pixels from the top.
    down : float
        Pixels per millimetre.
    """
    columns = _runs(ink, baseline)
    inked = [number for number, runs in enumerate(columns) if len(runs)]
    kept = np.zeros_like(ink)
    if not inked:
        return kept
    cost = _away(columns[inked[0]], baseline, down)
    back: list[NDArray[np.int64]] = []
    for before, here in pairwise(inked):
        one, two = columns[before], columns[here]
        gap = np.maximum(0, np.maximum(two[:, None, 0] - one[None, :, 1], one[None, :, 0] - two[:, None, 1]))
        total = cost[None, :] + gap / down / JUMP_MM
        best = np.argmin(total, axis=1)
        back.append(best)
        cost = total[np.arange(len(two)), best] + _away(two, baseline, down)
    run = int(np.argmin(cost))
    chain = np.empty((len(inked), 2), dtype=np.int64)
    for number in range(len(inked) - 1, -1, -1):
        chain[number] = columns[inked[number]][run]
        run = int(back[number - 1][run]) if number else run
    for number in np.flatnonzero(_is_trace(chain, np.array(inked), down)).tolist():
        top, bottom = chain[number]
        kept[top:bottom, inked[number]] = True
    return kept


def _is_trace(chain: Runs, places: NDArray[np.int64], down: float) -> NDArray[np.bool_]:
    """Tell the strokes of a chain that are no detour: a short link far from both its neighbours is other ink."""
    gap = np.maximum(chain[1:, 0] - chain[:-1, 1], chain[:-1, 0] - chain[1:, 1])
    ends = np.concatenate([[0], np.flatnonzero(gap > APART_MM * down) + 1, [len(chain)]])
    keep = np.ones(len(chain), dtype=bool)
    for first, last in pairwise(ends.tolist()):
        if last - first < len(chain) and places[last - 1] - places[first] < DETOUR_MM * down:
            keep[first:last] = False
    return keep


def _runs(ink: NDArray[np.bool_], baseline: float) -> list[Runs]:
    """Return the strokes of each column of pixels."""
    places, edges = np.nonzero(np.diff(np.ascontiguousarray(ink.T).view(np.int8), axis=1, prepend=0, append=0))
    ends = np.searchsorted(places, np.arange(1, ink.shape[1]))
    return [_nearest(part.reshape(-1, 2), baseline) for part in np.split(edges, ends)]


def _nearest(strokes: Runs, baseline: float) -> Runs:
    if len(strokes) <= MOST_RUNS:
        return strokes
    nearest = np.argsort(np.abs(strokes.mean(axis=1) - baseline))[:MOST_RUNS]
    return strokes[np.sort(nearest)]


def _away(runs: Runs, baseline: float, down: float) -> NDArray[np.float64]:
    """Return the cost of each stroke by the distance of its nearest end from the baseline."""
    off = np.maximum(0, np.maximum(runs[:, 0] - baseline, baseline - runs[:, 1]))
    return np.asarray(off * AWAY_COST / down)
