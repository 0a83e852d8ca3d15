"""Pages with the weight of each stretch behind its trace: geometry in millimetres, colours, words."""

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderers.compared import BETWEEN_MM, SHOWN_S, Change, compared
from renderers.explained import PAPERS, PRINT, Overlay, explained, legible_style, paper_layout
from renderers.ink import draw_lines
from renderers.label import inked, write_label
from renderers.legend import BAR_MM, FOOT_MM, HEAD_MM, NAME_GAP_MM, Bracket, name_places, text_lines, width_mm
from renderers.page import DARK_LINE, LIGHT_LINE
from renderers.shade import AGAINST, FOR, coloured
from renderers.style import LEADS
from renderers.trace import on_page
from taxonomy.error import RenderError, UnknownNameError

V1, FS = LEADS.index("V1"), 100
PX = PRINT.px_per_mm
TOP = round(HEAD_MM * PX)


@pytest.fixture(scope="module")
def signal(population):
    return population.record(9).signal(500).mv


def overlay(relevance=None, finding="conduction: lbbb", method="saliency", verdict="cannot tell: n = 3", **beside):
    nothing = np.zeros((12, 1000), dtype=np.float32)
    return Overlay(nothing if relevance is None else relevance, FS, finding, method, verdict, **beside)


def relevant(lead, begin_s, end_s, value=1.0):
    found = np.zeros((12, 1000), dtype=np.float32)
    found[LEADS.index(lead), round(begin_s * FS) : round(end_s * FS)] = value
    return overlay(found)


def paper_of(page):
    return page.rgb[TOP : -round(FOOT_MM * PX)]


def differs(one, other):
    """Return the rows and columns, in mm on the paper, of the pixels in which two pages differ."""
    rows, columns = np.nonzero((paper_of(one) != paper_of(other)).any(axis=2))
    return rows / PX, columns / PX


def is_colour(pixels, colour):
    return (pixels == np.array(colour, dtype=np.uint8)).all(axis=-1)


@pytest.mark.parametrize("paper", PAPERS)
def test_a_millimetre_is_one_on_the_printed_page(signal, paper):
    png = explained(signal, 500.0, overlay(), paper).png()
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.info["dpi"] == pytest.approx((25.4 * PX, 25.4 * PX), abs=0.01)
        pixels = np.asarray(picture.convert("RGB"))
        assert picture.size[0] / PX == 265
        assert picture.size[0] / PX <= 287 and picture.size[1] / PX <= 200
    bare = pixels[TOP + 5 * PX + PX // 2]
    thin, thick = (np.flatnonzero(is_colour(bare, line)) for line in (LIGHT_LINE, DARK_LINE))
    assert set(np.diff(np.union1d(thin, thick))) == {PX}
    assert set(np.diff(thick)) == {5 * PX}


@pytest.mark.parametrize("paper", PAPERS)
def test_a_second_is_25_mm_and_a_millivolt_10_mm(paper):
    ticks = np.zeros((12, 5000), dtype=np.float32)
    ticks[:, 250::500] = 1.0
    page = explained(ticks, 500.0, overlay(), paper)
    strip = next(strip for strip in page.strips if strip.lead == "II")
    row = round((strip.baseline_mm - 9) * PX)
    left = round(strip.x_mm * PX)
    ink = np.flatnonzero(paper_of(page)[row, left : left + round(60 * PX)].max(axis=1) < 90)
    middles = [part.mean() for part in np.split(ink, np.flatnonzero(np.diff(ink) > PX) + 1)]
    assert np.diff(middles) == pytest.approx(25 * PX, abs=1)
    assert middles[0] == pytest.approx(12.5 * PX, abs=1)
    column = left + round(middles[0])
    above = paper_of(page)[round((strip.baseline_mm - 15) * PX) : round(strip.baseline_mm * PX), column]
    height = len(above) - np.flatnonzero(above.max(axis=1) < 90)[0]
    assert height / PX == pytest.approx(10, abs=0.4)


@pytest.mark.parametrize(("paper", "begin", "column_mm"), [("6x2", 6.0, 135 + 25.0), ("3x4", 6.0, 135 + 25.0)])
def test_colour_stands_behind_the_trace_that_the_map_names_and_nowhere_else(signal, paper, begin, column_mm):
    rows, columns = differs(
        explained(signal, 500.0, relevant("V1", begin, begin + 0.4), paper), explained(signal, 500.0, overlay(), paper)
    )
    strip = next(strip for strip in paper_layout(paper, PRINT).strips if strip.lead == "V1")
    assert columns.min() == pytest.approx(column_mm, abs=0.8) and columns.max() == pytest.approx(
        column_mm + 10, abs=0.8
    )
    part = signal[V1, 2980:3220] * 10
    assert rows.min() >= strip.baseline_mm - part.max() - 2.2 and rows.max() <= strip.baseline_mm - part.min() + 2.2


def test_a_flat_lead_and_a_missing_one_show_what_the_map_says_of_them(signal):
    signal = signal.copy()
    for filling in (0.0, np.nan):
        signal[V1] = filling
        rows, _ = differs(explained(signal, 500.0, relevant("V1", 6, 7)), explained(signal, 500.0, overlay()))
        baseline = next(strip.baseline_mm for strip in paper_layout("6x2", PRINT).strips if strip.lead == "V1")
        assert (rows.min() + rows.max()) / 2 == pytest.approx(baseline, abs=0.2)


def test_the_scale_is_one_for_all_leads_and_one_sample_does_not_pale_the_others():
    found = np.zeros((12, 1000), dtype=np.float32)
    found[0, 100:600], found[1, 100:600] = 2.0, 1.0
    found[2, 300] = 1000.0
    depth = overlay(found).depth
    assert overlay(found).full == pytest.approx(2.0)
    assert depth[0, 200] == 1 and depth[1, 200] == pytest.approx(0.5) and depth[2, 300] == 1


def test_more_is_darker_and_what_speaks_against_is_striped_so_that_grey_tells_both():
    paper = np.full((40, 101, 3), 255, dtype=np.uint8)
    ramp = np.tile(np.linspace(0, 1, 101, dtype=np.float32), (40, 1))
    grey = np.asarray(Image.fromarray(coloured(paper, ramp, PX)).convert("L")).astype(int)
    assert (np.diff(grey[0]) <= 0).all() and grey[0, 0] - grey[0, -1] > 100
    assert (grey == grey[0]).all()
    against = np.asarray(Image.fromarray(coloured(paper, -ramp, PX)).convert("L")).astype(int)
    assert np.ptp(against[:, -1]) > 80


@pytest.mark.parametrize(
    "seen",
    [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ],
    ids=["protanopia", "deuteranopia"],
)
def test_the_colour_blind_tell_for_from_against(seen):
    """Matrices of Machado et al. 2009 for linear RGB."""
    one, other = (np.array(seen) @ (np.array(colour) / 255) ** 2.2 for colour in (FOR, AGAINST))
    assert np.abs(np.clip(one, 0, 1) - np.clip(other, 0, 1)).max() > 0.2


def test_the_trace_stays_readable_on_the_darkest_colour():
    light = (np.array(FOR) / 255) ** 2.2 @ [0.2126, 0.7152, 0.0722]
    assert (light + 0.05) / (0.005 + 0.05) > 4


def test_the_legend_says_method_and_verdict_below_the_paper(signal):
    one = explained(signal, 500.0, overlay()).rgb
    for changed in ({"method": "occlusion"}, {"verdict": "fails the sanity check"}, {"finding": "rhythm: paced"}):
        other = explained(signal, 500.0, overlay(**changed)).rgb
        rows = np.flatnonzero((one != other).any(axis=(1, 2)))
        assert len(rows) and rows.min() >= len(one) - FOOT_MM * PX


def test_words_keep_to_their_room_and_strange_letters_are_written_as_question_marks():
    lines = text_lines("x" * 500, ["said " * 200, "\u202ea\x1b[31m \U0001fae0 $a$ \u5fc3"], 170.0)
    assert all(width_mm(line, 2.7) <= 170 for line in lines[1:]) and width_mm(lines[0], 3.6) <= 170
    assert len(lines) <= 5 and lines[-1].endswith("...")
    assert text_lines("", ["\u202ea\x1b[31m \U0001fae0 $a$ \u5fc3"], 170.0)[1] == "?a?[31m ? $a$ ?"


@given(
    st.lists(st.floats(0.25, 12), min_size=1, max_size=6),
    st.floats(10, 255),
)
def test_names_over_a_beat_never_meet_and_stay_on_the_page(widths, begin):
    edges = np.minimum(begin + np.concatenate([[0], np.cumsum(widths)]), 262)
    names = ("P", "PR", "QRS", "ST", "T", "TQ")
    places = name_places([(names[k], edges[k], edges[k + 1]) for k in range(len(widths))], 265.0)
    for (_, end), (start, _) in pairwise(places):
        assert start - end >= NAME_GAP_MM - 1e-6
    assert places[0][0] >= 1 - 1e-6 and places[-1][1] <= 264 + 1e-6


def test_brackets_stand_where_their_segments_are(signal):
    brackets = (Bracket("QRS", 1.0, 1.1), Bracket("T", 1.2, 1.6), Bracket("TQ", 7.0, 7.4))
    page = explained(signal, 500.0, overlay(brackets=brackets))
    band = page.rgb[round(7.6 * PX)]
    columns = np.flatnonzero(band.max(axis=1) < 120) / PX
    assert columns.min() == pytest.approx(10 + 25.0, abs=0.4) and columns.max() == pytest.approx(10 + 40.0, abs=0.4)
    assert not ((columns > 10 + 28) & (columns < 10 + 29.5)).any()


def test_guides_stop_before_the_trace_and_the_lead_names(signal):
    plain, guided = (
        explained(signal, 500.0, overlay(brackets=brackets)) for brackets in ((), (Bracket("P", 0.05, 0.9),))
    )
    _, columns = differs(plain, guided)
    changed = (paper_of(plain) != paper_of(guided)).any(axis=2)
    assert set(np.round(columns, 2)) == {11.25, 32.5}
    assert (paper_of(plain)[changed].max(axis=1) > 140).all()


def test_tall_records_are_drawn_at_half_the_gain_and_others_are_not(signal):
    assert legible_style(signal, 500.0, "6x2").mm_per_mv == 10
    assert legible_style(4 * signal, 500.0, "6x2").mm_per_mv == 5


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (np.zeros((11, 1000), np.float32), r"a map must be \(12, n_values\), not \(11, 1000\)"),
        (np.zeros(1000, np.float32), r"a map must be \(12, n_values\), not \(1000,\)"),
        (
            np.where(np.arange(12)[:, None] == V1, np.nan, np.zeros((12, 9))).astype(np.float32),
            "that of lead V1 is not",
        ),
    ],
)
def test_a_map_of_another_shape_or_that_is_not_finite_is_refused(found, message):
    with pytest.raises(RenderError, match=message):
        overlay(found)


def test_an_unknown_paper_and_a_signal_of_another_shape_are_refused(signal):
    with pytest.raises(UnknownNameError, match="6x2"):
        explained(signal, 500.0, overlay(), "6x3")
    with pytest.raises(RenderError, match=r"\(12, n_samples\)"):
        explained(signal[:3], 500.0, overlay())


def change(signal, leads=("I", "V1"), **beside):
    after, changed = signal.copy(), np.zeros((12, 1000), dtype=bool)
    for lead in leads:
        after[LEADS.index(lead), 500:750] += 0.3
        changed[LEADS.index(lead), 100:150] = True
    return Change(signal, after, 500.0, changed, FS, "T of I and V1", **beside)


def test_before_and_after_stand_side_by_side_with_what_was_changed_shaded(signal):
    page = compared(change(signal))
    assert [strip.lead for strip in page.strips] == ["I before", "I after", "V1 before", "V1 after"]
    assert all((strip.start_s, strip.end_s) == (0, SHOWN_S) for strip in page.strips)
    assert page.rgb.shape[1] == 265 * PX
    blue = page.rgb[: -round(FOOT_MM * PX)].astype(int)
    columns = np.flatnonzero((blue[:, :, 2] - blue[:, :, 0] > 60).any(axis=0)) / PX
    for begin in (10 + 25, 10 + 25 * SHOWN_S + BETWEEN_MM + 25):
        inside = columns[(columns > begin - 5) & (columns < begin + 20)]
        assert inside.min() == pytest.approx(begin, abs=0.6) and inside.max() == pytest.approx(begin + 12.5, abs=0.6)


def test_six_leads_at_most_are_compared_and_the_others_are_named(signal):
    found = change(signal, LEADS[:8])
    assert len(found.leads) == 8 and len(found.shown) == 6
    assert {strip.lead.split()[0] for strip in compared(found).strips} == set(found.shown)


def test_a_change_of_nothing_is_refused(signal):
    with pytest.raises(RenderError, match="nothing was changed"):
        Change(signal, signal, 500.0, np.zeros((12, 1000), bool), FS, "")
    with pytest.raises(RenderError, match="before the change"):
        Change(signal, signal[:, :-1], 500.0, np.ones((12, 1000), bool), FS, "")


def test_the_scale_of_colours_has_no_word_in_it(signal):
    page = explained(signal, 500.0, relevant("V1", 1, 2, -1.0))
    left = page.rgb.shape[1] - round((BAR_MM + 9) * PX)
    bar = page.rgb[
        -round((FOOT_MM - 7.2) * PX) : -round((FOOT_MM - 9.8) * PX), left + 4 : left + round(BAR_MM * PX) - 4
    ]
    assert (bar.max(axis=2) > 140).all()


@pytest.mark.parametrize("paper", PAPERS)
def test_no_name_of_a_lead_stands_on_a_trace_of_tall_or_usual_records(population, paper):
    for gain, record in ((1.0, 9), (3.0, 9), (1.0, 30), (3.0, 30)):
        signal = population.record(record).signal(500).mv * np.float32(gain)
        style = legible_style(signal, 500.0, paper)
        layout = paper_layout(paper, style)
        placed = on_page(layout, [signal[LEADS.index(strip.lead)] for strip in layout.strips], 500.0, style)
        ink = np.zeros((round(layout.height_mm * PX), round(layout.width_mm * PX)), dtype=np.uint8)
        draw_lines(ink, placed.lines, style)
        for strip, line in zip(placed.layout.strips, placed.lines, strict=True):
            before = ink.copy()
            box = write_label(ink, strip, line, style)
            assert not inked(before, box, PX), (record, gain, strip.lead)


@pytest.mark.parametrize(("fs", "seconds"), [(100.0, 3.0), (1000.0, 30.0), (97.7, 10.0)])
def test_records_and_maps_of_any_length_and_rate_are_drawn(fs, seconds):
    time = np.arange(round(fs * seconds)) / fs
    signal = np.tile(np.sin(2 * np.pi * time), (12, 1)).astype(np.float32)
    found = Overlay(np.ones((12, 50), dtype=np.float32), 50.0, "f", "m", "v")
    for paper in PAPERS:
        rows, columns = differs(explained(signal, fs, found, paper), explained(signal, fs, overlay(), paper))
        assert len(rows) and columns.max() <= 10 + 25.0 + 0.7
