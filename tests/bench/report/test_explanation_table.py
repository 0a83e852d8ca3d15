"""Tables of explanations: a mass is never without its verdict."""

import io
import sys
from collections import Counter

import pytest
from rich.console import Console

from bench.cli.fitting import fit
from bench.cli.terminal import show
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.judging import Figures, Nulls, row
from bench.explain.belief.selftest import FAITHFUL, Outcome
from bench.explain.belief.verdict import Verdict
from bench.report.explanation_table import (
    SPARE,
    clinical_table,
    dose_table,
    flip_table,
    further_tables,
    method_table,
    reason_lines,
    says_table,
    selftest_table,
)

from . import explained_parts as parts


def printed(table, width=200):
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(table)
    return captured.get()


@pytest.fixture
def told():
    each = [
        Figures("saliency", n, n, "rhythm", "sinus", 0.1, 0.42, 1.0, 0.1, 0.1, Nulls(0.2, 0.0, 0.3, 0.1), 0.0, 0.5, 0.1)
        for n in range(12)
    ]
    return row("resnet1d", each, {"ST shift": Estimate(0.2, 0.1, 0.3, 40)})


@pytest.mark.parametrize("table", [method_table, clinical_table])
def test_a_mass_is_printed_beside_its_verdict(told, table):
    (line,) = [line for line in printed(table([told])).splitlines() if "saliency" in line]
    assert line.index("0.42") < line.index("no better than amplitude")


def test_a_narrow_terminal_does_without_some_columns_and_not_without_the_verdict(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    show(method_table(parts.rows(methods=("occlusion_cell_bridged", "grad_cam"))), SPARE)
    said = capsys.readouterr().out
    assert "faithful here" in said and "fails the sanity" in said
    assert "left out to fit 80 columns: random weights" in said


def test_the_reason_of_each_verdict_stands_below_the_table_once():
    few = parts.rows(methods=("layer_cam", "grad_cam"), patients=4)
    assert reason_lines(few) == ["layer_cam, grad_cam: cannot tell: n = 4 patients, fewer than 10"]


def test_a_wrong_verdict_says_what_is_due():
    one = Outcome("ST only", "mine", None, Verdict("cannot tell", "n"), FAITHFUL, with_random_weights=False)
    assert "WRONG, due: faithful here" in printed(selftest_table([one]))


def row_of(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return line


TABLES = {
    "methods": lambda: method_table(parts.rows(methods=("occlusion_cell_bridged", "integrated_gradients"))),
    "clinical": lambda: clinical_table(parts.rows(methods=("occlusion_cell_bridged", "integrated_gradients"))),
    "methods of two readers": lambda: method_table(parts.rows("a reader of a long name") + parts.rows("resnet1d")),
    "flips": lambda: flip_table(parts.flips()),
    "doses": lambda: dose_table(parts.doses()),
    "says": lambda: says_table(parts.says()),
}


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("name", TABLES)
def test_a_table_fits_the_terminal_and_no_figure_is_broken_or_cut(name, width):
    table, wide = TABLES[name](), printed(TABLES[name](), 400)
    left_out = fit(table, width, SPARE)
    narrow = printed(table, width)
    assert all(len(line) <= width for line in narrow.splitlines())
    there, before = Counter(figures(narrow)), Counter(figures(wide))
    assert there and there == before if not left_out else there < before
    assert "…" not in narrow


def figures(text):
    return [word for word in text.split() if any(char.isdigit() for char in word)]


def test_one_reader_alone_has_no_column():
    assert "resnet1d" not in printed(method_table(parts.rows()))
    assert printed(method_table(parts.rows() + parts.rows("digitizer"))).count("resnet1d") == 2


def test_answers_that_go_stand_beside_both_controls():
    line = row_of(printed(flip_table(parts.flips())), "conduction rbbb")
    assert "100% [75, 100]" in line and "+92 [+48, +99]" in line and line.rstrip().endswith("limb QRS 13, V1 QRS 1")


def test_only_what_was_asked_has_a_table():
    assert further_tables((), (), None) == []
    every = further_tables(parts.flips(), parts.doses(), parts.says())
    assert [str(table.title).split()[0] for table in every] == ["what", "the", "leads"]
    (total,) = parts.flips()[:1]
    (many,) = further_tables([total, *(parts.flips()[1:] * 9)], (), None)
    assert len(many.rows) == 1


def test_what_is_said_stands_beside_its_null_and_the_verdict():
    line = row_of(printed(says_table(parts.says())), "all")
    assert "1.00" in line and "0.51" in line and line.rstrip().endswith("says what it does")


def test_names_of_strangers_are_written_out():
    rows = parts.rows("a\x1b[31m") + parts.rows("b")
    assert "\x1b" not in printed(method_table(rows)) and "\x1b" not in printed(
        flip_table((("\x1b[2J", parts.flips()[0][1]),))
    )
