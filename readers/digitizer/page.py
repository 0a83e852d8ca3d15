"""Digitize one page, whoever drew it; what was found is kept, since a page is read and measured more than once."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.digitizing import DIGITIZED_FS, Digitized, check_picture, digitize
from readers.digitizer.foreign import PageReport, foreign_page
from readers.digitizer.geometry import DigitizeError

KEPT = 256
"""Pages whose leads are kept, 60 MB of them."""

LAST = 4
"""Pages that are kept whole, with their pictures of 10 MB."""

_KEPT: dict[bytes, Digitized | str] = {}
_LAST: "dict[bytes, PageRead]" = {}


@dataclass(frozen=True, eq=False)
class PageRead:
    """The leads of a page.

    Attributes
    ----------
    mv : float32 array (12, 5000) in mV
        In the order I II III aVR aVL aVF V1..V6; NaN where the page does not show a lead.
    fs : float
        Sampling rate in Hz.
    px_per_mm : float
        Resolution of the page.
    report : PageReport or None
        What was found on a page that others drew; None for a page of ours.
    picture : uint8 array (height, width, 3)
        Of a page that others drew, the part with the traces alone, without header and footer.
    """

    mv: NDArray[np.float32]
    fs: float
    px_per_mm: float
    report: PageReport | None
    picture: NDArray[np.uint8]


def page_read(picture: NDArray[np.uint8]) -> PageRead:
    """Return what a page shows: read as one of ours, and else as one that others drew.

    Parameters
    ----------
    picture : uint8 array (height, width, 3)

    Raises
    ------
    DigitizeError
        When it cannot be read; the message is the reason why it is no page of others.
    """
    check_picture(picture)
    key = _key(picture)
    found, refused = _LAST.get(key), _KEPT.get(key)
    if isinstance(refused, str):
        raise DigitizeError(refused)
    if found is None:
        try:
            found = _read(picture)
        except DigitizeError as error:
            _keep(key, str(error))
            raise
        if len(_LAST) >= LAST:
            _LAST.clear()
        _LAST[key] = found
        _keep(key, Digitized(found.mv, found.px_per_mm))
    return found


def _read(picture: NDArray[np.uint8]) -> PageRead:
    try:
        ours = digitize([picture])
    except DigitizeError:
        found = foreign_page(picture)
        return PageRead(found.leads.mv, DIGITIZED_FS, found.leads.px_per_mm, found.report, found.picture)
    return PageRead(ours.mv, DIGITIZED_FS, ours.px_per_mm, None, picture)


def page_leads(picture: NDArray[np.uint8]) -> Digitized:
    """Return the leads of a page, looked up where the page was read before; raises as :func:`page_read`."""
    check_picture(picture)
    kept = _KEPT.get(_key(picture))
    if isinstance(kept, Digitized):
        return kept
    found = page_read(picture)
    return Digitized(found.mv, found.px_per_mm)


def _key(picture: NDArray[np.uint8]) -> bytes:
    return hashlib.sha256(f"{picture.shape}".encode() + np.ascontiguousarray(picture).tobytes()).digest()


def _keep(key: bytes, found: Digitized | str) -> None:
    if len(_KEPT) >= KEPT:
        _KEPT.clear()
    _KEPT[key] = found
