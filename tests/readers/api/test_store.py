"""Paid answers survive damage, and several processes ask for each only once."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from readers.api import store as store_module
from readers.api.price import Tokens
from readers.api.response import Response
from readers.api.salvage import whole_answers
from readers.api.store import ResponseStore
from readers.session import Session


def response(number, length=600):
    return Response(f'{{"rate": "normal"}} "é\\ {number}' + "x" * length, "end", Tokens(100, number), "m", 1.5, "run")


def key(number):
    return f"{number:040x}"


def filled(folder, count=400, length=600):
    store = ResponseStore(folder)
    for number in range(count):
        store.put(key(number), response(number, length))
    store.close()
    return folder / "responses.sqlite"


def kept(folder, count=400, length=600):
    """Return how many of the answers are there, each of them as it was."""
    said = []
    store = ResponseStore(folder, said.append)
    found = [(number, answer) for number in range(count) if (answer := store.get(key(number)))]
    assert all(answer == response(number, length) for number, answer in found)
    store.close()
    return len(found), said


def test_a_store_gives_back_what_it_took(tmp_path):
    filled(tmp_path)
    assert kept(tmp_path) == (400, [])
    assert not list(tmp_path.glob("*damaged*"))


@pytest.mark.parametrize(
    "row",
    ["{", "[" * 100_000, "null", '{"text": 3}', '{"text": "", "stop": "end", "tokens": {"input": "x"}}', 3, b"\xff"],
)
def test_a_damaged_row_is_set_aside_said_and_asked_again(tmp_path, row):
    path = filled(tmp_path, 3)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE response SET answer = ? WHERE key = ?", (row, key(1)))
    found, said = kept(tmp_path, 3)
    assert found == 2
    assert len(said) == 1
    assert f"the kept answer {key(1)}" in said[0]
    assert "set aside" in said[0]
    with sqlite3.connect(path) as file:
        (aside,) = file.execute("SELECT key FROM damaged").fetchall()
    assert aside == (key(1),)
    assert kept(tmp_path, 3) == (2, [])


@pytest.mark.slow
@pytest.mark.parametrize("page", ["header", "first", "middle", "last", "several", "all but the last half"])
@pytest.mark.parametrize("length", [600, 9000])
def test_damaged_pages_cost_only_what_stood_in_them(tmp_path, page, length):
    path = filled(tmp_path, length=length)
    data, size = bytearray(path.read_bytes()), 4096
    pages = len(data) // size
    hit = {
        "header": [0], "first": [1], "middle": [pages // 2], "last": [pages - 1],
        "several": range(3, pages, 7), "all but the last half": range(pages // 2),
    }[page]  # fmt: skip
    chance = random.Random(page)
    for number in hit:
        data[number * size : (number + 1) * size] = chance.randbytes(size)
    path.write_bytes(data)
    found, said = kept(tmp_path, length=length)
    # Rows of 600 lie five to a page; of 9000, four begin in a page, and each goes on in two pages of its own.
    least = {"header": 400, "first": 395, "several": 209, "all but the last half": 190}.get(page, 395)
    assert least <= found < 400 or page in {"header", "first"}
    assert any("answers that are whole in it are taken over" in line for line in said)
    (aside,) = tmp_path.glob("responses.damaged-*.sqlite")
    assert aside.read_bytes()[-size:] == bytes(data[-size:])
    assert kept(tmp_path, length=length) == (found, [])


def test_a_file_that_is_no_store_is_set_aside(tmp_path):
    (tmp_path / "responses.sqlite").write_bytes(b"no database at all" * 100)
    found, said = kept(tmp_path)
    assert found == 0
    assert "was damaged" in said[0]
    assert (tmp_path / "responses.damaged-1.sqlite").read_bytes() == b"no database at all" * 100


def test_a_kill_while_a_damaged_store_is_salvaged_loses_nothing(tmp_path):
    path = filled(tmp_path)
    path.rename(tmp_path / "responses.salvage.sqlite")
    found, said = kept(tmp_path)
    assert found == 400
    assert len(said) == 1


def test_a_store_that_is_damaged_while_two_have_it_open_keeps_what_both_put(tmp_path):
    path = filled(tmp_path)
    one, two = ResponseStore(tmp_path), ResponseStore(tmp_path)
    data = bytearray(path.read_bytes())
    data[3 * 4096 : -4096] = bytes(len(data) - 4 * 4096)
    path.write_bytes(data)
    for number in range(1000, 1200):
        (one, two)[number % 2].put(key(number), response(number))
        assert one.get(key(number)) == two.get(key(number)) == response(number)
    one.close()
    two.close()
    again = ResponseStore(tmp_path)
    assert all(again.get(key(number)) == response(number) for number in range(1000, 1200))
    again.close()


def test_what_stands_only_in_the_log_is_whole_too(tmp_path):
    store = ResponseStore(tmp_path / "a")
    store.put(key(1), response(1))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    copy = tmp_path / "b" / "responses.sqlite"
    assert copy.with_name("responses.sqlite-wal").stat().st_size > 0
    copy.write_bytes(b"x" * 4096)
    assert list(whole_answers(copy)) == [key(1)]
    store.close()


def test_a_claim_is_one_runs_until_it_is_given_up(tmp_path):
    one, two = ResponseStore(tmp_path), ResponseStore(tmp_path)
    assert one.claim(key(1))
    assert not two.claim(key(1))
    assert two.claim(key(2))
    one.release(key(1))
    assert two.claim(key(1))
    two.close()
    assert one.claim(key(1))
    one.close()


def test_a_claim_lapses_unless_it_is_renewed(tmp_path, monkeypatch):
    one, two = ResponseStore(tmp_path), ResponseStore(tmp_path)
    assert one.claim(key(1))
    now = time.time()
    monkeypatch.setattr(store_module.time, "time", lambda: now + 50)
    one.renew()
    monkeypatch.setattr(store_module.time, "time", lambda: now + 100)
    assert not two.claim(key(1))
    monkeypatch.setattr(store_module.time, "time", lambda: now + 200)
    assert two.claim(key(1))
    one.close()
    two.close()


def test_the_claim_of_a_process_that_was_killed_lapses_at_once(tmp_path):
    claiming = "import os, sys, pathlib; from readers.api.store import ResponseStore as S; "
    claiming += f"assert S(pathlib.Path(sys.argv[1])).claim({key(1)!r}); os.kill(os.getpid(), 9)"
    done = subprocess.run([sys.executable, "-c", claiming, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    store = ResponseStore(tmp_path)
    assert store.claim(key(1))
    store.close()


ASKING = """
import pathlib, sys
from readers.api.openai import OpenAIReader
from readers.contract import Case, Prompt
from readers.session import Session
folder, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
cases = [Case(f"c{n}", prompt=Prompt(f"number {n}. Vent. rate {40 + n} BPM")) for n in range(first, first + count)]
session = Session(pathlib.Path(folder), run_id=f"run{first}", concurrency=4)
reader = OpenAIReader("gpt-5.4", attempts="2", timeout="30").within(session)
print("ready", flush=True)
print(*(reading.values.get("rate") for reading in reader.read(cases)), flush=True)
"""


def asking(folder, first, count):
    words = [sys.executable, "-c", ASKING, str(folder), str(first), str(count)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def named(first, count):
    rates = range(40 + first, 40 + first + count)
    return ["bradycardia" if rate < 60 else "tachycardia" if rate > 100 else "normal" for rate in rates]


@pytest.mark.slow
def test_eight_processes_with_overlapping_cases_ask_each_once(server, tmp_path):
    server.latency = 0.3
    processes = {first: asking(tmp_path, first, 20) for first in range(8)}
    for first, process in processes.items():
        out, _ = process.communicate(timeout=120)
        assert out.splitlines()[1].split() == named(first, 20)
    assert sum(server.counts.values()) == len(server.counts) == 27


@pytest.mark.slow
def test_a_process_that_is_killed_blocks_no_other(server, tmp_path):
    server.latency = 1.0
    killed = asking(tmp_path, 0, 20)
    until = time.monotonic() + 60
    while sum(server.counts.values()) < 4 and time.monotonic() < until:
        time.sleep(0.02)
    other = asking(tmp_path, 0, 20)
    time.sleep(0.5)
    killed.kill()
    killed.wait()
    killed.stdout.close()
    server.latency = 0.0
    begun = time.monotonic()
    out, _ = other.communicate(timeout=120)
    assert out.splitlines()[1].split() == named(0, 20)
    assert time.monotonic() - begun < 20
    assert sum(server.counts.values()) <= 24


def test_no_row_holds_a_key_that_a_server_echoes(server, make, cases, tmp_path):
    from .conftest import KEY

    def echo(whole):
        return json.loads(json.dumps(whole).replace("as told", f"the key is {KEY} and ends in {KEY[-8:]}"))

    server.script = echo
    readings = list(make().within(Session(tmp_path, concurrency=1)).read(cases[:2]))
    assert all(reading.outcome == "answered" for reading in readings)
    assert all("the key is [secret] and ends in [secret]" in reading.raw for reading in readings)
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"[secret]" in data
    assert KEY[-8:].encode() not in data
