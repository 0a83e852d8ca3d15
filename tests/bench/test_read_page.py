"""``bench read`` of pages: digitized, shown as they are to readers of pictures, drawn, and freed of their grid."""

import json

import numpy as np
import pytest
from PIL import Image

from bench.dataset.recording import KINDS, OwnRecordings, Told, kind_of, read_recording
from bench.view import Question, View, cases_of
from measurements import measure
from taxonomy.error import DatasetError

from ..command import bench, is_one_sentence
from ..readers.digitizer.foreign_drawing import Sort, drawn
from .dataset.recording import files

GREEN = Sort(px=5, fine=(215, 240, 215), coarse=(160, 215, 160))


class Shown:
    """An image reader that is never asked."""

    name = "shown"
    inputs = frozenset({"image"})

    def read(self, cases):
        raise AssertionError


@pytest.fixture(scope="module")
def signal(population):
    return population.cohort()[0].signal(500)


@pytest.fixture(scope="module")
def page(signal):
    return drawn(signal.mv, 500, GREEN)


@pytest.fixture(scope="module")
def folder(page, signal, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    Image.fromarray(page).save(folder / "page.png")
    Image.fromarray(page[::-1, ::-1]).save(folder / "turned.png")
    Image.new("RGB", (800, 700), "white").save(folder / "white.jpg")
    white = Image.new("RGB", (800, 700), "white")
    Image.fromarray(page).save(folder / "two.tif", save_all=True, append_images=[white])
    files.write_wfdb(folder / "a", np.round(signal.mv * 1000).astype(int))
    return folder


def test_a_page_is_read_by_the_reader_of_pages_and_a_record_by_that_of_signals(folder, signal):
    done = bench("read", "page.png", "a.hea", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    page, record = json.loads(done.stdout)["recordings"]
    assert (page["kind"], page["reader"], record["reader"]) == ("page", "digitizer", "resnet1d")
    assert "4 rows found: 3 of 4 columns, 2.5 s of each lead, and lead II over ten seconds" in page["notes"][0]
    assert page["notes"][1].startswith("green grid of 5.00 x 5.00 px/mm; 1 mV is 10 mm by pulses 5.0 mm wide")
    rate = measure(signal.mv, 500).heart_rate.value
    assert page["measurements"]["heart_rate"] == pytest.approx(rate, abs=2)
    assert page["values"]["axis"] and sum(page["probabilities"]["diagnosis"].values()) == pytest.approx(1, abs=1e-3)


def test_the_page_itself_is_shown_to_a_reader_of_pictures(folder, page):
    cohort = OwnRecordings([read_recording(folder / "page.png", Told())]).cohort("all")
    (image,) = cases_of(View().settled(Shown()), cohort).case(Question(cohort[0])).images
    assert np.array_equal(image.rgb(), page)


def test_pages_and_samples_are_two_datasets(folder):
    both = [read_recording(folder / name, Told()) for name in ("page.png", "a.hea")]
    with pytest.raises(DatasetError, match="is a page, and others are not"):
        OwnRecordings(both)


def test_what_was_found_is_drawn_to_scale(folder, tmp_path):
    done = bench("read", folder / "page.png", "--draw", "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "green grid of 5.00 x 5.00 px/mm" in done.stdout
    with Image.open(tmp_path / "out" / "01_page-png_printed.png") as picture:
        assert picture.info["dpi"][0] == pytest.approx(6 * 25.4, abs=0.5)


def test_a_page_is_freed_of_its_grid_even_one_that_is_not_digitized(folder, tmp_path):
    done = bench("read", folder / "page.png", folder / "turned.png", "--clean", "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "01_page-png_clean.png") as picture, Image.open(folder / "page.png") as given:
        assert picture.mode == "1" and picture.size == given.size
        assert 0.002 < 1 - np.asarray(picture).mean() < 0.06
        assert picture.info["dpi"][0] == pytest.approx(5 * 25.4, abs=0.5)  # as measured on its grid
    with Image.open(tmp_path / "02_turned-png_clean.png") as picture:
        assert "dpi" not in picture.info


def test_the_page_of_a_file_of_several_is_named(folder):
    assert is_one_sentence(bench("read", "two.tif", cwd=folder), "two.tif: it has 2 pages, and a reading is of one")
    assert is_one_sentence(bench("read", "two.tif", "--page", "2", cwd=folder), "no ECG page was read from it: no grid")
    assert read_recording(folder / "two.tif", Told(page=1)).notes[1].startswith("green grid")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("white.jpg",), "white.jpg: no ECG page was read from it: no grid was found"),
        (("turned.png",), "turned.png: no ECG page was read from it: the page is upside down"),
        (("page.png", "--fs", "500"), "leave --fs out"),
        (("page.png", "--at", "3"), "which is read whole: leave --at out"),
        (("a.hea", "--page", "1"), "which has no pages: leave --page out"),
        (("page.png", "--reader", "digitizer", "--renderer", "clean"), "--renderer decides nothing for page.png"),
        (("page.png", "--clean", "--reader", "digitizer"), "--reader decides nothing with --clean"),
        (("a.hea", "--clean"), "no picture that is read"),
        ((".",), "is no regular file"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder, words, said):
    assert is_one_sentence(bench("read", *words, cwd=folder), said)


@pytest.mark.parametrize(
    "sign", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF....WEBPVP8 ", b"II*\0", b"%PDF-1.7"]
)
def test_a_page_is_told_by_its_content(tmp_path, sign):
    (tmp_path / "scan.dat").write_bytes(sign + b"rest")
    assert kind_of(tmp_path / "scan.dat").is_page
    assert sum(kind.is_page for kind in KINDS) == 1
