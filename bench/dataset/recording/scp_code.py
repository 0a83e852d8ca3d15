"""Huffman codes and differences of SCP-ECG (EN 1064:2005+A1:2007, clauses 5.5 and 5.9, annex C)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEFAULT = 19999
"""Number of tables that stands for the default table of the standard."""

_STRUCTURE = struct.Struct("<BBBhI")
"""Bits of the prefix, bits in all, table switch, base value, base code with its first bit lowest."""


@dataclass(frozen=True)
class Code:
    """What a prefix stands for: ``value``, or a signed number of so many further bits, its ``literal``."""

    value: int
    literal: int = 0


Table = Mapping[int, Code]
"""Codes by prefix, which is written as a binary number with a 1 before it, so that its length is told."""


def _default() -> Table:
    """Return the default table of annex C: 0, then +1 -1 +2 -2 ... +8 -8, then 8 and 16 bits as they are."""
    table = {0b10: Code(0)}
    for size in range(1, 9):
        ones = (1 << (size + 1)) - 1
        table[(ones << 2) | 0b00] = Code(size)
        table[(ones << 2) | 0b01] = Code(-size)
    return {**table, (1 << 10) | 0b11_1111_1110: Code(0, 8), (1 << 10) | 0b11_1111_1111: Code(0, 16)}


DEFAULT_TABLE = _default()


def table_of(section: bytes) -> Table | None:
    """Return the table that the data of section 2 names or holds; None where samples are not coded.

    Raises
    ------
    ValueError
        When it is cut off, or holds several tables, between which the samples may switch.
    """
    if len(section) < 2:
        return None
    (tables,) = struct.unpack_from("<H", section)
    if tables == DEFAULT:
        return DEFAULT_TABLE
    if tables == 0:
        return None
    if tables > 1:
        raise ValueError(f"it has {tables} Huffman tables; one is read")
    (count,) = struct.unpack_from("<H", section, 2)
    table = {}
    for place in range(count):
        prefix, whole, switch, value, code = _STRUCTURE.unpack_from(section, 4 + place * _STRUCTURE.size)
        if not (0 < prefix <= 32 and prefix <= whole <= prefix + 16) or switch != 1:
            raise ValueError("its Huffman table is damaged")
        first_bit_first = int(f"{code & ((1 << prefix) - 1):0{prefix}b}"[::-1], 2)
        table[(1 << prefix) | first_bit_first] = Code(value, whole - prefix)
    return table


def decoded(data: bytes, samples: int, table: Table | None, differences: int) -> NDArray[np.int64]:
    """Return the samples of one lead, int64 (samples,), in units of the file.

    Parameters
    ----------
    data : bytes
    samples : int
        At least 1.
    table : Table or None
        None where samples are 16-bit integers.
    differences : int
        0, or the order of the differences that are stored, 1 or 2; the first values are then samples.

    Raises
    ------
    ValueError
        When there are fewer samples, or a code is not in the table.
    """
    if table is None:
        if len(data) < 2 * samples:
            raise ValueError(f"a lead has {len(data) // 2} of {samples} samples")
        values = np.frombuffer(data[: 2 * samples], "<i2").astype(np.int64)
    else:
        values = _uncoded(data, samples, table)
    if differences == 1:
        return np.cumsum(values)
    if differences == 2 and samples > 1:
        slopes = np.concatenate([[values[1] - values[0]], values[2:]])
        return np.concatenate([values[:1], values[0] + np.cumsum(np.cumsum(slopes))])
    return values


def _uncoded(data: bytes, samples: int, table: Table) -> NDArray[np.int64]:
    bits = np.unpackbits(np.frombuffer(data, np.uint8)).tolist()
    values, place, longest = np.empty(samples, np.int64), 0, max(table)
    for number in range(samples):
        prefix = 1
        while prefix not in table:
            if place >= len(bits):
                raise ValueError(f"a lead has {number} of {samples} samples")
            prefix = prefix << 1 | bits[place]
            place += 1
            if prefix > longest:
                raise ValueError("a lead holds a code that is in no Huffman table")
        code = table[prefix]
        value = code.value
        if code.literal:
            if place + code.literal > len(bits):
                raise ValueError(f"a lead has {number} of {samples} samples")
            value = _signed(bits[place : place + code.literal])
            place += code.literal
        values[number] = value
    return values


def _signed(bits: list[int]) -> int:
    """Return the number that bits stand for in two's complement."""
    value = int("".join(map(str, bits)), 2)
    return value - (1 << len(bits)) if bits[0] else value
