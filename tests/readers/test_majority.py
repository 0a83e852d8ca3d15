"""The prior that is counted over PTB-XL's training folds."""

import json
from importlib.resources import files

import pytest

from bench.training.majority import count_majorities
from readers.contract import Case
from readers.majority import MajorityReader, majority_values
from taxonomy.axis import AXES, DERIVED


def test_every_axis_is_counted_normality_and_ischemia_too():
    assert majority_values().keys() == {axis.name for axis in (*AXES, *DERIVED)}
    (reading,) = MajorityReader().read([Case("a")])
    assert reading.values == majority_values()


def test_records_that_are_unlabelled_are_not_counted():
    counted = json.loads((files("readers") / "majority.json").read_text(encoding="utf-8"))
    assert counted["normality"]["n"] < counted["diagnosis"]["n"]
    assert counted["ischemia"]["n"] < counted["diagnosis"]["n"]


@pytest.mark.slow
def test_the_counts_are_those_of_the_table(ptbxl):
    counted = json.loads((files("readers") / "majority.json").read_text(encoding="utf-8"))
    found = count_majorities(ptbxl)
    assert found.keys() == counted.keys()
    needs_signal = {"rate", "axis"}
    for axis in counted.keys() - needs_signal:
        assert found[axis]["value"] == counted[axis]["value"]
        assert (found[axis]["count"], found[axis]["n"]) == (counted[axis]["count"], counted[axis]["n"])
    assert all(found[axis]["value"] == counted[axis]["value"] for axis in needs_signal)
