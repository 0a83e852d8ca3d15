"""README and the pages of docs: they are short, their links lead somewhere, and what they show is true.

A fenced block that begins with ```python run is run as a notebook cell: the blocks of a page share their names, and the
value of a last expression is printed. Where a plain ``` block is the next thing after it, that is what it prints.
"""

import ast
import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from contextlib import redirect_stdout
from dataclasses import fields
from pathlib import Path

import click
import numpy as np
import pytest

from bench import evaluate, load_dataset
from bench.cli.main import bench as commands
from bench.experiment.experiments import Arm
from bench.finetune.config import Task
from bench.run.job_file import CommonTable, OwnTable, ProductTable
from bench.view import View

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
README, EXTENDING = PAGES[0].read_text(encoding="utf-8"), (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
RUNNABLE = re.compile(r"^```python run\n(.*?)^```\n(?:\n```\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"`((?:bench|benchmarks|docs|readers|renderers|results|taxonomy|tests)/[\w./-]+)`")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page, kind):
    return [body for said, body in FENCE.findall(page.read_text(encoding="utf-8")) if said == kind]


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def run_bench(words, where, *paths):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, EXAMPLE, *paths))), "PTBXL_DIR": ""}
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words], capture_output=True, text=True, cwd=where, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_readme_is_short_and_links_every_page():
    assert len(README.split()) < 1000
    for page in DOCS:
        assert f"](docs/{page.name})" in README, page.name


@each_page
def test_every_link_leads_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        found = page.parent / target if target else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), f"{target}#{anchor}"


@each_page
def test_every_file_of_the_project_that_a_page_names_is_there(page):
    for path in OURS.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path


@each_page
def test_every_command_that_a_page_shows_has_its_options(page):
    for line in "".join(blocks(page, "sh")).splitlines():
        for shown in re.findall(r"-m bench ([^#&]*)", line):
            command, words = commands, shlex.split(shown)
            while isinstance(command, click.Group) and words and not words[0].startswith("-"):
                command = command.get_command(click.Context(command), words.pop(0))
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python run")], ids=lambda page: page.name)
def test_what_a_page_runs_prints_what_it_shows(page, monkeypatch):
    monkeypatch.setenv("PTBXL_DIR", "")
    names = {}
    cells = RUNNABLE.findall(page.read_text(encoding="utf-8"))
    printed = [cell(code, names) for code, _ in cells]
    others = [block for (_, shown), block in zip(cells, printed, strict=True) if shown and shown != block]
    assert not others, to_paste(page.name, others)
    if page.name == "README.md":
        score = f"{names['score']!r}\n"
        assert f"```\n{score}```\n" in README, to_paste("README.md", [score])


def to_paste(page, blocks):
    """Say which blocks of a page to renew, as they are now printed."""
    return f"{page} does not show what is printed. Paste:\n\n" + "\n".join(f"```\n{block}```\n" for block in blocks)


def cell(code, names):
    """Run a block as a notebook does; return what it prints."""
    body = ast.parse(code).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(body, []), "<page>", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "<page>", "eval"), names) if last is not None else None
        if value is not None:
            print(repr(value))
    return plain(printed.getvalue())


def plain(printed):
    """Return what was printed without spaces at the ends of lines, which pad tables."""
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


@pytest.mark.parametrize(
    ("name", "page"),
    [("rate_counter.py", "extending.md"), ("rhythm_strip.py", "extending.md"), ("ward.py", "data.md")],
)
def test_an_example_stands_on_its_page_as_the_file_that_is_tested(name, page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert f"```python\n{(EXAMPLE / name).read_text(encoding='utf-8')}```\n" in text


@pytest.mark.slow
def test_the_job_of_the_docs_is_the_file_that_runs(tmp_path):
    text = (EXAMPLE / "job.toml").read_text(encoding="utf-8")
    assert f"```toml\n{text}```\n" in (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
    (tmp_path / "job.toml").write_text(text)
    assert run_bench(["job", "job.toml", "--dry-run"], tmp_path).startswith("6 runs, 120 calls, 120 of them still")
    assert "  6  majority, val-sample20  full " in run_bench(["job", "job.toml"], tmp_path)
    assert len(list(tmp_path.glob("runs/*/report.md"))) == 6


@pytest.mark.parametrize("table", ["common", "product", "run"])
def test_the_page_of_jobs_names_every_key(table):
    page = (ROOT / "docs" / "jobs.md").read_text(encoding="utf-8")
    kinds = {"common": CommonTable, "product": ProductTable, "run": OwnTable}
    hidden = {"poll_seconds"}
    assert all(f"`{field.name}`" in page for field in fields(kinds[table]) if field.name not in hidden)


@pytest.mark.slow
def test_the_readme_shows_what_the_main_job_prints(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PTBXL_DIR", "")
    commands.main(["run", "--reader", "resnet1d", "--out", str(tmp_path)], standalone_mode=False)
    said, _, report = plain(capsys.readouterr().out).rpartition("\n\nreport: ")
    assert report.endswith("report.md\n")
    table, _, _ = said.partition("\n\n")
    assert f"```\n{table}\n```\n" in README, to_paste("README.md", [f"{table}\n"])


@pytest.mark.slow
def test_the_readers_example_keeps_the_contract_and_runs(tmp_path):
    assert "keeps the contract" in run_bench(["check-reader", "rate_counter:RateCounter"], tmp_path)
    said = run_bench(["run", "--reader", "rate_counter:RateCounter"], tmp_path)
    assert "rate_counter:RateCounter on phantoms-1, test" in said


@pytest.fixture
def installed(tmp_path):
    """A folder that makes the examples installed by the very lines that the pages show."""
    tables = [tomllib.loads(body) for page in DOCS for body in blocks(page, "toml") if "entry-points" in body]
    package = tmp_path / "package" / "examples-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: examples\nVersion: 1\n")
    groups = [entry for table in tables for entry in table["project"]["entry-points"].items()]
    lines = [line for group, names in groups for line in (f"[{group}]", *(f"{k} = {v}" for k, v in names.items()))]
    (package / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return package.parent


@pytest.mark.slow
def test_the_datasets_example_is_opened_by_its_name_and_scored(tmp_path, installed):
    folder = tmp_path / "recordings"
    folder.mkdir()
    with (folder / "records.csv").open("w", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["id", "patient", "fs", "rhythm"])
        for number, record in enumerate(load_dataset("phantoms:1,66").cohort(limit=3)):
            np.save(folder / f"r{number}.npy", record.signal(100).mv)
            table.writerow([f"r{number}", f"p{number}", 100, "sinus" if number else ""])
    said = run_bench(["run", "--reader", "majority", "--data", f"ward:{folder}"], tmp_path, installed)
    assert "majority on ward, test" in said
    assert re.search(r"rhythm +2 +100.0%", said)
    assert "3 records" in run_bench(["data", "verify", "--data", f"ward:{folder}"], tmp_path, installed)


@pytest.mark.slow
def test_the_renderers_example_draws_by_its_name(tmp_path, installed):
    run_bench(["render", "--ids", "9", "--renderer", "rhythm-strip", "--out", "pictures"], tmp_path, installed)
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 1


def test_the_conditions_example_is_a_condition(population, tmp_path):
    (written,) = blocks(ROOT / "docs" / "extending.md", "json")
    path = tmp_path / "condition.json"
    path.write_text(written)
    assert View(str(path)).shown.name == json.loads(written)["name"]
    assert evaluate("measurements", population.cohort(limit=2), View(str(path))).n == 2


def test_the_experiments_example_is_the_file_and_its_settings_are_named():
    path = ROOT / "bench" / "experiment" / "configs" / "binary.toml"
    assert f"```toml\n{path.read_text(encoding='utf-8')}```\n" in EXTENDING
    said = re.search(r"`\[task\]` settings of a fine-tuning: ([\w, ]+)\.", EXTENDING)
    assert said and set(said.group(1).split(", ")) == set(Task.__dataclass_fields__)
    assert set(Arm.__dataclass_fields__) == {"name", "task", "options"}


def test_a_wheel_holds_the_six_packages_and_nothing_beside_them():
    setuptools = pytest.importorskip("setuptools")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    found = setuptools.find_namespace_packages(str(ROOT), include=settings["packages"]["find"]["include"])
    assert {name.partition(".")[0] for name in found} == {
        "bench", "measurements", "phantoms", "readers", "renderers", "taxonomy",
    }  # fmt: skip
    assert "bench.experiment.configs" in found
