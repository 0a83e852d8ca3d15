"""Renderers by name: built in, or from the entry point group ``ecg_bench.renderers``."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from renderers.clean import Clean
from renderers.image import Drawing, EcgImage
from renderers.leads import Leads
from renderers.printed import Printed
from renderers.stacked import Stacked
from renderers.style import LEADS, PageStyle
from taxonomy.error import RenderError, unknown_name
from taxonomy.plugin import installed, loaded


class Renderer(Protocol):
    """Draws a record, at the resolution of the style.

    A renderer may have ``px_per_mm`` (int), the resolution at which it draws where none is named; else it is that of
    :class:`PageStyle`. Its ``render`` may take ``like``, the pages of the whole record where the signal is a masked
    copy of it: only what is masked differs then, as explanations need it.

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


RENDERER_GROUP = "ecg_bench.renderers"

RENDERERS: Mapping[str, Renderer] = {r.name: r for r in (Printed(), Clean(), Stacked(), Leads())}
"""The built-in renderers."""

ANTIALIASED_RENDERERS: Mapping[str, Renderer] = {r.name: r for r in (Clean(True), Stacked(True), Leads(True))}
"""Those without a grid, with the shades of grey of the pen's edge: asked for by name alone, since each is a picture of
its own, whose runs have ids of their own."""


def renderer_names() -> tuple[str, ...]:
    """Return the names of every renderer, the built-in ones first; without those that are asked for by name alone."""
    return (*RENDERERS, *_installed_renderers())


def renderer(name: str) -> Renderer:
    """Return the renderer of that name.

    Raises UnknownNameError for another name; the message lists all names and the nearest match.
    """
    built_in = {**RENDERERS, **ANTIALIASED_RENDERERS}
    if name in built_in:
        return built_in[name]
    others = _installed_renderers()
    if name not in others:
        raise unknown_name("renderer", name, (*renderer_names(), *ANTIALIASED_RENDERERS))
    return _made(name, loaded(others[name], "renderer"))


def usual_px_per_mm(name: str) -> int:
    """Return the resolution at which a renderer draws where none is named; raises as :func:`renderer`."""
    return int(getattr(renderer(name), "px_per_mm", PageStyle.px_per_mm))


def _installed_renderers() -> Mapping[str, EntryPoint]:
    return installed(RENDERER_GROUP, "renderer", built_in={**RENDERERS, **ANTIALIASED_RENDERERS})


@cache
def _made(name: str, factory: object) -> Renderer:
    if not callable(factory):
        raise RenderError(f"renderer {name!r} is a {type(factory).__name__}, not a class")
    made = factory()
    if not all(hasattr(made, part) for part in ("name", "description", "render")):
        raise RenderError(f"renderer {name!r} lacks a part: it has name, description and render(signal, fs, style)")
    checked: Renderer = made
    return checked


def render(
    signal: NDArray[np.float32],
    fs: float,
    name: str = "printed",
    style: PageStyle | None = None,
    like: Sequence[Drawing] = (),
) -> tuple[EcgImage, ...]:
    """Draw a record.

    Parameters
    ----------
    signal : float32 array (12, n_samples) in mV
        In the order of ``LEADS``. NaN samples are gaps; a lead of NaN alone is labelled and left blank.
    fs : float
        Sampling rate in Hz.
    name : str
        ``printed``, ``clean``, ``stacked`` or ``leads``, or one of the last three with ``-antialiased`` behind it.
    style : PageStyle, optional
        Scale and pen; by default the usual ones, at the renderer's own resolution.
    like : sequence of Drawing, optional
        The pages of the whole record by the same renderer, where the signal is a masked copy of it: what a layout
        takes from a signal (traces that would leave the page are moved, names stand on bare paper) is taken from it.

    Raises
    ------
    RenderError
        When the signal has another shape or an infinite sample, ``fs`` is not positive, the renderer is unknown, or it
        cannot draw like another page.
    """
    drawer = renderer(name)
    if signal.ndim != 2 or signal.shape[0] != len(LEADS) or signal.shape[1] < 2:
        raise RenderError(f"a signal must be (12, n_samples), not {signal.shape}")
    if not fs > 0:
        raise RenderError(f"the sampling rate must be positive, not {fs}")
    if np.isinf(signal).any():
        raise RenderError("a signal must not hold infinite samples")
    chosen = style or PageStyle(px_per_mm=usual_px_per_mm(name))
    if not like:
        return drawer.render(signal, fs, chosen)
    if "like" not in inspect.signature(drawer.render).parameters:
        raise RenderError(
            f"renderer {name!r} cannot draw a masked record like the whole one: its render takes no 'like'; choose one "
            f"of {', '.join(RENDERERS)}"
        )
    like_it: Callable[..., tuple[EcgImage, ...]] = drawer.render
    return like_it(signal, fs, chosen, like=like)


def blank(name: str = "printed", style: PageStyle | None = None) -> tuple[EcgImage, ...]:
    """Return the pictures of a renderer with labels and pulses but no trace."""
    return render(np.full((len(LEADS), 2), np.nan, dtype=np.float32), 0.1, name, style)
