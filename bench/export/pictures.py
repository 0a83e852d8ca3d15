"""Draws records to PNG files; what is finished is kept, so that a command that was stopped goes on."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort
from bench.progress import Report
from bench.run.manifest import versions
from bench.storage import append, opened_for_append, sha256, whole_file
from renderers import LEADS, PageStyle, Picture, printable, render, usual_px_per_mm
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
    settings : mapping of str to str
        What pictures by one renderer in one folder have in common, its name among them.
    draw : callable
        Returns the pictures: one, or one for each lead.
    """

    name: str
    key: str
    settings: Mapping[str, str]
    draw: Callable[[], Sequence[Picture]]

    @classmethod
    def of(  # noqa: PLR0913  # what is drawn, and how
        cls, name: str, mv: NDArray[np.float32], fs: float, renderer: str, style: PageStyle | None, data: str
    ) -> "Drawing":
        """Return the drawing of a signal.

        Parameters
        ----------
        name : str
            Of its file, without renderer, lead and suffix.
        mv : float32 array (12, n_samples)
            In mV at ``fs`` Hz.
        fs : float
        renderer : str
        style : PageStyle or None
            None is the usual one.
        data : str
            Name of the dataset.
        """
        decides = repr((mv.shape, fs, renderer, style, versions("ecg-bench"), "to scale")).encode()
        key = hashlib.sha256(decides + np.ascontiguousarray(mv).tobytes()).hexdigest()
        settings = drawn_with(data, renderer, style or PageStyle(px_per_mm=usual_px_per_mm(renderer)))
        return cls(f"{name}_{renderer}", key, settings, lambda: render(mv, fs, renderer, style))


def drawn_with(data: str, renderer: str, style: PageStyle) -> dict[str, str]:
    """Return the settings of drawings, as a message names them."""
    pen, grid = f"{style.pen_mm:g} mm", "yes" if style.grid else "no"
    return {"renderer": renderer, "data": data, "px-per-mm": str(style.px_per_mm), "pen": pen, "grid": grid}


@dataclass(frozen=True)
class Saved:
    """Number of pictures in a folder that were asked for, and how many of them were there already."""

    pictures: int
    kept: int

    def __str__(self) -> str:
        return f"{self.pictures} pictures" + (f" ({self.kept} were there)" if self.kept else "")


def drawings_of(records: Cohort, styles: Mapping[str, PageStyle], report: Report) -> Iterator[Drawing]:
    """Yield the drawing of every record by every renderer in its style, at the highest available rate."""
    for number, record in enumerate(records, start=1):
        signal = record.signal()
        for name, style in styles.items():
            yield Drawing.of(str(record.ecg_id).zfill(5), signal.mv, signal.fs, name, style, records.dataset.name)
        report(number, len(records))


def save_pictures(drawings: Iterable[Drawing], folder: Path) -> Saved:
    """Write pictures as PNG files that print to scale, a single lead in their names; whole ones are not drawn again.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder holds pictures by the same renderer with other settings, or cannot be written; files written so
        far are kept.
    """
    pictures = kept = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = _known(folder)
        with opened_for_append(folder / NOTES) as notes:
            for drawing in drawings:
                known.check(drawing, folder)
                files = known.files.get((drawing.name, drawing.key), {})
                if files and all(_is_whole(folder / name, digest) for name, digest in files.items()):
                    kept += len(files)
                else:
                    files = {path.name: sha256(path) for path in _drawn(drawing, folder)}
                    settings = dict(drawing.settings)
                    note = {"name": drawing.name, "key": drawing.key, "settings": settings, "files": files}
                    append(notes, folder / NOTES, note)
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


@dataclass(frozen=True)
class _Known:
    """What is drawn in a folder: the files by name and key, and each file with the settings of its last drawing."""

    files: Mapping[tuple[str, str], Mapping[str, str]]
    settings: Sequence[tuple[Mapping[str, str], Sequence[str]]]

    def check(self, drawing: Drawing, folder: Path) -> None:
        """Raise StorageError where a picture by the same renderer is there that was drawn with other settings."""
        asked = drawing.settings
        for settings, files in self.settings:
            if settings == asked or settings.get("renderer") != asked["renderer"]:
                continue
            there = next((name for name in files if (folder / name).is_file()), None)
            if there is not None:
                names = [name for name in {**settings, **asked} if settings.get(name) != asked.get(name)]
                said = ", ".join(f"{name} {settings.get(name)}, not {asked.get(name)}" for name in names)
                raise StorageError(f"{folder} holds {there}, drawn with {said}: name another --out, or empty it")


def _known(folder: Path) -> _Known:
    """Return what the notes of a folder tell; a line that cannot be read means that it is drawn again."""
    path = folder / NOTES
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    files: dict[tuple[str, str], Mapping[str, str]] = {}
    last: dict[str, dict[str, str]] = {}
    for line in lines:
        note = _note(line)
        if note is not None:
            files[note["name"], note["key"]] = note["files"]
            last |= dict.fromkeys(note["files"], note["settings"])
    together: dict[str, tuple[dict[str, str], list[str]]] = {}
    for name, settings in last.items():
        together.setdefault(json.dumps(settings, sort_keys=True), (settings, []))[1].append(name)
    return _Known(files, tuple(together.values()))


def _note(line: str) -> dict[str, Any] | None:
    try:
        note = json.loads(line)
        files, settings = note["files"], note.setdefault("settings", {})
        is_one = isinstance(note["name"], str) and isinstance(note["key"], str) and isinstance(settings, dict)
        names = all(isinstance(digest, str) and Path(name).name == name for name, digest in files.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return note if is_one and names else None
