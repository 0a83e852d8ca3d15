"""Read a page from a file: a picture, a scan, a photograph, or a PDF."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.digitizing import DIGITIZED_FS, check_size, digitize
from readers.digitizer.foreign import PageReport, foreign_page
from readers.digitizer.geometry import DigitizeError
from taxonomy.error import FileError, ReaderError

if TYPE_CHECKING:
    from PIL.Image import Image

PDF_PX_PER_MM = 8
"""Resolution at which a page of a PDF is drawn."""

MM_PER_POINT = 25.4 / 72

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
"""Endings of the pictures that are read."""

PAGE_FILES = PICTURES | {".pdf"}
"""Endings of all files that :func:`read_page` reads."""

INSTALL = "pip install 'ecg-bench[pages]'"


@dataclass(frozen=True, eq=False)
class PageRead:
    """The leads of a page in a file.

    Attributes
    ----------
    mv : float32 array (12, 5000) in mV
        In the order I II III aVR aVL aVF V1..V6; NaN where the page does not show a lead.
    fs : float
        Sampling rate in Hz.
    report : PageReport or None
        What was found on a page that others drew; None for a page of ours.
    picture : uint8 array (height, width, 3)
        The page without header and footer, for readers of pictures; all of a page of ours, which has neither.
    """

    mv: NDArray[np.float32]
    fs: float
    report: PageReport | None
    picture: NDArray[np.uint8]


def read_page(path: str | Path, page: int | None = None) -> PageRead:
    """Read a page of an ECG from a picture or a PDF.

    Parameters
    ----------
    path : str or Path
        One of :data:`PAGE_FILES`.
    page : int, optional
        Which page of a file with several, from 1.

    Raises
    ------
    FileError
        When the file cannot be read, has several pages and none was named, or shows no page that can be read.
    ReaderError
        When a PDF is given and the package that draws it is not installed.
    """
    path = Path(path)
    picture = picture_of(path, page)
    try:
        try:
            ours = digitize([picture])
        except DigitizeError:
            found = foreign_page(picture)
            return PageRead(found.leads.mv, DIGITIZED_FS, found.report, found.picture)
    except DigitizeError as error:
        raise FileError(f"{path}: no ECG page was read from it: {error}") from None
    return PageRead(ours.mv, DIGITIZED_FS, None, picture)


def picture_of(path: Path, page: int | None = None) -> NDArray[np.uint8]:
    """Return a page of a file as a picture, uint8 (height, width, 3); raises as :func:`read_page` does."""
    ending = path.suffix.lower()
    if ending not in PAGE_FILES:
        raise FileError(
            f"{path}: a page must be one of {', '.join(sorted(PAGE_FILES))}, not {ending or 'without ending'}"
        )
    if not path.is_file():
        raise FileError(f"{path}: there is no such file")
    try:
        return _drawn(path, page) if ending == ".pdf" else _decoded(path, page)
    except DigitizeError as error:
        raise FileError(f"{path}: {error}") from None


def _chosen(path: Path, count: int, page: int | None) -> int:
    """Return the index of a page; raises FileError where there are several and none was named."""
    if page is None and count != 1:
        raise FileError(f"{path}: it has {count} pages, and a reading is of one: name it, from 1 to {count}")
    number = page or 1
    if not 1 <= number <= count:
        raise FileError(f"{path}: there is no page {page}: it has {count}")
    return number - 1


def _drawn(path: Path, page: int | None) -> NDArray[np.uint8]:
    try:
        import pypdfium2
    except ImportError:
        raise ReaderError(f"{path}: the package pypdfium2, which draws PDFs, is not installed: {INSTALL}") from None
    try:
        with pypdfium2.PdfDocument(path) as document:
            sheet = document[_chosen(path, len(document), page)]
            width, height = (length * MM_PER_POINT * PDF_PX_PER_MM for length in sheet.get_size())
            check_size(int(height), int(width))
            drawn = sheet.render(scale=MM_PER_POINT * PDF_PX_PER_MM, rev_byteorder=True).to_numpy()
            return np.ascontiguousarray(drawn[:, :, :3])
    except pypdfium2.PdfiumError as error:
        raise FileError(f"{path}: this PDF cannot be drawn: {error}") from None


def _decoded(path: Path, page: int | None) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            # The size is checked here, against a smaller limit, before a pixel is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                check_size(image.height, image.width)
                image.seek(_chosen(path, getattr(image, "n_frames", 1), page))
                check_size(image.height, image.width)
                return np.asarray(_on_white(ImageOps.exif_transpose(image)), dtype=np.uint8)
    except Image.DecompressionBombError as error:
        raise FileError(f"{path}: {error}") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise FileError(f"{path}: it is no picture that can be read: {error}") from None


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, (255, 255, 255, 255)), clear).convert("RGB")
