"""A masked record is drawn like the whole one: nothing but what is masked differs, pixel by pixel."""

import numpy as np
import pytest

from bench.explain.maps.cell import bridged, cells_of
from measurements.segment import segmented
from renderers import LEADS, PageStyle, packed, render
from taxonomy.error import RenderError

REACH = 4
"""Pixels around a masked sample that the pen reaches."""


@pytest.fixture(scope="module")
def signal(population):
    return population.record(next(iter(population.cohort())).ecg_id).signal()


@pytest.fixture(scope="module")
def cells(signal):
    return cells_of(segmented(signal.mv, signal.fs), signal.fs, signal.mv.shape[1])


def reached(page, signal, hidden, mask):
    """Return the pixels that the masked samples of both traces reach."""
    out = np.zeros(page.indices.shape, dtype=bool)
    for strip in page.strips:
        row = LEADS.index(strip.lead)
        when = np.flatnonzero(mask[row]) / signal.fs
        for at in when[(when >= strip.start_s) & (when <= strip.end_s)]:
            sample = round(at * signal.fs)
            near = slice(max(0, sample - 6), sample + 7)
            both = np.concatenate([signal.mv[row, near], hidden[row, near]])
            across = round((strip.x_mm + (at - strip.start_s) * page.mm_per_s) * page.px_per_mm)
            down = (strip.baseline_mm - both * page.mm_per_mv) * page.px_per_mm
            top, bottom = max(0, int(down.min()) - REACH), int(down.max()) + REACH + 1
            out[top:bottom, max(0, across - REACH) : across + REACH + 1] = True
    return out


@pytest.mark.parametrize("name", ["printed", "clean", "stacked", "leads"])
@pytest.mark.parametrize(
    ("leads", "segments"),
    [(LEADS, ("QRS",)), (("V1", "V2", "V3"), ("T",)), (("II",), ("P", "PR", "QRS", "ST", "T", "TQ"))],
)
def test_outside_the_masked_cells_every_pixel_is_the_same(signal, cells, name, leads, segments):
    mask = cells.mask(leads, segments)
    hidden = bridged(signal.mv, mask)
    whole = render(signal.mv, signal.fs, name)
    pages = render(hidden, signal.fs, name, like=whole)
    changed = [one.indices != other.indices for one, other in zip(whole, pages, strict=True)]
    assert any(change.any() for change in changed)
    for page, change in zip(whole, changed, strict=True):
        assert not (change & ~reached(page, signal, hidden, mask)).any()


def test_a_trace_that_had_to_move_stays_where_it_was_with_its_pulse_and_its_name(signal):
    tall = signal.mv.copy()
    tall[LEADS.index("I")] += 8.0  # above the page
    whole = render(tall, signal.fs, "stacked")
    masked = tall.copy()
    masked[LEADS.index("I")] = np.nan
    alone = render(masked, signal.fs, "stacked")[0]
    like = render(masked, signal.fs, "stacked", like=whole)[0]
    assert whole[0].strips[0].baseline_mm != alone.strips[0].baseline_mm
    assert like.strips == whole[0].strips and like.pulses == whole[0].pulses and like.names == whole[0].names
    below = round((whole[0].strips[1].baseline_mm + 5) * whole[0].px_per_mm)
    assert np.array_equal(like.indices[below:], whole[0].indices[below:])


@pytest.mark.parametrize("name", ["printed", "leads"])
def test_the_whole_record_like_its_own_page_is_that_page_even_from_a_png(signal, name):
    whole = render(signal.mv, signal.fs, name)
    again = render(signal.mv, signal.fs, name, like=tuple(map(packed, whole)))
    assert all(np.array_equal(one.indices, other.indices) for one, other in zip(whole, again, strict=True))


def test_a_page_of_another_scale_or_renderer_is_refused(signal):
    whole = render(signal.mv, signal.fs, "printed", PageStyle(px_per_mm=4))
    with pytest.raises(RenderError, match="by the same renderer, at one scale"):
        render(signal.mv, signal.fs, "printed", like=whole)
    with pytest.raises(RenderError, match="by the same renderer, at one scale"):
        render(signal.mv, signal.fs, "stacked", PageStyle(px_per_mm=4), like=whole)


def test_a_renderer_that_cannot_is_refused_by_name(signal, monkeypatch):
    from renderers import registry

    class Plain:
        name, description = "plain", "draws like nothing"

        def render(self, signal, fs, style):
            return registry.RENDERERS["stacked"].render(signal, fs, style)

    monkeypatch.setattr(registry, "RENDERERS", {**registry.RENDERERS, "plain": Plain()})
    whole = render(signal.mv, signal.fs, "plain")
    with pytest.raises(RenderError, match="renderer 'plain' cannot draw a masked record like the whole one"):
        render(signal.mv, signal.fs, "plain", like=whole)
