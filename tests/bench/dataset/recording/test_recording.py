"""What is read of a recording: which ten seconds, and what is said of gaps, flat leads and strange lengths."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.dataset.phantom import Phantoms
from bench.dataset.recording import OwnRecordings, Told, read_recording
from bench.dataset.recording.lead import other_lead, standard_lead
from renderers import LEADS
from taxonomy.error import BenchError, DatasetError

from ....physionet import microvolts
from . import files


@pytest.fixture(scope="module")
def samples():
    return microvolts(Phantoms("1,66"), 3, 500)


@pytest.fixture(scope="module")
def minute(samples):
    """A minute at 500 Hz: six times the same ten seconds, each 1 uV higher than the one before."""
    return np.concatenate([samples + place for place in range(6)], axis=1)


@pytest.mark.parametrize(
    ("written", "lead"),
    [("avr", "aVR"), ("AVR", "aVR"), ("aVR", "aVR"), (" v1 ", "V1"), ("Lead II", "II"), ("MDC_ECG_LEAD_AVF", "aVF")]
    + [
        ("Lead I (Einthoven)", "I"),
        ("C6", "V6"),
        ("DIII", "III"),
        ("ECG V3", "V3"),
        ("ekg_i", "I"),
        ("ECG Lead V5", "V5"),
    ]
    + [(other, None) for other in ("MLII", "-aVR", "V7", "V3R", "X", "CM5", "", "lead", "resp", "II II", "V", "V11")],
)
def test_names_of_leads_are_read_in_all_spellings_and_others_refused(written, lead):
    assert standard_lead(written) == lead


def test_leads_of_monitors_are_known_and_words_are_not():
    assert other_lead("MLII") == "MLII"
    assert other_lead("V7") == "V7"
    assert other_lead(files.PATIENT) is None
    assert other_lead("resp") is None


def test_the_first_ten_seconds_are_read_unless_told_otherwise(minute, tmp_path):
    header = files.write_wfdb(tmp_path / "r", minute)
    first, later = read_recording(header, Told()), read_recording(header, Told(), 30.0)
    assert (first.begin_s, first.seconds, first.whole_s) == (0, 10, 60)
    assert (later.begin_s, later.seconds) == (30, 10)
    assert np.abs(later.signal.mv - first.signal.mv - 0.003).max() < 1e-5
    with pytest.raises(DatasetError, match=r"--at 57 leaves 3 of the 60 s of .*r.hea: 5 s are needed"):
        read_recording(header, Told(), 57.0)


def test_a_gap_moves_the_ten_seconds_behind_it(minute, tmp_path):
    gappy = minute.copy()
    gappy[7, 4000:7250] = -32768
    found = read_recording(files.write_wfdb(tmp_path / "r", gappy), Told())
    assert (found.begin_s, found.notes) == (15, ())
    gappy[7, 0::700] = -32768
    found = read_recording(files.write_wfdb(tmp_path / "r", gappy), Told())
    assert np.isnan(found.signal.mv[7]).sum() == 7
    assert found.notes == ("samples are missing in V2 0.014 s",)


@pytest.mark.parametrize(("fs", "seconds"), [(100, 5), (257, 10), (500, 7.5), (1000, 115), (2000, 10)])
def test_rates_and_lengths_of_all_sources_are_read(fs, seconds, samples, tmp_path):
    count = round(fs * seconds)
    kept = np.resize(samples, (12, count)) if count > samples.shape[1] else samples[:, :count]
    found = read_recording(files.write_wfdb(tmp_path / "r", kept, fs=fs), Told())
    assert found.signal.fs == fs
    assert found.seconds == pytest.approx(min(10, seconds), abs=1 / fs)
    assert any("where readers are made for 10" in note for note in found.notes) == (seconds < 10)


@pytest.mark.parametrize(
    ("fs", "count", "said"),
    [
        (50, 1000, "is sampled at 50 Hz: 100 to 4000 Hz are read"),
        (9000, 5000, "is sampled at 9000 Hz"),
        (500, 2499, "lasts 4.998 s: recordings of 5 s to 30 min are read"),
        (100, 180001, "lasts 1800 s"),
    ],
)
def test_other_rates_and_lengths_are_refused(fs, count, said, samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", np.resize(samples, (12, count)), fs=fs)
    with pytest.raises(DatasetError, match=said):
        read_recording(header, Told())


def test_half_an_hour_is_read(samples, tmp_path):
    long = np.tile(samples[:, ::5], (1, 180))
    found = read_recording(files.write_wfdb(tmp_path / "r", long, fs=100), Told(), 1790.0)
    assert (found.whole_s, found.begin_s, found.seconds) == (1800, 1790, 10)


def test_flat_leads_are_said_and_a_flat_recording_refused(samples, tmp_path):
    flat = samples.copy()
    flat[[1, 9]] = 5
    assert read_recording(files.write_wfdb(tmp_path / "r", flat), Told()).notes == ("flat in II, V4",)
    with pytest.raises(DatasetError, match="is flat in every lead: it holds no ECG"):
        read_recording(files.write_wfdb(tmp_path / "r", np.full_like(samples, 7)), Told())
    with pytest.raises(DatasetError, match=r"is flat in every lead|has no sample with a value"):
        read_recording(files.write_wfdb(tmp_path / "r", np.full_like(samples, -32768)), Told())


def test_two_of_the_three_limb_leads_are_enough(samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples, leads=("I", "III", *LEADS[6:]))
    found = read_recording(header, Told())
    assert np.abs(found.signal.mv[1] - (samples[0] + samples[2]) / 1000).max() < 1e-5
    assert found.notes == ("II, aVR, aVL, aVF computed from I and III (Einthoven, Goldberger)",)


def test_recordings_are_a_dataset_without_labels(samples, tmp_path):
    own = OwnRecordings([read_recording(files.write_wfdb(tmp_path / "r", samples), Told())])
    (record,) = own
    assert len(own.cohort("all")) == 1
    assert not any(own.truth(record).values.values())
    assert record.age is None and record.sex is None
    with pytest.raises(DatasetError, match=r"there is no recording 2: there are 1"):
        own.record(2)


def whole_files(samples, folder):
    """Return a whole file of every kind whose libraries are there, small, by its ending."""
    small = samples[:, :2500]
    made = {".hea": files.write_wfdb(folder / "w", small), ".csv": files.write_csv(folder / "w.csv", small)}
    made[".scp"] = files.write_scp(folder / "w.scp", small)
    for ending, library, write in ((".dcm", "pydicom", files.write_dicom), (".xml", "defusedxml", files.write_aecg)):
        try:
            __import__(library)
        except ImportError:
            continue
        made[ending] = write(folder / f"w{ending}", small)
    return {ending: path.read_bytes() for ending, path in made.items()}


@pytest.fixture(scope="module")
def originals(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return folder, whole_files(samples, folder)


@pytest.mark.parametrize("ending", [".hea", ".csv", ".scp", ".dcm", ".xml"])
@settings(max_examples=30)
@given(data=st.data())
def test_a_damaged_file_is_read_or_is_one_sentence(ending, originals, data):
    """Bytes changed, cut off or put in anywhere, most of them in the first kilobyte, where the structure stands."""
    folder, whole = originals
    if ending not in whole:
        pytest.skip("its library is not installed: pip install 'ecg-reading-bench[files]'")
    content = bytearray(whole[ending])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, data.draw(st.sampled_from([200, 1200, len(content)]))))
        change = data.draw(st.binary(max_size=6))
        content[place : place + data.draw(st.sampled_from([0, len(change)]))] = change
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    path = folder / f"w{ending}"
    path.write_bytes(content)
    try:
        read_recording(path, Told(500.0, "uV") if ending == ".csv" else Told())
    except BenchError as refused:
        assert "\n" not in str(refused)
        assert "Erika" not in str(refused)
    finally:
        path.write_bytes(whole[ending])


@pytest.mark.parametrize("ending", ["hea", "csv", "scp", "dcm", "xml", "ecg", "txt"])
@given(content=st.binary(max_size=400))
def test_arbitrary_bytes_are_one_sentence(ending, originals, content):
    path = originals[0] / f"noise.{ending}"
    path.write_bytes(content)
    with pytest.raises(BenchError) as refused:
        read_recording(path, Told(500.0, "uV") if ending in ("csv", "txt") else Told())
    assert len(str(refused.value).splitlines()) == 1
