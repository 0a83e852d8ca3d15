"""Failed calls: the commonest reasons with their counts, no secrets, and exit code 1 where nothing was answered."""

import re

import pytest

from bench.run.failed_call import check_any_answered, failed_share, failure_lines
from taxonomy.error import NothingAnswered
from taxonomy.reading import Failure, Reading
from taxonomy.secret import keep_secret

from ...command import bench
from . import counting_reader

HERE = counting_reader.__name__
ANSWER = Reading(values={"rate": "normal"})


def failed(kind, *reasons):
    return [Reading(error=Failure(kind, reason)) for reason in reasons]


def test_the_commonest_reasons_come_first_each_with_its_count():
    reasons = ["timeout"] * 4 + ["500"] * 6 + ["429"] * 2 + ["reset", "refused"]
    readings = [*failed("transport", *reasons), *failed("crash", "Traceback\n  ...\nValueError: no"), ANSWER]
    assert failure_lines(readings) == [
        "1 crash: ValueError: no",
        "14 transport: 500 (6 of them), timeout (4 of them), 429 (2 of them), and 2 other reasons",
    ]
    assert failed_share(readings).startswith("15 of 16 calls failed (1 crash: ValueError: no; 14 transport: 500 (6")
    assert failed_share([ANSWER]) == ""


def test_a_key_that_a_server_echoes_is_not_told():
    keep_secret("sk-echoed-key-77")
    (line,) = failure_lines(failed("transport", "401 for sk-echoed-key-77"))
    assert line == "1 transport: 401 for [secret]"


def test_nothing_answered_is_an_error_of_its_own():
    with pytest.raises(NothingAnswered, match=r"every call failed \(2 transport: gone\): nothing was answered"):
        check_any_answered(failed("transport", "gone", "gone"))
    check_any_answered([*failed("transport", "gone"), ANSWER])
    check_any_answered([])


AWAY = ("--reader", f"{HERE}:Away", "--sample", "3")
PARTLY = ("--reader", f"{HERE}:Moody", "--sample", "4")


@pytest.mark.parametrize(
    "words",
    [
        ("run", *AWAY),
        ("ablate", *AWAY, "--image-ceiling", ""),
        ("contamination", *AWAY, "--only-copies"),
        ("probe", "--reader", f"{HERE}:Away", "--sample", "1", "--change", "pr"),
        pytest.param(
            ("explain", "--reader", f"{HERE}:Away", "--target", "rate=normal", "--each", "2", "--max-queries", "120"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda words: words[0],
)
def test_exit_code_1_where_nothing_was_answered(words, tmp_path):
    done = bench(*words, cwd=tmp_path, COUNT_IN=str(tmp_path / "asked"))
    assert done.returncode == 1, done.stderr
    assert re.search(r"transport: no [\w ]+ \(\d+ of them\), no [\w ]+ \(\d+ of them\)", done.stderr)
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "exit code 1 where" in " ".join(bench(words[0], "--help", cwd=tmp_path).stdout.split()).lower()


def test_a_retry_that_gets_no_answer_either_ends_with_1(tmp_path):
    env = {"COUNT_IN": str(tmp_path / "asked")}
    assert bench("run", *AWAY, cwd=tmp_path, **env).returncode == 1
    (manifest,) = tmp_path.glob("runs/*/manifest.json")
    done = bench("retry", manifest.parent, "--reader", f"{HERE}:Away", cwd=tmp_path, **env)
    assert done.returncode == 1
    assert "every call failed (3 transport" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", *PARTLY), r"'bench retry runs/\S+' asks the failed calls again"),
        (
            ("ablate", *PARTLY, "--image-ceiling", ""),
            r"full: 2 of 4 calls failed \(2 transport: no route to host\); 'bench retry runs/\S+' asks them again",
        ),
        (("contamination", *PARTLY, "--only-copies"), r"2 of 4 calls failed \(.*\); 'bench retry runs/\S+' asks them"),
        (
            ("probe", "--reader", f"{HERE}:Moody", "--sample", "4", "--change", "pr", "--change", "rate"),
            r"\d+ of \d+ calls failed \(\d+ transport: no route to host\): the same command asks them again",
        ),
    ],
    ids=lambda part: part[0] if isinstance(part, tuple) else "",
)
def test_partly_failed_is_exit_code_0_and_says_what_asks_again(words, said, tmp_path):
    env = {"COUNT_IN": str(tmp_path / "asked")}
    done = bench(*words, cwd=tmp_path, **env)
    assert done.returncode == 0, done.stderr
    assert re.search(said, done.stdout + done.stderr), done.stderr
