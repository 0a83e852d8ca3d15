"""Which records are taken: draws by lot, the order in which they are asked, the fingerprint, and what is covered."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bench.dataset import Selection
from bench.dataset.coverage import coverage_of
from bench.dataset.lot import drawn, in_random_order
from bench.dataset.ptbxl import PtbXl
from taxonomy.error import DatasetError

from ...command import bench
from ...physionet import change_row


def place_correlation(ids):
    """The rank correlation of a record's place and its id."""
    return np.corrcoef(np.arange(len(ids)), np.argsort(np.argsort(ids)))[0, 1]


def test_a_larger_draw_holds_the_smaller_one(population):
    ids = [set(population.cohort("all", limit=count).ids) for count in (10, 40, 200, 660)]
    assert [len(one) for one in ids] == [10, 40, 200, 660]
    assert all(small < large for small, large in pairwise(ids))


def test_a_draw_is_by_lot_and_by_seed_and_not_of_the_lowest_ids(population):
    first, other = (population.cohort("all", limit=100, seed=seed).ids for seed in (0, 1))
    assert first == tuple(sorted(first)) != other
    lowest = population.cohort("all").ids[:100]
    assert 5 < len(set(first) & set(lowest)) < 30, "100 of 660: 15 are expected"
    assert population.cohort("all", limit=100).ids == first


def test_a_draw_of_named_records_is_of_those(population):
    ids = population.cohort("test").ids[:12]
    chosen = Selection("phantoms:1,66", ids=",".join(map(str, ids)), limit=5).cohort(dataset=population)
    assert set(chosen.ids) < set(ids) and len(chosen) == 5 and chosen.split == "ids-sample5"
    assert chosen.ids == tuple(record.ecg_id for record in drawn([population.record(one) for one in ids], 5))


@pytest.mark.slow
def test_sample_and_limit_are_one_option_and_take_the_seed(tmp_path):
    folders = []
    for number, words in enumerate((["--sample", "7"], ["--limit", "7"], ["--sample", "7", "--seed", "2"])):
        out = tmp_path / str(number)
        assert bench("run", "--reader", "majority", *words, "--out", out, cwd=tmp_path).returncode == 0
        folders.append(next(out.iterdir()).name)
    assert folders[0] == folders[1] != folders[2]
    assert "test-sample7-seed2" in folders[2]


def test_a_draw_takes_records_without_a_recording_where_none_is_needed(physionet_folder):
    dataset = PtbXl(physionet_folder)
    assert len(dataset.cohort("all", limit=5, with_signal=False)) == 5
    assert len(dataset.cohort("all", limit=5)) == 4
    with pytest.raises(DatasetError, match="limit must be at least 1, not 0"):
        dataset.cohort("all", limit=0)


def test_records_are_asked_in_an_order_that_tells_nothing(population):
    cohort = population.cohort("all")
    orders = [
        [record.ecg_id for record in in_random_order(cohort, *asked)] for asked in ((0, ""), (1, ""), (0, "text-only"))
    ]
    for ids in orders:
        assert sorted(ids) == sorted(cohort.ids)
        assert abs(place_correlation(ids)) < 0.15
    assert len({tuple(ids) for ids in orders}) == 3
    draw = {record.ecg_id for record in drawn(cohort, 100)}
    assert len(draw & set(orders[0][:100])) < 30, "the draw has a lot of its own"


def test_the_fingerprint_is_of_ids_and_labels_whoever_has_which_recordings(physionet_folder):
    whole = PtbXl(physionet_folder)
    ids = whole.cohort("all", with_signal=False).ids
    named, cached = whole.fingerprint(ids), whole.signal_fingerprint(ids)
    next(physionet_folder.rglob("00009_lr.hea")).unlink()
    fewer = PtbXl(physionet_folder)
    assert fewer.fingerprint(ids) == named
    assert fewer.signal_fingerprint(ids) != cached


@pytest.mark.parametrize(
    ("column", "value", "counts"),
    [
        ("scp_codes", "{'AFIB': 100.0}", True),
        ("heart_axis", "ALAD", True),
        ("infarction_stadium1", "Stadium III", True),
        ("strat_fold", "3", True),
        ("patient_id", "77", True),
        ("report", "", False),
    ],
)
def test_the_fingerprint_follows_every_label_and_leaves_the_report_out(physionet_folder, column, value, counts):
    before = PtbXl(physionet_folder).fingerprint((9, 38))
    change_row(physionet_folder, 9, **{column: value})
    assert (PtbXl(physionet_folder).fingerprint((9, 38)) != before) is counts


def test_a_split_with_few_recordings_says_so_in_its_name_and_in_words(physionet_folder):
    cohort = PtbXl(physionet_folder).cohort("all")
    assert cohort.split == "all-4of6"
    assert cohort.coverage.said == "4 of 6 records of split 'all' have a recording here."
    assert cohort.coverage.partial == "Partial: 4 of the split's 6 records are asked; no leaderboard takes it."
    assert not cohort.coverage.is_whole
    assert PtbXl(physionet_folder).cohort("all", with_signal=False).coverage.is_whole


def test_a_population_is_whole(population):
    assert population.cohort().coverage.is_whole
    assert population.cohort().coverage.said == "66 of 66 records of split 'test' have a recording here."
    assert not population.cohort(limit=20).coverage.is_whole
    assert not population.cohort(ids=population.cohort().ids).coverage.is_whole
    short = replace(population.cohort().coverage, records=65)
    assert not short.is_whole
    assert coverage_of(population, "test", population.cohort().ids[:65]) == short
