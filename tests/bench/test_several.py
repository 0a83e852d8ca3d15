"""One training set of several datasets or of chosen records."""

from dataclasses import replace

import numpy as np
import pytest

from bench.dataset import Cohort
from bench.dataset.phantom import Phantoms
from bench.dataset.record import by_id
from bench.training.resnet1d import prepared_cohort
from bench.training.several import Part, joined, joined_training_set
from readers.training_target import targets
from taxonomy.error import DatasetError


def silent(done, total):
    """Show no progress."""


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Phantoms of two seeds: other records by the same ids."""
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    return Phantoms("1,2"), Phantoms("2,2")


def first(dataset, count):
    return tuple(dataset.record(number) for number in range(count))


def test_records_of_two_domains_with_the_same_ids_stay_apart(two):
    one, other = two
    parts = [Part(one, first(one, 3), first(one, 4)[3:]), Part(other, first(other, 2), first(other, 3)[2:], 0.25)]
    data = joined_training_set(parts, silent, 1)
    assert data.train.tolist() == [0, 1, 2, 4, 5]
    assert data.validation.tolist() == [3, 6]
    assert data.domain.tolist() == [0] * 4 + [1] * 3
    assert data.weight.tolist() == [1.0] * 4 + [0.25] * 3
    for rows, dataset, count in ((slice(4), one, 4), (slice(4, 7), other, 3)):
        records = first(dataset, count)
        seen = prepared_cohort(Cohort(dataset, records, "all"), silent, 1)
        hot, known = targets([dataset.truth(record) for record in records])
        assert np.array_equal(data.signal[rows], seen.leads)
        assert np.array_equal(data.side[rows], seen.side, equal_nan=True)
        assert all(np.array_equal(data.targets[head][rows], hot[head]) for head in hot)
        assert all(np.array_equal(data.known[head][rows], known[head]) for head in known)
    assert not np.array_equal(data.signal[:3], data.signal[4:7])


def test_other_choices_of_the_same_records_find_them_prepared(two, monkeypatch):
    one, _ = two
    every = first(one, 4)
    whole = joined_training_set([Part(one, every[:2], every[2:], prepared_with=every)], silent, 1)
    assert isinstance(whole.signal, np.memmap)
    monkeypatch.setattr("bench.training.resnet1d.each_prepared", lambda *given: pytest.fail("prepared again"))
    part = joined_training_set([Part(one, (every[3], every[1]), prepared_with=every)], silent, 1)
    assert np.array_equal(part.signal, whole.signal[[1, 3]])
    assert part.train.tolist() == [0, 1] and not len(part.validation)


def test_a_part_without_records_changes_no_number_of_a_domain(two):
    one, other = two
    data = joined_training_set([Part(one, ()), Part(other, first(other, 2))], silent, 1)
    assert data.domain.tolist() == [1, 1]


def test_records_that_cannot_be_chosen_are_told(two):
    one, other = two
    with pytest.raises(DatasetError, match="no record is left to train on"):
        joined_training_set([Part(one, (), first(one, 1)), Part(other, ())], silent)
    with pytest.raises(DatasetError, match="a record of phantoms-1-2 is chosen twice"):
        joined_training_set([Part(one, first(one, 2), first(one, 1))], silent)


def test_a_single_set_stays_where_it_is_and_the_ids_are_in_order(two):
    one, _ = two
    shuffled = tuple(sorted(first(one, 4), key=lambda record: by_id(record.ecg_id), reverse=True))
    data = joined_training_set([Part(one, shuffled)], silent, 1)
    assert joined([data], [2.0]).signal is data.signal
    assert joined([data], [2.0]).weight.tolist() == [2.0] * 4
    assert np.array_equal(data.signal, joined_training_set([Part(one, first(one, 4))], silent, 1).signal)


def test_a_set_of_other_domains_than_records_is_refused(two):
    one, _ = two
    data = joined_training_set([Part(one, first(one, 2))], silent, 1)
    assert data.domain.tolist() == [0, 0]
    with pytest.raises(ValueError, match="2 domains"):
        replace(data, domain=np.zeros(3, dtype=np.int64))
