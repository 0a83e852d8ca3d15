"""Every table that a command prints fits 80 columns where there is no terminal, and breaks no figure."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bench.cli.fitting import fit, pair_lines
from bench.report.table import terminal_table

from ..command import bench

LONG = """
class AReaderOfAVeryLongNameIndeedWhichNoTableWasMadeFor:
    name = "a reader of a very long name indeed, which no table was made for"
    inputs = frozenset({"signal"})

    def read(self, cases):
        from taxonomy.reading import Reading
        for case in cases:
            yield Reading(values={"rate": "normal" if case.signal.mean() > 0 else "tachycardia"})
"""
LONG_NAME = "long_reader:AReaderOfAVeryLongNameIndeedWhichNoTableWasMadeFor"


def is_prose(line):
    """Tell whether a line is a sentence or a path, which a terminal breaks: columns have two blanks between them."""
    return "  " not in line.strip()


def too_wide(text):
    return [line for line in text.splitlines() if len(line.rstrip()) > 80 and not is_prose(line)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with two runs, one of them by a reader of a long name."""
    place = tmp_path_factory.mktemp("columns")
    (place / "long_reader.py").write_text(LONG)
    return place


@pytest.fixture(scope="module")
def printed(folder):
    """What commands print, by their words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        said = {name: bench("run", "--reader", name, "--limit", "20", cwd=folder) for name in ("majority", LONG_NAME)}
        yield said | {words: bench(*words.split(), cwd=folder) for words in SHORT}


SHORT = (
    "readers", "list", "axes", "conditions", "data info", "data info --data phantoms:3,66", "data explain --id 1",
    "experiment --list", "experiment", "render --show-limits",
)  # fmt: skip


@pytest.mark.parametrize("words", ["majority", LONG_NAME, *SHORT])
def test_what_a_command_prints_fits(printed, words):
    done = printed[words]
    assert done.returncode == 0, done.stderr
    assert done.stdout and not too_wide(done.stdout)
    assert "…" not in done.stdout


def test_the_table_of_a_run_keeps_every_axis_and_its_verdict(printed):
    said = printed["majority"].stdout
    assert "verdict" in said and "left out to fit 80 columns: names p, baseline" in said
    assert all(f" {axis} " in said for axis in ("rate", "ischemia_territory", "diagnosis"))


def test_a_comparison_fits(printed, folder):
    done = bench("compare", *sorted((folder / "runs").iterdir()), cwd=folder)
    assert done.returncode == 0 and not too_wide(done.stdout)
    assert "ischemia_territory" not in done.stdout or re.search(r"^ischemia_territory", done.stdout, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        "ablate --reader measurements --limit 12",
        "probe --reader resnet1d --sample 4 --change rate",
        "contamination --reader resnet1d --limit 12",
        "selftest --simulate --trials 10",
        "probe --reader digitizer --degrade blur --sample 4",
        "run --reader openai:gpt-5.4 --dry-run",
        "ablate --reader openai:gpt-5.4 --dry-run",
    ],
)
def test_what_a_study_prints_fits(tmp_path, words):
    done = bench(*words.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not too_wide(done.stdout)


FIGURE = st.from_regex(r"[+-]?\d{1,3}\.\d{1,2}( \[\d\.\d\d, \d\.\d\d\])?", fullmatch=True)
CELL = st.one_of(FIGURE, st.text("abcd ef-", min_size=1, max_size=60))


@given(
    st.integers(1, 5).flatmap(lambda n: st.lists(st.tuples(st.text("abc_d", min_size=1, max_size=70), *[FIGURE] * n))),
    st.text("abc de", max_size=60),
)
@settings(max_examples=40)
def test_a_table_of_anything_fits_and_loses_no_letter(rows, verdict):
    rows = [(*row, verdict) for row in rows]
    headings = ["axis", *[f"figure {n}" for n in range(len(rows[0]) - 2 if rows else 0)], "verdict"]
    table = terminal_table(headings, rows)
    fit(table, 80)
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(table)
    text = console.export_text()
    console.file.close()
    assert all(len(line) <= 80 for line in text.splitlines())
    letters = sorted("".join("".join(cell.split()) for row in (headings, *rows) for cell in row))
    assert sorted("".join(text.split())) == letters


def test_a_long_figure_goes_on_below_its_beginning():
    lines = list(pair_lines([("what it is", "one two three " * 8), ("more", "x")], 20, 50))
    assert all(len(line) <= 50 for line in lines)
    assert lines[0].startswith("what it is          one two")
    assert lines[1].startswith(" " * 20 + "o") or lines[1].startswith(" " * 20 + "t")
    assert lines[-1] == "more                x"
    assert " ".join(" ".join(lines[:-1]).split()) == "what it is " + ("one two three " * 8).strip()


def test_a_name_longer_than_its_column_has_a_line_of_its_own():
    assert list(pair_lines([("a", "12345678901234567 n = 66")], 5, 25)) == ["a    12345678901234567", "     n = 66"]
    assert list(pair_lines([("a" * 30, "figure")], 20, 50)) == ["a" * 30, " " * 20 + "figure"]
