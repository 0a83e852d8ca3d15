"""JSON that comes from outside: a file of the user's, a submission, a cache, what a server answers.

Everything that reads such JSON reads it here, so that a hostile or damaged text is one sentence wherever it stands:
its size, its depth and its numbers are bounded before anything is made of it.
"""

import errno
import gzip
import io
import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from taxonomy.error import BenchError, FileError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from pydantic import TypeAdapter

Kept = TypeVar("Kept", bound="DataclassInstance")

MEBIBYTE = 1024 * 1024

DIGITS = 300
"""Digits of a whole number at most: one of more may be too large for a float."""

_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|([\[{])|([\]}])', re.DOTALL)
"""A string, so that what it holds is not counted, or a bracket that opens or closes."""


@dataclass(frozen=True)
class Bounds:
    """What a JSON text from outside may be.

    Attributes
    ----------
    size : int
        Bytes at most.
    depth : int
        Lists and objects within one another at most.
    once : bool
        Whether an object that has a key twice is refused; otherwise the last value counts.
    constants : bool
        Whether NaN and Infinity, which JSON does not have, are read as null; otherwise they are refused.
    """

    size: int = 64 * MEBIBYTE
    depth: int = 32
    once: bool = False
    constants: bool = False


USUAL = Bounds()


def outside_json(text: str | bytes, where: object, error: type[BenchError] = FileError, bounds: Bounds = USUAL) -> Any:  # noqa: ANN401  # JSON is of any type
    """Return the data of a JSON text whose numbers are all finite.

    Parameters
    ----------
    text : str or bytes
        Bytes are UTF-8.
    where : object
        What the text is, for the message: a path, ``line 3 of PATH``.
    error : type
        Raised in the place of FileError.
    bounds : Bounds

    Raises
    ------
    FileError
        When the text is too large, too deep, no JSON, or holds a number that is not finite.
    """
    try:
        _check_size(len(text), bounds)
        written = text if isinstance(text, str) else text.decode("utf-8")
        _check_depth(written, bounds)
        return json.loads(
            written,
            parse_constant=_null if bounds.constants else _constant,
            parse_float=_number,
            parse_int=_whole_number,
            object_pairs_hook=_once if bounds.once else None,
        )
    except json.JSONDecodeError as problem:
        at = f"line {problem.lineno}, column {problem.colno}"
        raise error(f"{where} cannot be read: it is no JSON ({problem.msg} at {at})") from problem
    except UnicodeDecodeError as problem:
        raise error(f"{where} cannot be read: it is not UTF-8 text") from problem
    except ValueError as problem:
        raise error(f"{where} cannot be read: {problem}") from problem


def outside_object(
    text: str | bytes, where: object, error: type[BenchError] = FileError, bounds: Bounds = USUAL
) -> dict[str, Any]:
    """Return the data of a JSON text that is an object; parameters and errors as of :func:`outside_json`."""
    data = outside_json(text, where, error, bounds)
    if not isinstance(data, dict):
        raise error(f"{where} cannot be read: it holds {_kind(data)}, not a JSON object")
    return data


def outside_bytes(
    path: Path, error: type[BenchError] = FileError, size: int = USUAL.size, links: bool = True, what: str = ""
) -> bytes:
    """Return the content of a file from outside.

    Parameters
    ----------
    path : Path
    error : type
        Raised in the place of FileError.
    size : int
        Bytes at most.
    links : bool
        Whether the file may be a symbolic link, as a user's own may.
    what : str
        The user's word for the file, such as ``"danger table"``, for the message.

    Raises
    ------
    FileError
        When it cannot be read, is too large, or is no regular file: a pipe would be waited for, a device has no end.
    """
    named = f"{what} {path}".strip()
    if not links and path.is_symlink():
        raise error(f"{named} is a link, and links are not followed here")
    try:
        with _opened(path, error, named, 0 if links else getattr(os, "O_NOFOLLOW", 0)) as content:
            data = content.read(size + 1)
    except (OSError, ValueError) as problem:
        if isinstance(problem, OSError) and problem.errno == errno.ELOOP and not links:
            raise error(f"{named} is a link, and links are not followed here") from problem
        reason = problem.strerror if isinstance(problem, OSError) else problem
        raise error(f"{named} cannot be read: {reason}") from problem
    if len(data) > size:
        raise error(f"{named} cannot be read: it is larger than {_size(size)}")
    return data


@contextmanager
def outside_stream(
    path: Path, error: type[BenchError] = FileError, size: int = USUAL.size, what: str = ""
) -> Iterator[io.BufferedReader]:
    """Open a file from outside that is too large to be held at once.

    Raises
    ------
    FileError
        When it is no regular file, or larger than ``size`` bytes; an OSError of the system passes, for words of one's
        own.
    """
    named = f"{what} {path}".strip()
    with _opened(path, error, named) as content:
        if os.fstat(content.fileno()).st_size > size:
            raise error(f"{named} cannot be read: it is larger than {_size(size)}")
        yield content


@contextmanager
def outside_lines(
    path: Path, error: type[BenchError] = FileError, size: int = USUAL.size, what: str = ""
) -> Iterator[TextIO]:
    """Open a text from outside, or the ``.gz`` of one, to be read line by line; as :func:`outside_stream`.

    What is unpacked has at most ``size`` bytes too: the error is raised when more is read.
    """
    with outside_stream(path, error, size, what) as content:
        packed = path.suffix.lower() == ".gz"
        whole = gzip.GzipFile(fileobj=content) if packed else content
        named = f"{what} {path}".strip()
        told = error(f"{named} cannot be read: it is larger than {_size(size)}{' when unpacked' * packed}")
        with io.TextIOWrapper(io.BufferedReader(_Bounded(whole, size, told)), encoding="utf-8-sig", newline="") as text:
            yield text


class _Bounded(io.RawIOBase):
    """The first bytes of another stream; an error when it has more."""

    def __init__(self, whole: io.BufferedReader | gzip.GzipFile, size: int, told: BenchError) -> None:
        self._whole, self._left, self._told = whole, size, told

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # a buffer of any type
        """Read the next bytes into a buffer and return their count."""
        data = self._whole.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise self._told
        buffer[: len(data)] = data
        return len(data)


def _opened(path: Path, error: type[BenchError], named: str, flags: int = 0) -> io.BufferedReader:
    """Open a regular file; of another nothing is read."""
    # Opening a pipe waits for somebody who writes, unless told not to wait; Windows has neither of these flags.
    own = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, own | flags)
    mode = os.fstat(number).st_mode
    if not stat.S_ISREG(mode):
        os.close(number)
        raise error(f"{named} is {'a folder, not a file' if stat.S_ISDIR(mode) else 'no regular file'}")
    return os.fdopen(number, "rb")


def object_in(
    path: Path, error: type[BenchError] = FileError, bounds: Bounds = USUAL, links: bool = True, what: str = ""
) -> dict[str, Any]:
    """Return the JSON object in a file from outside; as :func:`outside_bytes` and :func:`outside_object`."""
    content = outside_bytes(path, error, bounds.size, links, what)
    return outside_object(content, f"{what} {path}".strip(), error, bounds)


def strict_object(
    kind: type[Kept], data: object, said: Callable[[str], str], error: type[BenchError] = FileError
) -> Kept:
    """Return the object that was written as JSON data: every field of its own type, and no other field.

    Parameters
    ----------
    kind : type
        A dataclass.
    data : object
        As of :func:`outside_json`.
    said : callable
        Given the first field that differs and how, returns the message.
    error : type
        Raised in the place of FileError.

    Raises
    ------
    FileError
        When the data has another form.
    """
    from pydantic import ValidationError

    try:
        kept: Kept = _adapter(kind).validate_json(json.dumps(data), strict=True)
        return kept
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise error(said(f"{where}: {first['msg']}")) from None


@cache
def _adapter(kind: type[Any]) -> "TypeAdapter[Any]":
    from pydantic import ConfigDict, TypeAdapter, with_config

    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(kind))


def _check_size(size: int, bounds: Bounds) -> None:
    if size > bounds.size:
        raise ValueError(f"it is larger than {_size(bounds.size)}")


def _check_depth(text: str, bounds: Bounds) -> None:
    """Check how deep a text goes before it is parsed: a parser that recurses runs out of stack."""
    if text.count("[") + text.count("{") <= bounds.depth:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match.lastindex == 1:
            depth += 1
            if depth > bounds.depth:
                raise ValueError(f"it holds more than {bounds.depth} lists and objects within one another")
        elif match.lastindex:
            depth -= 1


def _size(size: int) -> str:
    return f"{size // MEBIBYTE} MiB" if size >= MEBIBYTE else f"{size:,} bytes"


def _null(written: str) -> None:
    return None


def _constant(written: str) -> float:
    raise ValueError(f"it holds {written}, which is no finite number")


def _number(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"it holds {_short(written)}, which is no finite number")
    return number


def _whole_number(written: str) -> int:
    if len(written) > DIGITS:
        raise ValueError(f"it holds a whole number of more than {DIGITS} digits, {_short(written)}")
    return int(written)


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in pairs:
        if key in data:
            raise ValueError(f"it holds the key {_short(key)!r} twice")
        data[key] = value
    return data


def _short(written: str) -> str:
    return written if len(written) <= 40 else f"{written[:37]}..."


def _kind(data: object) -> str:
    if isinstance(data, list):
        return "a list"
    return "a text" if isinstance(data, str) else "null" if data is None else "a number or a truth value"
