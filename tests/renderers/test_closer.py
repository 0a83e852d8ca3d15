import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderers import LEADS, PageStyle, blank, packed, render
from renderers.closer import BoxMm, closer, size_mm
from taxonomy.error import RenderError

KEPT = PageStyle(keeps_original=True)


@pytest.fixture(scope="module")
def mv(population):
    return population.record(9).signal(500).mv


def pictures(mv, name, **style):
    return render(mv, 500, name, PageStyle(keeps_original=True, **style))


@pytest.mark.parametrize("name", ["printed", "clean", "stacked", "leads"])
def test_a_whole_page_drawn_again_is_the_same_page(mv, name):
    for image in pictures(mv, name)[:2]:
        again = closer(image, BoxMm(0, 0, *size_mm(image)), image.px_per_mm)
        assert np.array_equal(again.rgb(), image.rgb())


@pytest.mark.parametrize("name", ["printed", "clean"])
def test_a_part_is_that_part_of_the_page_at_the_finer_resolution(mv, name):
    page, finer = (pictures(mv, name, px_per_mm=px)[0] for px in (4, 12))
    box = BoxMm(70, 30, 130, 75)
    part, of_finer = closer(page, box, 12).rgb(), finer.rgb()[360:900, 840:1560]
    assert part.shape == of_finer.shape
    # The grid of a page is drawn three times as wide, as a lens would show it, and names stay where they stand.
    inked = of_finer.mean(axis=2) < 90
    assert (part.mean(axis=2)[inked] < 140).mean() > 0.97


def test_a_finer_part_shows_what_the_pixels_of_the_page_do_not(mv):
    box = BoxMm(10, 30, 40, 70)
    kept, bare = (closer(image, box, 24) for image in (pictures(mv, "clean")[0], render(mv, 500, "clean")[0]))
    assert kept.size == bare.size == (720, 960)
    assert not np.array_equal(kept.indices, bare.indices)
    blocks = bare.indices.reshape(240, 4, 180, 4)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert not (kept.indices.reshape(240, 4, 180, 4) == kept.indices[::4, ::4][:, None, :, None]).all()


def test_nothing_is_kept_unless_it_is_asked_for(mv):
    assert render(mv, 500)[0].original is None
    assert packed(pictures(mv, "printed")[0]).original is not None


def test_of_a_masked_lead_and_of_a_blank_page_there_is_nothing_to_enlarge(mv):
    masked = mv.copy()
    masked[LEADS.index("V1")] = np.nan
    image = render(masked, 500, "clean", KEPT)[0]
    strip = next(strip for strip in image.strips if strip.lead == "V1")
    box = BoxMm(strip.x_mm + 20, strip.baseline_mm - 3, strip.x_mm + 60, strip.baseline_mm + 3)
    assert closer(pictures(mv, "clean")[0], box, 12).indices.any()
    assert not closer(image, box, 12).indices.any()
    assert not closer(blank("clean", KEPT)[0], box, 12).indices.any()


edges = st.floats(-50, 400)


@given(edges, edges, edges, edges, st.integers(2, 24))
def test_every_box_is_cut_to_the_page_or_refused(left, top, right, bottom, px):
    page = (265.0, 200.0)
    try:
        box = BoxMm(left, top, right, bottom).within(page)
    except RenderError:
        assert min(right, 265) <= max(left, 0) or min(bottom, 200) <= max(top, 0)
        return
    window = box.window(px)
    assert 0 <= box.left < box.right <= 265
    assert 0 <= box.top < box.bottom <= 200
    assert window.left + window.width <= 265 * px + 1
    assert abs(window.width - (box.right - box.left) * px) <= 1
