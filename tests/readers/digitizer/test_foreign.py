"""Pages that this project did not draw are read by their own millimetres, or refused with the reason."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from readers.contract import Case
from readers.digitizer.foreign import foreign_page
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page_file import read_page
from readers.digitizer.reader import DigitizerReader
from renderers.scan import clean_scan
from taxonomy.error import FileError
from tests.readers.digitizer.foreign_drawing import Sort, drawn

GREEN = Sort(fine=(215, 240, 215), coarse=(160, 215, 160))
EDGES = 40
"""Samples at the ends of a column that are not compared."""


@pytest.fixture(scope="module")
def signal(population):
    return population.cohort()[0].signal(500)


@pytest.fixture(scope="module")
def page(signal):
    return drawn(signal.mv, 500, Sort())


def turned(picture, degrees):
    image = Image.fromarray(picture)
    return np.asarray(image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(255, 255, 255)))


def aslant(picture):
    """As a camera sees it that is held over one corner."""
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    seen = (1, 0.02, -20, 0.01, 1, -10, 1.5e-5, 2e-5)
    return np.asarray(image.transform((width, height), Image.Transform.PERSPECTIVE, seen, Image.Resampling.BICUBIC))


def off(found, signal):
    """Return the root mean square error in microvolts, each column moved by 20 ms at most to where it fits.

    When a column begins is not printed; how much of 2.5 s it leaves out, and where, is the program's own.
    """
    squares = []
    for lead in range(12):
        known = np.flatnonzero(np.isfinite(found.leads.mv[lead]))
        for column in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            inner = column[EDGES:-EDGES]
            errors = [found.leads.mv[lead, inner] - signal.mv[lead, inner + lag] for lag in range(-10, 11)]
            squares.append(min(float(np.mean(error**2)) for error in errors))
    return 1000 * float(np.sqrt(np.median(squares)))


@pytest.mark.parametrize(
    "sort",
    [
        Sort(),
        pytest.param(GREEN, marks=pytest.mark.slow),
        pytest.param(replace(GREEN, gain=5.0), marks=pytest.mark.slow),
        pytest.param(Sort(pulse_mm=2.5, separators=True), marks=pytest.mark.slow),
        pytest.param(Sort(strip="V1", paper=(245, 235, 210)), marks=pytest.mark.slow),
        pytest.param(Sort(strip="", px=6), marks=pytest.mark.slow),
        pytest.param(Sort(fine=(225, 225, 225), coarse=(180, 180, 180), column_mm=62.5), marks=pytest.mark.slow),
    ],
)
def test_pages_of_other_programs_are_read(signal, sort):
    found = foreign_page(drawn(signal.mv, 500, sort))
    assert off(found, signal) < 50
    report = found.report
    assert report.px_per_mm == pytest.approx((sort.px, sort.px), rel=0.005)
    assert (report.mm_per_mv, report.rhythm_lead, report.by_separators) == (sort.gain, sort.strip, sort.separators)
    assert report.pulse_mm == pytest.approx(sort.pulse_mm, abs=0.3)
    assert not report.is_straightened


@pytest.mark.slow
@pytest.mark.parametrize("change", [lambda page: turned(page, 3.0), lambda page: turned(page, -5.0), aslant])
def test_tilt_and_perspective_are_undone_by_the_grid(signal, page, change):
    found = foreign_page(change(page))
    assert found.report.is_straightened
    assert off(found, signal) < 60


def test_header_and_footer_are_cut_off_and_change_no_sample(signal, page):
    bare = foreign_page(drawn(signal.mv, 500, Sort(header=False)))
    found = foreign_page(page)
    assert np.allclose(found.leads.mv, bare.leads.mv, atol=0.001, equal_nan=True)
    assert found.picture.shape == bare.picture.shape
    assert np.abs(found.picture.astype(int) - bare.picture).max() <= 1


def test_a_page_upside_down_is_refused(signal):
    page = drawn(signal.mv, 500, Sort(px=5))
    with pytest.raises(DigitizeError, match="upside down"):
        foreign_page(np.ascontiguousarray(page[::-1, ::-1]))


def natural():
    """Texture with the spectrum of natural pictures, 1/f: fur, leaves, a cat."""
    draws = np.random.default_rng(3).standard_normal((600, 800, 3))
    down, across = np.meshgrid(np.fft.fftfreq(600), np.fft.fftfreq(800), indexing="ij")
    fall = 1 / np.maximum(np.hypot(down, across), 1 / 800)
    texture = np.fft.ifft2(np.fft.fft2(draws, axes=(0, 1)) * fall[:, :, None], axes=(0, 1)).real
    return np.clip(128 + 50 * texture / texture.std(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (natural(), "no grid|pulses|ink|followed"),
        (np.full((900, 1200, 3), 255, np.uint8), "no grid"),
        (np.zeros((0, 5, 3), np.uint8), "must be a uint8 array"),
        (np.full((40, 60, 3), 255, np.uint8), "too small"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000, 3)), "pixels at most"),
    ],
)
def test_what_is_no_page_is_refused(picture, said):
    with pytest.raises(DigitizeError, match=said):
        foreign_page(picture)


def test_a_page_of_another_speed_is_refused(signal):
    with pytest.raises(DigitizeError, match="four columns of 2\\.5 s at 25 mm/s take 250 mm"):
        foreign_page(drawn(signal.mv, 500, Sort(column_mm=40.0, px=5)))


@pytest.mark.slow
def test_leads_in_another_order_are_refused(signal):
    other = signal.mv.copy()
    other[[0, 1, 2]] = signal.mv[[6, 9, 11]]
    with pytest.raises(DigitizeError, match="stand in another order"):
        foreign_page(drawn(other, 500, Sort(px=5)))


def test_the_grid_is_removed_from_a_scan(page):
    ink = clean_scan((page * np.linspace(1, 0.7, page.shape[1])[None, :, None]).astype(np.uint8))
    assert 0.002 < ink.mean() < 0.06
    assert not ink[:, : 12 * 8].any()


@pytest.mark.slow
def test_the_reader_answers_on_a_page_of_others(page):
    class Scan:
        size = page.shape[1::-1]

        def rgb(self):
            return page

    (reading,) = DigitizerReader().read([Case("a", images=(Scan(),))])
    assert reading.outcome == "answered"


def test_a_page_is_read_from_a_file(signal, page, tmp_path):
    path = tmp_path / "page.png"
    Image.fromarray(page).save(path)
    found = read_page(path)
    assert found.mv.shape == (12, 5000)
    assert found.report.rhythm_lead == "II"


def test_bad_files_are_refused_in_a_sentence(tmp_path):
    whole = tmp_path / "pages.pdf"
    blank = [Image.new("RGB", (300, 200), "white")] * 50
    blank[0].save(whole, save_all=True, append_images=blank[1:])
    (tmp_path / "no.png").write_bytes(b"no picture")
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.7 no")
    bomb = tmp_path / "bomb.png"
    Image.new("1", (30_000, 20_000)).save(bomb)
    empty = tmp_path / "empty.png"
    Image.new("RGB", (900, 700), "white").save(empty)
    for name, said in (
        ("gone.png", "no such file"),
        (".", "this is no file"),
        ("no.png", "no picture"),
        ("bomb.png", "pixels"),
        ("empty.png", "no ECG page was read from it: no grid"),
    ):
        with pytest.raises(FileError, match=said):
            read_page(tmp_path / name)
    pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
    with pytest.raises(FileError, match="it has 50 pages, and a reading is of one"):
        read_page(whole)
    with pytest.raises(FileError, match="no page 51"):
        read_page(whole, page=51)
    with pytest.raises(FileError, match="cannot be drawn"):
        read_page(tmp_path / "no.pdf")
