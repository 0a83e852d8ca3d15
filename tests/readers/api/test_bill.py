"""What a server bills is believed only as far as it is possible."""

import pytest

from readers.api.bill import UNUSABLE, believed, count, most_tokens
from readers.api.price import Tokens, price_of
from readers.api.request import Request
from readers.api.response import Response
from readers.session import Session
from taxonomy.error import SettingError, StopReading


@pytest.mark.parametrize("value", [-1, -999_999_996_372, 1.5, float("nan"), float("inf"), "12", True, [], {}])
def test_what_is_no_count_is_unusable(value):
    assert count(value) == UNUSABLE


def test_what_is_a_count_is_one():
    assert (count(None), count(0), count(7), count(7.0), count(10**30)) == (0, 0, 7, 7, 10**30)


@pytest.mark.parametrize(
    "billed",
    [
        Tokens(UNUSABLE, 10),
        Tokens(10**12, 10),
        Tokens(100, 10, cached=101),
        Tokens(100, 10, cached=UNUSABLE),
        Tokens(100, 10, cache_written=UNUSABLE),
        Tokens(-5, 10, cached=-10),
    ],
)
def test_impossible_input_counts_as_the_most(billed):
    request = Request("gpt-5.4", "system", "text")
    most = most_tokens(request)
    counted = believed(Response("", "end", billed, "m"), request).tokens
    assert counted == Tokens(most.input, 10, cache_written=most.input)
    price = price_of("gpt-5.4")
    assert price.cost(counted) == pytest.approx(price.most(most.input, 10))


def test_impossible_output_counts_as_all_that_was_allowed_and_a_possible_bill_stays():
    request = Request("gpt-5.4", "system", "text")
    for output in (UNUSABLE, request.options.max_tokens + 1, 10**30):
        counted = believed(Response("", "end", Tokens(100, output, cached=50), "m"), request).tokens
        assert counted == Tokens(100, request.options.max_tokens, cached=50)
    response = Response("", "end", Tokens(100, 10, cached=50), "m")
    assert believed(response, request) is response
    unbilled = Response("", "end", None, "m")
    assert believed(unbilled, request) is unbilled


def bill(provider, given, made):
    """Return what makes a server bill these numbers of tokens."""
    names = {"openai": ("prompt_tokens", "completion_tokens"), "anthropic": ("input_tokens", "output_tokens")}[provider]

    def script(whole):
        return whole | {"usage": whole["usage"] | dict(zip(names, (given, made), strict=True))}

    return script


@pytest.mark.slow
@pytest.mark.parametrize(
    "billed", [(-999_999_996_372, -5), (-999_999_996_372, 120), (10**14, 10**14), ("many", 0.5), (True, [])]
)
def test_a_cost_limit_holds_whatever_the_server_bills(server, make, provider, cases, billed):
    server.script = bill(provider, *billed)
    reader = make(max_tokens=400)
    request = reader.request(cases[0])
    most = most_tokens(request)
    dearest = reader.price.most(most.input, most.output)
    said = []
    answers = []
    with pytest.raises(StopReading, match="stopped before exceeding --max-cost"):
        limited = reader.within(Session(max_cost=2.5 * dearest, concurrency=1, say=said.append))
        answers.extend(limited.read(cases))
    assert 1 <= len(answers) < len(cases)
    assert all(0 < reading.usage.cost <= dearest * 1.01 for reading in answers)
    assert len([line for line in said if "bills impossible numbers of tokens" in line]) == 1


def test_an_impossible_bill_of_a_batch_is_not_believed(server, make, provider, cases, tmp_path):
    place = {"openai": ("response", "body"), "anthropic": ("result", "message")}[provider]
    change = bill(provider, -999_999_996_372, 10**14)

    def script(results):
        return [one | {place[0]: one[place[0]] | {place[1]: change(one[place[0]][place[1]])}} for one in results]

    server.batch_script = script
    said = []
    session = Session(tmp_path, run_id="run", batch=tmp_path / "batch", poll_seconds=0.01, say=said.append)
    readings = list(make(max_tokens=400).within(session).read(cases))
    assert len(readings) == len(cases)
    assert all(reading.usage.cost > 0 and reading.usage.output_tokens == 400 for reading in readings)
    assert len([line for line in said if "bills impossible numbers of tokens" in line]) == 1


def test_answers_that_are_not_billed_count_at_worst(server, make, cases):
    server.script = lambda whole: {name: value for name, value in whole.items() if name != "usage"}
    reader = make(max_tokens=400)
    worst = reader.estimate(cases[0]).most
    with pytest.raises(StopReading, match="stopped before exceeding --max-cost"):
        list(reader.within(Session(max_cost=3.5 * worst, concurrency=1)).read(cases))
    assert sum(server.counts.values()) <= 3


def test_unusable_answers_count_at_worst(server, make, cases):
    first = []

    def script(whole):
        first.append(whole)
        return whole if len(first) == 1 else '{"usage": NaN}'

    server.script = script
    reader = make(max_tokens=400)
    worst = reader.estimate(cases[0]).most
    with pytest.raises(StopReading, match="stopped before exceeding --max-cost"):
        list(reader.within(Session(max_cost=4 * worst, concurrency=1)).read(cases))
    assert sum(server.counts.values()) <= 4


@pytest.mark.parametrize("price", ["-1", "NaN", '"nan"', "1e999"])
def test_a_price_that_is_none_is_refused(tmp_path, price):
    table = tmp_path / "prices.json"
    table.write_text('{"models": {"m": {"input": 1, "output": PRICE}}}'.replace("PRICE", price))
    with pytest.raises(SettingError, match=r"prices\.json cannot be (used|read)"):
        price_of("m", table)


def test_deep_json_from_a_server_is_a_failed_call(server, make, cases):
    deep = "[" * 100_000 + "]" * 100_000
    server.script = lambda whole: whole if sum(server.counts.values()) == 1 else deep
    readings = list(make().within(Session(concurrency=1)).read(cases[:3]))
    assert [reading.outcome for reading in readings] == ["answered", "failed", "failed"]
    assert "no answer of this API" in readings[1].error.message
