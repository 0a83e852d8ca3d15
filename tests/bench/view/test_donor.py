"""Whose numbers stand in for a record's own: drawn one to one, never of the same patient, blind to everything else."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dataset import Record
from bench.dataset.ptbxl import PtbXl
from bench.view import View, cases_of
from bench.view.donor import donors
from taxonomy.error import DatasetError

from ...physionet import table_row, write_folder, write_tables

SEEDS = st.integers(0, 2**32)


def record(ecg_id, patient, fold=10):
    return Record(ecg_id, patient, None, None, fold, "made up", (100,), lambda *_: None)


def ids(chosen):
    return {ecg_id: donor.ecg_id for ecg_id, donor in chosen.items()}


@st.composite
def folds(draw, least=2):
    """Records of one to three folds with at least so many patients each, some with many records."""
    found = []
    for fold in range(draw(st.integers(1, 3))):
        patients = draw(st.lists(st.integers(1, 9), min_size=least, max_size=8))
        for patient, count in enumerate(patients):
            found += [(f"{fold}/{patient}", fold)] * count
    return [record(number, patient, fold) for number, (patient, fold) in enumerate(found)]


@given(folds(), SEEDS, st.integers(1, 5))
def test_it_is_one_to_one_within_the_fold_and_never_the_same_patient(records, seed, draw):
    chosen, own = donors(records, seed, draw), {one.ecg_id: one for one in records}
    assert Counter(donor.ecg_id for donor in chosen.values()) == Counter(chosen.keys())
    for ecg_id, donor in chosen.items():
        assert donor.patient_id != own[ecg_id].patient_id
        assert donor.fold == own[ecg_id].fold


@given(folds(), SEEDS)
def test_nobody_is_left_out_but_of_a_patient_with_more_than_half(records, seed):
    chosen = donors(records, seed)
    for fold in {one.fold for one in records}:
        members = [one for one in records if one.fold == fold]
        (patient, most), *_ = Counter(one.patient_id for one in members).most_common(1)
        left_out = [one for one in members if one.ecg_id not in chosen]
        assert len(left_out) == max(0, 2 * most - len(members))
        assert {one.patient_id for one in left_out} <= {patient}


@given(folds(), SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(records, seed, chance):
    shuffled = chance.sample(records, len(records))
    assert ids(donors(shuffled, seed)) == ids(donors(records, seed))


def test_records_with_other_truths_signals_and_persons_are_paired_alike(population):
    """The ids of the records stay, all else that a truth rests on is another's."""
    records = list(population.cohort())
    others = [
        replace(one, age=other.age, sex=other.sex, _load=other._load)
        for one, other in zip(records, reversed(records), strict=True)
    ]
    assert ids(donors(others, 3)) == ids(donors(records, 3))


def test_a_pairing_looks_at_no_truth(population, monkeypatch):
    from bench.dataset import Cohort

    def seen(*_):
        raise AssertionError("the truth was asked for")

    monkeypatch.setattr(type(population), "truth", seen)
    monkeypatch.setattr(Cohort, "measure", seen)
    assert len(cases_of(View("crossed").for_inputs(frozenset({"text"})), population.cohort()).donors) == 66


def test_draws_and_seeds_differ(population):
    records = population.cohort()
    drawn = [ids(donors(records, seed, draw)) for seed in (0, 1) for draw in range(1, 6)]
    for number, one in enumerate(drawn):
        for other in drawn[:number]:
            assert sum(one[ecg_id] == other[ecg_id] for ecg_id in one) < 8, "about one in 66 by chance"


def test_every_assignment_is_drawn_alike():
    """Four records of four patients have nine assignments without a clash."""
    records = [record(number, f"patient {number}") for number in range(4)]
    counts = Counter(tuple(ids(donors(records, seed)).values()) for seed in range(4500))
    assert len(counts) == 9
    assert all(abs(count - 500) < 5 * 500**0.5 for count in counts.values())


def test_a_patient_with_half_of_the_fold_is_paired_with_everyone_else():
    records = [record(number, "often here" if number < 20 else f"patient {number}") for number in range(40)]
    chosen = ids(donors(records, 0))
    assert len(chosen) == 40
    assert all((ecg_id < 20) != (donor < 20) for ecg_id, donor in chosen.items())


@pytest.mark.parametrize("lonely", [[record(1, "a")], [record(1, "a"), record(2, "a"), record(3, "b", 9)]])
def test_where_nobody_can_stand_in_it_is_told(lonely):
    with pytest.raises(DatasetError, match=r"stand in for those of record 1: .* fold 10 is of one patient") as told:
        donors(lonely, 0)
    assert "\n" not in str(told.value)


def test_who_is_left_out_of_a_run_is_said(population, tmp_path):
    class Heard:
        def __init__(self):
            self.said = []

        def say(self, words):
            self.said.append(words)

    written = write_folder(tmp_path, population, range(4), with_signal=range(4))
    rows = [table_row(population, number) for number in range(4)]
    write_tables(written, [{**row, "patient_id": 1.0} for row in rows[:3]] + rows[3:])
    cohort, heard = PtbXl(written).cohort(), Heard()
    cases = cases_of(View("crossed").for_inputs(frozenset({"text"})), cohort, heard)
    assert len(cases.cohort) == len(cases.donors) == 2
    assert heard.said == ["2 of 4 records are left out: one patient has most of a fold's records"]
