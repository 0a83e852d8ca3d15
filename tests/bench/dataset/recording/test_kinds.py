"""Every kind of file reads back what was written to it, to within its quantisation."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.dataset.phantom import Phantoms
from bench.dataset.recording import KINDS, Told, kind_of, read_recording
from bench.dataset.recording.scp_code import DEFAULT_TABLE, decoded, table_of
from renderers import LEADS
from taxonomy.error import DatasetError

from ....physionet import microvolts
from . import files

WRITERS = {
    "WFDB record": (files.write_wfdb, ".hea"),
    "CSV": (files.write_csv, ".csv"),
    "DICOM waveform": (files.write_dicom, ".dcm"),
    "HL7 aECG": (files.write_aecg, ".xml"),
    "SCP-ECG": (files.write_scp, ".scp"),
}
NEEDS = {"DICOM waveform": "pydicom", "HL7 aECG": "defusedxml"}
IN_MICROVOLTS = Told(500.0, "uV")


@pytest.fixture(scope="module")
def samples():
    return microvolts(Phantoms("1,66"), 3, 500)


def written(kind, path, samples, **options):
    """Write a file of a kind, or skip where its library is missing; return it with what has to be told."""
    if kind in NEEDS:
        pytest.importorskip(
            NEEDS[kind], reason=f"{NEEDS[kind]} is not installed: pip install 'ecg-reading-bench[files]'"
        )
    write, suffix = WRITERS[kind]
    return write(path.with_suffix(suffix), samples, **options), IN_MICROVOLTS if kind == "CSV" else Told()


def test_a_writer_stands_here_for_every_kind_of_file_of_samples():
    assert {kind.name for kind in KINDS if not kind.is_page} == set(WRITERS)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_reads_back_what_was_written(kind, samples, tmp_path):
    path, told = written(kind, tmp_path / "one", samples, leads=LEADS)
    found = read_recording(path, told)
    assert (found.kind, found.signal.fs, found.whole_s, found.notes) == (kind, 500, 10, ())
    assert np.abs(found.signal.mv - samples / 1000).max() < 1e-5


@pytest.mark.parametrize("kind", WRITERS)
def test_the_other_four_follow_from_eight_leads_and_it_is_said(kind, samples, tmp_path):
    path, told = written(kind, tmp_path / "eight", samples, leads=files.EIGHT)
    found = read_recording(path, told)
    one, two = samples[0] / 1000, samples[1] / 1000
    expected = [two - one, -(one + two) / 2, one - two / 2, two - one / 2]
    assert np.abs(found.signal.mv[2:6] - expected).max() < 1e-5
    assert found.notes == ("III, aVR, aVL, aVF computed from I and II (Einthoven, Goldberger)",)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_record_of_two_seconds_is_refused(kind, samples, tmp_path):
    path, told = written(kind, tmp_path / "short", samples[:, :1000])
    with pytest.raises(DatasetError, match=r"short.* lasts 2 s: recordings of 5 s to 30 min are read"):
        read_recording(path, told)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_missing_chest_lead_is_named(kind, samples, tmp_path):
    path, told = written(kind, tmp_path / "few", samples, leads=("I", "II", "V1", "V2", "V3", "V5"))
    with pytest.raises(DatasetError, match=r"few.* has no lead V4, V6: twelve leads are needed"):
        read_recording(path, told)


@pytest.mark.parametrize("kind", [kind for kind in WRITERS if kind != "CSV"])
def test_a_rate_that_a_file_says_itself_is_not_told(kind, samples, tmp_path):
    path, _ = written(kind, tmp_path / "one", samples)
    with pytest.raises(DatasetError, match=rf"of kind {kind}, which says that itself: leave --fs out"):
        read_recording(path, Told(500.0))


@pytest.mark.parametrize("kind", NEEDS)
def test_a_missing_library_is_named(kind, samples, tmp_path, monkeypatch):
    path, told = written(kind, tmp_path / "one", samples)
    monkeypatch.setitem(sys.modules, {"pydicom": "pydicom", "defusedxml": "defusedxml.ElementTree"}[NEEDS[kind]], None)
    with pytest.raises(
        DatasetError, match=rf"needs {NEEDS[kind]}, which is not installed: pip install 'ecg-reading-bench\[files\]'"
    ):
        read_recording(path, told)


@pytest.mark.parametrize(("kind", "ending"), [("DICOM waveform", ""), ("SCP-ECG", ".bin"), ("HL7 aECG", ".txt")])
def test_content_tells_a_kind_whatever_the_ending(kind, ending, samples, tmp_path):
    path, told = written(kind, tmp_path / "one", samples)
    other = path.rename(tmp_path / f"other{ending}")
    assert read_recording(other, told).kind == kind


def test_a_file_of_no_kind_is_refused_with_those_there_are(tmp_path):
    (tmp_path / "cat.gif").write_bytes(b"GIF89a")
    with pytest.raises(
        DatasetError, match=r"cat.gif is no file of an ECG that is read: those are DICOM waveform \(.dcm"
    ):
        kind_of(tmp_path / "cat.gif")
    with pytest.raises(DatasetError, match=r"no.csv is missing"):
        kind_of(tmp_path / "no.csv")
    with pytest.raises(DatasetError, match=r"is no regular file"):
        kind_of(tmp_path)


# WFDB


@pytest.mark.parametrize("named", ["r.hea", "r.dat", "r"])
def test_a_record_is_named_by_any_of_its_files(named, samples, tmp_path):
    files.write_wfdb(tmp_path / "r", samples)
    assert read_recording(tmp_path / named, Told()).kind == "WFDB record"


@pytest.mark.parametrize("form", ["16", "24", "32", "61", "212"])
def test_formats_are_read_as_wfdb_reads_them(form, samples, tmp_path):
    import wfdb

    kept = (samples // 4).clip(-2000, 2000)[:, :4999]
    header = files.write_wfdb(tmp_path / "r", kept, form=form, gain="250(0)/mV", leads=(*files.EIGHT, "aVF"))
    theirs = wfdb.rdrecord(str(header.with_suffix("")))
    ours = read_recording(header, Told())
    assert np.abs(ours.signal.mv[5] - theirs.p_signal[:, 8]).max() < 1e-5
    assert np.abs(ours.signal.mv[11] - kept[11] / 250).max() < 1e-5
    assert not any("checksum" in note for note in ours.notes)


@pytest.mark.parametrize(
    "gain", ["1/uV", "1(0)/\N{MICRO SIGN}V", "1000/mV", "1000.0(0)/mv", "1e6/V", "1000", "1/microvolt"]
)
def test_gains_are_read_in_all_spellings(gain, samples, tmp_path):
    found = read_recording(files.write_wfdb(tmp_path / "r", samples, gain=gain), Told())
    assert np.abs(found.signal.mv - samples / 1000).max() < 1e-5


def test_a_mat_file_of_level_4_is_read_and_one_of_another_level_refused(samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples, form="16", file="r.mat")
    header.write_text(header.read_text().replace(" 16 1000", " 16+24 1000"))
    data = (tmp_path / "r.dat").read_bytes()
    (tmp_path / "r.mat").write_bytes(struct.pack("<5i", 30, 12, samples.shape[1], 0, 4) + b"val\0" + data)
    assert np.abs(read_recording(tmp_path / "r.mat", Told()).signal.mv - samples / 1000).max() < 1e-5
    (tmp_path / "r.mat").write_bytes(b"MATLAB 5.0 MAT-file".ljust(24) + data)
    with pytest.raises(DatasetError, match=r"r.mat is no level 4 MAT-file of 16-bit integers"):
        read_recording(header, Told())


def test_missing_samples_of_a_record_are_gaps(samples, tmp_path):
    gappy = samples.copy()
    gappy[3, 100:200] = -32768
    found = read_recording(files.write_wfdb(tmp_path / "r", gappy), Told())
    assert np.isnan(found.signal.mv[3, 100:200]).all() and np.isnan(found.signal.mv).sum() == 100
    assert "samples are missing in aVR 0.2 s" in found.notes


def test_a_changed_sample_is_said(samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples)
    data = bytearray((tmp_path / "r.dat").read_bytes())
    data[2] ^= 1
    (tmp_path / "r.dat").write_bytes(data)
    assert read_recording(header, Told()).notes == ("the header's checksum does not hold in II",)


@pytest.mark.parametrize("file", ["../r.dat", "/etc/passwd", "~", "a/b.dat"])
def test_samples_elsewhere_than_beside_their_header_are_not_read(file, samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples, file=file)
    with pytest.raises(DatasetError, match=r"samples are read from files beside their header only"):
        read_recording(header, Told())


def test_a_comment_in_an_older_encoding_hinders_nothing(samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples)
    header.write_bytes(header.read_bytes() + "# M\N{LATIN SMALL LETTER U WITH DIAERESIS}ller".encode("latin-1"))
    assert np.abs(read_recording(header, Told()).signal.mv - samples / 1000).max() < 1e-5


@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("Erika 12 -5 5000", "does not say a sampling rate in Hz"),
        ("Erika 12 inf 5000", "does not say a sampling rate in Hz"),
        ("Erika 12 500 -1", "does not say a sampling rate in Hz"),
        ("Erika/3 12 500 5000", "is a record of several segments: name one of them"),
        ("Erika 13 500 5000", "names 12 of 13 channels: 1 to 256 are read"),
        ("Erika", "is no WFDB header that can be read"),
        ("Erika 12 500 5001", "r.dat holds 60000 samples where its header says 60012: it is cut off or damaged"),
    ],
)
def test_a_first_line_that_cannot_be_is_one_sentence_without_it(first, said, samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples)
    header.write_text("\n".join([first, *header.read_text().splitlines()[1:]]))
    with pytest.raises(DatasetError, match=said) as refused:
        read_recording(header, Told())
    assert "Erika" not in str(refused.value)


def test_a_record_without_any_of_the_leads_is_told_which_are_needed(samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples[:, :500], leads=("I", "II"), names=("MLII", "V7"))
    with pytest.raises(DatasetError, match=r"has no lead I, II, V1, V2, V3, V4, V5, V6: .*; MLII, V7 cannot stand for"):
        read_recording(header, Told())


def test_a_modified_lead_is_not_taken_for_the_lead(samples, tmp_path):
    header = files.write_wfdb(tmp_path / "r", samples, leads=files.EIGHT, names=("I", "MLII", *files.EIGHT[2:]))
    with pytest.raises(DatasetError, match=r"has no lead II: .*; MLII cannot stand for"):
        read_recording(header, Told())


def test_further_channels_are_left_out_and_counted_but_not_named(samples, tmp_path):
    names = [*LEADS[:11], "V6"]
    header = files.write_wfdb(tmp_path / "r", samples, names=names)
    text = header.read_text().replace("r 12 500", "r 13 500")
    lines = text.splitlines()
    lines.insert(13, lines[1].replace(" I", f" {files.PATIENT}"))
    header.write_text("\n".join(lines))
    data = np.frombuffer((tmp_path / "r.dat").read_bytes(), "<i2").reshape(-1, 12)
    (tmp_path / "r.dat").write_bytes(np.column_stack([data, data[:, 0]]).astype("<i2").tobytes())
    assert read_recording(header, Told()).notes == ("1 channel of the file is none of the twelve leads",)


# CSV


@pytest.mark.parametrize(
    ("names", "separator", "told"),
    [
        ([f"{lead} [uV]" for lead in LEADS], ",", Told(500.0)),
        ([f"{lead.upper()} (\N{MICRO SIGN}V)" for lead in LEADS], ";", Told(500.0)),
        ([f"ecg_{lead.lower()}" for lead in LEADS], "\t", IN_MICROVOLTS),
        ([f'"Lead {lead}"' for lead in LEADS], ",", IN_MICROVOLTS),
        ([f"{lead}_uV" for lead in LEADS], ",", Told(500.0)),
        (["DI", "DII", "DIII", "AVR", "AVL", "AVF", "C1", "C2", "C3", "C4", "C5", "C6"], ",", Told(500.0, "microvolt")),
    ],
)
def test_names_units_and_separators_are_read_in_all_spellings(names, separator, told, samples, tmp_path):
    path = files.write_csv(tmp_path / "one.csv", samples, names=names, separator=separator)
    assert np.abs(read_recording(path, told).signal.mv - samples / 1000).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "step"), [("time", 0.002), ("t [s]", 0.002), ("time_ms", 2), ("Time (ms)", 2), ("time", 2), ("ms", 2)]
)
def test_the_rate_follows_from_a_column_of_times(name, step, samples, tmp_path):
    times = [f"{place * step:.6g}" for place in range(samples.shape[1])]
    path = files.write_csv(tmp_path / "one.csv", samples, names=[name, *LEADS], before=[times])
    found = read_recording(path, Told(unit="uV"))
    assert (found.signal.fs, found.notes) == (500, ())
    assert read_recording(path, Told(498.0, "uV")).signal.fs == 500
    with pytest.raises(DatasetError, match=r"--fs 492 contradicts"):
        read_recording(path, Told(492.0, "uV"))
    with pytest.raises(DatasetError, match=r"--fs 250 contradicts .*one.csv, which is sampled at 500 Hz"):
        read_recording(path, Told(250.0, "uV"))


def test_a_column_may_hold_the_rate(samples, tmp_path):
    path = files.write_csv(tmp_path / "one.csv", samples, names=["fs", *LEADS], before=[[500] * samples.shape[1]])
    assert read_recording(path, Told(unit="uV")).signal.fs == 500


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_a_table_is_read_as_spreadsheets_write_it(encoding, samples, tmp_path):
    path = files.write_csv(tmp_path / "one.csv", samples, names=[f"{lead} (\N{MICRO SIGN}V)" for lead in LEADS])
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", "\r\n").encode(encoding))
    assert np.abs(read_recording(path, Told(500.0)).signal.mv - samples / 1000).max() < 1e-5


def test_decimals_may_have_commas(samples, tmp_path):
    lines = [
        ";".join(LEADS),
        *(";".join(f"{value / 1000:.3f}".replace(".", ",") for value in row) for row in samples.T),
    ]
    (tmp_path / "one.csv").write_text("\n".join(lines))
    found = read_recording(tmp_path / "one.csv", Told(500.0, "mV"))
    assert np.abs(found.signal.mv - samples / 1000).max() < 1e-5


def test_empty_cells_are_gaps(samples, tmp_path):
    text = files.write_csv(tmp_path / "one.csv", samples).read_text().splitlines()
    text[7] = "," * 11
    (tmp_path / "one.csv").write_text("\n".join(text))
    found = read_recording(tmp_path / "one.csv", IN_MICROVOLTS)
    assert np.isnan(found.signal.mv).sum() == 12 and np.isnan(found.signal.mv[:, 6]).all()


def test_what_nobody_tells_is_asked_for_or_refused(samples, tmp_path):
    path = files.write_csv(tmp_path / "one.csv", samples)
    answers = iter(["500 Hz", "uV"])
    assert (
        np.abs(read_recording(path, Told(ask=lambda question: next(answers))).signal.mv - samples / 1000).max() < 1e-5
    )
    with pytest.raises(DatasetError, match=r"one.csv does not say its sampling rate: name it with --fs HZ"):
        read_recording(path, Told(unit="uV"))
    with pytest.raises(DatasetError, match=r"one.csv does not say its unit: name it with --unit mV or --unit uV"):
        read_recording(path, Told(500.0))
    with pytest.raises(DatasetError, match=r"'soon' is no sampling rate in Hz"):
        read_recording(path, Told(ask=lambda question: "soon"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("\n", "\nErika,", 1), "more cells than its header|a cell below a lead's name"),
        (lambda text: text.replace("I,II", "I,I", 1), "has lead I twice"),
        (lambda text: text.split("\n", 1)[1], "names no lead in its first line"),
        (lambda text: text.replace("I,II", "I [V],II [furlong]", 1), "has no lead II|gives a unit for some leads"),
        (lambda text: text.replace("I,II", "I [uV],II", 1), "gives a unit for some leads and none for II"),
        (lambda text: text.split("\n")[0] + "\n", "lasts 0 s"),
    ],
)
def test_a_wrong_table_is_one_sentence_without_its_cells(change, said, samples, tmp_path):
    path = files.write_csv(tmp_path / "one.csv", samples)
    path.write_text(change(path.read_text()))
    with pytest.raises(DatasetError, match=said) as refused:
        read_recording(path, IN_MICROVOLTS)
    assert "Erika" not in str(refused.value)


def test_a_gain_that_a_source_gives_wrongly_is_put_right_and_said(samples, tmp_path):
    known = read_recording(files.write_wfdb(tmp_path / "E00015", samples, gain="4880/mV"), Told())
    other = read_recording(files.write_wfdb(tmp_path / "mine", samples, gain="4880/mV"), Told())
    assert np.allclose(known.signal.mv, samples / 1000, atol=1e-5)
    assert known.notes == ("4880/mV is 1000/mV: headers of Georgia 12-lead were wrong",)
    assert np.allclose(other.signal.mv, samples / 4880, atol=1e-5)


def test_rows_of_more_cells_than_names_are_refused_whatever_their_voltages(samples, tmp_path):
    path = files.write_csv(tmp_path / "ecg.csv", samples)
    names, *lines = path.read_text().splitlines()
    numbered = [f"{number / 1000:.3f},{line}" for number, line in enumerate(lines)]
    decimals = [line.replace(",", ",5,") + ",5" for line in lines]
    late = [*lines[:4000], *decimals[4000:]]
    for rows, said in (
        (numbered, "line 2 of"),
        (decimals, "decimal commas need semicolons"),
        (late, "has rows of more"),
    ):
        path.write_text("\n".join([names, *rows]) + "\n")
        with pytest.raises(DatasetError, match=said):
            read_recording(path, Told(500, "uV"))
    path.write_text("\n".join([names, *(f"{line}," for line in lines)]) + "\n")
    assert read_recording(path, Told(500, "uV")).signal.mv.shape == (12, samples.shape[1])


def test_microvolts_that_are_millivolts_are_noticed(samples, tmp_path):
    path = files.write_csv(tmp_path / "ecg.csv", samples, names=[f"{lead} [nV]" for lead in LEADS])
    with pytest.raises(DatasetError, match="less than noise: is its unit another, such as mV"):
        read_recording(path, Told(500))


def test_millivolts_that_are_microvolts_are_noticed(samples, tmp_path):
    path = files.write_csv(tmp_path / "one.csv", samples)
    with pytest.raises(
        DatasetError, match=r"swings by .* mV in I, which no heart does: is its unit another, such as uV"
    ):
        read_recording(path, Told(500.0, "mV"))


# DICOM


@pytest.mark.parametrize(("scheme", "unit", "gain", "times"), [("SCPECG", "uV", "2.5", 2.5), ("MDC", "mV", "0.001", 1)])
def test_dicom_codes_units_and_sensitivities_are_read(  # noqa: PLR0913  # what varies
    scheme, unit, gain, times, samples, tmp_path
):
    path, _ = written("DICOM waveform", tmp_path / "one", samples, scheme=scheme, unit=unit, gain=gain)
    assert np.abs(read_recording(path, Told()).signal.mv - samples * times / 1000).max() < 1e-4


def test_padding_of_a_dicom_waveform_is_a_gap(samples, tmp_path):
    padded = samples.copy()
    padded[:, -250:] = -30000
    path, _ = written("DICOM waveform", tmp_path / "one", padded, padding=-30000)
    assert np.isnan(read_recording(path, Told()).signal.mv[:, -250:]).all()


def test_the_ecg_that_pydicom_ships_is_read_from_its_rhythm_and_not_its_median_beat():
    pytest.importorskip("pydicom", reason="pydicom is not installed: pip install 'ecg-reading-bench[files]'")
    from pydicom.data import get_testdata_file

    found = read_recording(Path(get_testdata_file("waveform_ecg.dcm", download=False)), Told())
    assert (found.signal.fs, found.whole_s) == (1000, 10)
    assert np.allclose(found.signal.mv[:3, 0], [0.08, 0.065, -0.015], atol=0.1)


def test_an_uncalibrated_or_deflated_dicom_file_is_refused(samples, tmp_path):
    path, _ = written("DICOM waveform", tmp_path / "one", samples, unit="")
    with pytest.raises(DatasetError, match=r"does not calibrate lead I"):
        read_recording(path, Told())
    path.write_bytes(
        path.read_bytes().replace(b"1.2.840.10008.1.2.1\0\0", b"1.2.840.10008.1.2.1.99"[:21])
        + b"1.2.840.10008.1.2.1.99"
    )
    with pytest.raises(DatasetError, match=r"is a deflated DICOM file, which is not unpacked"):
        read_recording(path, Told())


# HL7 aECG


@pytest.mark.parametrize(("scale", "unit", "times"), [("2.5", "uV", 2.5), ("0.001", "mV", 1), ("1000", "nV", 1)])
def test_scales_of_an_aecg_are_read(scale, unit, times, samples, tmp_path):
    path, _ = written("HL7 aECG", tmp_path / "one", samples, scale=scale, unit=unit)
    assert np.abs(read_recording(path, Told()).signal.mv - samples * times / 1000).max() < 1e-4


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [BOMB, OUTSIDE, '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'])
def test_document_types_and_entities_are_refused(head, samples, tmp_path):
    path, _ = written("HL7 aECG", tmp_path / "one", samples, head=head)
    with pytest.raises(DatasetError, match=r"declares a document type or entities, which no aECG needs"):
        read_recording(path, Told())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<?xml version='1.0'?><AnnotatedECG>" + b"<a/>" * 500_000 + b"</AnnotatedECG>", "has more than 500,000 tags"),
        (b"<?xml version='1.0'?>" + b"<a>" * 200_000 + b"</a>" * 200_000, "is XML, but no HL7 annotated ECG"),
        (b"<?xml version='1.0'?><AnnotatedECG>" + b"<series>" * 50_000, "is no whole XML file"),
    ],
    ids=["many", "deep", "open"],
)
def test_an_aecg_of_many_or_deep_tags_costs_little(content, said, tmp_path):
    pytest.importorskip("defusedxml", reason="defusedxml is not installed: pip install 'ecg-reading-bench[files]'")
    (tmp_path / "one.xml").write_bytes(content)
    with pytest.raises(DatasetError, match=said):
        read_recording(tmp_path / "one.xml", Told())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-40], "is no whole XML file: line 1"),
        (lambda text: text.replace("AnnotatedECG", "Letter"), "is XML, but no HL7 annotated ECG"),
        (lambda text: text.replace("TIME_ABSOLUTE", "TIME_OF_DAY"), "does not say its sampling rate"),
        (lambda text: text.replace('unit="s"', 'unit="min"'), "as 0.002 of what is no time in s, ms or us"),
        (
            lambda text: text.replace('unit="uV"', 'unit="Erika"'),
            "gives voltages in a unit that is none: units that are read are mV",
        ),
        (lambda text: text.replace("<digits>", "<digits>Erika "), "holds a sample of lead I that is no number"),
        (lambda text: text.replace("<digits>", "<digits>NaN "), "holds a sample of lead I that is no finite number"),
        (lambda text: text.replace("UTF-8", "EBCDIC-7"), "is XML in an encoding that is not read|is no whole XML file"),
    ],
)
def test_a_wrong_aecg_is_one_sentence(change, said, samples, tmp_path):
    path, _ = written("HL7 aECG", tmp_path / "one", samples)
    path.write_text(change(path.read_text()))
    with pytest.raises(DatasetError, match=said) as refused:
        read_recording(path, Told())
    assert "Erika" not in str(refused.value)


# SCP-ECG


def test_the_worked_example_of_the_standard_is_decoded():
    """28 samples in 14 bytes, second differences and the default table (EN 1064, annex C)."""
    stored = bytes.fromhex("FF837FE0E6F1536559B65B964B9600")
    values = decoded(stored, 28, DEFAULT_TABLE, 2)
    assert values.tolist() == [
        13, 14, 15, 14, 16, 18, 19, 20, 22, 22, 23, 23, 23, 22, 22, 20, 17, 15, 12, 8, 6, 3, 1, 0, -2, -2, -3, -3,
    ]  # fmt: skip


@pytest.mark.parametrize("differences", [0, 1, 2])
@pytest.mark.parametrize("coded", [True, False])
def test_scp_samples_are_read_however_they_are_stored(differences, coded, samples, tmp_path):
    path = files.write_scp(tmp_path / "one.scp", samples, differences=differences, coded=coded)
    assert np.abs(read_recording(path, Told()).signal.mv[[0, 1, 6, 11]] - samples[[0, 1, 6, 11]] / 1000).max() < 1e-5


def test_a_table_of_the_file_is_used(samples, tmp_path):
    # One code: a prefix 01, first bit lowest in the file, and sixteen bits as they are.
    table = struct.pack("<HHBBBhI", 1, 1, 2, 18, 1, 0, 0b10)
    bits = "".join("01" + f"{int(value) & 0xFFFF:016b}" for value in samples[0, :16])
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    assert decoded(data, 16, table_of(table), 0).tolist() == samples[0, :16].tolist()


@pytest.mark.parametrize(
    "structure", [(0, 16, 1, 0, 0), (33, 40, 1, 0, 0), (4, 3, 1, 0, 0), (4, 21, 1, 0, 0), (4, 4, 0, 2, 0)]
)
def test_a_table_that_cannot_be_or_switches_is_refused(structure):
    with pytest.raises(ValueError, match=r"its Huffman table is damaged"):
        table_of(struct.pack("<HHBBBhI", 1, 1, *structure))


@pytest.mark.parametrize("samples", [[5], [5, 7], [5, 7, 4]])
def test_few_samples_are_rebuilt_from_second_differences(samples):
    stored = np.array([*samples[:2], *np.diff(samples, n=2)], dtype="<i2").tobytes()
    assert decoded(stored, len(samples), None, 2).tolist() == samples
    assert decoded(files.huffman(np.frombuffer(stored, "<i2")), len(samples), DEFAULT_TABLE, 2).tolist() == samples


def test_a_multiplier_is_in_nanovolts(samples, tmp_path):
    path = files.write_scp(tmp_path / "one.scp", samples, multiplier=2500)
    assert np.abs(read_recording(path, Told()).signal.mv[0] - samples[0] * 2.5 / 1000).max() < 1e-4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"flags": 5}, "has a reference beat subtracted from its rhythm, which is not read"),
        ({"bimodal": 1}, "has bimodal compression, which is not read"),
        ({"table": b"\x02\0" + b"\0" * 40}, "it has 2 Huffman tables; one is read"),
        ({"numbers": [1, 2, 3, 4, 5, 6, 7, 7]}, "has lead V5 twice"),
        ({"numbers": [1, 2, 3, 4, 5, 6, 7, 200]}, "has no lead V6"),
    ],
)
def test_scp_that_is_not_read_says_why(options, said, samples, tmp_path):
    path = files.write_scp(tmp_path / "one.scp", samples, **options)
    with pytest.raises(DatasetError, match=said):
        read_recording(path, Told())


def test_a_wrong_checksum_of_an_scp_record_is_said(samples, tmp_path):
    data = bytearray(files.scp(samples))
    data[0] ^= 255
    (tmp_path / "one.scp").write_bytes(data)
    assert "the checksum of the file does not hold" in read_recording(tmp_path / "one.scp", Told()).notes
    data[:2] = b"\0\0"
    (tmp_path / "one.scp").write_bytes(data)
    assert not any("checksum" in note for note in read_recording(tmp_path / "one.scp", Told()).notes)
