"""What OpenAI's Responses API has of its own: effort, summaries, logprobs, failures in a body, batches."""

import json

import pytest

from readers.api.openai_responses import ResponsesReader
from readers.session import Session
from taxonomy.error import SettingError

from ...loopback.cloud import RESPONSES, CloudServer
from ...loopback.server import Running
from .test_probabilities import logprobs_of

KEY = "sk-test-abcdefgh12345678"


@pytest.fixture
def server(monkeypatch):
    with Running(CloudServer()) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


def read(cases, model="some-open-model", session=None, **options):
    reader = ResponsesReader(model, attempts="1", **options)
    return list(reader.within(session or Session()).read(cases))


def test_effort_tier_and_temperature_are_named_as_this_api_names_them(server, cases, monkeypatch):
    read(cases[:1], "gpt-5.5-pro", reasoning_effort="xhigh", service_tier="flex")
    read(cases[:1])
    thinking, plain = server.bodies
    assert thinking["reasoning"] == {"effort": "xhigh"} and thinking["service_tier"] == "flex"
    assert "temperature" not in thinking
    assert plain["temperature"] == 0 and "reasoning" not in plain
    assert plain["store"] is False, "what is asked is not stored"
    monkeypatch.delenv("OPENAI_BASE_URL")
    with pytest.raises(SettingError, match=r"must be medium, high, xhigh for model 'gpt-5.5-pro', not low"):
        ResponsesReader("gpt-5.5-pro", reasoning_effort="low")
    with pytest.raises(SettingError, match=r"model 'gpt-5.5-pro' has no logprobs$"):
        ResponsesReader("gpt-5.5-pro", probabilities="on")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": "1"}, "option seed is not supported by OpenAI's Responses API"),
        ({"extra": '{"reasoning": {"effort": "high"}}'}, "it is --option reasoning_effort"),
        ({"extra": '{"include": []}'}, "cannot set 'include': probabilities are asked by"),
        ({"extra": '{"store": true}'}, "cannot set 'store': the request has it already"),
        ({"extra": '{"instructions": "x"}'}, "cannot set 'instructions': the question"),
    ],
)
def test_what_it_lacks_or_has_already_is_refused(server, cases, options, said):
    with pytest.raises(SettingError, match=said):
        read(cases[:1], **options)


def test_the_summary_of_its_reasoning_is_kept_and_not_taken_for_the_answer(server, cases):
    def script(whole):
        summary = [{"type": "summary_text", "text": 'Is it {"rate": "normal"}? The rate is what counts.'}]
        return whole | {"output": [{"type": "reasoning", "summary": summary}, *whole["output"][1:]]}

    server.script = script
    (summed,) = read(cases[:1])
    server.script = lambda whole: whole
    (plain,) = read(cases[:1])
    assert server.bodies[0].get("reasoning") is None
    assert summed.raw.startswith('<think>Is it {"rate"')
    assert summed.values == plain.values and summed.outcome == "answered"
    read(cases[:1], extra='{"reasoning": {"summary": "auto"}}', reasoning_effort="high")
    assert server.bodies[-1]["reasoning"] == {"effort": "high", "summary": "auto"}


def test_logprobs_become_probabilities(server, cases):
    def script(whole):
        part = whole["output"][1]["content"][0]
        return whole | {
            "output": [{"type": "message", "content": [part | {"logprobs": logprobs_of(part["text"])["content"]}]}]
        }

    server.script = script
    (reading,) = read(cases[:1], probabilities="on")
    assert server.bodies[0]["include"] == ["message.output_text.logprobs"]
    assert server.bodies[0]["top_logprobs"] == 20
    assert reading.probabilities["rhythm"]["atrial_fibrillation"] == pytest.approx(0.2)
    assert reading.partial == {"diagnosis"}


def test_a_response_that_failed_behind_a_status_of_200_is_a_failed_call(server, cases):
    server.plan = lambda digest, times: "broken_off" if len(server.counts) == 2 else ""
    readings = read(cases[:3], session=Session(concurrency=1))
    assert [one.outcome for one in readings] == ["answered", "failed", "answered"]
    assert readings[1].error.message == "the provider could not answer: it broke"


def test_batches_go_to_their_own_endpoint_and_a_failed_one_fails_alone(server, cases, tmp_path):
    def script(results):
        results[1]["response"]["body"] |= RESPONSES["broken_off"]
        results[2]["response"]["body"] |= RESPONSES["length"]
        return results

    server.batch_script = script
    session = Session(tmp_path, run_id="a", batch=tmp_path / "batch", poll_seconds=0.01)
    readings = read(cases[:4], "gpt-5.5-pro", session)
    assert [one.error.kind if one.error else "" for one in readings] == ["", "transport", "truncated", ""]
    assert len({json.dumps(batch["lines"][0]["url"]) for batch in server.batches.values()}) == 1
    assert sum(server.counts.values()) == 0
    price = ResponsesReader("gpt-5.5-pro").price
    usage = readings[0].usage
    assert usage.cost == pytest.approx((usage.input_tokens * price.input + 120 * price.output) / 2e6)


def test_the_sdk_knows_every_name_that_is_sent(build_cases):
    from openai.types.responses import ResponseInputImageParam, ResponseInputTextParam
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming as Sent

    (case,) = build_cases(count=1, shots=1)
    reader = ResponsesReader("gpt-4.1", structured="schema", probabilities="on", service_tier="flex")
    body = reader.provider.body(reader.request(case))
    known = {name for base in (Sent, *Sent.__orig_bases__) for name in getattr(base, "__annotations__", {})}
    assert set(body) <= known
    parts = [part for turn in body["input"] if isinstance(turn["content"], list) for part in turn["content"]]
    for part in parts:
        kind = ResponseInputImageParam if part["type"] == "input_image" else ResponseInputTextParam
        assert set(part) <= set(kind.__annotations__)
    assert body["text"]["format"].keys() == {"type", "name", "strict", "schema"}
