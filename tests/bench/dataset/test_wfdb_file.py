"""WFDB files of several sources: read as wfdb reads them, and damage told in one sentence."""

import shutil

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.dataset.wfdb_file import checksum_problem, read_header, read_signal
from bench.dataset.window import window_of
from renderers import LEADS
from taxonomy.error import DatasetError

from ...challenge import write_challenge
from ...physionet import microvolts


def write(folder, samples, form="16x1+24", gain="1000/mV", name="X1.mat"):
    """Write int16 (12, n) as the Challenges do, with comments; return the header."""
    before = np.array([30, 12, samples.shape[1], 0, 4], dtype="<i4").tobytes() + b"val\0"
    (folder / "X1.mat").write_bytes(before + np.ascontiguousarray(samples.T.astype("<i2")).tobytes())
    lines = [f"X1 12 500 {samples.shape[1]} 12-May-2020 12:33:59"]
    for lead, values in zip(LEADS, samples, strict=True):
        total = (int(values.astype(np.int64).sum()) + 32768) % 65536 - 32768
        lines.append(f"{name} {form} {gain} 16 0 {values[0]} {total} 0 {lead}")
    header = folder / "X1.hea"
    header.write_text("\n".join([*lines, "#Age: 56", "# Dx: 426783006,164889003"]) + "\n")
    return header


@pytest.fixture
def samples(population):
    return microvolts(population, 9, 500)


@pytest.mark.parametrize("form", ["16+24", "16x1+24", "16x1:0+24"])
@pytest.mark.parametrize(
    ("gain", "unit"),
    [("1000/mV", 1000), ("1000.0(0)/mV", 1000), ("1000/mv", 1000), ("4880/mV", 4880), ("1/uV", 1000), ("200(7)", 200)],
)
def test_a_mat_file_of_the_challenges_is_read(tmp_path, samples, form, gain, unit):
    header = write(tmp_path, samples, form, gain)
    signal = read_signal(header)
    assert signal.fs == 500
    assert np.allclose(signal.mv, (samples - (7 if "(7)" in gain else 0)) / unit, atol=1e-5)
    assert read_header(header).comments == ("Age: 56", "Dx: 426783006,164889003")
    assert checksum_problem(read_header(header)) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"form": "16x2+24"}, "in WFDB format '16x2\\+24'"),
        ({"form": "16:3+24"}, "in WFDB format"),
        ({"form": "16"}, "holds 60012 samples where its header says 60000"),
        ({"gain": "0/mV"}, "does not calibrate lead I: its gain is 0"),
        ({"gain": "nan/mV"}, "does not calibrate lead I"),
        ({"gain": "1000((0)/mV"}, "not a readable WFDB header: gain"),
        ({"name": "../X1.mat"}, "names the file '../X1.mat': samples are read from a file beside their header only"),
        ({"name": "/tmp/X1.mat"}, "beside their header only"),
        ({"name": "..\\X1.mat"}, "beside their header only"),
        ({"name": "-"}, "beside their header only"),
        ({"name": "X2.mat"}, "X2.mat is missing"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, samples, change, words):
    with pytest.raises(DatasetError, match=words):
        read_signal(write(tmp_path, samples, **change))


def test_a_mat_file_of_another_form_is_told(tmp_path, samples):
    header = write(tmp_path, samples)
    with (tmp_path / "X1.mat").open("r+b") as content:
        content.write(bytes(4))
    with pytest.raises(DatasetError, match="not a level 4 MAT-file with 12 x 5000 16-bit samples"):
        read_signal(header)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("X1 12 500 5000", "X1/2 12 500 5000", "not a header of one continuous segment"),
        ("X1 12 500 5000", "X1 12 nan 5000", "at a rate in Hz"),
        ("X1 12 500 5000", "X1 12 500 0", "not a header of one continuous segment"),
        ("X1.mat 16x1+24 1000/mV 16 0 ", "X1.dat 16x1+24 1000/mV 16 0 ", "does not keep all leads in one file"),
    ],
)
def test_a_header_of_another_form_is_told(tmp_path, samples, old, new, words):
    header = write(tmp_path, samples)
    header.write_text(header.read_text().replace(old, new, 1))
    with pytest.raises(DatasetError, match=words):
        read_header(header)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data())
def test_any_header_is_read_or_told(tmp_path_factory, data):
    """One field of a good header becomes anything, or the whole text does."""
    folder = tmp_path_factory.mktemp("header")
    header = write(folder, np.zeros((12, 4), dtype=np.int16))
    lines = header.read_text().splitlines()
    odd = st.text(alphabet="0123456789abX./\\+-()x:# mVé\x00", max_size=12)
    row = data.draw(st.integers(0, 12))
    fields = lines[row].split(" ")
    fields[data.draw(st.integers(0, len(fields) - 1))] = data.draw(odd)
    lines[row] = " ".join(fields)
    header.write_text(data.draw(st.one_of(st.just("\n".join(lines)), st.text(max_size=60))))
    try:
        found = read_header(header)
        signal = read_signal(header)
    except DatasetError as error:
        assert "\n" not in str(error).replace(repr(str(folder)), "")
        return
    assert (folder / found.file).parent == folder
    assert signal.mv.shape == (12, found.samples)
    assert np.isfinite([channel.gain for channel in found.channels]).all()


def as_wfdb_takes_it(header, folder):
    """Return the record without its suffix; some of Georgia's name it ``E00015.mat``, which wfdb refuses."""
    first, rest = header.read_text().split("\n", 1)
    if ".mat" not in first:
        return header.with_suffix("")
    (folder / header.name).write_text(first.replace(".mat", "", 1) + "\n" + rest)
    shutil.copy(header.with_suffix(".mat"), folder)
    return folder / header.stem


@pytest.mark.parametrize(("fs", "samples", "offset"), [(500, 10**12, 24), (10**12, 10**13, 24), (500, 5000, 10**13)])
def test_no_memory_is_taken_for_what_only_the_header_says(tmp_path, fs, samples, offset):
    path = write_challenge(tmp_path / "A0001.hea")
    written = path.read_text().replace("16+24 ", f"16+{offset} ")
    path.write_text(written.replace("A0001 12 500 5000", f"A0001 12 {fs} {samples}"))
    with pytest.raises(DatasetError, match=r"truncated or damaged|not a level 4 MAT-file"):
        window_of(read_header(path))
    with pytest.raises(DatasetError, match=r"truncated or damaged|not a level 4 MAT-file"):
        checksum_problem(read_header(path))


@pytest.mark.slow
def test_every_record_of_other_sources_is_read_as_wfdb_reads_it(shared_data, tmp_path):
    headers = sorted((shared_data / "other_domains").glob("*/*.hea"))
    assert len(headers) == 204
    for header in headers:
        expected = wfdb.rdrecord(str(as_wfdb_takes_it(header, tmp_path)))
        signal = read_signal(header)
        assert [name.lower() for name in expected.sig_name] == [lead.lower() for lead in LEADS]
        assert signal.fs == expected.fs
        assert np.allclose(signal.mv, expected.p_signal.T, atol=1e-5)
        assert list(read_header(header).comments) == expected.comments
        assert checksum_problem(read_header(header)) is None


@pytest.mark.slow
def test_ptbxl_is_read_as_wfdb_reads_it(ptbxl_folder):
    headers = sorted(ptbxl_folder.glob("records*/*/*.hea"))
    assert headers
    for header in headers[:: max(1, len(headers) // 140)]:
        assert np.allclose(
            read_signal(header).mv, wfdb.rdrecord(str(header.with_suffix(""))).p_signal.T, atol=1e-6, equal_nan=True
        )
