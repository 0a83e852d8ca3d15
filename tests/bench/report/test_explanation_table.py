"""Tables of explanations: a mass is never without its verdict."""

import io

import pytest
from rich.console import Console

from bench.explain.belief.estimate import Estimate
from bench.explain.belief.judging import Figures, Nulls, row
from bench.explain.belief.planted import Known
from bench.explain.belief.selftest import FAITHFUL, Outcome
from bench.explain.belief.verdict import Verdict
from bench.report.explanation_table import clinical_table, known_truth_table, method_table, selftest_table


def printed(table):
    console = Console(width=200, file=io.StringIO())
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


def test_known_truth_stands_beside_energy_and_random_weights():
    one = Estimate(0.9, 0.8, 1.0, 40)
    text = printed(known_truth_table([Known("saliency", "ST shift", one, Estimate(0.66, 0.6, 0.7, 40), one, one, one)]))
    assert "0.90 [0.80, 1.00]" in text
    assert "0.66" in text


def test_a_wrong_verdict_says_what_is_due():
    one = Outcome("ST only", "mine", None, Verdict("cannot tell", "n"), FAITHFUL, with_random_weights=False)
    assert "WRONG, due: faithful here" in printed(selftest_table([one]))
