"""Domains and readings that a study must survive, and those that it refuses in one sentence."""

import numpy as np
import pytest

from bench.domains.domain import INTRA, ZERO_SHOT, Answered, Domain
from bench.domains.domain_class import domain_classes
from bench.domains.result import POOLED
from bench.domains.shift import domain_study
from taxonomy.error import SettingError
from taxonomy.reading import Failure, Reading

from .simulated import both, chances, domain_of, mi_truths, of_mi, reading_of, truth_of

DRAWS = 100
MI = next(k for k, one in enumerate(domain_classes()) if one.name == "MI")


def cell(domain, readings):
    (found,) = domain_study([Answered("r", ZERO_SHOT, domain, readings)], DRAWS).cells
    return found


def truths(n=40, sick=20):
    return mi_truths(np.arange(n) < sick)


def read(n=40):
    return of_mi(np.random.default_rng(0).normal(size=n))


def test_one_record():
    domain = domain_of("a", truths(1))
    study = domain_study(both(domain, read(1), read(1)), DRAWS)
    assert all(one.auroc.value is None for one in study.cells[0].classes)
    assert study.cells[0].calibration.interval is None and study.drops[0].n == 1
    assert all(one.p is None for one in study.drops[0].changes)


def test_no_record():
    found = cell(domain_of("a", {}), {})
    assert found.n == 0 and found.macro_f1.withheld == "no record was answered" == found.challenge.withheld


def test_failed_calls_are_left_out_and_counted():
    failed = {k: Reading(error=Failure("transport", "no line")) for k in range(5)}
    assert (cell(domain_of("a", truths()), {**read(), **failed}).left_out) == 5
    pair = both(domain_of("a", truths()), {**read(), **failed}, read())
    study = domain_study(pair, DRAWS)
    assert study.drops[0].left_out == 5 and study.drops[0].n == 35
    every = cell(domain_of("a", truths()), {k: Reading(error=Failure("crash", "x")) for k in range(40)})
    assert every.n == 0 and every.left_out == 40


def test_refusals_and_missing_readings_rank_worst():
    truth = np.arange(40) < 20
    perfect = of_mi(np.where(truth, 3.0, -3.0))
    domain = domain_of("a", mi_truths(truth))
    assert cell(domain, perfect).classes[MI].auroc.value == 1
    refused = cell(domain, {**perfect, **{k: Reading(error=Failure("refusal", "no")) for k in range(10)}})
    missing = cell(domain, {k: one for k, one in perfect.items() if k >= 10})
    assert refused.classes[MI].auroc == missing.classes[MI].auroc
    assert refused.classes[MI].auroc.value == 0.5 and refused.classes[MI].without == 10 and missing.n == 40


def test_answers_without_probabilities_have_a_kappa_and_no_area():
    values = ["sinus", "paced"] * 20
    labels = {k: truth_of("MI" if k % 3 else "NORM", rhythm=value) for k, value in enumerate(values)}
    answers = {k: Reading({"rhythm": value if k % 5 else "sinus"}) for k, value in enumerate(values)}
    found = cell(domain_of("a", labels), answers)
    assert found.classes[MI].auroc.withheld == "no probabilities"
    assert found.auroc.withheld == "no class has an AUROC" and found.calibration.withheld == "no probabilities"
    rhythm = next(one for one in found.axes if one.axis == "rhythm")
    assert 0.5 < rhythm.kappa.value < 1 and rhythm.kappa.interval[0] < rhythm.kappa.value < rhythm.kappa.interval[1]
    assert next(one for one in found.axes if one.axis == "conduction").kappa.withheld == "not answered"
    assert found.reliability == ()


def test_patients_that_are_not_told_apart_have_no_interval():
    domain = domain_of("a", truths(), dict.fromkeys(range(40), "somebody"))
    study = domain_study(both(domain, read(), of_mi(np.random.default_rng(1).normal(size=40))), DRAWS)
    figure = study.cells[0].classes[MI].auroc
    assert figure.value is not None and figure.interval is None and "patients" in figure.withheld
    one = next(found for found in study.drops[0].changes if found.name == "MI")
    assert one.drop.value is not None and one.drop.interval is None and one.says.startswith("cannot tell")
    assert study.domains[0].patients_named is False and "not told apart" in study.domains[0].facts["patients"]


def test_an_axis_that_this_project_measured_is_no_label():
    labels = {k: truth_of(rate="normal" if k % 2 else "tachycardia", rhythm="sinus") for k in range(20)}
    for one in labels.values():
        object.__setattr__(one, "circular", frozenset({"rate"}))
    found = cell(domain_of("a", labels), {k: Reading({"rate": "normal", "rhythm": "sinus"}) for k in range(20)})
    rate = next(one for one in found.axes if one.axis == "rate")
    assert rate.n == 0 and rate.kappa.withheld == "no label"


def test_labels_that_leave_nothing_to_tell_have_no_kappa_and_no_calibration():
    abnormal = {k: truth_of("MI", normality="abnormal", rhythm="sinus" if k % 2 else "paced") for k in range(20)}
    answers = {k: reading_of({"rhythm": "paced" if k % 3 else "sinus", "diagnosis": "IMI"}) for k in range(20)}
    study = domain_study(both(domain_of("a", abnormal), answers, answers), DRAWS)
    kappas = {one.axis: one.kappa for one in study.cells[0].axes}
    assert kappas["normality"].withheld == "one value is right for every record"
    assert kappas["rhythm"].value == study.cells[0].kappa.value == study.drops[0].changes[-4].home
    assert study.drops[0].changes[-4].name == "mean kappa"
    assert "normality" not in {one.name for one in study.drops[0].changes}
    # Every record is a positive of MI: its probability of 0.1 is no error of calibration, nor are the others' zeros.
    figures = {one.name: one for one in study.cells[0].classes}
    assert figures["MI"].calibration_error is None and figures["CD"].calibration_error == 0.1
    assert study.cells[0].calibration.value == 0.1


def test_a_study_of_nothing_and_names_that_stand_for_two_things_are_refused():
    first, second = domain_of("a", truths()), domain_of("a", truths())
    with pytest.raises(SettingError, match="there are none"):
        domain_study([])
    with pytest.raises(SettingError, match="two domains are called 'a'"):
        domain_study([Answered("r", ZERO_SHOT, one, read()) for one in (first, second)])
    with pytest.raises(SettingError, match="twice under zero-shot"):
        domain_study([Answered("r", ZERO_SHOT, first, read())] * 2)
    with pytest.raises(SettingError, match=POOLED):
        domain_study([Answered("r", ZERO_SHOT, domain_of(POOLED, truths()), read())])


def test_arms_of_several_protocols_stand_side_by_side():
    domains = [domain_of(name, truths()) for name in "ab"]
    answered = [one for domain in domains for one in both(domain, read(), read())]
    answered.append(Answered("other", ZERO_SHOT, domains[0], read()))
    study = domain_study(answered, DRAWS)
    assert study.arms == ("arm", "other")
    assert [one.domain for one in study.drops] == ["a", "b", POOLED]
    assert study.cell("other", ZERO_SHOT, POOLED) is None
    assert study.cell("arm", INTRA, POOLED).n == 80


def test_lenient_labels_of_some_domains_alone_are_not_pooled():
    with_lenient = domain_of("a", truths(), lenient=truths())
    answered = [one for domain in (with_lenient, domain_of("b", truths())) for one in both(domain, read(), read())]
    study = domain_study(answered, DRAWS)
    assert [bool(one.noise) for one in study.drops] == [True, False, False]


def test_a_domain_is_described_whatever_it_lacks():
    described = domain_study([Answered("r", ZERO_SHOT, domain_of("a", truths(3)), read(3))], DRAWS).domains[0]
    assert described.n == 3 and described.frequencies == {"MI": 3}
    assert described.facts["age"] == "3 without one" and described.facts["duration"] == "not told"
    assert isinstance(Domain("b", domain_of("b", {}).dataset, ()), Domain)
    assert reading_of(MI=chances(0.0)).probabilities["superclass"]["MI"] == 0.5
