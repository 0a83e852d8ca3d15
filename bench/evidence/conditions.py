"""Which conditions an ablation asks, which are equivalent for a reader, and in which nothing can tell it the truth."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from bench.view import CONDITIONS, CORE, CROSSED, Condition
from readers.contract import Reader
from readers.human import is_person
from readers.session import SessionReader
from taxonomy.error import SettingError, unknown_name

ALL = "all"


def conditions_asked(named: str = "", several_draws: bool = False) -> tuple[str, ...]:
    """Return the names of the conditions to ask, in table order, ``full`` among them.

    Parameters
    ----------
    named : str
        As after ``--conditions``: empty for the core four, ``all``, or names separated by commas.
    several_draws : bool
        Whether ``crossed`` is asked with five independent draws of the other patients, or with one.

    Raises
    ------
    SettingError
        When ``named`` holds an empty name, or one twice.
    taxonomy.error.UnknownNameError
        When there is no such condition; the message lists them and the nearest match.
    """
    chosen = _named(named)
    if several_draws and CROSSED[0] in chosen:
        chosen |= set(CROSSED)
    return tuple(name for name in CONDITIONS if name in chosen)


def _named(named: str) -> set[str]:
    if not named:
        return set(CORE)
    if named == ALL:
        return set(CONDITIONS) - set(CROSSED[1:])
    names = [name.strip() for name in named.split(",")]
    for name in names:
        if not name:
            raise SettingError(f"--conditions {named!r} holds an empty name: separate names by single commas")
        if names.count(name) > 1:
            raise SettingError(f"--conditions names {name!r} twice")
        if name not in CONDITIONS:
            raise unknown_name("condition", name, [ALL, *CONDITIONS])
    return {"full", *names}


def draws_cost_nothing(reader: Reader) -> bool:
    """Tell whether a reader is a program on this machine, so that further draws cost its time alone."""
    return not isinstance(reader, SessionReader) and not is_person(reader.name)


def asked_conditions(inputs: Collection[str], names: Sequence[str]) -> Mapping[str, str | None]:
    """Return, for each condition, the condition whose answers are used for it.

    A reader without text does not see the numbers, one without image or signal not the trace, so conditions that look
    the same to it are asked once. None where a reader of traces has nothing to read, and for every condition but
    ``full`` of a program with stored statements, which no condition can change.

    Parameters
    ----------
    inputs : collection of str
        Of the reader.
    names : sequence of str
        Conditions, ``full`` first.
    """
    if "statements" in inputs:
        return {name: "full" if name == "full" else None for name in names}
    first: dict[Condition, str] = {}
    serves: dict[str, str | None] = {}
    for name in names:
        seen = _as_seen(CONDITIONS[name], inputs)
        serves[name] = None if seen is None else first.setdefault(seen, name)
    return serves


def in_asking_order(names: Iterable[str]) -> list[str]:
    """Return conditions in the order in which they are asked: those last that show a trace beside its own numbers.

    A reader that keeps what it has seen, if only a cache by the page, would else know the numbers where none are shown.
    """

    def tells_both(name: str) -> bool:
        condition = CONDITIONS[name]
        return condition.images == "true" and condition.measurements == "true"

    return sorted(names, key=tells_both)


def crossed_draws(serves: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the crossed conditions that were asked as such, one for each draw of the other patients."""
    return tuple(name for name in CROSSED if serves.get(name) == name)


def asked_in_words(serves: Mapping[str, str | None]) -> str:
    """Return the conditions that were asked, several draws of one as one."""
    draws = crossed_draws(serves)
    several = f"{CROSSED[0]} ({len(draws)} draws)" if len(draws) > 1 else CROSSED[0]
    names = (several if name in draws else name for name, used in serves.items() if name == used)
    return ", ".join(dict.fromkeys(names))


def tells_nothing(name: str, inputs: Collection[str]) -> bool:
    """Tell whether a condition shows a reader neither a trace nor numbers, so that nothing can tell it the truth."""
    condition = CONDITIONS[name]
    sees_trace = condition.images == "true" and reads_trace(inputs)
    return not (sees_trace or (condition.measurements != "none" and "text" in inputs) or "statements" in inputs)


def reads_trace(inputs: Collection[str]) -> bool:
    """Tell whether a reader takes an image or a signal."""
    return not {"signal", "image"}.isdisjoint(inputs)


def _as_seen(condition: Condition, inputs: Collection[str]) -> Condition | None:
    """Return a condition as a reader of these inputs sees it, None if it sees nothing."""
    text = "text" in inputs
    seen = replace(condition, name="", shows="")
    if not reads_trace(inputs):
        seen = replace(seen, images="true", lead_mask=False, jittered=False)
    if not text:
        seen = replace(seen, measurements="true", draw=1, without=(), told=False)
    return None if seen.images == "none" and not text else seen
