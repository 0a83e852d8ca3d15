"""Pages that this project did not draw are read by their own millimetres, or refused with the reason."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, label, map_coordinates

from measurements import measure
from readers.contract import Case
from readers.digitizer.foreign import foreign_page
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page_file import picture_of, read_page
from readers.digitizer.reader import DigitizerReader, page_measurements
from readers.digitizer.sheet import _by_strength, _by_turns, _has_residue
from renderers.printed import ROWS as NAMES
from renderers.scan import clean_scan
from taxonomy.error import FileError
from tests.readers.digitizer.foreign_drawing import LEADS, Sort, drawn

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


def keystone(picture, share):
    """As a camera sees it whose upper edge is further off, and shorter by this share."""
    height, width = picture.shape[:2]
    near = width * share / 2
    seen = [(near, 0), (width - near, 0), (width, height), (0, height)]
    equations, places = [], []
    for (x, y), (u, v) in zip(seen, [(0, 0), (width, 0), (width, height), (0, height)], strict=True):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        places += [u, v]
    weights = tuple(np.linalg.solve(np.array(equations, float), np.array(places, float)))
    image = Image.fromarray(picture)
    way = Image.Transform.PERSPECTIVE
    bare = (255, 255, 255)
    return np.asarray(image.transform((width, height), way, weights, Image.Resampling.BICUBIC, fillcolor=bare))


def bent(picture, mm=4.0):
    """As a sheet lies that is 4 mm higher in its middle than at its sides, with a crease in either half."""
    columns = np.arange(picture.shape[1]) / picture.shape[1]
    down, across = np.mgrid[: picture.shape[0], : picture.shape[1]]
    places = (down - 8 * mm * np.sin(np.pi * columns), across)
    moved = [map_coordinates(picture[:, :, k].astype(np.float32), places, order=1, cval=255) for k in range(3)]
    dark = sum(0.6 * np.exp(-(((columns - place) * picture.shape[1] / 6) ** 2)) for place in (1 / 3, 2 / 3))
    return (np.stack(moved, axis=2) * (1 - dark)[None, :, None]).clip(0, 255).astype(np.uint8)


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
@pytest.mark.parametrize("change", [lambda page: turned(page, 6.0), lambda page: turned(page, -6.0), aslant, bent])
def test_tilt_and_perspective_are_undone_by_the_grid(signal, page, change):
    found = foreign_page(change(page))
    assert found.report.is_straightened
    assert off(found, signal) < 60


@pytest.mark.parametrize(
    "share", [0.08, *(pytest.param(part, marks=pytest.mark.slow) for part in (0.06, 0.1, 0.14, 0.2))]
)
def test_a_page_is_read_whole_however_far_it_is_seen_aslant(signal, page, share):
    """The lines of 1 mm are followed in the middle of such a page alone, which fits well and shows no pulse."""
    found = foreign_page(keystone(page, share))
    assert (found.report.rows, found.report.rhythm_lead) == (4, "II")
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


@pytest.mark.parametrize("turns", [1, -1])
def test_a_page_on_its_side_is_refused(signal, turns):
    page = drawn(signal.mv, 500, Sort(px=5))
    with pytest.raises(DigitizeError, match="lies on its side: turn it by a quarter turn"):
        foreign_page(np.ascontiguousarray(np.rot90(page, turns)))


@pytest.mark.parametrize(
    ("order", "pitch_mm", "rows"),
    [
        (tuple(zip(LEADS[:6], LEADS[6:], strict=True)), 26.0, 6),
        pytest.param(tuple((lead,) for lead in LEADS), 20.0, 12, marks=pytest.mark.slow),
    ],
)
def test_a_page_of_another_layout_is_refused(signal, order, pitch_mm, rows):
    sort = Sort(px=5, order=order, column_mm=248 / len(order[0]), strip="", pitch_mm=pitch_mm)
    with pytest.raises(DigitizeError, match=f"has 3 rows and perhaps a rhythm strip, not the {rows} rows"):
        foreign_page(drawn(signal.mv, 500, sort))


def letter():
    """A page of text, as a scanner sees it."""
    image = Image.new("RGB", (800, 700), "white")
    lines = "\n".join(["The patient was seen on the ward, and no recording was made on that day."] * 18)
    ImageDraw.Draw(image).multiline_text((60, 60), lines, fill="black", font=ImageFont.load_default(16), spacing=9)
    return np.asarray(image)


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
        (letter(), "no grid|pulses|ink|followed"),
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


LIMBS = (("I", "aVR"), ("II", "aVL"), ("III", "aVF"))


@pytest.mark.parametrize("order", [LIMBS, pytest.param((("I",), ("II",), ("III",)), marks=pytest.mark.slow)])
def test_limb_leads_over_a_whole_page_are_no_twelve_leads(signal, order):
    """I, II and III keep Einthoven's law in every column."""
    sort = Sort(px=5, order=order, column_mm=248 / len(order[0]), strip="")
    with pytest.raises(DigitizeError, match=r"aVR \+ aVL \+ aVF is off 0 by .* stand in another order"):
        foreign_page(drawn(signal.mv, 500, sort))


@pytest.mark.parametrize("number", [0, *(pytest.param(other, marks=pytest.mark.slow) for other in (3, 5, 6))])
def test_cabreras_order_is_refused(population, number):
    """aVL, I and -aVR miss Einthoven's law by half of I alone, which is little in many."""
    mv = population.cohort()[number].signal(500).mv
    one, two, three, right, left, foot = mv[:6]
    other = np.concatenate([[left, one, -right, two, foot, three], mv[6:]])
    with pytest.raises(DigitizeError, match="stand in another order"):
        foreign_page(drawn(other, 500, Sort(px=5)))


@pytest.mark.slow
def test_a_printed_minus_avr_is_refused(signal):
    mv = signal.mv.copy()
    mv[3] *= -1
    with pytest.raises(DigitizeError, match="stand in another order"):
        foreign_page(drawn(mv, 500, Sort(px=5)))


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


@pytest.fixture(scope="module")
def bad_files(page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    (folder / "folder.png").mkdir()
    (folder / "empty.png").write_bytes(b"")
    (folder / "no.png").write_bytes(b"no picture")
    Image.fromarray(page[:400, :600]).save(folder / "whole.png")
    (folder / "cut.png").write_bytes((folder / "whole.png").read_bytes()[:-9000])
    Image.new("1", (30_000, 20_000)).save(folder / "bomb.png")
    Image.new("RGB", (900, 700), "white").save(folder / "white.png")
    # PostScript is run by its interpreter, so that Pillow must not be asked to show it.
    (folder / "program.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    return folder


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.png", "there is no such file"),
        ("folder.png", "this is no file"),
        ("empty.png", "no picture that is read: those are PNG, JPEG"),
        ("no.png", "no picture that is read"),
        ("program.png", "no picture that is read"),
        ("cut.png", "no picture that can be read"),
        ("bomb.png", "65,000,000 pixels at most, and this one has far more"),
        ("white.png", "no ECG page was read from it: no grid"),
    ],
)
def test_bad_pictures_are_refused_in_a_sentence(bad_files, name, said):
    with pytest.raises(FileError, match=said) as refused:
        read_page(bad_files / name)
    assert str(refused.value).count(name) == 1
    assert "\n" not in str(refused.value)


ENCRYPTED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 800 600]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>\n%%EOF\n"
)


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("fifty.pdf", None, "it has 50 pages, and a reading is of one: name it by --page, 1 to 50"),
        ("fifty.pdf", 51, "there is no page 51: it has 50"),
        ("fifty.pdf", 50, "no ECG page was read from it: the picture is too small"),
        ("giant.pdf", None, "65,000,000 pixels at most"),
        ("locked.pdf", None, "cannot be drawn.*password"),
        ("no.pdf", None, "cannot be drawn"),
    ],
)
def test_bad_pdfs_are_refused_in_a_sentence(tmp_path, name, page, said):
    pdfium = pytest.importorskip(
        "pypdfium2", reason="pypdfium2 is not installed: pip install 'ecg-reading-bench[pages]'"
    )
    for title, count, side in (("fifty.pdf", 50, 100), ("giant.pdf", 1, 14_000)):
        document = pdfium.PdfDocument.new()
        for _ in range(count):
            document.new_page(side, side)
        document.save(tmp_path / title)
    (tmp_path / "locked.pdf").write_bytes(ENCRYPTED)
    (tmp_path / "no.pdf").write_bytes(b"%PDF-1.7 no")
    with pytest.raises(FileError, match=said):
        read_page(tmp_path / name, page)


def test_a_pdf_is_a_pdf_whatever_its_ending(tmp_path):
    pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: pip install 'ecg-reading-bench[pages]'")
    (tmp_path / "scan.png").write_bytes(ENCRYPTED)
    with pytest.raises(FileError, match="this PDF cannot be drawn"):
        read_page(tmp_path / "scan.png")


@pytest.mark.parametrize("mode", ["I;16", "LA", "P", "CMYK"])
def test_pictures_of_other_depths_and_colours_are_seen_alike(page, tmp_path, mode):
    part = Image.fromarray(page[200:500, 100:600])
    if mode == "I;16":
        Image.fromarray(np.asarray(part.convert("L"), dtype=np.uint16) * 257).save(tmp_path / "one.png")
    else:
        part.convert(mode).save(tmp_path / ("one.tif" if mode == "CMYK" else "one.png"))
    (path,) = tmp_path.iterdir()
    seen = picture_of(path).astype(int)
    assert np.abs(seen.mean(axis=2) - np.asarray(part.convert("L"), dtype=int)).mean() < 8


@pytest.mark.parametrize("has_residue", [False, True])
def test_a_grids_phase_is_unwrapped_alike_by_turns_and_by_strength(has_residue):
    draws = np.random.default_rng(0).standard_normal((60, 90))
    true = 150 * gaussian_filter(draws, 9)
    mask = gaussian_filter(np.roll(draws, 30), 5) > -0.03
    mask = np.asarray(label(mask)[0] == 1)
    if has_residue:
        true = np.arctan2(*np.mgrid[-29.5:30, -44.5:45])
        mask[:] = True
    phase = np.angle(np.exp(1j * true))
    start = tuple(int(k) for k in np.argwhere(mask)[20])
    assert _has_residue(phase, mask) == has_residue
    if not has_residue:
        by_turns = _by_turns(phase, mask, start)
        assert np.array_equal(np.isfinite(by_turns), mask)
        assert np.allclose(by_turns, _by_strength(phase, np.abs(true), mask, start), equal_nan=True)
        assert np.ptp((by_turns - true)[mask]) < 1e-9


def test_the_rate_is_measured_over_all_rows_of_a_page(signal):
    """A strip whose beats are hidden by an artefact does not hide the rate."""
    mv = np.full((12, 5000), np.nan, dtype=np.float32)
    for names in NAMES:
        for column, name in enumerate(names):
            shown = slice(1250 * column, 1250 * (column + 1))
            mv[LEADS.index(name), shown] = signal.mv[LEADS.index(name), shown]
    true = measure(signal.mv, 500).heart_rate.value
    assert page_measurements(mv).heart_rate.value == pytest.approx(true, abs=2)
    mv[1] = signal.mv[1]
    assert page_measurements(mv).heart_rate.value == pytest.approx(true, abs=2)
    mv[1, 1400:] = 0.4 * np.sin(np.arange(3600) / 40)
    assert page_measurements(mv).heart_rate.value == pytest.approx(true, abs=3)
