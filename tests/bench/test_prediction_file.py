import gzip
import json

import pytest

from bench.dataset.feature_file import read_features
from bench.run.prediction_file import check_ids, column_notes, read_predictions
from taxonomy.decision import statements_for, statements_of
from taxonomy.error import FileError
from taxonomy.statement import SUPERCLASSES, statements

from ..command import bench


def written(tmp_path, text, name="predictions.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_axis_values_are_read_with_synonyms_and_empty_cells_are_no_answer(tmp_path):
    path = written(tmp_path, "ecg_id,rhythm,other_findings,extra\n9,AF,LVH;PVC,x\n20,,,\n")
    readings = read_predictions(path).readings
    assert readings[9].values == {
        "rhythm": "atrial_fibrillation",
        "other_findings": frozenset({"lvh", "premature_ventricular"}),
    }
    assert readings[20].values == {"other_findings": frozenset()}


def rows_of(chances_by_id, columns):
    lines = [",".join(("ecg_id", *columns))]
    for ecg_id, chances in chances_by_id.items():
        lines.append(",".join((str(ecg_id), *(str(chances.get(code, 0.01)) for code in columns))))
    return "\n".join(lines) + "\n"


def test_superclass_probabilities_are_read_and_decide_no_axis(tmp_path):
    found = read_predictions(written(tmp_path, "ecg_id,NORM,MI,STTC,CD,HYP\n9,0.9,0.1,0.2,0,1\n"))
    assert found.readings[9].probabilities.keys() == {"superclass"}
    assert found.readings[9].probabilities["superclass"]["HYP"] == 1
    assert found.readings[9].values == {}
    assert found.columns.offered == {"superclass"}


def test_all_statements_decide_every_axis_but_rate_and_axis(tmp_path):
    text = rows_of({9: {"SR": 0.9, "IMI": 0.7, "CLBBB": 0.6, "PVC": 0.2}}, statements())
    found = read_predictions(written(tmp_path, text))
    assert found.columns.offered == {
        *("rhythm", "conduction", "ischemia_stage", "ischemia_territory", "other_findings", "diagnosis", "superclass")
    }
    assert found.readings[9].values == {
        "rhythm": "sinus",
        "conduction": "lbbb",
        "ischemia_stage": "age_undetermined",
        "ischemia_territory": "inferior",
        "other_findings": frozenset(),
        "diagnosis": "IMI",
    }
    assert found.readings[9].probabilities["superclass"]["MI"] == 0.7
    assert found.readings[9].probabilities["statement"]["PVC"] == 0.2
    assert column_notes(found.columns) == [
        "Decided by statements: rhythm, conduction, ischemia_stage, ischemia_territory, other_findings, diagnosis."
    ]


def test_a_superclass_and_an_axis_need_all_their_statements_and_the_missing_columns_are_named(tmp_path):
    columns = [*statements_of("MI"), *(code for code in statements_for("conduction") if code != "LPR")]
    found = read_predictions(written(tmp_path, rows_of({9: {"IMI": 0.2, "ASMI": 0.7}}, columns)))
    assert found.readings[9].probabilities["superclass"] == {"MI": 0.7, "CD": 0.01}
    assert found.readings[9].values == {}
    assert found.columns.offered == frozenset()
    said = column_notes(found.columns)
    assert "conduction is not scored: no column for LPR." in said
    assert "superclass CD has no probability: no column for" not in " ".join(said)
    assert any(note.startswith("diagnosis is not scored: no column for") for note in said)


def test_an_axis_or_a_superclass_that_is_a_column_is_taken_from_it(tmp_path):
    header, row = rows_of({9: {"SR": 0.9, "IMI": 0.7}}, statements()).split()
    found = read_predictions(written(tmp_path, f"{header},rhythm,MI\n{row},AF,0.3\n"))
    assert found.readings[9].values["rhythm"] == "atrial_fibrillation"
    assert "rhythm" not in found.readings[9].probabilities
    assert found.readings[9].probabilities["superclass"]["MI"] == 0.3


def test_a_record_without_a_statement_has_no_answer_where_it_is_needed(tmp_path):
    text = rows_of({9: {"SR": 0.9}, 20: {"SR": 0.9, "LPR": ""}}, statements())
    readings = read_predictions(written(tmp_path, text)).readings
    assert readings[20].values == {name: value for name, value in readings[9].values.items() if name != "conduction"}
    assert "LPR" not in readings[20].probabilities["statement"]


def test_norm_is_a_statement_beside_statements_and_a_superclass_beside_superclasses(tmp_path):
    alone = read_predictions(written(tmp_path, "ecg_id,NORM,MI\n9,0.9,0.1\n")).columns
    assert (alone.superclasses, alone.statements) == (("NORM", "MI"), ())
    beside = read_predictions(written(tmp_path, "ecg_id,NORM,IMI\n9,0.9,0.1\n")).columns
    assert (beside.superclasses, beside.statements) == ((), ("NORM", "IMI"))


def test_jsonl_is_read(tmp_path):
    rows = [{"ecg_id": 9, "rate": "normal", "other_findings": ["lvh"]}, {"ecg_id": 20, "rate": None}]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "predictions.jsonl")
    found = read_predictions(path)
    assert found.readings[9].values == {"rate": "normal", "other_findings": frozenset({"lvh"})}
    assert found.readings[20].values == {}
    assert found.columns.offered == {"rate", "other_findings"}


def test_packed_files_are_read(tmp_path):
    for name, text in {
        "mine.csv.gz": "ecg_id,rate\n9,normal\n",
        "mine.jsonl.gz": '{"ecg_id": 9, "rate": "normal"}',
    }.items():
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
        assert read_predictions(tmp_path / name).readings[9].values == {"rate": "normal"}
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes((tmp_path / "mine.csv.gz").read_bytes()[:-12])
    with pytest.raises(FileError, match=r"cut\.csv\.gz cannot be read"):
        read_predictions(cut)


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
        ("ecg_id,IMI\n9,inf\n", "IMI is 'inf', not between 0 and 1"),
        ("ecg_id,NORM,MI\n9,0.5,\n20,0.5, \n", "column 'MI' is empty in every row"),
        ("ecg_id,rate,SR\n9,normal,\n", "column 'SR' is empty in every row"),
        ("ecg_id,rate,rhythm\n9,normal,\n", "column 'rhythm' is empty in every row"),
        ("ecg_id,MI\n9,0.5\n20,0.5,0.9\n", "line 3 of .* has 3 cells, and the header has 2"),
        ("ecg_id,MI\n9,0.5\n\n20\n", "line 4 of .* has 1 cells, and the header has 2"),
        ("ecg_id,MI,MI\n9,0.5,0.6\n", "has the column 'MI' twice"),
        ("ecg_id,NORM,mi\n9,0.5,0.6\n", "has no column 'MI', but 'mi': spell it 'MI'"),
        ("ecg_id,NORM, MI\n9,0.5,0.6\n", "has no column 'MI', but ' MI'"),
        ("ecg_id,MI\n9.5,0.5\n", "ecg_id is '9.5', no whole number"),
        ("ecg_id,MI\n-9.0,0.5\n", "ecg_id is '-9.0', no whole number"),
        ("ecg_id,MI\n9.0,0.5\n9,0.5\n", "record 9 appears twice"),
    ],
)
def test_a_bad_file_is_told_with_line_column_and_value(tmp_path, text, words):
    with pytest.raises(FileError, match=words):
        read_predictions(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1 of .* cannot be read: it is no JSON"),
        ("[" * 100_000, "line 1 of .* more than 32 lists and objects"),
        ("\n[9]\n", "line 2 of .* it holds a list, not a JSON object"),
        ('{"ecg_id": 9, "MI": NaN}', "line 1 of .* it holds NaN, which is no finite number"),
        ('{"ecg_id": 9, "MI": 0.1, "MI": 0.9}', "line 1 of .* it holds the key 'MI' twice"),
        ('{"ecg_id": 9, "MI": 0.1, "x": "' + "y" * 2**20 + '"}', "line 1 of .* it is larger than 1 MiB"),
        ('{"ecg_id": true, "MI": 0.1}', "ecg_id is True, no whole number"),
    ],
)
def test_a_bad_line_of_json_is_one_sentence(tmp_path, text, words):
    with pytest.raises(FileError, match=words):
        read_predictions(written(tmp_path, text, "predictions.jsonl"))


def test_whole_floats_that_pandas_writes_are_ids(tmp_path):
    assert set(read_predictions(written(tmp_path, "ecg_id,MI\n9.0,0.5\n20.,0.5\n38,0.1\n")).readings) == {9, 20, 38}
    path = written(tmp_path, '{"ecg_id": 9.0, "MI": 0.5}', "predictions.jsonl")
    assert set(read_predictions(path).readings) == {9}


def test_unknown_ids_a_missing_file_and_binary_are_told(tmp_path):
    path = written(tmp_path, "ecg_id,rate\n9,normal\n77,normal\n")
    with pytest.raises(FileError, match="predicts 1 records that the dataset does not have: 77"):
        check_ids(read_predictions(path).readings, {9}, path)
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


def scored(tmp_path, text, *words):
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    done = bench("score", "--predictions", "mine.csv", "--out", "scores", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((tmp_path / "scores" / "score.json").read_text())


def test_only_what_the_columns_offer_is_scored(tmp_path):
    """On the simulated phantoms; the records that are left out rank worst."""
    ids = {9: 0.9, 38: 0.2, 40: 0.4}
    text = "ecg_id,rhythm,NORM\n" + "".join(f"{ecg_id},sinus,{chance}\n" for ecg_id, chance in ids.items())
    said, score = scored(tmp_path, text)
    assert [axis["axis"] for axis in score["axes"] if axis["n"]] == ["rhythm"]
    found = score["probability"]["superclass"]
    assert list(found["classes"]) == ["NORM"]
    assert found["n"] - found["without"] == 3
    assert found["classes"]["NORM"]["auroc"] < 0.1
    assert found["missing"] == [name for name in SUPERCLASSES if name != "NORM"]
    assert score["superclass"] is None, "one class of five is no answer"
    assert "not in the macro, no probability    MI, STTC, CD, HYP" in said


@pytest.mark.slow
def test_what_a_missing_or_a_blank_probability_takes_away_is_said(tmp_path):
    rows = "".join(f"{ecg_id},0.9,0.1,0.2,{ecg_id / 66},0.3\n" for ecg_id in range(65))
    said, whole = scored(tmp_path, "ecg_id,NORM,MI,STTC,CD,HYP\n" + rows + "65,0.9,0.1,0.2,0.3,0.4\n")
    assert "leaves out" not in said and "Blank" not in said and "Columns that name" not in said
    assert whole["probability"]["superclass"]["macro_of_all"] and whole["superclass"]
    said, blank = scored(tmp_path, "ecg_id,NORM,MI,STTC,CD,HYP\n" + rows + "65,0.9,0.1,0.2,,\n")
    assert "Blank probabilities rank worst in AUROC: CD (1 row), HYP (1 row)." in said
    assert blank["probability"]["superclass"]["macro_of_all"]
    said, four = scored(tmp_path, "ecg_id,NORM,MI,STTC,CD,hypertrophy\n" + rows)
    assert (
        "The macro AUROC leaves out HYP (no probability); there is no danger-weighted error, and no macro as published."
        in said
    )
    assert "Columns that name no axis, superclass or statement were ignored: hypertrophy." in said
    assert four["probability"]["superclass"]["macro_of_all"] is None and four["superclass"] is None


def published(shared_data, tmp_path):
    packed = shared_data / "predictions" / "xresnet1d101_71_fold10.csv.gz"
    return scored(tmp_path, gzip.decompress(packed.read_bytes()).decode(), "--data", shared_data / "ptbxl")


@pytest.mark.slow
def test_published_predictions_have_their_published_areas(shared_data, tmp_path):
    """All labels of fold 10, recordings of 66. Figures of xresnet1d101: Strodthoff et al. 2021, computed elsewhere."""
    said, score = published(shared_data, tmp_path)
    found = score["probability"]
    assert (found["superclass"]["n"], found["superclass_of_all"]["n"]) == (2158, 2198)
    assert found["superclass"]["macro"]["auroc"] == pytest.approx(0.9281, abs=5e-5)
    assert found["superclass_of_all"]["macro"]["auroc"] == pytest.approx(0.9272, abs=5e-5)
    assert found["statement"]["macro_of_all"]["auroc"] == pytest.approx(0.9255, abs=5e-5)
    assert found["statement"]["macro_of_all"]["classes"] == 71
    assert found["statement"]["macro"]["classes"] == 49
    assert found["statement"]["classes"]["2AVB"]["auroc"] is None
    assert score["n"] == 2198
    for line in ("5 classes, n = 2158 with a diagnosis", "5 classes, n = 2198", "71 classes, n = 2198"):
        assert line in " ".join(said.split())
    assert "2198 of 2198 records have a prediction; 0 predictions for other records were ignored." in said
    assert "have no recording" not in said, "neither rate nor axis is asked"


@pytest.mark.parametrize(
    ("name", "text"), [("p.csv.gz", "ecg_id,rhythm\n9,AF\n"), ("p.jsonl.gz", '{"ecg_id": 9, "rhythm": "AF"}\n')]
)
def test_a_packed_file_is_read_as_what_it_holds(tmp_path, name, text):
    (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    assert read_predictions(tmp_path / name).readings[9].values["rhythm"] == "atrial_fibrillation"


@pytest.mark.parametrize(
    "content", [b"ecg_id,rhythm\n9,AF\n", gzip.compress(b"ecg_id,rhythm\n9,AF\n")[:-4]], ids=["plain", "cut off"]
)
def test_a_file_that_is_not_packed_or_is_cut_off_is_one_sentence(tmp_path, content):
    (tmp_path / "p.csv.gz").write_bytes(content)
    with pytest.raises(FileError, match=r"p\.csv\.gz cannot be read"):
        read_predictions(tmp_path / "p.csv.gz")
