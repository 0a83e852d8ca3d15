"""What 'bench explain' drew of a case stands beside it; a folder from outside leads nowhere else."""

import base64
import json

import numpy as np
import pytest

from bench.report.explain_map import write_map
from bench.report.explain_page import explained_json
from bench.web.finding import find
from bench.web.library import Library
from renderers.explained import Overlay
from renderers.style import LEADS

from ...report.explained_parts import explained, gallery_case

PNG = b"\x89PNG drawn by somebody"


@pytest.fixture
def told(copied):
    """What explain.json says of the first record of the run of measurements."""
    settings = json.loads((copied / "measurements" / "manifest.json").read_text())["settings"]
    found = explained(
        reader="measurements",
        reader_details=settings["reader_details"],
        dataset=settings["dataset"],
        cases=(gallery_case(settings["ids"][0]),),
    )
    return explained_json(found)


def written(copied, told):
    folder = copied / "explain-measurements"
    (folder / "pictures" / "explain").mkdir(parents=True)
    (folder / "explain.json").write_text(json.dumps(told))
    library = Library(find([copied]))
    numbers = {run.name: number for number, run in library.runs.items()}
    return folder, library, numbers


def test_the_picture_of_an_explanation_stands_beside_the_case(copied, told):
    folder, library, numbers = written(copied, told)
    named = told["gallery"][0]["picture"]
    assert named.startswith("pictures/explain/case-001-")
    (folder / named).write_bytes(PNG)
    (one,) = library.data(f"case-{numbers['measurements']}-0")["explanations"]
    assert (one["axis"], one["folder"]) == (told["gallery"][0]["axis"], "explain-measurements")
    assert library.picture(one["src"]) == PNG


def test_its_map_is_told_too(copied, told):
    folder, library, numbers = written(copied, told)
    relevance = np.zeros((12, 1000), dtype=np.float32)
    relevance[6, 200:300], relevance[0, 500:600] = 2.0, -2.0
    overlay = Overlay(relevance, 500.0, "", "", "")
    write_map(folder / told["gallery"][0]["picture"], overlay)
    (one,) = library.data(f"case-{numbers['measurements']}-0")["explanations"]
    found = library.data(one["map"])
    depth = np.frombuffer(base64.b64decode(found["depth"]), dtype=np.int8).reshape(12, -1)
    assert found["fs"] == 100 and depth.shape == (12, 200) and found["leads"][6] == "V1"
    assert (depth[6, 50], depth[0, 110], depth[3].any()) == (127, -127, False)


@pytest.mark.parametrize("damage", ["[]", "{}", '{"version": 1, "fs": 0, "leads": [], "depth": ""}', "nonsense"])
def test_a_damaged_map_costs_a_sentence(copied, told, damage):
    folder, library, numbers = written(copied, told)
    (folder / told["gallery"][0]["picture"]).with_suffix(".json").write_text(damage)
    (one,) = library.data(f"case-{numbers['measurements']}-0")["explanations"]
    assert {*library.data(one["map"])} == {"problem"}


def test_a_map_of_another_size_costs_a_sentence(copied, told):
    folder, library, numbers = written(copied, told)
    map_file = {"version": 1, "fs": 100, "leads": list(LEADS), "depth": base64.b64encode(bytes(13)).decode()}
    (folder / told["gallery"][0]["picture"]).with_suffix(".json").write_text(json.dumps(map_file))
    (one,) = library.data(f"case-{numbers['measurements']}-0")["explanations"]
    assert "is damaged" in library.data(one["map"])["problem"]


def test_another_readers_case_has_none(copied, told):
    _, library, numbers = written(copied, told)
    assert library.data(f"case-{numbers['majority']}-0")["explanations"] == []
    assert library.data(f"case-{numbers['measurements']}-1")["explanations"] == []


def test_a_picture_that_is_missing_is_none(copied, told):
    _, library, numbers = written(copied, told)
    (one,) = library.data(f"case-{numbers['measurements']}-0")["explanations"]
    assert library.picture(one["src"]) is None


@pytest.mark.parametrize(
    "named", ["../../majority/manifest.json", "/etc/passwd", "pictures/explain/../../explain.json", "explain.json"]
)
def test_a_picture_outside_of_its_folder_is_none(copied, told, named):
    told["gallery"][0]["picture"] = named
    _, library, numbers = written(copied, told)
    (one,) = library.data(f"case-{numbers['measurements']}-0")["explanations"]
    assert library.picture(one["src"]) is None


def test_a_file_of_before_pictures_were_named_is_read(copied, told):
    del told["gallery"][0]["picture"]
    _, library, numbers = written(copied, told)
    (one,) = library.data(f"case-{numbers['measurements']}-0")["explanations"]
    assert one["src"] is None


def test_a_damaged_explanation_costs_a_sentence(copied, told):
    told["version"] = 9
    _, library, _ = written(copied, told)
    assert any("no explanation of version 1" in note for note in library.data("runs")["notes"])
