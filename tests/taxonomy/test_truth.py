from collections import Counter
from itertools import combinations

import pytest

from taxonomy.axis import AXES, AXIS_NAMES, DERIVED, OTHER_FINDINGS, axis_named, with_derived
from taxonomy.error import UnknownNameError
from taxonomy.ischemia import ischemia_truth
from taxonomy.statement import SUPERCLASSES, statements, subclasses, superclass_of
from taxonomy.threshold import axis_of, rate_of
from taxonomy.truth import Labels, Numbers, Truth, truth


def of(codes, **more):
    return truth(Labels(dict.fromkeys(codes, 100.0), **more))


def test_there_are_71_statements_23_subclasses_and_5_superclasses():
    assert len(statements()) == 71
    assert len(subclasses()) == 23
    assert set(subclasses().values()) == set(SUPERCLASSES)
    assert superclass_of("LAFB/LPFB") == "CD"


@pytest.mark.parametrize("code", statements())
def test_every_statement_alone_says_something_on_an_axis(code):
    alone, norm = of([code]).values, of(["NORM"]).values
    told = {name for name, value in alone.items() if value and value != norm[name]}
    assert code == "NORM" or told - {"diagnosis", "normality"}
    assert all(axis_named(name).holds(value) for name, value in alone.items() if value is not None)


def test_every_value_of_every_axis_can_be_the_truth():
    seen = {name: set() for name in AXIS_NAMES}
    for code in statements():
        for other in ("NORM", "CLBBB"):
            for name, value in of([code, other]).values.items():
                if name in seen:
                    seen[name] |= value if isinstance(value, frozenset) else {value}
    for axis in ("rhythm", "conduction", "ischemia_territory", "diagnosis"):
        missing = set(axis_named(axis).values) - seen[axis]
        assert missing <= {"multiple", "ventricular"}  # PTB-XL has no statement of a ventricular rhythm
    assert set(OTHER_FINDINGS.values) >= seen["other_findings"] - {None}


def test_unlabelled_is_never_negative():
    found = of(["SR"])
    assert {name for name, value in found.values.items() if value is not None} == {"rhythm"}
    assert found.right_values("conduction") == frozenset()
    assert not found.accepts("conduction", "none")
    assert not found.accepts("conduction", None)


def test_every_axis_says_what_its_truth_rests_on_or_why_there_is_none():
    found = truth(Labels({"SR": 0.0, "IMI": 15.0}, "LAD"))
    assert found.because.keys() == {*AXIS_NAMES, *(axis.name for axis in DERIVED)}
    assert all(found.because.values())
    assert found.because["rhythm"] == "SR"
    assert found.because["rate"] == "no rate is measured"
    assert "below 50%" in found.because["ischemia"]
    assert found.because["axis"] == "heart_axis LAD (Linkstyp), and no axis is measured"
    assert of(["SR"]).because["diagnosis"] == "no diagnostic statement"


def test_a_form_statement_alone_is_a_finding_although_nothing_is_diagnosed():
    values = of(["PVC"]).values
    assert values["other_findings"] == {"premature_ventricular"}
    assert values["conduction"] is None


def test_likelihood_zero_counts():
    assert truth(Labels({"NORM": 100.0, "AFIB": 0.0})).values["rhythm"] == "atrial_fibrillation"
    assert truth(Labels({"IMI": 0.0})).values["ischemia"] == "age_undetermined inferior"


@pytest.mark.parametrize(
    ("codes", "primary", "accepted"),
    [
        (["SR"], "sinus", {"sinus", "sinus_arrhythmia"}),
        (["SARRH"], "sinus_arrhythmia", {"sinus", "sinus_arrhythmia"}),
        (["SR", "BIGU"], "ectopic_pattern", {"ectopic_pattern", "sinus", "sinus_arrhythmia"}),
        (["AFIB", "PACE"], "paced", {"paced", "atrial_fibrillation"}),
        (["AFLT"], "atrial_flutter", {"atrial_flutter"}),
        (["PSVT"], "supraventricular", {"supraventricular"}),
    ],
)
def test_every_rhythm_that_is_named_is_right_and_sinus_stands_for_its_arrhythmia(codes, primary, accepted):
    found = of(codes)
    assert found.values["rhythm"] == primary
    assert found.right_values("rhythm") == accepted


PRECEDENCE = {
    "rhythm": ("PACE", "AFIB", "AFLT", "SVTAC", "BIGU", "SARRH", "SR"),
    "conduction": ("3AVB", "CLBBB", "CRBBB", "WPW", "ILBBB", "IVCD", "LAFB", "IRBBB", "1AVB"),
    "diagnosis": ("IMI", "ISC_", "CLBBB", "LVH", "NORM"),
}
"""Statements of which the earlier decides the primary value, where both are given with one likelihood."""


@pytest.mark.parametrize("axis", PRECEDENCE)
def test_of_two_statements_the_weightier_gives_the_primary_value(axis):
    for first, second in combinations(PRECEDENCE[axis], 2):
        values = of([second, first]).values
        assert values[axis] == of([first]).values[axis] != of([second]).values[axis]


@pytest.mark.parametrize(
    ("axis", "value", "codes"),
    [
        ("rhythm", "supraventricular", ("SVTAC", "PSVT", "SVARR")),
        ("rhythm", "ectopic_pattern", ("BIGU", "TRIGU")),
        ("rhythm", "sinus", ("SR", "STACH", "SBRAD")),
        ("conduction", "av_block_high_grade", ("2AVB", "3AVB")),
        ("conduction", "fascicular_block", ("LAFB", "LPFB")),
        ("conduction", "av_block_first_degree", ("1AVB", "LPR")),
    ],
)
def test_statements_of_one_kind_have_one_value(axis, value, codes):
    assert {of([code]).values[axis] for code in codes} == {value}


def test_what_rests_on_a_programs_measurement_is_named_by_axis_and_program():
    found = truth(Labels({}, "LAD"), Numbers(45, None, -60.0, "12SL", is_own=False, program="12SL"))
    assert found.programmed == {"rate by 12SL", "axis by 12SL"}
    assert found.holds_by_construction("rate", {"rate by 12SL"})
    assert not found.holds_by_construction("axis", {"rate by 12SL", "axis"})
    assert not truth(Labels({}, "MID"), Numbers(45, 45.0)).programmed
    own = truth(Labels({}, "LAD"), Numbers(45, 45.0, -60.0))
    assert own.holds_by_construction("axis", {"axis"})
    assert not own.holds_by_construction("rate", {"axis"})
    assert not own.holds_by_construction("rate", {"rate by 12SL"})


def test_what_is_derived_is_filled_in_where_either_part_is_missing():
    given = {"diagnosis": "NORM", "ischemia_stage": "old", "ischemia_territory": "inferior"}
    assert Truth({**given, "normality": "normal"}).values["ischemia"] == "old inferior"
    assert Truth({**given, "ischemia": "old inferior"}).values["normality"] == "normal"


def test_a_truth_holds_all_statements_and_why_but_strictly_the_primary_values_alone():
    found = of(["SR", "IMI"])
    assert found.statements == {"SR", "IMI"}
    assert found.superclass == "MI"
    assert found.because["diagnosis"] == "IMI at 100%"
    assert found.accepted.keys() == {"rhythm"}
    assert not found.strict.because
    assert not found.strict.accepted


def test_a_rate_of_zero_and_an_axis_of_zero_are_measured():
    found = truth(Labels({}, "LAD"), Numbers(0, 0.0, 0.0))
    assert (found.values["rate"], found.values["axis"]) == ("bradycardia", "normal")
    assert truth(Labels({}), Numbers(80, 75.0 - 0.1)).values["rate"] is None


def test_an_answer_on_findings_is_a_set():
    assert not of(["LVH"]).accepts("other_findings", "lvh")
    assert not of(["SR"]).accepts("other_findings", frozenset())


def test_every_conduction_defect_that_is_named_is_right_and_no_other():
    found = of(["CRBBB", "LAFB", "LPR"])
    assert found.values["conduction"] == "rbbb"
    assert found.right_values("conduction") == {"rbbb", "fascicular_block", "av_block_first_degree"}
    assert not found.accepts("conduction", "incomplete_rbbb")
    assert not found.accepts("conduction", "none")


def test_a_prolonged_pr_interval_is_first_degree_block():
    assert of(["NORM", "LPR"]).values["conduction"] == "av_block_first_degree"
    assert of(["1AVB"]).right_values("conduction") == {"av_block_first_degree"}


def test_conduction_defects_may_stand_among_the_findings_and_need_not():
    found = of(["CRBBB", "LAFB", "LVH"])
    assert found.values["other_findings"] == {"lvh"}
    assert found.accepts("other_findings", frozenset({"lvh"}))
    assert found.accepts("other_findings", frozenset({"lvh", "fascicular_block"}))
    assert found.accepts("other_findings", frozenset({"lvh", "fascicular_block", "rbbb"}))
    assert not found.accepts("other_findings", frozenset({"fascicular_block"}))
    assert not found.accepts("other_findings", frozenset({"lvh", "lbbb"}))
    assert not found.accepts("other_findings", frozenset({"lvh", "unlisted"}))


def test_the_finding_of_the_diagnosis_stands_among_the_findings():
    found = of(["LVH"])
    assert found.values["diagnosis"] == "LVH"
    assert found.accepts("other_findings", frozenset({"lvh"}))
    assert not found.accepts("other_findings", frozenset())


@pytest.mark.parametrize(
    ("codes", "stadium", "primary", "others"),
    [
        (["NORM"], None, "none none", set()),
        (["IMI"], "unknown", "age_undetermined inferior", set()),
        (["IMI"], "Stadium III", "old inferior", set()),
        (["IMI"], "Stadium II-III", "old inferior", set()),
        (["IMI"], "Stadium I-II", "recent inferior", set()),
        (["IMI"], "Stadium I", "acute inferior", set()),
        (["INJIN"], None, "acute inferior", {"ischemic_st_t inferior"}),
        (
            ["AMI", "INJLA"],
            "Stadium III",
            "acute lateral",
            {"ischemic_st_t lateral", "old anterior"},
        ),
        (["ISCAL", "ISC_"], None, "ischemic_st_t anterolateral", set()),
        (["ISC_"], None, "ischemic_st_t unspecified", set()),
        (["IMI", "ISCAL"], "Stadium III", "old inferior", set()),
        (
            ["IMI", "ASMI"],
            None,
            "age_undetermined multiple",
            {"age_undetermined inferior", "age_undetermined anteroseptal"},
        ),
        (
            ["ASMI", "ALMI"],
            "Stadium II",
            "recent anterior",
            {"recent anteroseptal", "recent anterolateral", "recent multiple"},
        ),
        (
            ["IMI", "LMI"],
            "Stadium II",
            "recent inferolateral",
            {"recent inferior", "recent lateral", "recent multiple"},
        ),
        (["IPMI", "PMI"], None, "age_undetermined posterior", set()),
    ],
)
def test_stage_and_territory_come_from_the_same_statements(codes, stadium, primary, others):
    found = of(codes, infarction_stadium=stadium)
    assert found.values["ischemia"] == primary
    assert found.right_values("ischemia") == {primary, *others}
    assert f"{found.values['ischemia_stage']} {found.values['ischemia_territory']}" == primary
    stages, places = zip(*(pair.split() for pair in found.right_values("ischemia")), strict=True)
    assert found.right_values("ischemia_stage") == set(stages)
    assert found.right_values("ischemia_territory") == set(places)


def test_the_stage_of_one_finding_with_the_place_of_another_is_wrong_as_a_pair():
    found = of(["AMI", "INJLA"], infarction_stadium="Stadium III")
    assert found.accepts("ischemia_stage", "acute")
    assert found.accepts("ischemia_territory", "anterior")
    assert not found.accepts("ischemia", "acute anterior")


@pytest.mark.parametrize("report", ["inferiorer infarkt, alter unbestimmt", "alter inferiorer infarkt", "old infarct"])
def test_an_infarct_that_the_report_calls_old_may_be_old(report):
    assert of(["IMI"], report=report).right_values("ischemia_stage") == {"age_undetermined", "old"}


def test_an_infarct_without_such_a_word_or_with_a_stage_may_not():
    assert of(["IMI"], report="alternierend, gehalten").right_values("ischemia_stage") == {"age_undetermined"}
    staged = of(["IMI"], report="alter infarkt", infarction_stadium="Stadium I")
    assert staged.right_values("ischemia_stage") == {"acute"}


@pytest.mark.parametrize(("likelihood", "value"), [(15.0, None), (35.0, None), (50.0, "age_undetermined inferior")])
def test_an_infarct_that_cannot_be_ruled_out_leaves_ischemia_unlabelled(likelihood, value):
    assert truth(Labels({"NORM": 80.0, "IMI": likelihood})).values["ischemia"] == value


def test_what_cannot_be_ruled_out_adds_nothing_to_what_is_likely():
    found = truth(Labels({"IMI": 100.0, "AMI": 15.0}))
    assert found.right_values("ischemia_territory") == {"inferior"}


def test_ischemia_says_why_it_is_unlabelled():
    assert ischemia_truth({"SR": 0.0}, None, None, labelled=False) == "no diagnostic statement"
    assert "IMI of a likelihood below 50%" in ischemia_truth({"IMI": 15.0}, None, None, labelled=True)


def test_the_likeliest_diagnosis_wins_and_ties_go_by_superclass_then_row():
    assert truth(Labels({"NORM": 80.0, "LVH": 100.0})).values["diagnosis"] == "LVH"
    assert truth(Labels({"NORM": 100.0, "LVH": 100.0, "IMI": 100.0})).values["diagnosis"] == "IMI"
    assert truth(Labels({"CLBBB": 50.0, "1AVB": 50.0})).values["diagnosis"] == "_AVB"
    assert of(["IMI", "LVH", "PVC"]).superclasses == {"MI", "HYP"}


def test_every_diagnosis_of_the_highest_likelihood_is_right():
    found = truth(Labels({"NORM": 100.0, "LVH": 100.0, "IMI": 100.0, "CLBBB": 50.0}))
    assert found.right_values("diagnosis") == {"IMI", "LVH", "NORM"}
    assert not found.accepts("diagnosis", "CLBBB")
    assert found.superclass == "MI"


def test_the_strict_truth_accepts_the_primary_values_alone():
    strict = of(["CRBBB", "LAFB", "LVH", "SR"]).strict
    assert strict.right_values("conduction") == {"rbbb"}
    assert not strict.accepts("conduction", "fascicular_block")
    assert not strict.accepts("rhythm", "sinus_arrhythmia")
    assert not strict.accepts("other_findings", frozenset({"lvh", "rbbb"}))
    assert strict.accepts("other_findings", frozenset({"lvh"}))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({"NORM": 100.0, "SR": 0.0}, "normal"),
        ({"NORM": 100.0, "SARRH": 0.0}, "normal"),
        ({"NORM": 100.0, "PVC": 0.0}, None),
        ({"NORM": 100.0, "AFIB": 0.0}, None),
        ({"NORM": 100.0, "IRBBB": 35.0}, None),
        ({"NORM": 100.0, "LVH": 35.0}, None),
        ({"NORM": 100.0, "IMI": 15.0}, None),
        ({"LVH": 100.0}, "abnormal"),
        ({"LVH": 100.0, "NORM": 80.0}, "abnormal"),
        ({"LVH": 100.0, "NORM": 100.0}, None),  # NORM is a right diagnosis too
        ({"SR": 0.0}, None),
    ],
)
def test_a_normal_ecg_beside_an_abnormal_finding_is_neither_normal_nor_abnormal(codes, expected):
    assert truth(Labels(codes)).values["normality"] == expected


def test_what_is_unlabelled_is_not_derived_again():
    found = truth(Labels({"NORM": 100.0, "PVC": 0.0})).values
    assert with_derived(found) == found
    assert with_derived({"diagnosis": "NORM"})["normality"] == "normal"
    assert with_derived({"diagnosis": "NORM", "normality": None})["normality"] is None
    assert with_derived({"ischemia_stage": "old", "ischemia_territory": "inferior"})["ischemia"] == "old inferior"


@pytest.mark.parametrize(
    ("heart_axis", "measured", "expected"),
    [
        ("MID", -60, "normal"),
        ("AXR", None, "normal"),
        ("ALAD", None, "left"),
        ("RAD", None, "right"),
        ("ARAD", 20, "right"),
        ("SAG", None, "indeterminate"),
        ("LAD", -36, "left"),
        ("LAD", -35, None),
        ("LAD", -30, None),
        ("LAD", -25, None),
        ("LAD", -24, "normal"),
        ("AXL", 10, "normal"),
        ("LAD", -95, None),
        ("LAD", -96, "indeterminate"),
        ("LAD", -129, "indeterminate"),
        ("LAD", 176, None),
        ("LAD", -176, None),
        ("LAD", 120, "right"),
        ("LAD", None, None),
        (None, -60, None),
        ("?", -60, None),
    ],
)
def test_linkstyp_takes_the_side_of_the_measured_axis_unless_it_is_borderline(heart_axis, measured, expected):
    found = truth(Labels({}, heart_axis), Numbers(qrs_axis=measured))
    assert found.values["axis"] == expected
    assert ("axis" in found.circular) == (heart_axis in {"LAD", "AXL"} and expected is not None)


@pytest.mark.parametrize(
    ("rate", "second", "expected"),
    [
        (57, 57.0, "bradycardia"),
        (58, 58.0, None),
        (60, 59.6, None),
        (62, 62.0, None),
        (63, 62.0, "normal"),
        (97, 97.0, "normal"),
        (98, 98.0, None),
        (102, 102.0, None),
        (103, 103.0, "tachycardia"),
        (75, 80.0, "normal"),
        (75, 80.1, None),
        (75, None, None),
        (None, 75.0, None),
    ],
)
def test_a_rate_of_ours_is_the_truth_where_two_detectors_agree_and_it_is_not_borderline(rate, second, expected):
    found = truth(Labels({}), Numbers(rate, second))
    assert found.values["rate"] == expected
    assert found.circular == (frozenset() if expected is None else {"rate"})


def test_a_programs_rate_needs_no_second_opinion_and_is_not_circular():
    program = Numbers(45, None, -60.0, "a program", is_own=False)
    found = truth(Labels({}, "LAD"), program)
    assert (found.values["rate"], found.values["axis"]) == ("bradycardia", "left")
    assert found.because["rate"] == "45 per minute by a program"
    assert "-60 degrees by a program" in found.because["axis"]
    assert not found.circular


def test_limits_of_rate_and_axis():
    assert [rate_of(rate) for rate in (59, 60, 100, 101)] == ["bradycardia", "normal", "normal", "tachycardia"]
    assert [axis_of(angle) for angle in (-180, -90.1, -90, -30.1, -30, 90, 90.1, 180)] == [
        "indeterminate",
        "indeterminate",
        "left",
        "left",
        "normal",
        "normal",
        "right",
        "right",
    ]


def test_an_unknown_axis_is_named_with_the_nearest_match():
    with pytest.raises(UnknownNameError, match=r"unknown axis 'rythm'.*Did you mean 'rhythm'"):
        axis_named("rythm")


MAPPING = {
    "rhythm": ((21_030, 2_098), (19_019, 1_900), "sinus", (86.17, 86.22)),
    "axis": ((9_466, 838), (0, 0), "normal", (81.75, 80.91)),
    "conduction": ((21_388, 2_158), (848, 72), "none", (76.38, 76.32)),
    "ischemia": ((20_202, 2_033), (1_915, 157), "none none", (71.35, 71.67)),
    "diagnosis": ((21_388, 2_158), (4_160, 390), "NORM", (42.57, 42.49)),
}
"""Counts of the taxonomy over ptbxl_database.csv v1.0.3, each with that of fold 10: labelled, more than one accepted
value, the primary value's majority and its share."""


@pytest.fixture(scope="module")
def truths(ptbxl):
    """The truth of every record by its labels alone; and of those in fold 10."""
    found = {record: truth(ptbxl.labels(record.ecg_id)) for record in ptbxl}
    return list(found.values()), [one for record, one in found.items() if record.fold == 10]


@pytest.mark.parametrize("axis", MAPPING)
def test_the_mapping_gives_the_documented_counts(truths, axis):
    labelled, several, majority, shares = MAPPING[axis]
    for those, n, more, share in zip(truths, labelled, several, shares, strict=True):
        counts = Counter(one.values[axis] for one in those if one.values[axis] is not None)
        assert counts.total() == n
        assert sum(len(one.right_values(axis)) > 1 for one in those) == more
        assert counts.most_common(1)[0][0] == majority
        assert round(100 * counts[majority] / n, 2) == share


def test_nothing_but_no_conduction_defect_and_no_ischemia_is_accepted_in_as_many_as_documented(truths):
    for those, none, no_ischemia in zip(truths, (16_337, 1_647), (14_415, 1_457), strict=True):
        assert sum(one.right_values("conduction") == {"none"} for one in those) == none
        assert sum(one.right_values("ischemia") == {"none none"} for one in those) == no_ischemia


def test_ischemia_is_no_longer_labelled_where_it_cannot_be_ruled_out(truths):
    for those, n in zip(truths, (1_186, 125), strict=True):
        doubtful = [one for one in those if one.values["diagnosis"] and one.values["ischemia"] is None]
        assert len(doubtful) == n
        assert all("cannot be ruled out" in one.because["ischemia"] for one in doubtful)


def test_normality_is_unlabelled_where_norm_stands_beside_a_finding(truths):
    norm = [one for one in truths[0] if one.values["diagnosis"] == "NORM"]
    assert len(norm) == 9_105
    assert sum(one.values["normality"] is None for one in norm) == 1_041
    tied = [one for one in truths[0] if one.values["diagnosis"] != "NORM" and one.accepts("diagnosis", "NORM")]
    assert len(tied) == 141
    assert {one.values["normality"] for one in tied} == {None}


def test_the_superclasses_give_the_documented_counts(truths):
    counts = Counter(one.superclass for one in truths[0] if one.superclass)
    assert counts == {"NORM": 9_105, "STTC": 4_256, "MI": 4_231, "CD": 3_147, "HYP": 649}


def test_every_truth_of_ptbxl_is_a_value_of_its_axis_and_accepts_itself(truths):
    for one in truths[0]:
        for axis in (*AXES, *DERIVED):
            if (value := one.values[axis.name]) is not None:
                assert axis.holds(value)
                assert one.accepts(axis.name, value)
                assert all(axis.holds(other) for other in one.accepted.get(axis.name, ()))


def _record(ptbxl, ecg_id):
    record = ptbxl.record(ecg_id)
    if not record.rates or ecg_id in ptbxl.program_measurements:
        pytest.skip(f"record {ecg_id} has no signal at hand, or a program's measurements")
    return ptbxl.cohort(ids=[ecg_id]).truth(record)


@pytest.mark.parametrize("ecg_id", [44, 82, 153, 225, 313, 841])
def test_a_rate_that_is_printed_as_60_is_no_bradycardia(ptbxl, ecg_id):
    found = _record(ptbxl, ecg_id)
    assert found.values["rate"] is None
    assert found.because["rate"].startswith("60 per minute")
    assert "within 2 of a limit" in found.because["rate"]


@pytest.mark.parametrize("ecg_id", [292, 304, 332, 475])
def test_an_artefact_that_is_no_beat_leaves_the_rate_labelled(ptbxl, ecg_id):
    """Version 1 of the measurements counted it, and its rate was more than 5 per minute from the second detector's."""
    found = _record(ptbxl, ecg_id)
    assert "more than 5 apart" not in found.because["rate"]
    assert found.values["rate"] is not None or "within 2 of a limit" in found.because["rate"]


@pytest.mark.parametrize(("ecg_id", "expected"), [(269, None), (424, "indeterminate")])
def test_linkstyp_beyond_minus_90_is_not_normal(ptbxl, ecg_id, expected):
    found = _record(ptbxl, ecg_id)
    assert found.values["axis"] == expected
    assert found.because["axis"].startswith("heart_axis LAD (Linkstyp), -")
