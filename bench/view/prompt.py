"""Prompts, made from a record's measurements and images."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from bench.view.condition import Condition
from bench.view.template import filled
from measurements import Measurements
from measurements.measurement import TABLE, Measurement
from readers.contract import Prompt
from renderers import Picture, renderer
from taxonomy.axis import DIAGNOSIS, NORMALITY, axis_named
from taxonomy.schema import NESTED, answer_schema
from taxonomy.statement import statements
from taxonomy.target import FLAT, TargetFormat

NOT_SHOWN = Measurement(None, "not shown in this condition")


def prompt(
    numbers: Measurements, images: Sequence[Picture], condition: Condition, form: TargetFormat, renderer_name: str
) -> Prompt:
    """Return the whole prompt of a case.

    Parameters
    ----------
    numbers : Measurements
        All of the record, or of its donor; the condition decides which are shown.
    images : sequence of Picture
        What the case shows, for their captions.
    condition : Condition
    form : TargetFormat
    renderer_name : str
        Whose images the captions describe.
    """
    shown = shown_measurements(numbers, condition)
    parts = [filled("question")]
    if shown is not None:
        parts.append(filled("measurements", measurements=measurement_block(shown)))
    if condition.told:
        parts.append(filled("no_image" if shown else "nothing"))
    return Prompt(
        text="\n\n".join(parts),
        measurements=shown,
        system=system_text(form),
        captions=tuple(_captions(images, renderer_name)),
        form=form,
        schema=_schema(form),
    )


def shown_measurements(numbers: Measurements, condition: Condition) -> Measurements | None:
    """Return the measurements that a condition shows, None if it shows none."""
    if condition.measurements == "none":
        return None
    return replace(numbers, **dict.fromkeys(condition.without, NOT_SHOWN))


def measurement_block(numbers: Measurements) -> str:
    """Return a line for each measurement that is shown, such as ``QRS duration: 96 ms``."""
    lines = []
    for name, (label, unit) in TABLE.items():
        measured = getattr(numbers, name)
        if measured is NOT_SHOWN:
            continue
        said = f"not measurable ({measured.reason})" if measured.value is None else f"{measured.value:.0f} {unit}"
        lines.append(f"{label}: {said}")
    return "\n".join(lines)


@cache
def system_text(form: TargetFormat) -> str:
    """Return the part that is the same for every case: task, values of each axis, and form of the answer."""
    written = filled(f"format_{form.name}", form=json.dumps(_example(_schema(form))))
    return filled("system", task=_task(form), format=written)


def _task(form: TargetFormat) -> str:
    if form.axes == (NORMALITY.name,):
        return filled("task_normality")
    if form is FLAT:
        return filled("task_diagnosis", diagnoses=_diagnoses())
    return filled("task_axes", axes="\n".join(_axis_lines(form)), diagnoses=_diagnoses())


def _axis_lines(form: TargetFormat) -> list[str]:
    nested = {axis.name: f"{key}.{part}" for key, parts in NESTED.items() for part, axis in parts.items()}
    axes = [axis_named(name) for name in form.axes]
    return [f"- {nested.get(axis.name, axis.name)} ({axis.question}): {', '.join(axis.values)}" for axis in axes]


def _diagnoses() -> str:
    members: dict[str, list[str]] = {code: [] for code in DIAGNOSIS.values}
    for statement in statements().values():
        if statement.subclass:
            members[statement.subclass].append(statement.description)
    return "\n".join(f"  {code}: {'; '.join(said)}" for code, said in members.items())


@cache
def _schema(form: TargetFormat) -> Mapping[str, Any]:
    return answer_schema(form)


def _example(schema: Mapping[str, Any]) -> object:
    """Return an answer with placeholders for values, so that the example suggests none."""
    if schema["type"] == "object":
        return {name: _example(part) for name, part in schema["properties"].items()}
    return ["..."] if schema["type"] == "array" else "..."


def _captions(images: Sequence[Picture], renderer_name: str) -> list[str]:
    template = "caption_lead" if len(images) > 1 else "caption_page"
    return [
        filled(
            template,
            number=str(number),
            count=str(len(images)),
            leads=", ".join(image.leads),
            description=renderer(renderer_name).description,
            mm_per_s=f"{image.mm_per_s:g}",
            mm_per_mv=f"{image.mm_per_mv:g}",
        )
        for number, image in enumerate(images, start=1)
    ]
