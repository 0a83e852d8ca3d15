"""The form of the reading room: every axis, what its values mean, and the key of each."""

from collections.abc import Iterator
from string import ascii_lowercase, digits
from typing import Any

from bench.run.job import Job
from bench.view import View
from readers.human import HumanReader
from taxonomy.axis import DIAGNOSIS, Axis, axis_named
from taxonomy.definition import choice, definitions, spoken, superclass_title
from taxonomy.statement import subclasses

NOTHING_KEY = "0"
"""Says of a list of findings that none of it is there."""

KEYS = digits[1:] + ascii_lowercase
"""Keys of an axis's values, in their order; no axis has more."""

Json = dict[str, Any]


def form_json(job: Job, reader: HumanReader) -> Json:
    """Return what stays the same for all cases, as plain JSON data: person, axes, values and their keys."""
    view = job.cases.view
    return {
        "person": reader.person,
        "total": len(job.questions),
        "dataset": job.cases.cohort.dataset.title,
        "shows": shown_words(view),
        "axes": [_axis(axis_named(name)) for name in view.form.axes],
    }


def shown_words(view: View) -> str:
    """Return in a sentence what a person is shown of each case."""
    images, numbers = view.shown.images, view.shown.measurements
    trace = {"true": "the tracing", "blank": "an empty page", "none": "no tracing"}[images]
    changes = (
        ", a third of its leads blanked" * view.shown.lead_mask + ", shifted and scaled a little" * view.shown.jittered
    )
    # Whose numbers they are is what a crossed condition does not say.
    beside = "no numbers" if numbers == "none" else "the numbers that an electrocardiograph printed"
    return f"You are shown {trace}{changes}, and {beside}."


def _axis(axis: Axis) -> Json:
    meant = definitions(axis)
    keys = dict(zip(meant, KEYS, strict=False))
    return {
        "name": axis.name,
        "question": axis.question,
        # What follows tells a model how to write none.
        "choice": choice(axis).partition("; []")[0],
        "is_set": axis.is_set,
        "nothing": NOTHING_KEY if axis.is_set else None,
        "groups": [
            {
                "title": title,
                "values": [
                    {"name": value, "words": spoken(axis, value), "meaning": meant[value], "key": keys[value]}
                    for value in values
                ],
            }
            for title, values in _groups(axis, meant)
        ],
    }


def _groups(axis: Axis, meant: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the values of an axis in groups: diagnoses by their superclass, others in one."""
    if axis is not DIAGNOSIS:
        yield "", list(meant)
        return
    found: dict[str, list[str]] = {}
    for value in meant:
        found.setdefault(superclass_title(subclasses()[value]), []).append(value)
    yield from found.items()
