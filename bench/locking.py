"""A folder that one process writes to at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taxonomy.error import StorageError


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder and hold it for this process.

    Raises
    ------
    StorageError
        When another process holds it, or it cannot be made.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise StorageError(f"another run is writing to {folder}; wait for it, or name another --out") from None
    except PermissionError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror}; name another --out") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise StorageError(f"{folder} cannot be made a folder: {error.strerror}; name another --out") from error
