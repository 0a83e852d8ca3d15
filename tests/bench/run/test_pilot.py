"""What a run or an ablation would cost: estimated before anything is sent, and from the bills of a few cases."""

import itertools
import json
import re

import pytest

from ... import command
from ...loopback.server import Running, Server

KEY = "sk-test-abcdefgh12345678"
ASKED = ("--reader", "openai:gpt-5.4", "--px-per-mm", "3", "--sample", "20")


@pytest.fixture
def server():
    with Running(Server()) as running:
        yield running


def bench(server, *words, cwd):
    return command.bench(*words, cwd=cwd, OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY=KEY)


def dollars(line):
    """Return the dollars with short answers and at most that a line names."""
    short, most = re.search(r"([\d,.]+) with short answers, ([\d,.]+) at most", line).groups()
    return float(short.replace(",", "")), float(most.replace(",", ""))


@pytest.mark.slow
def test_a_dry_run_adds_up_what_every_condition_asks_and_costs(server, tmp_path):
    done = bench(server, "ablate", *ASKED, "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    apart, _, total = done.stdout.partition("in all: ")
    assert total.startswith("80 readings to ask in 4 runs\n")
    parts = [dollars(line) for line in apart.splitlines() if line.startswith("dollars")]
    (whole,) = [dollars(line) for line in total.splitlines() if line.startswith("dollars")]
    assert len(parts) == 4
    assert whole == pytest.approx([sum(part) for part in zip(*parts, strict=True)], abs=0.03)
    (sent,) = re.findall(r"input tokens   ([\d.]+) million \(estimated\)", total)
    assert float(sent) == pytest.approx(sum(map(float, re.findall(r"a case, ([\d.]+) million", apart))), abs=0.03)
    # 80 answers of 400 tokens without reasoning, or of the 8,192 that are allowed.
    assert "output tokens  0.03 million with short answers, 0.66 million at most" in total
    assert "how much the model thinks" in total
    assert not server.counts


@pytest.mark.slow
def test_the_total_of_batches_is_half_and_of_an_unpriced_model_unknown(server, tmp_path):
    (whole,) = re.findall(r"dollars .*", bench(server, "ablate", *ASKED, "--dry-run", cwd=tmp_path).stdout)[-1:]
    batch = bench(server, "ablate", *ASKED, "--dry-run", "--batch", cwd=tmp_path).stdout
    assert "at the price of a batch" in batch
    assert dollars(re.findall(r"dollars .*", batch)[-1])[0] == pytest.approx(dollars(whole)[0] / 2, abs=0.01)
    mystery = bench(server, "ablate", "--reader", "openai:mystery", "--sample", "5", "--dry-run", cwd=tmp_path).stdout
    assert "dollars        unknown" in mystery.partition("in all: ")[2]


def test_a_reader_on_this_machine_costs_nothing(server, tmp_path):
    done = bench(server, "ablate", "--reader", "majority", "--sample", "5", "--dry-run", cwd=tmp_path)
    assert "in all: " in done.stdout
    assert "dollars " not in done.stdout and "thinks" not in done.stdout


def price_said(done):
    """Return what the rest is said to cost, and the interval."""
    (said,) = re.findall(r"the rest costs ([\d.,]+) dollars, ([\d.,]+) to ([\d.,]+) with 95%", done.stdout)
    return [float(number.replace(",", "")) for number in said]


def thinking():
    """Return a script that bills answers as if the model had thought before each, now longer and now shorter."""
    thoughts = itertools.cycle((1000, 2500, 1500, 3000))

    def bill(whole):
        whole["usage"]["completion_tokens"] = next(thoughts)
        return whole

    return bill


def spent(folder):
    lines = [json.loads(line) for path in folder.glob("*/readings.jsonl") for line in path.read_text().splitlines()]
    return sum(line["reading"]["usage"]["cost"] for line in lines)


@pytest.mark.slow
def test_a_pilot_asks_a_few_cases_and_prices_the_rest_from_their_bills(server, tmp_path):
    server.script = thinking()
    done = bench(server, "run", *ASKED, "--pilot", "6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sum(server.counts.values()) == 6
    assert "6 of 6 answered; an answer has" in done.stdout
    assert "left to ask    14 readings" in done.stdout
    assert not list(tmp_path.glob("runs/*/score.json")), "it stops before the score"
    paid, (value, low, high) = spent(tmp_path / "runs"), price_said(done)
    assert f"paid so far    {paid:.2f} dollars" in done.stdout
    assert value == pytest.approx(14 * paid / 6, abs=0.006)
    assert low < value < high
    assert "out (1,000 to 3,000)" in done.stdout
    whole = bench(server, "run", *ASKED, cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    assert sum(server.counts.values()) == len(server.counts) == 20, "nothing is asked, or paid, twice"
    assert low - 0.005 <= spent(tmp_path / "runs") - paid <= high + 0.005
    again = bench(server, "run", *ASKED, "--pilot", "6", cwd=tmp_path)
    assert "the rest costs nothing: every reading is there" in again.stdout
    assert sum(server.counts.values()) == 20


@pytest.mark.slow
def test_the_pilot_of_an_ablation_asks_the_same_cases_under_every_condition(server, tmp_path):
    words = (*ASKED, "--image-ceiling", "")
    done = bench(server, "ablate", *words, "--pilot", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sum(server.counts.values()) == 20
    folders = [path.parent for path in tmp_path.glob("runs/*/readings.jsonl")]
    lines = [(path / "readings.jsonl").read_text().splitlines() for path in folders]
    asked = [{json.loads(line)["ecg_id"] for line in one} for one in lines]
    assert len(asked) == 4 and all(ids == asked[0] for ids in asked)
    assert "left to ask    60 readings" in done.stdout
    paid, (value, low, high) = spent(tmp_path / "runs"), price_said(done)
    whole = bench(server, "ablate", *words, cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    assert sum(server.counts.values()) == len(server.counts) == 80
    # This server bills every case alike, up to the letters of the numbers.
    assert spent(tmp_path / "runs") - paid == pytest.approx(value, rel=0.02)
    assert high - low < 0.1 * value


def test_a_larger_sample_pays_the_pilot_of_a_smaller_one_no_more(server, tmp_path):
    bench(server, "run", *ASKED, "--pilot", "6", cwd=tmp_path)
    bench(server, "run", *ASKED[:-1], "30", "--pilot", "6", cwd=tmp_path)
    assert sum(server.counts.values()) == 6


def test_a_pilot_keeps_to_the_budget_and_goes_on_with_a_higher_one(server, tmp_path):
    words = ("run", *ASKED, "--option", "max_tokens=400", "--concurrency", "1", "--pilot", "10")
    stopped = bench(server, *words, "--max-cost", "0.04", cwd=tmp_path)
    assert stopped.returncode == 2
    (sentence,) = [line for line in stopped.stderr.splitlines() if line.startswith("Error")]
    assert "stopped before exceeding --max-cost 0.04" in sentence
    asked = sum(server.counts.values())
    assert 0 < asked < 10 and spent(tmp_path / "runs") <= 0.04
    done = bench(server, *words, "--max-cost", "0.12", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sum(server.counts.values()) == 10
    assert "--max-cost 0.12 may not cover it" in done.stdout
    assert "may not cover" not in bench(server, *words, "--max-cost", "5", cwd=tmp_path).stdout


def test_the_budget_of_an_ablation_holds_for_the_pilots_of_all_its_conditions(server, tmp_path):
    words = ("ablate", *ASKED, "--option", "max_tokens=400", "--concurrency", "1", "--pilot", "10")
    stopped = bench(server, *words, "--max-cost", "0.15", cwd=tmp_path)
    assert stopped.returncode == 2
    assert 10 < sum(server.counts.values()) < 40
    assert spent(tmp_path / "runs") <= 0.15


@pytest.mark.slow
def test_the_pilot_of_a_batch_has_the_price_of_a_batch(server, tmp_path):
    whole = price_said(bench(server, "run", *ASKED, "--pilot", "4", cwd=tmp_path))
    batch = ("--batch", "--poll-seconds", "0.05", "--out", "batches")
    half = price_said(bench(server, "run", *ASKED, "--pilot", "4", *batch, cwd=tmp_path))
    assert half[0] == pytest.approx(whole[0] / 2, abs=0.01)
    done = bench(server, "run", *ASKED, *batch, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [len(batch["lines"]) for batch in server.batches.values()] == [4, 16]


def test_without_bills_there_is_no_price(server, tmp_path):
    unpriced = bench(server, "run", "--reader", "openai:mystery", *ASKED[2:], "--pilot", "3", cwd=tmp_path)
    assert unpriced.returncode == 0, unpriced.stderr
    assert "tokens in and 120 out (120 to 120)" in unpriced.stdout
    assert "the rest costs an unknown sum" in unpriced.stdout

    def free(whole):
        return {name: part for name, part in whole.items() if name != "usage"}

    server.script = free
    unbilled = bench(server, "run", *ASKED, "--pilot", "3", cwd=tmp_path)
    assert "3 of 3 answered; the server bills no tokens" in unbilled.stdout
    assert "the rest costs an unknown sum" in unbilled.stdout


def test_a_failed_call_has_no_bill_and_is_told(server, tmp_path):
    server.plan = lambda digest, times: "500" if len(server.counts) == 2 else ""
    once = ("--option", "attempts=1", "--concurrency", "1")
    done = bench(server, "run", *ASKED, *once, "--pilot", "5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 of 5 answered" in done.stdout
    assert "1 transport" in done.stderr
    assert price_said(done)[0] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dry-run", "--pilot", "10"), "--pilot asks a few cases for real, and --dry-run sends nothing"),
        (("--pilot", "1"), "--pilot takes a whole number from 2 up, not 1"),
        (("--pilot", "10", "--reader", "majority"), "--pilot is for readers behind an API, and 'majority' is none"),
    ],
)
@pytest.mark.parametrize("command_name", ["run", "ablate"])
def test_what_is_no_pilot_is_refused_in_one_sentence(server, tmp_path, command_name, words, said):
    asked = ASKED[4:] if "--reader" in words else ASKED
    done = bench(server, command_name, *asked, *words, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not server.counts
