"""Training examples: what a reader is shown of a record, and the answer that it should write."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.dataset import Dataset, Record
from bench.progress import SILENT, Observer
from bench.view.case import Cases, Question, cases_of
from bench.view.reasoning import reasoning
from bench.view.view import View
from measurements import Measurements
from readers.contract import Case, Input
from taxonomy.axis import AxisValue, with_derived
from taxonomy.error import DatasetError
from taxonomy.target import TargetFormat
from taxonomy.writing import Written, written

IMAGE_AND_TEXT: frozenset[Input] = frozenset({"image", "text"})
"""What a vision-language model takes."""


@dataclass(frozen=True, eq=False)
class Example:
    """One record as a training example.

    Attributes
    ----------
    record : Record
    case : Case
        What is shown.
    answer : Written
        The target; it holds no null.
    values : mapping of str to value or None
        The truth by axis, ``normality`` among them; None where it is unlabelled.
    """

    record: Record
    case: Case
    answer: Written
    values: dict[str, AxisValue | None]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Axes of the answer without a label, whose place in it bears no loss."""
        return tuple(axis for axis in self.answer.spans if self.values[axis] is None)


@dataclass(frozen=True, eq=False)
class Examples(Sequence[Example]):
    """The examples of a split, drawn lazily.

    Attributes
    ----------
    cases : Cases
        Of the records with a label on an axis of the format.
    """

    cases: Cases

    @property
    def records(self) -> Sequence[Record]:
        """The records, in order."""
        return self.cases.cohort.records

    @property
    def form(self) -> TargetFormat:
        """How the answer is written."""
        return self.cases.view.form

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Example:  # type: ignore[override]  # one at a time: a page is drawn for each
        record = self.records[index]
        return self.example(record, self.cases.case(Question(record)))

    def example(self, record: Record, case: Case) -> Example:
        """Return the example of a record, given its case.

        The answer is of the very form that the prompt asks for. An unlabelled axis is filled with the majority value,
        without loss, so that the text behind it looks as it will when the model answers; the reasoning passes over it.
        """
        values = self.values(record)
        known = {axis: value for axis, value in values.items() if value is not None}
        filled = {**self.cases.cohort.dataset.baselines, **known}
        said = reasoning(values, self._own_numbers(case)) if self.form.reasoning else None
        return Example(record, case, written(filled, self.form, said), values)

    def _own_numbers(self, case: Case) -> Measurements | None:
        """Return the numbers of a case's prompt, None where they are another patient's."""
        foreign = self.cases.view.shown.measurements == "donor"
        return None if foreign or case.prompt is None else case.prompt.measurements

    def values(self, record: Record) -> dict[str, AxisValue | None]:
        """Return the truth of one of the records on every axis and on normality."""
        return with_derived(self.cases.cohort.truth(record).values)


def examples(
    dataset: Dataset, split: str, view: View, limit: int | None = None, observer: Observer = SILENT
) -> Examples:
    """Return the examples of a split.

    Parameters
    ----------
    dataset : Dataset
    split : str
    view : View
        What is shown; it is settled for images and text.
    limit : int, optional
        Only so many records of the split are looked at, drawn by lot.
    observer : Observer

    Raises
    ------
    taxonomy.error.DatasetError
        When no record of the split has a signal and a label on an axis of the format.
    """
    view = view.for_inputs(IMAGE_AND_TEXT)
    found = Examples(cases_of(view, dataset.cohort(split, limit=limit), observer))
    axes = view.form.axes
    labelled = [r for r in found.records if any(found.values(r)[axis] is not None for axis in axes)]
    if not labelled:
        raise DatasetError(f"no record of split {split!r} has a signal and a label for format {view.form.name!r}")
    return Examples(replace(found.cases, cohort=found.cases.cohort.of(labelled)))
