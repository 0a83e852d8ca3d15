"""Prompts, made from what is printed and drawn of a record."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from bench.view.condition import Condition
from bench.view.printout import Printout
from bench.view.template import filled
from readers.contract import Prompt
from renderers import Picture, renderer
from taxonomy.axis import CONDUCTION, DIAGNOSIS, NORMALITY, OTHER_FINDINGS, Axis, axis_named
from taxonomy.definition import choice, definitions, superclass_title
from taxonomy.schema import GROUNDS, NESTED, NUMBERS, REASONING, TRACING, answer_schema
from taxonomy.statement import subclasses
from taxonomy.target import FLAT, TargetFormat

AS_IS = (
    "The page with the 12-lead ECG, as it was printed, scanned or photographed; paper speed, gain and the names of the "
    "leads are as it shows them."
)
"""Caption of a page that others drew; here, since a text file more would change the id of every other run."""


def prompt(
    printout: Printout, images: Sequence[Picture], condition: Condition, form: TargetFormat, renderer_name: str
) -> Prompt:
    """Return the whole prompt of a case.

    Parameters
    ----------
    printout : Printout
        All that is printed of the record, or of its donor; the condition decides what of it is shown.
    images : sequence of Picture
        What the case shows, for their captions; without any, nothing is asked about the tracing.
    condition : Condition
    form : TargetFormat
    renderer_name : str
        Whose images the captions describe; empty for pages that others drew.
    """
    shown = None if condition.measurements == "none" else printout.shown(condition.without)
    parts = [filled("question")]
    if shown is not None and shown.text:
        parts.append(filled("measurements", measurements=shown.text))
    if condition.told:
        parts.append(filled("no_image" if shown else "nothing"))
    source = TRACING if images and not condition.told else NUMBERS if shown else GROUNDS
    return Prompt(
        text="\n\n".join(parts),
        measurements=None if shown is None else shown.numbers,
        system=system_text(form, source),
        captions=tuple(_captions(images, renderer_name)),
        form=form,
        schema=_schema(form, source),
    )


@cache
def system_text(form: TargetFormat, source: str = TRACING) -> str:
    """Return the part that cases share: task, values of each axis, and form of the answer.

    ``source`` is what the reasoning is about, ``taxonomy.schema.TRACING``, ``NUMBERS`` or ``GROUNDS``.
    """
    example = json.dumps(_example(_schema(form, source)))
    written = filled(f"format_{form.name}", form=example, reasoning=REASONING.format(source=source))
    return filled("system", task=_task(form), format=written)


def _task(form: TargetFormat) -> str:
    if form is FLAT:
        return filled("task_diagnosis", choice=choice(DIAGNOSIS), diagnoses=_diagnoses())
    if form.axes == (NORMALITY.name,):
        return filled("task_normality", values=_values(NORMALITY))
    nested = {axis.name: f"{key}.{part}" for key, parts in NESTED.items() for part, axis in parts.items()}
    return filled("task_axes", axes="\n\n".join(_axis(axis_named(name), nested.get(name, name)) for name in form.axes))


def _axis(axis: Axis, key: str) -> str:
    """Return what is asked on an axis, how one of several values is chosen, and what each value means."""
    asked = "; ".join(part for part in (axis.question, choice(axis)) if part)
    values = _diagnoses() if axis is DIAGNOSIS else _values(axis)
    return "\n".join([f"{key}: {asked}", values, *([filled("conduction")] if axis is OTHER_FINDINGS else [])])


def _values(axis: Axis) -> str:
    """Return a line for each value; conduction disturbances among the findings are defined under conduction."""
    known = CONDUCTION.values if axis is OTHER_FINDINGS else ()
    return "\n".join(f"- {value}: {meant}" for value, meant in definitions(axis).items() if value not in known)


def _diagnoses() -> str:
    lines: list[str] = []
    for code, meant in definitions(DIAGNOSIS).items():
        title = superclass_title(subclasses()[code])
        lines += [f"- {code}: {meant}"] if title in lines else [title, f"- {code}: {meant}"]
    return "\n".join(lines)


@cache
def _schema(form: TargetFormat, source: str) -> Mapping[str, Any]:
    return answer_schema(form, source)


def _example(schema: Mapping[str, Any]) -> object:
    """Return an answer with placeholders for values, so that the example suggests none."""
    if schema["type"] == "object":
        return {name: _example(part) for name, part in schema["properties"].items()}
    return ["..."] if schema["type"] == "array" else "..."


def _captions(images: Sequence[Picture], renderer_name: str) -> list[str]:
    if not renderer_name:
        return [AS_IS for _ in images]
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
