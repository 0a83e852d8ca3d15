"""Populations: the same for a seed, coherent, with PTB-XL's frequencies, and every value reachable."""

from collections import Counter

import pytest

from bench.dataset.phantom import Phantoms
from phantoms.error import PhantomError
from phantoms.person import MEANS
from phantoms.population import drawn, of_statements
from taxonomy.axis import AXES, CONDUCTION
from taxonomy.ischemia import TERRITORY
from taxonomy.statement import statements


def test_every_statement_can_be_simulated():
    assert set(MEANS) | set(TERRITORY) == set(statements())
    for number, code in enumerate(statements()):
        assert of_statements(frozenset({code}), number).simulated(seconds=3).mv.any()


def test_a_population_is_the_same_for_its_seed_and_another_one_for_another():
    first = [drawn(1, number) for number in range(40)]
    assert first == [drawn(1, number) for number in range(40)]
    assert first != [drawn(2, number) for number in range(40)]


@pytest.mark.parametrize(
    "codes", [{"AFIB", "1AVB"}, {"CLBBB", "CRBBB"}, {"LVOLT", "VCLVH"}, {"PACE", "SR"}, {"AFLT", "LAO/LAE"}]
)
def test_statements_that_exclude_each_other_are_named(codes):
    with pytest.raises(PhantomError, match="contradict each other"):
        of_statements(frozenset(codes), 1)


def test_an_unknown_statement_is_named():
    with pytest.raises(PhantomError, match="the statement 'XYZ' cannot be simulated"):
        of_statements(frozenset({"XYZ"}), 1)


def test_the_priors_are_those_of_ptbxl():
    dataset = Phantoms("1,200")
    truths = [dataset.truth(record).values for record in dataset if record.fold == "train"]
    shares = {axis: Counter(truth[axis] for truth in truths) for axis in ("rhythm", "diagnosis", "conduction")}
    assert shares["rhythm"]["sinus"] / len(truths) == pytest.approx(0.86, abs=0.03)
    assert shares["diagnosis"]["NORM"] / len(truths) == pytest.approx(0.43, abs=0.03)
    assert shares["conduction"]["none"] / len(truths) == pytest.approx(0.77, abs=0.04)


@pytest.mark.slow
def test_every_value_of_every_axis_is_reached_by_a_balanced_population():
    dataset = Phantoms("3,balanced,150")
    seen = {axis.name: set() for axis in AXES}
    for record in dataset:
        for axis in AXES:
            value = dataset.truth(record).values[axis.name]
            seen[axis.name] |= value if isinstance(value, frozenset) else {value}
    missing = {axis.name: set(axis.values) - seen[axis.name] for axis in AXES}
    assert missing["other_findings"] <= set(CONDUCTION.values)
    for name in ("rate", "conduction", "ischemia_stage", "diagnosis"):
        assert missing[name] <= {"age_undetermined"}, name
    assert missing["rhythm"] <= {"ventricular"}  # which PTB-XL lacks, and so does the simulated heart
    assert missing["axis"] <= {"indeterminate"}
    assert missing["ischemia_territory"] <= {"multiple"}
