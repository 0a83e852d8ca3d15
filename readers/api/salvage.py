"""Answers that are whole in a damaged store: by SQLite as far as it reads, and by their bytes where it does not."""

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from readers.api.response import Response
from taxonomy.error import FileError, SettingError
from taxonomy.outside import outside_object

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""Errors of a file that is damaged; all others, such as of a full disk, leave it as it is."""

BYTES_A_ROW = 64
"""Fewest bytes of a row, by which the number of rows is bounded where SQLite cannot tell it."""

PAGE = 4096
"""Bytes of a page of SQLite, unless it is told otherwise; and of the header of a log, and of a page in it."""
LOG_HEADER, FRAME_HEADER = 32, 24

_ROW = re.compile(rb'[\x03-\x06]\x5d([\x80-\xff]{0,3}[\x00-\x7f])([0-9a-f]{40})(?=\{"text": ")')
"""The beginning of a row in a page: the serial types of a text of 40 bytes and of the answer, which tells its length,
then the key (SQLite's file format, section 2.1, record format)."""


def is_damage(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is damaged."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED


def answer_of(written: object, key: str) -> Response:
    """Return the answer in a row; raises FileError when the row is damaged."""
    where = f"the kept answer {key}"
    try:
        return Response.from_json(outside_object(written if isinstance(written, bytes) else b"", where))
    except SettingError as error:
        raise FileError(f"{where} cannot be read: {error}") from error


def whole_answers(path: Path) -> dict[str, bytes]:
    """Return every row, by key, that can be read in a damaged store and in the log beside it, and is an answer."""
    found = _by_bytes(path)
    try:
        with closing(sqlite3.connect(path, timeout=60)) as file:
            file.text_factory = bytes
            found.update(_rows(file, path.stat().st_size // BYTES_A_ROW))
    except sqlite3.Error:
        pass  # nothing of it is read by SQLite: what its bytes tell is all there is
    return {key: row for key, row in found.items() if _is_answer(key, row)}


def _by_bytes(path: Path) -> dict[str, bytes]:
    """Return what looks like a row in the pages of a store, and in the later ones of its log."""
    data, log = (part.read_bytes() if part.is_file() else b"" for part in (path, path.with_name(f"{path.name}-wal")))
    frames = range(LOG_HEADER, len(log) - FRAME_HEADER - PAGE + 1, FRAME_HEADER + PAGE)
    pages = {number + 1: data[number * PAGE : (number + 1) * PAGE] for number in range(-(-len(data) // PAGE))}
    logged = [(int.from_bytes(log[at : at + 4], "big"), log[at + FRAME_HEADER :][:PAGE]) for at in frames]
    in_order = [*pages.values(), *(page for _, page in logged)]
    pages.update(logged)
    return {
        row[2].decode(): _answer_bytes(page, row.end(), _varint(row[1]), pages, len(row[0]))
        for page in in_order
        for row in _ROW.finditer(page)
    }


def _answer_bytes(page: bytes, at: int, size: int, pages: Mapping[int, bytes], before: int) -> bytes:
    """Return an answer that begins at a place of a page, and may go on in others.

    How much of a row stands in its own page, and how the others follow, is SQLite's file format, section 1.6.
    """
    length, most, least = before + (size - 13) // 2, PAGE - 35, (PAGE - 12) * 32 // 255 - 23
    own = length
    if length > most:
        own = least + (length - least) % (PAGE - 4)
        own = own if own <= most else least
    end = at + own - before
    parts, left = [page[at:end]], length - own
    following = page[end : end + 4]
    while left > 0 and (other := pages.get(int.from_bytes(following, "big"))):
        parts.append(other[4 : 4 + left])
        following, left = other[:4], left - (PAGE - 4)
    return b"".join(parts)


def _varint(written: bytes) -> int:
    number = 0
    for byte in written:
        number = number << 7 | byte & 0x7F
    return number


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
    except FileError:
        return False
    return True
