"""What any dataset gives: one that is not PTB-XL, with names for ids, and what cohorts share."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from bench.dataset import Dataset, Record, Selection, Split, measuring, open_dataset
from bench.dataset import cohort as cohort_module
from bench.dataset.describe import describe
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.opening import DATASET_GROUP
from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from bench.dataset.record import by_id
from bench.dataset.verify import verify
from measurements import VERSION
from taxonomy import plugin
from taxonomy.axis import AXES, DERIVED
from taxonomy.error import DatasetError, SettingError, UnknownNameError
from taxonomy.threshold import rate_of
from taxonomy.truth import Truth


class Ward(Dataset):
    """Three records of a ward: phantoms under other names, one of them without its signal."""

    name, version, title = "ward", "7", "the ward's records"
    citation, licence = "Nobody 2026", "CC0"

    def __init__(self, place: str = "here") -> None:
        self.place = place
        self.splits = {name: Split(name, ("ward",), "every record") for name in ("test", "all")}
        self.phantoms = Phantoms("1,66")
        self.names = {"a1": 9, "b2": 38, "c3": 40}

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        yield from map(self.record, self.names)

    def record(self, ecg_id):
        if ecg_id not in self.names:
            raise DatasetError(f"{self.title} has no record {ecg_id}")
        rates = () if ecg_id == "c3" else (100,)
        return Record(ecg_id, f"patient of {ecg_id}", None, None, "ward", self.name, rates, self.load)

    def load(self, ecg_id, fs):
        return self.phantoms.record(self.names[ecg_id]).signal(fs)

    def truth(self, record, numbers=UNMEASURED):
        rate = numbers.heart_rate.value
        values = dict.fromkeys(axis.name for axis in AXES) | {"rhythm": "paced" if record.ecg_id != "b2" else "sinus"}
        return Truth(values | {"rate": None if rate is None else rate_of(rate)})


def installed(monkeypatch, *values):
    entries = [EntryPoint("ward", value, DATASET_GROUP) for value in values]
    monkeypatch.setattr(plugin, "entry_points", lambda group: entries)


@pytest.fixture
def ward():
    return Ward()


def test_ids_sort_as_numbers_first_then_names():
    assert sorted(["b", 10, "a", 9], key=by_id) == [9, 10, "a", "b"]


def test_another_dataset_is_described_verified_and_credited_as_itself(ward):
    lines = describe(ward)
    assert lines["records"] == "3, 2 with a signal at hand"
    assert lines["records with a signal by fold"] == "ward 2"
    assert lines["licence"] == "CC0; cite Nobody 2026"
    assert ward.credit == "the ward's records (Nobody 2026, CC0)"
    assert verify(ward, lambda done, total: None).sound


def test_baselines_are_those_of_the_dataset(ward, population):
    assert ward.baselines["rhythm"] == "paced"
    assert ward.baselines["rate"] in {"bradycardia", "normal", "tachycardia"}
    assert ward.baselines["diagnosis"] == "NORM", "nothing is labelled there"
    assert ward.baselines.keys() == population.baselines.keys() == {axis.name for axis in (*AXES, *DERIVED)}


def test_the_fingerprint_follows_the_labels_and_what_is_cached_follows_the_signals(ward, monkeypatch):
    named, cached = ward.fingerprint(("a1", "b2")), ward.signal_fingerprint(("a1", "b2"))
    assert named == ward.fingerprint(("b2", "a1")) != ward.fingerprint(("a1", "c3"))
    monkeypatch.setitem(ward.names, "a1", 20)
    assert ward.fingerprint(("a1", "b2")) == named
    assert ward.signal_fingerprint(("a1", "b2")) != cached
    truth = ward.truth
    monkeypatch.setattr(ward, "truth", lambda record: replace(truth(record), values={"rhythm": "sinus"}))
    assert ward.fingerprint(("a1", "b2")) != named


@pytest.mark.parametrize(
    ("ids", "words"),
    [("a1,a1", "--ids names record a1 twice"), (",", "--ids takes the names of records separated by commas, not ','")],
)
def test_ids_that_are_names_are_taken_as_written(ward, ids, words):
    assert Selection(ids="b2, a1").cohort(dataset=ward).ids == ("a1", "b2")
    with pytest.raises(SettingError, match=words):
        Selection(ids=ids).cohort(dataset=ward)
    with pytest.raises(DatasetError, match="the ward's records has no record d4"):
        Selection(ids="d4").cohort(dataset=ward)


def test_a_cohort_is_named_after_what_was_asked_for(population):
    assert (population.cohort().split, len(population.cohort())) == ("test", 66)
    assert (population.cohort(limit=20).split, len(population.cohort(limit=20))) == ("test-sample20", 20)
    assert population.cohort(limit=20, seed=4).split == "test-sample20-seed4"
    assert population.cohort(limit=100).split == "test", "all of it"
    chosen = population.cohort(ids=(40, 9))
    assert (chosen.split, chosen.ids) == ("ids", (9, 40))
    assert chosen[:1].ids == (9,)
    assert [record.fold for record in chosen[:1].peers()] == [chosen[0].fold] * len(chosen[:1].peers())


def test_a_record_is_measured_once_whichever_cohort_asks(monkeypatch):
    seen, measure = [], measuring.measure_record
    monkeypatch.setattr(measuring, "measure_record", lambda record: seen.append(record.ecg_id) or measure(record))
    cohort = Phantoms("1,8").cohort(limit=3)
    numbers = cohort.measure()
    assert cohort.of(cohort[1:]).measure() == {ecg_id: numbers[ecg_id] for ecg_id in cohort.ids[1:]}
    assert cohort.truths()[cohort[0].ecg_id] == cohort.truth(cohort[0])
    peers = cohort.peers()
    peers.measure()
    assert sorted(seen) == sorted(peers.ids) == list(range(8))


def test_many_measurements_are_kept_on_the_disk_and_unmeasured_stays_itself(ward, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(cohort_module, "WORTH_CACHING", 3)
    first = ward.cohort(with_signal=False)
    found = first.measure()
    (path,) = tmp_path.iterdir()
    assert path.name == f"measurements-{VERSION}-{first.signal_fingerprint}.json"
    monkeypatch.setattr(measuring, "measure_record", lambda record: pytest.fail("measured again"))
    again = Ward().cohort(with_signal=False).measure()
    assert again["a1"] == found["a1"]
    assert again["c3"] is UNMEASURED


def test_a_dataset_is_opened_by_its_name_and_path(monkeypatch, physionet_folder):
    installed(monkeypatch, f"{__name__}:Ward")
    monkeypatch.setattr(EntryPoint, "load", lambda entry: Ward)
    assert open_dataset("ward:/some/where").place == "/some/where"
    assert open_dataset("ward").place == "here"
    assert isinstance(open_dataset(physionet_folder), PtbXl)
    with pytest.raises(UnknownNameError, match=r"unknown dataset 'wrad': choose from ward\. Did you mean 'ward'"):
        open_dataset("wrad:/some/where")


def test_a_folder_is_taken_before_a_name_and_the_environment_names_either(monkeypatch, physionet_folder):
    monkeypatch.chdir(physionet_folder.parent)
    assert isinstance(open_dataset("ptbxl"), PtbXl)
    monkeypatch.setenv("PTBXL_DIR", str(physionet_folder))
    assert isinstance(open_dataset(), PtbXl)
    monkeypatch.setenv("PTBXL_DIR", "")
    assert isinstance(open_dataset(), Phantoms)


@pytest.mark.parametrize(
    ("values", "loaded", "where", "words"),
    [
        (("one:A", "two:B"), None, "ward", "two datasets are called 'ward': one:A and two:B; uninstall one"),
        (("no.such.module:A",), None, "ward", r"dataset 'ward' \(no.such.module:A\) cannot be imported"),
        (("x:y",), dict, "ward", "dataset 'ward' is not a subclass of bench.dataset.Dataset"),
        (
            ("x:y",),
            type("Bare", (Phantoms,), {"__init__": lambda self: None}),
            "ward:extra",
            "dataset 'ward' takes nothing after its name .too many positional arguments",
        ),
        (
            ("x:y",),
            PtbXl,
            "ward",
            "dataset 'ward' needs a place: --data ward:PATH .missing a required argument: 'folder'",
        ),
        (("x:y",), type("Half", (Dataset,), {}), "ward", r"dataset 'ward' has no __iter__\(\)"),
        (("x:y",), type("Mute", (Ward,), {"licence": property()}), "ward", "dataset 'ward' has no 'licence'"),
    ],
)
def test_a_dataset_that_cannot_be_opened_is_told(monkeypatch, values, loaded, where, words):
    installed(monkeypatch, *values)
    if loaded:
        monkeypatch.setattr(EntryPoint, "load", lambda entry: loaded)
    with pytest.raises(DatasetError, match=words):
        open_dataset(where)
