"""Phantoms as a dataset: opened by a seed, lazy, exact, and the same as WFDB files as they are in memory."""

import tracemalloc
from itertools import islice

import numpy as np
import pytest

from bench.dataset import open_dataset
from bench.dataset import phantom as phantom_module
from bench.dataset.base import majorities
from bench.dataset.describe import describe
from bench.dataset.phantom import COUNTED, MOST_CASES, Phantoms, phantoms_named
from bench.dataset.ptbxl import PtbXl
from taxonomy.error import DatasetError

from ...command import bench, is_one_sentence
from .conftest import CHOSEN


@pytest.fixture
def hearts_drawn(monkeypatch):
    """Numbers of the phantoms whose statements and heart are drawn; drawing them is what takes time."""
    numbers, drawn = [], phantom_module.drawn
    monkeypatch.setattr(
        phantom_module, "drawn", lambda seed, number, balanced: numbers.append(number) or drawn(seed, number, balanced)
    )
    for kept in (phantom_module._draw, phantom_module._truth):
        kept.cache_clear()
    return numbers


@pytest.mark.parametrize(
    "population",
    [
        "x", "-1", "1.5", "1,0", "1,-5", "1,odd", "1,balanced,balanced", "1,20,30", "1,", ",20", "²", "٣", "1 2",
        "9" * 19, "9" * 5000, f"1,{MOST_CASES + 1}", "1," + "9" * 5000,
    ],
)  # fmt: skip
def test_a_population_that_is_none_is_told_in_one_sentence(population, tmp_path):
    failed = bench("data", "info", "--data", f"phantoms:{population}", cwd=tmp_path)
    assert is_one_sentence(failed, "phantoms take a seed of at most 18 digits"), failed.stderr
    assert repr(population[:80]) in failed.stderr
    assert len(failed.stderr) < 300


@pytest.mark.parametrize("population", ["", "x", "1.5"])
def test_such_a_population_is_refused_by_the_dataset_itself(population):
    with pytest.raises(DatasetError, match="phantoms take a seed"):
        Phantoms(population)


def test_a_phantom_that_is_not_there_is_named(tmp_path):
    asked = ("data", "explain", "--data", "phantoms:1,20", "--id")
    assert is_one_sentence(bench(*asked, "200", cwd=tmp_path), "phantoms-1-20 has no record 200: its records are 0 to")
    with pytest.raises(DatasetError, match="has no record a1"):
        Phantoms("1,20").record("a1")


@pytest.mark.parametrize(
    ("population", "name", "cases"),
    [
        ("1", "phantoms-1", 500),
        ("7,balanced", "phantoms-7-balanced", 500),
        ("7,2000", "phantoms-7-2000", 2000),
        ("7,2000,balanced", "phantoms-7-balanced-2000", 2000),
        ("7,500", "phantoms-7", 500),
        ("9" * 18, f"phantoms-{'9' * 18}", 500),
    ],
)
def test_a_population_has_a_name_under_which_it_is_found_again(population, name, cases):
    opened = open_dataset(f"phantoms:{population}")
    assert (opened.name, len(opened)) == (name, 10 * cases)
    found = phantoms_named(name)
    assert found is not None
    ids = tuple(range(0, 10 * cases, cases))
    assert found.name == name
    assert found.fingerprint(ids) == opened.fingerprint(ids)


def test_without_anything_else_the_published_phantoms_are_opened(monkeypatch):
    monkeypatch.delenv("PTBXL_DIR", raising=False)
    assert open_dataset().name == "phantoms-1"
    assert phantoms_named("ptbxl") is None


def test_every_phantom_is_in_one_split_and_its_folds_follow_its_number(population):
    sizes = {split: len(population.cohort(split)) for split in population.splits}
    assert sizes == {"test": 66, "val": 66, "train": 528, "all": 660}
    assert [record.ecg_id for record in population] == list(range(660))
    for number in (0, 65, 66, 131, 132, 659):
        assert population.record(number).fold == population.cohort("all")[number].fold
    assert {record.sex for record in population} == {"male", "female"}
    assert all(18 <= record.age <= 89 for record in population)


def test_a_records_age_and_sex_are_those_of_its_draw(population):
    for number in (0, 70, 200):
        record, one = population.record(number), population.draw(number)
        assert (record.age, record.sex) == (one.age, one.sex)


def test_of_many_phantoms_only_those_that_are_asked_for_are_drawn(hearts_drawn):
    many = Phantoms("6,3000")
    cohort = many.cohort(limit=3)
    assert not cohort.coverage.is_whole
    assert cohort.coverage.of == 3000
    assert not hearts_drawn
    cohort.truths()
    assert sorted(hearts_drawn) == list(cohort.ids)


def test_going_through_many_phantoms_keeps_none_of_them():
    many = Phantoms("6,21799")
    next(iter(many))
    tracemalloc.start()
    try:
        assert sum(1 for _ in islice(many.in_folds(("val",)), 2000)) == 2000
        assert tracemalloc.get_traced_memory()[1] < 200_000, "100 bytes for each of them"
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_the_majority_is_counted_over_some_of_the_training_phantoms(hearts_drawn):
    many = Phantoms("6,21799")
    assert many.baselines == majorities(many.truth(many.record(2 * 21_799 + number)) for number in range(COUNTED))
    assert set(hearts_drawn) == set(range(2 * 21_799, 2 * 21_799 + COUNTED))


def test_the_truth_is_the_simulations_and_needs_no_signal(population, monkeypatch):
    monkeypatch.setattr(Phantoms, "_load", lambda *asked: pytest.fail("simulated"))
    for record in population.cohort():
        found = population.truth(record)
        assert not found.circular
        assert found.because["rate"].endswith(("by the simulation", "within 2 of a limit"))
        assert found.because["axis"].endswith("degrees by the simulation")
        assert found.statements == population.draw(record.ecg_id).codes


def test_the_signal_is_simulated_at_the_rate_that_is_asked_for_and_is_the_same_each_time(population):
    record = population.record(5)
    assert record.rates == (500,)
    signal = record.signal()
    assert (signal.mv.shape, signal.mv.dtype, signal.fs) == ((12, 5000), np.float32, 500)
    assert np.array_equal(signal.mv, Phantoms("1,20").record(5).signal().mv), "whatever the size of the population"
    assert not np.array_equal(signal.mv, Phantoms("2,20").record(5).signal().mv)


def test_what_is_cached_and_what_is_asked_follow_the_seed():
    one, other = Phantoms("1,20"), Phantoms("2,20")
    assert one.signal_fingerprint((0, 1)) != other.signal_fingerprint((0, 1)) != other.signal_fingerprint((0, 2))
    assert one.fingerprint((0, 1)) != other.fingerprint((0, 1))
    assert one.fingerprint((0, 1)) == Phantoms("1,20").fingerprint((1, 0))


def test_a_description_says_that_they_are_simulated_and_counts_them(population):
    lines = describe(population)
    normal = sum(population.truth(record).superclass == "NORM" for record in population)
    assert lines["dataset"].startswith("phantoms-1-66 ")
    assert lines["records"] == "660, 660 with a signal at hand"
    assert lines["records with a signal by fold"] == "test 66, train 528, val 66"
    assert f"NORM {normal}" in lines["superclass of the diagnosis"]
    assert "rhythm 660" in lines["labelled without measuring"]
    assert "McSharry" in lines["licence"]


def test_info_and_verify_print_what_is_there(tmp_path):
    info = bench("data", "info", cwd=tmp_path, PTBXL_DIR="phantoms:1,4")
    assert info.returncode == 0, info.stderr
    assert "40, 40 with a signal at hand" in info.stdout
    done = bench("data", "verify", cwd=tmp_path, PTBXL_DIR="phantoms:1,2")
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip() == "20 signals of 20 records read: nothing is missing or damaged"


def test_phantoms_written_as_physionet_keeps_ptbxl_are_what_they_were(physionet_folder, population):
    written = PtbXl(physionet_folder)
    folds = {"train": 1, "val": 9, "test": 10}
    for number in CHOSEN:
        record, phantom = written.record(number), population.record(number)
        assert (record.fold, record.age, record.sex) == (folds[phantom.fold], phantom.age, phantom.sex)
        assert written.labels(number).scp_codes.keys() == population.labels(number).scp_codes.keys()
        assert np.allclose(record.signal(100).mv, population.draw(number).simulated(fs=100).mv, atol=5.1e-4)


def test_a_registered_name_is_found_beside_a_folder_of_that_name_that_is_no_ptbxl(tmp_path, monkeypatch):
    (tmp_path / "phantoms").mkdir()
    monkeypatch.chdir(tmp_path)
    assert open_dataset("phantoms").name == "phantoms-1"
    assert open_dataset("phantoms:2").name == "phantoms-2"


def test_nothing_is_measured_for_the_truth_of_phantoms():
    fresh = Phantoms("3,20")
    cohort = fresh.cohort("test", limit=2)
    assert cohort.truths() == {record.ecg_id: cohort.truth(record) for record in cohort}
    assert fresh.measured == {}
    assert cohort.truth(cohort[0]) == fresh.truth(cohort[0], cohort.measured(cohort[0]))


def test_a_colon_with_nothing_after_it_is_refused():
    with pytest.raises(DatasetError, match=r"'phantoms:' has nothing after its colon"):
        open_dataset("phantoms:")
    assert open_dataset("phantoms").name == "phantoms-1"
