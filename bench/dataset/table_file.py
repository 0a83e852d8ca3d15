"""Tables of labels from outside, as CSV: rows by column, with the line in every message."""

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from taxonomy.error import DatasetError
from taxonomy.outside import outside_lines

MOST_BYTES = 1 << 28


def rows_of(path: Path, columns: Collection[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the number of each line and its cells by column, without spaces around them.

    Raises
    ------
    DatasetError
        When the file is missing, is no UTF-8 CSV, lacks a column or has one twice, or a line has more cells than there
        are columns.
    """
    try:
        with outside_lines(path, DatasetError, MOST_BYTES) as lines:
            reader = csv.DictReader(lines)
            names = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = names
            missing = [name for name in columns if name not in names]
            twice = next((name for name in names if name and names.count(name) > 1), None)
            if twice:
                raise DatasetError(f"{path} has two columns {twice!r}: which one counts?")
            if missing:
                raise DatasetError(f"{path} has no column {missing[0]!r}: its columns are {', '.join(names)[:200]}")
            for row in reader:
                if None in row:
                    raise DatasetError(f"line {reader.line_num} of {path} has more cells than there are columns")
                yield reader.line_num, {name: (cell or "").strip() for name, cell in row.items()}
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing: it is the table of the records' labels") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error


def check_columns(table: Path, columns: Iterable[str], known: Collection[str]) -> None:
    """Refuse a column whose name is nearly one that is read: what it says would be passed over without a word.

    Raises
    ------
    DatasetError
        With the name, and the nearest one that is read.
    """
    for name in columns:
        near = get_close_matches(name.lower().replace(" ", "_"), known, n=1, cutoff=0.85)
        if near and name not in known:
            raise DatasetError(f"{table} has a column {name!r}, which is not read: is it {near[0]!r}?")
