"""Both readers against a server on loopback that speaks their protocols."""

import dataclasses
import json
import socket
import threading
import time

import jsonschema
import pytest

from readers.api.store import ResponseStore
from readers.session import Session
from taxonomy.error import StopReading
from taxonomy.schema import answer_schema
from taxonomy.threshold import rate_of

from .conftest import KEY


def rates(cases):
    return [rate_of(case.prompt.measurements.heart_rate.printed) for case in cases]


def test_answers_come_in_the_order_of_the_cases_though_many_are_in_flight(server, make, cases):
    slow = iter([0.15, 0.1, 0.05, 0.12, 0.0, 0.02, 0.08, 0.0])
    delays = {}
    server.plan = lambda digest, times: time.sleep(delays.setdefault(digest, next(slow, 0))) or ""
    readings = list(make().within(Session(concurrency=8)).read(iter(cases)))
    assert [reading.values["rate"] for reading in readings] == rates(cases)
    assert sum(server.counts.values()) == len(cases)


def test_concurrency_is_kept(server, make, cases):
    server.latency = 0.1
    list(make().within(Session(concurrency=3)).read(cases))
    assert server.most_in_flight == 3


def test_usage_is_the_responses_own_and_priced(server, make, cases):
    (reading,) = make().read(cases[:1])
    usage = reading.usage
    assert usage.output_tokens == 120
    assert usage.cached_tokens == 1024
    assert usage.input_tokens > server.image_tokens
    assert usage.px_per_mm == 3
    price = make().price
    plain = usage.input_tokens - 1024
    expected = (plain * price.input + 1024 * price.cached + 120 * price.output) / 1e6
    assert usage.cost == pytest.approx(expected)
    assert usage.seconds >= 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("refusal", "refusal"),
        ("length", "truncated"),
        ("empty", "empty"),
        ("prose", "unparseable"),
    ],
)
def test_each_way_of_not_answering_is_a_scored_failure_of_its_own_kind(server, make, cases, fault, kind):
    server.plan = lambda digest, times: fault
    (reading,) = make().read(cases[:1])
    assert reading.error.kind == kind
    assert reading.outcome == "no_answer"
    assert reading.usage.output_tokens == 120


def test_a_content_filter_is_an_answer_of_its_own_kind_however_it_is_told(server, monkeypatch, cases):
    from readers.api.openai import OpenAIReader

    for fault in ("content_filter", "filtered"):
        server.plan = lambda digest, times, fault=fault: fault
        (reading,) = OpenAIReader("gpt-5.4", attempts="1").read(cases[:1])
        assert reading.error.kind == "content_filter"


def test_a_fenced_answer_is_read_by_the_tolerant_parser(server, make, cases):
    server.plan = lambda digest, times: "fenced"
    (reading,) = make(structured="text").read(cases[:1])
    assert reading.values["rate"] == "normal"


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault", ["429", "529", "500", "503", pytest.param("stall", marks=pytest.mark.slow), "cut", "half"]
)
def test_a_fault_that_passes_costs_a_retry_and_no_answer(server, make, cases, fault):
    server.plan = lambda digest, times: fault if times == 0 else ""
    reading, other = make(timeout=1).read(cases[:2])
    assert reading.outcome == other.outcome == "answered"
    assert set(server.counts.values()) == {2}


@pytest.mark.parametrize(("fault", "kind"), [("429", "quota"), ("529", "transport"), ("cut", "transport")])
def test_a_fault_that_stays_is_a_failed_call_after_the_retry_budget(server, make, cases, fault, kind):
    struck = []

    def plan(digest, times):
        if not struck:
            struck.append(digest)
        return fault if digest == struck[0] else ""

    server.plan = plan
    readings = list(make(attempts=2).within(Session(concurrency=1)).read(cases[:3]))
    assert sorted(reading.outcome for reading in readings) == ["answered", "answered", "failed"]
    assert {reading.error.kind for reading in readings if reading.error} == {kind}
    assert server.counts[struck[0]] == 2


@pytest.mark.slow
def test_too_many_requests_halve_what_is_in_flight_and_wait_as_told(server, make, cases):
    server.latency, server.retry_after = 0.05, "0.5"
    begun = time.monotonic()
    seen = []

    def plan(digest, times):
        seen.append(time.monotonic() - begun)
        return "429" if len(seen) <= 2 else ""

    server.plan = plan
    readings = list(make().within(Session(concurrency=2)).read(cases))
    assert all(reading.outcome == "answered" for reading in readings)
    assert min(seen[2:]) >= 0.5


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("401", "the key in {KEY_VARIABLE} is refused by http://127.0.0.1"),
        ("404", "there is no model 'nosuch' at http://127.0.0.1"),
        ("blind", "this model does not support image inputs"),
        ("credit", "the account has no credit left"),
        ("html404", "a web page, not an API: check {URL_VARIABLE}"),
    ],
)
def test_what_fails_every_call_ends_the_run_at_once_with_one_sentence(server, make, cases, fault, said):
    server.plan = lambda digest, times: fault
    reader = make("nosuch", attempts=1)
    maker = reader.provider.name.upper()
    with pytest.raises(StopReading) as stopped:
        list(reader.read(cases))
    assert said.format(KEY_VARIABLE=f"{maker}_API_KEY", URL_VARIABLE=f"{maker}_BASE_URL") in str(stopped.value)
    assert KEY not in str(stopped.value)
    assert KEY[-8:] not in str(stopped.value)
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("fault", ["html", "garbage", "nojson"])
def test_a_server_that_answers_200_with_something_else_is_told(server, make, provider, cases, fault):
    server.plan = lambda digest, times: fault
    with pytest.raises(StopReading, match=f"no answer of this API .* check {provider.upper()}_BASE_URL"):
        list(make().read(cases))


def test_garbage_for_one_case_fails_that_call_alone(server, make, cases):
    server.plan = lambda digest, times: "garbage" if len(server.counts) == 3 and times == 0 else ""
    readings = list(make().within(Session(concurrency=1)).read(cases))
    assert [reading.outcome for reading in readings].count("failed") == 1


def test_an_endpoint_that_is_down_is_told(monkeypatch, make, provider, cases):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", f"http://user:secret@127.0.0.1:{port}/v1?token=unseen-61f4")
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", KEY)
    with pytest.raises(StopReading) as stopped:
        list(make(attempts=1).read(cases))
    assert f"http://127.0.0.1:{port}/v1 cannot be reached" in str(stopped.value)
    assert "secret" not in str(stopped.value)
    assert "unseen-61f4" not in str(stopped.value)


def test_a_connection_that_fails_is_told_in_words(monkeypatch, make, provider, cases):
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", KEY)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"127.0.0.1:{free.getsockname()[1]}"
    with socket.socket() as hanging_up:
        hanging_up.bind(("127.0.0.1", 0))
        hanging_up.listen()
        threading.Thread(target=lambda: [hanging_up.accept()[0].close() for _ in range(5)], daemon=True).start()
        plain = f"127.0.0.1:{hanging_up.getsockname()[1]}"
        for address, words in (
            (f"http://{closed}/v1", "cannot be reached: nothing listens there; is the server running?"),
            ("http://nosuch.invalid/v1", "cannot be reached: the name of the host is not known"),
            (f"http://{plain}/v1", "broke off"),
            ("ftp://localhost/v1", "its address must begin with http:// or https://"),
        ):
            monkeypatch.setenv(f"{provider.upper()}_BASE_URL", address)
            with pytest.raises(StopReading) as stopped:
                list(make(attempts=1).read(cases[:5]))
            assert f"{address} {words}" in str(stopped.value).replace("cannot be asked: ", "")
            assert "Error" not in str(stopped.value)
            assert "Errno" not in str(stopped.value)


def test_a_key_that_no_request_can_carry_is_told_without_it(server, monkeypatch, cases):
    from readers.api.openai import OpenAIReader

    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-\u2013abcdefgh12345678")
    with pytest.raises(StopReading) as stopped:
        list(OpenAIReader("gpt-5.4", attempts="1").read(cases[:5]))
    assert "holds a character that no request can carry" in str(stopped.value)
    assert "12345678" not in str(stopped.value)


def test_no_key_names_the_variable(monkeypatch, make, provider, cases):
    monkeypatch.delenv(f"{provider.upper()}_API_KEY", raising=False)
    monkeypatch.delenv(f"{provider.upper()}_BASE_URL", raising=False)
    with pytest.raises(StopReading, match=f"no key: set {provider.upper()}_API_KEY"):
        list(make().read(cases))


def test_an_image_that_did_not_arrive_is_a_failed_call(server, make, build_cases):
    cases = build_cases(px_per_mm=6)
    server.drops_images = True
    with pytest.raises(StopReading, match="the images did not reach the model: "):
        list(make().read(cases))
    readings = list(make(image_check="off").read(cases[:1]))
    assert readings[0].outcome == "answered"
    readings = list(make().read(cases[:2]))
    assert [reading.outcome for reading in readings] == ["failed", "failed"]
    assert readings[0].usage.cost > 0


def test_a_prompt_without_images_is_not_checked_for_them(server, make, build_cases):
    server.drops_images = True
    (reading,) = make().read(build_cases(condition="text-only", count=1))
    assert reading.outcome == "answered"
    assert reading.usage.px_per_mm is None


def parts(body, provider):
    """Return text and kind of each part of a request's user message, and its system text."""
    if provider == "openai":
        return body["messages"][1]["content"], body["messages"][0]["content"]
    return body["messages"][0]["content"], body["system"][0]["text"]


def test_images_stand_in_lead_order_after_their_names(server, make, provider, build_cases):
    list(make().read(build_cases("leads", count=1)))
    content, _ = parts(server.bodies[0], provider)
    kinds = [part["type"] for part in content]
    assert kinds == ["text", "image" if provider == "anthropic" else "image_url"] * 12 + ["text"]
    named = [part["text"].partition("lead ")[2].partition(",")[0] for part in content[:-1:2]]
    assert named == ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def test_what_is_the_same_for_every_case_comes_first(server, make, provider, cases):
    list(make().read(cases[:3]))
    systems = {parts(body, provider)[1] for body in server.bodies}
    assert len(systems) == 1
    assert "Vent. rate" not in systems.pop()
    if provider == "anthropic":
        assert server.bodies[0]["system"][0]["cache_control"] == {"type": "ephemeral"}


def test_the_schema_is_the_taxonomys_and_only_where_it_is_asked_for(server, make, provider, cases):
    list(make(structured="schema").read(cases[:1]))
    list(make(structured="text").read(cases[:1]))
    list(make().read(cases[:1]))
    with_schema, without, unknown_endpoint = server.bodies
    sent = (
        with_schema["response_format"]["json_schema"]["schema"]
        if provider == "openai"
        else with_schema["output_config"]["format"]["schema"]
    )
    assert sent == answer_schema()
    jsonschema.Draft202012Validator.check_schema(sent)
    for body in (without, unknown_endpoint):
        assert "response_format" not in body
        assert "output_config" not in body


def test_options_reach_the_request_and_the_manifest(server, make, provider, cases):
    own = {"temperature": 0.5, "seed": 7} if provider == "openai" else {}
    reader = make(max_tokens=999, reasoning_effort="low", **own)
    list(reader.read(cases[:1]))
    body = server.bodies[0]
    assert own.items() <= body.items()
    assert body["max_tokens"] == 999
    assert body.get("reasoning_effort", body.get("output_config", {}).get("effort")) == "low"
    assert {name: str(value) for name, value in own.items()}.items() <= reader.details.items()
    assert reader.details["max_tokens"] == "999"
    assert reader.details["endpoint"].startswith("http://127.0.0.1")
    assert KEY not in json.dumps(dict(reader.details))


def test_an_answer_is_kept_and_never_paid_for_twice(server, make, cases, tmp_path):
    def session(run):
        return Session(responses=tmp_path, run_id=run)

    first = list(make().within(session("a")).read(cases))
    again = list(make().within(session("a")).read(cases))
    other = list(make().within(session("b")).read(cases))
    assert sum(server.counts.values()) == len(cases)
    assert [reading.values for reading in again] == [reading.values for reading in first]
    assert {reading.usage.reused for reading in first + again} == {None}
    assert {reading.usage.reused for reading in other} == {True}
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_everything_that_decides_an_answer_is_in_its_key(server, make, cases, build_cases, tmp_path):
    session = Session(responses=tmp_path)
    one = cases[:1]
    list(make().within(session).read(one))
    list(make("claude-other-or-gpt").within(session).read(one))
    list(make(max_tokens=500).within(session).read(one))
    list(make().within(session).read(build_cases(count=1, condition="no-rate")))
    list(make().within(session).read(build_cases(count=1, px_per_mm=4)))
    list(make().within(session).read([dataclasses.replace(one[0], repeat=1)]))
    assert sum(server.counts.values()) == 6
    list(make().within(session).read([dataclasses.replace(one[0], case_id="other")]))
    assert sum(server.counts.values()) == 6


def test_a_failed_call_is_not_kept(server, make, cases, tmp_path):
    server.plan = lambda digest, times: "500" if len(server.counts) == 2 and times < 1 else ""
    reader = make(attempts=1).within(Session(responses=tmp_path, concurrency=1))
    assert sorted(reading.outcome for reading in reader.read(cases[:3])) == ["answered", "answered", "failed"]
    assert [reading.outcome for reading in reader.read(cases[:3])] == ["answered"] * 3
    assert sum(server.counts.values()) == 4


def test_the_same_request_twice_in_flight_is_asked_once(server, make, cases):
    server.latency = 0.2
    readings = list(make().within(Session(concurrency=8)).read([cases[0]] * 5))
    assert len(readings) == 5
    assert sum(server.counts.values()) == 1


def test_cost_stops_before_the_limit_and_goes_on_with_a_higher_one(server, make, cases, tmp_path):
    reader = make(max_tokens=400)
    worst = reader.estimate(cases[0]).most
    answers = []
    limited = reader.within(Session(responses=tmp_path, run_id="a", max_cost=2.5 * worst, concurrency=4))
    with pytest.raises(StopReading, match="stopped before exceeding --max-cost"):
        answers.extend(limited.read(cases))
    spent = sum(reading.usage.cost for reading in answers)
    assert answers
    assert spent <= 2.5 * worst
    before = sum(server.counts.values())
    more = reader.within(Session(responses=tmp_path, run_id="a", max_cost=100 * worst))
    assert len(list(more.read(cases))) == len(cases)
    assert sum(server.counts.values()) == len(cases)
    assert before < len(cases)


def test_a_cost_limit_needs_a_price(server, make, cases, tmp_path):
    with pytest.raises(StopReading, match="there is no price for model 'mystery'"):
        list(make("mystery").within(Session(max_cost=1)).read(cases))
    table = tmp_path / "prices.json"
    table.write_text('{"models": {"mystery": {"input": 1, "output": 2}}}')
    (reading,) = make("mystery").within(Session(max_cost=1, prices=table)).read(cases[:1])
    assert reading.usage.cost > 0


def test_a_model_without_a_price_is_read_without_dollars(server, make, cases):
    (reading,) = make("mystery").read(cases[:1])
    assert reading.usage.cost is None
    assert reading.usage.input_tokens > 0


@pytest.mark.slow
def test_an_abandoned_run_waits_for_what_is_in_flight_and_keeps_it(server, make, cases, tmp_path):
    server.latency = 0.3
    said = []
    reader = make().within(Session(responses=tmp_path, concurrency=2, say=said.append))
    stream = reader.read(iter(cases))
    next(stream)
    stream.close()
    asked = sum(server.counts.values())
    assert 2 <= asked < len(cases)
    assert "already sent, which will be billed" in said[0]
    server.latency = 0
    assert len(list(reader.read(cases))) == len(cases)
    assert sum(server.counts.values()) == len(cases)


def test_a_disk_that_is_full_stops_the_run_before_more_is_paid(server, make, cases, tmp_path, monkeypatch):
    def full(self, key, response):
        raise StopReading("an answer cannot be kept: database or disk is full")

    monkeypatch.setattr(ResponseStore, "put", full)
    with pytest.raises(StopReading, match="disk is full"):
        list(make().within(Session(responses=tmp_path, concurrency=1)).read(cases))
    assert sum(server.counts.values()) == 1


def test_a_store_that_cannot_be_made_is_told(make, cases, server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StopReading, match=r"answers cannot be kept in .*responses\.sqlite"):
        list(make().within(Session(responses=tmp_path / "file")).read(cases))
