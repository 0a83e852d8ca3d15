"""The verdict on an axis: what the tests show, in words, and which p each word rests on."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.evidence.figure import Figure
from bench.evidence.knowledge import AxisTests, Jittered, ShuffleTest
from bench.score.agreement import LEVEL

READS, NAMES = "can read it", "can read it, and names it"
TRACE, NUMBERS, BOTH = "follows the trace", "follows the numbers", "follows both"
REFUSES = "refuses when they disagree"
INFERS = "can infer it from the numbers"
ELSEWHERE = "answers from elsewhere"
KNOWS = "knows it, and no condition tells from where"
SILENT = "gives no answer"
PRIOR = "recites the prior"
UNKNOWN = "cannot tell"
NO_CASE = "no case"

REFUSES_MORE = 0.2
"""Lower end of the interval of the further refusals from which on a reader is said to refuse."""

LOST = 0.5
"""Share of S that jitter must take away before an answer counts as looked up."""

LITTLE = 0.1
"""Upper end of kappa's interval under which a reader is said to recite the prior."""

HALF = 0.5
"""Share of answered cases below which a reader is said to give no answer."""


@dataclass(frozen=True)
class Reason:
    """One finding, and what it rests on.

    Attributes
    ----------
    finding : str
        One of this module's words.
    condition : str
        Whose answers show it.
    n : int
        Cases.
    p_holm : float or None
        Corrected over the axes; the larger one where both of two tests must be significant.
    interval : (float, float) or None
        Where a finding rests on an interval, not on a test.
    """

    finding: str
    condition: str
    n: int
    p_holm: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Known:
    """What else is known of an axis where no test shows anything.

    Attributes
    ----------
    n : int
        Labelled cases.
    answered : float or None
        Share of them with an answer in ``full``.
    kappa : Figure or None
        In ``full``; its interval leaves out the level of the verdict.
    knowable : float or None
        Kappa that so many cases would show in 80% of tries; None where they could show none.
    """

    n: int
    answered: float | None
    kappa: Figure | None
    knowable: float | None


def reasons(tests: AxisTests, level: float = LEVEL) -> tuple[Reason, ...]:
    """Return what the tests on an axis show at a level, empty where they show nothing.

    Answers that come from elsewhere leave nothing to be said of the trace or the numbers, so that finding stands alone.
    """
    leaks = tuple(_elsewhere(tests, level))
    if leaks:
        return leaks[:1]
    found = (
        *_reading(tests.reads, level),
        *_following(tests, level),
        *_refusing(tests),
        *_plain(INFERS, tests.infers, level),
    )
    nothing_else = (tests.reads, tests.infers, tests.follows_trace, tests.follows_numbers, tests.elsewhere)
    return found if found or any(nothing_else) else tuple(_plain(KNOWS, tests.knows, level))


def verdict(found: tuple[Reason, ...], known: Known) -> str:
    """Return the verdict: what was found, else what can be said without a finding."""
    if found:
        return "; ".join(reason.finding for reason in found)
    if not known.n:
        return NO_CASE
    if known.answered is not None and known.answered < HALF:
        return SILENT
    if known.knowable is not None and known.kappa and known.kappa.interval and known.kappa.interval[1] < LITTLE:
        return PRIOR
    able = f"kappa {known.knowable:.2f} would show" if known.knowable is not None else "too few to show anything"
    return f"{UNKNOWN} (n = {known.n}, {able})"


def is_told(said: str) -> bool:
    """Tell whether a verdict says anything, so that it needs no more cases."""
    return said != NO_CASE and not said.startswith(UNKNOWN)


def significant(test: ShuffleTest | None, level: float = LEVEL) -> bool:
    """Tell whether the answers go with the truth, after Holm's correction."""
    return test is not None and test.p_holm is not None and test.p_holm < level


def _plain(finding: str, test: ShuffleTest | None, level: float) -> Iterator[Reason]:
    if test and significant(test, level):
        yield Reason(finding, test.condition, test.n, test.p_holm)


def _reading(test: ShuffleTest | None, level: float) -> Iterator[Reason]:
    if test is None or not significant(test, level):
        return
    p, names_p = test.p_holm, test.names_p_holm
    if p is not None and names_p is not None and names_p < level:
        yield Reason(NAMES, test.condition, test.n, max(p, names_p))
    else:
        yield Reason(READS, test.condition, test.n, p)


def _following(tests: AxisTests, level: float) -> Iterator[Reason]:
    trace, numbers = tests.follows_trace, tests.follows_numbers
    if trace and numbers and significant(trace, level) and significant(numbers, level):
        yield Reason(BOTH, trace.condition, trace.n, max(trace.p_holm or 0.0, numbers.p_holm or 0.0))
        return
    yield from _plain(TRACE, trace, level)
    yield from _plain(NUMBERS, numbers, level)


def _refusing(tests: AxisTests) -> Iterator[Reason]:
    more = tests.refusal
    if more and more.interval and more.interval[0] >= REFUSES_MORE:
        yield Reason(REFUSES, "crossed", more.n, interval=more.interval)


def _elsewhere(tests: AxisTests, level: float) -> Iterator[Reason]:
    yield from _plain(ELSEWHERE, tests.elsewhere, level)
    if tests.jittered and _is_lost(tests.jittered, level):
        loss = tests.jittered.loss
        yield Reason(ELSEWHERE, "jittered", loss.n, loss.p_holm)


def _is_lost(jittered: Jittered, level: float) -> bool:
    loss = jittered.loss
    lost = jittered.s_full - jittered.s_jittered
    return loss.value > 0 and loss.p_holm is not None and loss.p_holm < level and lost > LOST * jittered.s_full
