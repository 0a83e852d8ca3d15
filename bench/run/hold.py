"""Who holds a run's folder: one process that asks everything, or several that ask a shard each."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.run.shard import Shard
from bench.storage import as_json, held, write_whole
from taxonomy.error import RunError, StorageError
from taxonomy.outside import Bounds, object_in

WAIT_S = 60.0
"""Seconds for which a shard waits for others of its run, which hold the whole folder for moments only."""

DIVISION = "shards.json"
"""Tells into how many shards the folder's questions were divided last."""


@contextmanager
def whole_held(folder: Path) -> Iterator[None]:
    """Make a folder and hold all of it for this process.

    Raises
    ------
    taxonomy.error.StorageError
        When another process holds it or a shard of it, or it cannot be made.
    """
    with held(folder), ExitStack() as shards:
        for lock in sorted(folder.glob(".lock-*")):
            shards.enter_context(
                held(folder, lock.name, holder=f"shard {lock.name.removeprefix('.lock-')} of this run")
            )
        yield


@contextmanager
def moment_held(folder: Path) -> Iterator[None]:
    """Hold a folder for a moment, in which nobody else begins a shard or scores; waits for others' moments.

    Raises
    ------
    taxonomy.error.StorageError
        When another process holds the whole folder for long.
    """
    with held(folder, wait=WAIT_S):
        yield


@contextmanager
def shard_held(folder: Path, shard: Shard) -> Iterator[None]:
    """Make a folder and hold one shard of it for this process.

    Raises
    ------
    taxonomy.error.StorageError
        When another process asks this shard, or everything.
    taxonomy.error.RunError
        When others are asking the shards of another division, in which the same questions are shared out otherwise.
    """
    with ExitStack() as own:
        with moment_held(folder):
            _divide(folder, shard)
            own.enter_context(held(folder, shard.lock, holder=f"another process of shard {shard}"))
        yield


def division(folder: Path) -> int:
    """Return into how many shards a folder's questions were divided last; 1 where they never were.

    Raises
    ------
    taxonomy.error.RunError
        When the file that tells it is damaged.
    """
    path = folder / DIVISION
    if not path.is_file():
        return 1
    of = object_in(path, RunError, Bounds(once=True)).get("of")
    if not isinstance(of, int) or isinstance(of, bool) or of < 1:
        raise RunError(f"{path} tells no number of shards ({of!r}): remove it")
    return of


def _divide(folder: Path, shard: Shard) -> None:
    """Note the division, unless others are at work in another."""
    earlier = division(folder)
    if earlier == shard.of and (folder / DIVISION).is_file():
        return
    busy = [lock.name.removeprefix(".lock-") for lock in sorted(folder.glob(".lock-*")) if _is_held(folder, lock.name)]
    if busy:
        raise RunError(
            f"shard {busy[0]}/{earlier} is writing to {folder}, and --shard {shard} would ask some of its questions "
            f"again: wait for it, or name one of its {earlier} shards"
        )
    write_whole(folder / DIVISION, as_json({"of": shard.of}))


def _is_held(folder: Path, name: str) -> bool:
    try:
        with held(folder, name):
            return False
    except StorageError:
        return True
