"""The folder of a site: what is written there is noted, and nothing else in it is touched."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from bench.storage import as_json, held, write_whole
from taxonomy.error import StorageError
from taxonomy.outside import object_in
from taxonomy.redaction import redacted

MARKER = ".ecg-bench-site.json"
"""Says that a folder is a site of ours, and which files in it are."""

LOCK = ".ecg-bench-site.lock"

STAGED = ".ecg-bench-site.part"
"""Where all files are written before the first of them takes its place."""

FRONT = "index.html"
"""Takes its place last: what it links to is there."""

Pages = Mapping[str, str | bytes]
"""The content of each file by its path in the folder, with slashes."""


def check_folder(folder: Path) -> None:
    """Check that a site may be written to a folder: there is none, it is empty, or it holds a site of ours.

    Raises
    ------
    taxonomy.error.StorageError
        When it is a file, or holds something and no site.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise StorageError(f"{folder} is no folder: name another one for the site")
    try:
        inside = [path.name for path in folder.iterdir() if path.name not in {LOCK, STAGED}]
    except OSError as error:
        raise StorageError(f"{folder} cannot be read: {error.strerror}; name another folder for the site") from error
    if inside and MARKER not in inside:
        raise StorageError(
            f"{folder} holds {min(inside)!r} and no site of this program: name an empty folder, so that nothing of "
            "yours is overwritten"
        )
    _noted(folder)


def write_site(folder: Path, pages: Pages) -> None:
    """Write the files of a site whole, note them, and remove those of its former state that are no longer its own.

    A file that was changed since, or that is not noted, is not removed; one that is not noted is not overwritten. All
    of them are written beside the site first, so that a failure or a stop leaves the site as it was.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder holds something of somebody's else in the way, or cannot be written.
    """
    for name in pages:
        _check_name(name)
    check_folder(folder)
    with held(folder, LOCK, holder="another 'bench site'", instead="another folder"):
        before = _noted(folder)
        digests = {name: _digest(content) for name, content in pages.items()}
        for name, digest in digests.items():
            _check_way(folder, name, before, digest)
        with _staged(folder, pages) as staged:
            _note(folder, {**before, **digests})  # before any takes its place: after a kill it is still a site of ours
            _move(staged, folder, sorted(pages, key=lambda name: name == FRONT))
        _remove(folder, {name: digest for name, digest in before.items() if name not in pages})
        _note(folder, digests)


@contextmanager
def _staged(folder: Path, pages: Pages) -> Iterator[Path]:
    """Yield a folder inside with all the files; what a killed process left there goes, and so does this one."""
    staged = folder / STAGED
    if staged.is_symlink() or (os.path.lexists(staged) and not staged.is_dir()):
        raise StorageError(f"{staged} is in the way of the site, since it is a link or no folder: remove it first")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        for name, content in pages.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_bytes(content))
        yield staged
    except OSError as error:
        raise StorageError(f"{folder} cannot be written: {error.strerror or error}; name another folder") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _move(staged: Path, folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).replace(folder / name)


def _note(folder: Path, files: Mapping[str, str]) -> None:
    write_whole(folder / MARKER, as_json({"site": "bench site", "files": dict(files)}))


def _noted(folder: Path) -> dict[str, str]:
    """Return the digest of each file that the marker notes; none where there is no marker."""
    path = folder / MARKER
    if not os.path.lexists(path):
        return {}
    files: Any = object_in(path, StorageError, links=False).get("files")
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise StorageError(f"{path} does not hold the files of a site: name another folder")
    for name in files:
        _check_name(name)
    return files


def _check_name(name: str) -> None:
    """Check that a path leads to a file within the folder."""
    parts = PurePosixPath(name).parts
    plain = all(part not in {"..", "."} and not part.startswith("/") and "\\" not in part for part in parts)
    if not parts or not plain or not name.isprintable() or PurePosixPath(name).as_posix() != name:
        raise StorageError(f"{name[:80]!r} is no path of a file within a site")


def _check_way(folder: Path, name: str, before: Mapping[str, str], digest: str) -> None:
    """Check that nothing of somebody's else is where a file is to be written, and no link leads out of the folder."""
    for parent in list(PurePosixPath(name).parents)[:-1]:
        path = folder / parent
        if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
            raise StorageError(f"{path} is in the way of the site, since it is a link or no folder: remove it first")
    path = folder / name
    if os.path.lexists(path) and name not in before and not _is(path, digest):
        raise StorageError(f"{path} is in the way of the site and was not written by it: move it away first")


def _remove(folder: Path, files: Mapping[str, str]) -> None:
    """Remove files that are as they were written, and folders that are then empty."""
    for name, digest in files.items():
        path = folder / name
        parents = [folder / parent for parent in list(PurePosixPath(name).parents)[:-1]]
        if any(parent.is_symlink() for parent in parents) or not _is(path, digest):
            continue
        path.unlink()
        _remove_empty(parents)


def _remove_empty(parents: Iterable[Path]) -> None:
    for parent in parents:
        if any(parent.iterdir()):
            return
        parent.rmdir()


def _is(path: Path, digest: str) -> bool:
    """Tell whether there is a regular file with this content."""
    return path.is_file() and not path.is_symlink() and _digest(path.read_bytes()) == digest


def _digest(content: str | bytes) -> str:
    return hashlib.sha256(_bytes(content)).hexdigest()


def _bytes(content: str | bytes) -> bytes:
    """Return what a file holds: text without the keys that are known."""
    return redacted(content).encode() if isinstance(content, str) else content
