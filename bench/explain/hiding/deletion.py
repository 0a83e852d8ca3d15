"""Deletion and insertion curves of any reader: what a map points at is hidden, and the reader is asked again.

They are those of :func:`bench.explain.maps.metric.deletions`, at fewer points, so that a black box stands beside an
open network. Two nulls stand beside each map: random orders, which are taken away already, and the energy of the
signal, which is a map like any other.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record
from bench.explain.hiding.box import Answered, Box
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.part import Mask
from bench.explain.hiding.target import Target
from bench.explain.maps.metric import (
    LEAST_RISE,
    TILE_S,
    Deletion,
    Map,
    tile_counts,
    tile_mask,
    tile_orders,
)
from bench.progress import SILENT, Observer
from taxonomy.error import ReaderError

STEPS = 8
"""Points of a curve behind its first: half of those of an open network, since each may cost money."""

RANDOM_ORDERS = 2

LEAST_CHANCE = 0.01
"""Probabilities are taken to lie this far from 0 and 1 where their log-odds are told: how nearly certain a reader is of
flat leads would else be most of every curve."""


def asked_deletions(  # noqa: PLR0913  # who is asked what about which maps, and how often
    box: Box,
    record: Record,
    target: Target,
    maps: Sequence[Map],
    fs: float,
    seed: int = 0,
    observer: Observer = SILENT,
    steps: int = STEPS,
    randoms: int = RANDOM_ORDERS,
) -> list[Deletion | None]:
    """Return the curves of several maps of one answer, which are compared with the same random orders.

    A curve is that of the log-odds of a probability, of a logit, or of hard answers themselves: 1 is the answer to the
    whole recording, 0 that to flat leads. There is none where the recording raises it by less than
    :data:`bench.explain.maps.metric.LEAST_RISE` (a hard answer that flat leads get too), or where a call failed.

    Parameters
    ----------
    box : Box
    record : Record
    target : Target
    maps : sequence of float32 array (12, n_samples)
    fs : float
        Their sampling rate in Hz.
    seed : int
        Of random orders.
    observer : Observer
    steps, randoms : int
        Points of a curve behind its first, and random orders.

    Raises
    ------
    taxonomy.error.ReaderError
        When the maps last longer or shorter than the recording.
    taxonomy.error.BenchError
        When the reader answers nothing, or can answer no further question.
    """
    _check_length(box, record, maps, fs)
    orders = tile_orders(maps, fs, randoms, seed)
    counts = tile_counts(orders[0].size, steps)
    asked = _questions(box, record, orders, counts, (fs, maps[0].shape[1]))
    curves = _curves(box.answers(asked, target, observer), len(orders), steps)
    others = [one for one in curves[len(maps) :] if one is not None]
    if not others:
        return [None] * len(maps)
    random_deleted, random_inserted = np.mean(others, axis=0)
    shares = counts / orders[0].size
    return [
        None if one is None else Deletion(shares, one[0], one[1], random_deleted, random_inserted)
        for one in curves[: len(maps)]
    ]


def deletion_count(maps: int, steps: int = STEPS, randoms: int = RANDOM_ORDERS) -> int:
    """Return how many questions the curves of so many maps of one record take, that of the whole one among them."""
    return 2 + 2 * (steps - 1) * (maps + randoms)


def deletion_questions(  # noqa: PLR0913  # as many questions as are asked
    box: Box, record: Record, maps: int, seed: int = 0, steps: int = STEPS, randoms: int = RANDOM_ORDERS
) -> list[Masked]:
    """Return questions like those that the curves of so many maps will take, for their price: as many, by lot.

    Which tiles are hidden first is known when the maps are; how much is hidden at each point is known before.
    """
    fs, samples = box.fs(record), box.cells(record).samples
    like = np.zeros((12, samples), dtype=np.float32)
    orders = tile_orders([like], fs, maps + randoms, seed)[1:]
    return _questions(box, record, orders, tile_counts(orders[0].size, steps), (fs, samples))


def _check_length(box: Box, record: Record, maps: Sequence[Map], fs: float) -> None:
    seconds, own = maps[0].shape[1] / fs, box.cells(record).samples / box.fs(record)
    if abs(seconds - own) > TILE_S:
        raise ReaderError(
            f"the maps of record {record.ecg_id} last {seconds:g} s at {fs:g} Hz, and the recording {own:g} s: give "
            "maps of the whole recording with their sampling rate"
        )


def _questions(
    box: Box,
    record: Record,
    orders: Sequence[NDArray[np.int64]],
    counts: NDArray[np.int64],
    of: tuple[float, int],
) -> list[Masked]:
    """Return the whole recording, flat leads, and for each order what is deleted and then what is inserted."""
    places = _places(box, record, *of)
    asked = [Masked(record), Masked.of(record, np.ones((12, len(places)), dtype=np.bool_))]
    for order in orders:
        hidden: list[Mask] = [tile_mask(order[:count], *of)[:, places] for count in counts[1:-1]]
        asked += [Masked.of(record, mask) for mask in (*hidden, *(~mask for mask in hidden))]
    return asked


def _places(box: Box, record: Record, fs: float, samples: int) -> NDArray[np.int64]:
    """Return the sample of a map in which the middle of each sample of the box's masks lies."""
    middles = (np.arange(box.cells(record).samples) + 0.5) / box.fs(record)
    return np.minimum((middles * fs).astype(np.int64), samples - 1)


def _curves(answered: Answered, orders: int, steps: int) -> list[NDArray[np.float64] | None]:
    """Return each order's curves, deleted and inserted, float64 (2, steps + 1); None where a call failed."""
    levels = _levels(answered)
    whole, flat = levels[:2]
    if not whole - flat >= LEAST_RISE:
        return [None] * orders
    inner = ((levels[2:] - flat) / (whole - flat)).reshape(orders, 2, steps - 1)
    ends = np.broadcast_to([[1.0, 0.0], [0.0, 1.0]], (orders, 2, 2))
    curves = np.concatenate([ends[..., :1], inner, ends[..., 1:]], axis=2)
    return [one if np.isfinite(one).all() else None for one in curves]


def _levels(answered: Answered) -> NDArray[np.float64]:
    """Return answers on the scale on which their changes are told."""
    if answered.kind != "probability":
        return answered.values
    inside = np.clip(answered.values, LEAST_CHANCE, 1 - LEAST_CHANCE)
    return np.asarray(np.log(inside / (1 - inside)))
