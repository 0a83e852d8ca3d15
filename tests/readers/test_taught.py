"""What a reader was taught: folds by dataset, from the notes on its training."""

import pytest

from bench.run.caveat import caveats, taught_records
from bench.run.options import RunOptions
from readers.registry import reader
from readers.taught import folds_in, taught_on


@pytest.mark.parametrize(
    ("words", "folds"),
    [
        ("1-8, stopped on 9", range(1, 10)),
        ("folds 1 to 8, stopped on fold 9", range(1, 10)),
        ("folds 1-8", range(1, 9)),
        ("fold 3", [3]),
        ("", []),
    ],
)
def test_the_folds_are_those_that_the_notes_name(words, folds):
    assert folds_in(words) == set(folds)


def test_ptbxl_and_its_sample_are_the_same_records():
    assert taught_on("ptbxl 1.0.3 and signals_100hz.npz", "1-8") == taught_on("phantoms-1-66", "1-8")
    assert taught_on("ptbxl", "1-8").keys() == {"ptbxl", "phantoms-1-66"}
    assert taught_on("ward 7", "1").keys() == {"ward"}


@pytest.mark.parametrize(
    ("name", "train", "val"), [("resnet1d", 344, 78), ("digitizer", 344, 78), ("measurements", 344, 0)]
)
def test_the_built_in_readers_know_their_folds(population, name, train, val):
    built = reader(name)
    taught = [taught_records(built, population.cohort(split)) for split in ("train", "val", "test")]
    assert taught == [train, val, 0]


def test_a_reader_that_says_nothing_was_taught_nothing(population):
    assert taught_records(RunOptions("majority").built(), population.cohort("train")) == 0


def test_some_of_the_records_are_counted(population):
    coverage = population.cohort("all").coverage
    (said,) = caveats(coverage, 422)
    assert said.startswith("Not a test: 422 of these 488 records lie in folds that were taught to this reader")
    assert caveats(coverage, 0) == ()
