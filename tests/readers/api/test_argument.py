"""Arguments of a request: the user's own, those that models take differently, address and key by reader."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readers.api.anthropic import AnthropicReader
from readers.api.argument import extra_arguments, merged, model_arguments, tier_factor
from readers.api.openai import OpenAIReader
from readers.api.option import RequestOptions
from readers.api.price import price_of
from readers.registry import reader
from readers.session import Session
from readers.setting import parsed_options
from taxonomy.error import BenchError, SettingError, StopReading

from .conftest import KEY

OTHER = "gsk_another-key-0987654321"


def body_of(made, case):
    return made.provider.body(made.request(case))


def test_further_arguments_reach_the_request_the_manifest_and_the_key_of_the_answer(server, make, cases, tmp_path):
    extra = json.dumps({"top_p": 0.9, "chat_template_kwargs": {"enable_thinking": False}})
    session = Session(tmp_path)
    list(make().within(session).read(cases[:1]))
    plain = server.bodies[0]
    made = make(extra=extra)
    list(made.within(session).read(cases[:1]))
    list(made.within(session).read(cases[:1]))
    assert len(server.bodies) == 2
    assert server.bodies[1] == plain | json.loads(extra)
    assert made.details["extra"] == extra


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("{", "option extra cannot be read: it is no JSON"),
        ("[1]", "it holds a list, not a JSON object"),
        ('{"top_p": NaN}', "option extra cannot be read"),
        ('{"top_p": 1, "top_p": 2}', "option extra cannot be read"),
        ("[" * 9 + "]" * 9, "8 lists and objects"),
        (json.dumps({"stop": "x" * 20_000}), "larger than"),
        ('{"messages": []}', "cannot set 'messages': the question is the benchmark's"),
        ('{"model": "other"}', "cannot set 'model': the model is the reader's"),
        ('{"models": ["other"]}', "cannot set 'models': the model is the reader's"),
        ('{"response_format": null}', "cannot set 'response_format': the schema"),
        ('{"max_tokens": 9}', "cannot set 'max_tokens': the limit of tokens is --option max_tokens"),
        ('{"max_completion_tokens": 9}', "the limit of tokens"),
        ('{"Max-Tokens": 9}', "cannot set 'Max-Tokens': the limit of tokens"),
        ('{"temperature": 1}', "cannot set 'temperature': it is an option of its own"),
        ('{"n": 5}', "answers are read whole and one by one"),
        ('{"stream": true}', "answers are read whole and one by one"),
        ('{"logprobs": true}', "probabilities are asked by --option probabilities=on"),
        ('{"extra_body": {"extra_body": {"messages": []}}}', "cannot set 'messages'"),
        ('{"extra_body": {"google": {"cached_content": "x"}}}', "cannot set 'cached_content': the question"),
        ('{"mock_response": "x"}', "cannot set 'mock_response': the model is the reader's"),
        ('{"api_key": "sk-hidden-123456"}', "cannot set 'api_key': keys come from the environment alone"),
        ('{"provider": {"options": [{"x_api_key": "sk-hidden-123456"}]}}', "cannot hold 'x_api_key': keys come from"),
    ],
)
def test_what_further_arguments_may_not_be_is_named_and_no_value_is_shown(make, extra, said):
    with pytest.raises(SettingError, match=re.escape(said)) as refused:
        make(extra=extra)
    assert "hidden" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_parts_of_other_arguments_may_have_any_name():
    for extra in (
        {"chat_template_kwargs": {"model": "x", "tools": []}},
        {"provider": {"order": ["a"], "quantizations": ["bf16"]}},
        {"reasoning": {"max_tokens": 500}},
        {"prompt_cache_key": "one", "metadata": {"text": "x"}},
        {"extra_body": {"google": {"thinking_config": {"include_thoughts": False}}}},
    ):
        assert extra_arguments(json.dumps(extra)) == extra


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers(), lambda inner: st.lists(inner), max_leaves=5)))
def test_no_argument_replaces_what_the_request_has(more):
    body = {"model": "m", "messages": [1], "max_tokens": 5, "thinking": {"type": "enabled"}}
    try:
        whole = merged(body, more)
    except SettingError as refused:
        assert not body.keys().isdisjoint(more), refused
    else:
        assert whole == {**more, **body}


def test_parts_of_one_argument_come_together():
    assert merged({"a": {"b": 1}}, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
    with pytest.raises(SettingError, match="cannot set 'b': the request has it already"):
        merged({"a": {"b": 1}}, {"a": {"b": 2}})


def test_what_a_server_refuses_is_told_in_its_own_words(server, make, cases):
    server.plan = lambda digest, times: "argument"
    with pytest.raises(StopReading, match=r"400: Unrecognized request argument supplied: nosuch\)$"):
        list(make(extra='{"nosuch": 1}', attempts=1).read(cases[:2]))


# temperature ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "options", "sent"),
    [
        ("gpt-4o-2024-08-06", {}, 0.0),
        ("some-open-model", {}, 0.0),
        ("gemini-3.5-flash", {}, 0.0),
        ("gpt-4.1", {"temperature": "0.7"}, 0.7),
        ("gpt-4.1", {"temperature": "default"}, None),
        ("gpt-5", {}, None),
        ("gpt-5-mini-2025-08-07", {}, None),
        ("openai/gpt-5", {}, None),
        ("gpt-5.4", {}, 0.0),
        ("gpt-5.4", {"reasoning_effort": "low"}, None),
        ("gpt-5.6", {}, None),
        ("gpt-5.6", {"reasoning_effort": "none"}, 0.0),
        ("gpt-6.1-sol", {}, None),
        ("o3", {}, None),
        ("anthropic/claude-opus-4-8", {}, None),
    ],
)
def test_the_temperature_is_0_unless_the_model_is_known_to_refuse_it(server, cases, model, options, sent):
    made = OpenAIReader(model, **options)
    body = body_of(made, cases[0])
    assert body.get("temperature") == sent
    assert ("temperature" in body) == (sent is not None)
    assert made.details["temperature"] == ("not sent: the model takes none but its own" if sent is None else str(sent))


def test_a_temperature_that_a_model_does_not_take_is_refused_before_anything_is_sent(monkeypatch, cases):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(SettingError, match=r"option temperature = 0.5: the model takes none but its own$"):
        OpenAIReader("gpt-5", temperature="0.5")
    with pytest.raises(SettingError, match=r"temperature = 0: .* except by --option reasoning_effort=none"):
        OpenAIReader("gpt-5.6", temperature="0")
    with pytest.raises(SettingError, match="must be a number or 'default', not 'warm'"):
        OpenAIReader("gpt-4o", temperature="warm")
    with pytest.raises(SettingError, match="must be between 0 and 2 or 'default', not '3'"):
        OpenAIReader("gpt-4o", temperature="3")
    elsewhere = OpenAIReader("gpt-5", temperature="0.5", base_url="http://127.0.0.1:9/v1")
    assert body_of(elsewhere, cases[0])["temperature"] == 0.5, "a server of others says itself what it refuses"


def test_no_temperature_is_sent_to_anthropic_and_the_manifest_says_so(server, cases):
    made = AnthropicReader("claude-opus-4-8")
    assert "temperature" not in body_of(made, cases[0])
    assert made.details["temperature"] == "not sent: the model takes none but its own"


def test_a_model_that_refuses_temperature_0_is_told_with_the_remedy(server, cases):
    server.plan = lambda digest, times: "temperature"
    with pytest.raises(StopReading, match=r"does not support 0 .*; --option temperature=default leaves it out$"):
        list(OpenAIReader("some-open-model", attempts="1").read(cases[:2]))


# effort, budgets, tiers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factory", "model", "options", "said"),
    [
        (OpenAIReader, "gpt-5.4", {"reasoning_effort": "minimal"}, "must be none, low, medium, high, xhigh for model"),
        (OpenAIReader, "gpt-4o", {"reasoning_effort": "low"}, "model 'gpt-4o' has no levels of effort"),
        (AnthropicReader, "claude-opus-4-8", {"reasoning_effort": "minimal"}, "must be none, low, medium, high, xhigh"),
        (AnthropicReader, "claude-haiku-4-5", {"reasoning_effort": "high"}, "must be none for model"),
        (OpenAIReader, "gpt-5.4", {"thinking_budget": "2000"}, "api.openai.com is not known to take one; OpenAI's"),
        (
            AnthropicReader,
            "claude-haiku-4-5",
            {"thinking_budget": "100"},
            "between 1024 and max_tokens - 1 = 8191, not",
        ),
        (AnthropicReader, "claude-haiku-4-5", {"thinking_budget": "8192"}, "between 1024 and max_tokens - 1 = 8191"),
        (AnthropicReader, "claude-opus-4-8", {"thinking_budget": "2000"}, "decides itself how much it thinks"),
        (
            AnthropicReader,
            "claude-opus-4-6",
            {"thinking_budget": "2000", "reasoning_effort": "low"},
            "exclude each other",
        ),
        (AnthropicReader, "claude-opus-4-6", {"extra": '{"thinking": {"budget_tokens": 9000}}'}, "'budget_tokens'"),
        (OpenAIReader, "gpt-5.4", {"service_tier": "cheap"}, "service_tier must be auto, default, flex, scale, prio"),
        (AnthropicReader, "claude-opus-4-8", {"service_tier": "flex"}, "must be auto, standard_only, not 'flex'"),
    ],
)
def test_what_the_provider_or_the_model_lacks_is_refused_by_name(monkeypatch, factory, model, options, said):
    for variable in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(SettingError, match=re.escape(said)):
        factory(model, **options)


def test_every_provider_gets_its_own_name_of_a_thinking_budget(cases):
    haiku = AnthropicReader("claude-haiku-4-5", thinking_budget="2000", service_tier="standard_only")
    body = body_of(haiku, cases[0])
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert body["service_tier"] == "standard_only"
    off = body_of(AnthropicReader("claude-opus-4-8", reasoning_effort="none"), cases[0])
    assert off["thinking"] == {"type": "disabled"}
    assert "effort" not in off.get("output_config", {})
    gemini = "https://generativelanguage.googleapis.com/v1beta/openai/"
    body = body_of(OpenAIReader("gemini-2.5-flash", base_url=gemini, thinking_budget="512"), cases[0])
    assert body["extra_body"] == {"google": {"thinking_config": {"thinking_budget": 512}}}
    more = '{"extra_body": {"google": {"thinking_config": {"include_thoughts": false}}}}'
    body = body_of(OpenAIReader("gemini-2.5-flash", base_url=gemini, thinking_budget="512", extra=more), cases[0])
    assert body["extra_body"]["google"]["thinking_config"] == {"thinking_budget": 512, "include_thoughts": False}
    router = OpenAIReader("z/glm", base_url="https://openrouter.ai/api/v1", thinking_budget="512", service_tier="flex")
    assert body_of(router, cases[0])["reasoning"] == {"max_tokens": 512}


def test_a_service_tier_has_its_price_and_one_without_a_known_price_has_none(tmp_path):
    assert price_of("gpt-5.4", tier="flex").output == price_of("gpt-5.4").output / 2
    assert price_of("gpt-5.5", tier="priority").input == 2.5 * price_of("gpt-5.5").input
    assert price_of("gpt-5.4", tier="default") == price_of("gpt-5.4")
    assert price_of("gpt-4o", tier="flex") is None
    assert tier_factor("scale", "gpt-5.4") is None
    own = tmp_path / "prices.json"
    own.write_text('{"models": {"gpt-5.4": {"input": 1, "output": 2}}}')
    assert price_of("gpt-5.4", own, "flex") == price_of("gpt-5.4", own)
    made = OpenAIReader("gpt-4o", service_tier="flex").within(Session(max_cost=1.0))
    with pytest.raises(StopReading, match=r"no price for model 'gpt-4o, tier flex', so --max-cost cannot be kept"):
        list(made.read([]))


def test_every_row_of_the_table_can_be_used():
    for provider in ("openai", "anthropic"):
        for prefix in ("gpt-5.4", "gpt-6-luna") if provider == "openai" else ("claude-opus-4-8",):
            assert model_arguments(provider, prefix).efforts
    assert model_arguments("openai", "nobody") is None
    assert model_arguments("openai", "gpt-5.4-mini").efforts == ("none", "low", "medium", "high", "xhigh")
    assert extra_arguments("{}") == {}


# address and key -----------------------------------------------------------------------------------------------------


def test_two_readers_have_their_own_addresses_and_keys(server, monkeypatch, cases):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/nowhere")
    monkeypatch.setenv("GROQ_API_KEY", OTHER)
    named = OpenAIReader("llama", base_url=server.openai_url, key_variable="GROQ_API_KEY")
    bare = OpenAIReader("llama", base_url=server.openai_url)
    assert [next(iter(made.read(cases[:1]))).outcome for made in (named, bare)] == ["answered"] * 2
    sent = [headers["Authorization"] for headers in server.headers]
    assert sent == [f"Bearer {OTHER}", "Bearer none"], "the usual key goes to no other address"
    assert named.details["endpoint"] == named.details["base_url"] == server.openai_url
    assert named.details["key_variable"] == "GROQ_API_KEY"
    assert KEY not in json.dumps(dict(named.details)) and OTHER not in json.dumps(dict(named.details))


def test_an_echoed_key_of_a_named_variable_is_hidden(server, monkeypatch, cases):
    monkeypatch.setenv("GROQ_API_KEY", OTHER)
    server.plan = lambda digest, times: "echo"
    (reading, *_) = OpenAIReader("llama", base_url=server.openai_url, key_variable="GROQ_API_KEY", attempts="1").read(
        cases[:1]
    )
    assert "[secret]" in reading.error.message
    assert OTHER not in reading.error.message and OTHER[-8:] not in reading.error.message


def test_a_named_variable_that_is_not_set_is_told(server, cases, monkeypatch):
    monkeypatch.delenv("MY_API_KEY", raising=False)
    made = OpenAIReader("llama", base_url=server.openai_url, key_variable="MY_API_KEY")
    with pytest.raises(StopReading, match="no key: MY_API_KEY, which --option key_variable names, is not set"):
        made.check()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"key_variable": "sk-hidden-123456"}, "takes the name of an environment variable, in capitals"),
        ({"key_variable": "HOME"}, "such as MY_API_KEY, and not the key itself"),
        ({"base_url": "localhost:8000"}, "option base_url is no address such as"),
        ({"base_url": "http://user:hidden@host/v1"}, "holds a user, a password or parameters"),
        ({"base_url": "http://host/v1?api_key=hidden"}, "holds a user, a password or parameters"),
    ],
)
def test_no_secret_may_stand_in_an_option(options, said):
    with pytest.raises(SettingError) as refused:
        parsed_options(RequestOptions, options)
    assert said in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_the_command_line_takes_them_all():
    made = reader("openai:m", {"base_url": "http://127.0.0.1:9/v1", "extra": '{"top_k": 5}', "temperature": "0.2"})
    assert made.options.more == {"top_k": 5}
    with pytest.raises(BenchError, match="Did you mean 'extra'"):
        reader("openai:m", {"extras": "{}"})
