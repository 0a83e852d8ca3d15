"""The ECG of the demo: a record, or files that are read and deleted; whatever is wrong with them is a sentence."""

import numpy as np
import pytest
from PIL import Image

from bench.app import chosen_ecg
from bench.app.chosen_ecg import from_dataset, from_upload
from bench.dataset.recording import Told, read_recording
from taxonomy.error import BenchError, DatasetError

from ...physionet import microvolts
from ...readers.digitizer.foreign_drawing import Sort, drawn
from ..dataset.recording import files

GREEN = Sort(px=5, fine=(215, 240, 215), coarse=(160, 215, 160))


@pytest.fixture(scope="module")
def samples(population):
    return microvolts(population, 3, 500)


@pytest.fixture
def own(tmp_path, samples):
    files.write_csv(tmp_path / "mine.csv", samples)
    return tmp_path


def refused(paths, **told):
    with pytest.raises(BenchError) as error:
        from_upload(paths, **told)
    assert not any(path.exists() for path in paths)
    return str(error.value)


def test_a_record_has_its_truth_and_what_is_known_of_it(population):
    record = population.cohort("test")[0]
    found = from_dataset(population, f" {record.ecg_id} ")
    assert (found.record.ecg_id, found.is_own, found.is_page) == (record.ecg_id, False, False)
    assert found.truth.values == population.cohort("test").truth(record).values
    assert f"{record.age:g} years" in found.notes[0] and record.sex in found.notes[0]


@pytest.mark.parametrize(
    ("written", "said"), [("9999999", "9999999"), ("<b>", "not '<b>'"), ("", "not ''"), ("0,1", "one record")]
)
def test_a_record_that_is_none_is_a_sentence(population, written, said):
    with pytest.raises(BenchError, match=said):
        from_dataset(population, written)


def test_an_upload_is_what_bench_read_reads_and_is_deleted(own, tmp_path):
    path = own / "mine.csv"
    whole = read_recording(path, Told(500, "uV"))
    found = from_upload([path], "500", "uV")
    np.testing.assert_array_equal(found.record.signal().mv, whole.signal.mv)
    assert (found.title, found.is_own) == ("mine.csv", True) and "500 Hz, 10 s" in found.notes[0]
    assert not path.exists() and list(tmp_path.iterdir()) == []
    assert all(value is None for value in found.truth.values.values())


def test_both_files_of_a_wfdb_record_are_one_ecg(tmp_path, samples):
    files.write_wfdb(tmp_path / "a", samples)
    paths = [tmp_path / "a.dat", tmp_path / "a.hea"]
    assert from_upload(paths).title == "a.hea"
    assert not any(path.exists() for path in paths)


def test_a_page_is_digitized_and_can_be_seen_as_it_came(tmp_path, population):
    signal = population.cohort()[0].signal(500)
    Image.fromarray(drawn(signal.mv, 500, GREEN)).save(tmp_path / "page.png")
    found = from_upload([tmp_path / "page.png"])
    assert found.is_page and "4 rows found" in found.notes[1]
    assert found.page_png().startswith(b"\x89PNG")


def test_what_a_csv_file_does_not_say_is_asked_for_in_the_words_of_the_page(own):
    said = refused([own / "mine.csv"])
    asked = "say it in the field for it, and upload the file again"
    assert said == f"mine.csv: sampling rate in Hz is not said in the file: {asked}"


def test_no_path_of_this_machine_stands_in_a_sentence(tmp_path):
    (tmp_path / "<img src=x>.csv").write_text("nothing")
    said = refused([tmp_path / "<img src=x>.csv"])
    assert "<img src=x>.csv" in said and "/" not in said.replace("mV/", "")


def test_a_header_whose_signals_are_missing_is_a_sentence(tmp_path, samples):
    files.write_wfdb(tmp_path / "a", samples)
    assert "a.dat" in refused([tmp_path / "a.hea"])


def test_too_much_too_large_and_nothing_are_sentences(tmp_path, monkeypatch):
    def made(*names):
        for name in names:
            (tmp_path / name).write_bytes(b"12345")
        return [tmp_path / name for name in names]

    assert "no file was uploaded" in refused([])
    assert "5 files were uploaded" in refused(made("a", "b", "c", "d", "e"))
    assert "0 of them are headers" in refused(made("a.csv", "b.csv"))
    (tmp_path / "empty.csv").touch()
    assert refused([tmp_path / "empty.csv"]) == "empty.csv is empty: it holds no ECG"
    assert "too long" in refused(made("n" * 220))
    monkeypatch.setattr(chosen_ecg, "LARGEST_UPLOAD", 4)
    assert "larger than" in refused(made("a.csv"))


def test_an_error_says_no_option_of_the_command_line(tmp_path, samples):
    Image.new("RGB", (800, 700), "white").save(
        tmp_path / "two.tif", save_all=True, append_images=[Image.new("RGB", (800, 700))]
    )
    said = refused([tmp_path / "two.tif"])
    assert "it has 2 pages" in said and "the field 'Page'" in said and "--" not in said


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"fs": "fast"}, "the sampling rate is 'fast', no number"),
        ({"fs": "nan"}, "no number"),
        ({"fs": "-5", "unit": "uV"}, "-5 Hz"),
        ({"fs": "500", "unit": "uV", "page": "2"}, "no pages"),
        ({"page": "1e999"}, "the page is '1e999'"),
    ],
)
def test_fields_that_are_filled_wrongly_are_a_sentence(own, told, said):
    assert said in refused([own / "mine.csv"], **told)


def test_a_failure_is_a_bench_error_of_the_dataset(tmp_path):
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(DatasetError):
        from_upload([tmp_path / "x.png"])


def test_a_full_disk_is_a_sentence(own, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chosen_ecg.shutil, "copyfile", full)
    assert refused([own / "mine.csv"]) == "the upload cannot be read: No space left on device"
