"""A record with tables beneath: everything stands on the page, in its column and row, large enough to be read."""

from itertools import pairwise

import numpy as np
import pytest

from renderers.captioned import (
    LINE_MM,
    MARGIN_MM,
    TEXT_MM,
    WRONG,
    Caption,
    Cell,
    PaperTable,
    _Band,
    captioned,
)
from renderers.explained import PRINT
from renderers.legend import width_mm
from renderers.page import INK_COLOUR, PAPER
from taxonomy.error import RenderError

from ..bench.report.legible import LEAST_CONTRAST, contrast

LONG = "WWWW anteroseptal-ischemia_territory " * 12


def table(text, rows=10):
    cells = (Cell("axis"), Cell(text), Cell(text, False), Cell(text, True))
    return PaperTable(("axis", text, "two", "three"), (33.0, 46.0, 37.0, 37.0), (cells,) * rows)


@pytest.mark.parametrize("text", ["normal", "", LONG, "W" * 500])
def test_no_text_leaves_its_column_or_its_row(text):
    band = _Band(265.0)
    end = band.table(table(text), MARGIN_MM, 4.0)
    edges = MARGIN_MM + np.cumsum([0.0, 33.0, 46.0, 37.0, 37.0])
    rules = [y for *_, y in band.rules]
    assert rules == sorted(rules) and rules[-1] == end
    for _, size, (said, left, base) in band.words:
        column = int(np.searchsorted(edges, left + 0.01)) - 1
        assert left + width_mm(said, size) <= edges[column + 1]
        # A capital is about three quarters of the size of its font above the line, a descender a quarter below.
        assert not any(base - 0.75 * size < y < base + 0.2 * size for y in rules)
    words = [word for _, _, word in band.words]
    for left in {left for _, left, _ in words}:
        bases = sorted(base for _, own, base in words if own == left)
        assert all(second - first >= LINE_MM - 1e-6 for first, second in pairwise(bases))


def test_the_page_holds_paper_at_its_scale_and_the_bands_grow_with_what_they_hold(population):
    signal = population.record(9).signal(500)
    short = captioned(signal.mv, signal.fs, Caption("one", stacks=((table("a", 1),),)), style=PRINT)
    tall = captioned(signal.mv, signal.fs, Caption("one", (LONG,), ((table("a", 30),),), (LONG,)), style=PRINT)
    assert short.rgb.shape[1] == tall.rgb.shape[1] == 265 * 8
    assert tall.rgb.shape[0] - short.rgb.shape[0] > 29 * TEXT_MM * 8
    assert tuple(tall.rgb[-1, 0]) == PAPER


def test_letters_are_two_and_a_half_mm_and_have_contrast():
    assert TEXT_MM >= 2.5
    for colour in (WRONG, INK_COLOUR):
        assert contrast(np.array(colour) / 255, np.array(PAPER) / 255) >= LEAST_CONTRAST


def test_a_mark_tells_right_from_wrong_without_colour():
    assert [Cell("sinus", is_right).shown for is_right in (True, False, None)] == ["✓ sinus", "✗ sinus", "sinus"]


def test_a_signal_that_cannot_be_drawn_is_refused():
    with pytest.raises(RenderError, match=r"\(12, n_samples\)"):
        captioned(np.zeros((3, 100), dtype=np.float32), 500.0, Caption("x"))
    with pytest.raises(RenderError, match="infinite"):
        captioned(np.full((12, 100), np.inf, dtype=np.float32), 500.0, Caption("x"))
