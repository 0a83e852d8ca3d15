"""Known truth: evidence that is planted in tracings by exact masks, and a small network that is taught to find it.

Published rankings of methods contradict each other because they plant different evidence. There are three kinds here,
on every beat: something that is there (a late notch of the QRS complex), something small (a shift of the ST segment by
a tenth of a millivolt), and something that is absent (the P wave). Each is in one lead alone: of what stood in several,
a network may look at one, and a true map would miss the rest of the mask.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Dataset, RecordId
from bench.dataset.base import TRAIN
from bench.explain.belief.estimate import Estimate, above, estimate
from bench.explain.maps.cell import bridged, cells_of
from bench.explain.maps.method import Answer, Map, Method, last_layer
from bench.explain.maps.metric import energy, pixel_area, points_into
from measurements.conditioning import without_gaps
from measurements.segment import BeatSegments, segmented
from readers.contract import Case
from readers.network import Network, Shown
from readers.torch_reader import resampled
from renderers.style import LEADS
from taxonomy.error import RunError

if TYPE_CHECKING:
    from torch import nn

PLANTED_FS = 100
"""Sampling rate of what the network is shown, in Hz."""

LATE_QRS, ST_SHIFT, NO_P = "late QRS", "ST shift", "absent P"

NOTCH_MV, SHIFT_MV = 0.3, 0.1

LEAST_BEATS = 4
"""Beats with a P wave, a QRS complex and an ST segment that a tracing must have."""

TRACINGS = 200
"""Tracings as a rule, of which one in :data:`HELD_OUT_EVERY` patients is held out."""

HELD_OUT_EVERY = 5

CHANNELS, EPOCHS, BATCH, RATE = 16, 30, 32, 1e-2

TRIES = 4
"""Draws of initial weights at most: from some, the network does not learn the smallest evidence."""

LEAST_AUC = 0.9
"""Least area under the ROC curve on held-out tracings from which the network has found what was planted."""

CHANCE = 0.5
"""ROC area of a map that says nothing."""

Planting = Callable[["Tracing"], tuple[NDArray[np.float32], NDArray[np.bool_]]]


@dataclass(frozen=True, eq=False)
class Tracing:
    """A recording into which evidence can be planted.

    Attributes
    ----------
    patient : int or str
    leads : float32 array (12, n_samples) in mV
        At :data:`PLANTED_FS`, each lead about its median.
    beats : tuple of BeatSegments
    """

    patient: RecordId
    leads: NDArray[np.float32]
    beats: tuple[BeatSegments, ...]


@dataclass(frozen=True)
class Known:
    """How well a method finds one kind of planted evidence.

    Attributes
    ----------
    method, kind : str
    area : Estimate
        The pixels' ROC area against the exact mask (:func:`bench.explain.maps.metric.pixel_area`).
    energy, random : Estimate
        The same of the signal's energy, and of the method's own maps of random weights, drawn for each tracing.
    above_null : Estimate
        Difference, tracing by tracing, from the energy's, or from chance or the mean of random weights where that is
        more: energy is least where something is absent, so that a map which says nothing at all would beat it, and
        what a method finds without having learned anything is no merit of its own.
    pointing : Estimate
        Share of the tracings whose most relevant tile lies in the mask.
    """

    method: str
    kind: str
    area: Estimate
    energy: Estimate
    random: Estimate
    above_null: Estimate
    pointing: Estimate


@dataclass(frozen=True, eq=False)
class Taught:
    """A network that finds what was planted.

    Attributes
    ----------
    network : Network
        With a head of one value for each kind, since several may be planted at once.
    areas : mapping of str to float
        By kind, its area under the ROC curve on tracings that it was not taught on.
    """

    network: Network
    areas: dict[str, float]


def tracings(dataset: Dataset, most: int = TRACINGS) -> tuple[Tracing, ...]:
    """Return the first records, so many at most, whose beats have what evidence is planted in.

    They are of training folds where a dataset has recordings of them: nothing else is taught to any network.
    """
    folds = dataset.splits[TRAIN].folds if TRAIN in dataset.splits else ()
    is_taught = any(record.rates for record in dataset.in_folds(folds))
    found: list[Tracing] = []
    for record in dataset.in_folds(folds) if is_taught else dataset:
        if len(found) == most:
            break
        signal = record.signal() if record.rates else None
        tracing = tracing_of(record.patient_id, signal.mv, signal.fs) if signal else None
        if tracing is not None:
            found.append(tracing)
    return tuple(found)


def tracing_of(patient: RecordId, mv: NDArray[np.float32], fs: float) -> Tracing | None:
    """Return a signal in mV, float32 (12, n_samples), as a tracing; None where its beats lack what is needed."""
    beats = segmented(mv, fs)
    whole = [beat for beat in beats if {"P", "QRS", "ST"} <= set(beat.spans)]
    if len(whole) < max(LEAST_BEATS, len(beats) - 2):
        return None
    return Tracing(patient, shown_of(Case("", signal=mv, fs=fs)).leads, beats)


def parted(found: Sequence[Tracing]) -> tuple[tuple[Tracing, ...], tuple[Tracing, ...]]:
    """Return the tracings that the network is taught on, and those of every fifth patient, whose maps are judged."""
    numbers = {patient: number for number, patient in enumerate(dict.fromkeys(one.patient for one in found))}
    held = [numbers[one.patient] % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 for one in found]
    return (
        tuple(one for one, out in zip(found, held, strict=True) if not out),
        tuple(one for one, out in zip(found, held, strict=True) if out),
    )


def late_qrs(tracing: Tracing) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the leads with a notch of 50 ms about the end of each QRS complex in V2, and where it lies."""
    shape = (NOTCH_MV * np.hanning(7)[1:-1]).astype(np.float32)
    ends = [round(beat.spans["QRS"].end * PLANTED_FS) for beat in tracing.beats if "QRS" in beat.spans]
    return _added(tracing.leads, "V2", [(end - len(shape) // 2, shape) for end in ends])


def st_shift(tracing: Tracing) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the leads with every ST segment of V4 raised until 100 ms behind the J point, and where that is."""
    shape = np.full(PLANTED_FS // 10, SHIFT_MV, dtype=np.float32)
    begins = [round(beat.spans["ST"].begin * PLANTED_FS) for beat in tracing.beats if "ST" in beat.spans]
    return _added(tracing.leads, "V4", [(begin, shape) for begin in begins])


def without_p(tracing: Tracing) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the leads with straight lines in place of the P waves of II, and where these were."""
    cells = cells_of(tracing.beats, PLANTED_FS, tracing.leads.shape[1])
    mask = cells.mask(("II",)) & cells.during("P")
    return bridged(tracing.leads, mask), mask


PLANTS: dict[str, Planting] = {LATE_QRS: late_qrs, ST_SHIFT: st_shift, NO_P: without_p}
"""What is planted, by kind, in the order of the network's outputs."""


def taught(given: Sequence[Tracing], held_out: Sequence[Tracing], seed: int = 0) -> Taught:
    """Return a network that tells which kinds were planted; in each epoch others are, each kind in half the tracings.

    Parameters
    ----------
    given, held_out : sequence of Tracing
        What it is taught on, and what it is tried on.
    seed : int
        Equal seeds give equal weights.

    Raises
    ------
    taxonomy.error.RunError
        When there are too few tracings, or the network does not find what was planted.
    """
    import torch

    if len(given) < BATCH or not held_out:
        raise RunError(
            f"known truth needs {BATCH} recordings at least with P, QRS and ST in their beats, and there are "
            f"{len(given)}, with {len(held_out)} to try the network on"
        )
    threads = torch.get_num_threads()
    found: list[Taught] = []
    with torch.random.fork_rng(devices=[]):
        torch.set_num_threads(1)  # sums of several threads differ in their last bit
        try:
            for attempt in range(TRIES):
                torch.manual_seed(TRIES * seed + attempt)
                network = Network((_fitted(given, seed),), {kind: (kind,) for kind in PLANTS}, PLANTED_FS, shown_of)
                found.append(Taught(network, _areas(network, held_out, seed)))
                if min(found[-1].areas.values()) >= LEAST_AUC:
                    return found[-1]
        finally:
            torch.set_num_threads(threads)
    best = max(found, key=lambda one: min(one.areas.values())).areas
    kind = min(best, key=lambda name: best[name])
    raise RunError(
        f"the network did not learn to see the planted {kind!r} (area {best[kind]:.2f} on held-out recordings, not "
        f"{LEAST_AUC}, at the best of {TRIES} tries): give more recordings than {len(given)}"
    )


def shown_of(case: Case) -> Shown:
    """Return a case as the taught network is shown it: in mV at 100 Hz, each lead about its median."""
    if case.signal is None or case.fs is None:
        raise RunError("the network of planted evidence needs a signal in every case")
    leads = resampled(without_gaps(case.signal), case.fs, PLANTED_FS)
    return Shown((leads - np.median(leads, axis=1, keepdims=True)).astype(np.float32))


def known_truth(found: Taught, held_out: Sequence[Tracing], methods: Sequence[Method], seed: int = 0) -> list[Known]:
    """Return how well each method finds each kind of evidence, a method's kinds together.

    Parameters
    ----------
    found : Taught
    held_out : sequence of Tracing
        Not those that it was taught on.
    methods : sequence of Method
    seed : int
        Of the random weights.
    """
    lots = [zlib.crc32(f"{seed} {number}".encode()) for number in range(len(held_out))]
    randoms = [found.network.randomised(lot) for lot in lots]
    layer = last_layer(found.network, Shown(held_out[0].leads))
    rows = []
    for method in methods:
        for kind, plant in PLANTS.items():
            output = found.network.place(kind, kind)
            maps = [
                _Judged.of(method, (found.network, random), one, plant, (output, layer))
                for one, random in zip(held_out, randoms, strict=True)
            ]
            rows.append(_known(method.name, kind, maps, [one.patient for one in held_out]))
    return rows


@dataclass(frozen=True)
class _Judged:
    """Figures of one tracing."""

    area: float | None
    energy: float | None
    random: float | None
    pointing: float | None

    @classmethod
    def of(
        cls,
        method: Method,
        networks: tuple[Network, Network],
        tracing: Tracing,
        plant: Planting,
        asked: tuple[int, str],
    ) -> "_Judged":
        leads, mask = plant(tracing)
        cells = cells_of(tracing.beats, PLANTED_FS, leads.shape[1])
        shown, (output, layer) = Shown(leads), asked
        maps: list[Map] = [method.explain(Answer(one, shown, output, cells, layer)) for one in networks]
        points = points_into(maps[0], mask, PLANTED_FS)
        return cls(
            pixel_area(maps[0], mask),
            pixel_area(energy(shown), mask),
            pixel_area(maps[1], mask),
            float(bool(points)),
        )


def _known(method: str, kind: str, judged: Sequence[_Judged], patients: Sequence[RecordId]) -> Known:
    def mean(values: Sequence[float | None]) -> Estimate:
        found = estimate(values, patients)
        if found is None:
            raise RunError(f"no recording holds a planted {kind!r}")
        return found

    areas, nulls = [one.area for one in judged], [one.energy for one in judged]
    random = mean([one.random for one in judged])
    return Known(
        method,
        kind,
        mean(areas),
        mean(nulls),
        random,
        mean(above_null(areas, nulls, random.value)),
        mean([one.pointing for one in judged]),
    )


def above_null(
    areas: Sequence[float | None], energies: Sequence[float | None], random: float = CHANCE
) -> list[float | None]:
    """Return by how much areas are above that of the energy, above chance, and above the mean of random weights."""
    least = max(random, CHANCE)
    return above(areas, [None if one is None else max(one, least) for one in energies])


def _added(
    leads: NDArray[np.float32], lead: str, shapes: Sequence[tuple[int, NDArray[np.float32]]]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return leads with shapes added to one of them, each from a sample on, and where they lie."""
    added = np.zeros(leads.shape, dtype=np.float32)
    for begin, shape in shapes:
        inside = slice(max(begin, 0), min(begin + len(shape), leads.shape[1]))
        added[LEADS.index(lead), inside] = shape[inside.start - begin : inside.stop - begin]
    return leads + added, added != 0


def _with_some(tracing: Tracing, chance: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the leads of a tracing with each kind planted in it or not, and which are."""
    drawn = chance.random(len(PLANTS)) < 0.5
    leads = tracing.leads
    for plant in (plant for plant, is_there in zip(PLANTS.values(), drawn, strict=True) if is_there):
        leads = plant(Tracing(tracing.patient, leads, tracing.beats))[0]
    return leads, drawn


def _fitted(given: Sequence[Tracing], seed: int) -> "nn.Module":
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    chance, module = np.random.default_rng(seed), _module()
    steps = EPOCHS * (len(given) // BATCH)
    adam = torch.optim.Adam(module.parameters(), lr=RATE)
    course = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        made = [_with_some(given[row], chance) for row in chance.permutation(len(given))]
        leads = torch.from_numpy(np.stack([one for one, _ in made]))
        wanted = torch.from_numpy(np.stack([drawn for _, drawn in made]).astype(np.float32))
        for start in range(0, len(made) - BATCH + 1, BATCH):
            part = slice(start, start + BATCH)
            loss = binary_cross_entropy_with_logits(module(leads[part]), wanted[part])
            adam.zero_grad()
            loss.backward()
            adam.step()
            course.step()
    return module.eval()


def _module() -> "nn.Module":
    """Return three convolutions, whose activations are averaged over time."""
    from torch import nn

    def block(given: int) -> list[nn.Module]:
        return [nn.Conv1d(given, CHANNELS, 7, padding=3), nn.BatchNorm1d(CHANNELS), nn.ReLU()]

    pooled = [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(CHANNELS, len(PLANTS))]
    return nn.Sequential(
        nn.Sequential(*block(len(LEADS)), nn.MaxPool1d(2), *block(CHANNELS), nn.MaxPool1d(2), *block(CHANNELS)), *pooled
    )


def _areas(network: Network, held_out: Sequence[Tracing], seed: int) -> dict[str, float]:
    """Return the ROC area of each kind, over every tracing with some kinds planted, four draws of each."""
    import torch

    from readers.resnet1d.loss import macro_auroc

    chance = np.random.default_rng(seed + 1)
    made = [_with_some(one, chance) for one in held_out for _ in range(4)]
    wanted = np.stack([drawn for _, drawn in made]).astype(np.float32)
    with torch.inference_mode():
        logits = network.logits(torch.from_numpy(np.stack([one for one, _ in made]))).numpy()
    return {kind: macro_auroc(wanted[:, [k]], logits[:, [k]]) for k, kind in enumerate(PLANTS)}
