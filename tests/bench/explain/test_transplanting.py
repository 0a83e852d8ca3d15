"""Transplants of many records go on where they were stopped, and are the same."""

import pytest

from bench.explain.counterfactual.donor_pool import bears, donor_pool
from bench.explain.counterfactual.given import Given
from bench.explain.counterfactual.transplant import NoTransplant, Plan, Transplant, pooled
from bench.explain.counterfactual.transplanting import Surgery, bearing, transplants
from taxonomy.error import RunError

OUTPUT = ("rhythm", "atrial_fibrillation")


class Counting:
    """Gives the answer of every recording, its odds by lead II; counts calls, and is stopped after some."""

    def __init__(self, stops_after=10_000):
        self.left = stops_after

    def __call__(self, signals):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return [Given(True, float(signal.mv[1].std())) for signal in signals]


@pytest.fixture(scope="module")
def pool(population):
    return donor_pool(population, [OUTPUT], each=2)


def test_records_bear_the_value_by_lot(population):
    cohort = population.cohort()
    found = bearing(cohort, OUTPUT, 3)
    assert len(found) == 3
    assert all(bears(population.truth(record), *OUTPUT) for record in found)
    every = bearing(cohort, OUTPUT, 1000)
    assert found == every[:3]
    assert {record.ecg_id for record in every} == {r.ecg_id for r in cohort if bears(population.truth(r), *OUTPUT)}


class Odds(Counting):
    """As Counting, but does not give the answer of the donors without it."""

    def __init__(self, donors, stops_after=10_000):
        super().__init__(stops_after)
        self.donors = donors

    def __call__(self, signals):
        given = super().__call__(signals)
        return [
            Given(signal.mv.tobytes() not in self.donors, one.strength)
            for signal, one in zip(signals, given, strict=True)
        ]


def test_what_was_stopped_goes_on_and_is_the_same(population, pool, tmp_path):
    donors = {one.record.signal().mv.tobytes() for one in pool if not bears(one.truth, *OUTPUT)}
    records = bearing(population.cohort(), OUTPUT, 3)

    def surgery(asking, **changed):
        return Surgery(OUTPUT, asking, pool, **{"plan": Plan(most=1), "reader": "odds"} | changed)

    whole = transplants(records, surgery(Odds(donors)))
    assert all(isinstance(one, Transplant) for one in whole)
    path = tmp_path / "transplants.jsonl"
    questions = Odds(donors)
    transplants(records[:1], surgery(questions))
    each = 10_000 - questions.left
    with pytest.raises(KeyboardInterrupt):
        transplants(records, surgery(Odds(donors, stops_after=2 * each + 1)), kept=path)
    with path.open("a") as torn:
        torn.write('{"key": "to')
    second = Odds(donors)
    assert transplants(records, surgery(second), kept=path) == whole
    assert 10_000 - second.left == each
    third = Odds(donors, stops_after=0)
    assert transplants(records, surgery(third), kept=path) == whole
    for changed in ({"reader": "other"}, {"plan": Plan(most=1, seed=1)}, {"pool": pool[1:]}):
        assert surgery(third).key(records[0]) != Surgery(
            OUTPUT, third, **{"pool": pool, "plan": Plan(most=1), "reader": "odds"} | changed
        ).key(records[0])
    assert pooled(whole).n == 3


def test_why_there_is_none_is_kept_too_and_a_damaged_line_is_named(population, tmp_path):
    path = tmp_path / "transplants.jsonl"
    records = bearing(population.cohort(), OUTPUT, 1)
    first = transplants(records, Surgery(OUTPUT, Counting(), ()), kept=path)
    assert isinstance(first[0], NoTransplant)
    assert transplants(records, Surgery(OUTPUT, Counting(stops_after=0), ()), kept=path) == first
    path.write_text('{"key": "a"}\n')
    with pytest.raises(RunError, match=r"line 1 of .*transplants\.jsonl is damaged"):
        transplants(records, Surgery(OUTPUT, Counting(), ()), kept=path)
