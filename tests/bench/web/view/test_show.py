"""``bench show``: one record in the terminal's words and in one picture, what is wrong marked beside the truth."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bench.dataset import open_dataset
from bench.dataset.explanation import explain
from bench.report import record_sheet as words
from bench.report.record_sheet import RecordSheet, RunAnswer, RunReading, record_page
from bench.web.run_data import RIGHT, RIGHT_BEYOND, WRONG
from renderers import render
from renderers.captioned import WRONG as RED
from taxonomy.axis import AXIS_NAMES

from ....command import bench, is_one_sentence

HOSTILE = "\x1b[31mgo\x1b]0;owned\x07 <script>alert(1)</script> https://evil.example \u202eabc\n# Title"


@pytest.fixture(scope="module")
def sheet():
    cohort = open_dataset("phantoms:1,66").cohort(limit=1)
    return RecordSheet(cohort[0], explain(cohort, cohort[0]))


def asked(runs, tmp_path, *more, record):
    done = bench("show", "--id", record, *more, "--out", "shown.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    return done.stdout


def row(text, axis, nth=0):
    """Return the lines of an axis's row in the nth table that has one."""
    lines = text.splitlines()
    first = [number for number, line in enumerate(lines) if line.split()[:1] == [axis] and line.split()[1] != "truth"][
        nth
    ]
    rest = (number for number in range(first + 1, len(lines)) if not lines[number].startswith(" "))
    return " ".join(" ".join(lines[first : next(rest)]).split())


@pytest.fixture(scope="module")
def record(library, numbers):
    """A record that the majority reader reads wrong on an axis and that a call of ``broken`` failed on."""
    majority, broken = (library.runs[numbers[name]] for name in ("majority", "broken"))
    for ecg_id in majority.settings.ids:
        states = {axis: majority.table().state(majority.table().cases[ecg_id], axis) for axis in AXIS_NAMES}
        if WRONG in states.values() and broken.readings_of(ecg_id)[0].error:
            return ecg_id
    raise AssertionError("no such record")


def test_without_runs_there_are_truth_with_its_source_measurements_and_a_picture(sheet, tmp_path):
    text = asked(None, tmp_path, record=sheet.record.ecg_id)
    assert text.startswith(f"record {sheet.record.ecg_id} of phantoms-1-66 (simulated phantoms 1.1.0), fold ")
    for axis in sheet.explanation.axes:
        said = row(text, axis.axis)
        assert words.truth_told(axis).split()[0] in said and "the simulation" in said
    assert f"{sheet.explanation.measured['heart_rate']:.0f} BPM" in text
    assert "x: wrong" not in text and text.endswith("\npicture: shown.png\n")
    with Image.open(tmp_path / "shown.png") as picture:
        assert picture.width / picture.info["dpi"][0] * 25.4 == pytest.approx(265, abs=0.1)
        assert picture.height / picture.info["dpi"][1] * 25.4 > 165 + 50


def test_a_wrong_answer_is_marked_beside_the_truth_and_a_right_one_is_not(runs, library, numbers, tmp_path, record):
    run = library.runs[numbers["majority"]]
    text = asked(runs, tmp_path, "--run", runs / "majority", record=record)
    case = run.table().cases[record]
    judged = set()
    for axis in run.settings.offer.axes & set(AXIS_NAMES):
        state, said = run.table().state(case, axis), row(text, axis, nth=1)
        if state in (RIGHT, RIGHT_BEYOND, WRONG):
            assert (" x " in said) == (state == WRONG), said
            judged.add(state == WRONG)
    assert judged == {True, False}


def test_every_run_says_its_answer_or_why_it_has_none(runs, tmp_path, record):
    text = " ".join(asked(runs, tmp_path, "--run", runs, record=record).split())
    assert (
        "chatty:Broken on phantoms-1-66, test-sample12, condition full; no answer: transport, the service is away"
        in text
    )
    assert "condition crossed; with the numbers of record" in text
    assert "the first of 2 answers, which differ in conduction" in text
    assert "wrote: Regular. <script>window.hacked = 1</script>" in text


def test_a_record_that_a_run_was_not_asked_about_is_said_and_shown_without_it(runs, library, numbers, tmp_path):
    every = {record.ecg_id for record in open_dataset("phantoms:1,66").cohort("all")}
    other = min(every - set(library.runs[numbers["majority"]].settings.ids))
    text = asked(runs, tmp_path, "--run", runs / "majority", record=other)
    assert f"it was not asked about record {other}" in " ".join(text.split()) and "x: wrong" not in text


def test_a_run_on_other_records_is_not_mixed_in(runs, tmp_path):
    text = asked(runs, tmp_path, "--run", runs / "majority", "--data", "phantoms:2,66", record=1)
    assert "its record 1 is another one, of another dataset" in " ".join(text.split()) and "x: wrong" not in text


def test_runs_on_two_datasets_need_the_one_that_is_meant(runs, tmp_path):
    assert bench("run", "--reader", "majority", "--data", "phantoms:2,66", cwd=tmp_path).returncode == 0
    both = "--run", runs / "majority", "--run", tmp_path / "runs"
    done = bench("show", "--id", 1, *both, cwd=tmp_path)
    assert is_one_sentence(done, "the runs are on several datasets, phantoms-1-66, phantoms-2-66: name the record's")
    text = asked(runs, tmp_path, *both, "--data", "phantoms:2,66", record=1)
    assert text.startswith("record 1 of phantoms-2-66 (simulated")


def test_a_record_that_came_as_a_page_is_drawn_as_it_was_digitized_and_one_that_cannot_be_has_no_picture(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    signal = open_dataset("phantoms:1,66").record(9).signal(500)
    (folder / "good.png").write_bytes(render(signal.mv, signal.fs, "printed")[0].png())
    Image.new("RGB", (400, 300), "white").save(folder / "white.png")
    (folder / "labels.csv").write_text("file,rhythm\ngood.png,sinus\nwhite.png,sinus\n")
    told = asked(None, tmp_path, "--data", "pages:pages", record="good.png")
    assert "as the digitizer read them" in told and (tmp_path / "shown.png").is_file()
    (tmp_path / "shown.png").unlink()
    told = asked(None, tmp_path, "--data", "pages:pages", record="white.png")
    assert "no picture: " in told and not (tmp_path / "shown.png").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--id", "99999"), "has no record 99999"),
        (("--id", "abc"), "--id takes whole numbers"),
        (("--id", "1,2"), "--id takes one record, not 1,2"),
        (("--id", "1", "--run", "nowhere"), "nowhere is no folder"),
        (("--id", "1", "--run", "."), "holds no run"),
        (("--id", "1", "--data", "nowhere"), "nowhere"),
        (("--id", "1", "--out", "file/shown.png"), "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, given, said):
    (tmp_path / "file").write_text("no folder")
    done = bench("show", *given, cwd=tmp_path)
    assert is_one_sentence(done, said), done.stderr


def test_a_run_of_a_dataset_that_is_not_at_hand_is_one_sentence(tmp_path):
    (run,) = (Path(__file__).parents[4] / "results" / "submissions").glob("12sl-ptbxl-*")
    done = bench("show", "--id", "1", "--run", run, cwd=tmp_path)
    assert is_one_sentence(done, "name its dataset with --data"), done.stderr


def hostile(sheet):
    """Return a sheet in which everything that others write is hostile."""
    axes = {axis.axis: RunAnswer(HOSTILE, "wrong", 0.5) for axis in sheet.explanation.axes}
    told = replace(sheet.explanation, report=HOSTILE * 20, dataset=HOSTILE)
    run = RunReading(HOSTILE, HOSTILE, HOSTILE, axes, HOSTILE, HOSTILE * 50)
    return RecordSheet(sheet.record, told, (run,) * 5)


def test_what_others_write_does_nothing_in_the_terminal(sheet):
    found = hostile(sheet)
    out = io.StringIO()
    console = Console(file=out, width=80, highlight=False)
    for table in (words.number_table(found), words.truth_table(found), *words.reading_tables(found)):
        console.print(table)
    lines = [*words.first_lines(found), *words.run_lines(found), *words.written_lines(found)]
    for text in (out.getvalue(), *lines):
        assert all(char.isprintable() or char == "\n" for char in text)
        assert all(len(line) <= 80 for line in text.splitlines())
    assert "https: //evil" in "".join(lines)


def test_what_others_write_stays_in_the_picture_and_its_wrong_answers_are_red(sheet):
    signal = sheet.record.signal()
    plain, marked = record_page(sheet, signal), record_page(hostile(sheet), signal)
    assert plain.rgb.shape[1] == marked.rgb.shape[1] == 265 * 8
    assert not reds(plain) and reds(marked) > 1000
    right = {axis.axis: RunAnswer("fine", "right") for axis in sheet.explanation.axes}
    assert not reds(record_page(replace(sheet, runs=(RunReading("a", "a", "a", right),)), signal))


def reds(page):
    return int(np.all(page.rgb == RED, axis=2).sum())
