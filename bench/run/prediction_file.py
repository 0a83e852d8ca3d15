"""Predictions made elsewhere: a CSV or JSONL file with a row for each record.

A row has ``ecg_id`` and any of: values of axes (columns named after the axes; ``other_findings`` parted by ``;``),
probabilities of the five superclasses (NORM, MI, STTC, CD, HYP), probabilities of SCP statements. A superclass's
probability is the largest one of its statements where it is not given itself. Only what is given is filled in; an
empty cell is no answer.
"""

import csv
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from bench.dataset import Cohort, RecordId
from bench.dataset.record import by_id
from bench.progress import SILENT, Observer
from bench.run.scoring import score_readings
from bench.score import Score
from bench.view import QuestionKey
from taxonomy.axis import AXES, AXIS_NAMES, AxisValue, axis_named
from taxonomy.danger import DangerTable
from taxonomy.error import FileError
from taxonomy.parsing import read_value
from taxonomy.reading import SUPERCLASS, Reading
from taxonomy.statement import SUPERCLASSES, statements

Row = Mapping[str, Any]


def read_predictions(path: Path, ids_are_numbers: bool = True) -> dict[RecordId, Reading]:
    """Read a predictions file.

    Parameters
    ----------
    path : Path
    ids_are_numbers : bool
        Whether the dataset's ids are whole numbers, and not names.

    Returns
    -------
    dict of RecordId to Reading
        By ``ecg_id``.

    Raises
    ------
    FileError
        When it cannot be read, lacks a column, holds a record twice, a value outside its axis, or no probability.
    """
    readings: dict[RecordId, Reading] = {}
    for line, row in _rows(path):
        where = f"line {line} of {path}"
        ecg_id = _ecg_id(where, row, ids_are_numbers)
        if ecg_id in readings:
            raise FileError(f"{where}: record {ecg_id} appears twice")
        readings[ecg_id] = _reading(where, row)
    if not readings:
        raise FileError(f"{path} holds no prediction")
    return readings


@dataclass(frozen=True)
class PredictionScore:
    """The score of a predictions file, and how many predictions and recordings it rests on.

    Attributes
    ----------
    score : Score
    given : int
        Records with a prediction.
    unused : int
        Predictions of records outside the cohort.
    without_signal : int
        Records without a recording in the folder, scored by their labels alone.
    """

    score: Score
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
    readings = read_predictions(path, cohort.dataset.ids_are_numbers)
    check_ids(readings, {record.ecg_id for record in cohort.dataset}, path)
    asked = {QuestionKey(record.ecg_id): readings.get(record.ecg_id, Reading()) for record in cohort}
    given = sum(record.ecg_id in readings for record in cohort)
    if not given:
        raise FileError(f"{path} predicts none of the {len(cohort)} records of this split; choose another with --split")
    with observer.progress("measuring") as report:
        cohort.measure(report)
    without_signal = sum(not record.rates for record in cohort)
    return PredictionScore(score_readings(asked, cohort, danger), given, len(readings) - given, without_signal)


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
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            if path.suffix.lower() in {".jsonl", ".ndjson"}:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        yield number, _json_row(path, number, line)
                return
            reader = csv.DictReader(lines)
            _check_columns(path, reader.fieldnames or ())
            yield from enumerate(reader, start=2)
    except FileNotFoundError:
        raise FileError(f"the predictions file {path} does not exist") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"the predictions file {path} cannot be read: {error}") from error


def _json_row(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise FileError(f"line {number} of {path} is no JSON: {error}") from None
    if not isinstance(row, dict):
        raise FileError(f"line {number} of {path} is no JSON object")
    _check_columns(path, row)
    return row


def _check_columns(path: Path, columns: Collection[str]) -> None:
    if "ecg_id" not in columns:
        raise FileError(f"{path} has no column 'ecg_id'")
    usable = {*AXIS_NAMES, *SUPERCLASSES, *statements()}
    if usable.isdisjoint(columns):
        raise FileError(
            f"{path} has no column to score: name axes ({', '.join(AXIS_NAMES)}), superclasses "
            f"({', '.join(SUPERCLASSES)}) or SCP statements"
        )


def _ecg_id(where: str, row: Row, number: bool) -> RecordId:
    written = str("" if row["ecg_id"] is None else row["ecg_id"]).strip()
    if not written or (number and not written.isdecimal()):
        raise FileError(f"{where}: ecg_id is {row['ecg_id']!r}, no {'whole number' if number else 'name of a record'}")
    return int(written) if number else written


def _reading(where: str, row: Row) -> Reading:
    values = {name: _value(where, name, row[name]) for name in AXIS_NAMES if row.get(name) not in (None, "")}
    if "other_findings" in row and row["other_findings"] == "":
        values["other_findings"] = frozenset()
    chances = _superclasses(where, row)
    return Reading(values=values, probabilities={SUPERCLASS: chances} if chances else {})


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


def _superclasses(where: str, row: Row) -> dict[str, float]:
    chances = {name: _chance(where, name, row[name]) for name in SUPERCLASSES if row.get(name) not in (None, "")}
    for statement in statements().values():
        superclass = statement.superclass
        written = row.get(statement.code)
        given = written not in (None, "") and statement.code not in SUPERCLASSES
        if superclass and given and superclass not in {*row} - {statement.code}:
            chances[superclass] = max(chances.get(superclass, 0.0), _chance(where, statement.code, written))
    return chances


def _chance(where: str, column: str, written: object) -> float:
    try:
        chance = float(written)  # type: ignore[arg-type]  # anything else raises, as meant
    except (ValueError, TypeError):
        raise FileError(f"{where}: {column} is {written!r}, no number") from None
    if not 0 <= chance <= 1:
        raise FileError(f"{where}: {column} is {written!r}, not between 0 and 1")
    return chance
