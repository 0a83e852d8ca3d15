"""What a run or an ablation would cost: estimated before anything is sent, and from the bills of a few cases."""

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
