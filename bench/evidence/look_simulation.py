"""False verdicts and power of ``--until-told``: the readers of the simulation, looked at several times."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from bench.dataset import Cohort, RecordId
from bench.evidence.conditions import asked_conditions
from bench.evidence.knowledge import Setting, axis_tests
from bench.evidence.look import looks
from bench.evidence.simulation import (
    COUNTED,
    MOST_PROCESSES,
    READS,
    RULES,
    TRIALS,
    Rate,
    Rule,
    World,
    asked_cases,
    counted_of,
    rate_of,
    screened,
    simulated_worlds,
)
from bench.evidence.verdict import reasons
from bench.progress import SILENT, Observer
from bench.score.agreement import LEVEL
from bench.score.association import Association, association
from bench.view import CORE
from bench.view.worker import worker_processes
from readers.processors import own_processors
from taxonomy.axis import AXES, Axis, AxisValue
from taxonomy.truth import Truth

FINE = 9_999
"""Shuffles of a test that may be significant at the low level of a single look."""

SMALL = 0.02
"""P below which it may."""

Findings = tuple[tuple[frozenset[str], ...], frozenset[str]]
"""What is said at each look at its own level, and what would be said at any look at 5% each."""


@dataclass(frozen=True)
class SimulatedLooks:
    """The verdicts on one reader over all looks of all trials.

    Attributes
    ----------
    name, knows : str
    reads : tuple of Rate
        That it can read any axis, said at each look or before it.
    ever : mapping of str to Rate
        By finding, said of any axis at any look; without those that its inputs leave out.
    careless : Rate
        That it can read any axis, said at any look if each were tested at 5% as if it were the only one.
    """

    name: str
    knows: str
    reads: tuple[Rate, ...]
    ever: Mapping[str, Rate]
    careless: Rate


def simulate_looks(
    cohort: Cohort, trials: int = TRIALS, seed: int = 0, observer: Observer = SILENT
) -> tuple[SimulatedLooks, ...]:
    """Return how often each finding is said at any look, of the readers of :func:`bench.evidence.simulation.simulate`.

    Parameters
    ----------
    cohort, trials, seed, observer
        As there.
    """
    with observer.progress("measuring") as report:
        cohort.measure(report)
    found: dict[str, list[Findings]] = {rule.name: [] for rule in RULES}
    worlds = simulated_worlds(cohort, range(seed * trials, (seed + 1) * trials))
    trial = partial(findings_at_looks, majority=dict(cohort.dataset.baselines))
    with (
        observer.progress("simulating", "trials") as report,
        worker_processes(min(MOST_PROCESSES, own_processors())) as processes,
    ):
        for done, said in enumerate(processes.map(trial, worlds), start=1):
            for name, findings in said.items():
                found[name].append(findings)
            report(done, trials)
    return tuple(_rates(rule, found[rule.name]) for rule in RULES)


def findings_at_looks(
    world: World, majority: Mapping[str, AxisValue], rules: Sequence[Rule] = RULES
) -> dict[str, Findings]:
    """Return what the looks of one trial say of each simulated reader, by its name."""
    return {rule.name: _findings(rule, world, majority) for rule in rules}


def _findings(rule: Rule, world: World, majority: Mapping[str, AxisValue]) -> Findings:
    serves = asked_conditions(rule.inputs, CORE)
    cases = asked_cases(rule, world, serves)
    order = np.random.default_rng((world.trial, 4)).permutation(len(cases))
    associate: Callable[..., Association] = partial(_finely_screened, seed=world.trial)
    said, careless = list[frozenset[str]](), set[str]()
    for look in looks(len(cases)):
        shown = tuple(cases[place] for place in sorted(order[: look.records].tolist()))
        setting = Setting(rule.inputs, serves, majority, associate=associate, level=look.level)
        tests = axis_tests(AXES, shown, setting)
        said.append(frozenset(reason.finding for one in tests for reason in reasons(one, look.level)))
        careless |= {reason.finding for one in tests for reason in reasons(one, LEVEL)}
    return tuple(said), frozenset(careless)


def _finely_screened(  # noqa: PLR0913  # what an association takes
    axis: Axis,
    answers: Sequence[AxisValue | None],
    truths: Sequence[Truth],
    majority: AxisValue,
    patients: Sequence[RecordId],
    strata: Sequence[object],
    seed: int = 0,
) -> Association:
    """Return a screened association, by still more shuffles where a low level needs them."""
    told = (axis, answers, truths, majority, patients, strata, seed)
    found = screened(*told)
    return association(*told, FINE) if found.s and found.p < SMALL else found


def _rates(rule: Rule, trials: Sequence[Findings]) -> SimulatedLooks:
    def share(said: Callable[[Findings], frozenset[str]], finding: str) -> Rate:
        return rate_of(sum(bool(said(one) & set(COUNTED[finding])) for one in trials), len(trials))

    def until(number: int) -> Callable[[Findings], frozenset[str]]:
        return lambda one: frozenset[str]().union(*one[0][:number])

    count = len(trials[0][0])
    return SimulatedLooks(
        name=rule.name,
        knows=rule.knows,
        reads=tuple(share(until(number), READS) for number in range(1, count + 1)),
        ever={finding: share(until(count), finding) for finding in counted_of(rule)},
        careless=share(lambda one: one[1], READS),
    )
