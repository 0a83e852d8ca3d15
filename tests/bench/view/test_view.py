"""A view is all that decides what a reader is shown, and how it is asked."""

import json
from dataclasses import replace

import pytest

from bench.cli.check_reader import CASES
from bench.dataset import Selection, open_dataset
from bench.export.export import write_export
from bench.export.export_options import ExportOptions
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.settings import settings_of
from bench.view import Question, View, cases_of
from bench.view.example import examples
from readers.contract_suite import RecordingReader
from taxonomy.error import BenchError, FileError, SettingError

from ...command import bench

COUNT = 3


class Taught(RecordingReader):
    """A reader that was taught on small pictures of single leads."""

    inputs = frozenset({"image", "text"})
    trained_on = {"renderer": "leads", "px_per_mm": 3, "format": "binary"}  # noqa: RUF012  # as a reader may write it
    preferred_fs = 100


class Shown(RecordingReader):
    """Takes what a vision-language model takes; all of them together remember what they saw."""

    name = "shown"
    inputs = frozenset({"image", "text"})
    last: "Shown"

    def __init__(self):
        super().__init__()
        Shown.last = self


def told(case):
    """Return all that a case tells but its opaque id."""
    return [image.png() for image in case.images], case.prompt


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"renderer": "printd"}, "unknown renderer 'printd'.*Did you mean 'printed'"),
        ({"format": "dens"}, "unknown .*'dens'.*Did you mean 'dense'"),
        ({"condition": "text-olny"}, "unknown condition 'text-olny'.*Did you mean 'text-only'"),
        ({"condition": "nowhere.json"}, "the condition nowhere.json cannot be read"),
        ({"px_per_mm": 100}, "px_per_mm must be between 2 and 24, not 100"),
        ({"px_per_mm": "6"}, "px_per_mm must be int, not '6'"),
        ({"renderer": 5}, "renderer must be str, not 5"),
        ({"statements": "x.csv"}, "statements must be .*Path.*, not 'x.csv'"),
        ({"inputs": frozenset({"siganl"})}, "unknown input 'siganl'.*Did you mean 'signal'"),
        ({"px_per_mm": -1}, "px_per_mm must be between 2 and 24, not -1"),
    ],
)
def test_what_does_not_exist_is_refused_when_a_view_is_built(wrong, said):
    with pytest.raises(BenchError, match=said):
        View(**wrong)
    with pytest.raises(BenchError, match=said):
        replace(View(), **wrong)


def test_what_is_left_open_is_settled_as_the_reader_was_taught_and_nothing_else_is():
    settled = View(format="flat").settled(Taught())
    assert (settled.renderer, settled.px_per_mm, settled.format) == ("leads", 3, "flat")
    assert (settled.inputs, settled.preferred_fs) == (Taught.inputs, 100)
    untaught = View(px_per_mm=4).settled(RecordingReader())
    assert (untaught.renderer, untaught.px_per_mm, untaught.format) == ("printed", 4, "dense")


@pytest.mark.parametrize(("renderer", "named", "drawn"), [("printed", 0, 6), ("leads", 0, 8), ("leads", 4, 4)])
def test_the_resolution_that_is_told_is_the_one_that_is_drawn(renderer, named, drawn, population):
    view = View(renderer=renderer, px_per_mm=named).settled(RecordingReader())
    cases = cases_of(view, population.cohort("test", limit=1))
    told = settings_of(RecordingReader(), "recording", cases, {}, 1).px_per_mm
    (case,) = cases.each([Question(cases.cohort[0])])
    assert (view.to_json()["px_per_mm"], told) == (drawn, drawn)
    assert {image.px_per_mm for image in case.images} == {drawn}
    assert {image.size[0] for image in case.images} == {265 * drawn}


def test_a_view_that_leaves_a_reader_nothing_to_read_is_refused():
    reader = RecordingReader()
    reader.inputs = frozenset({"signal"})
    with pytest.raises(SettingError, match="'text-only' shows no trace"):
        View("text-only").settled(reader)
    reader.inputs = frozenset({"statements"})
    with pytest.raises(SettingError, match="name it with --statements"):
        View().settled(reader)


@pytest.fixture
def own_condition(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"name": "mine", "images": "blank", "without": ["heart_rate"]}')
    return path


@pytest.mark.parametrize("condition", ["full", "crossed-2", "lead-mask", "own"])
def test_a_view_survives_json(condition, own_condition):
    name = str(own_condition) if condition == "own" else condition
    view = View(name, "clean", 4, seed=3).settled(Taught())
    back = View.from_json(json.loads(json.dumps(view.to_json())))
    assert back == view
    assert back.shown == view.shown


def test_the_json_of_a_view_says_of_a_file_its_name_and_not_where_somebody_works(tmp_path):
    view = View(measurements=str(tmp_path / "features.csv"), statements=tmp_path / "printed.csv")
    assert str(tmp_path) not in json.dumps(view.to_json())
    assert (view.to_json()["measurements"], view.to_json()["statements"]) == ("features.csv", "printed.csv")


@pytest.mark.parametrize("data", [{}, {"inputs": [], "statements": None, "colour": 1}])
def test_json_that_is_no_view_is_told(data):
    with pytest.raises(FileError, match="not a view of this version"):
        View.from_json(data)


def test_a_condition_file_is_read_once(own_condition):
    view = View(str(own_condition))
    own_condition.write_text('{"name": "other"}')
    assert view.shown.name == "mine"
    own_condition.unlink()
    moved = replace(view, seed=1).settled(Taught())
    assert (moved.shown.name, moved.shown.images, moved.shown.without) == ("mine", "blank", ("heart_rate",))


@pytest.mark.parametrize("condition", ["crossed", "jittered"])
def test_run_examples_and_export_show_the_same_of_a_record_in_a_view(condition, tmp_path):
    import pyarrow.parquet

    view = View(condition, renderer="stacked", px_per_mm=2, format="sparse", seed=5)
    asked = RunOptions(
        f"{__name__}:Shown", selection=Selection("phantoms:1,66", limit=COUNT), view=view, out=tmp_path / "runs"
    )
    job = prepared(asked)
    run_job(job)
    asked_for = [question.record.ecg_id for question in job.questions]
    run = {ecg_id: told(case) for ecg_id, case in zip(asked_for, Shown.last.seen, strict=True)}
    taught = {one.record.ecg_id: told(one.case) for one in examples(open_dataset("phantoms:1,66"), "test", view, COUNT)}
    write_export(ExportOptions((view,), ("test",), limit=COUNT), open_dataset("phantoms:1,66"), tmp_path / "pages")
    (file,) = (tmp_path / "pages").rglob("*.parquet")
    rows = {row["ecg_id"]: row for row in pyarrow.parquet.read_table(file).to_pylist()}
    assert run.keys() == taught.keys() == rows.keys()
    for ecg_id, (pictures, prompt) in run.items():
        assert taught[ecg_id] == (pictures, prompt)
        row = rows[ecg_id]
        assert [image["bytes"] for image in row["images"]] == pictures
        assert (row["system"], row["prompt"], tuple(row["captions"])) == (prompt.system, prompt.text, prompt.captions)


@pytest.mark.slow
def test_check_reader_shows_what_a_run_shows(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.dataset.phantom.CASES", 20)  # of the published seed, and soon drawn
    reader = f"{__name__}:Shown"
    bench("check-reader", reader, cwd=tmp_path)
    checked = [told(case) for case in Shown.last.seen[:CASES]]
    published = {"PTBXL_DIR": "phantoms"}
    assert bench("run", "--reader", reader, "--sample", CASES, cwd=tmp_path, **published).returncode == 0
    assert checked == [told(case) for case in Shown.last.seen]


def test_a_crossed_prompt_is_that_of_a_run_over_the_whole_fold(population, tmp_path):
    view = View("crossed").for_inputs(Shown.inputs)
    cases = cases_of(view, population.cohort())
    record = cases.cohort[1]
    shown = bench("prompt", "--id", record.ecg_id, "--condition", "crossed", cwd=tmp_path)
    assert cases.case(Question(record)).prompt.text in shown.stdout
    assert f"record {record.ecg_id}, with the numbers of record {cases.donors[record.ecg_id].ecg_id}" in shown.stderr
