"""The reading room over its server: what is shown, what is kept, and that nothing tells the truth."""

import io
import json
import re
import socket
from dataclasses import replace

import pytest
from PIL import Image

from bench.report.score_page import score_page
from bench.run.rescoring import scored
from bench.run.submission_form import readings_problem
from bench.web.finding import find
from bench.web.library import Library
from bench.web.room import Room
from bench.web.room_form import KEYS, form_json
from bench.web.room_server import RoomServer
from bench.web.seat import opened
from bench.web.server import ViewServer
from renderers import PageStyle, render
from taxonomy.axis import AXES, AXIS_NAMES
from taxonomy.definition import definitions
from taxonomy.error import RunError, SettingError, StorageError

from ....challenge import tracing, write_challenge
from ....command import bench
from .conftest import answer, asked, job_of, kept, post, serving, state_of, values


def test_cases_come_in_the_order_of_the_run_under_opaque_ids(server, job):
    expected = [job.cases.view.case_id(job.settings.run_id, one.record.ecg_id) for one in job.questions]
    seen = []
    for place in range(1, 4):
        state = state_of(server)
        assert (state["place"], state["done"], state["total"]) == (place, place - 1, 3)
        seen.append(state["case"]["id"])
        assert answer(server)[0] == 200
    assert seen == expected and state_of(server)["finished"]


def test_an_answer_is_a_line_of_the_run_at_once_with_its_time(server, job):
    status, state = answer(
        server, seconds=0.7, rhythm=["atrial_fibrillation"], other_findings=["lvh", "long_qt"], rate=None
    )
    assert status == 200 and state["done"] == 1
    (entry,) = kept(job)
    assert entry.key == job.questions[0].key
    assert entry.reading.values["rhythm"] == "atrial_fibrillation"
    assert entry.reading.values["other_findings"] == {"lvh", "long_qt"}
    assert entry.reading.values["rate"] is None and entry.reading.outcome == "answered"
    assert entry.reading.usage.seconds == 0.7


def test_no_more_time_is_counted_than_passed(server, job):
    answer(server, seconds=86_400)
    assert kept(job)[0].reading.usage.seconds < 60


def test_an_answer_that_is_none_is_refused_in_a_sentence_and_nothing_is_kept(server, job):
    state = state_of(server)
    about = {"turn": state["turn"], "case": state["case"]["id"], "seconds": 1}
    whole = values()
    wrong = {
        "rate has no answer yet": {name: value for name, value in whole.items() if name != "rate"},
        "rhythm has no value": {**whole, "rhythm": ["<script>"]},
        "'superclass' is not asked here": {**whole, "superclass": ["MI"]},
        "other_findings must be a list": {**whole, "other_findings": ["unlisted"]},
        "axis has no value": {**whole, "axis": ["left", "right"]},
        "values must be an object": None,
    }
    for said, sent in wrong.items():
        status, told = post(server, "answer", **about, values=sent)
        assert status == 400 and said in told["said"], told["said"]
    for seconds in (-1, "1", True, None, 1e999):
        status, told = post(server, "answer", **about | {"seconds": seconds}, values=whole)
        assert status == 400 and ("seconds must be" in told["said"] or "cannot be read" in told["said"])
    assert kept(job) == [] and state_of(server)["done"] == 0


def test_a_draft_survives_and_does_not_count_as_an_answer(job):
    with serving(job) as server:
        answer(server)
        state = state_of(server)
        sent = {"rhythm": ["paced"], "axis": None}
        assert post(server, "draft", turn=state["turn"], case=state["case"]["id"], values=sent, seconds=0.4)[0] == 200
    with serving(job) as server:
        again = state_of(server)
        assert again["case"]["id"] == state["case"]["id"] and again["done"] == 1
        assert again["draft"] == {"values": sent, "seconds": 0.4}
        answer(server, seconds=0.6)
    assert kept(job)[1].reading.usage.seconds == 0.6


def test_the_last_answer_can_be_corrected_and_both_lines_stay(server, job):
    answer(server, seconds=0.5, rhythm=["paced"])
    second = state_of(server)["case"]["id"]
    status, state = post(server, "back", turn=state_of(server)["turn"])
    assert status == 200 and state["correcting"] and state["place"] == 1
    assert state["draft"]["values"]["rhythm"] == ["paced"] and state["draft"]["seconds"] == 0.5
    _, state = answer(server, seconds=0.9, rhythm=["sinus"])
    assert state["case"]["id"] == second and not state["correcting"]
    lines = kept(job)
    assert [line.reading.values["rhythm"] for line in lines] == ["paced", "sinus"]
    assert lines[0].key == lines[1].key and lines[1].reading.usage.seconds == 0.9
    assert job.folder.every_reading()[0][lines[0].key].values["rhythm"] == "sinus"


def test_a_correction_can_be_left_and_what_was_half_chosen_stays(server, job):
    answer(server)
    state = state_of(server)
    post(server, "draft", turn=state["turn"], case=state["case"]["id"], values={"axis": ["left"]}, seconds=0.1)
    _, back = post(server, "back", turn=state_of(server)["turn"])
    _, left = post(server, "back", turn=back["turn"])
    assert left["case"]["id"] == state["case"]["id"] and left["draft"]["values"] == {"axis": ["left"]}
    assert len(kept(job)) == 1


def test_a_second_tab_undoes_nothing(server, job):
    stale = state_of(server)
    answer(server, rhythm=["paced"])
    about = {"turn": stale["turn"], "case": stale["case"]["id"], "values": values(), "seconds": 1}
    for what in ("answer", "draft", "back", "close"):
        status, told = post(server, what, **about)
        assert status == 409 and "Another tab" in told["said"] and told["place"] == 2
    assert [line.reading.values["rhythm"] for line in kept(job)] == ["paced"]


def test_the_room_closes_once_all_is_answered_and_then_nothing_changes(server, job):
    assert post(server, "close", turn=state_of(server)["turn"])[0] == 400
    for _ in range(3):
        answer(server)
    assert not server.closed.is_set()
    status, state = post(server, "close", turn=state_of(server)["turn"])
    assert status == 200 and state["closed"] and state["case"] is None and server.closed.is_set()
    assert post(server, "back", turn=state["turn"])[0] == 409
    # The folder's lock is this server's still: what another process would find is read beside it.
    assert Room(job, lambda question, reading: None).is_closed and len(kept(job)) == 3


def test_the_result_is_a_run_like_any_other(job, tmp_path):
    with serving(job) as server:
        for _ in range(3):
            answer(server)
    dataset = job.cases.cohort.dataset
    found = scored(job.folder, dataset)
    assert found.n == 3 and {axis.axis for axis in found.axes} == {*AXIS_NAMES}
    assert job.settings.reader == "human:ann" and job.settings.reader_details["shown"].startswith("the picture")
    assert "human:ann on phantoms-1-66" in score_page(found, job.folder.manifest(), "phantoms")


def read_all(job, *answers):
    """Answer every case, with the rhythms in turn."""
    with serving(job) as server:
        for k in range(len(job.questions)):
            assert answer(server, **(answers[k % len(answers)] if answers else {}))[0] == 200


def test_two_people_are_compared_and_their_agreement_is_told(tmp_path):
    sinus, paced = {"rhythm": ["sinus"]}, {"rhythm": ["paced"]}
    read_all(job_of(tmp_path / "runs", limit=8), sinus, paced)
    read_all(job_of(tmp_path / "runs", person="ben", limit=8), sinus, paced, sinus, sinus)
    runs = sorted(path for path in (tmp_path / "runs").iterdir())
    done = bench("compare", *runs, "--out", "compared", cwd=tmp_path)
    assert done.returncode == 0 and "human:ann against human:ben (n = 8)" in done.stdout
    table = done.stdout.partition("agreement with each other")[2]
    (cells,) = re.findall(r"^ *rhythm +(\d+) +(\d+) +([\d.]+%) +([\d.]+) \[", table, re.MULTILINE)
    assert cells == ("8", "0", "75.0%", "0.50")
    page = (tmp_path / "compared" / "compare.md").read_text()
    assert "### Agreement with each other" in page
    told = json.loads((tmp_path / "compared" / "compare.json").read_text())["pairs"][0]["agreement"]
    assert next(one["kappa"] for one in told if one["axis"] == "rhythm") == 0.5


def test_the_viewer_shows_a_persons_run_and_does_not_say_that_a_prompt_was_read(job):
    read_all(job)
    library = Library(find([job.folder.path]))
    case = library.data("case-0-0")
    assert case["prompt"]["notes"] == [
        "A person reads the numbers below and the definitions on a page of their own, not these words."
    ]
    assert [one["reader"] for one in case["readings"]] == ["human:ann"] and len(case["pictures"]["pages"]) == 1


def test_the_viewer_shows_nothing_of_a_run_that_a_person_still_answers(tmp_path):
    job = job_of(tmp_path / "runs")
    with serving(job) as server:
        answer(server)
        with pytest.raises(RunError, match="human:ann is still reading"):
            find([job.folder.path])
    with serving(job) as server:
        answer(server)
        answer(server)
    assert not find([job.folder.path]).notes


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The entry point of people, as an installation has it."""
    package = tmp_path / "package" / "room-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: room\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[ecg_bench.readers]\nhuman = readers.human:HumanReader\n")
    monkeypatch.syspath_prepend(str(package.parent))


@pytest.mark.slow
def test_a_whole_split_with_a_correction_is_handed_in_and_stands_on_the_leaderboard(tmp_path, installed):
    job = job_of(tmp_path / "runs", limit=None)
    with serving(job) as server:
        for place in range(len(job.questions)):
            assert answer(server, rhythm=["paced"] if place == 5 else ["sinus"])[0] == 200
            if place == 5:
                post(server, "back", turn=state_of(server)["turn"])
                assert answer(server)[0] == 200
    bench("score", job.folder.path, cwd=tmp_path)
    done = bench("submit", job.folder.path, "--by", "Ann", "--new", "--results", "results", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "human:ann" in (tmp_path / "results" / "leaderboard.md").read_text()


def test_a_person_corrects_the_answer_that_was_given_last_and_no_earlier_one(job):
    with serving(job) as server:
        answer(server)
        post(server, "back", turn=state_of(server)["turn"])
        answer(server)
        answer(server)
    lines = kept(job)
    assert readings_problem(lines, job.settings) is None
    later = [*lines, lines[0]]
    assert f"answers record {lines[0].key.ecg_id!r} 2 times" in readings_problem(later, job.settings)
    assert "2 times: a case is asked once" in readings_problem(lines, replace(job.settings, reader="majority"))


def test_the_arms_that_a_person_has_read_are_an_ablation(tmp_path, installed):
    conditions = ("full", "image-only", "text-only", "crossed")
    for condition in conditions[:-1]:
        read_all(job_of(tmp_path / "runs", condition=condition, limit=6))
    words = ("ablate", "--reader", "human:ann", "--sample", 6, "--conditions", ",".join(conditions))
    assert "reads in the browser" in bench(*words, cwd=tmp_path).stderr
    read_all(job_of(tmp_path / "runs", condition=conditions[-1], limit=6))
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "human:ann" in done.stdout and list((tmp_path / "runs").glob("ablation-*"))


def test_samples_are_a_run_of_their_own_and_the_manifest_says_what_was_shown(tmp_path):
    page, paper = job_of(tmp_path), job_of(tmp_path, show="paper")
    assert page.settings.run_id != paper.settings.run_id
    assert (page.settings.renderer, paper.settings.renderer) == ("printed", "")
    assert "millimetre paper" in paper.settings.reader_details["shown"] and paper.settings.options == {"show": "paper"}
    with serving(paper) as server:
        case = state_of(server)["case"]
        assert case["trace"] and case["pages"] == []
        status, trace = asked(server, f"/{server.token}/data/trace-{case['id']}.json")
        assert status == 200 and trace["fs"] == 500 and len(trace["leads"]) == 12


def test_the_condition_decides_what_is_shown_as_for_models(tmp_path):
    shown = {}
    for condition in ("full", "image-only", "text-only", "crossed"):
        job = job_of(tmp_path, condition=condition, limit=6)
        with serving(job) as server:
            shown[condition] = (state_of(server)["case"], server.form["shows"])
    assert "Vent. rate" in shown["full"][0]["printed"][0] and shown["full"][0]["pages"]
    assert shown["image-only"][0]["printed"] == [] and shown["image-only"][0]["pages"]
    assert shown["text-only"][0]["pages"] == [] and "Vent. rate" in shown["text-only"][0]["printed"][0]
    assert shown["crossed"][1] == shown["full"][1]  # whose numbers they are is not told


def test_every_value_has_a_key_and_its_definition(job):
    form = form_json(job, job.reader)
    assert [axis["name"] for axis in form["axes"]] == [axis.name for axis in AXES]
    for axis, told in zip(AXES, form["axes"], strict=True):
        given = [value for group in told["groups"] for value in group["values"]]
        assert {one["name"]: one["meaning"] for one in given} == definitions(axis) and len(given) <= len(KEYS)
        keys = [one["key"] for one in given]
        assert len({*keys}) == len(keys) and "0" not in keys and " " not in keys


NAMED = "Kowalska-00017"


def named_folder(tmp_path):
    """Recordings whose names, patients and labels are words that can be looked for."""
    folder = tmp_path / "wfdb"
    for number in range(2):
        write_challenge(folder / f"{NAMED}{number}.hea", (), tracing(seed=number))
    lines = [f"{NAMED}{number},Zofia{number},61,f,test,ventricular,IMI" for number in range(2)]
    (folder / "labels.csv").write_text("record,patient,age,sex,fold,rhythm,diagnosis\n" + "\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize("show", ["page", "paper"])
def test_nothing_that_is_sent_tells_the_record_the_patient_or_the_truth(tmp_path, show):
    folder = named_folder(tmp_path)
    job = job_of(tmp_path / "runs", show=show, data=f"wfdb:{folder}", limit=None, condition="image-only")
    sent = []
    with serving(job) as server:
        for path in ("", "room.js", "form.js", "sheet.js", "room.css"):
            sent.append(asked(server, f"/{server.token}/{path}")[1])
        for _ in range(2):
            state = state_of(server)
            case = state["case"]
            assert {*case} == {"id", "problem", "trace", "pages", "printed"} and case["printed"] == []
            assert {*state} == {
                "turn", "done", "total", "place", "correcting", "last", "finished", "closed", "case", "draft",
            }  # fmt: skip
            sent.append(json.dumps(state).encode())
            for page in case["pages"]:
                png = asked(server, f"/{server.token}/pictures/{page['src']}")[1]
                assert not Image.open(io.BytesIO(png)).info.keys() - {"dpi", "transparency"}
                assert Image.open(io.BytesIO(png)).info["dpi"][0] == pytest.approx(6 * 25.4, abs=0.1)
                sent.append(png)
            if case["trace"]:
                trace = asked(server, f"/{server.token}/data/trace-{case['id']}.json")[1]
                assert {*trace} == {"fs", "leads", "uv"}
                sent.append(json.dumps(trace).encode())
            sent.append(json.dumps(answer(server)[1]).encode())
    told = b"".join(sent)
    assert not re.search(rb"kowalska|00017|zofia", told, re.IGNORECASE)
    # The taxonomy's own words stand in the form alone, the same for every case.
    assert b"ventricular" not in told and b"IMI" not in told


def test_only_the_case_that_is_asked_is_shown(server, job):
    first = state_of(server)["case"]
    answer(server)
    for path in (f"pictures/{first['pages'][0]['src']}", f"pictures/{state_of(server)['case']['id']}-7.png"):
        assert asked(server, f"/{server.token}/{path}")[0] == 404
    other = job.cases.view.case_id(job.settings.run_id, job.questions[2].record.ecg_id)
    assert asked(server, f"/{server.token}/pictures/{other}-0.png")[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "../pyproject.toml", "..%2f..%2fmanifest.json", "manifest.json", "readings.jsonl", "room.json", "view.html",
        "data/truth.json", "data/runs.json", "data/../state.json", "pictures/../room.html", "/etc/passwd",
        "data/trace-000000000000.json", "pictures/000000000000-0.png", "server.py",
    ],
)  # fmt: skip
def test_what_is_outside_of_the_room_is_not_there(server, path):
    status, body = asked(server, f"/{server.token}/{path}")
    assert status == 404 and body == b"there is no such thing"


def test_nobody_else_is_let_in(server, job):
    state = state_of(server)
    sent = {"turn": state["turn"], "case": state["case"]["id"], "values": values(), "seconds": 1}
    path = f"/{server.token}/answer"
    for wrong, status in (
        (("/answer",), 403),
        ((f"/{server.token[:-1]}/answer",), 403),
    ):
        got, body = asked(server, *wrong, "POST", sent)
        assert got == status and b"'bench read-blind'" in body
    assert asked(server, "/data/state.json")[0] == 403
    assert asked(server, path, "POST", sent, Host="evil.example")[0] == 403
    for origin in ("http://evil.example", "null", None):
        assert asked(server, path, "POST", sent, Origin=origin)[0] == 403
    assert asked(server, path, "POST", sent, **{"Content-Type": "text/plain"})[0] == 415
    assert asked(server, path, "POST", {**sent, "more": "x" * 70_000})[0] == 413
    assert asked(server, f"/{server.token}/forget", "POST", sent)[0] == 404
    assert kept(job) == []


def test_two_readers_of_one_name_are_told_apart_from_two(job, server):
    said = r"room of 'human:ann' cannot be opened: another run .*take two names"
    with pytest.raises(StorageError, match=said), opened(job):
        pass
    other = job_of(job.folder.path.parent, person="ben")
    with opened(other) as room:
        assert room.total == 3


def test_a_port_in_use_is_told_in_a_sentence(job):
    with socket.create_server(("127.0.0.1", 0)) as taken, opened(job) as room:
        port = taken.getsockname()[1]
        with pytest.raises(SettingError, match=rf"--port {port} cannot be had .*: name another"):
            RoomServer(room, form_json(job, job.reader), port)


def test_damaged_notes_are_told_and_the_answers_stay(job):
    with serving(job) as server:
        answer(server)
    path = job.folder.path / "room.json"
    for damage in ("{", "[]", '{"closed": 1, "correcting": false, "drafts": {}}', '{"closed": false}'):
        path.write_text(damage)
        with pytest.raises(RunError, match=r"room\.json is damaged .*: remove it"), opened(job):
            pass
    path.unlink()
    with opened(job) as room:
        assert room.done == 1


def test_a_case_whose_page_cannot_be_drawn_is_no_answer_and_the_next_one_comes(tmp_path, population):
    folder = tmp_path / "pages"
    folder.mkdir()
    record = next(iter(population.cohort("test", limit=1)))
    (folder / "whole.png").write_bytes(render(record.signal().mv, record.signal().fs, "printed", PageStyle())[0].png())
    (folder / "Nowak-broken.png").write_bytes(b"\x89PNG no picture at all")
    (folder / "labels.csv").write_text("file,rhythm\nwhole.png,sinus\nNowak-broken.png,sinus\n")
    job = job_of(tmp_path / "runs", data=f"pages:{folder}", limit=None, condition="image-only")
    problems = []
    with serving(job) as server:
        for _ in range(2):
            state = state_of(server)
            problems.append(state["case"]["problem"])
            assert "Nowak" not in json.dumps(state)
            assert answer(server)[0] == 200
        assert state_of(server)["finished"]
    assert sorted(problems) == [False, True]
    (unshown,) = [line.reading for line in kept(job) if line.reading.error]
    assert unshown.outcome == "no_answer" and "no picture that is read" in unshown.error.message


def test_a_recording_that_is_lost_meanwhile_is_a_failed_call_which_is_asked_again(tmp_path):
    folder = named_folder(tmp_path)
    job = job_of(tmp_path / "runs", data=f"wfdb:{folder}", limit=None, condition="image-only")
    (path,) = folder.glob(f"{job.questions[0].record.ecg_id}.mat")
    content = path.read_bytes()
    with serving(job) as server:
        path.write_bytes(b"")
        state = state_of(server)
        assert state["case"]["problem"] and NAMED not in json.dumps(state)
        for _ in range(2):
            assert answer(server)[0] == 200
        assert state_of(server)["finished"]
    (failed, answered) = [line.reading for line in kept(job)]
    assert (failed.outcome, answered.outcome) == ("failed", "answered") and "truncated" in failed.error.message
    path.write_bytes(content)
    with serving(job) as server:
        state = state_of(server)
        assert (state["done"], state["place"], state["case"]["problem"]) == (1, 1, False)
        answer(server)
    found, _ = job.folder.every_reading()
    assert {reading.outcome for reading in found.values()} == {"answered"} and len(found) == 2


def test_the_viewer_takes_nothing(job):
    assert not ViewServer.takes.fget(object.__new__(ViewServer))
