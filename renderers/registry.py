"""Every renderer by name. A new one is one new file and one line here."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from renderers.clean import Clean
from renderers.image import EcgImage
from renderers.leads import Leads
from renderers.printed import Printed
from renderers.stacked import Stacked
from renderers.style import LEADS, PageStyle
from taxonomy.error import RenderError, unknown_name


class Renderer(Protocol):
    """Draws a record.

    Attributes
    ----------
    name, description : str
        As on the command line.
    """

    name: str
    description: str

    def render(self, signal: NDArray[np.float32], fs: float, style: PageStyle) -> tuple[EcgImage, ...]:
        """Return the pictures of a record; ``signal`` is float32 (12, n_samples) in mV in the order of ``LEADS``."""
        ...


RENDERERS: Mapping[str, Renderer] = {r.name: r for r in (Printed(), Clean(), Stacked(), Leads())}


def renderer(name: str) -> Renderer:
    """Return the renderer of that name.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is none; the message lists what there is and the nearest match.
    """
    if name not in RENDERERS:
        raise unknown_name("renderer", name, RENDERERS)
    return RENDERERS[name]


def render(
    signal: NDArray[np.float32], fs: float, name: str = "printed", style: PageStyle | None = None
) -> tuple[EcgImage, ...]:
    """Draw a record.

    Parameters
    ----------
    signal : float32 array (12, n_samples) in mV
        In the order of ``LEADS``. NaN samples are gaps; a lead of NaN alone is labelled and left blank.
    fs : float
        Sampling rate in Hz.
    name : str
        ``printed``, ``clean``, ``stacked`` or ``leads``.
    style : PageStyle, optional
        Scale and pen.

    Raises
    ------
    RenderError
        When the signal has another shape or an infinite sample, ``fs`` is not positive, or the renderer is unknown.
    """
    drawer = renderer(name)
    if signal.ndim != 2 or signal.shape[0] != len(LEADS) or signal.shape[1] < 2:
        raise RenderError(f"a signal must be (12, n_samples), not {signal.shape}")
    if not fs > 0:
        raise RenderError(f"the sampling rate must be positive, not {fs}")
    if np.isinf(signal).any():
        raise RenderError("a signal must not hold infinite samples")
    return drawer.render(signal, fs, style or PageStyle())


def blank(name: str = "printed", style: PageStyle | None = None) -> tuple[EcgImage, ...]:
    """Return the pictures of a renderer with labels and pulses but no trace."""
    return render(np.full((len(LEADS), 2), np.nan, dtype=np.float32), 0.1, name, style)
