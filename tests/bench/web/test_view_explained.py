"""What 'bench explain' drew of a case stands beside it; a folder from outside leads nowhere else."""

import json

import pytest

from bench.report.explain_page import explained_json
from bench.web.finding import find
from bench.web.library import Library

from ..report.explained_parts import explained, gallery_case

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
