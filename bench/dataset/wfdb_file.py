"""WFDB records in format 16, as used by PTB-XL and the PhysioNet/CinC Challenges: a text header, 16-bit samples.

Stricter than wfdb: a truncated file, another format or an unknown lead is an error that names it. Leads may come in any
order and case. Formats: PhysioNet's ``header(5)`` and ``signal(5)`` manual pages. The Challenges' ``.mat`` files are
level 4 MAT-files (MathWorks, MAT-File Format) with one column-major matrix: after 24 bytes they equal a ``.dat`` file.
"""

import os
import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.record import Signal
from renderers import LEADS
from taxonomy.error import DatasetError

INVALID = -32768
"""Format 16's marker of a missing sample."""

MAT_16 = 30
"""Type code of a level 4 MAT-file with little-endian 16-bit integers."""

_OTHER_MATS = {b"MATLAB 5.0 MAT-file": "level 5", b"MATLAB 7.3 MAT-file": "version 7.3 (HDF5)", b"\x89HDF": "HDF5"}
"""How MAT-files of other versions begin."""

MOST_BYTES, MOST_HEADER_BYTES = 1 << 28, 1 << 20
"""The largest files that are read: a day of twelve leads at 100 Hz is 200 MB."""

LEAST_GAIN, MOST_GAIN, MOST_BASELINE = 1e-3, 1e9, 1 << 31
"""Units per mV, and the unit of 0 mV: beyond them 16-bit samples are no voltages of a heart in any unit."""

_UNITS = {
    **dict.fromkeys(("mv", "millivolt", "millivolts"), 1.0),
    **dict.fromkeys(("uv", "\u00b5v", "\u03bcv", "microvolt", "microvolts"), 1e-3),
    **dict.fromkeys(("nv", "nanovolt", "nanovolts"), 1e-6),
    **dict.fromkeys(("v", "volt", "volts"), 1e3),
}
"""Millivolts of each unit; micro is one of two letters, or u."""

_LEADS = {lead.lower(): row for row, lead in enumerate(LEADS)}
_FORMAT = re.compile(r"16(?:x1)?(?::0)?(?:\+(\d+))?")
"""One sample per frame, no skew, and the byte offset of the first sample."""
_GAIN = re.compile(r"([^(/]+)(?:\((-?\d+)\))?(?:/(.+))?")
_FILE = re.compile(r"\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Channel:
    """One signal line of a header.

    Attributes
    ----------
    gain : float
        File units per mV.
    baseline : int
        File unit of 0 mV.
    checksum : int
        Sum of the samples, modulo 65,536.
    row : int
        Among ``LEADS``.
    """

    gain: float
    baseline: int
    checksum: int
    row: int


@dataclass(frozen=True)
class Header:
    """The content of a ``.hea`` file.

    Attributes
    ----------
    path : Path
        Of the header.
    fs : float
        Sampling rate in Hz.
    samples : int
        Per lead.
    channels : tuple of Channel
        Twelve, in the order of the file.
    file : str
        Name of the sample file beside the header.
    offset : int
        Bytes before the first sample.
    comments : tuple of str
        Lines after a ``#``, such as ``"Age: 56"`` or ``"Dx: 426783006"``.
    """

    path: Path
    fs: float
    samples: int
    channels: tuple[Channel, ...]
    file: str
    offset: int
    comments: tuple[str, ...]

    @property
    def checksums(self) -> str:
        """The checksums of I to V6, which identify the samples."""
        by_lead = sorted((channel.row, channel.checksum % 65536) for channel in self.channels)
        return ",".join(str(checksum) for _, checksum in by_lead)

    @property
    def calibration(self) -> str:
        """Gain and baseline of I to V6; one pair where all are the same."""
        by_lead = sorted((channel.row, channel.gain, channel.baseline) for channel in self.channels)
        said = [f"{gain:g}({baseline})" for _, gain, baseline in by_lead]
        return said[0] if len(set(said)) == 1 else ",".join(said)


def read_header(path: Path) -> Header:
    """Read a ``.hea`` file.

    Raises
    ------
    DatasetError
        When it is missing, is not a format 16 header, does not name exactly the twelve leads, or refers to samples
        outside a single file beside it.
    """
    try:
        _check_size(path, MOST_HEADER_BYTES)
        written = _lines(path)
        lines = [line for line in written if not line.startswith("#")]
        name, count, rate, length = lines[0].split()[:4]
        signals = lines[1 : int(count) + 1]
        channels = tuple(_channel(path, line) for line in signals)
        fs, samples = float(rate.split("/")[0]), int(length)
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing; 'bench data verify' says what else is") from None
    except (OSError, ValueError, IndexError) as error:
        raise DatasetError(f"{path} is not a readable WFDB header: {error}") from error
    if sorted(channel.row for channel in channels) != list(range(len(LEADS))):
        raise DatasetError(f"{path} does not name each of the twelve leads once")
    if "/" in name or samples < 1 or not (isfinite(fs) and fs > 0):
        raise DatasetError(f"{path} is not a header of one continuous segment at a rate in Hz: {lines[0][:60]!r}")
    return Header(path, fs, samples, channels, *_place(path, signals), _comments(written))


def read_comments(path: Path) -> tuple[str, ...]:
    """Read the lines after a ``#`` of a header, which may be none that can be read otherwise.

    Raises
    ------
    DatasetError
        When it cannot be opened, or is no text.
    """
    try:
        _check_size(path, MOST_HEADER_BYTES)
        return _comments(_lines(path))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is not a readable WFDB header: {error}") from error


def _lines(path: Path) -> list[str]:
    """Return the lines of a header; one that is not UTF-8 is Latin 1, in which older programs wrote a micro sign."""
    content = path.read_bytes()
    if b"\0" in content:
        raise ValueError("it is no text")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]


def _comments(lines: list[str]) -> tuple[str, ...]:
    return tuple(line.lstrip("#").strip() for line in lines if line.startswith("#"))


def _check_size(path: Path, most: int) -> None:
    """Refuse what would be read without end: a device, a pipe, a file of another kind."""
    if path.exists() and not path.is_file():
        raise DatasetError(f"{path} is no regular file")
    if path.stat().st_size > most:
        raise DatasetError(f"{path} is larger than {most >> 20} MiB: it is no recording that is read here")


def _channel(path: Path, line: str) -> Channel:
    _, form, gain, _, zero, _, checksum, _, lead = line.split()[:9]
    if not _FORMAT.fullmatch(form):
        raise DatasetError(f"{path} is in WFDB format {form!r}; only format 16 is read")
    if lead.lower() not in _LEADS:
        raise DatasetError(f"{path} names a lead {lead!r}; the twelve are {', '.join(LEADS)}")
    parts = _GAIN.fullmatch(gain)
    if not parts:
        raise ValueError(f"gain {gain!r}")
    number, baseline, unit = parts.groups()
    factor = _UNITS.get((unit or "mV").lower())
    if factor is None:
        raise DatasetError(f"{path} gives lead {lead} in {unit!r}, not in mV, uV or V")
    units = float(number) / factor
    if not LEAST_GAIN <= abs(units) <= MOST_GAIN or abs(int(baseline or zero)) > MOST_BASELINE:
        raise DatasetError(f"{path} does not calibrate lead {lead}: its gain is {gain[:40]}, its zero {zero[:20]}")
    return Channel(units, int(baseline or zero), int(checksum), _LEADS[lead.lower()])


def _place(path: Path, signals: list[str]) -> tuple[str, int]:
    """Return the name of the sample file and the byte offset of the first sample."""
    places = {tuple(line.split()[:2]) for line in signals}
    (name, form), *others = places
    if others:
        raise DatasetError(f"{path} does not keep all leads in one file and format")
    if not _FILE.fullmatch(name):
        raise DatasetError(f"{path} names the file {name!r}: samples are read from a file beside their header only")
    parts = _FORMAT.fullmatch(form)
    return name, int(parts.group(1) or 0) if parts else 0


def read_samples(header: Header, begin: int = 0, count: int | None = None) -> NDArray[np.int16]:
    """Return the raw samples, int16 (n_samples, channels in file order).

    Parameters
    ----------
    header : Header
    begin : int
        First sample.
    count : int, optional
        Number of samples; all that follow when omitted.

    Raises
    ------
    DatasetError
        When the sample file is missing, differs in length from the header, or is named ``.mat`` without being one.
    """
    path = header.path.with_name(header.file)
    width = 2 * len(header.channels)
    count = header.samples - begin if count is None else min(count, header.samples - begin)
    try:
        _check_size(path, MOST_BYTES)
        with path.open("rb") as content:
            whole = os.fstat(content.fileno()).st_size
            size = max(0, whole - header.offset)
            # Memory is taken before anything is read, so that no more is asked for than the file has.
            before = content.read(min(header.offset, whole))
            data = b""
            if size == header.samples * width:
                content.seek(begin * width, os.SEEK_CUR)
                data = content.read(count * width)
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing; 'bench data verify' says what else is") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    shape = (header.samples, len(header.channels))
    if path.suffix == ".mat":
        _check_mat(path, before, shape)
    if size != shape[0] * width:
        expected = shape[0] * shape[1]
        raise DatasetError(f"{path} holds {size // 2} samples where its header says {expected}: truncated or damaged")
    return np.frombuffer(data, "<i2").astype(np.int16, copy=False).reshape(count, shape[1])


def _check_mat(path: Path, before: bytes, shape: tuple[int, int]) -> None:
    """Refuse a MAT-file of another version or with another matrix; without an offset it has none that is looked at."""
    other = next((version for start, version in _OTHER_MATS.items() if before.startswith(start)), None)
    if other:
        raise DatasetError(f"{path} is a MAT-file of {other}; only level 4 is read: save it with version '-v4'")
    if before and np.frombuffer(before[:12].ljust(12, b"\0"), "<i4").tolist() != [MAT_16, shape[1], shape[0]]:
        raise DatasetError(f"{path} is not a level 4 MAT-file with {shape[1]} x {shape[0]} 16-bit samples")


def read_signal(path: Path) -> Signal:
    """Read the record whose header is ``path``, leads in the order of ``LEADS``.

    Raises
    ------
    DatasetError
        When a file is missing, truncated or in another format.
    """
    header = read_header(path)
    return in_millivolts(header, read_samples(header))


def in_millivolts(header: Header, raw: NDArray[np.int16]) -> Signal:
    """Return raw samples of a record (n_samples, channels in file order) as its signal."""
    mv = np.empty((len(LEADS), len(raw)), dtype=np.float32)
    for column, channel in enumerate(header.channels):
        mv[channel.row] = (raw[:, column] - np.float32(channel.baseline)) / np.float32(channel.gain)
    invalid = raw == INVALID
    if invalid.any():
        for column, channel in enumerate(header.channels):
            mv[channel.row, invalid[:, column]] = np.nan
    return Signal(mv, header.fs)


def checksum_problem(header: Header) -> str | None:
    """Return a sentence that names the leads whose samples contradict the header's checksum, None for none.

    Raises
    ------
    DatasetError
        As :func:`read_samples`.
    """
    sums = read_samples(header).astype(np.int64).sum(axis=0)
    wrong = [
        LEADS[channel.row]
        for channel, total in zip(header.channels, sums, strict=True)
        if (int(total) - channel.checksum) % 65536
    ]
    return f"the header's checksum does not hold in {', '.join(wrong)}" if wrong else None
