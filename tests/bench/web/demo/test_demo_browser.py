"""The demo in Chromium, served by the command itself: choose, upload, explain, and look at danger."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import pytest
from PIL import Image

from ....command import bench
from ....physionet import microvolts
from ....readers.digitizer.foreign_drawing import Sort, drawn
from ...dataset.recording import files

pytest.importorskip("gradio")

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>{{value}}${alert(2)}.csv"
"""A name of a file; Linux takes it."""


WATCHED = """
import sys

def watch(event, about):
    if event == "socket.connect" and isinstance(about[1], tuple) and about[1][0] not in ("127.0.0.1", "::1"):
        print("OUTSIDE", about[1], file=sys.stderr, flush=True)
    if event == "socket.getaddrinfo" and about[0] not in ("127.0.0.1", "localhost", "0.0.0.0", None):
        print("OUTSIDE", about[0], file=sys.stderr, flush=True)

sys.addaudithook(watch)
from bench.__main__ import main
main()
"""
"""The command in a process that tells of everything that it asks of others than this machine."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def uploads(place, population):
    folder = place / "own"
    folder.mkdir()
    samples = microvolts(population, 3, 500)
    files.write_csv(folder / "mine.csv", samples)
    files.write_csv(folder / HOSTILE, samples)
    files.write_wfdb(folder / "rec", samples)
    signal = population.cohort()[0].signal(500)
    Image.fromarray(drawn(signal.mv, 500, Sort(px=5))).save(folder / "page.png")
    (folder / "bad.dcm").write_bytes(b"<script>alert(3)</script>")
    return folder


@pytest.fixture(scope="module")
def temporary(place):
    folder = place / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def address(place, temporary):
    """The demo, in a process of its own."""
    assert bench("run", "--reader", "measurements", "--out", place / "runs", cwd=place).returncode == 0
    environment = {**os.environ, "PTBXL_DIR": "phantoms:1,66", "TMPDIR": str(temporary)}
    words = [sys.executable, "-c", WATCHED, "demo", "--no-browser", "--runs", str(place / "runs")]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place, env=environment
    )
    line = process.stdout.readline()
    yield re.search(r"http://\S+", line)[0]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    # 0 where the tests themselves run behind a shell's '&', which lets nobody be interrupted.
    assert process.returncode in {0, 130} and "Traceback" not in errors, errors
    assert "OUTSIDE" not in errors, errors
    assert not list(temporary.glob("ecg-*"))


@pytest.fixture
def page(browser, address):
    """The demo's page with its first ECG read; nothing that it asks for leaves this machine."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    opened = context.new_page()
    outside, alerts, faults = [], [], []
    own = (address.partition("//")[0] + "//" + address.split("/")[2], "data:", "blob:")
    opened.on("request", lambda request: None if request.url.startswith(own) else outside.append(request.url))
    opened.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(address)
    opened.wait_for_selector("#answers .axis", timeout=60_000)
    yield opened
    context.close()
    assert (outside, alerts, faults) == ([], [], [])


def upload(page, *paths, rate=None, unit=None):
    page.get_by_role("tab", name="Upload").click()
    if rate is not None:
        page.get_by_label("Sampling rate of a CSV file, Hz").fill(str(rate))
    if unit is not None:
        page.get_by_label("Its unit").click()
        page.get_by_role("option", name=unit).click()
    page.locator("input[type=file]").set_input_files([str(path) for path in paths])


def is_read(page, name):
    page.locator("#ecg h3", has_text=name).wait_for(timeout=30_000)
    page.wait_for_selector("#answers .axis", timeout=60_000)


def test_a_phantom_is_chosen_and_every_axis_has_its_probabilities_and_its_truth(page, population):
    record = population.cohort("test")[5]
    page.get_by_label("Record").fill(str(record.ecg_id))
    page.get_by_label("Record").press("Enter")
    page.get_by_role("button", name="Show this record").click()
    is_read(page, f"record {record.ecg_id}")
    axes = page.locator("#answers .axis")
    assert axes.count() == 8
    rhythm = axes.filter(has_text="rhythm")
    assert rhythm.locator(".chance").count() == 7
    truth = population.cohort("test").truth(record).values["rhythm"]
    assert f"truth: {truth}" in rhythm.inner_text()
    widths = rhythm.locator(".chance .track > span").first.evaluate("e => e.getBoundingClientRect().width")
    assert widths > 20
    assert page.locator("#ecg img").evaluate("e => e.naturalWidth") > 1500


def requested(address, fields):
    """Send what the page sends after an upload, and return what the server answers."""
    api, session = address + "gradio_api/queue/", uuid.uuid4().hex
    body = json.dumps({"data": fields, "fn_index": 2, "session_hash": session, "trigger_id": None}).encode()
    joining = urllib.request.Request(api + "join", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(joining, timeout=10).close()
    with urllib.request.urlopen(f"{api}data?session_hash={session}", timeout=10) as answers:
        lines = (json.loads(line[5:]) for line in answers if line.startswith(b"data:"))
        return next(one for one in lines if one["msg"] == "process_completed")


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("field", ["file", "rate"])
def test_a_request_can_name_no_file_that_was_not_uploaded(address, place, temporary, field, is_stream):
    named = place / "private.csv"
    named.write_text("I,II\n1,2\n")
    file = {"path": str(named), "is_stream": is_stream, "meta": {"_type": "gradio.FileData"}}
    fields = [[file], "", "mV", ""] if field == "file" else [[], file, "mV", ""]
    assert not requested(address, fields)["success"]
    assert named.read_text() == "I,II\n1,2\n" and not list(temporary.rglob("private.csv"))


def test_a_request_can_make_the_server_fetch_nothing(address):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(1)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/mine.csv"
        assert not requested(address, [[{"path": url, "meta": {"_type": "gradio.FileData"}}], "", "mV", ""])["success"]
        with pytest.raises(TimeoutError):
            listening.accept()


def test_another_reader_is_asked_about_the_same_ecg(page):
    page.get_by_label("Reader on this machine").click()
    page.get_by_role("option", name="measurements").click()
    page.locator("#answers", has_text="measurements, in").wait_for(timeout=30_000)
    assert page.get_by_role("button", name="Draw the map").is_disabled()


def test_a_black_box_is_explained_by_hiding_parts_of_the_ecg(page):
    page.get_by_label("Reader on this machine").click()
    page.get_by_role("option", name="digitizer").click()
    page.locator("#answers", has_text="digitizer, in").wait_for(timeout=30_000)
    assert page.get_by_role("button", name="Judge this method").is_disabled()
    page.get_by_role("button", name="Draw the map").click()
    page.wait_for_selector("#map table", timeout=180_000)
    said = page.locator("#map").inner_text()
    assert "black box" in said and "hiding what is loud" in said and "random weights" not in said


def test_a_map_is_drawn_with_what_may_be_believed_of_it(page):
    before = page.locator("#ecg img").get_attribute("src")
    page.get_by_role("button", name="Draw the map").click()
    page.wait_for_selector("#map table", timeout=60_000)
    assert page.locator("#ecg img").get_attribute("src") != before
    said = page.locator("#map").inner_text()
    assert "not judged" in said and "hiding what is loud" in said and "random weights" in said


def test_a_csv_file_is_read_without_a_truth_and_deleted(page, uploads, temporary):
    upload(page, uploads / "mine.csv", rate=500, unit="uV")
    is_read(page, "mine.csv")
    assert "truth:" not in page.locator("#answers").inner_text()
    assert [path for path in temporary.rglob("*") if path.is_file() and path.suffix == ".csv"] == []


def test_both_files_of_a_wfdb_record_are_read(page, uploads):
    upload(page, uploads / "rec.hea", uploads / "rec.dat")
    is_read(page, "rec.hea")


def test_a_page_is_digitized_and_read_by_the_reader_of_pages(page, uploads):
    upload(page, uploads / "page.png")
    is_read(page, "page.png")
    page.locator("#answers", has_text="digitizer, in").wait_for(timeout=60_000)
    assert "rows found" in page.locator("#ecg").inner_text()
    page.get_by_text("The page as it came").click()
    assert page.locator("#ecg img").last.evaluate("e => e.naturalWidth") > 500
    assert page.get_by_role("button", name="Draw the map").is_disabled()
    page.get_by_label("Reader on this machine").click()
    page.get_by_role("option", name="resnet1d").click()
    page.locator("#answers", has_text="resnet1d, in").wait_for(timeout=30_000)
    page.get_by_role("button", name="Draw the map").click()
    page.wait_for_selector("#map table", timeout=60_000)


def test_a_hostile_name_is_shown_as_text(page, uploads):
    upload(page, uploads / HOSTILE, rate=500, unit="uV")
    page.locator("#ecg h3", has_text="csv").wait_for(timeout=30_000)
    assert page.locator("#ecg h3 img").count() == 0
    time.sleep(0.5)  # a script that ran would have told the page's fixture by now


def test_fields_begin_empty_and_what_they_say_wrongly_is_a_sentence(page, uploads):
    page.get_by_role("tab", name="Upload").click()
    assert page.get_by_label("Sampling rate of a CSV file, Hz").input_value() == ""
    upload(page, uploads / "mine.csv", rate=-5, unit="uV")
    page.wait_for_selector("#failure .problem", timeout=30_000)
    assert "-5 Hz" in page.locator("#failure").inner_text()


def test_what_cannot_be_read_is_a_sentence_and_the_ecg_before_it_stays(page, uploads):
    upload(page, uploads / "bad.dcm")
    page.wait_for_selector("#failure .problem", timeout=30_000)
    said = page.locator("#failure").inner_text()
    assert said.startswith("bad.dcm") and "Traceback" not in said and "/tmp" not in said
    assert page.locator("#answers .axis").count() == 8
    page.locator("input[type=file]").wait_for(state="attached", timeout=10_000)
    upload(page, uploads / "mine.csv", rate=500, unit="uV")
    is_read(page, "mine.csv")
    assert page.locator("#failure").inner_text().strip() == ""


def test_a_file_that_is_too_large_is_refused_in_a_sentence(page, uploads):
    large = uploads / "large.csv"
    with large.open("wb") as out:
        out.truncate(33 * 1024 * 1024)
    upload(page, large)
    page.get_by_text("exceed the maximum allowed size of 32").first.wait_for(timeout=20_000)
    large.unlink()


def test_a_record_that_is_none_is_a_sentence(page):
    page.get_by_label("Record").fill("<b>no</b>")
    page.get_by_label("Record").press("Enter")
    page.get_by_role("button", name="Show this record").click()
    page.wait_for_selector("#failure .problem", timeout=20_000)
    assert "<b>no</b>" in page.locator("#failure").inner_text()


def test_danger_by_age_and_sex_stands_in_a_table_and_a_picture(page):
    danger = page.locator("#danger")
    assert danger.locator("tbody tr").count() == 7 and danger.locator("svg circle").count() == 7
    assert "few cases" in danger.inner_text() and "no result on patients" in danger.inner_text()


def test_it_says_what_it_is_not_for(page):
    assert "no medical device" in page.locator(".notice").inner_text()


@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(browser, axe, address, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#answers .axis", timeout=60_000)
    page.get_by_role("button", name="Draw the map").click()
    page.wait_for_selector("#map table", timeout=60_000)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    bad = [one for one in found if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in bad] == []
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"demo-{scheme}-{width}.png"), full_page=True)
    context.close()


def test_another_path_tells_nothing(browser, address):
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(address.rsplit("/", 2)[0] + "/config")
    assert answer.status == 403 and "bench demo" in page.inner_text("body")
    context.close()


def test_a_demo_that_is_told_to_end_leaves_nothing_behind(tmp_path):
    environment = {**os.environ, "PTBXL_DIR": "phantoms:1,66", "TMPDIR": str(tmp_path)}
    words = [sys.executable, "-m", "bench", "demo", "--no-browser"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment)
    assert "the demo is at" in process.stdout.readline() and list(tmp_path.glob("ecg-demo-*"))
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM and not list(tmp_path.glob("ecg-demo-*"))
