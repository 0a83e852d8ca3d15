"""Explanations by hiding cells of what a network is shown, and asking again."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.cell import Cell, Cells
from bench.explain.maps.gradient import beside
from measurements.segment import Segment
from readers.network import Network, Shown
from renderers.style import LEADS

Filling = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.float32]]
"""Hides what a mask covers: :func:`bench.explain.maps.cell.bridged` or :func:`bench.explain.maps.cell.zeroed`."""

BATCH = 256
"""Masks that are asked about at once."""

WINDOW_S = 0.1
"""Length of a window in seconds."""


def drops(
    network: Network, shown: Shown, output: int, masks: Sequence[NDArray[np.bool_]], filling: Filling
) -> NDArray[np.float32]:
    """Return by how much an answer's log-odds falls under each mask.

    Parameters
    ----------
    network : Network
    shown : Shown
        Of one case.
    output : int
        Column of the output.
    masks : sequence of bool array (12, n_samples)
        What is hidden.
    filling : callable
        How it is hidden.

    Returns
    -------
    float32 array (n_masks,)
    """
    import torch

    given: list[NDArray[np.bool_] | None] = [None, *masks]  # the whole recording, in the batch of the first masks
    odds = np.zeros(len(given), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(given), BATCH):
            part = given[start : start + BATCH]
            hidden = np.stack([shown.leads if mask is None else filling(shown.leads, mask) for mask in part])
            rows = network.log_odds(torch.from_numpy(hidden), beside(shown, len(hidden)))
            odds[start : start + len(part)] = rows[:, output].numpy()
    fallen: NDArray[np.float32] = odds[0] - odds[1:]
    return fallen


def by_cell(network: Network, shown: Shown, output: int, cells: Cells, filling: Filling) -> dict[Cell, float]:
    """Return by how much an answer's log-odds falls without each cell: one segment of all beats in one lead."""
    asked = [cells.mask((lead,), (segment,)) for lead, segment in cells.each]
    return dict(zip(cells.each, drops(network, shown, output, asked, filling).tolist(), strict=True))


def by_lead(network: Network, shown: Shown, output: int, filling: Filling) -> dict[str, float]:
    """Return by how much an answer's log-odds falls without each lead."""
    rows = np.eye(len(LEADS), dtype=np.bool_)[:, :, None]
    asked = [np.broadcast_to(row, shown.leads.shape) for row in rows]
    return dict(zip(LEADS, drops(network, shown, output, asked, filling).tolist(), strict=True))


def by_segment(network: Network, shown: Shown, output: int, cells: Cells, filling: Filling) -> dict[Segment, float]:
    """Return by how much an answer's log-odds falls without each segment of all beats in every lead."""
    asked = [cells.mask(segments=(segment,)) for segment in cells.segments]
    return dict(zip(cells.segments, drops(network, shown, output, asked, filling).tolist(), strict=True))


def by_window(network: Network, shown: Shown, output: int, filling: Filling) -> NDArray[np.float32]:
    """Return by how much an answer's log-odds falls without each tenth of a second of each lead, at every sample of it.

    Returns
    -------
    float32 array (12, n_samples)
    """
    samples = shown.leads.shape[1]
    edges = np.arange(0, samples, max(1, round(WINDOW_S * network.fs)))
    spans = [slice(edge, min(edge + edges[1] if len(edges) > 1 else samples, samples)) for edge in edges]
    asked = []
    for row in range(len(LEADS)):
        for span in spans:
            mask = np.zeros(shown.leads.shape, dtype=np.bool_)
            mask[row, span] = True
            asked.append(mask)
    found = drops(network, shown, output, asked, filling).reshape(len(LEADS), len(spans))
    return np.repeat(found, [span.stop - span.start for span in spans], axis=1)


def painted(found: dict[Cell, float], cells: Cells) -> NDArray[np.float32]:
    """Return cells as a map: each cell's value spread evenly over its samples, float32 (12, n_samples)."""
    out = np.zeros((len(LEADS), cells.samples), dtype=np.float32)
    for (lead, segment), value in found.items():
        inside = cells.during(segment)
        if inside.any():
            out[LEADS.index(lead), inside] = value / inside.sum()
    return out
