"""Examples to learn from: what a reader is shown of a record, and the answer that it should write."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.dataset import Cohort, Dataset, Record, RecordId
from bench.finetune.config import Task
from bench.progress import progress
from bench.prompt import condition_named, template_version
from bench.run.case import Asking, CaseBuilder
from bench.run.settings import RunSettings
from bench.run.shown import ShownRecords, shown_numbers, with_donor
from measurements import Measurements
from readers.contract import Case
from readers.contract_suite import RecordingReader
from taxonomy.axis import AxisValue, with_normality
from taxonomy.error import DatasetError
from taxonomy.target import TargetFormat, target_format
from taxonomy.writing import Written, written


@dataclass(frozen=True, eq=False)
class Example:
    """One record as it is taught.

    Attributes
    ----------
    record : Record
    case : Case
        What is shown.
    answer : Written
        What should be written.
    values : mapping of str to value or None
        The truth by axis, ``normality`` among them; None where no label tells.
    """

    record: Record
    case: Case
    answer: Written
    values: dict[str, AxisValue | None]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Axes whose place in the answer holds no truth, and so bears no loss."""
        return tuple(axis for axis in self.answer.spans if self.values[axis] is None)


@dataclass(frozen=True, eq=False)
class Examples:
    """The examples of a split, drawn when they are asked for.

    Attributes
    ----------
    records : Cohort
        Those with a label on an axis of the format.
    builder : CaseBuilder
    numbers : mapping of int to Measurements
        Of each record, for its truth.
    form : TargetFormat
    fingerprint : str
        Of the records.
    """

    records: Cohort
    builder: CaseBuilder
    numbers: Mapping[RecordId, Measurements]
    form: TargetFormat
    fingerprint: str

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.records)

    def __getitem__(self, index: int) -> Example:
        """Draw one."""
        record = self.records[index]
        return self.example(record, self.builder.case(Asking(record)))

    def example(self, record: Record, case: Case) -> Example:
        """Return the example of one of the records that shows this case.

        Where no label tells, the majority's value stands in the answer, so that what follows it looks as it will when
        the model is asked; it bears no loss.
        """
        values = self.values(record)
        known = {axis: value for axis, value in values.items() if value is not None}
        return Example(record, case, written({**self.records.dataset.baselines, **known}, self.form), values)

    def values(self, record: Record) -> dict[str, AxisValue | None]:
        """Return the truth of one of the records."""
        return values_of(self.records, record)


def values_of(cohort: Cohort, record: Record) -> dict[str, AxisValue | None]:
    """Return the truth of a record on every axis and on normality."""
    return with_normality(cohort.truth(record).values)


def examples(dataset: Dataset, split: str, task: Task, seed: int = 0, limit: int | None = None) -> Examples:
    """Return the examples of a split.

    Parameters
    ----------
    dataset : Dataset
    split : str
    task : Task
    seed : int
        Of donors and masks, where the condition has any.
    limit : int, optional
        Only the first so many records of the split are looked at.

    Raises
    ------
    DatasetError
        When no record of the split has a signal and a label on an axis of the format.
    """
    form = target_format(task.format)
    chosen = dataset.cohort(split, limit=limit)
    shown = ShownRecords(chosen, task.condition, task.measurements, seed)
    able = with_donor(shown)
    with progress(f"measuring {split}") as report:
        waveform = able.measure(report)
    numbers, standing_in = shown_numbers(shown, waveform)
    records = able.of(r for r in able if any(values_of(able, r)[axis] is not None for axis in form.axes))
    if not records:
        raise DatasetError(f"no record of split {split!r} has a signal and a label for format {form.name!r}")
    settings = RunSettings(
        reader="examples",
        reader_details={},
        dataset=dataset.name,
        dataset_version=dataset.version,
        fingerprint=records.fingerprint,
        is_sample=dataset.is_sample,
        split=split,
        ids=records.ids,
        renderer=task.renderer,
        px_per_mm=task.px_per_mm,
        condition=condition_named(task.condition).text,
        seed=seed,
        form=form.name,
        prompt=template_version(),
    )
    builder = CaseBuilder(settings, SeesImageAndText(), numbers, donors=standing_in, dataset=dataset)
    return Examples(records, builder, waveform, form, settings.fingerprint)


class SeesImageAndText(RecordingReader):
    """What cases are built for."""

    inputs = frozenset({"image", "text"})
