"""Which conditions tell something of a reader, and which of them are the same for it."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from bench.view import CONDITIONS, Condition
from bench.view.lead_mask import MASKED_AXES

ABLATION = (
    "full",
    "image-only",
    "text-only",
    "text-only-told",
    "blank-image",
    "wrong-image",
    "wrong-measurements",
    "same-truth-image",
    "no-rate",
    "no-axis",
    *(f"{which}-leads-masked:{axis}" for axis in MASKED_AXES for which in ("relevant", "other")),
)
"""Every condition of the ablation, in the order of the table."""


def asked_conditions(inputs: Collection[str]) -> Mapping[str, str | None]:
    """Return, for each condition, the one whose answers serve for it.

    A reader without text is not moved by numbers, one without image or signal not by the trace: conditions that are the
    same for it are asked once. None where a reader of traces alone has nothing to read, and for a program whose
    statements were printed long ago: no condition can change them.

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
    """Return what of a condition reaches a reader of these inputs."""
    trace, text = not {"signal", "image"}.isdisjoint(inputs), "text" in inputs
    seen = replace(condition, name="", shows="")
    if not trace:
        seen = replace(seen, images="true", masked=None, axis=None)
    if not text:
        seen = replace(seen, measurements="true", without=(), told=False)
    if seen.images == "none" and not text:
        return None
    return seen if "donor" in (seen.images, seen.measurements) else replace(seen, donor=None)
