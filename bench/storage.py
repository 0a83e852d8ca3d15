"""Storage: whole files, canonical JSON, appended lines, locks and the cache folder."""

import hashlib
import json
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from readers.whole_file import whole_file
from taxonomy.error import StorageError
from taxonomy.redaction import redacted, redacted_data

__all__ = [
    "append",
    "as_json",
    "as_line",
    "cache_folder",
    "held",
    "opened_for_append",
    "set_aside",
    "sha256",
    "whole_file",
    "write_whole",
]

NO_LINK, NO_WAIT = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)
"""Where the operating system has them: a link is refused, and a pipe is not waited for."""


def write_whole(path: Path, text: str) -> Path:
    """Write a text file atomically, without keys and passwords; raises as :func:`whole_file`."""
    with whole_file(path) as part:
        part.write_text(redacted(text), encoding="utf-8")
    return path


def as_json(data: Mapping[str, Any]) -> str:
    """Return JSON as in the files of a run: sorted keys, two spaces, a final line break."""
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def opened_for_append(path: Path) -> Iterator[FileIO]:
    """Open a file of JSON lines for appending.

    A torn last line, which a kill can leave, is cut off first; one that lacks its line break only is given it.

    Raises
    ------
    taxonomy.error.StorageError
        When it is a link, whose target a stranger's folder may have chosen, or no regular file.
    """
    with _regular(path) as out:
        out.seek(0)
        content = out.readall()
        last = content.rpartition(b"\n")[2]
        if last and _is_json(last):
            out.write(b"\n")
        elif last:
            out.truncate(len(content) - len(last))
        yield out


def _regular(path: Path) -> FileIO:
    """Return a regular file, made where there is none, open for appending and reading."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | NO_LINK | NO_WAIT, 0o666)
    except OSError as error:
        if path.is_symlink():
            raise StorageError(
                f"{path} is a link, through which nothing is written: put the file in its place"
            ) from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise StorageError(f"{path} is no regular file: nothing is appended to it")
    return FileIO(handle, "ab+")


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def as_line(entry: Mapping[str, Any]) -> bytes:
    """Return a JSON line, without keys and passwords."""
    return json.dumps(redacted_data(entry), separators=(",", ":")).encode() + b"\n"


def append(out: FileIO, path: Path, entry: Mapping[str, Any]) -> None:
    """Append a JSON line to a file from :func:`opened_for_append`, and hand it to the operating system.

    No key or password stands in it.

    Raises
    ------
    taxonomy.error.StorageError
        When the disk is full or the folder went away; what was written before stays.
    """
    try:
        left = memoryview(as_line(entry))
        while left:
            left = left[out.write(left) :]
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}; what was read so far is kept, and the same command goes on "
            "from there"
        ) from error


@contextmanager
def held(
    folder: Path, name: str = ".lock", wait: float = 0, holder: str = "another run", instead: str = "another --out"
) -> Iterator[None]:
    """Make a folder and lock it, or a part of it, for this process.

    Parameters
    ----------
    folder : Path
    name : str
        Of the file that is locked.
    wait : float
        Seconds for which to wait for another process that holds it.
    holder : str
        What such a process is, for the message.
    instead : str
        What else the user may name, for the message.

    Raises
    ------
    taxonomy.error.StorageError
        When another process holds it, or it cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / name, timeout=wait)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StorageError(f"{holder} is writing to {folder}; wait for it, or name {instead}") from None
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}; name {instead}") from error
    try:
        yield
    finally:
        lock.release()


def set_aside(path: Path, problem: object) -> None:
    """Rename a file of the cache that cannot be read to ``*.damaged`` and say so, so that it can be made again.

    Raises
    ------
    taxonomy.error.StorageError
        When it cannot be renamed.
    """
    aside = path.with_name(f"{path.name}.damaged")
    try:
        path.replace(aside)
    except FileNotFoundError:
        return  # another process was faster
    except OSError as error:
        raise StorageError(f"{path} is damaged and cannot be set aside ({error.strerror}): remove it") from error
    logging.getLogger("bench").warning("%s; it is kept as %s and made again", problem, aside.name)


def cache_folder() -> Path:
    """Return ``$ECG_BENCH_CACHE``, else ``ecg-bench`` in ``$XDG_CACHE_HOME`` or ``~/.cache``; it need not exist yet."""
    named = os.environ.get("ECG_BENCH_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ecg-bench"
