import io

import numpy as np
import pytest
from PIL import Image

from readers.api.model import seen
from renderers import LEADS, RENDERERS, PageStyle, blank, render, renderer, usual_px_per_mm
from renderers.grid import cleaned, is_ink, remove_grid
from renderers.original import pulse
from renderers.page import DARK_LINE, LIGHT_LINE, static_sheet
from renderers.printed import printed_layout
from taxonomy.error import RenderError, UnknownNameError


@pytest.fixture(scope="module")
def signal(population):
    return population.record(9).signal(500).mv


def page(signal, name="printed", fs=500.0, **style):
    return render(signal, fs, name, PageStyle(**style))[0]


def test_the_printed_page_has_the_leads_where_a_cardiologist_looks(signal):
    image = page(signal)
    rows = {}
    for strip in image.strips:
        rows.setdefault(strip.baseline_mm, []).append(strip.lead)
    assert list(rows.values()) == [
        ["I", "aVR", "V1", "V4"],
        ["II", "aVL", "V2", "V5"],
        ["III", "aVF", "V3", "V6"],
        ["II"],
    ]
    assert set(image.leads) == set(LEADS)


@pytest.mark.parametrize("px", [4, 6, 8, 10])
def test_geometry_is_in_millimetres(signal, px):
    image = page(signal, px_per_mm=px)
    assert image.size[0] == 265 * px
    for strip in image.strips:
        assert strip.baseline_mm % 5 == 0
    starts = sorted({strip.start_s for strip in image.strips})
    assert starts == [0, 2.5, 5, 7.5]
    assert [strip.x_mm for strip in image.strips[:4]] == [10 + 62.5 * column for column in range(4)]


def test_the_pulse_is_10_mm_tall_and_5_mm_wide_and_rises_from_the_baseline():
    corners = pulse(40.0, PageStyle())
    assert corners[0].tolist() == [2.5, 40.0]
    assert np.ptp(corners, axis=0).tolist() == [5.0, 10.0]
    assert corners[:, 1].min() == 30.0


def test_the_grid_has_lines_each_mm_and_darker_ones_each_5_mm():
    style = PageStyle()
    paper = static_sheet(printed_layout(style), style).paper[8]
    lines = np.flatnonzero(paper)
    assert set(np.diff(lines)) == {6}
    assert set(np.diff(np.flatnonzero(paper == paper.max()))) == {30}
    assert np.mean(LIGHT_LINE) > np.mean(DARK_LINE)


@pytest.mark.parametrize("name", RENDERERS)
def test_no_page_is_wider_than_265_mm(signal, name):
    for image in render(signal, 500.0, name):
        assert image.size[0] <= 265 * image.px_per_mm


def test_leads_gives_one_larger_picture_for_each_lead_in_order(signal):
    images = render(signal, 500.0, "leads")
    assert [image.leads for image in images] == [(lead,) for lead in LEADS]
    assert all(image.px_per_mm == 8 for image in images)


@pytest.mark.parametrize("name", RENDERERS)
def test_a_resolution_that_is_named_is_the_one_that_is_drawn(signal, name):
    for image in render(signal, 500.0, name, PageStyle(px_per_mm=5)):
        assert image.px_per_mm == 5
        assert image.size[0] == 265 * 5
    usual = [image.png() for image in render(signal, 500.0, name, PageStyle(px_per_mm=usual_px_per_mm(name)))]
    assert [image.png() for image in render(signal, 500.0, name)] == usual


def test_stacked_gives_each_lead_four_times_the_room_of_printed(signal):
    strips = page(signal, "stacked").strips
    assert [strip.lead for strip in strips] == list(LEADS)
    assert all((strip.start_s, strip.end_s) == (0, 10) for strip in strips)


@pytest.mark.parametrize("name", RENDERERS)
def test_png_holds_the_same_pixels(signal, name):
    image = render(signal, 500.0, name)[0]
    decoded = Image.open(io.BytesIO(image.png()))
    assert np.array_equal(np.asarray(decoded.convert("RGB")), image.rgb())
    assert len(image.palette) == (48 if name == "printed" else 2)


def test_tall_complexes_are_drawn_and_never_clipped_to_their_row(population):
    record = max((r for r in population if r.fold == "test"), key=lambda r: np.abs(r.signal(500).mv[8:]).max())
    signal = record.signal(500).mv
    image = page(signal)
    strip = next(s for s in image.strips if s.lead == "V3")
    part = signal[8, round(strip.start_s * 500) : round(strip.end_s * 500)]
    top = round((strip.baseline_mm - part.max() * 10) * 6)
    left, right = round(strip.x_mm * 6), round((strip.x_mm + 62.5) * 6)
    ink = is_ink(image.palette)[image.indices[:, left:right]]
    assert ink[max(0, top - 2) : top + 3].any()


def test_what_overlaps_is_reported(signal):
    assert page(signal).overlap_mm == 0
    deep = signal.copy()
    deep[6, 2600:2620] = -12.0
    assert page(deep).overlap_mm > 10


def test_gaps_stay_gaps_and_a_missing_lead_is_labelled_and_blank(signal):
    holed = signal.copy()
    holed[10] = np.nan
    holed[0, 500:800] = np.nan
    image = page(holed, "clean")
    empty = page(np.full_like(signal, np.nan), "clean")
    v5 = next(strip for strip in image.strips if strip.lead == "V5")
    column = slice(round((v5.x_mm + 15) * 6), round((v5.x_mm + 60) * 6))
    row = slice(round((v5.baseline_mm - 4) * 6), round((v5.baseline_mm + 4) * 6))
    assert not image.indices[row, column].any()
    label = slice(round((v5.x_mm + 1) * 6), round((v5.x_mm + 8) * 6))
    above = slice(round((v5.baseline_mm - 10) * 6), round((v5.baseline_mm - 4) * 6))
    assert image.indices[above, label].any()
    gap = slice((10 + 27) * 6, (10 + 38) * 6)
    first_row = slice(45 * 6, 55 * 6)
    assert not (image.indices[first_row, gap] & ~empty.indices[first_row, gap]).any()


def test_a_flat_lead_is_drawn_flat(signal):
    flat = signal.copy()
    flat[3] = 0
    image = page(flat, "clean")
    strip = next(s for s in image.strips if s.lead == "aVR")
    band = image.indices[:, round((strip.x_mm + 10) * 6) : round((strip.x_mm + 60) * 6)]
    near = band[round(strip.baseline_mm * 6) - 4 : round(strip.baseline_mm * 6) + 4]
    assert near.any(axis=0).all()


@pytest.mark.parametrize("name", RENDERERS)
def test_an_empty_page_has_no_trace(signal, name):
    full, empty = render(signal, 500.0, name), blank(name)
    assert len(full) == len(empty)
    assert sum(i.indices.astype(bool).sum() for i in empty) < sum(i.indices.astype(bool).sum() for i in full)


def test_removing_the_grid_works_the_same_on_our_page_and_on_its_picture(signal):
    image = page(signal)
    assert np.array_equal(remove_grid(image.rgb()), cleaned(image).indices.astype(bool))


def test_a_scan_with_another_grid_keeps_its_trace_and_loses_its_grid():
    scan = np.full((120, 200, 3), (250, 245, 235), dtype=np.uint8)
    scan[::10] = (240, 170, 120)
    scan[:, ::10] = (240, 170, 120)
    scan[60, 20:180] = (40, 35, 50)
    ink = remove_grid(scan)
    assert ink[60, 20:180].all()
    assert not ink[80:].any()


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), float)])
def test_a_picture_of_another_form_is_refused(bad):
    with pytest.raises(RenderError, match="a picture must be uint8"):
        remove_grid(bad)


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ({"px_per_mm": 0}, "px_per_mm must be between"),
        ({"pen_mm": 1.0}, "pen_mm must be between"),
        ({"mm_per_s": 1000}, "mm_per_s must be between"),
        ({"px_per_mm": 6.5}, "whole number"),
    ],
)
def test_a_style_out_of_range_is_named(style, words):
    with pytest.raises(RenderError, match=words):
        PageStyle(**style)


def test_bad_signals_are_named(signal):
    with pytest.raises(RenderError, match=r"\(12, n_samples\)"):
        render(signal[:3], 500.0)
    with pytest.raises(RenderError, match="sampling rate"):
        render(signal, 0.0)
    with pytest.raises(RenderError, match="infinite"):
        render(np.full_like(signal, np.inf), 500.0)


def test_an_unknown_renderer_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"'stackd'.*clean, .*leads, .*printed, stacked.*Did you mean 'stacked'"):
        renderer("stackd")


def test_what_a_vision_model_sees_is_never_more_than_was_drawn():
    for model in seen((2120, 1600), 8):
        assert model.px_per_mm <= 8
        assert bool(model.over) is (model.px_per_mm < 8)
    older = next(model for model in seen((1590, 1200), 6) if "older and Haiku" in model.model)
    assert older.px_per_mm == pytest.approx(4.76, abs=0.1)
    assert older.grid == "visible"
    assert older.mm_per_token**2 * older.tokens == pytest.approx(265 * 200)
