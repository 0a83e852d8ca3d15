"""Relevance by token becomes relevance by lead and time: all of it, where it lies, and no more."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from readers.page_relevance import PageRelevance, TokenGrid
from renderers import LEADS, PageStyle, blank

STYLE = PageStyle(px_per_mm=2)
(PAGE,) = blank("printed", STYLE)
WIDTH, HEIGHT = (edge / PAGE.px_per_mm for edge in PAGE.size)


def grid(relevance, x=(0.0, WIDTH), y=(0.0, HEIGHT), picture=0):
    rows, columns = relevance.shape
    return TokenGrid(picture, np.linspace(*x, columns + 1), np.linspace(*y, rows + 1), relevance.astype(np.float32))


def page(*grids, pictures=(PAGE,)):
    return PageRelevance(0.0, grids, pictures, tuple(picture.size for picture in pictures))


def one_token(x, y, **how):
    return page(grid(np.ones((1, 1)), x, y), **how)


def where(found):
    """Return the leads with any relevance, and the seconds between which it lies."""
    rows, columns = np.nonzero(found.relevance)
    return {LEADS[row] for row in rows}, columns.min() / found.fs, (columns.max() + 1) / found.fs


@given(arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32)), st.sampled_from([50.0, 100.0, 128.0]))
def test_nothing_is_lost_and_nothing_is_added(relevance, fs):
    found = page(grid(relevance)).map(fs)
    whole = float(relevance.sum(dtype=np.float64))
    assert found.relevance.sum(dtype=np.float64) + found.off_trace * whole == pytest.approx(whole, rel=1e-3)


def test_a_token_is_told_where_it_lies():
    """V1 stands from 135 mm on, and shows the record from 5 s on."""
    found = one_token((140.0, 145.0), (48.0, 53.0)).map()
    assert where(found) == ({"V1"}, 5.2, 5.4)
    assert found.off_trace == pytest.approx(0, abs=1e-6)
    assert found.relevance.sum() == pytest.approx(1, rel=1e-3)


def test_the_rhythm_strip_is_one_lead_over_all_of_its_time():
    assert where(one_token((140.0, 145.0), (168.0, 172.0)).map()) == ({"II"}, 5.2, 5.4)


def test_over_two_columns_it_belongs_to_both_leads():
    found = one_token((130.0, 140.0), (48.0, 53.0)).map()
    assert where(found)[0] == {"aVR", "V1"}
    by_lead = found.relevance.sum(axis=1)
    assert by_lead[LEADS.index("V1")] == pytest.approx(0.5, abs=0.01)


def test_over_two_rows_it_is_split_by_how_much_of_each_it_covers():
    """The paper of I ends at 60 mm, that of II begins at 80 mm."""
    by_lead = one_token((20.0, 22.0), (55.0, 95.0)).map().relevance.sum(axis=1)
    assert by_lead[LEADS.index("II")] == pytest.approx(15 / 20, abs=0.01)
    assert by_lead[LEADS.index("I")] == pytest.approx(5 / 20, abs=0.01)


@pytest.mark.parametrize(
    ("x", "y", "share"),
    [((0.0, 5.0), (50.0, 55.0), 1.0), ((20.0, 25.0), (65.0, 75.0), 1.0), ((5.0, 15.0), (50.0, 55.0), 0.5)],
    ids=["margin", "between rows", "half of it"],
)
def test_what_covers_no_trace_is_told(x, y, share):
    found = one_token(x, y).map()
    assert found.off_trace == pytest.approx(share, abs=0.01)
    assert found.relevance.sum() == pytest.approx(1 - share, abs=0.01)


def test_paper_that_a_trace_reaches_is_its_own():
    """Between the rows, 1.7 mV above the baseline of II: with the record it is known whose it is."""
    signal = np.zeros((12, 1000), dtype=np.float32)
    signal[LEADS.index("II"), 100:110] = 1.7
    asked = one_token((34.0, 39.0), (71.0, 75.0))
    assert asked.map().off_trace == pytest.approx(1)
    found = asked.map(signal=signal, rate=100.0)
    leads, begin, end = where(found)
    assert leads == {"II"} and begin >= 0.98 and end <= 1.12


def test_relevance_against_the_answer_does_not_cancel_out():
    found = page(grid(np.array([[1.0, -1.0]]), (0.0, 10.0), (50.0, 55.0))).map()
    assert found.off_trace == pytest.approx(1)
    assert page(grid(np.zeros((2, 2)))).map().off_trace == 0


def test_what_no_token_covers_is_told():
    left = one_token((0.0, 135.0), (0.0, HEIGHT)).map()
    assert left.unseen == pytest.approx(2000 / 3750, abs=0.01)
    assert left.notes[1:] == ("53% of the traces on the page are not seen by the model",)
    assert not left.shown[LEADS.index("V6")].any() and left.shown[LEADS.index("aVF")].any()
    whole = one_token((0.0, WIDTH), (0.0, HEIGHT)).map()
    assert whole.unseen == 0 and len(whole.notes) == 1
    assert whole.shown.sum(axis=1).tolist() == [250, 1000, *[250] * 10]


def test_each_of_twelve_pictures_is_its_lead():
    pictures = blank("leads", STYLE)
    found = page(grid(np.ones((1, 1)), (60.0, 65.0), (40.0, 50.0), picture=7), pictures=pictures).map()
    assert where(found) == ({"V2"}, 2.0, 2.2)
    assert found.shown.sum() == 20 and found.unseen == pytest.approx(1 - 20 / 12000)


def test_the_size_of_a_token_is_told_in_seconds_and_millivolts():
    tiles, whole = grid(np.ones((10, 10)), (0.0, WIDTH / 2)), grid(np.ones((5, 5)))
    found = page(tiles, whole, grid(np.ones((10, 10)), (WIDTH / 2, WIDTH)))
    assert [str(size) for size in found.token_sizes] == ["0.53 s x 2.00 mV", "2.12 s x 4.00 mV"]
    assert found.note == ("one image token covers 0.53 s x 2.00 mV; 2.12 s x 4.00 mV where the page is seen as a whole")
    assert "40% of the relevance is in the pictures of examples" in replace(found, in_examples=0.4).note
