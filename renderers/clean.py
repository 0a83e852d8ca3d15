"""The printed page without its grid."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from renderers.grid import cleaned
from renderers.image import Drawing, EcgImage
from renderers.page import draw
from renderers.printed import Printed, printed_layout
from renderers.style import ANTIALIASED, LEADS, PageStyle


class Clean:
    """The 3 x 4 page in black on white, or antialiased as it is drawn.

    Parameters
    ----------
    is_antialiased : bool
    """

    def __init__(self, is_antialiased: bool = False) -> None:
        self.name = f"clean{ANTIALIASED}" if is_antialiased else "clean"
        self.description = "the printed page without its grid, " + (
            "antialiased" if is_antialiased else "black on white"
        )
        self._is_antialiased = is_antialiased

    def render(
        self, signal: NDArray[np.float32], fs: float, style: PageStyle, like: Sequence[Drawing] = ()
    ) -> tuple[EcgImage, ...]:
        """Return the page of a record; ``signal`` is float32 (12, n_samples) in mV."""
        if self._is_antialiased:
            layout = replace(printed_layout(style), grid=False, separators=())
            return (draw(layout, signal, fs, style, LEADS, *like),)
        return tuple(cleaned(page) for page in Printed().render(signal, fs, style, like))
