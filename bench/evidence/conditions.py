"""Which conditions of the ablation can affect a reader, and which are equivalent for it."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from bench.view import CONDITIONS, CROSSED, Condition

ABLATION = tuple(name for name in CONDITIONS if name not in CROSSED[1:])
"""All conditions of the ablation, in table order."""


def asked_conditions(inputs: Collection[str]) -> Mapping[str, str | None]:
    """Return, for each condition, the condition whose answers are used for it.

    A reader without text does not see the numbers, one without image or signal not the trace, so conditions that look
    the same to it are asked once. None where a reader of traces has nothing to read, and for every condition of a
    program with stored statements, which none can change.

    Parameters
    ----------
    inputs : collection of str
        Of the reader.
    """
    if "statements" in inputs:
        return {name: "full" if name == "full" else None for name in ABLATION}
    first: dict[Condition, str] = {}
    serves: dict[str, str | None] = {}
    for name in ABLATION:
        seen = _as_seen(CONDITIONS[name], inputs)
        serves[name] = None if seen is None else first.setdefault(seen, name)
    return serves


def _as_seen(condition: Condition, inputs: Collection[str]) -> Condition | None:
    """Return a condition as a reader of these inputs sees it, None if it sees nothing."""
    trace, text = not {"signal", "image"}.isdisjoint(inputs), "text" in inputs
    seen = replace(condition, name="", shows="")
    if not trace:
        seen = replace(seen, images="true", lead_mask=False, jittered=False)
    if not text:
        seen = replace(seen, measurements="true", draw=1, without=(), told=False)
    if seen.images == "none" and not text:
        return None
    return seen
