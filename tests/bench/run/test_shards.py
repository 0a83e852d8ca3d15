"""Runs in shards: one run, a file for each shard, read together; no question twice, whatever their order."""

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from bench.cli.run import shard_done
from bench.dataset import Selection
from bench.progress import SILENT
from bench.run.cost_share import counted
from bench.run.folder import RunFolder
from bench.run.job import prepared, run_job, run_readings
from bench.run.options import Limits, RunOptions
from bench.run.shard import Shard, own_device, shard_named
from bench.run.sharded import Missing, is_scored, missing, run_shard, score_all
from bench.storage import held
from bench.view import QuestionKey
from taxonomy.error import RunError, SettingError, StorageError

from ...command import bench, is_one_sentence

HERE = Path(__file__).parent
RUN = ("run", "--reader", "measurements", "--sample", 12)
TORCHRUN = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1"}


def job_of(out, shard=None, **changed):
    options = RunOptions("measurements", selection=Selection("phantoms:1,66", limit=12), out=out, shard=shard)
    return prepared(replace(options, **changed))


def folder_in(out):
    (folder,) = [path for path in out.iterdir() if (path / "manifest.json").is_file()]
    return folder


def lines(folder):
    return sorted(line for path in folder.glob("readings*.jsonl") for line in path.read_text().splitlines())


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The run by one process."""
    out = tmp_path_factory.mktemp("alone")
    run_job(job_of(out))
    return folder_in(out)


@pytest.fixture
def half(tmp_path):
    """A run of which one of two shards is done."""
    run_shard(job_of(tmp_path, Shard(0, 2)))
    return folder_in(tmp_path)


@pytest.mark.slow
def test_shards_in_any_order_end_with_the_readings_and_the_score_of_one_process(alone, tmp_path):
    first = bench(*RUN, "--shard", "2/3", cwd=tmp_path)
    assert first.returncode == 0 and "shard 2/3 is done; 8 readings are missing" in first.stdout
    folder = folder_in(tmp_path / "runs")
    assert folder.name == alone.name and not (folder / "score.json").exists()
    second = bench(*RUN, "--shard", "0/3", cwd=tmp_path)
    assert "4 readings are missing: of shard 1/3 (4)" in second.stdout
    last = bench(*RUN, "--shard", "1/3", cwd=tmp_path)
    assert last.returncode == 0 and "report: " in last.stdout
    assert sorted(path.name for path in folder.glob("readings*")) == [f"readings-{i}.jsonl" for i in range(3)]
    assert lines(folder) == lines(alone)
    assert (folder / "score.json").read_bytes() == (alone / "score.json").read_bytes()


@pytest.mark.slow
def test_a_score_before_the_last_shard_says_which_are_missing(half, tmp_path):
    told = bench("score", half, "--data", "phantoms:1,66", cwd=tmp_path)
    assert told.returncode == 0
    said = "Incomplete: 6 of 12 questions have a reading"
    assert said in told.stderr
    assert said in (half / "report.md").read_text()
    assert "6 readings are missing: of shard 1/2 (6)" in told.stderr


def test_another_number_of_shards_or_none_asks_only_what_is_left(half, alone, tmp_path):
    for index in range(3):
        run_shard(job_of(tmp_path, Shard(index, 5)))
    assert len(lines(half)) == len({json.loads(line)["ecg_id"] for line in lines(half)}) < 12
    score = run_job(job_of(tmp_path))
    assert score.n == 12 and lines(half) == lines(alone)


def test_a_torn_line_of_a_killed_shard_is_asked_again(half, alone, tmp_path):
    path = half / "readings-0.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert missing([job_of(tmp_path, Shard(1, 2))]).by_shard == {0: 1, 1: 6}
    assert run_shard(job_of(tmp_path, Shard(1, 2))) is None
    assert run_shard(job_of(tmp_path, Shard(0, 2))).n == 12
    assert lines(half) == lines(alone)


def test_a_shard_takes_every_nth_record_with_its_repeats(tmp_path):
    every = job_of(tmp_path, repeats=2).questions
    parts = [job_of(tmp_path, Shard(index, 5), repeats=2).questions for index in range(5)]
    assert [len(part) for part in parts] == [6, 6, 4, 4, 4]
    assert sorted(str(one.key) for part in parts for one in part) == sorted(str(one.key) for one in every)
    assert [one.record.ecg_id for one in parts[1]] == [
        one.record.ecg_id for one in (*every[2:4], *every[12:14], *every[22:])
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("4/4", "there is no shard 4/4: of 4 shards the first is 0/4 and the last 3/4"),
        ("0/0", "there is no shard 0/0"),
        ("-1/4", "--shard takes i/N, such as 0/4 for the first of four, or auto, not '-1/4'"),
        ("2", "--shard takes i/N"),
        ("auto", "--shard auto finds no launcher"),
    ],
)
def test_a_shard_that_there_is_not_is_refused(written, said, tmp_path):
    assert is_one_sentence(bench(*RUN, f"--shard={written}", cwd=tmp_path), said)
    assert not (tmp_path / "runs").exists()


def test_what_rests_on_all_readings_is_no_work_for_a_shard(tmp_path):
    for command, option in ((("run",), ("--pilot", "3")), (("ablate",), ("--until-told",))):
        refused = bench(*command, "--reader", "measurements", "--shard", "0/2", *option, cwd=tmp_path)
        assert is_one_sentence(refused, f"{option[0]} rests on the readings of all shards, and --shard asks one")


def test_shards_that_overlap_are_told_with_both_files(half, tmp_path):
    shutil.copy(half / "readings-0.jsonl", half / "readings-1.jsonl")
    said = "readings-0.jsonl and readings-1.jsonl overlap: both answer record "
    assert is_one_sentence(bench("score", half, "--data", "phantoms:1,66", cwd=tmp_path), said)
    went_on = bench(*RUN, "--out", tmp_path, cwd=tmp_path)
    assert went_on.returncode == 2 and said in went_on.stderr


def test_a_shard_of_another_run_is_told(half, tmp_path):
    run_shard(job_of(tmp_path / "other", Shard(1, 2), view=replace(RunOptions("").view, seed=1)))
    shutil.copy(folder_in(tmp_path / "other") / "readings-1.jsonl", half)
    refused = bench("score", half, "--data", "phantoms:1,66", cwd=tmp_path)
    assert is_one_sentence(refused, "readings-1.jsonl is a shard of another run: the case_id of record ")


def test_nobody_asks_what_another_process_is_asking(half):
    def taken(shard):
        with RunFolder(half, shard).locked():
            pass

    with RunFolder(half, Shard(0, 2)).locked():
        taken(Shard(1, 2))
        with pytest.raises(StorageError, match="another process of shard 0/2 is writing to"):
            taken(Shard(0, 2))
        with pytest.raises(StorageError, match="shard 0 of this run is writing to"):
            taken(None)
        with pytest.raises(
            RunError, match=r"shard 0/2 is writing to .*, and --shard 1/3 would ask some of its questions"
        ):
            taken(Shard(1, 3))
    taken(Shard(1, 3))
    taken(None)


def test_a_shard_does_not_begin_while_a_process_asks_everything(half, monkeypatch):
    monkeypatch.setattr("bench.run.hold.WAIT_S", 0.05)
    with (
        RunFolder(half).locked(),
        pytest.raises(StorageError, match="another run is writing to"),
        RunFolder(half, Shard(1, 2)).locked(),
    ):
        pass


def test_the_last_shard_waits_for_a_moment_of_another_and_scores(half, tmp_path):
    job = job_of(tmp_path, Shard(1, 2))
    run_readings(job, SILENT)
    taken, ended_moment = threading.Event(), threading.Event()

    def other():
        with held(half):
            taken.set()
            ended_moment.wait(0.2)

    thread = threading.Thread(target=other)
    thread.start()
    taken.wait()
    score = score_all(job)
    thread.join()
    assert score is not None and score.n == 12 and is_scored(job)
    assert "another process has scored the run" in shard_done(job, missing([job]))


def test_the_last_shard_says_when_no_score_was_written(half, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.run.hold.WAIT_S", 0.05)
    job = job_of(tmp_path, Shard(1, 2))
    run_readings(job, SILENT)
    with held(half):
        assert score_all(job) is None
    assert not is_scored(job)
    assert f"no score was written: 'bench score {half}' writes it" in shard_done(job, missing([job]))


def test_a_score_that_cannot_be_written_is_no_success_of_the_last_shard(half, tmp_path):
    (half / "score.json").mkdir()
    with pytest.raises(StorageError, match=r"score\.json"):
        run_shard(job_of(tmp_path, Shard(1, 2)))


def test_ten_shards_are_listed_and_the_others_counted():
    said = Missing(dict.fromkeys(range(700), 2), 999).said
    assert said.startswith("1,400 readings are missing: of shard 0/999 (2), 1/999 (2), ")
    assert said.endswith(", 9/999 (2) and of 690 more")


def test_more_shards_than_records_are_refused(tmp_path):
    said = "--shard 0/999999 divides 12 records into 999,999 shards"
    refused = bench(*RUN, "--shard", "0/999999", cwd=tmp_path)
    assert refused.returncode == 2 and said in refused.stderr.splitlines()[-1]
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_a_failed_call_of_a_shard_is_asked_again_by_retry(half, tmp_path):
    run_shard(job_of(tmp_path, Shard(1, 2)))
    path = half / "readings-1.jsonl"
    first, *others = path.read_text().splitlines(keepends=True)
    failed = {**json.loads(first), "reading": {"values": {}, "error": {"kind": "transport", "message": "no network"}}}
    path.write_text("".join([json.dumps(failed) + "\n", *others]))
    before = (half / "score.json").read_bytes()
    retried = bench("retry", half, "--data", "phantoms:1,66", cwd=tmp_path)
    assert retried.returncode == 0 and "1 of 12 readings are failed calls" in retried.stdout
    assert (half / "readings.jsonl").read_text() == first
    assert (half / "score.json").read_bytes() == before
    assert RunFolder(half).every_reading()[0][QuestionKey(failed["ecg_id"])].outcome == "answered"


def test_the_shares_of_a_cost_limit_add_up_to_it(half):
    def paid(name, *costs):
        kept = [json.loads(line) for line in (half / "readings-0.jsonl").read_text().splitlines()]
        for line, cost in zip(kept, costs, strict=False):
            line["reading"]["usage"] = {"cost": cost}
        (half / name).write_text("".join(json.dumps(line) + "\n" for line in kept[: len(costs)]))

    assert Limits(max_cost=10).of_shard(Shard(1, 4)).max_cost == 2.5
    assert Limits(max_cost=10).of_shard(None).max_cost == 10 and Limits().of_shard(Shard(1, 4)).max_cost is None
    paid("readings.jsonl", 4.0)
    paid("readings-9.jsonl", 0.5, 1.5)
    paid("readings-0.jsonl", 1.0, 2.0)
    assert [counted([RunFolder(half, Shard(index, 2))]) for index in range(2)] == [3.0 + 3.0, 3.0]
    assert [counted([RunFolder(half, Shard(index, 2))], 5.0) for index in range(2)] == [7.0, 4.0]


@pytest.mark.parametrize("paid", [(0, 5), (5, 5), (3, 0, 1, 4), (9, 9), (2.5, 0, 0, 0, 3)])
@pytest.mark.parametrize("of", [1, 2, 3, 10])
def test_shards_of_any_division_spend_the_cost_limit_and_never_more(paid, of, half):
    line = json.loads((half / "readings-0.jsonl").read_text().splitlines()[0])

    def pay(index, dollars):
        line["reading"]["usage"] = {"cost": dollars}
        with (half / f"readings-{index}.jsonl").open("a") as out:
            out.write(json.dumps(line) + "\n")

    (half / "readings-0.jsonl").unlink()
    for index, dollars in enumerate(paid):
        pay(index, dollars)
    before = sum(paid)
    rooms = []
    for index in range(of):
        rooms.append(max(0, 10 / of - counted([RunFolder(half, Shard(index, of))], 10 / of)))
        pay(index, rooms[-1])
    assert before + sum(rooms) == pytest.approx(max(10, before))


@pytest.mark.slow
def test_a_run_in_shards_is_submitted_as_one_file(tmp_path):
    for index in range(2):
        assert bench("run", "--reader", "majority", "--shard", f"{index}/2", cwd=tmp_path).returncode == 0
    folder = folder_in(tmp_path / "runs")
    added = bench("submit", folder, "--by", "A. Nobody", cwd=tmp_path)
    assert added.returncode == 0, added.stderr
    entry = tmp_path / "results" / "submissions" / folder.name
    assert sorted((entry / "readings.jsonl").read_text().splitlines()) == lines(folder) and len(lines(folder)) == 66
    assert bench("leaderboard", "--check", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_an_ablation_in_shards_ends_with_the_evidence_of_one_process(tmp_path):
    words = ("ablate", "--reader", "resnet1d", "--sample", 20, "--conditions", "full,image-only", "--image-ceiling", "")
    assert bench(*words, "--out", "alone", cwd=tmp_path).returncode == 0
    first = bench(*words, "--shard", "1/2", cwd=tmp_path)
    assert first.returncode == 0 and "shard 1/2 is done; 10 readings are missing: of shard 0/2 (10)" in first.stdout
    assert not list(tmp_path.glob("runs/ablation-*"))
    last = bench(*words, "--shard", "0/2", cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    (one,), (other,) = tmp_path.glob("alone/ablation-*/evidence.json"), tmp_path.glob("runs/ablation-*/evidence.json")
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("environment", "shard"),
    [
        (TORCHRUN, "1/4"),
        ({"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "0"}, "2/4"),
        ({"SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1"}, "3/4"),
        (
            {"SLURM_ARRAY_TASK_ID": "14", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "10",
             "SLURM_ARRAY_TASK_STEP": "4"}, "1/3",
        ),
    ],
)  # fmt: skip
def test_auto_takes_the_shard_from_the_launcher(environment, shard):
    assert str(shard_named("auto", environment)) == shard


def test_an_array_of_single_numbers_gives_no_shard():
    irregular = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1"}
    with pytest.raises(
        SettingError, match="takes an array whose numbers go by equal steps, such as --array=0-2: task 7"
    ):
        shard_named("auto", irregular)


def test_processes_of_torchrun_share_the_work_without_being_told_and_array_tasks_do_not(tmp_path):
    done = bench(*RUN, cwd=tmp_path, **TORCHRUN)
    assert "shard 1/4" in done.stderr and "shard 1/4 is done" in done.stdout
    array = {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "0"}
    assert "report: " in bench(*RUN, "--out", "other", cwd=tmp_path, **array).stdout
    assert is_one_sentence(bench(*RUN, cwd=tmp_path, **{**TORCHRUN, "RANK": "x"}), "the environment says RANK='x'")


def test_a_process_of_torchrun_sees_its_own_gpu_alone():
    assert own_device(TORCHRUN) == {"CUDA_VISIBLE_DEVICES": "1"}
    assert own_device({**TORCHRUN, "CUDA_VISIBLE_DEVICES": "4,6"}) == {"CUDA_VISIBLE_DEVICES": "6"}
    assert own_device({**TORCHRUN, "CUDA_VISIBLE_DEVICES": "2"}) == {} == own_device({})


def started(*words, cwd, **env):
    path = os.pathsep.join([str(HERE), str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PTBXL_DIR": "phantoms:1,66", **env}
    command, merged = [sys.executable, "-m", *map(str, words)], {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=cwd, env=environment, text=True, **merged)


def ended(processes):
    """Return the exit codes of processes, and what they said."""
    said = [process.communicate(timeout=120)[0] for process in processes]
    return [process.returncode for process in processes], said


@pytest.mark.slow
def test_shards_at_once_with_one_that_is_killed_leave_one_reading_each(tmp_path):
    words = ("bench", "run", "--reader", "toy_reader:Steady", "--out")
    plan = tmp_path / "plan"
    plan.write_text("7")

    def three(**env):
        return [started(*words, tmp_path / "runs", "--shard", f"{i}/3", cwd=tmp_path, **env) for i in range(3)]

    codes, said = ended([*three(TOY_KILL_AT=str(plan)), started(*words, tmp_path / "alone", cwd=tmp_path)])
    assert -9 in codes[:3] and set(codes) == {0, -9}, said
    folder, alone = folder_in(tmp_path / "runs"), folder_in(tmp_path / "alone")
    assert not (folder / "score.json").exists() and len(lines(folder)) < 66
    codes, said = ended(three())
    assert codes == [0, 0, 0], said
    assert lines(folder) == lines(alone) and len(lines(folder)) == 66
    assert (folder / "score.json").read_bytes() == (alone / "score.json").read_bytes()


@pytest.mark.slow
def test_torchrun_just_works(tmp_path):
    launch = ("torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")
    words = ("bench", "run", "--reader", "measurements", "--out", tmp_path / "runs")
    codes, said = ended([started(*launch, *words, cwd=tmp_path)])
    assert codes == [0], said
    assert (folder_in(tmp_path / "runs") / "score.json").is_file()
    assert len(lines(folder_in(tmp_path / "runs"))) == 66
