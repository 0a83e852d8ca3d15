"""WFDB records of any channels in formats 16, 24, 32, 61, 80 and 212 (PhysioNet: ``header(5)``, ``signal(5)``).

Datasets keep to format 16 and twelve leads (:mod:`bench.dataset.wfdb_file`); a user's own record may have other
channels too, in several files.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.challenge_source import challenge_sources, source_of
from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces, channels
from bench.dataset.recording.unit import millivolts
from taxonomy.error import DatasetError
from taxonomy.outside import outside_bytes

LARGEST, LARGEST_HEADER, MOST_CHANNELS = 256 << 20, 1 << 20, 256

USUAL_GAIN = 200.0
"""Units per mV where a header names no gain."""

_GAIN = re.compile(r"([^(/]+)(?:\((-?\d+)\))?(?:/(.+))?")
_MAT_16 = b"\x1e\0\0\0"
"""How a level 4 MAT-file of little-endian 16-bit integers begins."""

_FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?")
_FILE = re.compile(r"\w[\w.-]*", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


@dataclass(frozen=True)
class _Channel:
    """One signal line of a header."""

    file: str
    form: str
    offset: int
    gain: float
    baseline: int
    unit: str
    checksum: int | None
    name: str


def read_wfdb(path: Path, told: Told) -> Traces:
    """Read a WFDB record, named by its header, one of its files, or neither ending.

    Raises
    ------
    DatasetError
        When a file is missing, cut off, elsewhere than beside its header, or in another format.
    """
    header = path.with_suffix(".hea") if path.suffix in (".hea", ".dat", ".mat") else Path(f"{path}.hea")
    lines = _text(header).splitlines()
    try:
        fs, samples, signals = _parsed(header, [line for line in lines if line.strip() and not line.startswith("#")])
    except (ValueError, IndexError):
        raise DatasetError(f"{header} is no WFDB header that can be read") from None
    signals, wrong_gains = _put_right(header, signals)
    found = channels([signal.name for signal in signals], header)
    raw = _raw(header, signals, [signals[place].file for place in found.places.values()], samples)
    leads = {lead: _millivolts(header, lead, signals[place], raw[place]) for lead, place in found.places.items()}
    wrong = [lead for lead, place in found.places.items() if not _is_whole(signals[place], raw[place])]
    notes = (f"the header's checksum does not hold in {', '.join(wrong)}",) if wrong else ()
    return Traces(leads, fs, (*found.notes, *wrong_gains, *notes), found.others)


def _put_right(header: Path, signals: Sequence[_Channel]) -> tuple[Sequence[_Channel], tuple[str, ...]]:
    """Return channels with the gain that a source of the Challenges gives wrongly put right, and a note of it.

    The record's name tells the source, as in :class:`bench.dataset.challenge.Challenge`.
    """
    known = challenge_sources().get(source_of(header)[0])
    gains = known.gains if known and known.names.fullmatch(header.stem) else {}
    wrong = {signal.gain for signal in signals if signal.unit.lower() == "mv"} & gains.keys()
    kept = [replace(signal, gain=gains[signal.gain]) if signal.gain in wrong else signal for signal in signals]
    title = known.title if known else ""
    return kept, tuple(f"{gain:g}/mV is {gains[gain]:g}/mV: headers of {title} were wrong" for gain in sorted(wrong))


def _text(header: Path) -> str:
    """Return a header, UTF-8 or, as comments of older ones are, Latin 1."""
    data = outside_bytes(header, DatasetError, LARGEST_HEADER)
    if b"\0" in data:
        raise DatasetError(f"{header} is no WFDB header: it is no text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _parsed(header: Path, lines: Sequence[str]) -> tuple[float, int | None, Sequence[_Channel]]:
    """Return the sampling rate, the samples of each channel where the header says it, and the channels."""
    name, count, *more = lines[0].split()
    if "/" in name:
        raise DatasetError(f"{header} is a record of several segments: name one of them")
    if not 0 < int(count) <= MOST_CHANNELS or len(lines) <= int(count):
        raise DatasetError(f"{header} names {len(lines) - 1} of {count[:20]} channels: 1 to {MOST_CHANNELS} are read")
    fs = float(re.split(r"[/(]", more[0])[0]) if more else 250.0
    samples = int(more[1]) if len(more) > 1 else 0
    if not (isfinite(fs) and fs > 0) or samples < 0:
        raise DatasetError(f"{header} does not say a sampling rate in Hz and a number of samples in its first line")
    return fs, samples or None, [_channel(header, line) for line in lines[1 : int(count) + 1]]


def _channel(header: Path, line: str) -> _Channel:
    file, written, *more = line.split(maxsplit=8)
    if not _FILE.fullmatch(file):
        raise DatasetError(
            f"{header} names the file {file[:60]!r}: samples are read from files beside their header only"
        )
    form = _FORMAT.fullmatch(written)
    if not form or form.group(1) not in _DECODERS or int(form.group(2) or 1) != 1 or int(form.group(3) or 0):
        raise DatasetError(f"{header} is in WFDB format {written[:20]!r}; {', '.join(_DECODERS)} are read")
    gain, baseline, unit = _gain(more[0] if more else "0")
    zero = int(more[2]) if len(more) > 2 else 0
    checksum = int(more[4]) if len(more) > 4 and _WHOLE.fullmatch(more[4]) else None
    name = more[6] if len(more) > 6 else ""
    return _Channel(
        file, form.group(1), int(form.group(4) or 0), gain, zero if baseline is None else baseline, unit, checksum, name
    )


def _gain(written: str) -> tuple[float, int | None, str]:
    parts = _GAIN.fullmatch(written)
    if not parts:
        raise ValueError(written)
    number, baseline, unit = parts.groups()
    return float(number) or USUAL_GAIN, int(baseline) if baseline else None, unit or "mV"


def _millivolts(header: Path, lead: str, signal: _Channel, raw: NDArray[np.int64]) -> NDArray[np.float32]:
    if not isfinite(signal.gain):
        raise DatasetError(f"{header} does not calibrate lead {lead}")
    mv = (raw - signal.baseline) * (millivolts(signal.unit, header) / signal.gain)
    mv[raw == _MISSING[signal.form]] = np.nan
    return np.asarray(mv, dtype=np.float32)


def _is_whole(signal: _Channel, raw: NDArray[np.int64]) -> bool:
    return signal.checksum is None or (int(raw.sum()) - signal.checksum) % 65536 == 0


def _raw(
    header: Path, signals: Sequence[_Channel], files: Sequence[str], samples: int | None
) -> Mapping[int, NDArray[np.int64]]:
    """Return the raw samples of every channel in these files, by its place in the header."""
    raw = {}
    for file in dict.fromkeys(files):
        places = [place for place, signal in enumerate(signals) if signal.file == file]
        first = signals[places[0]]
        if any((signals[place].form, signals[place].offset) != (first.form, first.offset) for place in places):
            raise DatasetError(f"{header} gives channels of {file} in several formats, which is not read")
        data = outside_bytes(header.with_name(file), DatasetError, LARGEST)
        if file.endswith(".mat") and data[:4] != _MAT_16:
            raise DatasetError(
                f"{header.with_name(file)} is no level 4 MAT-file of 16-bit integers, the only one that is read"
            )
        values = _DECODERS[first.form](data[first.offset :])
        whole = samples or len(values) // len(places)
        if not whole or len(values) < whole * len(places):
            raise DatasetError(
                f"{header.with_name(file)} holds {len(values)} samples where its header says {whole * len(places)}: "
                "it is cut off or damaged"
            )
        table = values[: whole * len(places)].reshape(whole, len(places))
        raw.update({place: table[:, column] for column, place in enumerate(places)})
    return raw


def _integers(kind: str, zero: int = 0) -> Callable[[bytes], NDArray[np.int64]]:
    size = np.dtype(kind).itemsize

    def decoded(data: bytes) -> NDArray[np.int64]:
        return np.frombuffer(data[: len(data) // size * size], kind).astype(np.int64) - zero

    return decoded


def _of_24(data: bytes) -> NDArray[np.int64]:
    low = np.frombuffer(data[: len(data) // 3 * 3], np.uint8).astype(np.int64).reshape(-1, 3)
    value = low[:, 0] | low[:, 1] << 8 | low[:, 2] << 16
    return np.asarray(value - (value >> 23 << 24), dtype=np.int64)


def _of_212(data: bytes) -> NDArray[np.int64]:
    """Return pairs of 12-bit samples, which three bytes hold; of a last pair two bytes may be there."""
    padded = data + b"\0" * (-len(data) % 3)
    first, middle, last = np.frombuffer(padded, np.uint8).astype(np.int64).reshape(-1, 3).T
    value = np.stack([first | (middle & 0x0F) << 8, last | (middle & 0xF0) << 4], axis=1).reshape(-1)
    signed = value - (value >> 11 << 12)
    return np.asarray(signed[: len(data) * 2 // 3], dtype=np.int64)


_DECODERS: Mapping[str, Callable[[bytes], NDArray[np.int64]]] = {
    "16": _integers("<i2"),
    "24": _of_24,
    "32": _integers("<i4"),
    "61": _integers(">i2"),
    "80": _integers("u1", 128),
    "212": _of_212,
}
_MISSING = {"16": -(1 << 15), "24": -(1 << 23), "32": -(1 << 31), "61": -(1 << 15), "80": -128, "212": -2048}
"""Marker of a missing sample."""
