"""Pictures for people print to scale: 25 mm a second, 10 mm a millivolt; readers are shown the same bytes as before."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from renderers import RENDERERS, PagePicture, PageStyle, packed, printable, render, usual_px_per_mm
from renderers.degradation import degraded
from renderers.degradation.sheet import contact_sheet

from ..command import bench


def chunks(png):
    """Return the chunks of a PNG by name."""
    at, found = 8, {}
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        at += length + 12
    return found


def printed_mm(png):
    """Return the width and height in mm of a PNG that is printed in its own size."""
    with Image.open(io.BytesIO(png) if isinstance(png, bytes) else png) as picture:
        return tuple(pixels / dots * 25.4 for pixels, dots in zip(picture.size, picture.info["dpi"], strict=True))


SIZES = {"printed": (265, 200), "clean": (265, 200), "stacked": (265, 405), "leads": (265, 85)}


@pytest.mark.parametrize("px_per_mm", [None, 3, 7, 8])
@pytest.mark.parametrize("name", SIZES)
def test_a_picture_is_printed_in_the_size_of_its_page(population, name, px_per_mm):
    signal = population.record(9).signal(500)
    style = PageStyle(px_per_mm=px_per_mm or usual_px_per_mm(name))
    for image in render(signal.mv, signal.fs, name, style):
        for picture in (image, packed(image)):
            # A PNG counts whole pixels a metre.
            assert printed_mm(printable(picture)) == pytest.approx(SIZES[name], rel=1e-4)


def test_a_second_is_25_mm_and_a_millivolt_10_mm_on_paper(population):
    """A square wave is drawn and its edges are found again in the pixels of the file."""
    time = np.arange(5000) / 500
    signal = np.zeros((12, 5000), dtype=np.float32)
    signal[1] = (time % 2 >= 1).astype(np.float32)
    (image,) = render(signal, 500.0, "stacked")
    with Image.open(io.BytesIO(printable(image))) as picture:
        mm_per_px = 25.4 / picture.info["dpi"][0]
        ink = np.asarray(picture.convert("L")) < 128
    strip = image.strips[1]
    middle = round((strip.baseline_mm - 5) / mm_per_px)
    first = round((strip.x_mm + 12) / mm_per_px)
    edges = np.flatnonzero(np.diff(ink[middle, first:].astype(int)) == 1) * mm_per_px
    assert len(edges) >= 8
    assert np.diff(edges) == pytest.approx(np.full(len(edges) - 1, 25.0), abs=0.35)
    column = ink[:, round((strip.x_mm + 1.5 * 25) / mm_per_px)]
    rows = np.flatnonzero(column) * mm_per_px
    top = rows[np.abs(rows - (strip.baseline_mm - 10)).argmin()]
    assert strip.baseline_mm - top == pytest.approx(10, abs=0.35)


@pytest.mark.parametrize("name", RENDERERS)
def test_what_readers_are_shown_says_no_resolution_and_has_the_same_pixels(population, name):
    signal = population.record(9).signal(500)
    for image in render(signal.mv, signal.fs, name):
        shown, made = chunks(image.png()), chunks(printable(image))
        assert b"pHYs" not in shown
        assert made == {**shown, b"pHYs": made[b"pHYs"]}


def test_a_picture_of_another_scale_says_none(population):
    signal = population.record(9).signal(500)
    (image,) = render(signal.mv, signal.fs, "printed")
    page = PagePicture.of(image.rgb())
    for picture in (page, page.blank(), packed(page), degraded(page, "blur", 0.4), contact_sheet([image], ["blur 0"])):
        assert b"pHYs" not in chunks(printable(picture))
    assert b"pHYs" in chunks(printable(degraded(image, "blur", 0.4)))


def test_the_commands_write_pictures_that_print_to_scale(tmp_path):
    assert bench("render", "--ids", "9", "--renderer", "all", cwd=tmp_path).returncode == 0
    for name, size in SIZES.items():
        (path, *_) = sorted((tmp_path / "pictures").glob(f"00009_{name}*.png"))
        assert printed_mm(path) == pytest.approx(size, rel=1e-4)
    assert bench("prompt", "--id", "9", cwd=tmp_path).returncode == 0
    assert printed_mm(tmp_path / "prompt" / "00009_1.png") == pytest.approx(SIZES["printed"], rel=1e-4)
    words = ("prompt", "--id", "9", "--reader", "openai:gpt-4o", "--out", "asked")
    assert bench(*words, cwd=tmp_path, OPENAI_API_KEY="k" * 40).returncode == 0
    assert printed_mm(tmp_path / "asked" / "00009_1.png") == pytest.approx(SIZES["printed"], rel=1e-2)
