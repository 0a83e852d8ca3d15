"""Where things are kept that can be made again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return ``$ECG_BENCH_CACHE``, else ``ecg-bench`` in ``$XDG_CACHE_HOME`` or ``~/.cache``; it need not exist yet."""
    named = os.environ.get("ECG_BENCH_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ecg-bench"
