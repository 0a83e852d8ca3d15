import ast
import csv
import os
from collections import Counter
from pathlib import Path

import pytest

from taxonomy.axis import AXES, AXIS_NAMES, OTHER_FINDINGS, axis_named
from taxonomy.error import UnknownNameError
from taxonomy.statement import SUPERCLASSES, statements, subclasses, superclass_of
from taxonomy.truth import Labels, Truth, axis_of, rate_of, truth


def of(codes, **more):
    return truth(Labels(dict.fromkeys(codes, 100.0), **more))


def test_there_are_71_statements_23_subclasses_and_5_superclasses():
    assert len(statements()) == 71
    assert len(subclasses()) == 23
    assert set(subclasses().values()) == set(SUPERCLASSES)
    assert superclass_of("LAFB/LPFB") == "CD"


@pytest.mark.parametrize("code", statements())
def test_every_statement_alone_says_something_on_an_axis(code):
    said = {name: value for name, value in of([code]).values.items() if value}
    only_labelled = {"conduction": "none", "ischemia_stage": "none", "ischemia_territory": "none"}
    assert code == "NORM" or said.items() - (only_labelled | {"diagnosis": said.get("diagnosis")}).items()
    assert all(axis_named(name).holds(value) for name, value in said.items())


def test_every_value_of_every_axis_can_be_the_truth():
    seen = {name: set() for name in AXIS_NAMES}
    for code in statements():
        for other in ("NORM", "CLBBB"):
            for name, value in of([code, other]).values.items():
                seen[name] |= value if isinstance(value, frozenset) else {value}
    for axis in ("rhythm", "conduction", "ischemia_territory", "diagnosis"):
        missing = set(axis_named(axis).values) - seen[axis]
        assert missing <= {"multiple", "fascicular_block"}
    assert set(OTHER_FINDINGS.values) >= seen["other_findings"] - {None}


def test_unlabelled_is_never_negative():
    values = of(["SR"]).values
    assert values["rhythm"] == "sinus"
    assert [name for name, value in values.items() if value is None] == [
        "rate",
        "axis",
        "conduction",
        "ischemia_stage",
        "ischemia_territory",
        "other_findings",
        "diagnosis",
    ]


def test_a_form_statement_alone_is_a_finding_although_nothing_is_diagnosed():
    values = of(["PVC"]).values
    assert values["other_findings"] == {"premature_ventricular"}
    assert values["conduction"] is None


def test_likelihood_zero_counts():
    assert truth(Labels({"NORM": 100.0, "AFIB": 0.0})).values["rhythm"] == "atrial_fibrillation"


def test_losing_conduction_findings_go_to_other_findings():
    values = of(["CRBBB", "LAFB", "1AVB"]).values
    assert values["conduction"] == "rbbb"
    assert values["other_findings"] == {"fascicular_block", "av_block_first_degree"}


@pytest.mark.parametrize(
    ("codes", "stadium", "stage", "territory"),
    [
        (["NORM"], None, "none", "none"),
        (["IMI"], "unknown", "age_undetermined", "inferior"),
        (["IMI"], None, "age_undetermined", "inferior"),
        (["IMI"], "Stadium III", "old", "inferior"),
        (["IMI"], "Stadium II-III", "old", "inferior"),
        (["IMI"], "Stadium I-II", "recent", "inferior"),
        (["AMI", "INJAS"], "Stadium III", "acute", "anterior"),
        (["INJIN"], None, "acute", "inferior"),
        (["ISCAL", "ISC_"], None, "ischemic_st_t", "anterolateral"),
        (["ISC_"], None, "ischemic_st_t", "unspecified"),
        (["IMI", "ASMI"], None, "age_undetermined", "multiple"),
        (["IPMI", "PMI"], None, "age_undetermined", "posterior"),
    ],
)
def test_ischemia(codes, stadium, stage, territory):
    values = of(codes, infarction_stadium=stadium).values
    assert (values["ischemia_stage"], values["ischemia_territory"]) == (stage, territory)


def test_the_likeliest_diagnosis_wins_and_ties_go_by_superclass_then_row():
    assert truth(Labels({"NORM": 80.0, "LVH": 100.0})).values["diagnosis"] == "LVH"
    assert truth(Labels({"NORM": 100.0, "LVH": 100.0, "IMI": 100.0})).values["diagnosis"] == "IMI"
    assert truth(Labels({"CLBBB": 50.0, "1AVB": 50.0})).values["diagnosis"] == "_AVB"
    assert of(["IMI", "LVH", "PVC"]).superclasses == {"MI", "HYP"}


@pytest.mark.parametrize(
    ("heart_axis", "measured", "expected"),
    [
        ("MID", -60, "normal"),
        ("ALAD", None, "left"),
        ("ARAD", 20, "right"),
        ("SAG", None, "indeterminate"),
        ("LAD", -31, "left"),
        ("LAD", -30, "normal"),
        ("AXL", 10, "normal"),
        ("LAD", None, None),
        (None, -60, None),
    ],
)
def test_linkstyp_takes_the_side_of_the_measured_axis(heart_axis, measured, expected):
    assert truth(Labels({}, heart_axis), qrs_axis=measured).values["axis"] == expected


def test_limits_of_rate_and_axis():
    assert [rate_of(rate) for rate in (59.9, 60, 100, 100.1)] == [
        "bradycardia",
        "normal",
        "normal",
        "tachycardia",
    ]
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


PTBXL = os.environ.get("PTBXL_DIR")

MAPPING = {
    "rhythm": (21_030, 2_098, "sinus", 86.17, 86.22),
    "axis": (9_466, 838, "normal", 81.75, 80.91),
    "conduction": (21_388, 2_158, "none", 77.10, 77.02),
    "ischemia_stage": (21_388, 2_158, "none", 67.40, 67.52),
    "ischemia_territory": (21_388, 2_158, "none", 67.40, 67.52),
    "diagnosis": (21_388, 2_158, "NORM", 42.57, 42.49),
}
"""Counts of the taxonomy over ptbxl_database.csv v1.0.3: labelled (fold 10), majority, its share (fold 10)."""


@pytest.fixture(scope="module")
def all_truths() -> list[tuple[str, Truth]]:
    if not PTBXL or not (Path(PTBXL) / "ptbxl_database.csv").is_file():
        pytest.skip("needs the full ptbxl_database.csv: set PTBXL_DIR to a PTB-XL v1.0.3 folder")
    with (Path(PTBXL) / "ptbxl_database.csv").open(newline="", encoding="utf-8") as table:
        return [
            (
                row["strat_fold"],
                truth(Labels(ast.literal_eval(row["scp_codes"]), row["heart_axis"], row["infarction_stadium1"])),
            )
            for row in csv.DictReader(table)
        ]


@pytest.mark.parametrize("axis", MAPPING)
def test_the_mapping_gives_the_documented_counts(all_truths, axis):
    labelled, labelled_10, majority, share, share_10 = MAPPING[axis]
    for fold, n, percent in (
        ({str(f) for f in range(1, 11)}, labelled, share),
        ({"10"}, labelled_10, share_10),
    ):
        values = [t.values[axis] for f, t in all_truths if f in fold]
        counts = Counter(value for value in values if value is not None)
        assert counts.total() == n
        assert counts.most_common(1)[0][0] == majority
        assert round(100 * counts[majority] / n, 2) == percent


def test_the_superclasses_give_the_documented_counts(all_truths):
    assert Counter(t.superclass for _, t in all_truths if t.superclass) == {
        "NORM": 9105,
        "STTC": 4256,
        "MI": 4231,
        "CD": 3147,
        "HYP": 649,
    }


def test_every_truth_of_ptbxl_is_a_value_of_its_axis(all_truths):
    for _, t in all_truths:
        assert all(axis.holds(t.values[axis.name]) for axis in AXES if t.values[axis.name] is not None)
