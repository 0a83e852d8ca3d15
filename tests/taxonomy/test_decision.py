import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.axis import AXES
from taxonomy.decision import (
    DECIDED,
    decide,
    decided_axes,
    decided_superclasses,
    statements_for,
    statements_of,
    superclass_chances,
    value_chances,
)
from taxonomy.statement import SUPERCLASSES, statements
from taxonomy.truth import Labels, truth

CODES = tuple(statements())
RHYTHMS = statements_for("rhythm")
DIAGNOSES = statements_for("diagnosis")


def chances(**given_):
    return dict.fromkeys(CODES, 0.01) | {"NORM": 0.02} | given_


@given(st.sets(st.sampled_from(CODES)), st.sampled_from(RHYTHMS), st.sampled_from(DIAGNOSES))
def test_certain_statements_answer_what_the_same_labels_make_true(some, rhythm, diagnosis):
    said = some | {rhythm, diagnosis}
    found = decide({code: float(code in said) for code in CODES})
    true = truth(Labels({code: 100.0 for code in CODES if code in said})).values
    assert found == {axis.name: true[axis.name] for axis in DECIDED}


def test_a_statement_counts_from_one_half():
    assert decide(chances(PVC=0.5))["other_findings"] == {"premature_ventricular"}
    assert decide(chances(PVC=0.499))["other_findings"] == frozenset()


def test_the_most_probable_rhythm_and_diagnosis_count_where_none_reaches_one_half():
    found = decide(chances(AFIB=0.3, SR=0.2, CLBBB=0.4, NORM=0.2))
    assert (found["rhythm"], found["diagnosis"], found["conduction"]) == ("atrial_fibrillation", "CLBBB", "lbbb")
    found = decide(chances(SR=0.6, AFIB=0.5, NORM=0.6, IRBBB=0.3))
    assert (found["rhythm"], found["diagnosis"], found["conduction"]) == ("atrial_fibrillation", "NORM", "none")
    assert decide(chances(IMI=0.3))["ischemia_territory"] == "inferior", "a diagnosis that counts is no doubtful one"


def test_an_axis_is_decided_by_all_its_statements_only():
    assert decided_axes(CODES) == tuple(axis.name for axis in DECIDED)
    assert "conduction" not in decided_axes(set(CODES) - {"LPR"})
    assert decided_axes(RHYTHMS) == ("rhythm",)
    assert decide(dict.fromkeys(statements_for("conduction"), 0.0)) == {"conduction": "none"}
    assert decide({}) == {}
    assert statements_for("rate") == statements_for("axis") == ()


def test_every_statement_decides_some_axis():
    assert {code for axis in AXES for code in statements_for(axis.name)} == set(CODES)


def test_a_superclass_is_the_largest_of_all_its_statements():
    assert decided_superclasses(CODES) == SUPERCLASSES
    assert superclass_chances(dict.fromkeys(statements_of("MI"), 0.1) | {"PMI": 0.7, "CLBBB": 0.4}) == {"MI": 0.7}


def test_values_are_ranked_by_their_most_probable_statement():
    found = value_chances(chances(STACH=0.7, SR=0.4, LAFB=0.6, IMI=0.3, INJIN=0.2, TAB_=0.8))
    assert found["rhythm"]["sinus"] == 0.7
    assert found["conduction"]["none"] == pytest.approx(0.4)
    assert found["ischemia_territory"]["inferior"] == 0.3
    assert "multiple" not in found["ischemia_territory"]
    assert found["other_findings"]["t_wave_abnormal"] == 0.8
    assert found["diagnosis"].keys() == set(next(axis for axis in AXES if axis.name == "diagnosis").values)
    assert "ischemia_stage" not in found
