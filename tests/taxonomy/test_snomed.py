"""SNOMED CT codes to the axes: what each source means by a code, and what stays unlabelled."""

import pytest

from taxonomy.axis import AXES, DIAGNOSIS, OTHER_FINDINGS, axis_named
from taxonomy.snomed import snomed_codes, snomed_sources, snomed_truth

NSR, AF, RBBB, LBBB, STD, AVB, MI, PVC, VT = (
    "426783006", "164889003", "59118001", "164909002", "429622005", "233917008", "164865005", "427172004", "164895002",
)  # fmt: skip


def test_every_value_of_the_table_is_one_of_the_taxonomy():
    axes = {"rhythm": "rhythm", "axis": "axis", "conduction": "conduction"}
    axes |= {"stage": "ischemia_stage", "territory": "ischemia_territory"}
    names = {axis.name for axis in AXES} | {"ischemia"}
    for code in snomed_codes().values():
        for field, axis in axes.items():
            assert set(getattr(code, field)) <= set(axis_named(axis).values), code
        assert set(code.diagnosis) | set(code.lenient_diagnosis) <= set(DIAGNOSIS.values), code
        assert {code.finding or "lvh", *code.allows} <= set(OTHER_FINDINGS.values), code
        assert code.unsure <= names, code
        assert code.rule or not code.unsure, code
    for source in snomed_sources().values():
        assert source.complete <= names
        assert source.why
        assert set(source.read_as or {}) <= set(snomed_codes())


@pytest.mark.parametrize("source", ["georgia", "cpsc"])
def test_sinus_rhythm_alone_is_a_normal_ecg_in_georgia_and_cpsc(source):
    truth = snomed_truth([NSR], source)
    assert truth.values["diagnosis"] == "NORM"
    assert truth.values["normality"] == "normal"
    assert truth.values["ischemia"] == "none none"
    assert truth.values["other_findings"] == frozenset()
    assert truth.superclasses == {"NORM"}


@pytest.mark.parametrize("source", ["chapman", "ningbo", "ptb-xl", "ptb", "cpsc-extra", "elsewhere"])
def test_sinus_rhythm_alone_is_a_rhythm_elsewhere(source):
    truth = snomed_truth([NSR], source)
    assert truth.values["rhythm"] == "sinus"
    assert truth.values["diagnosis"] is truth.values["normality"] is None
    assert snomed_truth([NSR], source, is_lenient=True).values["diagnosis"] == "NORM"


def test_a_bundle_branch_block_need_not_be_complete():
    for source in ("cpsc", "georgia"):
        truth = snomed_truth([RBBB], source)
        assert truth.right_values("conduction") == {"rbbb", "incomplete_rbbb"}
        assert truth.values["conduction"] == "rbbb"
        assert truth.superclass == "CD"
    assert snomed_truth(["713427006"], "georgia").right_values("conduction") == {"rbbb"}
    assert snomed_truth([LBBB], "georgia").right_values("conduction") == {"lbbb", "incomplete_lbbb"}
    assert snomed_truth([LBBB], "ptb-xl").right_values("conduction") == {"lbbb"}


def test_a_finding_without_a_value_is_unlabelled():
    truth = snomed_truth([AVB], "georgia")
    assert truth.values["conduction"] is None
    assert truth.because["conduction"].startswith("AV block of no named degree: first degree and higher ones")
    assert truth.values["diagnosis"] == "_AVB"
    assert snomed_truth([AVB, "270492004"], "georgia").values["conduction"] == "av_block_first_degree"
    assert snomed_truth(["698247007"], "georgia").values["rhythm"] is None


def test_silence_is_a_negative_only_where_the_source_names_what_it_finds():
    assert snomed_truth([AF], "georgia").values["conduction"] == "none"
    assert snomed_truth([AF], "cpsc").values["conduction"] is None
    assert snomed_truth([AF], "cpsc", is_lenient=True).values["conduction"] == "none"
    assert snomed_truth([AF], "georgia").values["axis"] == "normal"
    assert snomed_truth(["445118002"], "georgia").values["axis"] is None


def test_of_the_findings_that_a_source_does_not_name_nothing_is_known():
    cpsc = snomed_truth([PVC], "cpsc")
    assert cpsc.values["other_findings"] == {"premature_ventricular"}
    assert cpsc.accepts("other_findings", frozenset({"premature_ventricular", "lvh"}))
    assert not cpsc.accepts("other_findings", frozenset({"premature_ventricular", "premature_atrial"}))
    assert not snomed_truth([PVC], "georgia").accepts("other_findings", frozenset({"premature_ventricular", "lvh"}))


def test_an_infarction_without_age_and_place_is_right_at_any_age_and_unlabelled_in_place():
    truth = snomed_truth([MI], "chapman")
    assert truth.right_values("ischemia_stage") == {"age_undetermined", "old", "recent", "acute"}
    assert truth.values["ischemia_territory"] is truth.values["ischemia"] is None
    assert truth.superclass == "MI"
    assert snomed_truth([MI], "chapman", is_lenient=True).values["ischemia"] == "age_undetermined unspecified"
    placed = snomed_truth([MI, "54329005"], "chapman")
    assert "age_undetermined anterior" in placed.right_values("ischemia")


def test_what_may_be_ischemia_is_not_called_none():
    assert snomed_truth([STD], "georgia").values["ischemia"] is None
    assert snomed_truth([STD], "georgia", is_lenient=True).values["ischemia"] == "none none"


@pytest.mark.parametrize("code", [VT, "425856008", "164896001", "111288001", "81898007", "61277005", "49260003"])
def test_ventricular_rhythms_have_a_value(code):
    truth = snomed_truth([code, NSR], "ningbo")
    assert truth.values["rhythm"] == "ventricular"
    assert truth.right_values("rhythm") == {"ventricular", "sinus", "sinus_arrhythmia"}
    assert truth.values["normality"] == "abnormal"


def test_without_codes_nothing_is_labelled_and_every_axis_says_why():
    for lenient in (False, True):
        truth = snomed_truth([], "georgia", is_lenient=lenient)
        assert set(truth.values.values()) == {None}
        assert set(truth.values) == set(truth.because)
        assert all(truth.because.values())


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("source", [*snomed_sources(), "elsewhere"])
def test_every_pair_of_codes_has_a_truth_of_the_taxonomy(source, lenient):
    known = list(snomed_codes())
    for first, second in zip(known, known[1:] + known[:1], strict=True):
        truth = snomed_truth([first, second], source, is_lenient=lenient)
        for axis in AXES:
            value = truth.values[axis.name]
            assert value is None or axis.holds(value)
            if value is not None:
                assert truth.accepts(axis.name, value)
            else:
                assert axis.name not in truth.accepted
            assert truth.because[axis.name]
