"""The maps of the right answers, drawn by one method: where they lie on the whole, and what hiding that does."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.explain.belief.judging import map_of
from bench.explain.belief.sample import Positive
from bench.explain.maps.method import Map, Method
from bench.explain.maps.metric import Deletion, deletions, energy
from bench.explain.maps.pooled_map import Pooled, cell_shares, pooled
from bench.explain.study.found import LEAST_CURVES, Curves
from bench.progress import SILENT, Observer
from readers.network import Output


@dataclass(frozen=True, eq=False)
class Mapped:
    """A right answer, its map, and what hiding what the map and the signal's energy point at does."""

    positive: Positive
    map: Map
    of_method: Deletion | None
    of_energy: Deletion | None


def mapped(found: Sequence[Positive], method: Method, seed: int = 0, observer: Observer = SILENT) -> list[Mapped]:
    """Return the map of every answer by one method."""
    every = []
    with observer.progress(f"maps by {method.name}", "answers") as report:
        for number, one in enumerate(found, start=1):
            answer = one.answer
            own = map_of(answer, method)
            curves = deletions(answer.network, answer.shown, answer.output, [own, energy(answer.shown)], seed)
            every.append(Mapped(one, own, *curves))
            report(number, len(found))
    return every


def heats(found: Sequence[Mapped]) -> tuple[Pooled, ...]:
    """Return the mean map of every finding."""
    pools = []
    for output, members in _by_output(found).items():
        shares = [(one.positive.patient_id, cell_shares(one.map, one.positive.answer.cells)) for one in members]
        pools.append(pooled(*output, [(patient, share) for patient, share in shares if share is not None]))
    return tuple(one for one in pools if one.n)


def curves(found: Sequence[Mapped], method: str) -> tuple[Curves, ...]:
    """Return the curves of all findings together, then of each that has enough records."""
    groups = [("all findings", list(found))]
    groups += [(" ".join(output), members) for output, members in _by_output(found).items()]
    made = [_curves(title, method, members) for title, members in groups]
    return tuple(one for one in made if len(one.patients) >= LEAST_CURVES)


def _by_output(found: Sequence[Mapped]) -> dict[Output, list[Mapped]]:
    groups: dict[Output, list[Mapped]] = {}
    for one in found:
        groups.setdefault(one.positive.output, []).append(one)
    return groups


def _curves(title: str, method: str, members: Sequence[Mapped]) -> Curves:
    known = [(one, one.of_method, one.of_energy) for one in members]
    there = [(one, own, null) for one, own, null in known if own is not None and null is not None]
    return Curves(
        title,
        method,
        tuple(one.positive.patient_id for one, _, _ in there),
        tuple(own for _, own, _ in there),
        tuple(null for _, _, null in there),
    )
