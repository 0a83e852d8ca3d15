"""The reading room in a real browser: keys, time, a kill in the middle, another tab, hostile text, calipers."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bench.run.folder import RunFolder
from bench.web.finding import find
from bench.web.library import Library
from bench.web.room_form import form_json
from bench.web.server import ViewServer
from taxonomy.axis import AXIS_NAMES

from ....challenge import tracing, write_challenge
from .conftest import answer, job_of, kept, post, serving, state_of, values

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
DRAWN = "() => performance.getEntriesByName('ecg-bench case').length >= {}"


@pytest.fixture
def tab(browser):
    """Return a way to open a page, whose errors fail the test."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    errors = []

    def opened(address):
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#cover h2")
        return page

    yield opened
    context.close()
    assert not errors


@pytest.fixture
def begun(tmp_path):
    """Return a way to begin the command in a process of its own; it gives the process and the address."""
    processes = []

    def begin(*words):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PTBXL_DIR": "phantoms:1,66"}
        process = subprocess.Popen(
            [sys.executable, "-m", "bench", "read-blind", "--no-browser", *map(str, words)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path,
        )  # fmt: skip
        processes.append(process)
        line = process.stdout.readline()
        match = re.search(
            r"(\d+) of (\d+) cases are answered; go on at (http://127\.0\.0\.1:\d+/[\w-]{32,}/)$", line.strip()
        )
        return (process, match[3], int(match[1])) if match else (process, None, None)

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def start(page, cases=1):
    page.keyboard.press("Enter")
    page.wait_for_function(DRAWN.format(cases))


def type_answer(page, rate="2", last="1"):
    """Answer every axis by its keys: a value, two findings, 'cannot tell'."""
    page.keyboard.press(rate)
    for _ in range(4):
        page.keyboard.press("1")
    page.keyboard.press("Space")
    for key in ("1", "k", "Enter"):
        page.keyboard.press(key)
    page.keyboard.press(last)
    page.wait_for_selector("#save:not(:disabled)")


def save(page):
    """Save, and wait until the next case or the end is there."""
    before = page.inner_text("#place")
    page.keyboard.press("Enter")
    page.wait_for_function("text => document.getElementById('place').textContent !== text", arg=before)


def folder_in(path):
    (found,) = (path / "runs").iterdir()
    return RunFolder(found)


def test_every_axis_is_answered_by_keys_and_kept_as_it_was_shown(tab, tmp_path):
    job = job_of(tmp_path)
    with serving(job) as server:
        page = tab(server.address)
        assert "3 cases" in page.inner_text("#cover") and page.locator("canvas").count() == 0
        start(page)
        type_answer(page)
        shown = dict(zip(AXIS_NAMES, page.locator(".axis .said").all_inner_texts(), strict=True))
        save(page)
        page.wait_for_function(DRAWN.format(2))
        (entry,) = kept(job)
    values = entry.reading.values
    assert {*values} == {*AXIS_NAMES}
    assert values["rate"] == "normal" and shown["rate"] == "normal rate"
    assert values["rhythm"] == "paced" and shown["rhythm"] == "pacemaker rhythm"
    assert values["ischemia_territory"] is None and shown["ischemia_territory"] == "cannot tell"
    assert len(values["other_findings"]) == 2 and "lvh" in values["other_findings"]
    assert 0 < entry.reading.usage.seconds < 30


def test_the_questions_are_answered_by_tab_and_enter_too(tab, tmp_path):
    job = job_of(tmp_path)
    with serving(job) as server:
        page = tab(server.address)
        start(page)
        focused = "() => [document.activeElement.closest('.axis')?.dataset.axis, document.activeElement.innerText]"
        for _ in range(40):
            page.keyboard.press("Tab")
            axis, said = page.evaluate(focused)
            if axis == "rate" and "tachycardia" in said:
                break
        page.keyboard.press("Enter")
        assert page.evaluate(focused)[0] == "rhythm"  # the next question has the focus
        page.keyboard.press("Space")
        assert page.evaluate(focused)[0] == "axis"
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")  # the head of the question: it is closed, and keeps the focus
        assert page.locator(".axis.open").count() == 0 and page.evaluate(focused)[0] == "axis"
        said = page.locator(".axis .said").all_inner_texts()
        first = form_json(job, job.reader)["axes"][1]["groups"][0]["values"][0]["words"]
        assert said[:2] == ["tachycardia", first]


def test_nothing_is_lost_by_a_kill_in_the_middle_of_a_case(tab, begun, tmp_path):
    process, address, _ = begun("--as", "ann", "--sample", 3)
    page = tab(address)
    start(page)
    type_answer(page)
    save(page)
    page.wait_for_function(DRAWN.format(2))
    page.keyboard.press("3")
    page.keyboard.press("2")
    page.wait_for_timeout(500)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    page.keyboard.press("1")
    page.wait_for_selector("#notice:not([hidden])")
    assert "Every answer is kept" in page.inner_text("#notice")

    process, address, done = begun("--as", "ann", "--sample", 3)
    assert done == 1
    page = tab(address)
    start(page)
    said = page.locator(".axis .said").all_inner_texts()
    assert said[:2] == ["tachycardia", "ventricular rhythm"]
    assert page.get_attribute(".axis.open", "data-axis") == "axis"
    for key in ("1", "1", "1", "1", "0", "1"):
        page.keyboard.press(key)
    save(page)
    page.wait_for_function(DRAWN.format(2))
    type_answer(page, rate="1")
    save(page)
    assert "All cases are answered" in page.inner_text("#cover")
    page.keyboard.press("Enter")  # once too often closes nothing
    page.click("#close")
    page.wait_for_selector("text=Thank you")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0 and "'python -m bench score " in out and "kappa" not in out
    folder = folder_in(tmp_path)
    readings, torn = folder.every_reading()
    assert torn == 0 and len(readings) == 3 and folder.score().n == 3
    rates = [entry.reading.values["rate"] for entry in folder.entries()[0]]
    assert rates == ["normal", "tachycardia", "bradycardia"]
    # The time before the kill counts as far as it was kept.
    assert all(reading.usage.seconds > 0.1 for reading in readings.values())

    process, address, _ = begun("--as", "ann", "--sample", 3)
    _, err = process.communicate(timeout=120)
    assert address is None and process.returncode == 0 and "closed: its answers stay" in err


def test_a_second_process_of_one_name_is_told_and_ctrl_c_keeps_all(tab, begun, tmp_path):
    process, address, _ = begun("--as", "ann", "--sample", 3)
    page = tab(address)
    start(page)
    type_answer(page)
    save(page)
    other, nothing, _ = begun("--as", "ann", "--sample", 3)
    _, err = other.communicate(timeout=60)
    assert nothing is None and other.returncode == 2 and "two people take two names" in err.splitlines()[-1]
    port = re.search(r":(\d+)/", address)[1]
    third, nothing, _ = begun("--as", "ben", "--sample", 3, "--port", port)
    _, err = third.communicate(timeout=60)
    assert nothing is None and third.returncode == 2 and f"--port {port} cannot be had" in err.splitlines()[-1]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err.strip().endswith("What was finished is kept; the same command resumes.")
    ann = next(path for path in (tmp_path / "runs").iterdir() if path.name.startswith("human-ann"))
    assert len(RunFolder(ann).every_reading()[0]) == 1


def test_time_is_counted_while_the_case_can_be_seen_and_not_in_a_pause(tab, tmp_path):
    job = job_of(tmp_path)
    with serving(job) as server:
        page = tab(server.address)
        page.wait_for_timeout(1500)  # before the first case
        start(page)
        page.wait_for_timeout(700)
        page.keyboard.press("Escape")
        assert not page.is_visible("#desk") and page.is_visible("#cover")
        page.wait_for_timeout(2500)
        page.keyboard.press("Enter")
        page.wait_for_selector("#desk:not([hidden])")
        begun = time.monotonic()
        type_answer(page)
        save(page)
        passed = time.monotonic() - begun
    seconds = kept(job)[0].reading.usage.seconds
    assert 0.7 <= seconds <= 0.7 + passed + 0.6


def test_a_closed_tab_loses_nothing_and_another_undoes_nothing(tab, tmp_path):
    job = job_of(tmp_path)
    with serving(job) as server:
        first = tab(server.address)
        start(first)
        first.keyboard.press("1")
        first.wait_for_timeout(300)
        first.close()
        second = tab(server.address)
        start(second)
        assert second.locator(".axis .said").all_inner_texts()[0] == "bradycardia"
        third = tab(server.address)
        start(third)
        for _ in range(4):
            second.keyboard.press("1")
        for key in ("1", "0", "1"):
            second.keyboard.press(key)
        save(second)
        assert second.inner_text("#place") == "Case 2 of 3"
        third.keyboard.press("2")
        third.wait_for_selector("#notice:not([hidden])")
        assert "Another tab" in third.inner_text("#notice") and third.inner_text("#place") == "Case 2 of 3"
        assert [line.reading.values["rate"] for line in kept(job)] == ["bradycardia"]


def test_the_last_answer_is_corrected_by_keys(tab, tmp_path):
    job = job_of(tmp_path)
    with serving(job) as server:
        page = tab(server.address)
        start(page)
        type_answer(page)
        save(page)
        page.wait_for_function(DRAWN.format(2))
        page.keyboard.press("3")
        page.keyboard.press("Home")
        page.wait_for_function("() => document.getElementById('place').textContent.includes('once more')")
        page.wait_for_function(DRAWN.format(3))
        page.keyboard.press("1")  # all is answered, so that a digit opens a question
        page.keyboard.press("1")
        assert page.inner_text("#save").endswith("Save the correction")
        save(page)
        page.wait_for_function(DRAWN.format(4))
        assert page.locator(".axis .said").all_inner_texts()[0] == "tachycardia"
    assert [line.reading.values["rate"] for line in kept(job)] == ["normal", "bradycardia"]


def test_hostile_text_is_shown_and_does_not_run(tab, tmp_path):
    hostile = "<img src=x onerror=document.title='run'>"
    folder = tmp_path / hostile
    write_challenge(folder / "a.hea", (), tracing(seed=1))
    (folder / "labels.csv").write_text("record,fold,rhythm\na,test,sinus\n")
    job = job_of(tmp_path / "runs", data=f"wfdb:{folder}", limit=None)
    with serving(job) as server:
        server.form = {**server.form, "dataset": hostile, "person": hostile}
        page = tab(server.address)
        assert hostile in page.inner_text("#cover") and page.inner_text("#person") == hostile
        start(page)
        assert page.locator("img").count() == 0 and page.title() == "Reading room"
        assert not page.evaluate("() => performance.getEntriesByType('resource').some(one => one.name.endsWith('/x'))")


def test_a_page_asks_for_nothing_elsewhere_and_is_sent_no_truth(tab, browser, tmp_path):
    job = job_of(tmp_path)
    with serving(job) as server:
        context = browser.new_context()
        page = context.new_page()
        addresses, bodies = [], []
        page.on("request", lambda request: addresses.append(request.url))
        page.on("response", lambda answer: bodies.append((answer.url, answer.body())))
        page.goto(server.address)
        page.wait_for_selector("#cover h2")
        start(page)
        type_answer(page)
        save(page)
        page.wait_for_function(DRAWN.format(2))
        context.close()
    assert all(address.startswith(server.address) for address in addresses)
    states = [json.loads(body) for url, body in bodies if url.endswith(("state.json", "draft", "answer"))]
    assert len(states) > 5
    for state in states:
        assert not {"ecg_id", "patient", "truth", "age", "sex", "accepted"} & {*state, *(state["case"] or {})} - {
            "truth"
        }
        assert state.get("truth") is None


@pytest.mark.parametrize("show", ["page", "paper"])
def test_calipers_measure_at_the_scale_that_is_drawn(tab, tmp_path, show):
    with serving(job_of(tmp_path, show=show)) as server:
        page = tab(server.address)
        start(page)
        scale = float(page.inner_text(".scaled").split()[0])
        box = page.locator("canvas.ecg").bounding_box()
        x, y = box["x"] + 200, box["y"] + 150
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20 * scale, y + 10 * scale, steps=4)
        page.mouse.up()
        assert page.inner_text(".measured") == "800 ms · 75/min · 1.00 mV"
        page.keyboard.press("2")
        assert page.locator(".axis .said").all_inner_texts()[0] == "normal rate"


def test_the_truth_is_shown_after_all_is_closed_where_it_was_asked_for(tab, begun, tmp_path):
    process, address, _ = begun("--as", "ann", "--sample", 1, "--reveal")
    page = tab(address)
    start(page)
    type_answer(page)
    save(page)
    page.click("#close")
    page.wait_for_selector("text=Look at the answers")
    page.click("text=Look at the answers")
    page.wait_for_selector("#run-rows a, .rows .row")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert "mean kappa" in out and "answers and truth: http://127.0.0.1:" in out


def test_the_agreement_of_two_people_stands_on_the_viewers_page(browser, tmp_path):
    for person in ("ann", "ben"):
        with serving(job_of(tmp_path / "runs", person=person, limit=4)) as server:
            for k in range(4):
                rhythm = ["paced"] if k < (2 if person == "ann" else 1) else ["sinus"]
                assert answer(server, rhythm=rhythm)[0] == 200
    with ViewServer(Library(find([tmp_path / "runs"]))) as viewer:
        thread = threading.Thread(target=viewer.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        page = browser.new_page()
        page.goto(f"{viewer.address}#/compare/0-1")
        page.wait_for_selector("table.agreed")
        (row,) = [one for one in page.locator("table.agreed tr").all_inner_texts() if one.startswith("rhythm")]
        page.close()
        viewer.shutdown()
        thread.join()
    assert row.split()[1:5] == ["4", "0", "75.0%", "0.50"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_axe_finds_nothing_serious(browser, axe, tmp_path, scheme, width):
    with serving(job_of(tmp_path)) as server:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        page.goto(server.address)
        page.wait_for_selector("#cover h2")
        for _ in range(2):
            page.evaluate(axe)
            found = page.evaluate("() => axe.run({ resultTypes: ['violations'] })")["violations"]
            assert not [one for one in found if one["impact"] in {"moderate", "serious", "critical"}], found
            page.keyboard.press("Enter")
            page.wait_for_function(DRAWN.format(1))
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        context.close()


def test_calipers_on_a_light_page_are_as_dark_by_night_as_by_day(browser, tmp_path):
    colours = []
    for scheme in ("light", "dark"):
        with serving(job_of(tmp_path)) as server:
            context = browser.new_context(color_scheme=scheme)
            page = context.new_page()
            page.goto(server.address)
            page.wait_for_selector("#cover h2")
            start(page)
            asked = "() => getComputedStyle(document.querySelector('canvas.ecg')).getPropertyValue('--ecg-caliper')"
            colours.append(page.evaluate(asked))
            context.close()
    assert colours[0] == colours[1]


def test_of_several_answers_at_once_one_is_kept(tmp_path):
    job = job_of(tmp_path)
    with serving(job) as server:
        state = state_of(server)
        sent = {"turn": state["turn"], "case": state["case"]["id"], "values": values(), "seconds": 1}
        statuses = []
        threads = [
            threading.Thread(target=lambda: statuses.append(post(server, "answer", **sent)[0])) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] + [409] * 5 and len(kept(job)) == 1
