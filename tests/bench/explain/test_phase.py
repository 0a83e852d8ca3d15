"""The phases of an explanation, as they are told."""

import re

from bench.explain.study.phase import Phases, counted
from bench.progress import Observer


def test_each_phase_says_its_number_and_how_long_those_before_took():
    said = []
    phases = Phases(2, Observer(say=said.append))
    phases.begin("verdicts")
    phases.begin("concepts")
    assert said[0] == "1 of 2: verdicts"
    assert re.fullmatch(r"2 of 2, after 0:00:0\d: concepts", said[1])


def test_one_thing_is_no_plural():
    assert [counted(n, "method") for n in (0, 1, 2000)] == ["0 methods", "1 method", "2,000 methods"]
