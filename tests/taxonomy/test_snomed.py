"""SNOMED CT codes to the axes: what each source means by a code, and what stays unlabelled."""

import pytest

from taxonomy.axis import AXES, DIAGNOSIS, OTHER_FINDINGS, axis_named
from taxonomy.snomed import snomed_codes, snomed_sources, snomed_truth
from taxonomy.truth import Numbers

NSR, AF, RBBB, LBBB, STD, AVB, MI, PVC, VT = (
    "426783006", "164889003", "59118001", "164909002", "429622005", "233917008", "164865005", "427172004", "164895002",
)  # fmt: skip


def test_every_value_of_the_table_is_one_of_the_taxonomy():
    axes = {"rhythm": "rhythm", "axis": "axis", "conduction": "conduction"}
    axes |= {"stage": "ischemia_stage", "territory": "ischemia_territory"}
    names = {axis.name for axis in AXES} | {"ischemia"}
    own = [meant for source in snomed_sources().values() for meant in source.read_as.values()]
    for code in [*snomed_codes().values(), *own]:
        for field, axis in axes.items():
            assert set(getattr(code, field)) <= set(axis_named(axis).values), code
        assert set(code.diagnosis) | set(code.lenient_diagnosis) <= set(DIAGNOSIS.values), code
        assert {code.finding or "lvh", *code.allows} <= set(OTHER_FINDINGS.values), code
        assert code.unsure <= names, code
        assert code.rule or not code.unsure, code
    for source in snomed_sources().values():
        assert source.complete <= names
        assert source.why
        assert source.passing <= {*names, "normality"}
        assert set(source.read_as) <= set(snomed_codes())


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
    assert snomed_truth(["445118002"], "georgia", Numbers(qrs_axis=40)).values["axis"] is None


@pytest.mark.parametrize(("degrees", "value"), [(40, "normal"), (None, None), (143, None), (-101, None), (-28, None)])
def test_an_axis_that_nobody_names_is_normal_only_where_it_is_measured_so_too(degrees, value):
    truth = snomed_truth([AF], "ningbo", Numbers(qrs_axis=degrees))
    assert truth.values["axis"] == value
    assert truth.circular == ({"axis"} if value else set())
    assert snomed_truth([AF], "cpsc", Numbers(qrs_axis=40)).values["axis"] is None
    named = snomed_truth([AF, "39732003"], "ningbo", Numbers(qrs_axis=degrees))
    assert (named.values["axis"], named.circular) == ("left", frozenset())


def test_what_ningbo_calls_flutter_may_be_fibrillation():
    flutter = "164890007"
    assert snomed_truth([flutter], "ningbo").right_values("rhythm") == {"atrial_fibrillation", "atrial_flutter"}
    assert snomed_truth([flutter], "chapman").right_values("rhythm") == {"atrial_flutter"}


def test_a_junctional_escape_is_a_beat_in_shaoxing_and_ningbo():
    escape = "426995002"
    for source in ("chapman", "ningbo"):
        assert snomed_truth([escape, "426177001"], source).right_values("rhythm") == {"sinus", "sinus_arrhythmia"}
        assert snomed_truth([escape], source).values["rhythm"] is None
    assert snomed_truth([escape], "georgia").values["rhythm"] == "supraventricular"


def test_codes_of_the_challenges_ptbxl_mean_what_their_counts_say():
    assert snomed_truth(["39732003"], "ptb-xl", Numbers(qrs_axis=0)).values["axis"] is None
    assert snomed_truth([NSR], "ptb-xl", Numbers(qrs_axis=0)).values["axis"] is None
    assert snomed_truth(["47665007"], "ptb-xl").values["axis"] == "right"
    premature = snomed_truth(["63593006"], "ptb-xl")
    assert (premature.values["rhythm"], premature.values["other_findings"]) == ("supraventricular", frozenset())
    septal = snomed_truth(["266249003"], "ptb-xl")
    assert (septal.values["other_findings"], septal.values["diagnosis"]) == ({"septal_hypertrophy"}, "SEHYP")
    for code, finding in (
        ("164873001", "high_voltage"),
        ("164934002", "nonspecific_st_t"),
        ("428750005", "digitalis_effect"),
    ):
        assert snomed_truth([code], "ptb-xl").values["other_findings"] is None
        assert snomed_truth([code, PVC], "ptb-xl").accepts(
            "other_findings", frozenset({"premature_ventricular", finding})
        )
    assert snomed_truth(["428750005"], "ptb-xl").superclass == "STTC"


def test_what_half_an_hour_shows_ten_seconds_need_not():
    truth = snomed_truth([PVC, "426177001", RBBB], "incart", Numbers(80, 80))
    assert {truth.values[axis] for axis in ("rhythm", "other_findings", "normality")} == {None}
    assert (truth.values["rate"], truth.values["conduction"]) == ("normal", "rbbb")
    assert truth.circular == {"rate"}
    lenient = snomed_truth([PVC, "426177001"], "incart", is_lenient=True)
    assert (lenient.values["rate"], lenient.values["other_findings"]) == ("bradycardia", {"premature_ventricular"})


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
