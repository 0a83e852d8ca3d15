"""Draw a 12-lead ECG as a printed page, without its grid, stacked, or as one picture per lead."""

from renderers.image import EcgImage, Strip
from renderers.packed import PackedImage, Picture, packed, printable
from renderers.page_picture import PagePicture
from renderers.photograph import Photograph
from renderers.registry import RENDERERS, Renderer, blank, render, renderer, renderer_names, usual_px_per_mm
from renderers.style import LEADS, PageStyle
from taxonomy.error import RenderError

__all__ = [
    "LEADS",
    "RENDERERS",
    "EcgImage",
    "PackedImage",
    "PagePicture",
    "PageStyle",
    "Photograph",
    "Picture",
    "RenderError",
    "Renderer",
    "Strip",
    "blank",
    "packed",
    "printable",
    "render",
    "renderer",
    "renderer_names",
    "usual_px_per_mm",
]
