"""The files that Inspect writes: ``.eval``, a zip of JSON files, and ``.json``; what is in them is a stranger's.

The layout is that of log version 2 (Inspect 0.3): ``_journal/start.json`` holds what was asked and how, and
``samples/ID_epoch_N.json`` one sample each. They are packed by zstd, those of earlier versions by deflate.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from taxonomy.error import FileError
from taxonomy.outside import MEBIBYTE, Bounds, object_in, outside_object, outside_stream

LARGEST_PACKED = 16 * 1024 * MEBIBYTE
"""Bytes of an ``.eval`` file at most; it is read sample by sample."""

LARGEST_JSON = 1024 * MEBIBYTE
"""Bytes of a ``.json`` log at most, which is held whole."""

MEMBER = Bounds(size=256 * MEBIBYTE, depth=256, constants=True)
"""What a sample may be, unpacked: a long tool loop with pictures. Inspect writes NaN for what was not scored."""

WHOLE = Bounds(size=LARGEST_JSON, depth=256, constants=True)

START = "_journal/start.json"
SAMPLES = "samples/"
ZSTD = 93
"""Number of zstd among the methods of zip (APPNOTE 6.3.10, section 4.4.5)."""

_LOCAL = struct.Struct("<4s5H3L2H")
"""The header before a packed file: signature, five fields, checksum and sizes, lengths of its name and extras."""

CONVERT = "'inspect log convert LOG --to json --output-dir FOLDER' writes one that is read"


@dataclass(frozen=True, eq=False)
class LogFile:
    """An open log.

    Attributes
    ----------
    path : Path
    start : mapping
        ``version``, ``eval`` and ``plan``.
    count : int
        Its samples.
    """

    path: Path
    start: dict[str, Any]
    count: int
    _samples: Any

    def samples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each sample with a name for messages; raises FileError where one cannot be read."""
        yield from self._samples()


@contextmanager
def opened_log(path: Path) -> Iterator[LogFile]:
    """Open a log.

    Raises
    ------
    taxonomy.error.FileError
        When it is missing, no log of Inspect's, packed in a way that cannot be read here, or too large.
    """
    if path.suffix == ".json":
        yield _json_log(path)
        return
    try:
        with outside_stream(path, size=LARGEST_PACKED, what="the log") as content, ZipFile(content) as packed:
            yield _packed_log(path, content, packed)
    except FileNotFoundError:
        raise FileError(f"the log {path} does not exist") from None
    except (BadZipFile, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"the log {path} cannot be read: {reason}") from error


def is_log(path: Path) -> bool:
    """Tell whether a path is named as Inspect names its logs."""
    return path.suffix in {".eval", ".json"}


def _json_log(path: Path) -> LogFile:
    try:
        data = object_in(path, bounds=WHOLE, what="the log")
    except FileNotFoundError:
        raise FileError(f"the log {path} does not exist") from None
    samples = data.get("samples") or []
    if not isinstance(samples, list):
        raise FileError(f"{path} is no log of Inspect's: its samples are no list")

    def each() -> Iterator[tuple[str, dict[str, Any]]]:
        for number, sample in enumerate(samples, start=1):
            where = f"sample {number} of {path}"
            if not isinstance(sample, dict):
                raise FileError(f"{where} is no JSON object")
            yield where, sample

    return LogFile(path, data, len(samples), each)


def _packed_log(path: Path, content: BinaryIO, packed: ZipFile) -> LogFile:
    # A name may stand twice, where Inspect wrote a file again: the last one counts.
    names = [name for name in dict.fromkeys(packed.namelist()) if name.startswith(SAMPLES) and name.endswith(".json")]
    if START not in packed.namelist():
        raise FileError(f"{path} is no log of Inspect's: it holds no {START}")

    def member(name: str) -> tuple[str, dict[str, Any]]:
        where = f"{name} of {path}"
        return where, outside_object(_unpacked(where, content, packed, packed.getinfo(name)), where, bounds=MEMBER)

    _, start = member(START)
    return LogFile(path, start, len(names), lambda: map(member, names))


def _unpacked(where: str, content: BinaryIO, packed: ZipFile, info: ZipInfo) -> bytes:
    """Return a file of a zip; what it says of its size is not believed."""
    if max(info.file_size, info.compress_size) > MEMBER.size:
        raise FileError(f"{where} cannot be read: it is larger than {MEMBER.size // MEBIBYTE} MiB")
    try:
        if info.compress_type == ZSTD:
            data = _zstd(where, _raw(content, info))
        else:
            with packed.open(info) as member:
                data = member.read(MEMBER.size + 1)
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, zlib.error) as error:
        raise FileError(f"{where} cannot be read: it is damaged ({error})") from error
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise FileError(f"{where} cannot be read: it is damaged (its size or its checksum is another)")
    return data


def _raw(content: BinaryIO, info: ZipInfo) -> bytes:
    content.seek(info.header_offset)
    header = content.read(_LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
        raise BadZipFile("it does not begin where the index says")
    *_, name, extra = _LOCAL.unpack(header)
    content.seek(name + extra, io.SEEK_CUR)
    return content.read(info.compress_size)


def _zstd(where: str, raw: bytes) -> bytes:
    try:
        import zstandard
    except ImportError:
        raise FileError(
            f"{where} cannot be read: it is packed by zstd, and the package zstandard is not installed: install it, or "
            f"{CONVERT}"
        ) from None
    try:
        with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as unpacked:
            return unpacked.read(MEMBER.size + 1)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error
