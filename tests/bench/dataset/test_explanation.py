"""Where the truth of a record comes from, and ``bench data explain``, which tells it."""

import csv
import json

import pytest

from bench.cli.explain import harmless
from bench.dataset.ptbxl import PtbXl

from ...command import bench, is_one_sentence

COLUMNS = "PR_Int_Global,QRS_Dur_Global,QT_Int_Global,P_AxisFront_Global,"
SL12 = f"ecg_id,HR__Global,{COLUMNS}R_AxisFrontal_Global,T_AxisFront_Global\n"
UNIG = f"ecg_id,RR_Mean_Global,{COLUMNS}QRS_AxisFront_Global,T_AxisFront_Global\n"


def rewrite(folder, ecg_id, **cells):
    """Change cells of one row of a PTB-XL table."""
    path = folder / "ptbxl_database.csv"
    with path.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        if row["ecg_id"] == str(ecg_id):
            row.update(cells)
    with path.open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


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
def test_a_programs_measurements_decide_rate_and_linkstyp(physionet_folder, name, content):
    rewrite(physionet_folder, 9, heart_axis="LAD")
    assert truth_of(physionet_folder).circular == {"axis"}
    (physionet_folder / "features").mkdir()
    (physionet_folder / name).write_text(content)
    found = truth_of(physionet_folder)
    assert (found.values["rate"], found.values["axis"]) == ("bradycardia", "left")
    assert "45 per minute by an interpretation program (PTB-XL+)" in found.because["rate"]
    assert not found.circular
    program = "12SL" if "12sl" in name else "UniG"
    assert found.programmed == {f"rate by {program}", f"axis by {program}"}


def test_12sl_is_preferred_to_unig(physionet_folder):
    (physionet_folder / "12sl_features.csv").write_text(SL12 + "9,45,160,96,400,45,30,30\n")
    (physionet_folder / "unig_features.csv").write_text(UNIG + "9,500,160,96,400,45,30,30\n")
    assert truth_of(physionet_folder).values["rate"] == "bradycardia"


def test_a_program_without_a_rate_leaves_it_to_our_two_detectors(physionet_folder):
    rewrite(physionet_folder, 38, scp_codes="{'AFLT': 0.0}", heart_axis="LAD")
    (physionet_folder / "12sl_features.csv").write_text(SL12 + "38,,160,96,400,45,30,30\n")
    found = truth_of(physionet_folder, 38)
    assert found.values["rhythm"] == "atrial_flutter"
    assert found.values["rate"] == "normal"
    assert "by a second detector" in found.because["rate"]
    assert found.circular == {"rate", "axis"}


def test_a_flutter_without_any_rate_is_unlabelled_on_rate(physionet_folder):
    rewrite(physionet_folder, 1, scp_codes="{'AFLT': 0.0}")
    (physionet_folder / "12sl_features.csv").write_text(SL12 + "1,,160,96,400,45,30,30\n")
    found = truth_of(physionet_folder, 1)
    assert found.values["rhythm"] == "atrial_flutter"
    assert found.values["rate"] is None
    assert found.because["rate"] == "no rate is measured"


def test_explain_prints_labels_numbers_and_every_axis(physionet_folder):
    rewrite(
        physionet_folder,
        38,
        scp_codes="{'LVH': 100.0, 'IMI': 15.0, 'CRBBB': 0.0, 'LAFB': 0.0}",
        heart_axis="LAD",
        infarction_stadium1="Stadium I",
        report="linkstyp. evil \x1b[31mred\x1b[0m [bold]text[/bold]",
    )
    done = bench("data", "explain", "--id", "38", "--id", "1", "--data", physionet_folder, cwd=physionet_folder)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    for said in (
        "record 38 of PTB-XL 1.0.3, fold 10",
        "heart axis LAD",
        "infarction stage Stadium I",
        r"evil \x1b[31mred\x1b[0m [bold]text[/bold]",
        "IMI 15% inferior infarction",
        "CRBBB not given complete right bundle branch block",
        "Vent. rate, second detector 7",
        "conduction rbbb fascicular_block CRBBB, LAFB the labels",
        "ischemia unlabelled - IMI of a likelihood",
        "rate normal - 73 per minute by",
        "circular",
        "record 1 of PTB-XL 1.0.3, fold 3",
        "Vent. rate not measured: no signal at hand",
        "rate unlabelled - no rate is measured -",
    ):
        assert said in words
    assert "\x1b" not in done.stdout


def test_explain_shows_a_programs_numbers_beside_ours(physionet_folder):
    (physionet_folder / "12sl_features.csv").write_text(SL12 + "9,45,160,96,400,45,30,30\n")
    done = bench("data", "explain", "--id", "9", "--data", physionet_folder, cwd=physionet_folder)
    words = " ".join(done.stdout.split())
    assert "by a program (PTB-XL+)" in words
    assert "Vent. rate 60.9 BPM 45.0 BPM" in words
    assert "circular" not in words


def test_explain_gives_the_same_as_data(tmp_path):
    done = bench("data", "explain", "--id", "9,38", "--json", cwd=tmp_path)
    first, second = json.loads(done.stdout)
    assert (first["ecg_id"], second["ecg_id"]) == (9, 38)
    rhythm = next(axis for axis in first["axes"] if axis["axis"] == "rhythm")
    assert rhythm == {
        "axis": "rhythm",
        "primary": "sinus",
        "accepted": ["sinus", "sinus_arrhythmia"],
        "because": "SR",
        "source": "the labels",
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


def test_no_value_is_broken_in_the_middle(tmp_path):
    done = bench("data", "explain", "--id", "269", cwd=tmp_path)
    assert "pathological_q_waves," in done.stdout
    assert "av_block_first_degree" in done.stdout
