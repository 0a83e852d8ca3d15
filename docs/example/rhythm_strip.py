"""A renderer of one's own, complete: lead II alone, by the renderer that draws every lead by itself."""

import numpy as np
from numpy.typing import NDArray

from renderers import LEADS, EcgImage, PageStyle
from renderers.leads import Leads


class RhythmStrip:
    """Lead II, ten seconds."""

    name = "rhythm-strip"
    description = "lead II alone, 10 s"

    def render(self, signal: NDArray[np.float32], fs: float, style: PageStyle) -> tuple[EcgImage, ...]:
        """Return one picture; ``signal`` is float32 (12, n_samples) in mV in the order of ``LEADS``."""
        return (Leads().render(signal, fs, style)[LEADS.index("II")],)
