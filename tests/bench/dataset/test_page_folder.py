"""A folder of pages that others drew: its labels, what readers are shown of it, and what is scored."""

import io
import json
from collections.abc import Iterable

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from bench.dataset import open_dataset
from bench.dataset.page_folder import PageFolder
from bench.dataset.record import PageError
from bench.view import Question, View, cases_of
from readers.contract import Case
from taxonomy.error import DatasetError, SettingError, UnknownNameError
from taxonomy.reading import Reading
from tests.command import bench, is_one_sentence
from tests.readers.digitizer.foreign_drawing import Sort, drawn

SECRET = "HR 111, anterior infarction"
LABELS = """file,patient,age,sex,rate,diagnosis,other_findings,ward
good.png,7,63,f,normal,NORM,none,A
white.png,8,,,bradycardia,,,B
cut.png,9,,,,,,B
"""


class Looking:
    """An image reader that keeps what it was shown."""

    name = "looking"
    inputs = frozenset({"image", "text"})

    def __init__(self):
        self.seen = []

    def read(self, cases: Iterable[Case]):
        for case in cases:
            self.seen.append(case)
            yield Reading({"rate": "normal"})


@pytest.fixture(scope="module")
def page(population):
    return drawn(population.cohort()[0].signal(500).mv, 500, Sort(px=5))


@pytest.fixture(scope="module")
def folder(page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    words = PngImagePlugin.PngInfo()
    words.add_text("Diagnosis", SECRET)
    Image.fromarray(page).save(folder / "good.png", pnginfo=words)
    Image.new("RGB", (700, 600), "white").save(folder / "white.png")
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:5000])
    (folder / "labels.csv").write_text(LABELS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def dataset(folder):
    return PageFolder(str(folder))


def shown(dataset, reader, condition="full"):
    return cases_of(View(condition=condition).settled(reader), dataset.cohort())


def test_labels_are_read_and_the_rest_is_unlabelled(dataset):
    good, white = dataset.truth(dataset.record("good.png")), dataset.truth(dataset.record("white.png"))
    assert (good.values["rate"], good.values["diagnosis"], good.superclass) == ("normal", "NORM", "NORM")
    assert (good.values["normality"], good.values["other_findings"]) == ("normal", frozenset())
    assert good.values["rhythm"] is None
    assert (white.values["rate"], white.values["diagnosis"], white.superclass) == ("bradycardia", None, None)
    assert (dataset.record("good.png").age, dataset.record("good.png").sex) == (63, "female")
    assert "these columns are not read: ward" in dataset.remarks[0]


def test_a_superclass_says_whether_an_ecg_is_normal(folder):
    table = folder / "superclass.csv"
    table.write_text("image,superclass\ngood.png,NORM\nwhite.png,MI|STTC\n", encoding="utf-8")
    pages = PageFolder(f"{folder},{table}")
    truths = [pages.truth(record) for record in pages]
    assert [truth.values["normality"] for truth in truths] == ["normal", "abnormal"]
    assert (truths[1].superclass, truths[1].superclasses) == ("MI", {"MI", "STTC"})


@pytest.mark.parametrize(
    ("labels", "error", "said"),
    [
        ("file,rate\ngood.png,fast\n", UnknownNameError, "line 2 of .*unknown value of rate 'fast'"),
        ("file,superclass\ngood.png,norm\n", UnknownNameError, "line 2 of .*unknown superclass 'norm'"),
        ("rate\nnormal\n", DatasetError, "must name the pages in one column: file, image, path"),
        ("file,rythm\na,sinus\n", DatasetError, "has a column 'rythm', which is not read: is it 'rhythm'"),
        ("File,rate\na,normal\n", DatasetError, "has a column 'File', which is not read: is it 'file'"),
        ("file,image\na,b\n", DatasetError, "must name the pages in one column"),
        ("file\ngone.png\n", DatasetError, "line 2 of .* names the page gone.png, which is not in"),
        ("file\ngood.png\ngood.png\n", DatasetError, "line 3 of .* names page good.png again"),
        ("file\n../good.png\n", DatasetError, "names a file outside the folder"),
        ("file,age\ngood.png,old\n", DatasetError, "line 2 of .* gives the age 'old'"),
        ("file\n", DatasetError, "has no line below its columns"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(folder, tmp_path, labels, error, said):
    table = tmp_path / "other.csv"
    table.write_text(labels, encoding="utf-8")
    with pytest.raises(error, match=said):
        PageFolder(f"{folder},{table}")


def test_an_image_reader_is_shown_the_page_itself_without_name_and_words(dataset, page):
    reader = Looking()
    cases = shown(dataset, reader)
    case = cases.case(Question(dataset.record("good.png")))
    (image,) = case.images
    assert np.array_equal(image.rgb(), page)
    assert SECRET.encode() not in image.png() and b"tEXt" not in image.png()
    with Image.open(io.BytesIO(image.png())) as sent:
        assert sent.info == {} and np.array_equal(np.asarray(sent), page)
    assert "good" not in f"{case.case_id} {case.prompt}"
    assert case.prompt.captions == (case.prompt.captions[0],)
    assert "as it was printed, scanned or photographed" in case.prompt.captions[0]
    assert case.prompt.measurements.heart_rate.value > 20


def test_a_reader_of_signals_is_given_what_was_digitized(dataset):
    signal = dataset.record("good.png").signal()
    assert signal.mv.shape == (12, 5000)
    assert np.isfinite(signal.mv[1]).mean() > 0.9 and np.isfinite(signal.mv[0]).mean() < 0.3
    with pytest.raises(PageError, match="the page was not digitized: no grid was found"):
        dataset.record("white.png").signal()


def test_a_cropped_page_shows_no_header(folder, page):
    cropped = PageFolder(f"{folder},cropped")
    assert cropped.name == f"pages-cropped-{folder.name}"
    width, height = cropped.record("good.png").page().size
    assert width < page.shape[1] and height < 0.9 * page.shape[0]
    with pytest.raises(PageError, match="not digitized, and so not cropped"):
        cropped.record("white.png").page()


def test_an_empty_page_is_as_large_as_the_page(dataset, page):
    case = shown(dataset, Looking(), "blank-image").case(Question(dataset.record("good.png")))
    assert case.images[0].rgb().min() == 255 and case.images[0].size == page.shape[1::-1]


@pytest.mark.parametrize("condition", ["lead-mask", "jittered"])
def test_a_condition_that_changes_traces_is_refused(dataset, condition):
    with pytest.raises(SettingError, match=f"condition '{condition}' changes the traces"):
        shown(dataset, Looking(), condition)


def test_other_pixels_under_the_same_name_are_other_records(folder, tmp_path):
    before = PageFolder(str(folder)).fingerprint(["white.png"])
    for name in ("good.png", "cut.png", "labels.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    Image.new("RGB", (700, 600), "grey").save(tmp_path / "white.png")
    after = PageFolder(str(tmp_path))
    after.name = f"pages-{folder.name}"
    assert after.fingerprint(["white.png"]) != before


def readings(done, out):
    assert done.returncode == 0, done.stderr
    (run,) = [path for path in out.iterdir() if (path / "score.json").is_file()]
    lines = [json.loads(line) for line in (run / "readings.jsonl").read_text().splitlines()]
    return {line["ecg_id"]: line["reading"] for line in lines}, run


@pytest.mark.parametrize("reader", ["digitizer", "resnet1d"])
def test_a_folder_is_scored_and_a_page_that_is_none_is_no_answer_with_the_reason(folder, tmp_path, reader):
    done = bench("run", "--reader", reader, "--images", folder, "--out", "runs", cwd=tmp_path)
    found, run = readings(done, tmp_path / "runs")
    assert found["good.png"]["values"]["rate"] and not found["good.png"].get("error")
    assert "no grid was found" in found["white.png"]["error"]["message"]
    assert found["cut.png"]["error"]["message"].startswith("it is no picture that can be read")
    assert "ward" in done.stderr + done.stdout
    score = json.loads((run / "score.json").read_text())
    assert score["n"] == 3
    is_told = "what a header or footer prints, a reader of pictures can read" in (run / "report.md").read_text()
    assert is_told == (reader == "digitizer")
    again = bench("run", "--reader", reader, "--images", folder, "--out", "runs", cwd=tmp_path)
    assert again.returncode == 0 and "3 of 3 readings are there" in again.stderr + again.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--labels", "x.csv"), "--labels goes with --images FOLDER"),
        (("--cropped",), "--cropped goes with --images FOLDER"),
        (("--images", "gone"), "the folder of pages gone does not exist"),
        (("--images", ".", "--data", "phantoms:1"), "--images and --data both name the recordings"),
        (("--images", "."), "labels.csv is missing"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path, words, said):
    assert is_one_sentence(bench("run", "--reader", "digitizer", *words, cwd=tmp_path), said)


def test_a_renderer_decides_nothing_for_pages(folder, tmp_path):
    done = bench("run", "--reader", "digitizer", "--images", folder, "--renderer", "clean", cwd=tmp_path)
    assert is_one_sentence(done, "--renderer decides nothing here: pages of")


def test_the_registry_knows_folders_of_pages(folder):
    assert len(open_dataset(f"pages:{folder}")) == 3


def test_pages_are_not_degraded_since_they_are_not_drawn(folder, tmp_path):
    done = bench("probe", "--reader", "digitizer", "--degrade", "blur", "--data", f"pages:{folder}", cwd=tmp_path)
    assert is_one_sentence(done, "--degrade draws the pages that it makes worse, and needs recordings")


def test_one_file_under_two_labels_is_told(folder, tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).write_bytes((folder / "white.png").read_bytes())
    (tmp_path / "labels.csv").write_text("file,rate\na.png,normal\nb.png,normal\n")
    assert not any("same file" in said for said in PageFolder(str(tmp_path)).remarks)
    (tmp_path / "labels.csv").write_text("file,rate\na.png,normal\nb.png,normal\nc.png,bradycardia\n")
    (said,) = (said for said in PageFolder(str(tmp_path)).remarks if "same file" in said)
    assert said == "a.png and b.png and c.png are the same file, and labels.csv labels them differently"


def test_a_page_that_is_a_link_out_of_the_folder_is_refused(folder, tmp_path):
    (tmp_path / "own.png").symlink_to(folder / "good.png")
    (tmp_path / "labels.csv").write_text("file,rate\nown.png,normal\n")
    with pytest.raises(DatasetError, match=r"own\.png, which is a link out of its folder"):
        PageFolder(str(tmp_path))
