"""Tables in the terminal: as wide as it is, and never without the verdict."""

import os
import re
import sys

import pytest

from bench.cli import fitting, terminal
from bench.report.table import terminal_table

HEADINGS = ("axis", "n", "baseline", "verdict")


@pytest.mark.parametrize(("columns", "has_baseline"), [(30, False), (80, True), (200, True)])
def test_a_narrow_terminal_leaves_out_what_is_spare_and_says_so(monkeypatch, capsys, columns, has_baseline):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(fitting.shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    terminal.show(terminal_table(HEADINGS, [("rhythm", "65", "92.3%", "knows it " * 12)]), spare=("baseline",))
    printed = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert "verdict" in printed
    assert ("92.3%" in printed) is has_baseline
    assert ("left out to fit 30 columns: baseline" in printed) is not has_baseline
    assert max(len(line) for line in printed.splitlines() if not line.startswith("left out")) <= min(
        columns, fitting.WIDEST
    )


def test_what_is_no_terminal_gets_every_column(capsys):
    terminal.show(terminal_table(HEADINGS, [("rhythm", "65", "92.3%", "knows it")]), spare=("baseline",))
    assert "92.3%" in capsys.readouterr().out
