"""Folders of the PhysioNet/CinC Challenges: sources, spellings, windows, folds, and what cannot be read."""

from collections import Counter
from pathlib import PurePosixPath

import numpy as np
import pytest

from bench.dataset.challenge import Challenge
from bench.dataset.challenge_label import challenge_labels
from bench.dataset.challenge_source import source_of
from bench.dataset.describe import describe
from bench.dataset.verify import verify
from readers.taught import folds_in
from taxonomy.error import DatasetError

from ...challenge import tracing, write_challenge
from ...command import bench


def one(folder, **written):
    """Return the dataset of a folder with one recording, and the recording."""
    write_challenge(folder / "georgia" / "E00001.hea", **written)
    dataset = Challenge(str(folder))
    return dataset, dataset.record("E00001")


@pytest.mark.parametrize(
    ("path", "source", "ecg_id"),
    [
        ("training/cpsc_2018/g1/A0001.hea", "cpsc", "A0001"),
        ("training/cpsc_2018_extra/g1/Q0001.hea", "cpsc-extra", "Q0001"),
        ("training/st_petersburg_incart/g1/I0001.hea", "incart", "I0001"),
        ("training/ptb/g1/S0001.hea", "ptb", "S0001"),
        ("training/ptb-xl/g1/HR00001.hea", "ptb-xl", "HR00001"),
        ("training/georgia/g1/E00001.hea", "georgia", "E00001"),
        ("both/JS00001.hea", "chapman", "JS00001"),
        ("both/JS10646.hea", "chapman", "JS10646"),
        ("both/JS10647.hea", "ningbo", "JS10647"),
        ("both/JS45551.hea", "ningbo", "JS45551"),
        ("training/Georgia/g1/0007.hea", "georgia", "georgia-0007"),
        ("St. Mary/0007.hea", "st._mary", "st._mary-0007"),
        ("both/North/g12/0007.hea", "north", "north-0007"),
        ("g1/0007.hea", "other", "other-0007"),
    ],
)
def test_a_source_is_told_by_the_name_of_its_records_else_by_its_folder(path, source, ecg_id):
    assert source_of(PurePosixPath(path)) == (source, ecg_id)


@pytest.mark.parametrize(
    ("comments", "age", "sex", "codes"),
    [
        (("Age: 56", "Sex: Male", "Dx: 426783006,164889003"), 56, "male", ("426783006", "164889003")),
        (("age: 56.5", "sex: F", "dx: 426783006 , 426783006"), 56.5, "female", ("426783006",)),
        (("Age: NaN", "Sex: Unknown", "Dx: Unknown"), None, None, ()),
        (("Age: 300", "Gender: female", "Diagnosis: 1;2"), 90, "female", ("1", "2")),
        (("Age: -1", "Sex:", "Dx:"), None, None, ()),
        (("Dx: 426783006", "Dx: 164889003"), None, None, ("426783006", "164889003")),
        (("<age>: 65  ", "Rx: Dx", "Dx=59118001"), 65, None, ("59118001",)),
        ((), None, None, ()),
    ],
)
def test_age_sex_and_codes_are_read_in_every_spelling(comments, age, sex, codes):
    found = challenge_labels(comments)
    assert (found.age, found.sex, found.codes) == (age, sex, codes)


@pytest.mark.parametrize(
    ("gain", "units"),
    [
        ("1000/mV", 1000),
        ("1000.0(0)/mV", 1000),
        ("1000/mv", 1000),
        ("4880/mV", 1000),
        ("4881/mV", 4881),
        ("1/uV", 1000),
        ("1/\u00b5V", 1000),
        ("1/\u03bcV", 1000),
        ("1000/millivolts", 1000),
        ("1000000/V", 1000),
        ("1000", 1000),
    ],
)
def test_a_gain_is_read_in_every_spelling(tmp_path, gain, units):
    samples = tracing()
    _, record = one(tmp_path, samples=samples, gain=gain)
    assert np.allclose(record.signal().mv, samples.T / units, atol=1e-5)


def test_a_gain_that_georgia_gives_wrongly_is_put_right_there_and_nowhere_else(tmp_path):
    samples = tracing()
    for name in ("E00001", "A0001"):
        write_challenge(tmp_path / f"{name}.hea", samples=samples, gain="4880(0)/mV")
    dataset = Challenge(str(tmp_path))
    assert np.allclose(dataset.record("E00001").signal().mv, samples.T / 1000, atol=1e-5)
    assert np.allclose(dataset.record("A0001").signal().mv, samples.T / 4880, atol=1e-5)
    assert describe(dataset)["gains put right"] == "1"


@pytest.mark.parametrize("gain", ["1e-40/mV", "1e40/mV", "nan/mV", "0/mV", "1000(99999999999999)/mV"])
def test_a_gain_of_no_electrocardiograph_is_told(tmp_path, gain):
    dataset, record = one(tmp_path, gain=gain)
    assert record.rates == ()
    assert "does not calibrate lead I" in next(dataset.check()).sentence


def test_signals_of_other_gains_are_other_signals(tmp_path):
    digests = set()
    for gain in ("1000/mV", "500/mV", "1000(1)/mV"):
        dataset, _ = one(tmp_path, gain=gain)
        digests.add(dataset.signal_fingerprint(["E00001"]))
    assert len(digests) == 3


def test_amplitudes_of_georgia_are_of_one_scale(shared_data):
    folder = shared_data / "other_domains" / "georgia"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    spreads = [np.median(np.ptp(record.signal().mv, axis=1)) for record in Challenge(str(folder))]
    assert min(spreads) > 0.4


def test_a_header_in_latin_1_has_its_micro_sign(tmp_path):
    _, record = one(tmp_path, gain="1/\u00b5V")
    header = tmp_path / "georgia" / "E00001.hea"
    header.write_bytes(header.read_text(encoding="utf-8").encode("latin-1"))
    assert np.abs(record.signal().mv).max() < 1


def test_leads_come_in_any_order_and_case(tmp_path):
    samples = tracing()
    leads = ("V1", "v2", "V3", "V4", "V5", "V6", "AVR", "avl", "aVF", "i", "II", "III")
    _, record = one(tmp_path, samples=samples, leads=leads)
    assert np.allclose(record.signal().mv[0], samples[:, 9] / 1000, atol=1e-5)


@pytest.mark.parametrize(("seconds", "fs", "kept"), [(5, 500, 2500), (38.4, 1000, 10_000), (1800, 257, 2570)])
def test_of_a_long_recording_the_first_ten_seconds_are_taken(tmp_path, seconds, fs, kept):
    samples = tracing(seconds, fs)
    _, record = one(tmp_path, samples=samples, fs=fs)
    signal = record.signal()
    assert (signal.fs, signal.mv.shape) == (fs, (12, kept))
    assert np.allclose(signal.mv, samples[:kept].T / 1000, atol=1e-5)


def test_a_window_with_a_flat_lead_or_a_missing_sample_is_passed_over(tmp_path):
    samples = tracing(35)
    samples[:5000, 4] = 7
    samples[6000, 2] = -32768
    _, record = one(tmp_path, samples=samples)
    assert np.allclose(record.signal().mv, samples[10_000:15_000].T / 1000, atol=1e-5)


def test_where_no_window_is_whole_the_first_is_taken_and_missing_samples_are_nan(tmp_path):
    samples = tracing(25)
    samples[:, 4] = 7
    samples[100, 2] = -32768
    dataset, record = one(tmp_path, samples=samples)
    signal = record.signal().mv
    assert signal.shape == (12, 5000)
    assert np.argwhere(np.isnan(signal)).tolist() == [[2, 100]]
    kinds = Counter(problem.kind for problem in verify(dataset, lambda *_: None).problems)
    assert kinds["nan"] == kinds["flat"] == 1


def test_a_record_of_two_seconds_has_no_signal_and_is_told(tmp_path):
    dataset, record = one(tmp_path, samples=tracing(2))
    assert record.rates == ()
    (problem,) = dataset.check()
    assert problem.serious
    assert "is 2.0 s long, and 5 s are needed" in problem.sentence


def test_a_record_of_fifty_hertz_has_no_signal_and_is_told(tmp_path):
    dataset, record = one(tmp_path, fs=50)
    assert record.rates == ()
    assert "is sampled at 50 Hz, and 100 Hz are needed" in next(dataset.check()).sentence


def test_a_record_of_eight_leads_has_no_signal_and_keeps_its_labels(tmp_path):
    leads = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    dataset, record = one(tmp_path, samples=tracing(leads=8), leads=leads)
    assert (record.rates, record.age) == ((), 56)
    assert dataset.truth(record).values["rhythm"] == "sinus"
    assert "does not name each of the twelve leads once" in next(dataset.check()).sentence
    assert describe(dataset)["signals that are not read"].startswith("1;")


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128), "a MAT-file of level 5; only level 4 is read"),
        (b"\x89HDF\r\n\x1a\n".ljust(24, b"\0"), "a MAT-file of HDF5"),
        (bytes(24), "not a level 4 MAT-file with 12 x 5000 16-bit samples"),
    ],
)
def test_a_mat_file_of_another_version_is_told(tmp_path, before, words):
    _, record = one(tmp_path, before=before)
    with pytest.raises(DatasetError, match=words):
        record.signal()


def test_a_header_whose_samples_are_missing_is_told(tmp_path):
    _, _ = one(tmp_path)
    (tmp_path / "georgia" / "E00001.mat").unlink()
    dataset = Challenge(str(tmp_path))
    assert dataset.record("E00001").rates == ()
    assert "names the file E00001.mat, which is not there" in next(dataset.check()).sentence


def test_a_header_without_dx_is_unlabelled_on_every_axis(tmp_path):
    dataset, record = one(tmp_path, comments=("Age: 40",))
    assert set(dataset.truth(record).values.values()) == {None}
    assert dataset.particulars()["without a Dx"] == "1"


def test_unknown_codes_are_counted_and_listed_and_leave_silence_unlabelled(tmp_path):
    write_challenge(tmp_path / "E00001.hea", ("Dx: 99999999,164889003",))
    write_challenge(tmp_path / "E00002.hea", ("Dx: 99999999,88888888",))
    dataset = Challenge(str(tmp_path))
    assert describe(dataset)["unknown codes"] == "99999999 2, 88888888 1"
    truth = dataset.truth(dataset.record("E00001"))
    assert truth.values["rhythm"] == "atrial_fibrillation"
    assert truth.values["conduction"] is None
    assert truth.because["conduction"] == "code 99999999 is not known"


def test_what_is_no_code_is_counted_and_not_repeated(tmp_path):
    write_challenge(tmp_path / "E00001.hea", ("Dx: 99999999,Jane,Doe\x1b[2J",))
    write_challenge(tmp_path / "E00002.hea", ("Dx: " + ",".join(map(str, range(9_000_000, 9_000_500))),))
    dataset = Challenge(str(tmp_path))
    told = describe(dataset)["unknown codes"]
    assert told.endswith(" and 471 others and 2 that are no number")
    assert "Jane" not in told
    because = " ".join(dataset.truth(dataset.record("E00001")).because.values())
    assert "Jane" not in because


def test_no_name_of_a_record_rules_the_terminal(tmp_path):
    write_challenge(tmp_path / "ward" / "x\x1b[2J.hea", samples=tracing(2))
    for words in ("verify", "info"):
        done = bench("data", words, "--data", f"challenge:{tmp_path / 'ward'}", cwd=tmp_path)
        assert "\x1b" not in done.stdout + done.stderr
    assert "\\x1b[2J.hea" in bench("data", "verify", "--data", f"challenge:{tmp_path}", cwd=tmp_path).stdout


def test_two_domains_may_have_the_same_names(tmp_path):
    first, second = tracing(seed=1), tracing(seed=2)
    write_challenge(tmp_path / "north" / "0001.hea", samples=first)
    write_challenge(tmp_path / "south" / "0001.hea", samples=second)
    dataset = Challenge(str(tmp_path))
    assert [record.ecg_id for record in dataset] == ["north-0001", "south-0001"]
    assert np.allclose(dataset.record("south-0001").signal().mv, second.T / 1000, atol=1e-5)
    assert set(dataset.splits) >= {"north", "north-train", "south-test"}


def test_a_record_that_is_there_twice_is_told(tmp_path):
    for folder in ("a", "b"):
        write_challenge(tmp_path / folder / "E00001.hea")
    with pytest.raises(DatasetError, match=r"record E00001 is there twice, as .*a/E00001.hea and .*b/E00001.hea"):
        Challenge(str(tmp_path))


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_records_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"does not exist|holds no header"):
        Challenge(str(tmp_path / name))


def test_the_folder_of_ptbxl_itself_is_told(tmp_path):
    write_challenge(tmp_path / "00001_lr.hea")
    (tmp_path / "ptbxl_database.csv").write_text("ecg_id\n")
    with pytest.raises(DatasetError, match=r"is PTB-XL's own folder, with labels in ptbxl_database\.csv"):
        Challenge(str(tmp_path))


def test_folds_follow_from_the_name_and_no_patient_is_in_two(tmp_path):
    for number in range(60):
        write_challenge(tmp_path / f"E{number:05d}.hea", samples=tracing(5))
        write_challenge(tmp_path / f"S{number:04d}.hea", samples=tracing(5))
    dataset = Challenge(str(tmp_path))
    parts = [set(dataset.cohort(name).ids) for name in ("train", "val", "test")]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 120
    assert dataset.record("E00000").fold == "georgia-8"
    assert len({record.fold for record in dataset if dataset.domain(record.ecg_id) == "ptb"}) == 1
    assert len({record.fold for record in dataset if dataset.domain(record.ecg_id) == "georgia"}) == 10
    assert set(dataset.cohort("georgia").ids) == {f"E{number:05d}" for number in range(60)}


def test_what_was_taught_is_known_by_fold_by_source_and_through_ptbxl(tmp_path):
    write_challenge(tmp_path / "E00000.hea")
    write_challenge(tmp_path / "HR00001.hea")
    dataset = Challenge(str(tmp_path))
    georgia, ptbxl = dataset.record("E00000"), dataset.record("HR00001")
    assert dataset.is_taught(georgia, {"challenge": {8}})
    assert dataset.is_taught(georgia, {"challenge-lenient": {"georgia-8"}})
    assert not dataset.is_taught(georgia, {"challenge": {"ningbo-8", 3}, "ptbxl": {8}})
    assert dataset.is_taught(ptbxl, {"ptbxl": {1}})
    assert dataset.split("train").meaning == "folds 1 to 8 of georgia + ptb-xl"
    assert folds_in(dataset.split("train").meaning) == set(dataset.split("train").folds)
    assert folds_in(dataset.split("georgia-val").meaning) == set(dataset.split("georgia-val").folds)


def test_the_rate_is_measured_only_where_no_code_says_it(tmp_path):
    write_challenge(tmp_path / "E00001.hea", ("Dx: 426177001",))
    write_challenge(tmp_path / "E00002.hea", ("Dx: 164889003",))
    cohort = Challenge(str(tmp_path)).cohort("all")
    said, measured = (cohort.truth(record) for record in cohort)
    assert (said.values["rate"], "rate" in said.circular) == ("bradycardia", False)
    assert (measured.values["rate"], "rate" in measured.circular) == ("normal", True)


def test_lenient_labels_are_another_dataset(tmp_path):
    write_challenge(tmp_path / "A0001.hea", ("Dx: 429622005",))
    strict, lenient = Challenge(str(tmp_path)), Challenge(f"{tmp_path},lenient")
    assert strict.truth(strict.record("A0001")).values["conduction"] is None
    assert lenient.truth(lenient.record("A0001")).values["conduction"] == "none"
    assert strict.fingerprint(["A0001"]) != lenient.fingerprint(["A0001"])


def test_every_record_of_other_hospitals_is_read_and_labelled(shared_data):
    folder = shared_data / "other_domains"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}")
    dataset = Challenge(str(folder))
    sources = Counter(dataset.domain(record.ecg_id) for record in dataset)
    assert sources == {"georgia": 73, "ningbo": 66, "cpsc-extra": 29, "chapman": 19, "cpsc": 14, "ptb": 3}
    for record in dataset:
        signal = record.signal()
        assert signal.mv.shape == (12, round(10 * signal.fs))
        assert np.abs(signal.mv).max() < 40
        assert any(value is not None for value in dataset.truth(record).values.values())
    assert dataset.particulars()["unknown codes"] == "none"
    assert not list(dataset.check())
