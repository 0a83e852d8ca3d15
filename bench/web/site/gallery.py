"""A gallery of cases, failures first: each record's tracing, its truth, and what readers answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Dataset, Record, RecordId
from bench.dataset.phantom import phantoms_named
from bench.dataset.record import by_id
from bench.report.table import quoted
from bench.run.rescoring import cohort_of_run
from bench.run.scoring import scored_cases
from bench.score import ScoredCase
from bench.score.axis_score import value_in_words
from bench.view import QuestionKey
from bench.view.derived import base_name
from bench.web.site.entry import Entry, SiteTable
from renderers import PageStyle, printable, render
from taxonomy.axis import AXES
from taxonomy.danger import CRITICAL, danger_table
from taxonomy.error import BenchError
from taxonomy.reading import Reading
from taxonomy.statement import SUPERCLASSES

MOST_READERS = 8
"""Entries of a table whose answers stand beside a case: its best ones."""

READ_WELL = 4
"""One case in so many is the last of them: one that was read best."""

LONGEST_RAW = 1_500
"""Characters of a raw answer that are shown."""

STYLE = PageStyle()


@dataclass(frozen=True)
class Answer:
    """What an entry answered on one axis of a case.

    Attributes
    ----------
    said : str
        Empty where there is no answer.
    verdict : str
        ``right``, ``wrong``, ``no answer``, ``not asked`` or ``unlabelled``.
    """

    said: str
    verdict: str


@dataclass(frozen=True, eq=False)
class GalleryCase:
    """A case of the gallery.

    Attributes
    ----------
    ecg_id : RecordId
    picture : bytes or None
        PNG; None where it has no recording that can be drawn.
    rows : tuple of (axis, truth, why, answers)
        One for each axis, an answer for each entry of the gallery.
    wrong : tuple of int
        Wrong axes of each entry.
    critical : tuple of bool
        Whether each entry took one superclass for another in a way that counts as a critical error.
    raw : tuple of str
        What each entry wrote, shortened; empty where it wrote nothing.
    """

    ecg_id: RecordId
    picture: bytes | None
    rows: tuple[tuple[str, str, str, tuple[Answer, ...]], ...]
    wrong: tuple[int, ...]
    critical: tuple[bool, ...]
    raw: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Gallery:
    """Cases of a table.

    Attributes
    ----------
    table : SiteTable
    entries : tuple of Entry
        Whose answers are shown.
    cases : tuple of GalleryCase
        Those that were read worst first, then those that were read best.
    of : int
        Cases of the table.
    """

    table: SiteTable
    entries: tuple[Entry, ...]
    cases: tuple[GalleryCase, ...]
    of: int


def gallery_dataset(table: SiteTable, dataset: Dataset | None) -> Dataset | None:
    """Return the dataset whose records a table's gallery may show; None for none.

    Phantoms are everybody's. Recordings are shown of runs of one's own alone, whose owner decides.
    """
    name = base_name(table.dataset)
    phantoms = phantoms_named(name)
    if phantoms is not None:
        return phantoms
    return dataset if table.is_own and dataset is not None and dataset.name == name else None


def gallery(table: SiteTable, dataset: Dataset, most: int) -> Gallery:
    """Return the gallery of a table.

    Parameters
    ----------
    table : SiteTable
    dataset : Dataset
        As :func:`gallery_dataset` gives it.
    most : int
        Cases at most.

    Raises
    ------
    taxonomy.error.BenchError
        When its records are others than those of the dataset.
    """
    entries = table.entries[:MOST_READERS]
    readings = [entry.folder.every_reading()[0] for entry in entries]
    cohort = _shared(entries, dataset)
    found = [_cases(entry, cohort, told, False) for entry, told in zip(entries, readings, strict=True)]
    asked = [record for record in cohort if all(record.ecg_id in cases for cases in found)]
    ordered = sorted(asked, key=lambda one: (-_failure([cases[one.ecg_id] for cases in found]), by_id(one.ecg_id)))
    chosen = _chosen(ordered, most)
    if cohort.dataset.truth_is_measured:
        part = cohort.of(chosen)
        found = [_cases(entry, part, told, True) for entry, told in zip(entries, readings, strict=True)]
    cases = tuple(_case(record, [one[record.ecg_id] for one in found]) for record in chosen)
    return Gallery(table, entries, cases, len(ordered))


def _shared(entries: Sequence[Entry], dataset: Dataset) -> Cohort:
    """Return the records that all entries were asked; all entries of a table have one fingerprint."""
    return cohort_of_run(entries[0].settings, dataset)


def _cases(
    entry: Entry, cohort: Cohort, readings: dict[QuestionKey, Reading], measured: bool
) -> dict[RecordId, ScoredCase]:
    found = scored_cases(readings, cohort, entry.settings.form, entry.settings.offer, measured)
    return {case.ecg_id: case for case in found}


def _chosen(ordered: Sequence[Record], most: int) -> list[Record]:
    """Return those that were read worst, then those that were read best, the very best last."""
    if len(ordered) <= most:
        return list(ordered)
    best = most // READ_WELL
    return [*ordered[: most - best], *ordered[len(ordered) - best :]]


def _failure(cases: Sequence[ScoredCase]) -> float:
    """Return how badly a record was read: by the danger of what was said, then by the number of wrong axes."""
    return sum(_danger(case) + len(_wrong(case)) / 100 for case in cases)


def _danger(case: ScoredCase) -> float:
    true, said = case.true_superclass(), case.superclass()
    if true is None or "diagnosis" not in case.asked or case.reading.outcome == "failed":
        return 0.0
    return float(_costs()[SUPERCLASSES.index(true), SUPERCLASSES.index(said) if said in SUPERCLASSES else -1])


@cache
def _costs() -> NDArray[np.float64]:
    return danger_table().costs()


def _wrong(case: ScoredCase) -> list[str]:
    return [axis.name for axis in AXES if case.true(axis.name) is not None and not case.is_right(axis.name)]


def _case(record: Record, cases: Sequence[ScoredCase]) -> GalleryCase:
    truth = cases[0].truth
    rows = []
    for axis in AXES:
        true = truth.values.get(axis.name)
        why = truth.because.get(axis.name, "") if true is not None else ""
        answers = tuple(_answer(case, axis.name) for case in cases)
        rows.append((axis.name, "" if true is None else value_in_words(true), quoted(why, 200), answers))
    return GalleryCase(
        record.ecg_id,
        _picture(record),
        tuple(rows),
        tuple(len(_wrong(case)) for case in cases),
        tuple(_danger(case) >= CRITICAL for case in cases),
        tuple(quoted(case.reading.raw or "", LONGEST_RAW) for case in cases),
    )


def _answer(case: ScoredCase, axis: str) -> Answer:
    said = case.answer(axis)
    words = "" if said is None else value_in_words(said)
    if axis not in case.asked:
        return Answer(words, "not asked")
    if case.true(axis) is None:
        return Answer(words, "unlabelled")
    if said is None:
        return Answer("", "no answer")
    return Answer(words, "right" if case.is_right(axis) else "wrong")


def _picture(record: Record) -> bytes | None:
    if not record.rates:
        return None
    try:
        signal = record.signal()
        (image,) = render(signal.mv, signal.fs, "printed", STYLE)
    except BenchError:
        return None  # the page says that it has no recording that can be drawn
    return printable(image)
