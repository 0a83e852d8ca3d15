"""Which answers are right of a case, as plain data that a log keeps: Inspect's scorer and its viewer read it there."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.dataset import Dataset
from taxonomy.axis import AxisValue, axis_named, with_derived
from taxonomy.reading import Reading
from taxonomy.target import TargetFormat
from taxonomy.truth import Truth

Plain = str | list[str]


@dataclass(frozen=True)
class RightAnswers:
    """The right answers of one case.

    Attributes
    ----------
    truth : mapping of str to str or list of str
        By axis of the format, without those that have no label.
    accepted : mapping of str to list of str
        Every value that counts as right; of ``other_findings`` those that are allowed beside the truth.
    """

    truth: Mapping[str, Plain]
    accepted: Mapping[str, list[str]]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)

    def is_right(self, axis: str, answer: AxisValue | None) -> bool:
        """Tell whether an answer on a labelled axis is right, as :meth:`taxonomy.truth.Truth.accepts` does."""
        truth, accepted = self.truth[axis], self.accepted[axis]
        if axis_named(axis).is_set:
            return isinstance(answer, frozenset) and {*truth} <= answer <= {*truth, *accepted}
        return answer in accepted

    def right(self, values: Mapping[str, AxisValue | None]) -> dict[str, bool]:
        """Return for each labelled axis whether the answer is right."""
        told = with_derived(values)
        return {axis: self.is_right(axis, told.get(axis)) for axis in self.truth}

    def read_right(self, reading: Reading) -> dict[str, bool]:
        """Return for each labelled axis whether a reading answers it rightly; one without an answer never does."""
        return self.right({} if reading.error else reading.values)


def right_answers(truth: Truth, form: TargetFormat) -> RightAnswers:
    """Return the right answers on the axes of a format."""
    labelled = {axis: value for axis in form.axes if (value := truth.values.get(axis)) is not None}
    return RightAnswers(
        truth={axis: plain(value) for axis, value in labelled.items()},
        accepted={
            axis: sorted(truth.allowed if axis_named(axis).is_set else map(str, truth.right_values(axis)))
            for axis in labelled
        },
    )


def plain_baselines(dataset: Dataset, form: TargetFormat) -> dict[str, Plain]:
    """Return the majority answer of each axis of a format, as JSON holds it."""
    return {axis: plain(value) for axis, value in dataset.baselines.items() if axis in form.axes}


def unplain(values: Mapping[str, Plain]) -> dict[str, AxisValue]:
    """Return the values that :func:`plain_baselines` made plain."""
    return {axis: frozenset(value) if isinstance(value, list) else value for axis, value in values.items()}


def plain(value: AxisValue) -> Plain:
    """Return a value as JSON holds it."""
    return sorted(value) if isinstance(value, frozenset) else value


def shares(rights: Iterable[Mapping[str, bool]]) -> dict[str, float]:
    """Return the share of right answers by axis, over the cases with a label on it."""
    found: dict[str, list[bool]] = {}
    for one in rights:
        for axis, right in one.items():
            found.setdefault(axis, []).append(right)
    return {axis: sum(right) / len(right) for axis, right in found.items()}
