"""A folder of WFDB records with a CSV of labels."""

import numpy as np
import pytest

from bench.dataset.wfdb_folder import WfdbFolder
from taxonomy.error import BenchError

from ...challenge import tracing, write_challenge


def folder_of(folder, *lines, columns="record,patient,age,sex,rhythm,conduction,other_findings,diagnosis"):
    """Write a table and a recording for each of its lines."""
    for seed, line in enumerate(lines):
        write_challenge(folder / f"{line.partition(',')[0]}.hea", (), tracing(seed=seed))
    (folder / "labels.csv").write_text("\n".join([columns, *lines]) + "\n", encoding="utf-8")
    return WfdbFolder(str(folder))


def test_each_column_is_an_axis_and_an_empty_cell_is_unlabelled(tmp_path):
    dataset = folder_of(
        tmp_path,
        "a/1,p1,61,f,sinus,rbbb|incomplete_rbbb,lvh;premature_atrial,CRBBB",
        "a/2,p1,nan,,ventricular,,none,",
    )
    first, second = dataset
    assert (first.ecg_id, first.patient_id, first.age, first.sex) == ("a/1", "p1", 61, "female")
    assert (second.age, second.sex, second.fold) == (None, None, first.fold)
    truth = dataset.truth(first)
    assert truth.right_values("conduction") == {"rbbb", "incomplete_rbbb"}
    assert truth.values["other_findings"] == {"lvh", "premature_atrial"}
    assert (truth.superclass, truth.superclasses, truth.values["normality"]) == ("CD", {"CD"}, "abnormal")
    bare = dataset.truth(second)
    assert (bare.values["rhythm"], bare.values["conduction"]) == ("ventricular", None)
    assert bare.values["other_findings"] == frozenset()
    assert np.allclose(first.signal().mv, tracing(seed=0).T / 1000, atol=1e-5)


def test_codes_say_what_no_column_says(tmp_path):
    dataset = folder_of(tmp_path, "1,164889003;59118001,", "2,164889003,paced", columns="record,dx,rhythm")
    coded, both = map(dataset.truth, dataset)
    assert coded.values["rhythm"] == "atrial_fibrillation"
    assert coded.right_values("conduction") == {"rbbb", "incomplete_rbbb"}
    assert both.right_values("rhythm") == {"paced"}


def test_stage_and_territory_are_one_answer(tmp_path):
    dataset = folder_of(tmp_path, "1,old,inferior", columns="record,ischemia_stage,ischemia_territory")
    assert dataset.truth(dataset.record("1")).values["ischemia"] == "old inferior"


def test_folds_are_those_of_the_table_else_by_patient(tmp_path):
    dataset = folder_of(tmp_path, "1,x,train", "2,y,Test", "3,z,validation", columns="record,patient,fold")
    assert [record.fold for record in dataset] == ["train", "test", "val"]
    assert dataset.cohort("test").ids == ("2",)


@pytest.mark.parametrize(
    ("columns", "line", "words"),
    [
        ("name", "1", "no column 'record'"),
        (
            "record,rhythm",
            "1,sinous",
            r"line 2 of .*labels.csv: unknown value of rhythm 'sinous'.*Did you mean 'sinus'",
        ),
        ("record,other_findings", "1,lvh;flu", "unknown value of other_findings 'flu'"),
        ("record,age", "1,old", "gives the age 'old'"),
        ("record,age", "1,-3", "gives the age '-3'"),
        ("record,fold", "1,9", "line 2 of .*unknown fold '9'"),
        ("record,rythm", "1,sinus", "has a column 'rythm', which is not read: is it 'rhythm'"),
        ("record,Other Findings", "1,lvh", "has a column 'Other Findings', which is not read: is it 'other_findings'"),
        ("record,rhythm,rhythm", "1,sinus,paced", "has two columns 'rhythm'"),
        ("record,patient,fold", "1,p,train\n2,p,test", "line 3 of .*has patient p in fold test, who is in train above"),
        ("record", "../1", "names a file outside the folder"),
        ("record", "1,2", "more cells than there are columns"),
        ("record,id", "1,\n1,", "line 3 of .* names record 1 again"),
    ],
)
def test_a_table_that_cannot_be_understood_is_told(tmp_path, columns, line, words):
    (tmp_path / "labels.csv").write_text(f"{columns}\n{line}\n")
    with pytest.raises(BenchError, match=words):
        WfdbFolder(str(tmp_path))


def test_a_missing_or_empty_table_is_told(tmp_path):
    with pytest.raises(BenchError, match=r"labels\.csv is missing"):
        WfdbFolder(str(tmp_path))
    (tmp_path / "labels.csv").write_text("record\n")
    with pytest.raises(BenchError, match="has no line below its columns"):
        WfdbFolder(str(tmp_path))


def test_a_record_that_is_not_there_is_told_and_keeps_its_labels(tmp_path):
    (tmp_path / "labels.csv").write_text("record,rhythm\n7,sinus\n")
    dataset = WfdbFolder(str(tmp_path / "labels.csv"))
    (record,) = dataset
    assert record.rates == ()
    assert dataset.truth(record).values["rhythm"] == "sinus"
    assert "7.hea is missing" in next(dataset.check()).sentence
