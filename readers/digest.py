"""The digest by which a manifest names a file of weights or of fitted parameters."""

import hashlib
from importlib.resources.abc import Traversable
from pathlib import Path

from taxonomy.error import ReaderError
from taxonomy.outside import MEBIBYTE, outside_stream

LARGEST = 16 * 1024 * MEBIBYTE
"""Bytes of a file of weights at most."""


def file_digest(path: Traversable) -> str:
    """Return the first 16 hex digits of the SHA-256 of a file.

    Raises
    ------
    taxonomy.error.ReaderError
        When it cannot be read, is no regular file, or is too large.
    """
    if isinstance(path, Path):
        return _digest(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _digest(path: Path) -> str:
    try:
        with outside_stream(path, ReaderError, LARGEST, "the weights file") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()[:16]
    except FileNotFoundError:
        raise ReaderError(f"the weights file {path} does not exist") from None
    except OSError as error:
        raise ReaderError(f"the weights file {path} cannot be read: {error.strerror}") from error
