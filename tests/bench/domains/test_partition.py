"""Patients dealt by lot: none in two parts, whatever the dataset."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.dataset import Record
from bench.dataset.phantom import Phantoms
from bench.domains.domain import Domain
from bench.domains.partition import (
    can_stop,
    dealt,
    folded,
    left_out,
    matched_size,
    patients_of,
    why_not_folded,
)

POPULATION = Phantoms("1,40")
LEFT_OUT = "here is left out of intra-source: 5 folds need as many patients"


def domain(patients, name="here", first=0):
    """Return a domain whose records are of these patients, in order."""
    records = tuple(
        Record(number, patient, 50, "male", "test", name, (500,), POPULATION._load)
        for number, patient in enumerate(patients, start=first)
    )
    return Domain(name, POPULATION, records)


def patients(records):
    return {record.patient_id for record in records}


some_patients = st.lists(st.one_of(st.integers(0, 30), st.sampled_from("abcde")), min_size=1, max_size=120)


@given(some_patients, st.integers(3, 7), st.integers(0, 5))
def test_no_patient_is_in_two_parts_and_no_record_is_lost(owners, folds, seed):
    one = domain(owners)
    parts = dealt(one, folds, seed)
    assert sorted(record.ecg_id for part in parts for record in part) == [record.ecg_id for record in one.records]
    assert sum(len(patients(part)) for part in parts) == patients_of(one)
    counts = [len(patients(part)) for part in parts]
    assert max(counts) - min(counts) <= 1


@given(some_patients, st.integers(3, 6), st.integers(0, 3))
def test_a_cross_validation_holds_every_record_out_once_and_teaches_nobody_twice(owners, folds, seed):
    one = domain(owners)
    if patients_of(one) < folds:
        assert why_not_folded(one, folds)
        return
    lessons = folded(one, folds, seed)
    held = [record.ecg_id for lesson in lessons for record in lesson.held_out]
    assert sorted(held) == [record.ecg_id for record in one.records]
    for lesson in lessons:
        (part,) = lesson.parts.values()
        groups = [patients(part.train), patients(part.stop), patients(lesson.held_out)]
        assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
        assert len(part.train) + len(part.stop) + len(lesson.held_out) == len(one.records)
        assert groups[0] and groups[2]
        assert not part.stop or can_stop(one, part.stop)


@given(some_patients, some_patients, st.integers(0, 3))
def test_a_domain_that_is_left_out_teaches_nothing(first, second, seed):
    domains = (domain([0, 1], "tested"), domain(first, "one"), domain(second, "two"))
    lesson = left_out(domains[0], domains, seed)
    assert "tested" not in lesson.parts and lesson.held_out == domains[0].records
    for other in domains[1:]:
        part = lesson.parts[other.name]
        assert not patients(part.train) & patients(part.stop)
        assert len(part.train) + len(part.stop) == len(other.records)
        assert part.prepared_with == other.records


def test_who_is_dealt_where_follows_from_the_seed_alone():
    one, again = domain(range(60)), domain(range(60))
    assert [patients(part) for part in dealt(one, 5)] == [patients(part) for part in dealt(again, 5)]
    assert [patients(part) for part in dealt(one, 5)] != [patients(part) for part in dealt(one, 5, seed=1)]
    assert [patients(part) for part in dealt(one, 5)] != [patients(part) for part in dealt(domain(range(60), "b"), 5)]


def test_of_other_domains_one_patient_in_ten_stops():
    domains = (domain(range(5), "tested"), domain(range(100), "one"), domain(range(50), "two"))
    lesson = left_out(domains[0], domains)
    assert {name: (len(part.train), len(part.stop)) for name, part in lesson.parts.items()} == {
        "one": (90, 10),
        "two": (45, 5),
    }
    assert lesson.taught == {"one": 90, "two": 45} and lesson.stops == 15


def test_a_training_may_be_as_small_as_that_of_the_source_itself():
    domains = (domain(range(30), "tested"), domain(range(100), "one"), domain(range(50), "two"))
    size = matched_size(domains[0])
    assert size == 18
    small, smaller = (left_out(domains[0], domains, size=count) for count in (size, 10))
    assert sum(small.taught.values()) == 18 and small.stops == 15
    for name in ("one", "two"):
        less, more = ({record.ecg_id for record in one.parts[name].train} for one in (smaller, small))
        assert less < more


def test_a_fold_that_cannot_stop_a_training_is_passed_over_and_none_stops_where_none_can():
    normal, abnormal = [], []
    for record in POPULATION:
        (normal if POPULATION.truth(record).superclasses == {"NORM"} else abnormal).append(record)
        if len(normal) >= 30 and abnormal:
            break
    alike = Domain("alike", POPULATION, tuple(normal[:30]))
    assert all(lesson.stops == 0 for lesson in folded(alike, 3))
    assert not left_out(domain([0], "tested"), (domain([0], "tested"), alike)).stops
    labelled = next(one for one in abnormal if POPULATION.truth(one).superclasses)
    nearly = Domain("nearly", POPULATION, tuple(sorted([*normal[:30], labelled], key=lambda one: one.ecg_id)))
    stopped = [lesson for lesson in folded(nearly, 3) if lesson.stops]
    assert len(stopped) == 2
    assert all(labelled in lesson.parts["nearly"].stop for lesson in stopped)


@pytest.mark.parametrize(
    ("owners", "said"),
    [
        ("aaa", "it has 3 records, which are of one patient, or are not told apart by patient"),
        ("a", "it has 1 record, which are of one patient, or are not told apart by patient"),
        ("aabbcc", "it has 6 records, of 3 patients"),
    ],
)
def test_too_few_patients_are_told_in_a_sentence(owners, said):
    assert (
        why_not_folded(domain(owners), 5)
        == f"here is left out of intra-source: 5 folds need as many patients, and {said}"
    )
    assert why_not_folded(domain("abcde"), 5) == ""


def test_numbers_of_parts_are_as_even_as_they_can_be():
    sizes = [len(part) for part in dealt(domain(range(23)), 5)]
    assert np.ptp(sizes) == 1 and sum(sizes) == 23
