"""SCP-ECG files (EN 1064:2005+A1:2007, ISO 11073-91064:2009): what is needed of sections 0, 2, 3 and 6.

There is no well-kept Python library for them. Patients' data (section 1) and statements are not read. Samples may be
plain, differences, or Huffman coded; those from which a reference beat was subtracted, or that were thinned out between
the beats (bimodal compression), are refused, since both lose part of the signal.
"""

import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.dataset.recording.lead import BY_NUMBER
from bench.dataset.recording.scp_code import decoded, table_of
from bench.dataset.recording.told import Told
from bench.dataset.recording.traces import Traces, channels
from taxonomy.error import DatasetError
from taxonomy.outside import outside_bytes

LARGEST = 64 << 20
MOST_SAMPLES = 1800 * 4000
"""Of a lead: half an hour at 4000 Hz."""

TABLES, LEADS_OF, RHYTHM = 2, 3, 6
"""Sections: Huffman tables, lead definition, rhythm data."""

_RECORD, _HEADER, _POINTER = struct.Struct("<HI"), struct.Struct("<HHIBB6s"), struct.Struct("<HII")
_LEAD = struct.Struct("<IIB")
_SAMPLES = struct.Struct("<HHBB")
"""Amplitude value multiplier in nV, sample interval in us, order of differences, bimodal compression."""

CUT_OFF = "is no whole SCP-ECG file: it is cut off or damaged"


@dataclass(frozen=True)
class _Lead:
    """A lead of section 3: its number, and how many samples it has."""

    number: int
    samples: int


def read_scp(path: Path, told: Told) -> Traces:
    """Read an SCP-ECG file.

    Raises
    ------
    DatasetError
        When it is cut off or damaged, or its samples are stored in a way that is not read.
    """
    data = outside_bytes(path, DatasetError, LARGEST)
    try:
        return _traces(path, data)
    except (struct.error, IndexError):
        raise DatasetError(f"{path} {CUT_OFF}") from None
    except ValueError as error:
        raise DatasetError(f"{path} cannot be read as SCP-ECG: {error}") from None


def _traces(path: Path, data: bytes) -> Traces:
    checksum, length = _RECORD.unpack_from(data)
    if not _RECORD.size + _HEADER.size <= length <= len(data):
        raise DatasetError(f"{path} {CUT_OFF}: it has {len(data):,} bytes and says {length:,}")
    data = data[:length]
    sections = _sections(data)
    if LEADS_OF not in sections or RHYTHM not in sections:
        raise DatasetError(f"{path} is an SCP-ECG file without leads or without rhythm data (sections 3 and 6)")
    leads = _leads(path, sections[LEADS_OF])
    found = channels([BY_NUMBER.get(lead.number) for lead in leads], path)
    multiplier, interval, differences, bimodal = _SAMPLES.unpack_from(sections[RHYTHM])
    if bimodal or differences > 2 or not multiplier or not interval:
        what = "bimodal compression" if bimodal else "samples of an unknown order or scale"
        raise DatasetError(f"{path} has {what}, which is not read: store it uncompressed, or by differences")
    table = table_of(sections.get(TABLES, b""))
    parts = _parts(sections[RHYTHM], len(leads))
    traces = {
        lead: (decoded(parts[place], leads[place].samples, table, differences) * (multiplier * 1e-6)).astype(np.float32)
        for lead, place in found.places.items()
    }
    # Some devices write no checksum.
    is_whole = checksum == 0 or checksum == binascii.crc_hqx(data[2:], 0xFFFF)
    notes = () if is_whole else ("the checksum of the file does not hold",)
    return Traces(traces, 1e6 / interval, (*found.notes, *notes), found.others)


def _sections(data: bytes) -> dict[int, bytes]:
    """Return the data of each section, by number, without its header; section 0 points at them, counted from byte 1."""
    _, first, length, *_ = _HEADER.unpack_from(data, _RECORD.size)
    if first != 0:
        raise ValueError("it does not begin with its pointers (section 0)")
    pointers = data[_RECORD.size + _HEADER.size : _RECORD.size + length]
    found = {}
    for number, size, index in _POINTER.iter_unpack(pointers[: len(pointers) // _POINTER.size * _POINTER.size]):
        if number in (TABLES, LEADS_OF, RHYTHM) and size > _HEADER.size:
            own = _HEADER.unpack_from(data, index - 1)[1] if index else None
            if own != number or index - 1 + size > len(data):
                raise ValueError(f"section {number} is not where the file says")
            found[number] = data[index - 1 + _HEADER.size : index - 1 + size]
    return found


def _leads(path: Path, section: bytes) -> Sequence[_Lead]:
    count, flags = section[0], section[1]
    if flags & 1:
        raise DatasetError(
            f"{path} has a reference beat subtracted from its rhythm, which is not read: store it without compression"
        )
    leads = []
    for place in range(count):
        first, last, number = _LEAD.unpack_from(section, 2 + place * _LEAD.size)
        if not first <= last < first + MOST_SAMPLES:
            raise ValueError(f"lead {place + 1} runs from sample {first} to {last}")
        leads.append(_Lead(number, last - first + 1))
    return leads


def _parts(section: bytes, leads: int) -> Sequence[bytes]:
    lengths = struct.unpack_from(f"<{leads}H", section, _SAMPLES.size)
    begins = _SAMPLES.size + 2 * leads + np.concatenate([[0], np.cumsum(lengths)]).astype(int)
    if begins[-1] > len(section):
        raise ValueError("its rhythm data (section 6) is cut off")
    return [section[begin:end] for begin, end in pairwise(begins)]
