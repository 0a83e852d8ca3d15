"""Every page of a renderer has one size and one layout, and nothing that is drawn is cut or crossed by a name."""

import numpy as np
import pytest

from bench.dataset import Signal, open_dataset
from benchmarks.pages import faults
from renderers import LEADS, RENDERERS, PageStyle, blank, render, usual_px_per_mm
from renderers.printed import printed_layout
from renderers.trace import on_page, shift_onto

FS = 500
STYLE = PageStyle(px_per_mm=4)


def complexes(mv, seed=0, seconds=10):
    """Return beats of ``mv`` millivolts at most over a wandering baseline, float32 (12, n), different in each lead."""
    chance = np.random.default_rng(seed)
    time = np.arange(seconds * FS) / FS
    spikes = np.exp(-(((time + 0.3) % 0.8 - 0.4) ** 2) / 0.0002)
    heights = mv * chance.choice([-1, 1], (12, 1)) * chance.uniform(0.5, 1, (12, 1))
    wander = 0.2 * np.sin(2 * np.pi * chance.uniform(0.1, 0.4, (12, 1)) * time)
    return (heights * spikes + wander).astype(np.float32)


def layout(images):
    return [(image.size, image.strips) for image in images]


@pytest.mark.parametrize("name", RENDERERS)
def test_the_size_tells_nothing_of_the_record(name):
    sizes = {image.size for mv in (0.1, 1, 3, 6, 12, 40) for image in render(complexes(mv), FS, name, STYLE)}
    assert sizes == {image.size for image in blank(name, STYLE)}
    assert len(sizes) == 1


@pytest.mark.parametrize("name", RENDERERS)
def test_a_masked_page_has_the_layout_of_the_unmasked_one(name):
    signal = complexes(3.0)
    whole = render(signal, FS, name, STYLE)
    for masked in ([0, 1, 2], [6, 7, 8, 9, 10, 11], range(12)):
        part = signal.copy()
        part[list(masked)] = np.nan
        assert layout(render(part, FS, name, STYLE)) == layout(whole) == layout(blank(name, STYLE))


def test_a_masked_lead_that_had_to_move_leaves_the_others_where_they_were():
    signal = complexes(1.0)
    signal[9, 4000:4010] = 7.0
    hidden = signal.copy()
    hidden[9] = np.nan
    whole, masked = (render(one, FS, "printed", STYLE)[0].strips for one in (signal, hidden))
    assert [(a.lead, a.baseline_mm - b.baseline_mm) for a, b in zip(whole, masked, strict=True) if a != b] == [
        ("V4", 25.0)
    ]


@pytest.mark.parametrize("seconds", [2, 5, 30])
def test_a_short_and_a_long_record_have_pages_of_one_size_too(seconds):
    for name in RENDERERS:
        (size,) = {image.size for image in blank(name, STYLE)}
        assert {image.size for image in render(complexes(1.0, seconds=seconds), FS, name, STYLE)} == {size}


@pytest.mark.parametrize("mv", [0.5, 2.0, 4.0, 6.0])
@pytest.mark.parametrize("name", RENDERERS)
def test_no_simulated_trace_is_cut_or_crossed_by_a_name(name, mv):
    for seed in range(3):
        found = faults(Signal(complexes(mv, seed), FS), name, STYLE)
        assert (found.cut, found.held, found.crossed) == (0, 0, 0), seed


def test_a_trace_taller_than_the_page_is_held_at_its_edge_and_said_to_be():
    signal = complexes(0.5)
    signal[9, 4000:4010] = 30.0
    (page,) = render(signal, FS, "clean", STYLE)
    assert page.held_mm == pytest.approx(251, abs=1)
    assert not page.indices[0].any()
    ((_, *_), *_) = layout([page])
    column = round((10 + 8.01 * 25) * 4)
    assert page.indices[3:6, column].any(), "its tip lies at the edge"
    assert render(complexes(0.5), FS, "clean", STYLE)[0].held_mm == 0


def test_a_trace_that_leaves_the_page_is_moved_by_whole_grid_lines():
    assert shift_onto((-12.0, 60.0), (1.0, 100.0)) == 15.0
    assert shift_onto((60.0, 112.0), (1.0, 100.0)) == -15.0
    assert shift_onto((1.0, 100.0), (1.0, 100.0)) == 0
    assert shift_onto((-3.0, 93.0), (1.0, 100.0)) == 5.0
    assert shift_onto((-5.0, 93.5), (1.0, 100.0)) == 6.0, "no grid line fits"
    assert shift_onto((-50.0, 150.0), (1.0, 100.0)) == 0, "taller than the page"


def test_the_pulse_of_a_single_strip_goes_with_it():
    signal = complexes(0.5)
    signal[0, 4000:4010] = 4.9
    (page,) = render(signal, FS, "leads", STYLE)[:1]
    (strip,) = page.strips
    column = page.indices[:, round(2.5 * 4)] | page.indices[:, round(2.5 * 4) - 1]
    assert strip.baseline_mm == 50.0
    assert np.flatnonzero(column)[-1] == pytest.approx(50 * 4, abs=2)


def test_a_shared_pulse_stays():
    layout = printed_layout(STYLE)
    signal = complexes(0.5)
    signal[9, 4000:4010] = 7.0
    placed = on_page(layout, [signal[LEADS.index(strip.lead)] for strip in layout.strips], FS, STYLE)
    assert placed.layout.pulses == layout.pulses


def test_more_gain_takes_more_room():
    usual, double = (render(complexes(4.0), FS, "printed", PageStyle(4, mm_per_mv=gain))[0] for gain in (10, 20))
    assert double.size[1] == 2 * usual.size[1]
    assert double.held_mm == 0


TALLER = {292, 304, 421, 473}
"""Records with a trace that is taller than the picture of its lead."""


@pytest.mark.slow
@pytest.mark.parametrize("name", RENDERERS)
def test_no_real_trace_is_cut_and_no_name_crosses_one(shared_data, name):
    """Every fourth record, and the four whose trace is taller than the picture of its lead: artefacts.

    ``benchmarks/pages.py`` takes them all.
    """
    every = [record for record in open_dataset(shared_data / "ptbxl") if record.rates]
    records = [record for place, record in enumerate(every) if place % 4 == 0 or record.ecg_id in TALLER]
    found = [faults(record.signal(500), name, STYLE) for record in records]
    assert len({size for one in found for size in one.sizes}) == 1
    assert sum(one.cut for one in found) == 0
    assert sum(one.crossed for one in found) == 0
    assert sum(one.held for one in found) == (len(TALLER) if name == "leads" else 0)


FAULTY = {85: "printed", 96: "printed", 296: "printed", 299: "printed", 421: "printed", 473: "stacked"}


@pytest.mark.slow
@pytest.mark.parametrize(("ecg_id", "name"), FAULTY.items())
def test_records_whose_pages_were_at_fault(shared_data, ecg_id, name):
    found = faults(
        open_dataset(shared_data / "ptbxl").record(ecg_id).signal(500), name, PageStyle(px_per_mm=usual_px_per_mm(name))
    )
    assert (found.cut, found.held, found.crossed) == (0, 0, 0)
