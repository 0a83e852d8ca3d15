"""WFDB records in format 16, as PTB-XL has them: a text header and 16-bit samples.

Strict where wfdb is lenient: a truncated file, another format or an unknown lead is an error that names it. Leads may
stand in any order and case. Format: PhysioNet's ``header(5)`` and ``signal(5)`` manual pages.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.record import Signal
from renderers import LEADS
from taxonomy.error import DatasetError

INVALID = -32768
"""Sample of format 16 that stands for no value."""

_UNITS = {"mv": 1.0, "uv": 1e-3, "v": 1e3}
_LEADS = {lead.lower(): row for row, lead in enumerate(LEADS)}


@dataclass(frozen=True)
class Channel:
    """One signal line of a header: gain in units of the file per mV, baseline, checksum, and its row among LEADS."""

    gain: float
    baseline: int
    checksum: int
    row: int


@dataclass(frozen=True)
class Header:
    """What a ``.hea`` file says."""

    path: Path
    fs: float
    samples: int
    channels: tuple[Channel, ...]


def read_header(path: Path) -> Header:
    """Read a ``.hea`` file.

    Raises
    ------
    DatasetError
        When it is missing, is no header of format 16, or does not name exactly the twelve leads.
    """
    try:
        lines = [line for line in path.read_text(encoding="ascii").splitlines() if line and not line.startswith("#")]
        _, count, rate, length = lines[0].split()[:4]
        channels = tuple(_channel(path, line) for line in lines[1 : int(count) + 1])
        header = Header(path, float(rate.split("/")[0]), int(length), channels)
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing; 'bench data verify' says what else is") from None
    except (OSError, ValueError, IndexError) as error:
        raise DatasetError(f"{path} is no WFDB header that can be read: {error}") from error
    if sorted(channel.row for channel in channels) != list(range(len(LEADS))):
        raise DatasetError(f"{path} does not name each of the twelve leads once")
    return header


def _channel(path: Path, line: str) -> Channel:
    _, form, gain, _, zero, _, checksum, _, lead = line.split()[:9]
    if form != "16":
        raise DatasetError(f"{path} is in WFDB format {form!r}; only format 16 is read")
    if lead.lower() not in _LEADS:
        raise DatasetError(f"{path} names a lead {lead!r}; the twelve are {', '.join(LEADS)}")
    scale, _, unit = gain.partition("/")
    number, _, baseline = scale.partition("(")
    factor = _UNITS.get((unit or "mV").lower())
    if factor is None:
        raise DatasetError(f"{path} gives lead {lead} in {unit!r}, not in mV, uV or V")
    offset = int(baseline.rstrip(")")) if baseline else int(zero)
    return Channel(float(number) / factor, offset, int(checksum), _LEADS[lead.lower()])


def read_samples(header: Header) -> NDArray[np.int16]:
    """Return the raw samples, int16 (n_samples, channels in file order).

    Raises
    ------
    DatasetError
        When the ``.dat`` file is missing or has another length than the header says.
    """
    path = header.path.with_suffix(".dat")
    try:
        raw = np.fromfile(path, dtype="<i2")
    except FileNotFoundError:
        raise DatasetError(f"{path} is missing; 'bench data verify' says what else is") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    expected = header.samples * len(header.channels)
    if len(raw) != expected:
        raise DatasetError(f"{path} holds {len(raw)} samples where its header says {expected}: truncated or damaged")
    return raw.reshape(header.samples, len(header.channels))


def read_signal(path: Path) -> Signal:
    """Read the record whose header is ``path``, leads in the order of ``LEADS``.

    Raises
    ------
    DatasetError
        When a file is missing, truncated or of another form.
    """
    header = read_header(path)
    raw = read_samples(header)
    mv = np.empty((len(LEADS), header.samples), dtype=np.float32)
    for column, channel in enumerate(header.channels):
        mv[channel.row] = (raw[:, column] - np.float32(channel.baseline)) / np.float32(channel.gain)
    invalid = raw == INVALID
    if invalid.any():
        for column, channel in enumerate(header.channels):
            mv[channel.row, invalid[:, column]] = np.nan
    return Signal(mv, header.fs)


def wrong_checksums(header: Header, raw: NDArray[np.int16]) -> tuple[str, ...]:
    """Return the leads whose samples do not add up to the header's checksum (sum modulo 65,536)."""
    sums = raw.astype(np.int64).sum(axis=0)
    return tuple(
        LEADS[channel.row]
        for channel, total in zip(header.channels, sums, strict=True)
        if (int(total) - channel.checksum) % 65536
    )
