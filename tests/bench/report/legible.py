"""What can be measured of a picture's text: is it on the canvas, apart from other text, and dark enough to be read?"""

from itertools import combinations
from unittest.mock import patch

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

LEAST_CONTRAST = 4.5
"""WCAG 2.2's of ordinary text (success criterion 1.4.3)."""

SLACK_PX = 1.0


def luminance(rgb):
    """Return the relative luminance of colours from 0 to 1, (..., 3)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def contrast(one, other):
    """Return the contrast of two colours by WCAG, 1 to 21."""
    first, second = luminance(np.asarray(one)), luminance(np.asarray(other))
    return (np.maximum(first, second) + 0.05) / (np.minimum(first, second) + 0.05)


def drawn_texts(figure):
    """Return the texts that are drawn, with their boxes in pixels from the lower left corner."""
    drawn, draw = {}, Text.draw

    def kept(text, renderer):
        if text.get_visible() and text.get_text().strip():
            drawn[id(text)] = text
        draw(text, renderer)

    figure.set_dpi(120)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # the layout, which draws nothing and asks for the size of ticks that are none
    with patch.object(Text, "draw", kept):
        canvas.draw()
    return [(text, text.get_window_extent()) for text in drawn.values()]


def faults(figure):
    """Return a sentence for each text that leaves the canvas, overlaps another one, or is hard to read."""
    texts = drawn_texts(figure)
    width, height = figure.canvas.get_width_height()
    found = []
    for text, box in texts:
        if box.x0 < -SLACK_PX or box.y0 < -SLACK_PX or box.x1 > width + SLACK_PX or box.y1 > height + SLACK_PX:
            found.append(f"{text.get_text()!r} leaves the canvas: {box.extents.round()} of {width} x {height}")
    for (one, box), (other, second) in combinations(texts, 2):
        if box.shrunk(0.98, 0.98).overlaps(second.shrunk(0.98, 0.98)):
            found.append(f"{one.get_text()!r} overlaps {other.get_text()!r}")
    found += pale(figure, texts)
    return found


def beneath(figure, texts):
    """Return the picture without its texts, float (height, width, 3) from 0 to 1."""
    for text, _ in texts:
        text.set_visible(False)
    # The layout stays where it is: it was settled with the texts.
    engine = figure.get_layout_engine()
    figure.set_layout_engine("none")
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[:, :, :3] / 255
    figure.set_layout_engine(engine)
    for text, _ in texts:
        text.set_visible(True)
    return pixels


def pale(figure, texts):
    """Return a sentence for each text whose colour is too near to that of anything beneath it."""
    pixels = beneath(figure, texts)
    found = []
    for text, box in texts:
        left, bottom, right, top = (round(edge) for edge in box.extents)
        under = pixels[max(0, len(pixels) - top) : len(pixels) - max(0, bottom), max(0, left) : max(0, right)]
        least = contrast(to_rgb(text.get_color()), under.reshape(-1, 3)).min(initial=21)
        if least < LEAST_CONTRAST:
            found.append(f"{text.get_text()!r} has a contrast of {least:.1f} to what is beneath it")
    return found
