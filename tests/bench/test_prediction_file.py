import gzip
import json

import pytest

from bench.dataset.feature_file import read_features
from bench.run.prediction_file import check_ids, read_predictions
from taxonomy.error import FileError

from ..command import bench


def written(tmp_path, text, name="predictions.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_axis_values_are_read_with_synonyms_and_empty_cells_are_no_answer(tmp_path):
    path = written(tmp_path, "ecg_id,rhythm,other_findings,extra\n9,AF,LVH;PVC,x\n20,,,\n")
    readings = read_predictions(path)
    assert readings[9].values == {
        "rhythm": "atrial_fibrillation",
        "other_findings": frozenset({"lvh", "premature_ventricular"}),
    }
    assert readings[20].values == {"other_findings": frozenset()}


def test_superclass_probabilities_are_read(tmp_path):
    readings = read_predictions(written(tmp_path, "ecg_id,NORM,MI,STTC,CD,HYP\n9,0.9,0.1,0.2,0,1\n"))
    assert readings[9].probabilities["superclass"]["HYP"] == 1
    assert readings[9].values == {}


def test_a_superclass_is_the_largest_of_its_statements(tmp_path):
    readings = read_predictions(written(tmp_path, "ecg_id,IMI,ASMI,CLBBB,SR\n9,0.2,0.7,0.4,0.9\n"))
    assert readings[9].probabilities["superclass"] == {"MI": 0.7, "CD": 0.4}


def test_jsonl_is_read(tmp_path):
    rows = [{"ecg_id": 9, "rate": "normal", "other_findings": ["lvh"]}, {"ecg_id": 20, "rate": None}]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "predictions.jsonl")
    readings = read_predictions(path)
    assert readings[9].values == {"rate": "normal", "other_findings": frozenset({"lvh"})}
    assert readings[20].values == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column 'ecg_id'"),
        ("id,rate\n9,normal\n", "no column 'ecg_id'"),
        ("ecg_id,speed\n9,normal\n", "no column to score: name axes"),
        ("ecg_id,rate\n", "holds no prediction"),
        ("ecg_id,rate\nnine,normal\n", "line 2 .* ecg_id is 'nine', no whole number"),
        ("ecg_id,rate\n9,normal\n9,normal\n", "line 3 .* record 9 appears twice"),
        ("ecg_id,rate\n9,tachycardy\n", "rate has no value 'tachycardy'.*did you mean 'tachycardia'"),
        ("ecg_id,other_findings\n9,lvh;xyz\n", "other_findings holds a finding that is none: 'lvh;xyz'"),
        ("ecg_id,MI\n9,1.5\n", "MI is '1.5', not between 0 and 1"),
        ("ecg_id,MI\n9,often\n", "MI is 'often', no number"),
        ("ecg_id,MI\n9,nan\n", "MI is 'nan', not between 0 and 1"),
    ],
)
def test_a_bad_file_is_told_with_line_column_and_value(tmp_path, text, words):
    with pytest.raises(FileError, match=words):
        read_predictions(written(tmp_path, text))


def test_unknown_ids_a_missing_file_and_binary_are_told(tmp_path):
    path = written(tmp_path, "ecg_id,rate\n9,normal\n77,normal\n")
    with pytest.raises(FileError, match="predicts 1 records that the dataset does not have: 77"):
        check_ids(read_predictions(path), {9}, path)
    with pytest.raises(FileError, match="does not exist"):
        read_predictions(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(FileError, match="cannot be read"):
        read_predictions(tmp_path / "binary.csv")


SL12 = (
    "ecg_id,HR__Global,PR_Int_Global,QRS_Dur_Global,QT_Int_Global,"
    "P_AxisFront_Global,R_AxisFrontal_Global,T_AxisFront_Global\n"
)
UNIG = SL12.replace("HR__Global", "RR_Mean_Global").replace("R_AxisFrontal", "QRS_AxisFront")


def test_12sl_and_unig_features_are_read(tmp_path):
    ge = read_features(written(tmp_path, SL12 + "9,60,160,96,400,45,250,30\n20,75,,100,380,,10,20\n"))
    assert ge[9].qrs_axis.value == -110
    assert ge[9].qtc_bazett.value == pytest.approx(400)
    assert ge[20].pr.reason == "the features file has no value"
    glasgow = read_features(written(tmp_path, UNIG + "9,800,160,96,400,45,-110,30\n"))
    assert glasgow[9].heart_rate.value == 75


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SL12.replace("PR_Int_Global", "PR"), "no column PR_Int_Global"),
        (SL12.replace("HR__Global", "HR"), "no column HR__Global or HR_Ventr_Global or RR_Mean_Global"),
        (SL12 + "9,fast,160,96,400,45,10,30\n", "line 2 .* HR__Global is 'fast', not a number"),
        (SL12 + "9,60,160,96,400,45,10,30\n" * 2, "line 3 .* record 9 a second time"),
    ],
)
def test_a_bad_features_file_is_told(tmp_path, text, words):
    with pytest.raises(FileError, match=words):
        read_features(written(tmp_path, text))


@pytest.mark.slow
def test_every_labelled_record_is_scored_where_few_recordings_are_at_hand(shared_data, tmp_path):
    """All labels of fold 10, recordings of 66: the published predictions are scored on all that they were made on."""
    published = shared_data / "predictions" / "xresnet1d101_71_fold10.csv.gz"
    (tmp_path / "fold10.csv").write_bytes(gzip.decompress(published.read_bytes()))
    words = ("score", "--predictions", "fold10.csv", "--data", shared_data / "ptbxl", "--out", "scores")
    done = bench(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2198 of 2198 records have a prediction; 0 predictions for other records were ignored." in done.stdout
    assert "2132 of 2198 records have no recording here" in done.stdout
    score = json.loads((tmp_path / "scores" / "score.json").read_text())
    assert score["n"] == 2198
    assert score["probability"]["auroc"]["macro"] == pytest.approx(0.928, abs=0.002)
