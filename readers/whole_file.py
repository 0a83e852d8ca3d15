"""Files that are there whole or not at all, whatever kills the process that writes them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from taxonomy.error import StorageError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path to write to, which takes the name of ``path`` when the block ends without an error.

    The folder is made where it is missing. The temporary name is this process's own, so that several processes may
    write the same file: the last one to finish wins.

    Raises
    ------
    taxonomy.error.StorageError
        When the disk is full or the folder cannot be written; what was there before stays.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()
