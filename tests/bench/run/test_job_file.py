"""``bench job``: several runs of one TOML file; wrong files, the runs that it makes, failures, and kills."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.run.job_file import read_job_file
from bench.run.several import SeveralRuns

from ...command import bench, is_one_sentence
from . import counting_reader

HERE = counting_reader.__name__
ROOT = Path(__file__).parents[3]


def written(tmp_path, text):
    path = tmp_path / "job.toml"
    path.write_text(text)
    return path


def job(text, cwd, *words, **env):
    return bench("job", written(cwd, text).name, *words, cwd=cwd, COUNT_IN=str(cwd / "asked"), **env)


def asked(cwd):
    path = cwd / "asked"
    return path.read_text().split() if path.exists() else []


PRODUCT = f"""
[common]
sample = 4

[product]
readers = ["majority", "{HERE}:Pictured", {{ name = "resnet1d" }}]
conditions = ["full", "text-only"]
renderers = ["printed", "stacked"]

[[run]]
reader = "{HERE}:Counting"
split = "val"
sample = 3
"""


def test_a_product_and_runs_of_their_own(tmp_path):
    done = job(PRODUCT, tmp_path)
    assert done.returncode == 0, done.stderr
    # majority (full, text-only), pictured (two pages, and text-only once), resnet1d (full), counting
    assert "7 runs, 27 calls, 27 of them still to make\n" in done.stdout
    assert "left out, for nothing would be shown: resnet1d, text-only\n" in done.stderr
    assert "asked once: 4 of the combinations show a reader just what another one does\n" in done.stderr
    assert done.stderr.count("Partial: 4 of the split's") == 1
    assert re.search(r"^run 7 of 7: .*:Counting on phantoms-1-66, val", done.stderr, re.MULTILINE)
    assert len(asked(tmp_path)) == 4 * 3 + 3
    rows = re.findall(r"^ +\d  .*", done.stdout, re.MULTILINE)
    assert len(rows) == 7
    assert len(list(tmp_path.glob("runs/*/report.md"))) == 7
    again = job(PRODUCT, tmp_path)
    assert again.returncode == 0
    assert "7 runs, 27 calls, 0 of them still to make\n" in again.stdout
    assert len(asked(tmp_path)) == 15


def test_a_run_of_a_job_is_the_one_that_bench_run_makes(tmp_path):
    table = """
    [common]
    data = "phantoms:1,66"
    ids = [3, 5, 8]
    seed = 2
    px_per_mm = 3
    [product]
    readers = [{ name = "digitizer" }]
    renderers = ["stacked"]
    [[run]]
    reader = "majority"
    repeats = 2
    condition = "text-only"
    """
    assert job(table, tmp_path).returncode == 0
    own = {path.name: json.loads((path / "manifest.json").read_text())["settings"] for path in tmp_path.glob("runs/*")}
    common = ("--data", "phantoms:1,66", "--ids", "3,5,8", "--seed", "2", "--out", "alone")
    drawn = ("--px-per-mm", "3", "--renderer", "stacked")
    assert bench("run", "--reader", "digitizer", *drawn, *common, cwd=tmp_path).returncode == 0
    recited = ("--repeats", "2", "--condition", "text-only")
    assert bench("run", "--reader", "majority", *recited, *common, cwd=tmp_path).returncode == 0
    assert {
        path.name: json.loads((path / "manifest.json").read_text())["settings"] for path in tmp_path.glob("alone/*")
    } == own


def test_options_of_a_reader_are_written_as_on_the_command_line(tmp_path):
    text = """
    [product]
    readers = [{ name = "openai:gpt-5.4", option = { max-tokens = 900, temperature = 0.5, extra = { a = [1] } } }]
    """
    (run,) = read_job_file(written(tmp_path, text)).runs
    assert run.options.options == {"max_tokens": "900", "temperature": "0.5", "extra": '{"a": [1]}'}


def test_a_home_folder_is_written_out_as_a_shell_does(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    text = '[common]\ndata = "wfdb:~/mine"\nout = "~/runs"\n[[run]]\nreader = "majority"'
    (run,) = read_job_file(written(tmp_path, text)).runs
    assert run.options.selection.data == "wfdb:/home/somebody/mine"
    assert run.options.out == Path("/home/somebody/runs")


@pytest.mark.parametrize(
    ("common", "own", "chosen"),
    [
        ("ids = [1, 2]", "split = 'val'", ("val", None)),
        ("split = 'val'", "ids = '3'", ("test", "3")),
        ("split = 'val'", "", ("val", None)),
        ("", "ids = ['a', 'b']", ("test", "a,b")),
    ],
)
def test_the_records_of_a_runs_own_table_replace_the_common_ones(tmp_path, common, own, chosen):
    (run,) = read_job_file(written(tmp_path, f"[common]\n{common}\n[[run]]\nreader = 'majority'\n{own}")).runs
    assert (run.options.selection.split, run.options.selection.ids) == chosen


RUN = '[[run]]\nreader = "majority"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "job.toml holds no run: [product] names readers, or [[run]] one run"),
        ("[common\n", "job job.toml cannot be read: Expected ']' at the end of a table declaration (at line 1"),
        ("reader = 'majority'", "job.toml: unknown table 'reader': choose from common, product, run"),
        ("[run]\nreader = 'majority'", "job.toml: a run is a table of its own: write [[run]], not [run]"),
        (f"[common]\nsampel = 3\n{RUN}", "job.toml, [common]: unknown key 'sampel': choose from"),
        (f"[common]\nsample = 0\n{RUN}", "job.toml, [common]: key sample must be"),
        (f"[common]\nsample = '3'\n{RUN}", "job.toml, [common]: key sample must be a whole number"),
        (f"[common]\nids = '1'\nsplit = 'val'\n{RUN}", "job.toml, [common]: ids and split both choose the records"),
        ("common = 3", "job.toml, [common]: it is no table of keys and values"),
        (f"{RUN}split = 'tset'", "job.toml, [[run]] 1, reader majority: unknown split 'tset'"),
        (f"{RUN}{RUN}renderer = 'paper'", "job.toml, [[run]] 2: unknown renderer 'paper'"),
        ("[[run]]\nrenderer = 'printed'", "job.toml, [[run]] 1: no reader is named: reader = NAME"),
        ("[[run]]\nreader = 'majorty'", "job.toml, [[run]] 1, reader majorty: unknown reader 'majorty'"),
        (f"{RUN}px_per_mm = 3", "job.toml, [[run]] 1, reader majority: --px-per-mm decides nothing here"),
        (
            "[[run]]\nreader = 'resnet1d'\ncondition = 'text-only'",
            "reader resnet1d: condition 'text-only' shows no trace",
        ),
        ("[product]\nreaders = []", "job.toml, [product]: readers is an empty list: name one, or leave it out"),
        ("[product]\nconditions = ['full']", "job.toml, [product]: no readers are named"),
        ("[product]\nreaders = 'majority'", "job.toml, [product]: readers must be a list, not 'majority'"),
        ("[product]\nreaders = [3]", "job.toml, [product], reader 1: it is no table of keys and values"),
        ("[product]\nreaders = [{ nam = 'x' }]", "job.toml, [product], reader 1: unknown key 'nam'"),
        ("[product]\nreaders = ['majority', 'majority']", "job.toml, [product]: readers names 'majority' twice"),
        ("[product]\nreaders = ['majority']\nconditions = ['ful']", "job.toml, [product]: unknown condition 'ful'"),
        ("[product]\nreaders = ['resnet1d']\nconditions = ['text-only']", "job.toml: no run is left: every condition"),
        (
            "[common]\nrenderer = 'clean'\n[product]\nreaders = ['digitizer']\nrenderers = ['printed']",
            "job.toml, [product]: renderers stands here and renderer in [common]: name one of them",
        ),
        (f"[common]\nmax_cost = 3\n{RUN}", "job.toml, [common]: --max-cost is for readers behind an API"),
        (f"[common]\ndata = 'nowhere'\n{RUN}", "job.toml, [[run]] 1, reader majority: "),
        (
            "[common]\nprices = 'none.json'\n[product]\nreaders = ['openai:gpt-5.4']",
            "job.toml, [product], reader openai:gpt-5.4: the price table none.json cannot be read",
        ),
        (f"[common]\ndanger = 'none.json'\n{RUN}", "job.toml: danger table none.json cannot be read"),
    ],
)
def test_a_wrong_file_is_one_sentence_before_anything_is_asked(tmp_path, text, said):
    done = job(text, tmp_path)
    assert is_one_sentence(done, said), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["job.toml"]


DEEP = "[common]\na = " + "{a = " * 900 + "1" + "}" * 900


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"[common]\ndata = 2020-01-01\n{RUN}", "data is a date or a time, and no setting is one: write '2020-01-01'"),
        (f"{RUN}option = {{ weights = 10:00:00 }}", "weights is a date or a time"),
        (f'[common]\nout = "a\\u0000b"\n{RUN}', "out holds the control character '\\x00': leave it out"),
        (f'[common]\ndata = "\\u001b[2Jx"\n{RUN}', "data holds the control character '\\x1b': leave it out"),
        ('[[run]]\nreader = "a\\u202eb"', "reader holds the control character '\\u202e': leave it out"),
        ('"\\u001b]0;x\\u0007" = 1', "a table holds the control character '\\x1b': leave it out"),
        ("a = " + "[" * 5000 + "]" * 5000, "its tables and lists are more than 16 within one another"),
        (DEEP, "its tables and lists are more than 16 within one another"),
        ("a" + ".a" * 3000 + " = 1", "its tables and lists are more than 16 within one another"),
        ("#" * 2_000_000, "it is larger than 1,024 KiB"),
        (f"{RUN}seed = 1\n" * 1001, "job.toml holds 1,001 runs, and a job is 1,000 at most"),
        (
            f"[product]\nreaders = {['r'] * 400}\nconditions = {['c'] * 25}\nrenderers = {['p'] * 10}",
            "job.toml holds 100,000 runs, and a job is 1,000 at most: write it as several files",
        ),
    ],
    ids=lambda value: value[:20],
)
def test_a_hostile_file_is_one_sentence_at_once(tmp_path, text, said):
    begun = time.monotonic()
    done = job(text, tmp_path)
    assert is_one_sentence(done, said), done.stderr[-500:]
    assert time.monotonic() - begun < 3
    assert done.stderr.rstrip("\n").isprintable()


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path):
    assert len(read_job_file(written(tmp_path, f"\ufeff{RUN}")).runs) == 1


def test_a_report_that_cannot_be_written_stops_no_other_run(tmp_path):
    text = "[common]\nsample = 3\n[product]\nreaders = ['majority']\nconditions = ['full', 'text-only']"
    assert job(text, tmp_path).returncode == 0
    (report,) = tmp_path.glob("runs/*-sample3-????????/report.md")
    report.unlink()
    report.mkdir()
    done = job(text, tmp_path)
    assert done.returncode == 1
    assert re.search(r"^not finished: .*report\.md cannot be written: ", done.stderr, re.MULTILINE)
    assert re.search(r"^ +1  majority .* not finished", done.stdout, re.MULTILINE)
    assert re.search(r"^ +2  majority .* 3  ", done.stdout, re.MULTILINE)


def test_what_a_server_says_is_nothing_that_a_terminal_obeys(tmp_path):
    text = f"[common]\nsample = 2\n[product]\nreaders = ['{HERE}:Hostile']\nconditions = ['full', 'text-only']"
    done = job(text, tmp_path)
    assert done.returncode == 1
    assert "(2 transport: no \\x1b]0;mine\\x07 route)" in done.stdout
    assert "the server says \\x1b[2J: 'bench readers'" in done.stdout
    alone = bench("run", "--reader", f"{HERE}:Hostile", "--sample", "2", "--out", "alone", cwd=tmp_path)
    stopped = bench("run", "--reader", f"{HERE}:Hostile", "--condition", "text-only", "--out", "alone", cwd=tmp_path)
    assert (alone.returncode, stopped.returncode) == (1, 2)
    said = "".join((done.stdout, done.stderr, alone.stdout, alone.stderr, stopped.stderr))
    assert "\x1b" not in said and "\x07" not in said


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    assert is_one_sentence(bench("job", "none.toml", cwd=tmp_path), "job none.toml cannot be read: No such file")


def test_a_wrong_run_stops_those_before_it(tmp_path):
    done = job(f"[[run]]\nreader = '{HERE}:Counting'\nsample = 2\n[[run]]\nreader = 'nobody'", tmp_path)
    assert is_one_sentence(done, "[[run]] 2, reader nobody: unknown reader 'nobody'"), done.stderr
    assert not asked(tmp_path)


FAILING = f"""
[common]
sample = 3
[product]
readers = ["{HERE}:Keyless", "{HERE}:Counting", "{HERE}:Away"]
"""


def test_a_run_that_fails_stops_no_other_and_the_end_tells(tmp_path):
    done = job(FAILING, tmp_path)
    assert done.returncode == 1
    assert len(asked(tmp_path)) == 3
    assert re.search(r"^run 1, .*: no key: set NO_SUCH_KEY$", done.stdout, re.MULTILINE)
    why = r"every call failed \(3 transport: no route to host \(2 of them\), no name \(1 of them\)\)"
    assert re.search(
        rf"^run 3, .*: {why}: nothing was answered; 'bench retry runs/.*' asks them", done.stdout, re.MULTILINE
    )
    said = "Error: of 3 runs, 1 without any answer and 1 not finished, with which the same command goes on"
    assert done.stderr.splitlines()[-1].startswith(said)
    assert "not finished" in done.stdout
    again = job(FAILING, tmp_path)
    assert again.returncode == 1
    assert len(asked(tmp_path)) == 3


@pytest.mark.slow
def test_the_table_fits_eighty_columns(tmp_path):
    table = "run " + job(PRODUCT, tmp_path).stdout.partition("\nrun ")[2]
    assert max(map(len, (line.rstrip() for line in table.splitlines()))) <= 80


def test_a_dry_run_says_what_each_run_asks_and_writes_nothing(tmp_path):
    product = 'readers = ["openai:gpt-5.4", "resnet1d"]\nrenderers = ["printed", "clean"]'
    text = f"[common]\nsample = 5\nmax_cost = 1\n[product]\n{product}"
    done = job(text, tmp_path, "--dry-run", OPENAI_API_KEY="")
    assert done.returncode == 0, done.stderr
    assert "3 runs, 15 calls, 15 of them still to make\n" in done.stdout
    assert "run 2 of 3: openai:gpt-5.4 on phantoms-1-66, test-sample5, clean\n5 of 5 readings to ask" in done.stdout
    assert "in all: 15 readings to ask in 3 runs\n" in done.stdout
    assert "dollars  " in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["job.toml"]


def test_dollars_are_limited_over_all_runs(tmp_path):
    text = '[common]\nmax_cost = 3.0\nsample = 2\n[product]\nreaders = ["openai:gpt-5.4", "majority"]'
    runs = SeveralRuns.opened(read_job_file(written(tmp_path, text)))
    paid, free = runs.parts
    assert paid.options.limits.max_cost == 3.0
    assert free.options.limits.max_cost is None


def started(cwd, slowly="0.05"):
    env = {
        **os.environ,
        "PTBXL_DIR": "phantoms:1,66",
        "PYTHONPATH": str(ROOT),
        "COUNT_IN": str(cwd / "asked"),
        "COUNT_SLOWLY": slowly,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "bench", "job", "job.toml"],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.slow
@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_after_a_kill_at_any_point_the_same_command_goes_on_with_nothing_asked_twice(tmp_path, ends):
    text = f"""
    [common]
    sample = 12
    [product]
    readers = ["{HERE}:Counting", "{HERE}:Pictured"]
    conditions = ["full", "image-only"]
    """
    written(tmp_path, text)
    for enough in (5, 17, 40):
        process = started(tmp_path)
        until = time.monotonic() + 60
        while len(asked(tmp_path)) < enough and process.poll() is None:
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.02)
        process.send_signal(ends)
        _, said = process.communicate(timeout=60)
        if ends is signal.SIGINT and process.returncode != 0:
            assert process.returncode == 130
            assert "Stopped. What was finished is kept; the same command resumes." in said
    done = started(tmp_path, slowly="0")
    out, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    assert "4 runs, 48 calls, " in out
    # A kill between an answer and the line that keeps it costs that one answer, and no more than one for each kill.
    assert 48 <= len(asked(tmp_path)) <= 48 + 3
    lines = sum(len(path.read_text().splitlines()) for path in tmp_path.glob("runs/*/readings.jsonl"))
    assert lines == 48
