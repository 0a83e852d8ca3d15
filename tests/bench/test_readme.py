import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "example"


def test_the_readers_example_of_the_readme_is_the_file_that_is_tested():
    assert (EXAMPLE / "rate_counter.py").read_text(encoding="utf-8") in README


def test_the_example_keeps_the_contract_and_runs(tmp_path):
    import os

    for words in (["check-reader", "rate_counter:RateCounter"], ["run", "--reader", "rate_counter:RateCounter"]):
        done = subprocess.run(
            [sys.executable, "-m", "bench", *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(EXAMPLE), "PTBXL_DIR": ""},
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "rate_counter:RateCounter on ptbxl-sample, test" in done.stdout


def test_every_picture_and_file_that_the_readme_names_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_taxonomy_table_lists_every_statement_of_ptbxl():
    theirs = (files("bench.dataset.sample") / "scp_statements.csv").read_text(encoding="utf-8").splitlines()[1:]
    ours = (files("taxonomy") / "statements.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [line.split(",")[0] for line in theirs] == [line.split(",")[0] for line in ours]
