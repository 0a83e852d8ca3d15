"""Encode palette pixels as PNG, fast: at the lowest compression level, or with isal where it is installed."""

import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE_COLOUR = 3
_HEADER_END = 33
"""Bytes of the signature and the first chunk, before which nothing may stand."""


def encode(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Return a PNG (ISO/IEC 15948) of palette pixels.

    Parameters
    ----------
    indices : uint8 array (height, width)
        Colour of each pixel.
    palette : uint8 array (at most 256, 3)
        RGB; two colours take one bit per pixel, more take eight.
    """
    height, width = indices.shape
    bits = 1 if len(palette) <= 2 else 8
    rows = np.packbits(indices, axis=1) if bits == 1 else indices
    scanlines = np.zeros((height, rows.shape[1] + 1), dtype=np.uint8)
    scanlines[:, 1:] = rows
    header = struct.pack(">IIBBBBB", width, height, bits, _PALETTE_COLOUR, 0, 0, 0)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", header),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", _compressor()(scanlines.tobytes())),
            _chunk(b"IEND", b""),
        )
    )


def with_scale(png: bytes, px_per_mm: float) -> bytes:
    """Return a PNG that says its resolution (chunk ``pHYs``, in pixels per metre), so that it is printed to scale."""
    per_metre = round(px_per_mm * 1000)
    return png[:_HEADER_END] + _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)) + png[_HEADER_END:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@cache
def _compressor() -> Callable[[bytes], bytes]:
    try:
        from isal import isal_zlib
    except ImportError:
        return lambda pixels: zlib.compress(pixels, level=1)
    return lambda pixels: isal_zlib.compress(pixels, level=1)
