"""A study of domain shift: its trainings and readings, each kept when it is done, so that the same command goes on."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bench.dataset import RecordId
from bench.domains.asking import AskedReader, readings_of
from bench.domains.domain import HELD_OUT, INTRA, PROTOCOLS, ZERO_SHOT, Answered, Domain, Protocol
from bench.domains.partition import (
    FOLDS,
    LEAST_FOLDS,
    Lesson,
    folded,
    left_out,
    left_out_by_fold,
    matched_size,
    patients_of,
    why_not_folded,
)
from bench.domains.teaching import Arm, check_arm, taught_weights
from bench.progress import SILENT, Observer
from bench.run.caveat import same_simulator
from bench.storage import as_json, write_whole
from taxonomy.axis import VERSION as TAXONOMY_VERSION
from taxonomy.error import SettingError
from taxonomy.reading import Reading

SETTINGS = "settings.json"
"""Tells what a study's folder rests on, and what it does without."""

WHOLE, ONE_NETWORK = "whole", "one-network"


@dataclass(frozen=True, eq=False)
class DomainPlan:
    """A study as it was asked for.

    Attributes
    ----------
    domains : tuple of Domain
    arms : tuple of Arm
        Configurations to train.
    readers : tuple of AskedReader
        Asked as they are.
    out : Path
        The study's folder is made in it.
    protocols : tuple of str
    folds : int
        Of the cross-validation.
    seed : int
        Of the lots by which patients are dealt.
    whole : bool
        Whether all records of the other domains teach in ``leave-one-out``, and not as many as in ``intra-source``.
    one_network : bool
        Whether one network answers a whole domain in ``leave-one-out``, and not one each fold.
    workers : int or None
        Processes that prepare signals.

    Raises
    ------
    taxonomy.error.SettingError
        When there are too few folds, two arms or readers have the same name, or nothing would be done.
    """

    domains: tuple[Domain, ...]
    arms: tuple[Arm, ...]
    readers: tuple[AskedReader, ...]
    out: Path = Path("domains")
    protocols: tuple[Protocol, ...] = PROTOCOLS
    folds: int = FOLDS
    seed: int = 0
    whole: bool = False
    one_network: bool = False
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.folds < LEAST_FOLDS:
            raise SettingError(
                f"--folds must be {LEAST_FOLDS} or more, not {self.folds}: one teaches, one stops it, one is held out"
            )
        for option, names in (
            ("--config", [arm.name for arm in self.arms]),
            ("--reader", [o.name for o in self.readers]),
        ):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise SettingError(f"{option} names {twice!r} twice: name each once, files by names of their own")

    @cached_property
    def folder(self) -> Path:
        """The study's folder, whose name follows from the records, their labels and how they are dealt."""
        return self.out / f"domains-{hashlib.sha256(as_json(self.settings()).encode()).hexdigest()[:8]}"

    @property
    def page_folder(self) -> Path:
        """Where the figures go: those of other trainings of ``leave-one-out`` beside the others."""
        return self.folder / self._kind if self._kind else self.folder

    @property
    def _kind(self) -> str:
        return "-".join([WHOLE] * self.whole + [ONE_NETWORK] * self.one_network)

    def settings(self) -> Mapping[str, object]:
        """Return what all trainings and readings of the folder rest on; protocols, arms and sizes may be added."""
        return {
            "domains": {domain.name: _told(domain) for domain in self.domains},
            "folds": self.folds,
            "seed": self.seed,
            "taxonomy_version": TAXONOMY_VERSION,
        }

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        """The trainings of each arm."""
        intra = [domain for domain in self.domains if not why_not_folded(domain, self.folds)]
        found = [one for domain in intra for one in folded(domain, self.folds, self.seed)] if self.does(INTRA) else []
        if self.does(HELD_OUT) and len(self.domains) > 1:
            found += [lesson for domain in self.domains for lesson in self._left_out(domain)]
        return tuple(found)

    def _left_out(self, domain: Domain) -> tuple[Lesson, ...]:
        size = None if self.whole else matched_size(domain, self.folds)
        if self.one_network or why_not_folded(domain, self.folds):
            return (left_out(domain, self.domains, self.seed, size),)
        return left_out_by_fold(domain, self.domains, self.folds, self.seed, size)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What the study does without, and why, in sentences."""
        said = [why_not_folded(domain, self.folds) for domain in self.domains if self.does(INTRA)]
        if self.does(HELD_OUT) and len(self.domains) == 1:
            said.append(
                f"{HELD_OUT} is left out: {self.domains[0].name} is the only domain, and no other is there to be "
                "taught; name more with --data"
            )
        said += [_unstopped(lesson) for lesson in self.lessons if not lesson.stops]
        said += [] if self.whole else self._unmatched()
        if self.does(ZERO_SHOT):
            said += [note for reader in self.readers for note in self._cautions(reader)]
        return tuple(filter(None, said))

    def does(self, protocol: Protocol) -> bool:
        """Tell whether a protocol was asked for."""
        return protocol in self.protocols

    def place(self, arm: Arm, lesson: Lesson) -> Path:
        """Return the folder of a training."""
        whole = f"-{WHOLE}" if self.whole and lesson.protocol == HELD_OUT else ""
        return self.folder / "trainings" / arm.folder / f"{lesson.protocol}{whole}" / lesson.name

    def is_trained(self, arm: Arm, lesson: Lesson) -> bool:
        """Tell whether a training is finished."""
        from bench.domains.teaching import WEIGHTS

        return (self.place(arm, lesson) / WEIGHTS).is_file()

    def _unmatched(self) -> list[str]:
        """Return where the other domains have too few records for a training of the same size, in sentences."""
        said = []
        for lesson in self.lessons:
            size, taught = matched_size(lesson.domain, self.folds), sum(lesson.taught.values())
            if lesson.protocol == HELD_OUT and lesson.fold < 2 and taught < size:
                said.append(
                    f"{HELD_OUT} of {lesson.domain.name} teaches {taught:,} records, all that the other domains have, "
                    f"where {size:,} teach in {INTRA}: size is in that drop"
                )
        return said

    def _cautions(self, asked: AskedReader) -> Iterator[str]:
        """Yield what the answers of a reader that is asked as it is are no test of."""
        details = dict(getattr(asked.reader, "details", {}))
        for domain in self.domains:
            taught = len(asked.contaminated(domain))
            if taught:
                which = "all" if taught == len(domain.records) else f"{taught:,}"
                yield (
                    f"{asked.name} was taught folds that hold {which} of the {len(domain.records):,} records of "
                    f"{domain.name}: its answers on them are no test"
                )
        simulated = any(domain.dataset.is_simulated for domain in self.domains)
        yield from (note.rstrip(".") for note in same_simulator(asked.name, details, simulated))


def run_domains(plan: DomainPlan, observer: Observer = SILENT) -> tuple[Answered, ...]:
    """Train, ask, and return what every arm answered on every domain under every protocol.

    What is stored already is not done again, so that a study that was stopped goes on.

    Raises
    ------
    taxonomy.error.BenchError
        When a reader, a record or a folder cannot be used; what is finished is kept.
    """
    _begin(plan)
    asked = _zero_shots(plan)
    answered = [
        _asked(plan, reader, domain, observer.part("domain", number, len(asked)))
        for number, (reader, domain) in enumerate(asked, start=1)
    ]
    if plan.lessons and plan.arms:
        answered += _taught(plan, observer)
    return tuple(answered)


def _begin(plan: DomainPlan) -> None:
    """Build every reader and look at every arm before anything is computed, and write what the folder rests on.

    Raises
    ------
    taxonomy.error.SettingError
        When there is nothing to ask, or an arm cannot be trained or asked here.
    """
    if not _zero_shots(plan) and not (plan.lessons and plan.arms):
        raise SettingError(f"nothing is left to do under {' and '.join(plan.protocols)}: {'; '.join(plan.notes)}")
    for reader, _ in _zero_shots(plan):
        _ = reader.reader
    for arm in plan.arms if plan.lessons else ():
        check_arm(arm)
    write_whole(plan.page_folder / SETTINGS, as_json({**plan.settings(), "notes": list(plan.notes)}))


def _zero_shots(plan: DomainPlan) -> list[tuple[AskedReader, Domain]]:
    if not plan.does(ZERO_SHOT):
        return []
    return [(reader, domain) for reader in plan.readers for domain in plan.domains]


def _asked(plan: DomainPlan, asked: AskedReader, domain: Domain, observer: Observer) -> Answered:
    observer.say(f"{ZERO_SHOT}: {asked.name} on {domain.name}, {len(domain.records):,} records")
    place = plan.folder / ZERO_SHOT
    readings = readings_of(asked.reader, asked.name, domain.cohort, place, observer)
    return Answered(asked.name, ZERO_SHOT, domain, readings, contaminated=asked.contaminated(domain))


def _taught(plan: DomainPlan, observer: Observer) -> list[Answered]:
    """Do every training that is not done, and return the answers, the folds of a domain put together."""
    done: dict[tuple[str, Protocol, str], list[tuple[Lesson, Mapping[RecordId, Reading]]]] = {}
    every = [(arm, lesson) for arm in plan.arms for lesson in plan.lessons]
    for number, (arm, lesson) in enumerate(every, start=1):
        part = observer.part("training", number, len(every))
        found = _lesson(plan, arm, lesson, f"{number} of {len(every)}", part)
        done.setdefault((arm.name, lesson.protocol, lesson.domain.name), []).append((lesson, found))
    return [_together(arm, parts) for (arm, _, _), parts in done.items()]


def _lesson(plan: DomainPlan, arm: Arm, lesson: Lesson, which: str, observer: Observer) -> Mapping[RecordId, Reading]:
    """Do one training and ask its network about the records that it was held out from."""
    from readers.resnet1d.reader import Resnet1dReader

    place, begun = plan.place(arm, lesson), time.monotonic()
    is_new = not plan.is_trained(arm, lesson)
    path = taught_weights(lesson, arm, place, plan.workers, observer)
    reader = Resnet1dReader(str(path))
    reader.taught_on = {}  # it tells whole folds of datasets, and these records are held out by patient
    readings = readings_of(reader, arm.name, lesson.cohort, place / "predictions", observer)
    told = f"{sum(lesson.taught.values()):,} records taught, {lesson.stops:,} stopping, {len(readings):,} held out"
    took = f"{time.monotonic() - begun:,.0f} s" if is_new else "trained before"
    observer.say(f"{which}  {arm.name}, {lesson.protocol}, {lesson.name}: {told} ({took})")
    return readings


def _together(arm: str, parts: Sequence[tuple[Lesson, Mapping[RecordId, Reading]]]) -> Answered:
    lessons = [lesson for lesson, _ in parts]
    first = lessons[0]
    readings = {ecg_id: reading for _, found in parts for ecg_id, reading in found.items()}
    names = dict.fromkeys(name for lesson in lessons for name in lesson.taught)
    taught = {name: sum(lesson.taught.get(name, 0) for lesson in lessons) / len(lessons) for name in names}
    in_order = {record.ecg_id: readings[record.ecg_id] for record in first.domain.records}
    networks = {ecg_id: lesson.fold for lesson, found in parts for ecg_id in found}
    return Answered(arm, first.protocol, first.domain, in_order, taught, networks=networks)


def _told(domain: Domain) -> dict[str, object]:
    return {
        "dataset": f"{domain.dataset.name} {domain.dataset.version}",
        "records": len(domain.records),
        "patients": patients_of(domain),
        "fingerprint": domain.cohort.fingerprint,
    }


def _unstopped(lesson: Lesson) -> str:
    return (
        f"nothing stops {lesson.protocol} of {lesson.name}: no superclass is both true and false of the records that "
        "would, so its last epoch counts"
    )
