"""The printed page: 3 rows x 4 columns of 2.5 s, a rhythm strip of lead II, and the millimetre grid."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from renderers.image import Drawing, EcgImage
from renderers.layout import Layout, columns_layout
from renderers.page import draw
from renderers.style import LEADS, PageStyle

ROWS = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
RHYTHM_LEAD = "II"
COLUMN_S = 2.5
TOP_MM, PITCH_MM, BOTTOM_MM = 50.0, 40.0, 30.0
"""Room above the first baseline, between two, and below the last. 5 mV fit at the top, the input range that IEC
60601-2-25 asks of an electrocardiograph; at this pitch rows are apart in 93% of 488 records."""


class Printed:
    """The page of an electrocardiograph."""

    name = "printed"
    description = "3 x 4 leads of 2.5 s with a rhythm strip on millimetre paper, as printed"

    def render(
        self, signal: NDArray[np.float32], fs: float, style: PageStyle, like: Sequence[Drawing] = ()
    ) -> tuple[EcgImage, ...]:
        """Return the page of a record; ``signal`` is float32 (12, n_samples) in mV."""
        return (draw(printed_layout(style), signal, fs, style, LEADS, *like),)


@lru_cache(maxsize=16)
def printed_layout(style: PageStyle) -> Layout:
    """Return the 3 x 4 layout of every record; every baseline lies on a 5 mm line."""
    return columns_layout(ROWS, COLUMN_S, (TOP_MM, PITCH_MM, BOTTOM_MM), style, RHYTHM_LEAD)
