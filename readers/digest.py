"""The digest by which a manifest names a file of weights or of fitted parameters."""

import hashlib
from importlib.resources.abc import Traversable


def file_digest(path: Traversable) -> str:
    """Return the first 16 hex digits of the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
