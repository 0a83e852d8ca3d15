"""Answers that are whole in a damaged store: by SQLite as far as it reads, and by their bytes where it does not."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from readers.api.response import Response
from taxonomy.error import BenchError
from taxonomy.outside import outside_object

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""Errors of a file that is damaged; all others, such as of a full disk, leave it as it is."""

BYTES_A_ROW = 64
"""Fewest bytes of a row, by which the number of rows is bounded where SQLite cannot tell it."""

_ROW = re.compile(
    rb'([0-9a-f]{40})(\{"text": "(?:[^"\\\x00-\x1f]|\\[\x20-\x7e])*+", "stop": [\x20-\x7e]{1,2000}?"batch": \w{4,5}\})'
)
"""A row as it stands in a page that it does not leave: the key, then the JSON of the answer, in ASCII."""


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is damaged."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED


def answer_of(written: object, key: str) -> Response:
    """Return the answer in a row; raises BenchError when the row is damaged."""
    return Response.from_json(outside_object(written if isinstance(written, bytes) else b"", f"the kept answer {key}"))


def whole_answers(path: Path) -> dict[str, bytes]:
    """Return every row, by key, that can be read in a damaged store and in the log beside it, and is an answer."""
    found = dict[str, bytes]()
    for part in (path, path.with_name(f"{path.name}-wal")):
        if part.is_file():
            found.update((match[1].decode(), match[2]) for match in _ROW.finditer(part.read_bytes()))
    try:
        with closing(sqlite3.connect(path, timeout=60)) as file:
            file.text_factory = bytes
            found.update(_rows(file, path.stat().st_size // BYTES_A_ROW))
    except sqlite3.Error:
        pass  # nothing of it is read by SQLite: what its bytes tell is all there is
    return {key: row for key, row in found.items() if _is_answer(key, row)}


def _rows(file: sqlite3.Connection, most: int) -> Iterator[tuple[str, bytes]]:
    """Yield the rows that SQLite reads, halving each range of them in which it meets damage."""
    try:
        (last,) = file.execute("SELECT max(rowid) FROM response").fetchone()
    except sqlite3.Error:
        last = most
    ranges = [(1, min(last, most) if isinstance(last, int) else 0)]
    while ranges:
        low, high = ranges.pop()
        try:
            query = "SELECT key, answer FROM response NOT INDEXED WHERE rowid BETWEEN ? AND ?"
            for key, row in file.execute(query, (low, high)).fetchall():
                if isinstance(key, bytes) and isinstance(row, bytes):
                    yield key.decode("ascii", "replace"), row
        except sqlite3.Error:
            if low < high:
                middle = (low + high) // 2
                ranges += [(low, middle), (middle + 1, high)]


def _is_answer(key: str, row: bytes) -> bool:
    try:
        answer_of(row, key)
    except BenchError:
        return False
    return True
