"""The classes of a domain study, and what counts as a positive of them."""

import numpy as np

from bench.domains.domain_class import chances, domain_classes, outcomes
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth

from .simulated import UNLABELLED, truth_of

CLASSES = {one.name: one for one in domain_classes()}


def test_a_class_is_a_superclass_a_value_or_values_joined():
    assert {"NORM", "rhythm: paced", "fibrillation or flutter", "other_findings: lvh"} <= CLASSES.keys()
    assert "other_findings: lbbb" not in CLASSES
    assert [one.name for one in domain_classes() if one.is_joined] == [
        "fibrillation or flutter",
        "right bundle branch block",
        "left bundle branch block",
    ]


def test_what_is_right_without_being_primary_is_neither():
    block = Truth({**UNLABELLED, "conduction": "rbbb"}, accepted={"conduction": frozenset({"rbbb", "incomplete_rbbb"})})
    names = ("conduction: rbbb", "conduction: incomplete_rbbb", "right bundle branch block", "conduction: lbbb")
    assert [CLASSES[name].outcome(block) for name in names] == [1, -1, 1, 0]
    found = Truth({**UNLABELLED, "other_findings": frozenset({"lvh"})}, allowed=frozenset({"rvh"}))
    assert [CLASSES[f"other_findings: {name}"].outcome(found) for name in ("lvh", "rvh", "long_qt")] == [1, -1, 0]


def test_an_unlabelled_record_is_no_negative():
    assert (outcomes(domain_classes(), [truth_of()]) == -1).all()
    assert outcomes([CLASSES["MI"], CLASSES["NORM"]], [truth_of("MI")] * 2).tolist() == [[1, 0]] * 2
    assert outcomes(domain_classes(), []).shape == (0, len(domain_classes()))


def test_a_joined_class_has_the_sum_and_a_value_that_nobody_gives_no_probability():
    rhythm = {"sinus": 0.3, "atrial_fibrillation": 0.5, "atrial_flutter": 0.2}
    wanted = [CLASSES[name] for name in ("fibrillation or flutter", "rhythm: sinus", "rhythm: paced", "MI")]
    read = [Reading(probabilities={"rhythm": rhythm}), Reading(error=Failure("refusal", "no"))]
    found = chances(wanted, read)
    assert np.allclose(found[0], [0.7, 0.3, np.nan, np.nan], equal_nan=True)
    assert np.isnan(found[1]).all()
