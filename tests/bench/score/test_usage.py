"""What a run cost, by hand."""

from bench.score.usage import usage_total
from taxonomy.reading import Failure, Reading, Usage


def used(**usage):
    return Reading(usage=Usage(**usage))


def test_totals_by_hand():
    found = usage_total(
        [
            used(input_tokens=100, cached_tokens=60, output_tokens=7, cost=0.5, seconds=3.0, px_per_mm=8),
            used(input_tokens=20, output_tokens=3, cost=0.25, seconds=1.0, px_per_mm=5.5, reused=True),
            used(input_tokens=1, seconds=9.0),
            Reading(usage=Usage(cost=0.125), error=Failure("refusal", "no")),
            Reading(),
        ]
    )
    assert (found.calls, found.input_tokens, found.cached_tokens, found.output_tokens) == (4, 121, 60, 10)
    assert (found.cost, found.reused_cost, found.unpriced) == (0.875, 0.25, 1)
    assert (found.seconds, found.px_per_mm) == (3.0, 5.5)


def test_what_is_not_stated_is_not_made_up():
    found = usage_total([used(output_tokens=3)])
    assert (found.calls, found.input_tokens, found.output_tokens, found.unpriced) == (1, 0, 3, 1)
    assert (found.cost, found.reused_cost, found.seconds, found.px_per_mm) == (None, 0, None, None)
    assert usage_total([Reading(), Reading()]) is None


def test_a_call_that_cost_nothing_has_a_price():
    found = usage_total([used(cost=0.0)])
    assert (found.cost, found.unpriced) == (0, 0)
