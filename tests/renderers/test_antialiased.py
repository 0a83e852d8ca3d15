"""Pictures without a grid that keep the pen's shades of grey: the same layout, and peaks that are read more exactly."""

import numpy as np
import pytest

from bench.view import View
from renderers import LEADS, RENDERERS, PageStyle, packed, render, renderer, renderer_names, usual_px_per_mm
from renderers.closer import BoxMm, closer
from renderers.page import INK_COLOUR, PAPER
from renderers.registry import ANTIALIASED_RENDERERS
from taxonomy.error import UnknownNameError

from ..command import bench

PAIRS = {f"{name}-antialiased": name for name in ("clean", "stacked", "leads")}


@pytest.fixture(scope="module")
def signals(population):
    return [record.signal(500) for record in population.cohort()[:6]]


@pytest.mark.parametrize("name", PAIRS)
def test_it_has_the_layout_and_the_names_of_the_binarised_one_and_no_grid(signals, name):
    signal = signals[0]
    both = (render(signal.mv, signal.fs, one, PageStyle(px_per_mm=4)) for one in (name, PAIRS[name]))
    for smooth, hard in zip(*both, strict=True):
        assert (smooth.size, smooth.strips, smooth.names, smooth.pulses) == (
            hard.size, hard.strips, hard.names, hard.pulses,
        )  # fmt: skip
        levels = np.unique(smooth.indices)
        assert 10 < len(levels) <= len(smooth.palette) == 16
        assert (tuple(smooth.palette[0]), tuple(smooth.palette[-1])) == (PAPER, INK_COLOUR)
        # A pixel that is inked by three fifths or more is black in the other one, whatever grid line it lay on.
        inky, wide = smooth.indices >= 9, hard.indices.astype(bool)
        assert (inky & ~wide).sum() == 0


def test_the_columns_have_no_line_between_them(signals):
    signal = signals[0]
    (image,) = render(np.full_like(signal.mv, np.nan), signal.fs, "clean-antialiased")
    separator = next(strip for strip in image.strips if strip.start_s > 0)
    column = image.indices[:, round(separator.x_mm * image.px_per_mm)]
    middle = round(separator.baseline_mm * image.px_per_mm)
    assert not column[middle - 3 : middle + 30].any()


def peak_errors(signals, name, px_per_mm):
    """Return the error in microvolts of the highest point of every lead, read from the ink's upper edge."""
    found = []
    for signal in signals:
        for image, samples in zip(
            render(signal.mv, signal.fs, name, PageStyle(px_per_mm=px_per_mm)), signal.mv, strict=True
        ):
            strip, px = image.strips[0], px_per_mm
            peak = int(np.argmax(samples[400:])) + 400
            column = round((strip.x_mm + peak / signal.fs * 25) * px)
            levels = 1 if len(image.palette) == 2 else 15
            window = image.indices[: -5 * px, column - 2 : column + 3] / levels
            row = np.flatnonzero(window.any(axis=1))[0]
            top = row + 1 - (window[row].max() if levels > 1 else 0.0)
            drawn = (strip.baseline_mm - top / px - PageStyle().pen_mm / 2) / 10
            found.append((drawn - samples[peak]) * 1000)
    errors = np.array(found)
    return errors[np.abs(errors) < 200]  # a name may stand above the peak


@pytest.mark.parametrize("px_per_mm", [4, 6, 8])
def test_a_peak_is_read_more_exactly_from_it(signals, px_per_mm):
    smooth, hard = (peak_errors(signals, name, px_per_mm) for name in ("leads-antialiased", "leads"))
    assert len(smooth) == len(hard) == 72
    assert np.sqrt(np.mean(smooth**2)) < 0.75 * np.sqrt(np.mean(hard**2))


@pytest.mark.parametrize("name", PAIRS)
def test_a_masked_copy_is_drawn_like_the_whole_one_and_a_part_is_drawn_again_in_grey(signals, name):
    signal = signals[0]
    style = PageStyle(px_per_mm=4, keeps_original=True)
    whole = render(signal.mv, signal.fs, name, style)
    masked = signal.mv.copy()
    masked[LEADS.index("V2")] = np.nan
    for one, other in zip(whole, render(masked, signal.fs, name, style, like=whole), strict=True):
        assert one.names == other.names and one.pulses == other.pulses
    assert np.array_equal(packed(whole[0]).rgb(), whole[0].rgb())
    part = closer(whole[0], BoxMm(10, 20, 60, 60), 12)
    assert 10 < len(np.unique(part.indices)) <= 16


def test_it_is_asked_for_by_name_alone_and_is_a_run_of_its_own(tmp_path):
    assert set(PAIRS) == set(ANTIALIASED_RENDERERS) and not set(PAIRS) & {*RENDERERS, *renderer_names()}
    assert all(renderer(name).name == name and usual_px_per_mm(name) == usual_px_per_mm(PAIRS[name]) for name in PAIRS)
    assert View(renderer="clean-antialiased").to_json() != View(renderer="clean").to_json()
    with pytest.raises(UnknownNameError, match="clean-antialiased"):
        renderer("clean-antialised")
    words = ("render", "--ids", "9", "--px-per-mm", "2", "--out", "out")
    assert bench(*words, "--renderer", "all", cwd=tmp_path).returncode == 0
    assert not list(tmp_path.glob("out/*antialiased*"))
    assert bench(*words, "--renderer", ",".join(PAIRS), cwd=tmp_path).returncode == 0
    assert len(list(tmp_path.glob("out/*antialiased*.png"))) == 14
