"""The whole judgement in one call: what it refuses, what it keeps, and how it goes on after a kill."""

import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from bench.explain.belief.belief import BeliefOptions, belief, truth_of
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.planted import Known
from bench.progress import Observer
from readers.majority import MajorityReader
from readers.torch_reader import TorchReader
from taxonomy.error import FileError, ReaderError, RunError, UnknownNameError
from tests.bench.explain.test_judging import Learned

OPTIONS = BeliefOptions(("saliency", "gradient_times_input"), ("rhythm=sinus",), each=3)


@pytest.fixture(scope="module")
def reader():
    with torch.random.fork_rng():
        member = Learned(0).eval()
    return TorchReader(member, {"rhythm": ("sinus", "paced")}, fs=100)


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort("test")


@pytest.fixture(scope="module")
def truth():
    one = Estimate(0.9, 0.8, 1.0, 40)
    return [Known(name, "ST shift", one, one, one, one, one) for name in OPTIONS.methods]


def without_time(found):
    return [replace(one, seconds=0.0) for one in found.figures]


def test_every_method_has_a_row_and_each_answer_its_figures(reader, cohort, truth):
    found = belief(reader, cohort, OPTIONS, truth)
    assert [row.method for row in found.rows] == list(OPTIONS.methods)
    assert all(set(row.truth) == {"ST shift"} for row in found.rows)
    assert len(found.figures) == 6
    assert found.to_json()["rows"][0]["clinical"]["verdict"]


def test_a_killed_call_goes_on_and_ends_as_one_that_was_not(reader, cohort, tmp_path):
    whole = belief(reader, cohort, OPTIONS, folder=tmp_path / "whole")
    path = tmp_path / "killed" / "figures.jsonl"
    path.parent.mkdir()
    lines = (tmp_path / "whole" / "figures.jsonl").read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:2]) + lines[2][:40])
    said = []
    again = belief(reader, cohort, OPTIONS, (), path.parent, Observer(say=said.append))
    assert "1 of 3 answers are already judged" in said
    assert without_time(again) == without_time(whole)
    assert again.figures[0] == whole.figures[0]
    assert len(path.read_text().splitlines()) == 4


SLOW = """
import sys, time
from dataclasses import replace
from pathlib import Path

import torch

from bench.dataset.phantom import Phantoms
from bench.explain.belief.belief import belief
from bench.explain.maps import method
from readers.torch_reader import TorchReader
from tests.bench.explain.test_belief import OPTIONS
from tests.bench.explain.test_judging import Learned


def slowed(explain):
    def slow(asked):
        time.sleep(0.3)
        return explain(asked)
    return slow


method.METHODS = tuple(replace(one, explain=slowed(one.explain)) for one in method.METHODS)
method.chosen.__defaults__ = (method.METHODS,)
reader = TorchReader(Learned(0).eval(), {"rhythm": ("sinus", "paced")}, fs=100)
belief(reader, Phantoms("1,66").cohort("test"), OPTIONS, folder=Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_what_a_killed_process_has_judged_is_kept_and_the_rest_is_as_if_it_had_not_been_killed(
    reader, cohort, tmp_path
):
    whole = belief(reader, cohort, OPTIONS, folder=tmp_path / "whole")
    path = tmp_path / "killed" / "figures.jsonl"
    path.parent.mkdir()
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(path.parent)])
    try:
        limit = time.monotonic() + 120
        while not (path.is_file() and path.read_bytes().count(b"\n") >= 2):
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()
    done = path.read_text().count("\n") - 1
    assert 1 <= done < 3
    said = []
    again = belief(reader, cohort, OPTIONS, (), path.parent, Observer(say=said.append))
    assert f"{done} of 3 answers are already judged" in said
    assert without_time(again) == without_time(whole)


def test_a_folder_of_other_figures_is_refused_and_kept(reader, cohort, tmp_path):
    belief(reader, cohort, OPTIONS, folder=tmp_path)
    before = (tmp_path / "figures.jsonl").read_text()
    with pytest.raises(RunError, match="holds figures of another reader, dataset or choice"):
        belief(reader, cohort, replace(OPTIONS, seed=1), folder=tmp_path)
    assert (tmp_path / "figures.jsonl").read_text() == before


def test_a_damaged_file_is_one_sentence(reader, cohort, tmp_path):
    belief(reader, cohort, OPTIONS, folder=tmp_path)
    path = tmp_path / "figures.jsonl"
    path.write_text(path.read_text().splitlines()[0] + '\n{"figures": [{"method": "saliency"}]}\n')
    with pytest.raises(FileError, match="holds no figures"):
        belief(reader, cohort, OPTIONS, folder=tmp_path)


def test_what_cannot_be_judged_is_one_sentence(reader, cohort):
    with pytest.raises(ReaderError, match="needs the gradients of a network"):
        belief(MajorityReader(), cohort, OPTIONS)
    with pytest.raises(ReaderError, match="black box: its weights cannot be drawn at random"):
        belief(MajorityReader(), cohort, replace(OPTIONS, methods=("occlusion_lead",)))
    with pytest.raises(UnknownNameError, match="Did you mean 'saliency'"):
        belief(reader, cohort, replace(OPTIONS, methods=("salience",)))
    with pytest.raises(UnknownNameError, match="'sinus'"):
        belief(reader, cohort, replace(OPTIONS, targets=("rhythm=sinuss",)))
    with pytest.raises(RunError, match="none of 66 recordings"):
        belief(reader, cohort, replace(OPTIONS, targets=("rhythm=paced",)))


@pytest.mark.slow
def test_known_truth_is_of_methods_and_has_them_all(population):
    found = truth_of(population, replace(OPTIONS, methods=("saliency",)))
    assert {one.kind for one in found} == {"late QRS", "ST shift", "absent P"}
    with pytest.raises(RunError, match="known truth needs 32 recordings"):
        truth_of(population, replace(OPTIONS, tracings=20))
