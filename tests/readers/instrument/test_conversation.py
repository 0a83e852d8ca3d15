import json
import re
import tomllib
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from readers.api.price import price_of
from readers.instrument.conversation import MOST_TURNS
from readers.instrument.reader import ZoomReader
from readers.instrument.tool import MOST_CALLS
from readers.session import Session
from taxonomy.error import BenchError, SettingError, StopReading
from taxonomy.reading import Reading

from ...loopback.server import answer
from ...loopback.tool_server import one_zoom

ZOOM = ("zoom", {"lead": "V1", "px_per_mm": 8})


def asking(count):
    """Return a model that makes so many calls, one in each turn, and then answers."""

    def model(asked):
        return answer(asked.text) if len(asked.results) == count else [ZOOM]

    return model


def test_a_model_zooms_once_and_then_answers(zoom, cases, server):
    first, second = zoom().read(cases)
    for reading in (first, second):
        assert reading.error is None
        assert reading.values["rhythm"] == "sinus"
        (call,) = reading.calls
        assert (call.instrument, call.lead, call.picture, call.px_per_mm) == ("zoom", "V1", 1, 8)
        assert json.loads(call.arguments) == ZOOM[1]
        assert "5 of 6 calls left" in call.result
    assert len(server.asked) == 4
    begun, ended = (next(one for one in server.asked if bool(one.results) == seen) for seen in (False, True))
    assert begun.tools == ended.tools == ("zoom", "caliper")
    assert len(ended.images) == len(begun.images) + 1 == 2
    assert "at most 6 times" in begun.text


def test_every_turn_is_billed_and_the_sum_is_told(zoom, cases, server):
    server.model = asking(3)
    (reading,) = zoom().read(cases[:1])
    assert reading.usage.output_tokens == 4 * 120
    sent = [server.tokens({}, asked) for asked in server.asked]
    assert len(sent) == 4
    assert sent == sorted(sent)
    assert reading.usage.input_tokens == sum(sent)
    price = price_of(zoom().model)
    assert reading.usage.cost == pytest.approx((sum(sent) * price.input + 480 * price.output) / 1e6)
    assert reading.usage.px_per_mm == 3


def test_after_six_calls_the_instruments_are_refused_and_the_model_answers(zoom, cases, server):
    server.model = asking(7)
    (reading,) = zoom().read(cases[:1])
    assert reading.error is None
    assert [call.is_refused for call in reading.calls] == [False] * MOST_CALLS + [True]
    assert "all 6 calls are used" in reading.calls[-1].result
    assert [asked.may_call for asked in server.asked] == [True] * MOST_CALLS + [False, False]
    assert "No call is left" in server.asked[6].results[-1]


def test_seven_calls_at_once_count_one_by_one(zoom, cases, server):
    server.model = lambda asked: answer(asked.text) if asked.results else [ZOOM] * 7
    (reading,) = zoom().read(cases[:1])
    assert [call.is_refused for call in reading.calls] == [False] * 6 + [True]
    assert len(server.asked[1].images) == 7
    assert not server.asked[1].may_call


def test_a_model_that_never_answers_is_a_scored_failure(zoom, cases, server):
    server.model = lambda asked: [ZOOM]
    (reading,) = zoom().read(cases[:1])
    assert reading.outcome == "no_answer"
    assert reading.error.kind == "empty"
    assert f"no answer in {MOST_TURNS} turns" in reading.error.message
    assert len(server.asked) == MOST_TURNS == len(reading.calls)
    assert reading.usage.output_tokens == MOST_TURNS * 120


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("zoom", {"lead": "V9", "px_per_mm": 8}), "there is no lead 'V9': choose from I, aVR"),
        (("zoom", {"lead": 3, "px_per_mm": 8}), "there is no lead 3"),
        (("zoom", {"lead": "V1"}), "px_per_mm must be 2 to 24, not None"),
        (("zoom", {"lead": "V1", "px_per_mm": 900}), "px_per_mm must be 2 to 24, not 900"),
        (("zoom", {"lead": "V1", "px_per_mm": True}), "px_per_mm must be 2 to 24, not True"),
        (("zoom", {"px_per_mm": 8}), "name either a lead or a box"),
        (("zoom", {"lead": "V1", "box": [0, 0, 9, 9], "px_per_mm": 8}), "name either a lead or a box"),
        (("zoom", {"box": [9, 9, 5, 5], "px_per_mm": 8}), r"box must be \[left, top, right, bottom\] in mm"),
        (("zoom", {"box": [900, 9, 950, 50], "px_per_mm": 8}), "on a picture of 265 x 200 mm, not"),
        (("zoom", {"box": "all", "px_per_mm": 8}), "box must be"),
        (("zoom", {"lead": "V1", "px_per_mm": 8, "angle": 3}), "there is no argument 'angle'"),
        (("caliper", {"lead": "V1", "from": [0.1]}), "'to' is missing"),
        (("caliper", {"lead": "V1", "from": [0.1], "to": [2.6]}), "V1 is 2.5 s long: 2.6 s is not on it"),
        (("caliper", {"lead": "V1", "from": [0.1], "to": [20, 30]}), "both times or both points"),
        (("caliper", {"lead": "V1", "from": [20, 30], "to": [20, 3000]}), r"\(20, 3000\) is not on it"),
        (("caliper", {"lead": "V1", "from": ["x"], "to": [1]}), "from must be"),
        (("diagnose", {}), "there is no instrument 'diagnose': there is zoom and caliper"),
    ],
)
def test_wrong_arguments_are_told_what_is_allowed_and_cost_a_call(cases, server, call, said):
    server.model = lambda asked: answer(asked.text) if asked.results else [call]
    (reading,) = ZoomReader("anthropic:claude-opus-4-8", attempts="1").read(cases[:1])
    (kept,) = reading.calls
    assert reading.error is None
    assert kept.is_refused
    assert kept.result.startswith("error: ")
    assert kept.result.endswith("5 of 6 calls left.")
    assert re.search(said, kept.result)


@pytest.mark.parametrize("written", ["{", "[1, 2]", '{"lead": NaN}', "[" * 5000, "x" * 100_000])
def test_arguments_that_are_no_json_cost_a_call_and_no_more(cases, server, written):
    server.model = lambda asked: answer(asked.text) if asked.results else [("zoom", written)]
    (reading,) = ZoomReader("openai:gpt-5.4", attempts="1").read(cases[:1])
    (call,) = reading.calls
    assert reading.error is None
    assert call.is_refused
    assert "the arguments are no JSON object" in call.result
    assert len(call.arguments) <= 2000


def test_a_schema_stands_beside_instruments_only_where_both_are_taken(zoom, cases, server):
    server.model = asking(6)
    (free,) = zoom(structured="schema").read(cases[:1])
    # This server is none of the maker's own: a schema that is decided by decoding would leave no room for a call.
    assert [asked.schema for asked in server.asked] == [False] * 6 + [True]
    assert free.usage.follows_schema is True
    server.model = asking(2)
    (early,) = zoom(structured="schema").read(cases[:1])
    assert early.values == free.values
    assert early.usage.follows_schema is None


@pytest.mark.parametrize("model", ["openai:gpt-5.4", "openai-responses:gpt-5.6", "anthropic:claude-opus-4-8"])
def test_the_makers_own_servers_take_both(model, cases, monkeypatch):
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    reader = ZoomReader(model)
    request = reader.request(cases[0])
    assert request.schema is not None
    body = reader.provider.body(request)
    assert {"tools", "tool_choice"} <= set(body)
    assert "response_format" in body or "format" in body.get("text", body.get("output_config", {}))


def test_a_server_that_takes_no_tools_is_one_clear_sentence(zoom, cases, server):
    server.rejects = "registry/llava does not support tools"
    with pytest.raises(StopReading, match=r"does not support tools\); 'zoom:' needs a model that calls tools"):
        list(zoom().read(cases))


def test_a_part_that_does_not_reach_the_model_is_a_failed_call(zoom, cases, server):
    server.blind_to_parts = True
    server.model = asking(2)
    (reading,) = zoom().read(cases[:1])
    assert reading.outcome == "failed"
    assert "the enlarged part did not reach the model" in reading.error.message
    assert len(reading.calls) == 1
    server.model = asking(2)
    (trusting,) = zoom(image_check="off").read(cases[:1])
    assert trusting.error is None


def test_no_turn_is_paid_for_twice(zoom, cases, server, tmp_path):
    server.model = asking(3)
    server.plan = lambda digest, times: "500" if len(server.asked) > 1 else ""
    session = Session(responses=tmp_path, run_id="run", concurrency=1)
    (broken,) = zoom(attempts="1").within(session).read(cases[:1])
    assert broken.outcome == "failed"
    assert len(broken.calls) == 2
    assert broken.usage.output_tokens == 2 * 120
    server.plan = lambda digest, times: ""
    (mended,) = zoom(attempts="1").within(session).read(cases[:1])
    assert mended.error is None
    assert len(mended.calls) == 3
    # Three answered turns and two: the one that failed was asked again, and none of those that were kept.
    assert len(server.asked) == 3 + 2
    before = len(server.asked)
    (kept,) = zoom(attempts="1").within(session).read(cases[:1])
    assert len(server.asked) == before
    assert kept == mended
    (other,) = zoom(attempts="1").within(Session(responses=tmp_path, run_id="other")).read(cases[:1])
    assert other.usage.reused
    assert other.usage.cost == mended.usage.cost


def test_the_cost_limit_holds_at_every_turn(zoom, cases, server, tmp_path):
    server.model = asking(3)
    (whole,) = zoom(max_tokens="200").read(cases[:1])
    server.asked.clear()
    session = Session(responses=tmp_path, run_id="run", max_cost=0.6 * whole.usage.cost)
    with pytest.raises(StopReading, match="stopped before exceeding --max-cost"):
        list(zoom(max_tokens="200").within(session).read(cases[:1]))
    assert 0 < len(server.asked) < 4
    spent = len(server.asked)
    more = Session(responses=tmp_path, run_id="run", max_cost=3 * whole.usage.cost)
    (reading,) = zoom(max_tokens="200").within(more).read(cases[:1])
    assert reading.calls == whole.calls
    assert len(server.asked) == 4
    assert spent < 4


def test_an_estimate_counts_the_turns_and_covers_the_bill(zoom, cases, server):
    server.model = asking(6)
    reader = zoom(max_tokens="400")
    found = reader.estimate(cases[0])
    (reading,) = reader.read(cases[:1])
    assert "up to 6 calls" in found.note
    assert found.cost < found.most
    assert reading.usage.cost < found.most
    assert reading.usage.input_tokens > 0
    assert found.most_output_tokens == MOST_TURNS * 400


def test_a_model_that_calls_where_there_is_no_instrument_has_not_answered(zoom, build_cases, server):
    server.model = lambda asked: [ZOOM]
    (reading,) = zoom().read(build_cases(1, condition="text-only"))
    assert server.asked[0].tools == ()
    assert reading.outcome == "no_answer"
    assert reading.error.message == "it calls an instrument and gives no answer"
    assert reading.calls == ()


def test_a_run_whose_model_never_calls_is_told_once(zoom, build_cases, server):
    server.model = lambda asked: answer(asked.text)
    said = []
    reader = zoom().within(Session(say=said.append))
    list(reader.read(build_cases(6) + [replace(case, repeat=1) for case in build_cases(6)]))
    assert [line for line in said if "none called an instrument" in line] == [
        "10 answers, and none called an instrument: the model needs none, or its server leaves out the tools that are "
        "sent"
    ]


def test_a_batch_is_refused(zoom, tmp_path):
    with pytest.raises(SettingError, match="asked in turns, which no batch can hold; leave out --batch"):
        zoom().within(Session(batch=tmp_path))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("", "needs a provider and a model: --reader zoom:openai:MODEL"),
        ("openai", "needs a provider and a model"),
        ("opnai:gpt-5.4", "unknown provider of models with instruments 'opnai'.*Did you mean 'openai'"),
    ],
)
def test_a_model_that_is_not_named_is_told(model, said):
    with pytest.raises(BenchError, match=said):
        ZoomReader(model)


@pytest.mark.parametrize(
    ("model", "effort", "said"),
    [
        ("gpt-5.4", None, None),
        ("gpt-5.4", "none", None),
        ("gpt-5.4", "high", r"reasons \(effort: high\)"),
        (
            "gpt-5.6",
            None,
            r"'gpt-5.6' reasons \(effort: its own\).*use zoom:openai-responses:gpt-5.6, or",
        ),
        ("gpt-5.6", "none", None),
        ("gpt-5", "high", None),
    ],
)
def test_effort_beside_instruments_is_refused_before_openai_does(monkeypatch, model, effort, said):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    options = {"reasoning_effort": effort} if effort else {}
    if said is None:
        assert ZoomReader(f"openai:{model}", **options).model == model
        return
    with pytest.raises(SettingError, match=said):
        ZoomReader(f"openai:{model}", **options)
    # Servers of others say themselves what they refuse.
    assert ZoomReader(f"openai:{model}", base_url="http://localhost:1/v1", **options).model == model


def test_it_is_registered_under_its_short_name():
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))
    where = project["project"]["entry-points"]["ecg_bench.readers"]["zoom"]
    assert EntryPoint("zoom", where, "ecg_bench.readers").load() is ZoomReader


def test_the_manifest_tells_the_instruments(zoom):
    reader = zoom()
    assert reader.name.startswith("zoom:")
    assert reader.details["instruments"].startswith("zoom, caliper; 6 calls; ")
    assert reader.details["model"] == reader.model


def test_a_reading_keeps_its_calls_and_one_without_any_is_as_before(zoom, cases, server):
    (reading,) = zoom().read(cases[:1])
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading
    assert "calls" not in Reading().to_json()
    for wrong in ("calls", [1], [{"instrument": 1, "arguments": "", "result": ""}], [{}] * 65):
        with pytest.raises(BenchError, match="call"):
            Reading.from_json({"values": {}, "calls": wrong})


def test_examples_stand_before_the_question(zoom, build_cases, server):
    server.model = one_zoom
    (reading,) = zoom().read(build_cases(1, shots=1))
    assert reading.error is None
    assert len(server.asked[-1].images) == 3
