"""False verdicts and power, from the labels alone: readers of known behaviour, answered for many times over.

No signal is read, so that a whole test fold can be taken whose recordings are not at hand. What a reader would answer
follows from its rule, the labels and a lot; tests and verdicts are those of the ablation.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal

import numpy as np

from bench.dataset import Cohort, RecordId
from bench.evidence import verdict as words
from bench.evidence.answer import AskedCase, Source, source_of
from bench.evidence.conditions import asked_conditions
from bench.evidence.knowledge import Setting, axis_tests
from bench.evidence.verdict import reasons
from bench.progress import SILENT, Observer
from bench.score.answer_table import answer_table
from bench.score.association import Association, association
from bench.score.proportion import clopper_pearson
from bench.view import CONDITIONS, CORE
from bench.view.donor import donors
from bench.view.worker import worker_processes
from readers.control import ABNORMAL, by_lot, chance, prior, seen
from readers.processors import own_processors
from taxonomy.axis import AXES, DIAGNOSIS, Axis, AxisValue
from taxonomy.reading import Reading
from taxonomy.truth import Truth

Values = Mapping[str, AxisValue | None]
Place = int | None
Answer = Callable[[Place, Place], Reading]
"""Answers to the image of one record and the numbers of another, by their places; None where none is shown."""

IMAGE, BOTH = frozenset({"image"}), frozenset({"image", "text"})

NORMAL = DIAGNOSIS.negative

TRIALS = 200

SHUFFLES, SCREENING = 999, 199
"""Shuffles of a test, and those after which a p above :data:`HOPELESS` is left as it is."""

HOPELESS = 0.3

MOST_PROCESSES = 4

READS, NAMES, TRACE, NUMBERS, REFUSES = (
    "can read it",
    "and names it",
    "follows the trace",
    "follows the numbers",
    "refuses",
)
COUNTED: Mapping[str, tuple[str, ...]] = {
    READS: (words.READS, words.NAMES),
    NAMES: (words.NAMES,),
    TRACE: (words.TRACE, words.BOTH),
    NUMBERS: (words.NUMBERS, words.BOTH),
    REFUSES: (words.REFUSES,),
}
"""What is counted, and the findings that count as it."""


@dataclass(frozen=True, eq=False)
class World:
    """The records of a simulation, and the lot of one trial.

    Attributes
    ----------
    sources : tuple of Source
    donors : tuple of int
        The place of each record's donor.
    trial : int
    """

    sources: tuple[Source, ...]
    donors: tuple[int, ...]
    trial: int

    @cached_property
    def values(self) -> tuple[Values, ...]:
        """The primary truths."""
        return tuple(source.truth.values for source in self.sources)


@dataclass(frozen=True)
class Rule:
    """A reader of known behaviour.

    Attributes
    ----------
    name : str
    knows : {"nothing", "little", "some"}
    inputs : frozenset of {"image", "text"}
    answers : callable
        Makes the answers of one trial.
    """

    name: str
    knows: Literal["nothing", "little", "some"]
    inputs: frozenset[str]
    answers: Callable[[World], Answer] = field(repr=False)


@dataclass(frozen=True)
class Rate:
    """How often a finding was said of any axis, with the 95% interval of Clopper and Pearson."""

    count: int
    trials: int
    interval: tuple[float, float]

    @property
    def value(self) -> float:
        """The share of the trials."""
        return self.count / self.trials


@dataclass(frozen=True)
class SimulatedReader:
    """The verdicts on one reader over all trials.

    Attributes
    ----------
    name, knows : str
    rates : mapping of str to Rate
        By finding, on any axis; without those that its inputs leave out.
    """

    name: str
    knows: str
    rates: Mapping[str, Rate]


def simulate(
    cohort: Cohort, trials: int = TRIALS, seed: int = 0, observer: Observer = SILENT
) -> tuple[SimulatedReader, ...]:
    """Return how often each finding is said of readers of known behaviour, each of them drawn anew in every trial.

    Parameters
    ----------
    cohort : Cohort
        Records with or without recordings; without, rate and the *Linkstyp* are unlabelled.
    trials, seed : int
    observer : Observer
    """
    with observer.progress("measuring") as report:
        cohort.measure(report)
    counts = {rule.name: dict.fromkeys(counted_of(rule), 0) for rule in RULES}
    worlds = simulated_worlds(cohort, range(seed * trials, (seed + 1) * trials))
    trial = partial(every_finding, majority=dict(cohort.dataset.baselines))
    with (
        observer.progress("simulating", "trials") as report,
        worker_processes(min(MOST_PROCESSES, own_processors())) as processes,
    ):
        for done, found in enumerate(processes.map(trial, worlds), start=1):
            for name, counted in counts.items():
                for finding in counted:
                    counted[finding] += bool(found[name] & set(COUNTED[finding]))
            report(done, trials)
    return tuple(SimulatedReader(rule.name, rule.knows, _rates(counts[rule.name], trials)) for rule in RULES)


def every_finding(world: World, majority: Mapping[str, AxisValue]) -> dict[str, set[str]]:
    """Return what one trial's verdicts say of every simulated reader, by its name."""
    return {rule.name: findings(rule, world, majority) for rule in RULES}


def findings(rule: Rule, world: World, majority: Mapping[str, AxisValue]) -> set[str]:
    """Return what one trial's verdicts say of a reader, on any axis."""
    serves = asked_conditions(rule.inputs, CORE)
    associate: Callable[..., Association] = partial(screened, seed=world.trial)
    setting = Setting(rule.inputs, serves, majority, associate=associate)
    tests = axis_tests(AXES, asked_cases(rule, world, serves), setting)
    return {reason.finding for one in tests for reason in reasons(one)}


def asked_cases(rule: Rule, world: World, serves: Mapping[str, str | None]) -> tuple[AskedCase, ...]:
    """Return every record as the reader answers it under each condition."""
    answer, asked = rule.answers(world), {name for name in serves.values() if name}

    def readings(place: int) -> dict[str, Reading]:
        shown = {name: answer(*_shown(name, place, world.donors[place])) for name in asked}
        return {name: shown[used] for name, used in serves.items() if used}

    return tuple(
        AskedCase(source, readings(place), {"crossed": world.sources[world.donors[place]]})
        for place, source in enumerate(world.sources)
    )


def screened(  # noqa: PLR0913  # what an association takes
    axis: Axis,
    answers: Sequence[AxisValue | None],
    truths: Sequence[Truth],
    majority: AxisValue,
    patients: Sequence[RecordId],
    strata: Sequence[object],
    seed: int = 0,
) -> Association:
    """Return an association without a shuffle where S is 0, by few shuffles else, by more where those leave hope."""
    table = answer_table(axis, answers, truths, majority)
    if not table.s:
        return Association(len(answers), 0, 1.0, int(np.sum(~table.holds_prior[table.kind])), 1.0, None)
    told = (axis, answers, truths, majority, patients, strata, seed)
    found = association(*told, SCREENING)
    return found if found.p > HOPELESS else association(*told, SHUFFLES)


def simulated_worlds(cohort: Cohort, trials: Iterable[int]) -> Iterator[World]:
    """Yield the records of a cohort with the donors of each trial."""
    truths = cohort.truths()
    sources = tuple(source_of(record, truths[record.ecg_id]) for record in cohort)
    for trial in trials:
        yield _world(cohort, sources, trial)


def _world(cohort: Cohort, sources: tuple[Source, ...], trial: int) -> World:
    place: dict[RecordId, int] = {source.ecg_id: number for number, source in enumerate(sources)}
    chosen = donors(cohort, trial)
    return World(
        sources=sources,
        donors=tuple(place[chosen[source.ecg_id].ecg_id] for source in sources),
        trial=trial,
    )


def _shown(name: str, place: int, donor: int) -> tuple[Place, Place]:
    condition = CONDITIONS[name]
    numbers = {"true": place, "donor": donor, "none": None}[condition.measurements]
    return (place if condition.images == "true" else None), numbers


def counted_of(rule: Rule) -> list[str]:
    """Return what is counted of a reader of these inputs."""
    return [READS, NAMES] if rule.inputs == IMAGE else list(COUNTED)


def _rates(counts: Mapping[str, int], trials: int) -> dict[str, Rate]:
    return {name: rate_of(count, trials) for name, count in counts.items()}


def rate_of(count: int, trials: int) -> Rate:
    """Return so many of the trials with their interval."""
    return Rate(count, trials, clopper_pearson(count, trials))


def _image(values: Sequence[Values]) -> Answer:
    """Return the answers of a reader of images that says these values, and the prior without an image."""
    usual = prior()
    nothing, seen_in = Reading(values=usual), [Reading(values={**usual, **one}) for one in values]
    return lambda image, numbers: nothing if image is None else seen_in[image]


def _arbitrary(world: World) -> Answer:
    return _image([by_lot(f"{world.trial} {place}") for place in range(len(world.sources))])


def _another_patient(world: World) -> Answer:
    """Answer with another patient's truth, always the same for one patient: its mixture of values is the right one."""
    patients = sorted({source.patient_id for source in world.sources}, key=str)
    first = {source.patient_id: values for source, values in zip(world.sources, world.values, strict=True)}
    lots = np.random.default_rng((world.trial, 1)).permutation(len(patients))
    other = {patient: first[patients[lot]] for patient, lot in zip(patients, lots, strict=True)}
    return _image([_known(other[source.patient_id]) for source in world.sources])


def _order(world: World) -> Answer:
    position = np.random.default_rng((world.trial, 2)).permutation(len(world.sources))
    return _image([ABNORMAL if place < len(position) // 2 else {} for place in position])


def _refuser(world: World, copies: bool = False, refuses: bool = True) -> Answer:
    usual, measured = prior(), ("rate", "axis") if copies else ()
    refusal, nothing = Reading(), Reading(values=usual)
    told = [Reading(values={**usual, **_known({name: one[name] for name in measured})}) for one in world.values]

    def answer(image: Place, numbers: Place) -> Reading:
        if numbers is None:
            return nothing
        notices = refuses and image is not None and image != numbers
        return refusal if notices and chance(f"{world.trial} {image} {numbers}") < NOTICED else told[numbers]

    return answer


NOTICED = 0.9
"""Share of disagreements between numbers and trace that a refuser notices: two rates are sometimes alike."""


def _abnormal(world: World) -> Answer:
    wrong = [values[DIAGNOSIS.name] not in (None, NORMAL) for values in world.values]
    return _image([ABNORMAL if is_wrong else {} for is_wrong in wrong])


def _abnormal_at_random(world: World) -> Answer:
    """Answer to an abnormal ECG with the truth of another abnormal one."""
    wrong = [place for place, values in enumerate(world.values) if values[DIAGNOSIS.name] not in (None, NORMAL)]
    lots = np.random.default_rng((world.trial, 3)).permutation(wrong)
    other = dict(zip(wrong, lots.tolist(), strict=True))
    return _image([_known(world.values[other[place]]) if place in other else {} for place in range(len(world.values))])


def _seeing(world: World, share: float) -> Answer:
    return _image(seen(world.values, share, str(world.trial)))


def _known(values: Values) -> dict[str, AxisValue | None]:
    return {name: value for name, value in values.items() if value is not None}


RULES = (
    Rule("arbitrary by image", "nothing", IMAGE, _arbitrary),
    Rule("another's truth", "nothing", IMAGE, _another_patient),
    Rule("page height, order", "nothing", IMAGE, _order),
    Rule("refuses on mismatch", "nothing", BOTH, _refuser),
    Rule("copies the numbers", "nothing", BOTH, partial(_refuser, copies=True, refuses=False)),
    Rule("copies, or refuses", "nothing", BOTH, partial(_refuser, copies=True)),
    Rule("gross abnormality", "little", IMAGE, _abnormal),
    Rule("gross, random names", "little", IMAGE, _abnormal_at_random),
    Rule("sees 10% of abnormal", "some", IMAGE, partial(_seeing, share=0.1)),
    Rule("sees 25% of abnormal", "some", IMAGE, partial(_seeing, share=0.25)),
    Rule("sees 50% of abnormal", "some", IMAGE, partial(_seeing, share=0.5)),
)
"""Every simulated reader."""
