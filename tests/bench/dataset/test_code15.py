"""CODE-15%: HDF5 files with zeros before and after each recording, and a table of six abnormalities."""

import sys

import numpy as np
import pytest

from bench.dataset.code15 import Code15, without_padding
from bench.dataset.verify import verify
from taxonomy.error import DatasetError

COLUMNS = "exam_id,age,is_male,1dAVb,RBBB,LBBB,SB,ST,AF,patient_id,normal_ecg,trace_file"
ROWS = (
    "11,38,True,False,True,False,False,False,False,5,False,exams_part0.hdf5",
    "12,73,False,False,False,False,False,False,False,5,True,exams_part0.hdf5",
    "13,40,False,False,False,False,True,False,False,6,False,exams_part1.hdf5",
)


def table(folder, rows=ROWS):
    (folder / "exams.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")


@pytest.fixture
def written(tmp_path):
    """Three rows of the table; a recording of 10 s, one of 7 s, and a file that is not there."""
    h5py = pytest.importorskip("h5py", reason="CODE-15% needs h5py")
    table(tmp_path)
    tracings = np.zeros((3, 4096, 12), dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 2, (4000, 12)).astype(np.float32)
    tracings[0, 48:4048] = noise
    tracings[1, 648:3448] = noise[:2800]
    with h5py.File(tmp_path / "exams_part0.hdf5", "w") as file:
        file["exam_id"] = np.array([11, 12, 0])
        file["tracings"] = tracings
    return tmp_path, noise


def test_recordings_are_read_without_their_zeros_in_millivolts(written):
    folder, noise = written
    first, second, third = Code15(str(folder))
    assert (first.signal().fs, first.signal().mv.shape, second.signal().mv.shape) == (400, (12, 4000), (12, 2800))
    assert np.allclose(first.signal().mv, noise.T / 10, atol=1e-6)
    assert third.rates == ()


def test_labels_are_of_six_abnormalities_and_normal(written):
    dataset = Code15(str(written[0]))
    block, normal, slow = map(dataset.truth, dataset)
    assert block.right_values("conduction") == {"rbbb", "incomplete_rbbb"}
    assert normal.values["normality"] == "normal"
    assert (slow.values["rate"], slow.values["conduction"]) == ("bradycardia", None)
    first, second, _ = dataset
    assert (first.age, first.sex, first.fold) == (38, "male", second.fold)


def test_what_is_missing_or_damaged_is_told(written):
    folder, _ = written
    dataset = Code15(str(folder))
    assert [problem.where for problem in dataset.check()] == ["exams_part1.hdf5"]
    with pytest.raises(DatasetError, match="has no record 99"):
        dataset.record(99)
    (folder / "exams_part1.hdf5").write_bytes(b"no HDF5")
    with pytest.raises(DatasetError, match=r"exams_part1\.hdf5 is no HDF5 file of CODE-15% with 'exam_id'"):
        Code15(str(folder)).record(11)


@pytest.mark.parametrize(("ids", "part"), [(np.array([11, 12, 0, 13]), "tracings"), (None, "exam_id")])
def test_a_file_of_another_form_is_told(written, ids, part):
    h5py = pytest.importorskip("h5py", reason="CODE-15% needs h5py")
    folder, _ = written
    table(folder, [ROWS[2].replace("part1", "part0")])
    with h5py.File(folder / "exams_part0.hdf5", "a") as file:
        del file["exam_id"]
        file.create_group("exam_id") if ids is None else file.create_dataset("exam_id", data=ids)
    with pytest.raises(DatasetError, match=f"is no HDF5 file of CODE-15% with '{part}'"):
        Code15(str(folder)).record(13).signal()


def test_a_recording_of_zeros_does_not_end_a_run(written):
    folder, _ = written
    table(folder, [*ROWS, ROWS[0].replace("11,", "0,", 1)])
    dataset = Code15(str(folder))
    signal = dataset.record(0).signal()
    assert signal.mv.shape == (12, 4000)
    assert not signal.mv.any()
    assert [p.kind for p in verify(dataset, lambda *_: None).problems if "flat" in p.sentence] == ["flat"]


def test_an_exam_that_is_named_twice_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", sys)
    table(tmp_path, [*ROWS, ROWS[0]])
    with pytest.raises(DatasetError, match=r"line 5 of .*exams\.csv names exam 11 again"):
        Code15(str(tmp_path))


def test_zeros_within_a_recording_are_kept():
    tracing = np.zeros((10, 12), dtype=np.float32)
    tracing[2, 0] = tracing[7, 5] = 1
    assert without_padding(tracing).shape == (6, 12)
    assert without_padding(np.zeros((10, 12), dtype=np.float32)).shape == (0, 12)


def test_without_h5py_the_sentence_says_what_to_install(tmp_path, monkeypatch):
    table(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(DatasetError, match=r"need h5py: pip install 'ecg-reading-bench\[code15\]'"):
        Code15(str(tmp_path))


def test_a_table_of_another_form_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", sys)
    table(tmp_path, ["x" + ROWS[0]])
    with pytest.raises(DatasetError, match=r"line 2 of .*exams\.csv cannot be understood"):
        Code15(str(tmp_path))
    (tmp_path / "exams.csv").write_text("exam_id\n1\n")
    with pytest.raises(DatasetError, match="has no column 'patient_id'"):
        Code15(str(tmp_path))
