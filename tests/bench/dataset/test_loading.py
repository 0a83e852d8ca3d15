import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import wfdb

from bench.dataset import Cohort, open_dataset
from bench.dataset.array_cache import cached_array
from bench.dataset.phantom import Phantoms
from bench.dataset.ptbxl import PtbXl
from readers.majority import majority_values
from renderers import LEADS
from taxonomy.error import DatasetError, UnknownNameError

from ...physionet import change_row, microvolts, write_record
from .conftest import CHOSEN


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_ages_over_89_and_sex_are_read_as_ptbxl_means_them(physionet_folder):
    change_row(physionet_folder, 9, age="300.0", sex="1")
    change_row(physionet_folder, 38, age="", sex="")
    dataset = PtbXl(physionet_folder)
    assert (dataset.record(9).age, dataset.record(9).sex) == (90, "female")
    assert (dataset.record(38).age, dataset.record(38).sex) == (None, None)


def test_the_loader_reads_what_wfdb_reads(physionet_folder):
    dataset = PtbXl(physionet_folder)
    for ecg_id in CHOSEN:
        header = dataset.header(ecg_id, 100)
        expected = wfdb.rdrecord(str(header.with_suffix(""))).p_signal.T
        signal = dataset.record(ecg_id).signal()
        assert signal.fs == 100
        assert signal.mv.dtype == np.float32
        assert np.allclose(signal.mv, expected, atol=1e-6)


def test_signals_are_read_lazily(physionet_folder):
    dataset = PtbXl(physionet_folder)
    for path in physionet_folder.rglob("*.dat"):
        path.unlink()
    records = list(dataset)
    assert len(records) == 6
    with pytest.raises(DatasetError, match=r"09_lr\.dat is missing"):
        dataset.record(9).signal()


def test_a_missing_folder_says_how_to_get_it(tmp_path):
    with pytest.raises(DatasetError, match="does not exist: fetch PTB-XL with 'bench data fetch"):
        open_dataset(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"ptbxl_database\.csv is missing"):
        open_dataset(tmp_path)


def test_a_half_downloaded_folder_gives_the_records_that_are_there(physionet_folder):
    dataset = PtbXl(physionet_folder)
    assert sorted(record.ecg_id for record in dataset.cohort("all")) == sorted(CHOSEN)
    with pytest.raises(DatasetError, match="record 133 of ptbxl has no signal at hand"):
        dataset.record(133).signal()


def test_a_truncated_dat_is_named_with_both_lengths(physionet_folder):
    dataset = PtbXl(physionet_folder)
    path = dataset.header(9, 100).with_suffix(".dat")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DatasetError, match=r"00009_lr\.dat holds 11950 samples where its header says 12000"):
        dataset.record(9).signal()


def test_leads_may_stand_in_any_order_and_case(physionet_folder, population):
    order = [11, 0, 5, 4, 3, 2, 1, 6, 7, 8, 9, 10]
    samples = microvolts(population, 9, 100)
    shuffled = [LEADS[k].upper() if k % 2 else LEADS[k].lower() for k in order]
    write_record(physionet_folder, "records100/00000/00009_lr", samples[order], 100, shuffled)
    assert np.allclose(PtbXl(physionet_folder).record(9).signal().mv * 1000, samples, atol=1e-3)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (" 0 V6", " 0 V7", "names a lead 'V7'"),
        (" 0 V6", " 0 V5", "does not name each of the twelve leads once"),
        (".dat 16 ", ".dat 212 ", "WFDB format '212'"),
        ("00009_lr 12 100 1000", "00009_lr twelve", "not a readable WFDB header"),
        ("(0)/mV", "(0)/kPa", "in 'kPa', not in mV"),
    ],
)
def test_a_bad_header_is_named(physionet_folder, old, new, words):
    dataset = PtbXl(physionet_folder)
    edit(dataset.header(9, 100), old, new)
    with pytest.raises(DatasetError, match=words):
        dataset.record(9).signal()


def test_samples_without_a_value_become_nan(physionet_folder, population):
    samples = microvolts(population, 9, 100)
    samples[4, 10:20] = -32768
    write_record(physionet_folder, "records100/00000/00009_lr", samples, 100)
    mv = PtbXl(physionet_folder).record(9).signal().mv
    assert np.isnan(mv).sum() == 10
    assert np.isnan(mv[4, 10:20]).all()


def test_a_table_without_a_column_or_with_a_bad_row_is_named(physionet_folder):
    table = physionet_folder / "ptbxl_database.csv"
    good = table.read_text()
    table.write_text(good.replace("scp_codes", "codes", 1))
    with pytest.raises(DatasetError, match="no column 'scp_codes'"):
        PtbXl(physionet_folder)
    table.write_text(good.replace('"{', '"{{', 1))
    with pytest.raises(DatasetError, match="line 2 of"):
        PtbXl(physionet_folder)
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match=r"ptbxl_database\.csv"):
        PtbXl(physionet_folder)


def test_the_table_runs_no_code(physionet_folder, tmp_path):
    table = physionet_folder / "ptbxl_database.csv"
    proof = tmp_path / "ran"
    first = table.read_text().splitlines()[1]
    codes = first[first.index('"{') : first.index('}"') + 2]
    table.write_text(table.read_text().replace(codes, f"\"__import__('pathlib').Path('{proof}').touch()\"", 1))
    with pytest.raises(DatasetError, match="line 2"):
        PtbXl(physionet_folder)
    assert not proof.exists()


def test_a_file_name_that_leads_out_of_the_folder_is_refused(physionet_folder):
    edit(physionet_folder / "ptbxl_database.csv", "records100/00000/00009_lr", "../../etc/00009_lr")
    dataset = PtbXl(physionet_folder)
    with pytest.raises(DatasetError, match="outside the folder"):
        dataset.header(9, 100)


def test_a_file_in_place_of_a_folder_is_told(tmp_path):
    (tmp_path / "table.csv").write_text("ecg_id\n")
    with pytest.raises(DatasetError, match=r"table\.csv is a file"):
        open_dataset(tmp_path / "table.csv")


@pytest.mark.parametrize("end", ["hea", "dat"])
def test_a_recording_that_is_a_pipe_is_refused_and_not_waited_for(physionet_folder, end):
    path = PtbXl(physionet_folder).header(9, 100).with_suffix(f".{end}")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DatasetError, match=rf"00009_lr\.{end} is no regular file"):
        PtbXl(physionet_folder).record(9).signal(100)


def test_splits_are_ptbxls_folds_and_an_unknown_one_is_named(physionet_folder):
    dataset = PtbXl(physionet_folder)
    assert dataset.split("test").folds == (10,)
    assert dataset.split("fold3").folds == (3,)
    assert dataset.split("train").meaning == "folds 1 to 8"
    assert [dataset.cohort(split).ids for split in ("test", "val", "fold1")] == [(9, 38), (70,), (140,)]
    with pytest.raises(UnknownNameError, match=r"unknown split 'tset'.*Did you mean 'test'"):
        dataset.cohort("tset")


def test_what_is_cached_follows_the_samples_and_the_fingerprint_does_not(physionet_folder, population):
    dataset = PtbXl(physionet_folder)
    named, cached = dataset.fingerprint(CHOSEN), dataset.signal_fingerprint(CHOSEN)
    assert cached == dataset.signal_fingerprint(CHOSEN[::-1]) != dataset.signal_fingerprint(CHOSEN[:-1])
    changed = microvolts(population, 9, 100)
    changed[0, 0] += 1
    write_record(physionet_folder, "records100/00000/00009_lr", changed, 100)
    assert PtbXl(physionet_folder).signal_fingerprint(CHOSEN) != cached
    assert PtbXl(physionet_folder).fingerprint(CHOSEN) == named


def test_the_array_cache_is_made_once_and_an_incomplete_one_is_made_again(population, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    records = population.cohort("val", limit=8)
    made = []

    def prepare(signal):
        made.append(1)
        return signal.mv

    arguments = (records, ("raw", prepare), lambda done, total: None)
    array = cached_array(*arguments)
    assert isinstance(array, np.memmap)
    assert np.array_equal(array[3], records[3].signal().mv)
    assert len(made) == len(records)
    cached_array(*arguments)
    assert len(made) == len(records)
    next(tmp_path.glob("*.json")).unlink()
    cached_array(*arguments)
    assert len(made) == 2 * len(records)


def test_the_majority_is_ptbxls_and_counted_here_for_an_axis_that_is_not(physionet_folder, monkeypatch):
    known = majority_values()
    assert PtbXl(physionet_folder).baselines == known
    monkeypatch.setattr(
        "readers.majority.majority_values", lambda: {axis: known[axis] for axis in known if axis != "rhythm"}
    )
    for number in (133, 134):
        change_row(physionet_folder, number, scp_codes="{'AFLT': 100.0}")
    assert PtbXl(physionet_folder).baselines == {**known, "rhythm": "atrial_flutter"}


def test_the_whole_table_is_read(ptbxl):
    assert len(ptbxl) == 21_799
    assert sum(record.fold == 10 for record in ptbxl) == 2_198
    assert len({record.patient_id for record in ptbxl}) == 18_869
    assert max(record.age for record in ptbxl if record.age is not None) == 90


def test_a_recording_of_ptbxl_is_what_its_header_says(ptbxl):
    for record in [record for record in ptbxl if record.rates][:20]:
        for fs in record.rates:
            assert record.signal(fs).mv.shape == (12, 10 * fs)
            assert ptbxl.samples_problem(record, fs) is None


def cut(path):
    path.write_bytes(path.read_bytes()[:-10])


def emptied(path):
    path.write_bytes(b"")


def other_bytes(path):
    path.write_bytes(b"\x93NUMPY\x01\x00\xff\xff" + b"\xff" * 50)


def zeros(path):
    path.write_bytes(bytes(len(path.read_bytes())))


def deep(path):
    path.write_bytes(b"[" * 100_000)


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_dangling_link(path):
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


def of_another_kind(path):
    if path.suffix == ".npy":
        np.save(path, np.zeros((8, 12, 5000)))
    else:
        path.write_text('{"9": 5, "colour": {"pr": "wide"}}')


DAMAGES = (cut, emptied, other_bytes, zeros, deep, a_folder, a_pipe, a_dangling_link, of_another_kind)


# Ids of another kind are those of other records: the array is made again without a word.
ARRAY_DAMAGES = [(kind, damage) for kind in ("npy", "json") for damage in DAMAGES]
ARRAY_DAMAGES.remove(("json", of_another_kind))


@pytest.mark.parametrize("damaged", ARRAY_DAMAGES, ids=lambda one: f"{one[0]} {one[1].__name__}")
def test_a_damaged_array_cache_is_set_aside_said_once_and_made_again(
    population, tmp_path, monkeypatch, caplog, damaged
):
    kind, damage = damaged
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    records = population.cohort("val", limit=8)
    arguments = (records, ("raw", lambda signal: signal.mv), lambda done, total: None)
    whole = np.array(cached_array(*arguments))
    (path,) = tmp_path.glob(f"*.{kind}")
    damage(path)
    for _ in range(2):
        assert np.array_equal(cached_array(*arguments), whole)
    (said,) = caplog.messages
    assert path.name in said and said.endswith(f"it is kept as {path.name}.damaged and made again")
    assert os.path.lexists(tmp_path / f"{path.name}.damaged")


class Stopped(BaseException):
    """A kill or Ctrl-C."""


def until(row, made):
    """Return a preparation that is stopped at a row."""

    def prepare(signal):
        if len(made) == row:
            raise Stopped
        made.append(1)
        return signal.mv

    return prepare


@pytest.mark.parametrize("torn", [b"", b"half a row"])
def test_what_was_prepared_before_a_kill_is_not_prepared_again(population, tmp_path, monkeypatch, torn):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    records, made, reported = population.cohort("val", limit=8), [], []
    with pytest.raises(Stopped):
        cached_array(records, ("raw", until(5, made)), lambda done, total: None)
    (part,) = tmp_path.glob(".*.part")
    part.write_bytes(part.read_bytes() + torn)
    made.clear()
    array = cached_array(records, ("raw", until(None, made)), lambda done, total: reported.append((done, total)))
    assert len(made) == 3
    assert reported == [(done, 8) for done in (5, 6, 7, 8)]
    assert all(np.array_equal(row, record.signal().mv) for row, record in zip(array, records, strict=True))
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("damage", [emptied, other_bytes, zeros, of_another_kind], ids=lambda damage: damage.__name__)
def test_a_damaged_part_is_prepared_from_the_beginning(population, tmp_path, monkeypatch, damage):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    records, made = population.cohort("val", limit=8), []
    with pytest.raises(Stopped):
        cached_array(records, ("raw", until(5, made)), lambda done, total: None)
    (part,) = tmp_path.glob(".*.part")
    damage(part)
    made.clear()
    array = cached_array(records, ("raw", until(None, made)), lambda done, total: None)
    assert len(made) == 8
    assert np.array_equal(array[7], records[7].signal().mv)


def test_records_in_another_order_take_nothing_from_a_part(population, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    records, made = population.cohort("val", limit=8), []
    with pytest.raises(Stopped):
        cached_array(records, ("raw", until(5, made)), lambda done, total: None)
    turned = Cohort(population, records.records[::-1], "turned")
    array = cached_array(turned, ("raw", lambda signal: signal.mv), lambda done, total: None)
    assert all(np.array_equal(row, record.signal().mv) for row, record in zip(array, turned, strict=True))


def test_a_second_process_waits_for_the_first_and_prepares_nothing(population, tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr("bench.dataset.array_cache.LOOKED", 0.05)
    records, made, reported = population.cohort("val", limit=8), [], []
    begun, waiting = threading.Event(), threading.Event()

    def slow(signal):
        begun.set()
        assert waiting.wait(20)
        return signal.mv

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(cached_array, records, ("raw", slow), lambda done, total: None)
        assert begun.wait(20)

        def report(done, total):
            reported.append((done, total))
            waiting.set()

        second = cached_array(records, ("raw", until(None, made)), report)
        assert np.array_equal(second, first.result())
    assert not made and reported[0] == (0, 8)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_measurement_cache_is_set_aside_said_once_and_made_again(tmp_path, monkeypatch, caplog, damage):
    monkeypatch.setattr("bench.dataset.cohort.WORTH_CACHING", 1)
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))

    def measured():
        return Phantoms("1,66").cohort("val", limit=8).measure()

    numbers = measured()
    (path,) = tmp_path.glob("measurements-*.json")
    damage(path)
    for _ in range(2):
        assert measured() == numbers
    (said,) = caplog.messages
    assert path.name in said and said.endswith(f"it is kept as {path.name}.damaged and made again")
    assert os.path.lexists(tmp_path / f"{path.name}.damaged")
