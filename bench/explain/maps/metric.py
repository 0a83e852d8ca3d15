"""Is a map true? Each figure stands beside that of a null: the area, the energy of the signal, random weights.

That hiding what a map points at moves an answer more than hiding anything else is no merit: large deflections move
every network. A map must do better than the energy of the signal itself (:func:`energy`).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.cell import zeroed
from bench.explain.maps.occlusion import drops
from readers.network import Network, Shown
from renderers.style import LEADS

TILE_S = 0.05
"""Length of the tiles of one lead that are deleted or inserted together, in seconds."""

STEPS = 12
"""Points of a deletion curve behind its first, an even number, closer at its ends, where it is steep: areas are nearer
to those of 96 equal steps than with 16 equal ones."""

RANDOM_ORDERS = 4
"""Random orders whose mean a deletion is compared with; each with its reverse, which asks nothing more."""

LEAST_RISE = 0.5
"""Least change of the log-odds, from flat leads to the recording, that is shared out: of a smaller one a
share means little, and a few of them would make the mean."""

Map = NDArray[np.float32]


def energy(shown: Shown) -> Map:
    """Return the null that every map must beat: the square of each sample's distance from its lead's median."""
    level: Map = (shown.leads - np.median(shown.leads, axis=1, keepdims=True)) ** 2
    return level


def mass(relevance: Map, region: NDArray[np.bool_]) -> float | None:
    """Return the share of what speaks for the answer that lies in a region; None where nothing does.

    Parameters
    ----------
    relevance : float32 array (12, n_samples)
        Above 0 where it speaks for the answer.
    region : bool array (12, n_samples)
    """
    positive = np.maximum(relevance, 0).astype(np.float64)
    total = positive.sum()
    return float(positive[region].sum() / total) if total > 0 else None


def pixel_area(relevance: Map, mask: NDArray[np.bool_]) -> float | None:
    """Return the chance that a sample of a mask speaks more for the answer than one outside: the pixels' ROC area.

    0.5 is chance; None where the mask covers nothing or everything.
    """
    from scipy.stats import rankdata

    inside = int(mask.sum())
    outside = mask.size - inside
    if not inside or not outside:
        return None
    ranks: NDArray[np.float64] = rankdata(np.maximum(relevance, 0), axis=None).reshape(mask.shape)
    return float((ranks[mask].sum() - inside * (inside + 1) / 2) / (inside * outside))


def points_into(relevance: Map, region: NDArray[np.bool_], fs: float) -> bool | None:
    """Return whether the tile with the greatest relevance has its greatest sample in a region; None where all is 0."""
    positive = np.maximum(relevance, 0)
    tiles, width = _tiles(positive, fs)
    if not tiles.any():
        return None
    lead, tile = np.unravel_index(int(np.argmax(tiles)), tiles.shape)
    inside = positive[lead, tile * width : (tile + 1) * width]
    return bool(region[lead, tile * width + int(np.argmax(inside))])


@dataclass(frozen=True, eq=False)
class Deletion:
    """How an answer goes while what a map points at is hidden, the most relevant first.

    Attributes
    ----------
    shares : float64 array (n_points,)
        Of the tiles that are hidden, from 0 to 1.
    deleted, inserted : float64 array (n_points,)
        The log-odds with these tiles hidden, and with nothing but them shown; 1 is what the whole recording has, 0 what
        flat leads have.
    random_deleted, random_inserted : float64 array (n_points,)
        The same in random order, the mean of several.
    """

    shares: NDArray[np.float64]
    deleted: NDArray[np.float64]
    inserted: NDArray[np.float64]
    random_deleted: NDArray[np.float64]
    random_inserted: NDArray[np.float64]

    @property
    def deletion_gain(self) -> float:
        """Mean by which the answer falls lower than in random order."""
        return _area(self.shares, self.random_deleted - self.deleted)

    @property
    def insertion_gain(self) -> float:
        """Mean by which the answer rises higher than in random order."""
        return _area(self.shares, self.inserted - self.random_inserted)


def deletion(network: Network, shown: Shown, output: int, relevance: Map, seed: int = 0) -> Deletion | None:
    """Return the curves of one map; as :func:`deletions`."""
    return deletions(network, shown, output, [relevance], seed)[0]


def deletions(network: Network, shown: Shown, output: int, maps: Sequence[Map], seed: int = 0) -> list[Deletion | None]:
    """Return the curves of several maps of one answer, which are compared with the same random orders.

    Tiles of one lead are hidden by 0, which a z-scored lead has in the mean. There are no curves where the recording
    raises the log-odds by less than :data:`LEAST_RISE` over flat leads: nothing in it speaks for the answer that could
    be hidden.
    """
    orders = tile_orders(maps, network.fs, RANDOM_ORDERS // 2, seed)
    rise = float(drops(network, shown, output, [np.ones(shown.leads.shape, dtype=np.bool_)], zeroed)[0])
    if rise < LEAST_RISE:
        return [None] * len(maps)
    counts, samples = tile_counts(orders[0].size, STEPS), shown.leads.shape[1]
    hidden = [tile_mask(order[:count], network.fs, samples) for order in orders for count in counts[1:-1]]
    lost = drops(network, shown, output, [*hidden, *(~mask for mask in hidden)], zeroed).astype(np.float64)
    within = (1 - lost / rise).reshape(2, len(orders), STEPS - 1)
    deleted, inserted = (np.pad(one, ((0, 0), (1, 1))) for one in within)
    deleted[:, 0] = inserted[:, -1] = 1
    lots = slice(len(maps), None)
    random_deleted, random_inserted = by_lot(list(np.stack([deleted[lots], inserted[lots]], axis=1)))
    shares = counts / counts[-1]
    return [
        Deletion(shares, deleted[number], inserted[number], random_deleted, random_inserted)
        for number in range(len(maps))
    ]


def by_lot(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mean curves of random orders and their reverses: what one shows last, its reverse deletes first.

    Parameters
    ----------
    curves : sequence of float64 array (2, steps + 1)
        Deleted and inserted, of each order.

    Returns
    -------
    float64 array (2, steps + 1)
    """
    mean: NDArray[np.float64] = np.mean([*curves, *(one[::-1, ::-1] for one in curves)], axis=0)
    return mean


def tile_orders(maps: Sequence[Map], fs: float, randoms: int, seed: int = 0) -> list[NDArray[np.int64]]:
    """Return the tiles of each map, the most relevant first, and behind them those in so many random orders.

    Tiles of equal relevance, which a map of few parts has many of, stand in random order among themselves: lead by lead
    they would take away what one lead alone tells, and a map that says nothing would gain by it.

    Parameters
    ----------
    maps : sequence of float32 array (12, n_samples)
    fs : float
        Their sampling rate in Hz.
    randoms : int
    seed : int

    Returns
    -------
    list of int64 array (12 * n_tiles,)
    """
    chance = np.random.default_rng(seed)
    tiles = [_tiles(relevance, fs)[0].ravel() for relevance in maps]
    return [*(_most_first(one, seed) for one in tiles), *(chance.permutation(tiles[0].size) for _ in range(randoms))]


def _most_first(tiles: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Return the places of tiles by relevance; the lot of equal ones is the map's own, unlike that of other records."""
    lot = np.random.default_rng([seed, zlib.crc32(tiles.tobytes())]).permutation(tiles.size)
    return lot[np.argsort(-tiles[lot], kind="stable")]


def tile_counts(tiles: int, steps: int) -> NDArray[np.int64]:
    """Return how many tiles are hidden at each point of a curve, int64 (steps + 1,), as many from the start as the end.

    Points lie closer where few or most tiles are hidden, since curves bend there; ``steps`` is even.
    """
    half = np.round(tiles * (1 - np.cos(np.pi * np.arange(steps // 2) / steps)) / 2).astype(np.int64)
    return np.concatenate([half, [tiles // 2], tiles - half[::-1]])


def tile_mask(tiles: NDArray[np.int64], fs: float, samples: int) -> NDArray[np.bool_]:
    """Return the samples of some tiles, bool (12, n_samples)."""
    width = _tile_width(fs)
    chosen = np.zeros((len(LEADS), -(-samples // width)), dtype=np.bool_)
    chosen.reshape(-1)[tiles] = True
    every: NDArray[np.bool_] = np.repeat(chosen, width, axis=1)[:, :samples]
    return every


def rank_correlation(one: Map, other: Map) -> float:
    """Return Spearman's correlation of two maps; 0 where one of them is constant."""
    return _correlation(_ranks(one), _ranks(other))


def partial_rank_correlation(one: Map, other: Map, given: Map) -> float:
    """Return Spearman's correlation of two maps beyond what both share with a third.

    With the energy of the signal as the third it is what a map has in common with that of random weights for another
    reason than that both are large where the signal is.
    """
    a, b, c = _ranks(one), _ranks(other), _ranks(given)
    ab, ac, bc = _correlation(a, b), _correlation(a, c), _correlation(b, c)
    rest = (1 - ac**2) * (1 - bc**2)
    return float((ab - ac * bc) / np.sqrt(rest)) if rest > 1e-12 else 0.0


def agreement(maps: Sequence[Map]) -> float | None:
    """Return the mean rank correlation of each two maps, such as those of an ensemble's members; None of only one."""
    pairs = [rank_correlation(one, other) for number, one in enumerate(maps) for other in maps[number + 1 :]]
    return float(np.mean(pairs)) if pairs else None


def _tiles(relevance: Map, fs: float) -> tuple[NDArray[np.float64], int]:
    """Return the sum of each tile, float64 (12, n_tiles), and how many samples one has; the last may have fewer."""
    width = _tile_width(fs)
    edges = np.arange(0, relevance.shape[1], width)
    tiles: NDArray[np.float64] = np.add.reduceat(relevance.astype(np.float64), edges, axis=1)
    return tiles, width


def _tile_width(fs: float) -> int:
    return max(1, round(TILE_S * fs))


def _area(shares: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    return float(np.trapezoid(curve, shares))


def _ranks(values: Map) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = rankdata(values, axis=None)
    centred: NDArray[np.float64] = ranks - ranks.mean()
    return centred


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = np.sqrt((one**2).sum() * (other**2).sum())
    return float(one @ other / size) if size > 0 else 0.0
