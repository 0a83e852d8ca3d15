"""The rules of the contract as checks, for ``bench check-reader`` and for the tests of other packages."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from readers.contract import Case, Input, Reader
from readers.isolation import Crash, attempt
from taxonomy.axis import AXES, DERIVED
from taxonomy.decision import decided_axes
from taxonomy.reading import STATEMENT, Reading

RAISED = "raised"
"""First word of a problem that is an exception of the reader."""

ROUNDING = 0.05
"""How far from 1 the probabilities of an axis may sum: those of a dozen values, rounded to two digits."""

PRINTED = ("NSR", "LVH")
"""Statements for a reader of an interpretation program's, in the acronyms of GE's 12SL."""


@dataclass(frozen=True)
class RuleCheck:
    """One rule of the contract, and how the reader broke it (None when it holds)."""

    rule: str
    problem: str | None


class RecordingReader:
    """A reader for tests that answers nothing and remembers every case."""

    name = "recording"
    description = "answers nothing and remembers what it was shown"
    inputs: frozenset[Input] = frozenset({"signal", "image", "text"})

    def __init__(self) -> None:
        self.seen: list[Case] = []

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield an empty reading for each case."""
        for case in cases:
            self.seen.append(case)
            yield Reading()


def check_reader(reader: Reader, cases: Sequence[Case]) -> list[RuleCheck]:
    """Check a reader against every rule of the contract.

    Parameters
    ----------
    reader : Reader
    cases : sequence of Case
        At least three, with the inputs that the reader needs.

    Returns
    -------
    list of RuleCheck
        One for each rule; a crash is reported as the problem of the rule that was being checked.
    """
    rules: list[tuple[str, Callable[[Reader, Sequence[Case]], str | None]]] = [
        ("has a name", _named),
        ("gives one reading for each case, in order", _one_each),
        ("takes a generator of cases", _lazy),
        ("answers at least one axis, and nothing outside the taxonomy", _in_taxonomy),
        ("gives probabilities that sum to 1 where one value is chosen", _summed),
        ("does not depend on the case's id", _blind_to_id),
        ("leaves the case unchanged", _pure),
        ("reads a flat record without raising", _flat),
    ]
    checks: list[RuleCheck] = []
    for rule, ask in rules:
        problem = _tried(ask, reader, _fresh(cases))
        if problem is not None and problem.startswith(RAISED):
            told = next((check.rule for check in checks if check.problem == problem), None)
            problem = problem if told is None else f"not checked: it raised the same as under {told!r}"
        checks.append(RuleCheck(rule, problem))
    return checks


def _tried(ask: Callable[[Reader, Sequence[Case]], str | None], reader: Reader, cases: Sequence[Case]) -> str | None:
    outcome = attempt(lambda: ask(reader, cases))
    return f"{RAISED} {outcome.words}" if isinstance(outcome, Crash) else outcome.value


def _fresh(cases: Sequence[Case]) -> list[Case]:
    """Return the cases with copies of their signals, so that a reader that changes one fails a single rule."""
    return [replace(case, signal=None if case.signal is None else case.signal.copy()) for case in cases]


def _named(reader: Reader, cases: Sequence[Case]) -> str | None:
    return None if isinstance(reader.name, str) and reader.name.strip() else f"name is {reader.name!r}"


def _one_each(reader: Reader, cases: Sequence[Case]) -> str | None:
    readings = list(reader.read(list(cases)))
    wrong = [reading for reading in readings if not isinstance(reading, Reading)]
    if wrong:
        return f"yielded a {type(wrong[0]).__name__}, not a Reading"
    if len(readings) != len(cases):
        return f"gave {len(readings)} readings for {len(cases)} cases"
    backwards = list(reader.read(list(reversed(cases))))
    same = [_values(a) for a in readings] == [_values(b) for b in reversed(backwards)]
    return None if same else "answers change with the order of the cases: out of order, or dependent on other cases"


def _lazy(reader: Reader, cases: Sequence[Case]) -> str | None:
    readings = list(reader.read(case for case in cases))
    return None if len(readings) == len(cases) else f"gave {len(readings)} readings for a generator of {len(cases)}"


def _in_taxonomy(reader: Reader, cases: Sequence[Case]) -> str | None:
    readings = list(reader.read(list(cases)))
    names = {axis.name for axis in (*AXES, *DERIVED)}
    unknown = [name for reading in readings for name in reading.values if name not in names]
    if unknown:
        return f"answers an unknown axis {unknown[0]!r}"
    answered = any(value is not None for reading in readings for value in reading.values.values())
    return None if answered or any(reading.probabilities for reading in readings) else "answered no axis of any case"


def _summed(reader: Reader, cases: Sequence[Case]) -> str | None:
    choices = {axis.name for axis in (*AXES, *DERIVED) if not axis.is_set}
    for reading in reader.read(list(cases)):
        decided = decided_axes(reading.probabilities.get(STATEMENT, {}))
        for name, chances in reading.probabilities.items():
            total = sum(chances.values())
            if name in choices and name not in decided and abs(total - 1) > ROUNDING:
                return f"the probabilities of {name!r} sum to {total:.3g}"
    return None


def _blind_to_id(reader: Reader, cases: Sequence[Case]) -> str | None:
    renamed = [replace(case, case_id=f"renamed-{number}") for number, case in enumerate(cases)]
    before, after = reader.read(list(cases)), reader.read(renamed)
    same = [_values(a) for a in before] == [_values(b) for b in after]
    return None if same else "answers depend on case_id, which carries no information about the ECG"


def _pure(reader: Reader, cases: Sequence[Case]) -> str | None:
    before = [None if case.signal is None else case.signal.copy() for case in cases]
    list(reader.read(list(cases)))
    same = all(a is None or np.array_equal(a, c.signal, equal_nan=True) for a, c in zip(before, cases, strict=True))  # type: ignore[arg-type]  # both are arrays where a is
    return None if same else "changed the signal of the case"


def _flat(reader: Reader, cases: Sequence[Case]) -> str | None:
    case = cases[0]
    flat = case if case.signal is None else replace(case, signal=np.zeros_like(case.signal))
    return None if len(list(reader.read([flat]))) == 1 else "gave no reading for a flat record"


def _values(reading: Reading) -> dict[str, object]:
    return {name: value for name, value in reading.values.items() if value is not None}
