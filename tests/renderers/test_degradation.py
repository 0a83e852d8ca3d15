"""Degraded pages are what they say: the angle, the keystone, the blur and the light of a dose are found again."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from renderers import PageStyle, Photograph, packed, render
from renderers.closer import BoxMm, closer, size_mm
from renderers.degradation import DEGRADATIONS, degrade, degraded, undegraded
from renderers.degradation.colour import GAMMA
from renderers.degradation.sheet import contact_sheet
from taxonomy.error import RenderError, UnknownNameError

NAMES = tuple(DEGRADATIONS)
PX = 2
WHITE = np.full((300, 400, 3), 255, dtype=np.uint8)

few = settings(max_examples=8)
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def page(population):
    return render(population.record(9).signal(500).mv, 500, "printed", PageStyle(px_per_mm=PX))[0]


@pytest.fixture(scope="module")
def rgb(page):
    return page.rgb()


def dotted(places):
    """Return a white picture with round black dots, and darkness to weigh their centres by."""
    y, x = np.mgrid[:300, :400] + 0.5
    cover = np.zeros((300, 400))
    for place in places:
        cover = np.maximum(cover, np.clip(4.5 - np.hypot(x - place[0], y - place[1]), 0, 1))
    return np.rint(255 * (1 - cover[:, :, None].repeat(3, axis=2))).astype(np.uint8)


def centres(image, near, reach=75):
    """Return where dots are now, each within reach of where it was."""
    dark = 255.0 - image.mean(axis=2)
    found = []
    for x, y in near:
        left, top = max(0, int(x - reach)), max(0, int(y - reach))
        part = dark[top : int(y + reach), left : int(x + reach)]
        rows, columns = np.mgrid[: part.shape[0], : part.shape[1]] + 0.5
        found.append((left + (part * columns).sum() / part.sum(), top + (part * rows).sum() / part.sum()))
    return np.array(found)


@pytest.mark.parametrize("name", NAMES)
def test_a_dose_of_nothing_is_the_page_bit_by_bit(page, rgb, name):
    assert np.array_equal(degrade(rgb, name, 0, PX, 5), rgb)
    kept = degraded(page, name, 0)
    assert np.array_equal(kept.indices, page.indices)
    assert kept.png() == page.png()
    assert kept.strips == kept.names == kept.pulses == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_greater_dose_is_a_worse_page_of_the_same_size(rgb, name):
    errors = []
    for dose in DEGRADATIONS[name].doses:
        worse = degrade(rgb, name, dose, PX, 3)
        assert (worse.shape, worse.dtype) == (rgb.shape, np.uint8)
        assert np.array_equal(worse, degrade(rgb, name, dose, PX, 3))
        errors.append(float(np.mean((worse.astype(float) - rgb) ** 2)))
    assert errors[0] > 0
    # Of a page that is turned or seen at an angle nothing lies on its place any more, and pixels say no more than that.
    if name not in {"rotation", "perspective"}:
        assert errors == sorted(errors)


@pytest.mark.parametrize("name", sorted({*NAMES} - {"blur", "jpeg"}))
def test_another_lot_is_another_page(rgb, name):
    dose = DEGRADATIONS[name].doses[2]
    assert len({degrade(rgb, name, dose, PX, seed).tobytes() for seed in range(8)}) > 1


@few
@given(st.floats(0.3, 15), seeds)
def test_a_page_is_turned_about_its_centre_by_so_many_degrees(angle, seed):
    places = np.array([(125.0, 150.0), (275.0, 150.0), (200.0, 150.0)])
    turned = centres(degrade(dotted(places[:2]), "rotation", angle, PX, seed), places[:2], reach=45)
    across, down = turned[1] - turned[0]
    assert abs(np.degrees(np.arctan2(down, across))) == pytest.approx(angle, abs=0.08)
    assert np.hypot(across, down) == pytest.approx(150, abs=0.2)
    assert turned.mean(axis=0) == pytest.approx(places[2], abs=0.2)


@few
@given(st.floats(0.01, 0.4), seeds)
def test_the_far_edge_of_a_page_is_shorter_by_so_much_and_straight_lines_stay_straight(share, seed):
    places = np.array([(100.0, 75.0), (300.0, 75.0), (300.0, 225.0), (100.0, 225.0)])
    seen = degrade(dotted(places), "perspective", share, PX, seed)
    found = centres(seen, places, reach=70)
    rows = []
    for (x, y), (u, v) in zip(places, found, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y, -u), (0, 0, 0, x, y, 1, -v * x, -v * y, -v)]
    map_ = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    corners = np.array([(0, 0, 1), (400, 0, 1), (400, 300, 1), (0, 300, 1)]) @ map_.T
    corners = corners[:, :2] / corners[:, 2:]
    edges = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1) / (400, 300, 400, 300)
    assert min(edges) == pytest.approx(1 - share, abs=0.02)
    opposite = edges[(int(np.argmin(edges)) + 2) % 4]
    assert opposite == pytest.approx(1, abs=0.02)


@few
@given(st.floats(0.15, 3), st.sampled_from([4.0, 6.0, 7.5]))
def test_an_edge_is_blurred_by_so_many_mm(sigma, px_per_mm):
    edge = WHITE.copy()
    edge[:, :200] = 0
    spread = np.diff(degrade(edge, "blur", sigma, px_per_mm)[150, :, 0].astype(float))
    x = np.arange(len(spread))
    middle = (x * spread).sum() / spread.sum()
    width = np.sqrt(((x - middle) ** 2 * spread).sum() / spread.sum()) / px_per_mm
    assert width == pytest.approx(sigma, rel=0.06, abs=0.03)


def light(image):
    return (image / 255.0) ** GAMMA


@few
@given(st.floats(0.05, 0.95), seeds)
def test_the_darkest_part_of_a_shadow_lacks_so_much_light(depth, seed):
    left = light(degrade(WHITE, "shadow", depth, PX, seed))
    assert left.min() == pytest.approx(1 - depth, abs=0.02)
    assert left.max() == pytest.approx(1, abs=0.01)


@few
@given(st.floats(0.05, 0.9), seeds)
def test_the_moire_has_so_much_contrast_in_each_colour(contrast, seed):
    left = light(degrade(WHITE, "moire", contrast, PX, seed))
    for colour in range(3):
        low, high = left[:, :, colour].min(), left[:, :, colour].max()
        assert (high - low) / (high + low) == pytest.approx(contrast, abs=0.05)


@few
@given(st.sampled_from(["shadow", "moire"]), seeds)
def test_less_light_makes_nothing_brighter_and_no_value_runs_over(name, seed):
    noise = np.random.default_rng(seed).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    worse = degrade(noise, name, DEGRADATIONS[name].greatest, PX, seed)
    assert (worse <= noise).all()


@few
@given(st.sampled_from([0.0, 0.2, 0.6, 0.95]), seeds)
def test_a_faint_print_keeps_so_much_of_its_contrast_where_its_dots_are(dose, seed):
    striped = WHITE.copy()
    striped[:, 200:220] = 0
    left = 1 - degrade(striped, "faint", dose, PX, seed)[:, 200:220, 0] / 255.0
    assert left.max() == pytest.approx(1 - dose, abs=0.01)
    lost = (left == 0).mean()
    assert lost == pytest.approx(1 - (1 - dose / 2) * (1 - 0.15 * dose), abs=0.06)


def test_more_words_are_written_beside_those_of_fewer(rgb):
    earlier = np.zeros(rgb.shape[:2], dtype=bool)
    for dose in DEGRADATIONS["handwriting"].doses:
        written = (degrade(rgb, "handwriting", dose, PX, 4) != rgb).any(axis=2)
        assert not (earlier & ~written).any()
        earlier = written
    assert 0.01 < earlier.mean() < 0.2


def test_a_fold_draws_the_paper_in_beside_it_and_leaves_the_rest_where_it_was():
    grid = [(x, y) for x in range(12, 400, 24) for y in range(12, 300, 24)]
    flat, folded = dotted(grid), degrade(dotted(grid), "crease", 1, PX, 8)
    line = (folded.mean(axis=2) < 190) & (flat.mean(axis=2) > 250)
    assert line.sum() > 200
    moved = np.hypot(*(centres(light(folded) * 255, grid, 10) - centres(flat, grid, 10)).T) / PX
    fold = np.argwhere(line)[::4, ::-1]
    away = np.array([np.hypot(*(fold - dot).T).min() for dot in grid]) / PX
    assert moved[away > 60].max() < 0.05
    assert 0.1 < np.median(moved[(away > 5) & (away < 12)]) < 0.6


def test_a_jpeg_is_one_of_that_quality(rgb):
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=20, subsampling="4:2:0")
    assert np.array_equal(degrade(rgb, "jpeg", 80, PX), np.asarray(Image.open(file)))


@pytest.mark.parametrize("name", NAMES)
def test_a_grey_page_stays_grey(rgb, name):
    grey = np.asarray(Image.fromarray(rgb).convert("L"))
    worse = degrade(grey, name, DEGRADATIONS[name].doses[2], PX, 2)
    assert (worse.shape, worse.dtype) == (grey.shape, np.uint8)
    assert not np.array_equal(worse, grey)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_of_one_pixel_is_degraded_too(name):
    assert degrade(WHITE[:1, :1], name, DEGRADATIONS[name].greatest, PX).shape == (1, 1, 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((WHITE, "blur", -1, PX), r"the dose of blur is 0 to 3 mm \(SD\), not -1"),
        ((WHITE, "jpeg", 100, PX), "the dose of jpeg is 0 to 99"),
        ((WHITE, "rotation", float("nan"), PX), "not nan"),
        ((WHITE, "blur", 1, 0), "must be a positive number of px/mm, not 0"),
        ((WHITE[:, :, 0].astype(float), "blur", 1, PX), r"not float64 \(300, 400\)"),
        ((WHITE[:0], "blur", 1, PX), r"not uint8 \(0, 400, 3\)"),
    ],
)
def test_what_cannot_be_degraded_is_told(arguments, said):
    with pytest.raises(RenderError, match=said):
        degrade(*arguments)


def test_another_name_is_told_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'shadow'"):
        degrade(WHITE, "shadows", 0.2, PX)


def test_a_degraded_page_passes_between_processes_and_a_part_of_it_is_enlarged(page):
    worse = degraded(page, "moire", 0.4, 2)
    assert isinstance(worse, Photograph)
    assert (worse.leads, worse.size, worse.px_per_mm) == (page.leads, page.size, page.px_per_mm)
    assert worse.strips == ()
    assert worse.original is None
    assert np.array_equal(packed(worse).rgb(), worse.rgb())
    for sent in (worse, packed(worse)):
        part = closer(sent, BoxMm(0, 0, *size_mm(sent)), PX)
        assert np.array_equal(part.rgb(), worse.rgb())
        assert closer(sent, BoxMm(10, 10, 20, 30), 8).size == (80, 160)
    assert undegraded(packed(page)).png() == page.png()


def test_a_sheet_shows_every_dose_below_its_label(page):
    pages = [undegraded(page), *(degraded(page, "faint", dose, 1) for dose in (0.4, 0.9))]
    sheet = contact_sheet(pages, ["0", "0.4", "0.9"]).rgb()
    assert sheet.shape[1] == 2000
    quarter = sheet.shape[0] // 2
    assert (sheet[:40] < 100).any()
    shown = [sheet[40:quarter, :1000], sheet[40:quarter, 1000:], sheet[quarter + 40 :, :1000]]
    darkest = [part.mean(axis=2).min() for part in shown]
    assert darkest == sorted(darkest)
    assert darkest[0] < 60 < 180 < darkest[2]
