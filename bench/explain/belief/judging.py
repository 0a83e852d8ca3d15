"""The figures of every method on every answer, and what they say of a method on a reader, with intervals by patient.

The figures of one answer rest on nothing else, so that they can be stored one by one and a killed run goes on.
"""

import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.explain.belief.estimate import Estimate, above, estimate
from bench.explain.belief.planted import Known
from bench.explain.belief.sample import Positive
from bench.explain.belief.verdict import Evidence, Verdict, verdict
from bench.explain.maps.method import Answer, Map, Method, last_layer
from bench.explain.maps.metric import (
    Deletion,
    agreement,
    deletions,
    energy,
    mass,
    partial_rank_correlation,
    points_into,
)
from bench.score.rounding import rounded
from readers.network import Network, Output
from taxonomy.error import ReaderError


@dataclass(frozen=True, eq=False)
class Place:
    """What a map is of: a recording, a finding (head and value), its expected region and the sampling rate in Hz."""

    ecg_id: RecordId
    patient_id: RecordId
    output: Output
    region: NDArray[np.bool_] | None
    fs: float


@dataclass(frozen=True)
class Nulls:
    """Figures of the signal's energy on one answer."""

    mass: float | None
    pointing: float | None
    deletion: float | None
    insertion: float | None


@dataclass(frozen=True)
class Figures:
    """A method on one answer.

    Attributes
    ----------
    method : str
    ecg_id, patient_id : int or str
    head, value : str
        The finding.
    area : float or None
        Share of the samples in the expected region; None where no place is named.
    mass, pointing : float or None
        Share of the relevance in it, and whether (1) or not (0) the map points into it.
    deletion, insertion : float or None
        Gains over random order, 0 for a flat map; None where flat leads would be answered alike.
    energy : Nulls
        The same of the signal's energy.
    random : float or None
        Partial rank correlation with the map of random weights (one member, drawn anew for each answer), given the
        energy.
    agreement : float or None
        Of the maps of an ensemble's members; None of a single network.
    seconds : float
        That the map took, those of an ensemble's members with it.
    """

    method: str
    ecg_id: RecordId
    patient_id: RecordId
    head: str
    value: str
    area: float | None
    mass: float | None
    pointing: float | None
    deletion: float | None
    insertion: float | None
    energy: Nulls
    random: float | None
    agreement: float | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Figures":
        """Return the figures that :meth:`to_json` gave; raises KeyError or TypeError for anything else."""
        return cls(**{**data, "energy": Nulls(**data["energy"])})


@dataclass(frozen=True)
class Clinical:
    """Whether a map lies where a cardiologist looks, which is worth as much as the verdict that stands with it.

    Attributes
    ----------
    verdict : Verdict
    area : Estimate
        Share of the samples that the regions cover: what a map without any knowledge has as mass.
    mass, pointing : Estimate
    above_area, above_energy : Estimate
        Mass less the area, and less that of the signal's energy.
    pointing_above_energy : Estimate or None
    """

    verdict: Verdict
    area: Estimate
    mass: Estimate
    pointing: Estimate | None
    above_area: Estimate
    above_energy: Estimate | None
    pointing_above_energy: Estimate | None


@dataclass(frozen=True)
class Row:
    """A method on a reader.

    Attributes
    ----------
    reader, method : str
    answers, patients : int
    verdict : Verdict
    truth : mapping of str to Estimate
        By kind of planted evidence, the pixels' ROC area above the energy's and above chance.
    deletion, insertion : Estimate or None
        Gains over random order.
    deletion_above_energy, insertion_above_energy : Estimate or None
    random, agreement : Estimate or None
    clinical : Clinical or None
        None where no answer has an expected region, or no map speaks for any.
    seconds : float
        For one map, in the mean.
    """

    reader: str
    method: str
    answers: int
    patients: int
    verdict: Verdict
    truth: Mapping[str, Estimate]
    deletion: Estimate | None
    insertion: Estimate | None
    deletion_above_energy: Estimate | None
    insertion_above_energy: Estimate | None
    random: Estimate | None
    agreement: Estimate | None
    clinical: Clinical | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON data."""
        return asdict(self)


def judged(found: Sequence[Positive], methods: Sequence[Method], layer: str = "", seed: int = 0) -> Iterator[Figures]:
    """Yield the figures of every method on every answer of one network, an answer's methods together.

    Parameters
    ----------
    found : sequence of Positive
        Of one network.
    methods : sequence of Method
    layer : str
        For methods that need one; by default :func:`bench.explain.maps.method.last_layer`.
    seed : int
        Of random weights and orders: equal seeds give equal figures, whichever answers are left out.
    """
    if not found:
        return
    network = found[0].answer.network
    one_member = replace(network, members=network.members[:1])
    needs_layer = any(method.need == "layer" for method in methods)
    if layer:
        network.layer(layer)
    named = layer or (last_layer(network, found[0].answer.shown) if needs_layer else "")
    for one in found:
        own = replace(one, answer=replace(one.answer, layer=named))
        yield from of_answer(own, methods, one_member.randomised(_draw(one, seed)), seed)


def of_answer(one: Positive, methods: Sequence[Method], random: Network | None, seed: int = 0) -> Iterator[Figures]:
    """Yield the figures of every method on one answer.

    Parameters
    ----------
    one : Positive
    methods : sequence of Method
    random : Network or None
        One member of the network with random weights.
    seed : int
        Of random orders.

    Raises
    ------
    taxonomy.error.ReaderError
        When a method's map has another shape than the leads, or holds NaN or infinity.
    """
    maps, agreements, seconds = [], [], []
    for method in methods:
        start = time.perf_counter()
        members = _of_members(one.answer, method)
        maps.append(_mean(members) if members and method.is_mean else _map(method, one.answer))
        agreements.append(agreement(members))
        seconds.append(time.perf_counter() - start)
    answer, null = one.answer, energy(one.answer.shown)
    curves = deletions(answer.network, answer.shown, answer.output, [null, *maps], seed)
    place = Place(one.ecg_id, one.patient_id, one.output, one.region, answer.network.fs)
    _, *figures = figures_of_maps(place, ["energy", *(method.name for method in methods)], [null, *maps], curves)
    for number, (figure, method, map_) in enumerate(zip(figures, methods, maps, strict=True)):
        correlation = None
        if random is not None and tells(map_):
            other = _map(method, replace(one.answer, network=random))
            correlation = partial_rank_correlation(map_, other, null)
        yield replace(figure, random=correlation, agreement=agreements[number], seconds=seconds[number])


def figures_of_maps(
    place: Place, names: Sequence[str], maps: Sequence[Map], curves: Sequence[Deletion | None]
) -> list[Figures]:
    """Return the figures of maps of one answer.

    Parameters
    ----------
    place : Place
    names : sequence of str
        Of the methods.
    maps : sequence of float32 array (12, n_samples)
        The first of them the energy of the signal, beside which all stand.
    curves : sequence of Deletion or None
        Of each map; None where there is none.
    """
    area = float(place.region.mean()) if place.region is not None else None
    own = [_beside(place, map_, curve) for map_, curve in zip(maps, curves, strict=True)]
    return [
        Figures(
            name,
            place.ecg_id,
            place.patient_id,
            *place.output,
            area,
            **asdict(found),
            energy=own[0],
            random=None,
            agreement=None,
            seconds=0.0,
        )
        for name, found in zip(names, own, strict=True)
    ]


def _beside(place: Place, map_: Map, curve: Deletion | None) -> Nulls:
    gains: tuple[float | None, float | None] = (None, None)
    if curve is not None:  # a flat map has no order but a random one, whose gain is 0
        gains = (curve.deletion_gain, curve.insertion_gain) if tells(map_) else (0.0, 0.0)
    if place.region is None:
        return Nulls(None, None, *gains)
    points = points_into(map_, place.region, place.fs)
    return Nulls(mass(map_, place.region), None if points is None else float(points), *gains)


def rows(reader: str, figures: Sequence[Figures], truth: Sequence[Known] = ()) -> tuple[Row, ...]:
    """Return what the figures say of every method, in the order in which they come.

    Parameters
    ----------
    reader : str
    figures : sequence of Figures
    truth : sequence of Known
        How well the methods find what was planted (:func:`.planted.known_truth`); without it no verdict
        but a failed sanity check, or that a method does no better than amplitude, can be reached.
    """
    by_method: dict[str, list[Figures]] = {}
    for one in figures:
        by_method.setdefault(one.method, []).append(one)
    known = {name: {row.kind: row.above_null for row in truth if row.method == name} for name in by_method}
    points = {name: {row.kind: row.pointing for row in truth if row.method == name} for name in by_method}
    return tuple(row(reader, of, known[name], points[name]) for name, of in by_method.items())


def row(
    reader: str,
    figures: Sequence[Figures],
    truth: Mapping[str, Estimate | None],
    pointing: Mapping[str, Estimate] | None = None,
) -> Row:
    """Return what the figures of one method say, beside what is known of it on planted evidence."""
    patients = [one.patient_id for one in figures]

    def mean(values: Sequence[float | None]) -> Estimate | None:
        return estimate(values, patients)

    deletion = [one.deletion for one in figures]
    insertion = [one.insertion for one in figures]
    above_energy = mean(above(deletion, [one.energy.deletion for one in figures]))
    random = mean([one.random for one in figures])
    word = verdict(Evidence(truth, above_energy, random, pointing or {}))
    return Row(
        reader,
        figures[0].method,
        len(figures),
        len(set(patients)),
        word,
        {kind: one for kind, one in truth.items() if one is not None},
        mean(deletion),
        mean(insertion),
        above_energy,
        mean(above(insertion, [one.energy.insertion for one in figures])),
        random,
        mean([one.agreement for one in figures]),
        _clinical(figures, word),
        rounded(float(np.mean([one.seconds for one in figures]))),
    )


def _clinical(figures: Sequence[Figures], word: Verdict) -> Clinical | None:
    there = [one for one in figures if one.mass is not None and one.area is not None]
    patients = [one.patient_id for one in there]
    masses, areas = [one.mass for one in there], [one.area for one in there]
    mass_, area, over = (estimate(values, patients) for values in (masses, areas, above(masses, areas)))
    if mass_ is None or area is None or over is None:
        return None
    points = [one.pointing for one in there]
    return Clinical(
        word,
        area,
        mass_,
        estimate(points, patients),
        over,
        estimate(above(masses, [one.energy.mass for one in there]), patients),
        estimate(above(points, [one.energy.pointing for one in there]), patients),
    )


def map_of(answer: Answer, method: Method) -> Map:
    """Return the map of an answer; of an ensemble the mean of its members' maps, where the method says so.

    Raises
    ------
    taxonomy.error.ReaderError
        When it has another shape than the leads, or holds what is not finite.
    """
    members = _of_members(answer, method) if method.is_mean else []
    return _mean(members) if members else _map(method, answer)


def _of_members(answer: Answer, method: Method) -> list[Map]:
    """Return the maps of an ensemble's members; none of a single network."""
    if len(answer.network.members) < 2:
        return []
    return [_map(method, replace(answer, network=one)) for one in answer.network.each_member()]


def _map(method: Method, answer: Answer) -> Map:
    """Return the map of a method; raises ReaderError where it is none."""
    map_, wanted = np.asarray(method.explain(answer), dtype=np.float32), answer.shown.leads.shape
    if map_.shape != wanted or not np.isfinite(map_).all():
        fault = f"has shape {map_.shape}, not {wanted}" if map_.shape != wanted else "holds NaN or infinity"
        raise ReaderError(f"a map of the method {method.name!r} {fault}: mend the method, or leave it out")
    return map_


def _mean(maps: Sequence[Map]) -> Map:
    mean: Map = np.mean(maps, axis=0)
    return mean


def tells(map_: Map) -> bool:
    """Tell whether a map says anything: one that is flat has no order."""
    return bool(map_.max() > 0 and map_.max() > map_.min())


def _draw(one: Positive, seed: int) -> int:
    """Return a number that depends on the seed and the answer alone: intervals then hold the lot of random weights."""
    return zlib.crc32(f"{seed} {one.ecg_id} {one.output}".encode())
