import gzip

import pytest

from bench.dataset.statement_file import read_statements
from readers.contract import Case
from readers.twelve_sl import TwelveSlReader, values_of
from taxonomy.axis import axis_named
from taxonomy.error import FileError

from ..command import bench, is_one_sentence


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["NSR", "NML"], {"rate": "normal", "rhythm": "sinus", "conduction": "none", "diagnosis": "NORM"}),
        (["AFIB", "RVR", "RBBB", "IT"], {"rhythm": "atrial_fibrillation", "rate": "tachycardia", "conduction": "rbbb"}),
        (["NSR", "LAD3", "ASMI", "AU"], {"axis": "left", "ischemia_stage": "age_undetermined", "diagnosis": "AMI"}),
        (["NSR", "IMI", "AC"], {"ischemia_stage": "acute", "ischemia_territory": "inferior"}),
        (["NSR", "CRO", "IMI", "AU"], {"ischemia_stage": "none", "diagnosis": "NORM"}),
        (["NSR", "IMI", "LMI"], {"ischemia_territory": "multiple"}),
        (["SBRAD", "FAV", "AFB"], {"conduction": "fascicular_block", "other_findings": {"av_block_first_degree"}}),
        (["UR"], {"rhythm": None}),
    ],
)
def test_statements_become_values(statements, expected):
    values = values_of(statements)
    assert {name: values[name] for name in expected} == expected
    assert all(value is None or axis_named(name).holds(value) for name, value in values.items())


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
    assert "12sl on ptbxl-sample" in done.stdout
    (folder,) = (tmp_path / "runs").glob("12sl-*")
    again = bench("retry", folder, "--statements", "s.csv", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    (tmp_path / "s.csv").write_text("ecg_id,statements\n9,\"['NSR']\"\n")
    assert is_one_sentence(bench("retry", folder, "--statements", "s.csv", cwd=tmp_path), "took its statements from")
