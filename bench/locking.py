"""A folder that one process writes to at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taxonomy.error import BenchError


class LockError(BenchError):
    """Raised when a folder is held by another process, or cannot be made."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder and hold it for this process.

    Raises
    ------
    LockError
        When another process holds it, or it cannot be made.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise LockError(f"another run is writing to {folder}; wait for it, or name another --out") from None
    except PermissionError as error:
        raise LockError(f"{folder} cannot be written: {error.strerror}; name another --out") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise LockError(f"{folder} cannot be made a folder: {error.strerror}; name another --out") from error
