"""What a reader was taught: folds by dataset, from the notes on its training."""

import pytest

from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.run.caveat import caveats, same_simulator, taught_records
from bench.run.options import RunOptions
from readers.registry import reader
from readers.taught import PHANTOMS_TAUGHT, folds_in, phantoms_taught, taught_in, taught_on

from ..physionet import write_folder


@pytest.mark.parametrize(
    ("words", "folds"),
    [
        ("1-8, stopped on 9", range(1, 10)),
        ("folds 1 to 8, stopped on fold 9", range(1, 10)),
        ("folds 1-8", range(1, 9)),
        ("fold 3", [3]),
        ("", []),
        ("fold train, 4,000 further phantoms, stopped on fold val, 500 other phantoms", ["train", "val"]),
        ("fold georgia-1, fold ptb-xl-10, stopped on fold st._mary-9", ["georgia-1", "ptb-xl-10", "st._mary-9"]),
        ("folds 1 to 8 of each source, stopped on fold 9 of each source", range(1, 10)),
        ("folds 1 to 2 of georgia + ptb-xl, stopped on fold 9 of georgia + ptb-xl",
         ["georgia-1", "georgia-2", "georgia-9", "ptb-xl-1", "ptb-xl-2", "ptb-xl-9"]),
        ("fold 3 of st._mary", ["st._mary-3"]),
    ],
)  # fmt: skip
def test_the_folds_are_those_that_the_notes_name(words, folds):
    assert folds_in(words) == set(folds)


def test_a_dataset_is_the_first_word_of_the_note():
    assert taught_on("ptbxl 1.0.3 and signals_100hz.npz", "1-8") == {"ptbxl": frozenset(range(1, 9))}
    assert taught_on("ward 7", "1").keys() == {"ward"}


def test_a_training_on_several_datasets_names_the_folds_of_each():
    several = [
        {"dataset": "ptbxl 1.0.3 and more.npz", "folds": "folds 1 to 8, stopped on fold 9"},
        {"dataset": "challenge 2021-1.0.3", "folds": "fold 1 of georgia, stopped on fold 9 of georgia"},
        {"dataset": "challenge 2021-1.0.3", "folds": "fold 1 of ningbo"},
    ]
    assert taught_in({"datasets": several, "training_records": 3}) == {
        "ptbxl": frozenset(range(1, 10)),
        "challenge": frozenset({"georgia-1", "georgia-9", "ningbo-1"}),
    }
    assert taught_in({"dataset": "ptbxl 1.0.3", "folds": "1-8"}) == {"ptbxl": frozenset(range(1, 9))}
    assert taught_in({"datasets": ["nonsense", {}]}) == {"": frozenset()}
    assert taught_in({}) == {"": frozenset()}


def test_ptbxl_is_taught_by_a_training_on_the_challenges_copy_of_it(folds):
    cohort = folds.cohort("test", with_signal=False)

    def found(told):
        return sum(folds.is_taught(record, taught_in(told)) for record in cohort)

    said = "folds 1 to 8 of {0}, stopped on fold 9 of {0}"
    for name in ("challenge", "challenge-lenient"):
        assert found({"dataset": f"{name} 2021-1.0.3", "folds": said.format("georgia + ptb-xl")}) == 3
        assert found({"dataset": f"{name} 2021-1.0.3", "folds": said.format("georgia + ptb")}) == 0
    assert found({"dataset": "ptbxl 1.0.3", "folds": "folds 1 to 8, stopped on fold 9"}) == 0
    assert found({"dataset": "ward 1", "folds": said.format("ptb-xl")}) == 0


@pytest.fixture(scope="module")
def folds(population, tmp_path_factory):
    """A PTB-XL folder with four records of fold 1, two of fold 9 and three of fold 10, without recordings."""
    numbers = [next(iter(population.in_folds((fold,)))).ecg_id for fold in ("train", "val", "test")]
    chosen = [first + k for first, count in zip(numbers, (4, 2, 3), strict=True) for k in range(count)]
    return PtbXl(write_folder(tmp_path_factory.mktemp("folds"), population, chosen))


@pytest.mark.parametrize(("name", "train", "val"), [("resnet1d", 4, 2), ("digitizer", 4, 2), ("measurements", 4, 0)])
def test_the_built_in_readers_know_their_folds_and_were_taught_no_phantom(folds, population, name, train, val):
    built, splits = reader(name), ("train", "val", "test")
    assert [taught_records(built, folds.cohort(one, with_signal=False)) for one in splits] == [train, val, 0]
    assert [taught_records(built, population.cohort(one)) for one in splits] == [0, 0, 0]


class Student:
    """A reader that was taught phantoms, as the notes of its training say."""

    def __init__(self, dataset):
        said = f"{dataset.split('train').meaning}, stopped on {dataset.split('val').meaning}"
        self.taught_on = taught_on(dataset.name, said)


def test_a_reader_that_was_taught_phantoms_is_not_tested_on_those(population):
    taught = [taught_records(Student(population), population.cohort(one)) for one in ("train", "val", "test")]
    assert taught == [8 * 66, 66, 0]


@pytest.mark.parametrize(
    ("taught", "asked", "found"),
    [("7", "7,2000", 1500), ("7,200", "7", 300), ("7,2000", "7", 0), ("8", "7,2000", 0), ("7,balanced", "7,2000", 0)],
)
def test_a_phantom_that_was_taught_is_known_in_a_population_of_another_size(taught, asked, found):
    assert taught_records(Student(Phantoms(taught)), Phantoms(asked).cohort("test")) == found


def test_a_note_that_names_no_population_is_no_obstacle(population):
    assert taught_records(Unclear(), population.cohort("test")) == 0


class Unclear:
    taught_on = {"phantoms-seven": {"test"}, "phantoms-1-65,66": {"test"}, "phantoms": {"test"}}  # noqa: RUF012


def test_a_reader_that_says_nothing_was_taught_nothing(folds):
    assert taught_records(RunOptions("majority").built(), folds.cohort("train", with_signal=False)) == 0


def test_some_of_the_records_are_counted(population):
    coverage = population.cohort("all").coverage
    (said,) = caveats(coverage, 422)
    assert said.startswith("Not a test: 422 of these 660 records lie in folds that were taught to this reader")
    assert caveats(coverage, 0) == ()


def test_a_reader_that_was_taught_other_phantoms_says_so_where_it_reads_phantoms():
    details = reader("resnet1d").details
    (said,) = same_simulator("resnet1d", details, True)
    assert "was taught other phantoms of this simulator (4100, version 1.1.0)" in said
    assert same_simulator("resnet1d", details, False) == ()
    assert same_simulator("digitizer", reader("digitizer").details, True)
    assert same_simulator("measurements", getattr(reader("measurements"), "details", {}), True) == ()


def test_the_notes_of_a_training_say_which_phantoms_there_were():
    assert phantoms_taught({"phantoms": {"records": 8, "version": "1.1.0"}}) == {PHANTOMS_TAUGHT: "8, version 1.1.0"}
    assert phantoms_taught({}) == {}
