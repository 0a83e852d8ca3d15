"""What Google's Gemini API has of its own: thoughts, logprobs, quotas, keys that are refused with 400."""

import json
import math
import re
import time

import pytest

from readers.api.google import ENDED, STOPS, GoogleProvider, GoogleReader
from readers.api.sdk import needs_package
from readers.session import Session
from taxonomy.error import SettingError, StopReading
from taxonomy.threshold import rate_of

from ...loopback.cloud import GEMINI, CloudServer
from ...loopback.server import Running
from .test_batch import Killed, plan_kill
from .test_probabilities import logprobs_of

KEY = "AIza-test-abcdefgh12345678"
MODEL = "gemini-3.5-flash"


@pytest.fixture
def server(monkeypatch):
    with Running(CloudServer()) as running:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", running.url)
        monkeypatch.setenv("GEMINI_API_KEY", KEY)
        monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
        yield running


def read(cases, model=MODEL, session=None, **options):
    reader = GoogleReader(model, **{"attempts": "1", **options})
    return list(reader.within(session or Session()).read(cases))


@pytest.mark.parametrize(
    ("options", "thinking"),
    [
        ({}, None),
        ({"reasoning_effort": "low"}, {"thinkingLevel": "LOW"}),
        ({"reasoning_effort": "none"}, {"thinkingBudget": 0}),
        ({"thinking_budget": "512"}, {"thinkingBudget": 512}),
        (
            {"thinking_budget": "512", "extra": '{"generationConfig": {"thinkingConfig": {"includeThoughts": true}}}'},
            {"thinkingBudget": 512, "includeThoughts": True},
        ),
    ],
)
def test_thinking_is_named_as_this_api_names_it(server, cases, options, thinking):
    read(cases[:1], **options)
    assert server.bodies[0]["generationConfig"].get("thinkingConfig") == thinking


def test_options_stand_where_this_api_has_them(server, cases):
    extra = '{"generationConfig": {"topP": 0.9, "mediaResolution": "MEDIA_RESOLUTION_HIGH"}, "labels": {"a": "b"}}'
    read(cases[:1], seed="7", service_tier="flex", max_tokens="900", extra=extra)
    (body,) = server.bodies
    config = body["generationConfig"]
    expected = {"maxOutputTokens": 900, "temperature": 0.0, "seed": 7, "topP": 0.9}
    assert expected.items() <= config.items()
    assert config["mediaResolution"] == "MEDIA_RESOLUTION_HIGH"
    assert body["serviceTier"] == "flex" and body["labels"] == {"a": "b"}
    assert "model" not in body and "Vent. rate" not in body["systemInstruction"]["parts"][0]["text"]
    assert server.headers[0]["x-goog-api-key"] == KEY


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (MODEL, {"image_detail": "high"}, "option image_detail is not supported by the Gemini API; it has --option"),
        (MODEL, {"reasoning_effort": "max"}, "must be minimal, low, medium, high for model 'gemini-3.5-flash'"),
        ("gemini-2.5-pro", {"reasoning_effort": "high"}, "model 'gemini-2.5-pro' has no levels of effort"),
        (MODEL, {"service_tier": "fast"}, "service_tier must be standard, flex, priority, not 'fast'"),
        (MODEL, {"thinking_budget": "9000"}, "between 0 and max_tokens - 1 = 8191"),
        (MODEL, {"extra": '{"generationConfig": {"candidateCount": 5}}'}, "'candidateCount': answers are read whole"),
        (MODEL, {"extra": '{"generation_config": {"temperature": 1}}'}, "'temperature': it is an option of its own"),
        (MODEL, {"extra": '{"generationConfig": {"maxOutputTokens": 5}}'}, "'maxOutputTokens': the limit of tokens"),
        (MODEL, {"extra": '{"systemInstruction": "x"}'}, "'systemInstruction': the question is the benchmark's"),
        (MODEL, {"extra": '{"cachedContent": "x"}'}, "'cachedContent': the question is the benchmark's"),
        (MODEL, {"extra": '{"tools": []}'}, "'tools': what it costs is not counted"),
    ],
)
def test_what_it_lacks_or_has_already_is_refused(monkeypatch, model, options, said):
    monkeypatch.delenv("GOOGLE_GEMINI_BASE_URL", raising=False)
    with pytest.raises(SettingError, match=re.escape(said)):
        GoogleReader(model, **options)


def test_its_thoughts_are_kept_and_not_taken_for_the_answer(server, cases):
    (plain,) = read(cases[:1])

    def script(whole):
        thought = {"text": 'It looks like {"rate": "normal"}', "thought": True}
        whole["candidates"][0]["content"]["parts"].insert(0, thought)
        return whole

    server.script = script
    (reading,) = read(cases[:1])
    assert reading.raw.startswith("<think>It looks like")
    assert (reading.outcome, reading.values) == ("answered", plain.values)


def told(text):
    """Return logprobs in Google's form."""

    def one(entry):
        return {"token": entry["token"], "tokenId": 5} | (
            {"logProbability": entry["logprob"]} if entry["logprob"] else {}
        )

    content = logprobs_of(text)["content"]
    return {
        "chosenCandidates": [one(entry) for entry in content],
        "topCandidates": [{"candidates": [one(other) for other in entry["top_logprobs"]]} for entry in content],
    }


def test_logprobs_become_probabilities(server, cases):
    def script(whole):
        first = whole["candidates"][0]
        first["logprobsResult"] = told(first["content"]["parts"][0]["text"])
        return whole

    server.script = script
    (reading,) = read(cases[:1], probabilities="on")
    assert server.bodies[0]["generationConfig"]["responseLogprobs"] is True
    assert server.bodies[0]["generationConfig"]["logprobs"] == 20
    assert reading.probabilities["rhythm"]["paced"] == pytest.approx(0.1)
    assert reading.partial == {"diagnosis"}


@pytest.mark.parametrize("broken", [5, {"chosenCandidates": [{}]}, {"chosenCandidates": [{"token": "x"}]}, {}])
def test_malformed_logprobs_cost_no_answer(server, cases, broken):
    def script(whole):
        whole["candidates"][0]["logprobsResult"] = broken
        return whole

    server.script = script
    said = []
    (reading,) = read(cases[:1], session=Session(say=said.append), probabilities="on")
    assert (reading.outcome, reading.probabilities) == ("answered", {})
    assert len([line for line in said if line.startswith("no probabilities: ")]) == 1


def test_a_limit_of_requests_is_no_account_without_credit(server, cases):
    server.plan = lambda digest, times: "429" if len(server.counts) == 2 else ""
    readings = read(cases[:3], session=Session(concurrency=1))
    assert [one.outcome for one in readings] == ["answered", "failed", "answered"]
    assert readings[1].error.message.startswith("too many requests for http://127.0.0.1")


def test_a_key_that_is_refused_with_400_ends_the_run(server, cases, monkeypatch):
    async def refused(request, fault, whole):
        from aiohttp import web

        details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
        error = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": details}
        return web.json_response({"error": error}, status=400)

    monkeypatch.setattr(server, "faulty", refused)
    server.plan = lambda digest, times: "any"
    with pytest.raises(StopReading, match="the key in GEMINI_API_KEY is refused by http"):
        read(cases[:1])


def test_bodies_of_errors_in_any_form_are_told(server, cases, monkeypatch):
    from aiohttp import web

    for body in ("<html>no</html>", "", "[1]", '"x"', '{"error": "plain words"}', '{"error": {"details": [3]}}'):

        async def broken(request, fault, whole, body=body):
            kind = "text/html" if body.startswith("<") else "application/json"
            return web.Response(text=body, status=403, content_type=kind)

        monkeypatch.setattr(server, "faulty", broken)
        server.plan = lambda digest, times: "any"
        with pytest.raises(StopReading, match="the key in GEMINI_API_KEY is refused by http"):
            read(cases[:1])


def test_the_other_variable_of_the_key_is_read_and_vertex_is_not_meant(server, cases, monkeypatch):
    monkeypatch.delenv("GEMINI_API_KEY")
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-other-0123456789")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "ward-7")
    (reading,) = read(cases[:1])
    assert reading.outcome == "answered"
    assert server.headers[0]["x-goog-api-key"] == "AIza-other-0123456789"


def test_what_is_in_flight_keeps_to_the_limit(server, cases):
    server.latency = 0.05
    read(cases, session=Session(concurrency=3))
    assert server.most_in_flight == 3


def test_images_are_counted_by_the_budget_of_the_model(cases):
    reader = GoogleReader(MODEL)
    assert reader.request(cases[0]).image_tokens == 1120
    assert reader.details["image_limit"] == "Gemini"
    assert math.isclose(reader.price.output, 9.0)
    assert GoogleReader(f"models/{MODEL}").provider.details().model == MODEL


def test_a_package_that_is_not_installed_is_named_with_its_extra(server, cases, monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("readers.api.sdk.importlib.util.find_spec", missing)
    with pytest.raises(StopReading, match=r"google-genai is not installed: pip install 'ecg-reading-bench\[google\]'$"):
        GoogleReader(MODEL).check()
    monkeypatch.setattr("readers.api.sdk.importlib.util.find_spec", lambda name: None)
    with pytest.raises(StopReading, match="google-genai is not installed"):
        read(cases[:1])
    with pytest.raises(StopReading, match="the package x is not installed"):
        needs_package("x", "x", "y")


def test_an_odd_usage_is_no_bill(server, cases):
    def script(whole):
        return whole | {"usageMetadata": whole["usageMetadata"] | {"thoughtsTokenCount": -5}}

    server.script = script
    (reading,) = read(cases[:1], max_tokens="400")
    assert reading.usage.output_tokens == 400, "an impossible bill counts as the most"
    server.script = lambda whole: {name: value for name, value in whole.items() if name != "usageMetadata"}
    (reading,) = read(cases[:1])
    assert reading.usage.cost is None
    assert json.dumps(reading.to_json())


@pytest.mark.parametrize("fault", ["cut", "half", pytest.param("stall", marks=pytest.mark.slow)])
def test_a_connection_that_breaks_costs_a_retry_and_no_answer(server, cases, fault):
    server.plan = lambda digest, times: fault if times == 0 else ""
    (reading,) = read(cases[:1], attempts="2", timeout="1")
    assert reading.outcome == "answered"
    assert set(server.counts.values()) == {2}


def test_the_wait_that_google_tells_is_kept(server, cases):
    seen = []

    def plan(digest, times):
        seen.append(time.monotonic())
        return "429" if times == 0 else ""

    server.plan, server.retry_info = plan, "0.4s"
    (reading,) = read(cases[:1], attempts="2")
    assert reading.outcome == "answered"
    assert 0.4 <= seen[1] - seen[0] < 2


def test_the_sdk_knows_every_name_that_is_sent_or_read(cases):
    from google.genai import types

    options = {"probabilities": "on", "seed": "1", "service_tier": "flex", "structured": "schema"}
    reader = GoogleReader(MODEL, reasoning_effort="low", **options)
    body = reader.provider.body(reader.request(cases[0]))
    sent = types.GenerationConfig.model_validate(body["generationConfig"])
    assert sent.thinking_config.thinking_level is types.ThinkingLevel.LOW
    assert sent.response_json_schema and sent.response_logprobs and sent.logprobs == 20
    assert types.ServiceTier(body["serviceTier"]) is types.ServiceTier.FLEX
    (turn,) = [types.Content.model_validate(one) for one in body["contents"]]
    assert [bool(part.text) for part in turn.parts] == [True, False, True]
    assert turn.parts[1].inline_data.mime_type == "image/png"
    assert set(STOPS) <= set(types.FinishReason.__members__)
    assert set(ENDED) <= set(types.JobState.__members__)


# batches -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def batched(tmp_path):
    def build(**settings):
        return Session(tmp_path, run_id="a", batch=tmp_path / "batch", poll_seconds=0.01, **settings)

    return build


def rates(cases):
    return [rate_of(case.prompt.measurements.heart_rate.printed) for case in cases]


def test_a_batch_costs_half_and_each_answer_finds_its_case(server, cases, batched, tmp_path):
    server.batch_script = lambda results: results[::-1]
    readings = read(cases, session=batched())
    assert [one.values["rate"] for one in readings] == rates(cases)
    assert sum(server.counts.values()) == 0 and len(server.batches) == 1
    usage, price = readings[0].usage, GoogleReader(MODEL).price
    plain = usage.input_tokens - usage.cached_tokens
    assert usage.cost == pytest.approx((plain * price.input + 1024 * price.cached + 120 * price.output) / 2e6)
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert all("model" not in line["request"] for line in server.batches["job0"]["lines"])


def test_what_a_batch_says_of_one_request_concerns_that_alone(server, cases, batched):
    def script(results):
        results[0] = {"key": results[0]["key"], "error": {"code": 400, "message": "no such field"}}
        results[1]["response"] = {"hello": "world"}
        results[2]["response"] |= GEMINI["filtered"]
        return [*results[:4], {"key": 5, "response": {}}, [1]]

    server.batch_script = script
    readings = read(cases[:5], session=batched())
    assert [one.error.kind if one.error else "" for one in readings] == [
        "transport",
        "transport",
        "content_filter",
        "",
        "transport",
    ]
    assert readings[0].error.message == "failed in its batch: no such field"


@pytest.mark.parametrize("damage", [None, "{"])
def test_a_batch_whose_id_was_lost_in_a_kill_is_found_and_not_paid_for_twice(server, cases, batched, damage):
    with pytest.MonkeyPatch.context() as killing, pytest.raises(Killed):
        plan_kill(killing, GoogleProvider, "after submit")
        read(cases[:3], session=batched())
    if damage:
        (batched().batch / "state.json").write_text(damage)
    readings = read(cases[:3], session=batched())
    assert [one.values["rate"] for one in readings] == rates(cases[:3])
    assert len(server.batches) == 1


def test_a_batch_that_is_refused_as_a_whole_is_told(server, cases, batched):
    server.gemini_end = "BATCH_STATE_FAILED"
    with pytest.raises(StopReading, match=r"^batch batches/job0 was refused as a whole: Google gives no reason$"):
        read(cases[:2], session=batched())


def test_an_endpoint_without_batches_is_told(server, cases, batched, monkeypatch):
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", f"{server.url}/nowhere")
    with pytest.raises(StopReading, match=r"404: .*; the batches are kept: repeat the command to resume$"):
        read(cases[:2], session=batched())
