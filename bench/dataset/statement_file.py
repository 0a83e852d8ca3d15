"""PTB-XL+'s file of 12SL statements, a commercial program's interpretation of every record."""

import ast
import csv
import zlib
from pathlib import Path

from bench.dataset.record import RecordId
from taxonomy.error import FileError
from taxonomy.outside import MEBIBYTE, outside_lines

LARGEST = 256 * MEBIBYTE
"""Bytes of a statements file at most."""


def read_statements(path: Path) -> dict[RecordId, tuple[str, ...]]:
    """Read ``12sl_statements.csv`` or its ``.gz``.

    Returns
    -------
    dict of int to tuple of str
        Acronyms in printed order, by ``ecg_id``.

    Raises
    ------
    FileError
        When the file is missing, lacks a column, or a row holds no list.
    """
    csv.field_size_limit(10**7)
    statements: dict[RecordId, tuple[str, ...]] = {}
    try:
        with outside_lines(path, size=LARGEST, what="the statements file") as lines:
            rows = csv.DictReader(lines)
            for column in ("ecg_id", "statements"):
                if column not in (rows.fieldnames or ()):
                    raise KeyError(column)
            for number, row in enumerate(rows, start=2):
                statements[int(row["ecg_id"])] = _statements(row["statements"], f"line {number} of {path}")
    except FileNotFoundError:
        raise FileError(f"the statements file {path} does not exist") from None
    except KeyError as error:
        raise FileError(f"{path} has no column {error}: is it PTB-XL+'s 12sl_statements.csv?") from error
    except (OSError, EOFError, zlib.error, ValueError, csv.Error) as error:
        raise FileError(
            f"the statements file {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    return statements


def _statements(written: str, where: str) -> tuple[str, ...]:
    try:
        listed = ast.literal_eval(written)
    except (ValueError, SyntaxError) as error:
        raise FileError(f"{where}: statements are {written[:60]!r}, no list") from error
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise FileError(f"{where}: statements are {written[:60]!r}, no list of names")
    return tuple(listed)
