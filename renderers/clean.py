"""The printed page without its grid."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from renderers.grid import cleaned
from renderers.image import Drawing, EcgImage
from renderers.printed import Printed
from renderers.style import PageStyle


class Clean:
    """The 3 x 4 page in black on white."""

    name = "clean"
    description = "the printed page without its grid, black on white"

    def render(
        self, signal: NDArray[np.float32], fs: float, style: PageStyle, like: Sequence[Drawing] = ()
    ) -> tuple[EcgImage, ...]:
        """Return the page of a record; ``signal`` is float32 (12, n_samples) in mV."""
        return tuple(cleaned(page) for page in Printed().render(signal, fs, style, like))
