"""Explanations by hiding whole leads, groups of leads and segments, alone, in turn or together, and asking again."""

import hashlib
from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.cell import Cells
from bench.explain.maps.joint_mask import JointMasks
from bench.explain.maps.occlusion import Filling, drops
from bench.explain.maps.part import Part, combined, parts, spread
from bench.explain.maps.ridge import Pool, fitted
from bench.explain.maps.shapley import Orders
from readers.network import Network, Shown

PAIRS = 2
"""Pairs of orders of the Shapley values."""

JOINT_MASKS = 110
"""Joint masks of a recording: six for each of the 18 parts."""


def by_group(network: Network, shown: Shown, output: int, cells: Cells, filling: Filling) -> NDArray[np.float32]:
    """Return by how much an answer's log-odds falls without each group of contiguous leads, which tell the same thing.

    Territories of infarction make no map, since they overlap: a lead would count as often as it is named.

    Returns
    -------
    float32 array (12, n_samples)
        Each group's fall, spread evenly over its leads.
    """
    chosen = parts(cells, "group")
    masks = [part.mask(cells, network.fs) for part in chosen]
    fallen = drops(network, shown, output, masks, filling).tolist()
    return spread(list(zip(chosen, fallen, strict=True)), cells, network.fs)


def by_leads_and_segments(
    network: Network, shown: Shown, output: int, cells: Cells, filling: Filling
) -> NDArray[np.float32]:
    """Return the product of what each lead and each segment gives by itself, from 18 questions.

    Returns
    -------
    float32 array (12, n_samples)
        As :func:`bench.explain.maps.part.combined` gives it.
    """
    chosen = leads_and_segments(cells)
    masks = [part.mask(cells, network.fs) for part in chosen]
    return combined(_named(chosen, drops(network, shown, output, masks, filling)), cells)


def leads_and_segments(cells: Cells) -> tuple[Part, ...]:
    """Return the 12 leads and the segments that a recording has."""
    return (*parts(cells, "lead"), *parts(cells, "segment"))


def by_shapley(network: Network, shown: Shown, output: int, cells: Cells, filling: Filling) -> NDArray[np.float32]:
    """Return the Shapley value of each cell, by :data:`PAIRS` pairs of orders, float32 (12, n_samples)."""
    chosen = parts(cells, "cell")
    if not chosen:
        return np.zeros((12, cells.samples), dtype=np.float32)
    orders = Orders.drawn(len(chosen), PAIRS, _lot(network, shown))
    masks = orders.hidden([part.mask(cells, network.fs) for part in chosen])
    given, _ = orders.values(0.0, -drops(network, shown, output, masks, filling).astype(np.float64))
    return spread(list(zip(chosen, given.tolist(), strict=True)), cells, network.fs)


def by_joint_masks(network: Network, shown: Shown, output: int, cells: Cells, filling: Filling) -> NDArray[np.float32]:
    """Return the product of what each lead and each segment gives where others are hidden or not.

    A ridge regression of one recording's log-odds on :data:`JOINT_MASKS` random masks; hard answers, which tell less,
    are pooled over the recordings of a finding in its place (:mod:`bench.explain.hiding.joint_effect`).

    Returns
    -------
    float32 array (12, n_samples)
        As :func:`bench.explain.maps.part.combined` gives it.
    """
    drawn = JointMasks.drawn(cells, JOINT_MASKS, _lot(network, shown))
    answers = -drops(network, shown, output, drawn.masks(cells, network.fs), filling).astype(np.float64)
    values = fitted(Pool.of([drawn.hidden], [answers], [0])).values
    return combined(_named(drawn.parts, values), cells)


def _lot(network: Network, shown: Shown) -> np.random.Generator:
    """Return a lot of the recording's and the weights' own.

    What the masks of two recordings, or of a network and of random weights, had in common by chance would pass for a
    finding.
    """
    digest = hashlib.sha256(shown.leads.tobytes())
    for module in network.members:
        for parameter in islice(module.parameters(), 1):
            digest.update(parameter.detach().numpy().tobytes())
    return np.random.default_rng(int.from_bytes(digest.digest()[:8], "big"))


def _named(chosen: Sequence[Part], values: NDArray[np.floating]) -> dict[str, float]:
    return {part.name: value for part, value in zip(chosen, values.tolist(), strict=True)}
