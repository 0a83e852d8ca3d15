"""An export holds what the server shows, as files; it replaces an earlier one and nothing else."""

import json
import re

import pytest
from PIL import Image

from bench.web.exporting import export, worst_first
from taxonomy.error import StorageError

from ....command import bench, is_one_sentence


@pytest.fixture(scope="module")
def exported(library, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "pages"
    export(library, folder, most=3)
    return folder


def told(folder, name):
    """Return what a script hands to the page, after checking that it does nothing else."""
    text = (folder / "data" / f"{name}.js").read_text()
    match = re.fullmatch(r'EcgBench\.give\("([a-z0-9-]+)", ("(?:[^"\\\n]|\\.)*")\);\n', text)
    assert match and match[1] == name and text.isascii()
    return json.loads(json.loads(match[2]))


def test_an_export_tells_the_page_what_the_server_tells_it(exported, library, numbers):
    for name in (f"run-{numbers['chatty']}", f"compare-{numbers['majority']}-{numbers['measurements']}"):
        assert told(exported, name) == json.loads(json.dumps(library.data(name)))
    listed = told(exported, "runs")
    assert listed["runs"] == json.loads(json.dumps(library.data("runs")["runs"]))
    assert b'content="files"' in (exported / "index.html").read_bytes()


def test_the_worst_cases_are_exported_whole(exported, library, numbers):
    run = library.runs[numbers["chatty"]]
    whole = told(exported, "runs")["whole"][str(run.number)]
    assert len(whole) == 3 and {*whole} == {*worst_first(run)[:3]}
    for case in whole:
        found = told(exported, f"case-{run.number}-{case}")
        assert found == json.loads(json.dumps(library.data(f"case-{run.number}-{case}")))
        page = found["pictures"]["pages"][0]
        with Image.open(exported / "pictures" / page["src"]) as picture:  # prints at 25 mm/s
            assert picture.info["dpi"][0] == pytest.approx(page["px_per_mm"] * 25.4, abs=0.1)
        assert told(exported, f"signal-{run.number}-{case}")["fs"] == 500
    table = library.data(f"run-{run.number}")
    wrong = [sum(axis["state"][place] in "wf" for axis in table["axes"]) for place in range(12)]
    assert min(wrong[case] for case in whole) >= max(wrong[place] for place in range(12) if place not in whole)


def test_an_export_replaces_an_earlier_one_and_nothing_else(library, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(StorageError, match="mine holds other files"):
        export(library, tmp_path / "mine", most=0)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    export(library, tmp_path / "pages", most=2)
    (tmp_path / "pages" / "data" / "notes.txt").write_text("mine")
    export(library, tmp_path / "pages", most=1)
    whole = told(tmp_path / "pages", "runs")["whole"]
    there = {path.stem for path in (tmp_path / "pages" / "data").glob("case-*.js")}
    assert there == {f"case-{number}-{case}" for number, cases in whole.items() for case in cases}
    assert (tmp_path / "pages" / "data" / "notes.txt").read_text() == "mine"


def test_the_command_exports_and_says_where(runs, tmp_path):
    done = bench("view", runs / "majority", "--export", "pages", "--most", 1, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "page: pages/index.html\n")
    assert (tmp_path / "pages" / "view.js").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "nowhere is no folder: name a run folder"),
        ((), "runs is no folder"),
        ((".",), "holds no run: 'bench run' makes one"),
        (("--port", "0"), "--port takes a whole number from 1 to 65,535"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_sentence(words, said, tmp_path):
    assert is_one_sentence(bench("view", *words, cwd=tmp_path), said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--most", "3"), "--most says how many cases --export writes"),
        (("--export", "pages", "--port", "8000"), "--export writes files and serves nothing"),
    ],
)
def test_options_that_decide_nothing_are_refused(words, said, runs, tmp_path):
    done = bench("view", runs, *words, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr
    assert not (tmp_path / "pages").exists()
