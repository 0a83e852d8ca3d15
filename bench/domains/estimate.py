"""What a study would take: its trainings, their time by a short pilot on this machine, and the disk."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.domains.domain import ZERO_SHOT, Domain
from bench.domains.partition import Lesson, patients_of
from bench.domains.running import DomainPlan
from bench.domains.teaching import Arm
from bench.experiment.estimate import READING_BYTES
from bench.training.rare_phantom import phantom_record
from taxonomy.statement import SUPERCLASSES

if TYPE_CHECKING:
    from readers.resnet1d.dataset import TrainingSet

PILOT_STEPS = 4
"""Steps that are timed, after as many that are not."""

PREPARED_BYTES = 12 * 1000 * 4
"""A record in the cache folder, shared by all trainings."""

TRAINED_BYTES, KEPT_BYTES = 36, 2
"""Of each parameter: while a member is trained (two checkpoints with the optimizer's state, and the best weights), and
afterwards."""


@dataclass(frozen=True)
class DomainSize:
    """A domain in numbers: records, patients, those with a superclass, and of these the positives of each."""

    name: str
    records: int
    patients: int
    labelled: int
    positives: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class ArmEstimate:
    """What the trainings of an arm would take.

    Attributes
    ----------
    arm : Arm
    trainings, done : int
        In all, and those that are finished already.
    member_records : int
        Records that go through a network, over members and epochs at most, in those that are left.
    parameters : int
        Of one member.
    speed : float
        Records a second, timed by a pilot on noise.
    """

    arm: Arm
    trainings: int
    done: int
    member_records: int
    parameters: int
    speed: float

    @property
    def seconds(self) -> float:
        """Time of the steps at most: a training may stop early."""
        return self.member_records / self.speed

    @property
    def disk(self) -> float:
        """Bytes of the weights, and of one training's checkpoints."""
        members = len(self.arm.config.seeds)
        return members * self.parameters * (KEPT_BYTES * self.trainings + TRAINED_BYTES)


@dataclass(frozen=True, eq=False)
class StudyEstimate:
    """What a study would take.

    Attributes
    ----------
    domains : tuple of DomainSize
    arms : tuple of ArmEstimate
    questions : int
        Readings of all arms and readers.
    prepared_disk, reading_disk : float
        Bytes in the cache folder and in the study's.
    """

    domains: tuple[DomainSize, ...]
    arms: tuple[ArmEstimate, ...]
    questions: int
    prepared_disk: float
    reading_disk: float

    @property
    def disk(self) -> float:
        """Bytes in the study's folder."""
        return self.reading_disk + sum(arm.disk for arm in self.arms)


def estimated(plan: DomainPlan) -> StudyEstimate:
    """Return what a study would take; nothing is written.

    Raises
    ------
    taxonomy.error.BenchError
        When a reader cannot be built, or accelerate is missing.
    """
    readers = len([reader.reader for reader in plan.readers]) if plan.does(ZERO_SHOT) else 0
    records = sum(len(domain.records) for domain in plan.domains)
    taught = sum(len(lesson.held_out) for lesson in plan.lessons)
    questions = records * readers + taught * len(plan.arms)
    return StudyEstimate(
        tuple(map(domain_size, plan.domains)),
        tuple(_arm(plan, arm) for arm in plan.arms) if plan.lessons else (),
        questions,
        PREPARED_BYTES * records if plan.lessons and plan.arms else 0.0,
        float(READING_BYTES * questions),
    )


def domain_size(domain: Domain) -> DomainSize:
    """Return a domain in numbers; its signals are not read."""
    known = [found for record in domain.records if (found := domain.dataset.truth(record).superclasses)]
    counts = Counter(name for found in known for name in found)
    positives = {name: counts[name] for name in SUPERCLASSES}
    return DomainSize(domain.name, len(domain.records), patients_of(domain), len(known), positives)


def _arm(plan: DomainPlan, arm: Arm) -> ArmEstimate:
    left = [lesson for lesson in plan.lessons if not plan.is_trained(arm, lesson)]
    config = arm.config
    phantoms = phantom_record(config.phantoms)["records"] if config.phantoms else 0
    records = sum(_records(lesson) + phantoms for lesson in left)
    parameters, speed = _pilot(arm)
    return ArmEstimate(
        arm,
        len(plan.lessons),
        len(plan.lessons) - len(left),
        records * config.epochs * len(config.seeds),
        parameters,
        speed,
    )


def _records(lesson: Lesson) -> int:
    return sum(lesson.taught.values())


def _pilot(arm: Arm) -> tuple[int, float]:
    """Return a network's parameters, and how many records a second it is taught here."""
    from readers.resnet1d.training import Training

    config = replace(arm.config, epochs=2)
    training = Training(_noise(PILOT_STEPS * config.batch, config.batch), config, 0, lambda done, total: None)
    training.run_epoch(1)
    return sum(weight.numel() for weight in training.network.parameters()), training.run_epoch(2).rate


def _noise(teach: int, stop: int) -> "TrainingSet":
    """Return noise to train on, of which every other record is labelled positive on every head."""
    import numpy as np

    from readers.resnet1d.dataset import TrainingSet
    from readers.resnet1d.preprocessing import NETWORK_SAMPLES
    from readers.resnet1d.side import NAMES
    from readers.training_target import training_heads

    n, chance = teach + stop, np.random.default_rng(0)
    hot = {head: np.zeros((n, len(values)), dtype=np.float32) for head, values in training_heads().items()}
    for target in hot.values():
        target[::2, 0], target[1::2, -1] = 1, 1
    known = {head: np.ones(n, dtype=np.bool_) for head in hot}
    leads = chance.standard_normal((n, 12, NETWORK_SAMPLES), dtype=np.float32)
    side = chance.standard_normal((n, len(NAMES)), dtype=np.float32)
    weight = np.ones(n, dtype=np.float32)
    return TrainingSet(leads, side, hot, known, weight, np.arange(teach), np.arange(teach, n))
