"""Worked examples of a few-shot prompt: questions about patients of the training folds, with their true answers."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from bench.dataset import Dataset, Record, RecordId
from bench.dataset.lot import in_random_order
from bench.view.condition import Condition
from bench.view.reasoning import reasoning
from bench.view.view import View
from measurements import Measurements
from readers.contract import Shot
from renderers import Picture, blank
from renderers.packed import packed
from taxonomy.axis import AxisValue, with_derived
from taxonomy.error import SettingError
from taxonomy.writing import written

TRAINING = "train"

Numbers = Callable[[Record], Measurements]

OTHERS = 2
"""Examples beyond those asked for: neither the patient of a case's image nor that of its numbers stands among them."""


@dataclass(frozen=True, eq=False)
class Worked:
    """A worked example and its patient."""

    record: Record
    shot: Shot


def worked_examples(view: View, dataset: Dataset, numbers: Numbers) -> tuple[Worked, ...]:
    """Return worked examples, each of another patient, drawn by lot from the records with a label on every axis asked.

    Parameters
    ----------
    view : View
        Of the run, settled; an example has its form and what its condition shows, but never another patient's numbers,
        a mask or a jitter.
    dataset : Dataset
    numbers : callable
        Returns the measurements that a record's prompt prints.

    Returns
    -------
    tuple of Worked
        :data:`OTHERS` more than the view asks for.

    Raises
    ------
    taxonomy.error.SettingError
        When the training folds have too few such patients with a recording.
    taxonomy.error.UnknownNameError
        When the dataset has no training folds.
    """
    shown, needed = replace(view, condition=in_true_form(view.shown).text, shots=0), view.shots + OTHERS
    found: dict[RecordId, Worked] = {}
    cohort = dataset.cohort(TRAINING)
    for record in in_random_order(cohort, view.seed, "as an example"):
        if len(found) == needed:
            break
        values = with_derived(cohort.truth(record).values)
        if record.patient_id not in found and all(values[axis] is not None for axis in view.form.axes):
            found[record.patient_id] = Worked(record, _shot(shown, record, values, numbers(record)))
    if len(found) < needed:
        raise SettingError(
            f"--shots {view.shots} needs {needed} patients of the training folds with a recording and a label on every "
            f"axis asked, {OTHERS} of them in reserve; there are {len(found)}"
        )
    return tuple(found.values())


def shots_for(worked: Collection[Worked], count: int, patients: Collection[RecordId]) -> tuple[Shot, ...]:
    """Return the first ``count`` examples of other patients than these."""
    return tuple(one.shot for one in worked if one.record.patient_id not in patients)[:count]


def in_true_form(condition: Condition) -> Condition:
    """Return the condition of an example: as much is shown, all of it the record's own and unchanged."""
    numbers = "true" if condition.crossed else condition.measurements
    images = "true" if condition.images == "blank" and not condition.told else condition.images
    return replace(condition, images=images, measurements=numbers, draw=1, lead_mask=False, jittered=False)


def _shot(shown: View, record: Record, values: dict[str, AxisValue | None], numbers: Measurements) -> Shot:
    images: tuple[Picture, ...] = ()
    if shown.shows_images:
        drawn = shown.shown.images == "true"
        images = shown.drawn(record.signal()) if drawn else blank(shown.renderer, shown.style)
    prompt = shown.prompt(numbers, images, record)
    assert prompt is not None
    said = reasoning(values, prompt.measurements) if shown.form.reasoning else None
    answer = written(values, shown.form, said).text
    return Shot(prompt.text, tuple(map(packed, images)), prompt.captions, answer)
