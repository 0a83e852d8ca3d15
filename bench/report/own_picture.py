"""Pictures of the user's recordings, which print to scale."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.recording import Recording
from bench.run.settings import safe_name
from bench.storage import whole_file
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page import page_read
from readers.digitizer.page_file import picture_of
from renderers import LEADS, PageStyle, printable, render
from renderers.ink import MM_PER_INCH
from renderers.scan import clean_scan
from taxonomy.error import StorageError


def draw_recordings(
    recordings: Sequence[Recording], styles: Mapping[str, PageStyle], folder: Path
) -> list[tuple[Path, ...]]:
    """Draw every recording by every renderer as PNG files with their resolution; return the files of each recording.

    A picture is named after the number of its recording and its file, so that two files of one name stay apart.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [tuple(_drawn(number, one, styles, folder)) for number, one in enumerate(recordings, start=1)]
    except OSError as error:
        raise StorageError(f"{error.filename or folder} cannot be written: {error.strerror}") from error


def clean_pages(paths: Sequence[Path], page: int | None, folder: Path) -> list[Path]:
    """Write pages without their grid as PNG files of black and white; return the file of each.

    A page that can be digitized says the resolution that was measured on its grid; of another nobody knows it.

    Parameters
    ----------
    paths : sequence of Path
    page : int or None
        Which page of a file with several.
    folder : Path

    Raises
    ------
    taxonomy.error.FileError
        When a file is no page.
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    from PIL import Image

    pictures = [picture_of(path, page) for path in paths]
    cleaned = [(clean_scan(picture), _dots(picture)) for picture in pictures]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for number, (path, (ink, dots)) in enumerate(zip(paths, cleaned, strict=True), start=1):
            written.append(folder / f"{number:02}_{safe_name(path.name)[:80]}_clean.png")
            with whole_file(written[-1]) as part:
                Image.fromarray(~ink).save(part, "PNG", **({"dpi": (dots, dots)} if dots else {}))
        return written
    except OSError as error:
        raise StorageError(f"{error.filename or folder} cannot be written: {error.strerror}") from error


def _dots(picture: NDArray[np.uint8]) -> float | None:
    """Return the dots per inch of a page, measured on its grid; None where it cannot be digitized."""
    try:
        return page_read(picture).px_per_mm * MM_PER_INCH
    except DigitizeError:
        return None


def _drawn(number: int, recording: Recording, styles: Mapping[str, PageStyle], folder: Path) -> list[Path]:
    paths = []
    for name, style in styles.items():
        for image in render(recording.signal.mv, recording.signal.fs, name, style):
            lead = f"_{image.leads[0]}" if image.leads != LEADS and len(image.leads) == 1 else ""
            paths.append(folder / f"{number:02}_{safe_name(recording.path.name)[:80]}_{name}{lead}.png")
            with whole_file(paths[-1]) as part:
                part.write_bytes(printable(image))
    return paths
