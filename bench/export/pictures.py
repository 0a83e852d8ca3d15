"""Draws records to PNG files; what is finished is kept, so that a command that was stopped goes on."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record
from bench.progress import Report
from bench.run.manifest import versions
from bench.storage import append, opened_for_append, sha256, whole_file
from renderers import LEADS, PageStyle, Picture, printable, render
from taxonomy.error import StorageError

NOTES = "pictures.jsonl"
"""What is drawn in a folder: a line for each drawing, with the digests of its files."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What one renderer makes of one signal.

    Attributes
    ----------
    name : str
        Of its file, without lead and suffix.
    key : str
        Digest of all that decides the pictures: the signal, the renderer, the style and the version of the project.
    draw : callable
        Returns the pictures: one, or one for each lead.
    """

    name: str
    key: str
    draw: Callable[[], Sequence[Picture]]

    @classmethod
    def of(cls, name: str, mv: NDArray[np.float32], fs: float, renderer: str, style: PageStyle | None) -> "Drawing":
        """Return the drawing of a signal, float32 array (12, n_samples) in mV at ``fs`` Hz; None is the usual style."""
        decides = repr((mv.shape, fs, renderer, style, versions("ecg-bench"), "to scale")).encode()
        key = hashlib.sha256(decides + np.ascontiguousarray(mv).tobytes()).hexdigest()
        return cls(f"{name}_{renderer}", key, lambda: render(mv, fs, renderer, style))


@dataclass(frozen=True)
class Saved:
    """Number of pictures in a folder that were asked for, and how many of them were there already."""

    pictures: int
    kept: int

    def __str__(self) -> str:
        return f"{self.pictures} pictures" + (f" ({self.kept} were there)" if self.kept else "")


def drawings_of(records: Sequence[Record], styles: Mapping[str, PageStyle], report: Report) -> Iterator[Drawing]:
    """Yield the drawing of every record by every renderer in its style, at the highest available rate."""
    for number, record in enumerate(records, start=1):
        signal = record.signal()
        for name, style in styles.items():
            yield Drawing.of(str(record.ecg_id).zfill(5), signal.mv, signal.fs, name, style)
        report(number, len(records))


def save_pictures(drawings: Iterable[Drawing], folder: Path) -> Saved:
    """Write pictures as PNG files that print to scale, a single lead in their names; whole ones are not drawn again.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written; files written so far are kept.
    """
    pictures = kept = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = _known(folder)
        with opened_for_append(folder / NOTES) as notes:
            for drawing in drawings:
                files = known.get((drawing.name, drawing.key), {})
                if files and all(_is_whole(folder / name, digest) for name, digest in files.items()):
                    kept += len(files)
                else:
                    files = {path.name: sha256(path) for path in _drawn(drawing, folder)}
                    append(notes, folder / NOTES, {"name": drawing.name, "key": drawing.key, "files": files})
                pictures += len(files)
    except OSError as error:
        where = error.filename or folder
        raise StorageError(f"{where} cannot be written: {error.strerror}; {pictures} pictures were written") from error
    return Saved(pictures, kept)


def _drawn(drawing: Drawing, folder: Path) -> Iterator[Path]:
    for image in drawing.draw():
        lead = f"_{image.leads[0]}" if image.leads != LEADS and len(image.leads) == 1 else ""
        path = folder / f"{drawing.name}{lead}.png"
        with whole_file(path) as part:
            part.write_bytes(printable(image))
        yield path


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest


def _known(folder: Path) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Return the files of what is drawn, by name and key; a line that cannot be read means that it is drawn again."""
    path = folder / NOTES
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for line in lines:
        note = _note(line)
        if note is not None:
            found[note["name"], note["key"]] = note["files"]
    return found


def _note(line: str) -> dict[str, Any] | None:
    try:
        note = json.loads(line)
        files = note["files"]
        is_one = isinstance(note["name"], str) and isinstance(note["key"], str)
        names = all(isinstance(digest, str) and Path(name).name == name for name, digest in files.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return note if is_one and names else None
