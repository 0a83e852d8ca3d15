"""explain.json holds what the page says, is read back as it was, and nothing else passes for it."""

import json
from dataclasses import replace

import pytest

from bench.explain.maps.pooled_map import pooled
from bench.explain.study.infarction import InfarctionCase
from bench.report.explain_file import read_explained
from bench.report.explain_map import map_path, read_map
from bench.report.explain_page import Limits, explained_json, write_explained
from taxonomy.error import FileError

from . import explained_parts as parts
from .explained_parts import gallery_case as case


@pytest.fixture(scope="module")
def found():
    return parts.explained(
        cases=(case(1), case(2, answer="rbbb"), case(3, answer="rbbb", confidence=0.3)),
        infarctions=tuple(InfarctionCase(n, "inferior", 35.0, n > 1, False, 0.3 + n / 100) for n in range(4)),
        heats=(pooled("conduction", "lbbb", [(1, {("V1", "QRS"): 0.4}), (2, {("V1", "QRS"): 0.6})]),),
    )


@pytest.fixture
def path(found, tmp_path):
    path = tmp_path / "explain.json"
    path.write_text(json.dumps(explained_json(found)), encoding="utf-8")
    return path


def test_what_is_read_is_what_was_written(found, path):
    read = read_explained(path)
    assert read.to_json() == explained_json(found)
    assert (read.version, read.reader, read.split, read.n) == (1, "resnet1d", "test", 66)
    assert read.rows[1].verdict.word == "fails the sanity check"
    assert read.transplants[0].flips.cells == {"limb QRS": 13, "V1 QRS": 1}
    assert read.joints[0].effects[6].is_above_null and read.joints[0].target.name == "conduction rbbb"
    assert read.heats[0].most == [("V1", "QRS", 0.5)] and read.heats[0].shares["I"]["P"] is None
    inferior = next(one for one in read.infarctions if one.name == "inferior")
    assert (inferior.n, inferior.recognised.value, inferior.placed.value) == (4, 0.5, 0.0)


def test_the_gallery_has_ids_roles_and_answers_and_nothing_of_a_recording(found, path):
    read = read_explained(path)
    assert {one.ecg_id: one.roles for one in read.gallery} == {
        1: ("best",), 3: ("worst",), 2: ("confident error",),
    }  # fmt: skip
    assert read.cases == 3
    text = path.read_text()
    assert "own words" not in text and "signal" not in json.loads(text)["gallery"][0]


def test_the_page_and_its_data_are_written_together(tmp_path):
    write_explained(tmp_path, parts.explained(joints=()))
    assert read_explained(tmp_path / "explain.json").reader == "resnet1d"
    assert (tmp_path / "explain.md").is_file()


def test_each_picture_of_the_gallery_is_named_and_its_map_lies_beside_it(found, tmp_path):
    write_explained(tmp_path, replace(found, joints=()), Limits(gallery=2))
    gallery = read_explained(tmp_path / "explain.json").gallery
    named = [tmp_path / one.picture for one in gallery if one.picture]
    assert len(gallery) == 3 and len(named) == 2
    for path in named:
        assert path.is_file() and read_map(map_path(path)).depth.shape == (12, 100)


def test_numbers_have_six_digits_so_that_small_chances_stay(found):
    data = json.dumps(explained_json(found))
    assert "1e-05" in data and "0.333333333" not in data


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[:-20], "it is no JSON"),
        (lambda text: "[1]", "it holds a list, not a JSON object"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "no explanation of version 1 (its version is 2)"),
        (lambda text: '{"version": 1, "axes": []}', "no explanation of version 1"),
        (lambda text: text.replace('"n": 66', '"n": "66"'), "is damaged (n: Input should be a valid integer)"),
        (
            lambda text: text.replace('"faithful here", "because"', '"good", "because"'),
            "is damaged (rows.0.verdict.word",
        ),
        (lambda text: text.replace('"value": "rbbb"', '"value": "rbbbb"'), "is damaged ("),
        (lambda text: text.replace('"split"', '"spilt"'), "is damaged ("),
    ],
    ids=["torn", "list", "version", "score", "type", "verdict", "target", "field"],
)
def test_another_file_or_a_damaged_one_is_one_sentence(path, damage, said):
    text = path.read_text()
    assert damage(text) != text
    path.write_text(damage(text))
    with pytest.raises(FileError) as error:
        read_explained(path)
    assert said in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_says_what_writes_it(tmp_path):
    with pytest.raises(FileError, match=r"explain\.json does not exist: 'bench explain' writes it"):
        read_explained(tmp_path / "explain.json")
