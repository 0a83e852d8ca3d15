import gzip
import json
from importlib.resources import files

import pytest

from bench.dataset.statement_file import read_statements
from readers.contract import Case
from readers.twelve_sl import TwelveSlReader, values_of
from taxonomy.axis import axis_named
from taxonomy.error import FileError
from taxonomy.truth import truth

from ..command import bench, is_one_sentence


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["NSR", "NML"], {"rate": "normal", "rhythm": "sinus", "conduction": "none", "diagnosis": "NORM"}),
        (["AFIB", "RVR", "RBBB", "IT"], {"rhythm": "atrial_fibrillation", "rate": "tachycardia", "conduction": "rbbb"}),
        (["AFIB"], {"rate": "normal"}),
        (["FLUT", "VAVB"], {"rhythm": "atrial_flutter", "rate": None}),
        (["FLUT", "RVR"], {"rate": "tachycardia"}),
        (["VPR"], {"rhythm": "paced", "rate": None}),
        (["NSR", "LAD3", "ASMI", "AU"], {"axis": "left", "ischemia_stage": "age_undetermined", "diagnosis": "AMI"}),
        (["NSR", "AFB"], {"axis": "left", "conduction": "fascicular_block", "other_findings": frozenset()}),
        (
            ["NSR", "RBBB", "PFB", "BIFB"],
            {"axis": "right", "conduction": "rbbb", "other_findings": {"fascicular_block"}},
        ),
        (["NSR", "IMI", "AC"], {"ischemia_stage": "acute", "ischemia_territory": "inferior"}),
        (["NSR", "ASMI", "AU", "IMI", "AC", "STEMI"], {"ischemia_stage": "acute", "ischemia_territory": "inferior"}),
        (["NSR", "IMI", "AU", "LINJ"], {"ischemia_stage": "acute", "ischemia_territory": "lateral"}),
        (["NSR", "LSBINJ"], {"ischemia_stage": "ischemic_st_t", "ischemia_territory": "lateral", "diagnosis": "ISC_"}),
        (["NSR", "AINJ"], {"ischemia_stage": "acute", "ischemia_territory": "anterior", "diagnosis": "AMI"}),
        (["NSR", "CRO", "IMI", "AU"], {"ischemia_stage": "none", "ischemia_territory": "none", "diagnosis": "IMI"}),
        (["NSR", "CRO", "IMI", "AU", "LVH2"], {"ischemia_stage": "none", "diagnosis": "LVH"}),
        (["NSR", "IMI", "LMI"], {"ischemia_territory": "inferolateral"}),
        (["NSR", "IMI", "AMI"], {"ischemia_territory": "multiple"}),
        (["NSR", "LVH2", "2ST"], {"diagnosis": "LVH", "other_findings": {"lvh"}, "ischemia_stage": "none"}),
        (["NSR", "PO", "LAE"], {"other_findings": frozenset(), "diagnosis": "LAO/LAE"}),
        (["NSR", "BAE"], {"other_findings": {"left_atrial_enlargement", "right_atrial_enlargement"}}),
        (["NSR", "RSR"], {"conduction": "incomplete_rbbb", "diagnosis": "IRBBB"}),
        (["SBRAD", "FAV", "AFB"], {"conduction": "fascicular_block", "other_findings": {"av_block_first_degree"}}),
        (["UR"], {"rhythm": None, "rate": None}),
    ],
)
def test_statements_become_values(statements, expected):
    values = values_of(statements)
    assert {name: values[name] for name in expected} == expected
    assert all(value is None or axis_named(name).holds(value) for name, value in values.items())


def test_the_map_holds_values_of_the_taxonomy_only():
    table = json.loads((files("readers") / "twelve_sl.json").read_text(encoding="utf-8"))
    for axis in ("rate", "rhythm", "axis", "conduction", "diagnosis"):
        assert {value for value, _ in table[axis]} <= set(axis_named(axis).values)
    assert {value for value, _ in table["finding"]} <= set(axis_named("other_findings").values)
    for kind in ("infarct", "injury", "ischemia"):
        assert set(table[kind].values()) <= set(axis_named("ischemia_territory").values)


@pytest.mark.slow
def test_the_statements_give_the_axis_of_the_labels_in_95_of_100(ptbxl, shared_data):
    statements = read_statements(shared_data / "ptbxl_plus" / "12sl_statements.csv.gz")
    fold = ptbxl.cohort("test", with_signal=False)
    truths = {ecg_id: truth(ptbxl.labels(ecg_id)) for ecg_id in fold.ids}
    labelled = [ecg_id for ecg_id, one in truths.items() if one.values["axis"] is not None]
    right = sum(truths[ecg_id].accepts("axis", values_of(statements[ecg_id])["axis"]) for ecg_id in labelled)
    assert (right, len(labelled)) == (801, 838)


def test_a_case_without_statements_is_unanswered():
    with_them, without = TwelveSlReader().read([Case("a", statements=("NSR",)), Case("b")])
    assert with_them.values["rhythm"] == "sinus"
    assert not without.values


def test_statement_files_are_read_and_bad_ones_told(tmp_path):
    text = "ecg_id,statements\n9,\"['NSR', 'NML']\"\n"
    (tmp_path / "s.csv").write_text(text)
    with gzip.open(tmp_path / "s.csv.gz", "wt") as out:
        out.write(text)
    for name in ("s.csv", "s.csv.gz"):
        assert read_statements(tmp_path / name) == {9: ("NSR", "NML")}
    for content, said in (
        ("ecg_id\n9\n", "no column"),
        ("", "no column"),
        ('ecg_id,statements\n9,"NSR"\n', "line 2 .* no list"),
    ):
        (tmp_path / "s.csv").write_text(content)
        with pytest.raises(FileError, match=said):
            read_statements(tmp_path / "s.csv")
    with pytest.raises(FileError, match="does not exist"):
        read_statements(tmp_path / "none.csv")


def test_a_run_on_labels_alone_needs_the_statements(tmp_path):
    (tmp_path / "s.csv").write_text("ecg_id,statements\n9,\"['NSR', 'NML']\"\n38,\"['NSR', 'LAD3', 'AB']\"\n")
    words = ("run", "--reader", "12sl", "--limit", "2")
    assert is_one_sentence(bench(*words, cwd=tmp_path), "name it with --statements")
    done = bench(*words, "--statements", "s.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "12sl on phantoms-1-66" in done.stdout
    (folder,) = (tmp_path / "runs").glob("12sl-*")
    again = bench("retry", folder, "--statements", "s.csv", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    (tmp_path / "s.csv").write_text("ecg_id,statements\n9,\"['NSR']\"\n")
    assert is_one_sentence(bench("retry", folder, "--statements", "s.csv", cwd=tmp_path), "took its statements from")
