"""Read a page from a file: a picture, a scan, a photograph, or a PDF."""

import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.digitizing import MOST_PIXELS, check_size
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page import PageRead, page_read
from taxonomy.distribution import install
from taxonomy.error import FileError, ReaderError

if TYPE_CHECKING:
    from PIL.Image import Image

PDF_PX_PER_MM = 8
"""Resolution at which a page of a PDF is drawn."""

MM_PER_POINT = 25.4 / 72

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
"""Pictures that are read; no other decoder of Pillow's is handed a stranger's file."""

PAGE_FILES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".pdf")
"""Usual endings of the files that are read."""

PDF_SIGN = b"%PDF-"
"""It stands among the first 1,024 bytes (ISO 32000-1, annex H.3)."""

INSTALL = install("pages")


def read_page(path: str | Path, page: int | None = None) -> PageRead:
    """Read a page of an ECG from a picture or a PDF.

    Parameters
    ----------
    path : str or Path
        Of one of :data:`PAGE_FILES`, whatever its ending.
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
    try:
        return page_read(picture_of(path, page))
    except DigitizeError as error:
        raise FileError(f"{path}: no ECG page was read from it: {error}") from None


def picture_of(path: Path, page: int | None = None) -> NDArray[np.uint8]:
    """Return a page of a file as a picture, uint8 (height, width, 3); raises as :func:`read_page` does.

    What a file is, its content tells. Nothing of it but its pixels is kept.
    """
    if not path.is_file():
        raise FileError(f"{path}: {'this is no file' if path.exists() else 'there is no such file'}")
    try:
        with path.open("rb") as content:
            is_pdf = PDF_SIGN in content.read(1024)
        return _drawn(path, page) if is_pdf else _decoded(path, page)
    except OSError as error:
        raise FileError(f"{path}: it cannot be read: {error.strerror or error}") from None
    except DigitizeError as error:
        raise FileError(f"{path}: {error}") from None


def _chosen(path: Path, count: int, page: int | None) -> int:
    """Return the index of a page; raises FileError where there are several and none was named."""
    if page is None and count != 1:
        raise FileError(f"{path}: it has {count} pages, and a reading is of one: name it by --page, 1 to {count}")
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
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # The size is checked here, against a smaller limit, before a pixel is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                check_size(image.height, image.width)
                image.seek(_chosen(path, getattr(image, "n_frames", 1), page))
                check_size(image.height, image.width)
                return np.asarray(_on_white(ImageOps.exif_transpose(image)), dtype=np.uint8)
    except Image.DecompressionBombError:
        raise FileError(
            f"{path}: a picture may have {MOST_PIXELS:,} pixels at most, and this one has far more"
        ) from None
    except UnidentifiedImageError:
        raise FileError(f"{path}: it is no picture that is read: those are {', '.join(FORMATS)} and PDF") from None
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        raise FileError(f"{path}: it is no picture that can be read: {error}") from None


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # a scan of 16 bits a pixel; Pillow would cut off what is above 255
        grey = np.asarray(image, dtype=np.float64)
        most = max(float(grey.max(initial=0)), 1.0)
        scale = 1.0 if most <= 255 else 65535 / 255 if most <= 65535 else most / 255
        return Image.fromarray(np.clip(grey / scale, 0, 255).astype(np.uint8)).convert("RGB")
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, (255, 255, 255, 255)), clear).convert("RGB")
