"""Predictions made elsewhere: a CSV or JSONL file, or the ``.gz`` of one, with a row for each record.

A row has ``ecg_id`` and any of: values of axes (columns named after the axes; ``other_findings`` parted by ``;``),
probabilities of the five superclasses (NORM, MI, STTC, CD, HYP), probabilities of SCP statements. Where all statements
of a superclass or of an axis are columns, they decide it (:mod:`taxonomy.decision`), unless it is a column itself. The
axes of the columns, and those that are decided, are scored, and no others. An empty cell is no answer.
"""

import csv
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bench.dataset import Cohort, RecordId
from bench.dataset.record import by_id
from bench.progress import SILENT, Observer
from bench.run.scoring import score_readings
from bench.run.settings import Offer, with_followers
from bench.score import Score
from bench.view import QuestionKey
from taxonomy.axis import AXES, AXIS_NAMES, OTHER_FINDINGS, AxisValue, axis_named
from taxonomy.danger import DangerTable
from taxonomy.decision import (
    DECIDED,
    decide,
    decided_axes,
    decided_superclasses,
    statements_for,
    statements_of,
    superclass_chances,
    value_chances,
)
from taxonomy.error import FileError
from taxonomy.outside import MEBIBYTE, Bounds, outside_lines, outside_object
from taxonomy.parsing import read_value
from taxonomy.reading import STATEMENT, SUPERCLASS, Reading
from taxonomy.statement import SUPERCLASSES, statements

Row = Mapping[str, Any]

LONGEST = MEBIBYTE
"""Characters of a line of JSON at most."""

LARGEST = 1024 * MEBIBYTE
"""Bytes of a predictions file at most, unpacked too."""

_WHOLE = re.compile(r"[0-9]{1,18}(\.0*)?")
"""A whole number, which pandas writes as 9.0 where another row lacks one."""

SHOWN = 5
"""Names of missing columns in one sentence."""


@dataclass(frozen=True)
class Columns:
    """What the columns of a predictions file offer.

    Attributes
    ----------
    axes, superclasses, statements : tuple of str
        Columns of the file. NORM is a superclass, and a statement beside other statements.
    ignored : tuple of str
        Its other columns.
    """

    axes: tuple[str, ...]
    superclasses: tuple[str, ...]
    statements: tuple[str, ...]
    ignored: tuple[str, ...] = ()

    @classmethod
    def among(cls, names: Collection[str]) -> "Columns":
        """Return the columns of these names that can be scored."""
        said = tuple(code for code in statements() if code in names)
        classes = tuple(name for name in SUPERCLASSES if name in names)
        if not {*said} - {*classes}:
            said = ()
        elif classes == ("NORM",):
            classes = ()
        axes = tuple(name for name in AXIS_NAMES if name in names)
        used = {"ecg_id", *axes, *classes, *said}
        return cls(axes, classes, said, tuple(sorted(name for name in names if name not in used)))

    @property
    def decided(self) -> tuple[str, ...]:
        """The axes that the statements decide."""
        return tuple(axis for axis in decided_axes(self.statements) if axis not in self.axes)

    @property
    def without_probability(self) -> tuple[str, ...]:
        """The superclasses that have no probability."""
        given = {*self.superclasses, *decided_superclasses(self.statements)}
        return tuple(name for name in SUPERCLASSES if name not in given)

    @property
    def offered(self) -> frozenset[str]:
        """The axes to score, and ``superclass`` where each of the five has a probability."""
        return frozenset({*self.axes, *self.decided, *([] if self.without_probability else [SUPERCLASS])})

    def missing(self) -> dict[str, tuple[str, ...]]:
        """Return the missing columns of each axis and superclass that has some of its statements, and is no column."""
        needed = {axis.name: statements_for(axis.name) for axis in DECIDED if axis.name not in self.axes}
        needed |= {name: statements_of(name) for name in SUPERCLASSES if name not in self.superclasses}
        given = {*self.statements}
        lacking = {name: tuple(code for code in codes if code not in given) for name, codes in needed.items()}
        return {name: codes for name, codes in lacking.items() if 0 < len(codes) < len(needed[name])}


@dataclass(frozen=True)
class Predictions:
    """The readings of a predictions file, by record, what its columns offer, and their blank probabilities."""

    readings: Mapping[RecordId, Reading]
    columns: Columns
    blanks: Mapping[str, int]


def read_predictions(path: Path, ids_are_numbers: bool = True) -> Predictions:
    """Read a predictions file.

    Parameters
    ----------
    path : Path
    ids_are_numbers : bool
        Whether the dataset's ids are whole numbers, and not names.

    Raises
    ------
    FileError
        When it cannot be read, lacks a column, has one that is empty in every row, holds a record twice, a value
        outside its axis, or no probability.
    """
    rows: dict[RecordId, tuple[str, Row]] = {}
    for line, row in _rows(path):
        where = f"line {line} of {path}"
        ecg_id = _ecg_id(where, row, ids_are_numbers)
        if ecg_id in rows:
            raise FileError(f"{where}: record {ecg_id} appears twice")
        rows[ecg_id] = where, row
    if not rows:
        raise FileError(f"{path} holds no prediction")
    columns = Columns.among({name for _, row in rows.values() for name in row})
    readings = {ecg_id: _reading(where, row, columns) for ecg_id, (where, row) in rows.items()}
    _check_filled(path, [row for _, row in rows.values()], columns)
    given = (*columns.superclasses, *columns.statements)
    blanks = {name: sum(_is_empty(row.get(name)) for _, row in rows.values()) for name in given}
    return Predictions(readings, columns, {name: count for name, count in blanks.items() if count})


@dataclass(frozen=True)
class PredictionScore:
    """The score of a predictions file, and how many predictions and recordings it rests on.

    Attributes
    ----------
    score : Score
    columns : Columns
        What the file offers.
    blanks : mapping of str to int
        Rows without a probability, by column; columns without such a row are left out.
    given : int
        Records with a prediction.
    unused : int
        Predictions of records outside the cohort.
    without_signal : int
        Records without a recording in the folder, scored by their labels alone.
    """

    score: Score
    columns: Columns
    blanks: Mapping[str, int]
    given: int
    unused: int
    without_signal: int


def score_predictions(
    path: Path, cohort: Cohort, danger: DangerTable | None = None, observer: Observer = SILENT
) -> PredictionScore:
    """Score a predictions file over a cohort; records without a prediction count as unanswered.

    Raises
    ------
    taxonomy.error.FileError
        When the file cannot be scored, or predicts none of the records.
    """
    predictions = read_predictions(path, cohort.dataset.ids_are_numbers)
    readings = predictions.readings
    check_ids(readings, {record.ecg_id for record in cohort.dataset}, path)
    asked = {QuestionKey(record.ecg_id): readings.get(record.ecg_id, Reading()) for record in cohort}
    given = sum(record.ecg_id in readings for record in cohort)
    if not given:
        raise FileError(f"{path} predicts none of the {len(cohort)} records of this split; choose another with --split")
    with observer.progress("measuring") as report:
        cohort.measure(report)
    return PredictionScore(
        score=score_readings(asked, cohort, danger, offer=Offer(with_followers(predictions.columns.offered))),
        columns=predictions.columns,
        blanks=predictions.blanks,
        given=given,
        unused=len(readings) - given,
        without_signal=sum(not record.rates for record in cohort),
    )


def column_notes(columns: Columns) -> list[str]:
    """Return sentences on what the columns offer: what statements decide, and what they lack for the rest."""
    notes = []
    if columns.decided:
        notes.append(f"Decided by statements: {', '.join(columns.decided)}.")
    for name, codes in columns.missing().items():
        what = f"superclass {name} has no probability" if name in SUPERCLASSES else f"{name} is not scored"
        notes.append(f"{what}: no column for {_some(codes)}.")
    lacking = columns.without_probability
    if 0 < len(lacking) < len(SUPERCLASSES):
        notes.append(
            f"The macro AUROC leaves out {', '.join(lacking)} (no probability); there is no danger-weighted "
            "error, and no macro as published."
        )
    if columns.ignored:
        notes.append(f"Columns that name no axis, superclass or statement were ignored: {_some(columns.ignored)}.")
    return notes


def blank_notes(blanks: Mapping[str, int]) -> list[str]:
    """Return a sentence on the probabilities that are blank in some rows, none where there are none."""
    if not blanks:
        return []
    shown = _some([f"{name} ({count:,} {'row' if count == 1 else 'rows'})" for name, count in blanks.items()])
    return [f"Blank probabilities rank worst in AUROC: {shown}."]


def check_ids(readings: Mapping[RecordId, Reading], known: Collection[RecordId], path: Path) -> None:
    """Check that the dataset holds every predicted record.

    Raises
    ------
    FileError
        When it does not; the message names the first few.
    """
    unknown = sorted(readings.keys() - set(known), key=by_id)
    if unknown:
        some = ", ".join(map(str, unknown[:3])) + (", ..." if len(unknown) > 3 else "")
        raise FileError(f"{path} predicts {len(unknown)} records that the dataset does not have: {some}")


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    packed = path.suffix.lower() == ".gz"
    kind = Path(path.stem).suffix if packed else path.suffix
    try:
        with outside_lines(path, size=LARGEST, what="the predictions file") as lines:
            if kind.lower() in {".jsonl", ".ndjson"}:
                for number, line in enumerate(iter(lambda: lines.readline(LONGEST + 1), ""), start=1):
                    if line.strip():
                        yield number, _json_row(path, number, line)
                return
            yield from _csv_rows(path, csv.reader(lines))
    except FileNotFoundError:
        raise FileError(f"the predictions file {path} does not exist") from None
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise FileError(
            f"the predictions file {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error


def _csv_rows(path: Path, lines: Iterable[list[str]]) -> Iterator[tuple[int, Row]]:
    """Yield each row with the number of its line; a row with more or fewer cells than the header is damaged."""
    numbered = ((number, cells) for number, cells in enumerate(lines, start=1) if cells)
    _, header = next(numbered, (0, []))
    _check_columns(path, header)
    for number, cells in numbered:
        if len(cells) != len(header):
            raise FileError(f"line {number} of {path} has {len(cells)} cells, and the header has {len(header)}")
        yield number, dict(zip(header, cells, strict=True))


def _json_row(path: Path, number: int, line: str) -> Row:
    row = outside_object(line, f"line {number} of {path}", bounds=Bounds(size=LONGEST, once=True))
    _check_columns(path, row)
    return row


def _check_columns(path: Path, columns: Collection[str]) -> None:
    if "ecg_id" not in columns:
        raise FileError(f"{path} has no column 'ecg_id'")
    usable = {*AXIS_NAMES, *SUPERCLASSES, *statements()}
    twice = next((name for name, count in Counter([*columns]).items() if count > 1), None)
    if twice is not None:
        raise FileError(f"{path} has the column {twice!r} twice")
    spelt = {name.casefold(): name for name in usable}
    for name in columns:
        near = spelt.get(str(name).strip().casefold(), name)
        if near != name and near not in columns and name not in usable:
            raise FileError(f"{path} has no column {near!r}, but {name!r}: spell it {near!r}, or leave it out")
    if usable.isdisjoint(columns):
        raise FileError(
            f"{path} has no column to score: name axes ({', '.join(AXIS_NAMES)}), superclasses "
            f"({', '.join(SUPERCLASSES)}) or SCP statements"
        )


def _ecg_id(where: str, row: Row, number: bool) -> RecordId:
    written = str("" if row["ecg_id"] is None else row["ecg_id"]).strip()
    if not written or (number and not _WHOLE.fullmatch(written)):
        raise FileError(f"{where}: ecg_id is {row['ecg_id']!r}, no {'whole number' if number else 'name of a record'}")
    return int(written.partition(".")[0]) if number else written


def _check_filled(path: Path, rows: Collection[Row], columns: Columns) -> None:
    """Check that no column is empty in every row; an empty cell of ``other_findings`` is an answer."""
    for name in (*columns.axes, *columns.superclasses, *columns.statements):
        if name != OTHER_FINDINGS.name and all(_is_empty(row.get(name)) for row in rows):
            raise FileError(f"{path}: column {name!r} is empty in every row; fill it in, or leave it out")


def _is_empty(written: object) -> bool:
    return written is None or _is_blank(written)


def _is_blank(written: object) -> bool:
    return isinstance(written, str) and not written.strip()


def _reading(where: str, row: Row, columns: Columns) -> Reading:
    values = {name: _value(where, name, row[name]) for name in columns.axes if not _is_empty(row.get(name))}
    if OTHER_FINDINGS.name in columns.axes and _is_blank(row.get(OTHER_FINDINGS.name)):
        values[OTHER_FINDINGS.name] = frozenset()
    said = _chances(where, row, columns.statements)
    classes = superclass_chances(said)
    for name in columns.superclasses:
        classes.pop(name, None)
    classes |= _chances(where, row, columns.superclasses)
    shown = {axis: chances for axis, chances in value_chances(said).items() if axis in columns.decided}
    shown |= {name: chances for name, chances in ((SUPERCLASS, classes), (STATEMENT, said)) if chances}
    decided = {axis: value for axis, value in decide(said).items() if axis in columns.decided}
    return Reading(values={**values, **decided}, probabilities=shown)


def _chances(where: str, row: Row, names: Collection[str]) -> dict[str, float]:
    return {name: _chance(where, name, row[name]) for name in names if not _is_empty(row.get(name))}


def _value(where: str, name: str, written: object) -> AxisValue:
    axis = axis_named(name)
    try:
        value = read_value(axis, written)
    except ValueError as error:
        near = get_close_matches(str(written).lower(), axis.values, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise FileError(f"{where}: {error}; it has {', '.join(axis.values)}{hint}") from None
    if isinstance(value, frozenset) and not value <= set(AXES[AXIS_NAMES.index(name)].values):
        raise FileError(f"{where}: {name} holds a finding that is none: {written!r}")
    return value


def _chance(where: str, column: str, written: object) -> float:
    try:
        chance = float(written)  # type: ignore[arg-type]  # anything else raises, as meant
    except (ValueError, TypeError):
        raise FileError(f"{where}: {column} is {written!r}, no number") from None
    if not 0 <= chance <= 1:
        raise FileError(f"{where}: {column} is {written!r}, not between 0 and 1")
    return chance


def _some(names: Collection[str]) -> str:
    shown = list(names)[:SHOWN]
    return ", ".join(shown) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
