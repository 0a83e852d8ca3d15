"""What leaves for a provider: images within limits, prices, options."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from readers.api.model import ModelLimits, RequestLimit, image_limit, image_limits, request_limit
from readers.api.openai import OpenAIReader
from readers.api.option import RequestOptions
from readers.api.price import Price, Tokens, price_date, price_of
from readers.api.request import sent_images
from readers.registry import reader
from readers.setting import parsed_options
from renderers import packed, render
from taxonomy.error import BenchError, SettingError, StopReading


@pytest.mark.parametrize("limit", image_limits(), ids=lambda limit: limit.name)
@given(width=st.integers(64, 6000), height=st.integers(64, 6000))
def test_a_scaled_image_is_within_its_limit_and_no_smaller_than_need_be(limit, width, height):
    scale = limit.scale((width, height))
    size = (int(width * scale), int(height * scale))
    assert 0 < scale <= 1
    assert max(size) <= limit.long_edge
    assert limit.scale(size) > 0.995 or min(size) < 64
    if limit.patches:
        assert limit.tokens(size) <= limit.patches * limit.per_patch + 1


@pytest.mark.parametrize(
    ("provider", "model", "detail", "name"),
    [
        ("openai", "gpt-5.4", "", "OpenAI, newest, original detail"),
        ("openai", "gpt-5.4", "high", "OpenAI, high detail"),
        ("openai", "gpt-5.4-mini", "", "OpenAI, 1,536 patches"),
        ("openai", "gpt-4o-2024-08-06", "", "OpenAI, older, short side 768 px"),
        ("anthropic", "claude-opus-4-8", "", "Anthropic, newest"),
        ("anthropic", "claude-haiku-4-5-20251001", "", "Anthropic, older and Haiku"),
        ("gemini", "gemini-3.5-flash", "", "Gemini"),
    ],
)
def test_models_are_found_by_the_longest_beginning_of_their_name(provider, model, detail, name):
    assert image_limit(provider, model, detail).name == name


def test_an_unknown_model_has_no_limit():
    assert image_limit("openai", "llava") is None
    assert request_limit("nobody") is None


def test_published_examples_of_image_tokens_come_out():
    older = image_limit("openai", "gpt-4o")
    assert older.tokens((1024, 1024)) == 765
    assert older.tokens((2048, 4096)) == 1105
    newest = image_limit("anthropic", "claude-opus-4-8")
    assert newest.scale((2200, 1700)) < 1
    assert newest.scale((2184, 1708)) == 1
    assert newest.tokens((2184, 1708)) == 78 * 61


def test_scaling_down_is_ours_and_reported(build_cases):
    (case,) = build_cases(px_per_mm=8, count=1)
    limit = image_limit("anthropic", "claude-haiku-4-5")
    (sent,) = sent_images(case, ModelLimits(limit, request_limit("anthropic")))
    with Image.open(io.BytesIO(sent.png)) as picture:
        assert picture.size == sent.size
    assert limit.scale(sent.size) == 1
    assert sent.px_per_mm == pytest.approx(8 * sent.size[0] / case.images[0].size[0], rel=0.01)
    assert sent.px_per_mm < 8
    assert sent.caption.startswith("The ECG as one image")


def test_an_image_within_the_limits_leaves_as_drawn(build_cases):
    (case,) = build_cases(count=1)
    (sent,) = sent_images(case, ModelLimits(image_limit("openai", "gpt-5.4")))
    assert sent.png == case.images[0].png()
    assert sent.px_per_mm == 3


def test_many_images_are_held_to_their_own_edge_and_too_many_are_told(build_cases):
    (case,) = build_cases("leads", count=1)
    many = RequestLimit(images=100, request_mb=1, batch_requests=1, batch_mb=1, many=10, many_edge=500)
    assert max(max(sent.size) for sent in sent_images(case, ModelLimits(None, many))) == 500
    few = RequestLimit(images=11, request_mb=1, batch_requests=1, batch_mb=1)
    with pytest.raises(StopReading, match="12 images; the provider accepts 11"):
        sent_images(case, ModelLimits(None, few))
    small = RequestLimit(images=100, request_mb=0.001, batch_requests=1, batch_mb=1)
    with pytest.raises(StopReading, match="MB of images; the provider accepts"):
        sent_images(case, ModelLimits(None, small))


def test_examples_are_turns_before_the_question_and_a_cached_prefix(build_cases, make, provider):
    first, second = build_cases(count=2, shots=2)
    api_reader = make()
    bodies = [api_reader.provider.body(api_reader.request(case)) for case in (first, second)]
    turns = [[turn for turn in body["messages"] if turn["role"] != "system"] for body in bodies]
    assert [turn["role"] for turn in turns[0]] == ["user", "assistant", "user", "assistant", "user"]
    assert turns[0][:-1] == turns[1][:-1] and turns[0][-1] != turns[1][-1]
    assert [part["type"] for part in turns[0][0]["content"]] == [part["type"] for part in turns[0][-1]["content"]]
    assert first.shots[1].answer in json.dumps(turns[0][3]).encode().decode("unicode_escape")
    marks = json.dumps(turns[0]).count("cache_control")
    assert marks == (1 if provider == "anthropic" else 0)
    if marks:
        assert "cache_control" in turns[0][3]["content"][0]


def test_examples_count_in_tokens_limits_and_what_is_kept(build_cases, make):
    (plain,), (few,) = build_cases(count=1), build_cases(count=1, shots=2)
    one, three = make().request(plain), make().request(few)
    assert len(three.every_image) == 3 and three.images[0].png == one.images[0].png
    assert three.image_tokens == 3 * one.image_tokens
    said = sum(len(shot.text) + len(shot.answer) for shot in few.shots)
    assert three.text_chars == one.text_chars + said + sum(len(shot.captions[0]) for shot in few.shots)
    assert {image.png for image in three.without_pixels().every_image} == {b""}
    tight = RequestLimit(images=2, request_mb=100, batch_requests=1, batch_mb=1)
    with pytest.raises(StopReading, match="3 images; the provider accepts 2"):
        sent_images(few, ModelLimits(None, tight))


def test_a_packed_page_is_the_page(population):
    signal = population.record(38).signal()
    for name in ("printed", "clean"):
        (image,) = render(signal.mv, signal.fs, name)
        again = packed(image)
        assert again.png() == image.png()
        assert np.array_equal(again.rgb(), image.rgb())
        assert again.strips == image.strips


def test_prices_are_data_with_a_date():
    assert price_date() == "2026-11-21"
    assert price_of("gpt-4o-2024-08-06") == price_of("gpt-4o") == price_of("openai/gpt-4o")
    assert price_of("claude-haiku-4-5-20251001") == price_of("claude-haiku-4-5")
    assert price_of("gpt-5.9-mystery") is None


@given(
    plain=st.integers(0, 10**6), cached=st.integers(0, 10**6), written=st.integers(0, 10**6), out=st.integers(0, 10**5)
)
def test_no_bill_is_above_the_worst_case_it_was_admitted_by(plain, cached, written, out):
    price = Price(input=3.0, output=15.0, cached=0.3, cache_write=3.75)
    tokens = Tokens(input=plain + cached + written, output=out, cached=cached, cache_written=written)
    cost = price.cost(tokens)
    assert 0 <= cost <= price.most(tokens.input, out) + 1e-9
    assert price.cost(tokens, batch=True) == pytest.approx(cost / 2)


def test_a_price_table_of_ones_own_comes_first(tmp_path):
    own = tmp_path / "prices.json"
    own.write_text('{"models": {"gpt-4o": {"input": 1, "output": 2}}}')
    assert price_of("gpt-4o", own) == Price(1.0, 2.0)
    assert price_of("gpt-4.1", own) == price_of("gpt-4.1")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{", r"the price table .*prices\.json cannot be read: it is no JSON"),
        ("[" * 100_000, "more than 32 lists and objects"),
        ("[]", "it holds a list, not a JSON object"),
        ("{}", "it has no 'models'; it needs"),
        ('{"models": []}', "it has no 'models'"),
        ('{"models": {"gpt-4o": [1, 2]}}', "'gpt-4o' is no JSON object; it needs"),
        ('{"models": {"gpt-4o": {"inputt": 1}}}', "'gpt-4o' has 'inputt', which is none of input, output, cached"),
        ('{"models": {"gpt-4o": {"input": 1}}}', "'gpt-4o' has no 'output'"),
        ('{"models": {"gpt-4o": {"input": -1, "output": 2}}}', "has input = -1, which is no number of dollars"),
        ('{"models": {"gpt-4o": {"input": true, "output": 2}}}', "has input = True"),
        ('{"models": {"gpt-4o": {"input": NaN, "output": 2}}}', "it holds NaN, which is no finite number"),
    ],
)
def test_a_bad_price_table_is_one_sentence(tmp_path, written, said):
    (tmp_path / "prices.json").write_text(written)
    with pytest.raises(SettingError, match=said):
        price_of("gpt-4o", tmp_path / "prices.json")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"temprature": "1"}, "Did you mean 'temperature'?"),
        ({"temperature": "warm"}, "option temperature must be a number or 'default', not 'warm'"),
        ({"temperature": "3"}, "option temperature must be between 0 and 2 or 'default', not '3'"),
        ({"structured": "yes"}, "option structured must be 'auto', 'schema' or 'text', not 'yes'"),
        ({"max_tokens": "1.5"}, "option max_tokens must be a whole number, not '1.5'"),
    ],
)
def test_a_bad_option_is_told(options, said):
    with pytest.raises(BenchError, match=said.replace("?", r"\?")):
        OpenAIReader("gpt-5.4", **options)


def test_an_option_of_another_provider_is_told():
    for name, value in (("temperature", "0"), ("seed", "1"), ("image_detail", "high")):
        with pytest.raises(SettingError, match=f"option {name} is not supported by Anthropic's"):
            reader("anthropic:claude-opus-4-8", {name: value})


def test_options_take_the_types_of_their_fields():
    found = parsed_options(RequestOptions, {"temperature": "0", "max_tokens": "100", "seed": "3", "image_check": "off"})
    assert (found.temperature, found.max_tokens, found.seed, found.image_check) == (0.0, 100, 3, "off")


def test_a_reader_without_a_model_says_how_to_name_one():
    with pytest.raises(BenchError, match="--reader openai:MODEL"):
        reader("openai")
    with pytest.raises(BenchError, match="has no option 'temperature'"):
        reader("majority", {"temperature": "1"})
