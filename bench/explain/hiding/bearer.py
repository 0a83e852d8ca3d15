"""The recordings in which a reader is to be explained: those that bear a finding by their labels, drawn by lot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.dataset import Cohort, Record, RecordId
from bench.dataset.lot import in_random_order
from bench.explain.counterfactual.donor_pool import bears
from bench.explain.hiding.target import Target
from bench.explain.maps.method import unknown_target
from bench.view.region import expected_region
from readers.head import FINDING_FROM
from taxonomy.axis import AXES, DIAGNOSIS
from taxonomy.error import RunError
from taxonomy.reading import Reading


@dataclass(frozen=True)
class Bearers:
    """Recordings that bear a finding.

    Attributes
    ----------
    target : Target
    records : tuple of Record
        One of each patient, in the order of the lot.
    """

    target: Target
    records: tuple[Record, ...]


def target_named(name: str) -> Target:
    """Return the target that a name such as ``conduction=lbbb`` says; raises UnknownNameError for another."""
    axis, sign, value = name.partition("=")
    if not sign:
        raise unknown_target(name, [(one.axis, one.value) for one in with_region()])
    return Target(axis, value)


def with_region() -> tuple[Target, ...]:
    """Return every finding of which it is known where a cardiologist looks; not those of ``diagnosis``.

    That axis says in PTB-XL's words what the others say.
    """
    axes = [axis for axis in AXES if axis is not DIAGNOSIS]
    return tuple(
        Target(axis.name, value) for axis in axes for value in axis.values if expected_region(axis.name, value)
    )


def bearers(cohort: Cohort, targets: Sequence[Target] = (), most: int = 12, seed: int = 0) -> tuple[Bearers, ...]:
    """Return the recordings that bear each finding, so many patients at most.

    Parameters
    ----------
    cohort : Cohort
    targets : sequence of Target
        In whose order they come; without any, every finding that has an expected region, the commonest first.
    most : int
    seed : int
        Of the lot, which is one for all findings, so that a recording serves as many as it can.

    Raises
    ------
    taxonomy.error.RunError
        When no recording bears any.
    """
    wanted = tuple(dict.fromkeys(targets)) or with_region()
    found: dict[Target, dict[RecordId, Record]] = {target: {} for target in wanted}
    for record in in_random_order(cohort, seed, "explanation"):
        if not record.rates:
            continue
        truth = cohort.truth(record)
        for target, its in found.items():
            if record.patient_id not in its and bears(truth, target.axis, target.value):
                its[record.patient_id] = record
    borne = [one for one in wanted if found[one]]
    if not borne:
        named = ", ".join(target.name for target in wanted[:3]) + (", ..." if len(wanted) > 3 else "")
        raise RunError(f"none of {len(cohort)} recordings bears {named}: name other targets or a larger sample")
    if not targets:
        borne.sort(key=lambda one: -len(found[one]))
    return tuple(Bearers(one, tuple(found[one].values())[:most]) for one in borne)


def says(target: Target, reading: Reading) -> bool:
    """Tell whether a reading answers a target: by its value, or by its probability where the axis has none."""
    if target.axis not in reading.values and (chance := target.probability(reading)) is not None:
        return chance >= FINDING_FROM
    return target.is_said(reading)


@dataclass(frozen=True)
class Answering:
    """How a reader answered the recordings that bear a finding.

    Attributes
    ----------
    records : tuple of Record
        Those in which it finds it.
    missed, failed : int
        Those in which it does not, and those of which the call failed.
    """

    records: tuple[Record, ...]
    missed: int
    failed: int


def answering(of: Bearers, readings: Mapping[RecordId, Reading]) -> Answering:
    """Return which recordings of a finding are answered so, by the readings of the whole ones."""
    answered = [one for one in of.records if readings[one.ecg_id].outcome != "failed"]
    found = tuple(one for one in answered if says(of.target, readings[one.ecg_id]))
    return Answering(found, len(answered) - len(found), len(of.records) - len(answered))
