"""Batches of both providers, killed and resumed at every point."""

import json
import threading
import time

import pytest

from readers.api.batch_folder import BatchFolder, ShardLimit
from readers.session import Session
from taxonomy.error import StopReading, StorageError
from taxonomy.threshold import rate_of

from .conftest import KEY


@pytest.fixture
def session(tmp_path):
    def build(**more):
        return Session(tmp_path / "responses", run_id="run", batch=tmp_path / "batch", poll_seconds=0.01, **more)

    return build


def rates(cases):
    return [rate_of(case.prompt.measurements.heart_rate.printed) for case in cases]


def state(tmp_path):
    return json.loads((tmp_path / "batch" / "state.json").read_text())["shards"]


def test_a_batch_is_submitted_polled_fetched_and_matched_by_its_ids(server, make, cases, session, tmp_path):
    server.batch_script = lambda results: list(reversed(results))
    said = []
    readings = list(make().within(session(say=said.append)).read(cases))
    assert [reading.values["rate"] for reading in readings] == rates(cases)
    assert len(server.batches) == 1
    assert sum(server.counts.values()) == 0
    assert any("8 of 8 answered" in line for line in said)
    (shard,) = state(tmp_path)
    assert shard["status"] == "fetched"
    assert not list((tmp_path / "batch").glob("*.jsonl"))


def test_a_batch_costs_half(server, make, cases, session):
    (batched,) = make().within(session()).read(cases[:1])
    (single,) = make().within(Session()).read(cases[:1])
    assert batched.usage.cost == pytest.approx(single.usage.cost / 2)


def test_what_is_answered_is_in_no_batch(server, make, cases, session, tmp_path):
    list(make().within(Session(tmp_path / "responses", run_id="other")).read(cases[:5]))
    readings = list(make().within(session()).read(cases))
    assert len(readings) == 8
    (batch,) = server.batches.values()
    assert len(batch["lines"]) == 3
    list(make().within(session()).read(cases))
    assert len(server.batches) == 1


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def plan_kill(killing, provider, where):
    """Make the process die at a point: before a call, after it, or before the results are written down as fetched."""
    submit, keep = provider.submit, BatchFolder.keep

    def kill(*args, **kwargs):
        raise Killed

    async def submit_then_kill(self, shard, label):
        await submit(self, shard, label)
        raise Killed

    def keep_or_kill(self, shard, **changed):
        return kill() if changed.get("status") == "fetched" else keep(self, shard, **changed)

    if where == "after submit":
        killing.setattr(provider, "submit", submit_then_kill)
    elif where == "after results":
        killing.setattr(BatchFolder, "keep", keep_or_kill)
    else:
        killing.setattr(provider, where, kill)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["submit", "after submit", "state", "results", "after results"])
def test_a_kill_at_any_point_submits_nothing_twice(server, make, cases, session, where):
    reader = make()
    with pytest.MonkeyPatch.context() as killing, pytest.raises(Killed):
        plan_kill(killing, reader.provider_type, where)
        list(reader.within(session()).read(cases))
    readings = list(make().within(session()).read(cases))
    assert [reading.values["rate"] for reading in readings] == rates(cases)
    assert len(server.batches) == 1


def test_a_result_with_a_strangers_id_is_ignored_and_the_missing_one_failed(server, make, cases, session):
    def script(results):
        results[2] = results[2] | {"custom_id": "somebody-elses"}
        return results

    server.batch_script = script
    said = []
    readings = list(make().within(session(say=said.append)).read(cases))
    assert [reading.outcome for reading in readings].count("failed") == 1
    assert readings[2].error.message == "the batch returned no answer for this case"
    assert any("ignored 1 foreign results" in line for line in said)


def test_two_results_with_one_id_are_both_distrusted(server, make, cases, session):
    def script(results):
        results[0] = results[0] | {"custom_id": results[1]["custom_id"]}
        return results

    server.batch_script = script
    readings = list(make().within(session()).read(cases))
    assert [reading.outcome for reading in readings[:3]] == ["failed", "failed", "answered"]
    assert "the batch returned two results" in readings[1].error.message


def test_a_failed_request_of_a_batch_is_a_failed_call_and_is_asked_again(server, make, provider, cases, session):
    errored = {
        "openai": {"response": {"status_code": 500, "body": {"error": {"message": "broke"}}}},
        "anthropic": {"result": {"type": "errored", "error": {"error": {"message": "broke"}}}},
    }
    server.batch_script = lambda results: [results[0] | errored[provider], *results[1:]]
    readings = list(make().within(session()).read(cases))
    assert readings[0].error.message == "failed in its batch: broke"
    server.batch_script = lambda results: results
    again = list(make().within(session()).read(cases))
    assert [reading.outcome for reading in again] == ["answered"] * 8
    assert [len(batch["lines"]) for batch in server.batches.values()] == [8, 1]


def test_garbage_in_a_batch_fails_its_case_alone(server, make, provider, cases, session):
    garbage = {
        "openai": {"response": {"status_code": 200, "body": {"hello": "world"}}},
        "anthropic": {"result": {"type": "succeeded", "message": {"content": 3}}},
    }
    server.batch_script = lambda results: [results[0] | garbage[provider], *results[1:]]
    readings = list(make().within(session()).read(cases))
    assert [reading.outcome for reading in readings] == ["failed"] + ["answered"] * 7


def test_a_batch_stops_before_the_cost_limit(server, make, cases, session):
    reader = make(max_tokens=400).within(session())
    worst = reader.estimate(cases[0]).most
    with pytest.raises(StopReading, match="stopped before exceeding --max-cost"):
        list(make(max_tokens=400).within(session(max_cost=worst * 3.5)).read(cases))
    assert sum(len(batch["lines"]) for batch in server.batches.values()) < 8
    assert len(list(make(max_tokens=400).within(session(max_cost=worst * 100)).read(cases))) == 8
    assert sum(len(batch["lines"]) for batch in server.batches.values()) == 8


def test_shards_keep_to_the_limits_and_lose_nothing(tmp_path):
    folder = BatchFolder.opened(tmp_path)
    lines = [(f"key{number}", "x" * (10 + number % 7), 0.5) for number in range(100)]
    folder.write(lines, ShardLimit(requests=7, size=80, worst=2.0))
    sizes = [folder.file(shard).stat().st_size for shard in folder.shards.values()]
    assert max(sizes) <= 80
    assert max(len(shard.keys) for shard in folder.shards.values()) <= 4
    assert [key for shard in folder.shards.values() for key in shard.keys] == [key for key, _, _ in lines]
    again = BatchFolder.opened(tmp_path)
    assert again.shards == folder.shards
    again.write(lines, ShardLimit(7, 80))
    assert again.shards == folder.shards


DAMAGE = ["{", "[" * 100_000, "[]", '{"shards": [3]}', '{"shards": [{"name": "../x", "keys": []}]}', '{"shards": [{}]}']


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_state_is_set_aside_and_no_batch_is_paid_for_twice(server, make, cases, session, damage):
    folder = session().batch
    reader = make()
    with pytest.MonkeyPatch.context() as killing, pytest.raises(Killed):
        plan_kill(killing, reader.provider_type, "state")
        list(reader.within(session()).read(cases))
    (folder / "state.json").write_text(damage)
    said = []
    readings = list(make().within(session(say=said.append)).read(cases))
    assert [reading.values["rate"] for reading in readings] == rates(cases)
    assert len(server.batches) == 1
    assert any("it is kept as state.damaged.json" in line for line in said)
    assert (folder / "state.damaged.json").read_text() == damage


def test_what_another_run_is_asking_is_in_no_batch_and_waited_for(server, make, cases, session):
    server.latency = 0.7
    single = make().within(Session(session().responses, run_id="single"))
    other = threading.Thread(target=lambda: list(single.read(cases[:3])))
    other.start()
    while sum(server.counts.values()) < 3:
        time.sleep(0.01)
    readings = list(make().within(session()).read(cases))
    other.join()
    assert [reading.values["rate"] for reading in readings] == rates(cases)
    (batch,) = server.batches.values()
    assert len(batch["lines"]) == 5
    assert sum(server.counts.values()) == 3


def test_a_shard_found_again_counts_under_the_cost_limit(tmp_path):
    folder = BatchFolder.opened(tmp_path)
    lines = [(f"key{number}", json.dumps({"custom_id": f"key{number}"}), 0.5) for number in range(10)]
    folder.write(lines, ShardLimit(4, 10**6))
    (tmp_path / "state.json").write_text("{")
    again = BatchFolder.opened(tmp_path)
    again.write(lines, ShardLimit(4, 10**6))
    assert [(shard.keys, shard.worst) for shard in again.shards.values()] == [
        (shard.keys, shard.worst) for shard in folder.shards.values()
    ]


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be read or written"):
        BatchFolder.opened(tmp_path / "file" / "batch")


def test_deep_json_in_a_batch_fails_its_case_alone(server, make, provider, cases, session):
    deep, name = json.loads("[" * 500 + "]" * 500), {"openai": "response", "anthropic": "result"}[provider]
    server.batch_script = lambda results: [results[0] | {name: deep}, *results[1:]]
    readings = list(make().within(session()).read(cases))
    assert [reading.outcome for reading in readings] == ["failed"] + ["answered"] * 7


def test_no_key_stands_in_the_state(server, make, cases, session, tmp_path):
    list(make().within(session()).read(cases))
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
