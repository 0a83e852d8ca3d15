"""Where the truth of a record comes from, and ``bench data explain``, which tells it."""

import json
import re

import numpy as np
import pytest

from bench.dataset.ptbxl import PtbXl
from bench.report.table import harmless
from phantoms.physiology import Physiology
from phantoms.simulator import simulate
from taxonomy.statement import statements

from ...command import bench, is_one_sentence
from ...physionet import change_row, write_record

COLUMNS = "PR_Int_Global,QRS_Dur_Global,QT_Int_Global,P_AxisFront_Global,"
SL12 = f"ecg_id,HR__Global,{COLUMNS}R_AxisFrontal_Global,T_AxisFront_Global\n"
UNIG = f"ecg_id,RR_Mean_Global,{COLUMNS}QRS_AxisFront_Global,T_AxisFront_Global\n"


BEATS = 73
"""Rate per minute of the recordings 9 and 38, in plain sinus rhythm."""


@pytest.fixture
def folder(physionet_folder):
    """A PTB-XL folder in which the rate of two recordings is known."""
    recording = simulate(Physiology(rate=BEATS), seed=1, fs=100).mv
    for name in ("00009_lr", "00038_lr"):
        write_record(physionet_folder, f"records100/00000/{name}", np.round(recording * 1000).astype(np.int16), 100)
    return physionet_folder


def truth_of(folder, ecg_id=9):
    cohort = PtbXl(folder).cohort(ids=[ecg_id])
    return cohort.truth(cohort[0])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("12sl_features.csv", SL12 + "9,45,160,96,400,45,300,30\n"),
        ("features/12sl_features.csv", SL12 + "9,45,160,96,400,45,300,30\n"),
        ("features/unig_features.csv", UNIG + "9,1333.3,160,96,400,45,-60,30\n"),
    ],
)
def test_a_programs_measurements_decide_rate_and_linkstyp(folder, name, content):
    change_row(folder, 9, heart_axis="LAD")
    assert truth_of(folder).circular == {"rate", "axis"}
    (folder / "features").mkdir()
    (folder / name).write_text(content)
    found = truth_of(folder)
    assert (found.values["rate"], found.values["axis"]) == ("bradycardia", "left")
    assert "45 per minute by an interpretation program (PTB-XL+)" in found.because["rate"]
    assert not found.circular
    program = "12SL" if "12sl" in name else "UniG"
    assert found.programmed == {f"rate by {program}", f"axis by {program}"}


def test_12sl_is_preferred_to_unig(folder):
    (folder / "12sl_features.csv").write_text(SL12 + "9,45,160,96,400,45,30,30\n")
    (folder / "unig_features.csv").write_text(UNIG + "9,500,160,96,400,45,30,30\n")
    assert truth_of(folder).values["rate"] == "bradycardia"


def test_a_program_without_a_rate_leaves_it_to_our_two_detectors(folder):
    change_row(folder, 38, scp_codes="{'AFLT': 0.0}", heart_axis="LAD")
    (folder / "12sl_features.csv").write_text(SL12 + "38,,160,96,400,45,30,30\n")
    found = truth_of(folder, 38)
    assert found.values["rhythm"] == "atrial_flutter"
    assert found.values["rate"] == "normal"
    assert "by a second detector" in found.because["rate"]
    assert found.circular == {"rate", "axis"}


def test_a_flutter_without_any_rate_is_unlabelled_on_rate(folder):
    change_row(folder, 133, scp_codes="{'AFLT': 0.0}")
    (folder / "12sl_features.csv").write_text(SL12 + "133,,160,96,400,45,30,30\n")
    found = truth_of(folder, 133)
    assert found.values["rhythm"] == "atrial_flutter"
    assert found.values["rate"] is None
    assert found.because["rate"] == "no rate is measured"


def test_explain_prints_labels_numbers_and_every_axis(folder):
    change_row(
        folder,
        38,
        scp_codes="{'LVH': 100.0, 'IMI': 15.0, 'CRBBB': 0.0, 'LAFB': 0.0}",
        heart_axis="LAD",
        infarction_stadium1="Stadium I",
        report="linkstyp. evil \x1b[31mred\x1b[0m [bold]text[/bold]",
    )
    done = bench("data", "explain", "--id", "38", "--id", "133", "--data", folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    for said in (
        "record 38 of PTB-XL 1.0.3, fold 10",
        "heart axis LAD",
        "infarction stage Stadium I",
        r"evil \x1b[31mred\x1b[0m [bold]text[/bold]",
        f"IMI 15% {statements()['IMI'].description}",
        f"CRBBB not given {statements()['CRBBB'].description}",
        f"Vent. rate, second detector {BEATS // 10}",
        "conduction rbbb fascicular_block CRBBB, LAFB the labels",
        "ischemia unlabelled - IMI of a",
        "rate normal - 7",
        "per minute",
        "circular",
        "record 133 of PTB-XL 1.0.3, fold 1",
        "Vent. rate not measured: no signal at hand",
        "rate unlabelled - no rate is",
    ):
        assert said in words
    assert "\x1b" not in done.stdout


def test_explain_shows_a_programs_numbers_beside_ours(folder):
    (folder / "12sl_features.csv").write_text(SL12 + "9,45,160,96,400,45,30,30\n")
    done = bench("data", "explain", "--id", "9", "--data", folder, cwd=folder)
    words = " ".join(done.stdout.split())
    assert "by a program (PTB-XL+)" in words
    assert re.search(r"Vent\. rate 7\d\.\d BPM 45\.0 BPM", words)
    assert "circular" not in words


def test_explain_says_of_a_phantom_that_the_truth_is_the_simulations(population, tmp_path):
    number = next(n for n in range(len(population)) if population.draw(n).stadium and len(population.draw(n).codes) > 1)
    one = population.draw(number)
    done = bench("data", "explain", "--id", number, cwd=tmp_path)
    words = " ".join(done.stdout.split())
    assert f"record {number} of simulated phantoms" in words
    assert f"infarction stage {one.stadium}" in words
    for code in one.codes:
        assert f"{code} 100% {statements()[code].description}" in words
    assert f"{one.heart.axis:.0f} degrees by the" in words
    assert words.count("the simulation") >= 8
    assert "the labels" not in words and "circular" not in words


def test_explain_gives_the_same_as_data(population, tmp_path):
    first, second = [n for n in range(66) if population.draw(n).codes == {"NORM", "SR"}][:2]
    done = bench("data", "explain", "--id", f"{first},{second}", "--json", cwd=tmp_path)
    one, other = json.loads(done.stdout)
    assert (one["ecg_id"], other["ecg_id"]) == (first, second)
    assert [(said["code"], said["likelihood"]) for said in one["statements"]] == [("NORM", 100.0), ("SR", 100.0)]
    rhythm = next(axis for axis in one["axes"] if axis["axis"] == "rhythm")
    assert rhythm == {
        "axis": "rhythm",
        "primary": "sinus",
        "accepted": ["sinus", "sinus_arrhythmia"],
        "because": "SR",
        "source": "the simulation",
        "circular": False,
    }


def test_explain_names_an_unknown_record(tmp_path):
    assert is_one_sentence(bench("data", "explain", "--id", "999999", cwd=tmp_path), "has no record 999999")
    assert is_one_sentence(bench("data", "explain", "--id", "nine", cwd=tmp_path), "not 'nine'")


def test_explain_prints_what_a_dataset_tells_that_gives_no_reasons(tmp_path, monkeypatch):
    from .test_dataset import Ward, installed

    installed(monkeypatch, f"{Ward.__module__}:Ward")
    done = bench("data", "explain", "--id", "b2", "--data", "ward", cwd=tmp_path)
    words = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    assert "record b2 of the ward's records 7, fold ward" in words
    assert "rhythm sinus - not told the dataset" in words
    assert "conduction unlabelled - not told -" in words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\n c", "a b c"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("sinusrhythmus, ST-Strecken\u00e4nderung", "sinusrhythmus, ST-Strecken\u00e4nderung"),
    ],
)
def test_texts_from_outside_cannot_command_the_terminal(text, shown):
    assert harmless(text) == shown


@pytest.mark.parametrize("command", ["prompt", "data explain"])
def test_a_wrong_id_is_told_under_the_options_own_name(tmp_path, command):
    failed = bench(*command.split(), "--id", "foo", cwd=tmp_path)
    assert is_one_sentence(failed, "--id takes whole numbers"), failed.stderr


def test_no_value_is_broken_in_the_middle(folder):
    change_row(folder, 38, scp_codes="{'LPR': 100.0, 'QWAVE': 100.0, 'LVOLT': 100.0, 'SR': 0.0}")
    done = bench("data", "explain", "--id", "38", "--data", folder, cwd=folder)
    assert "pathological_q_waves" in done.stdout
    assert "av_block_first_degree" in done.stdout
