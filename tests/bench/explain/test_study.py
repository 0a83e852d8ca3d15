"""The parts of a whole explanation: which answers its gallery is chosen from, infarctions, pooled maps and turns."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.dataset import Selection
from bench.explain.belief.belief import BeliefOptions
from bench.explain.belief.estimate import Estimate
from bench.explain.belief.judging import map_of
from bench.explain.belief.planted import Known
from bench.explain.belief.sample import answer_about, positives
from bench.explain.counterfactual.given import asking_network
from bench.explain.counterfactual.transplant import Transplant
from bench.explain.maps.method import method_named
from bench.explain.study.black_box import notes_of
from bench.explain.study.case import NOT_NAMED, cases_of, chosen
from bench.explain.study.infarction import infarction_groups, infarctions, likelihood_of, says_infarction
from bench.explain.study.mapped import curves, heats, mapped
from bench.explain.study.options import ExplainOptions
from bench.explain.study.trace import traced
from bench.explain.study.truth_file import kept_truth
from bench.explain.study.turning import turned
from bench.run.options import RunOptions
from readers.registry import reader
from taxonomy.error import FileError, SettingError, UnknownNameError
from taxonomy.reading import Failure, Reading
from tests.bench.report import explained_parts as parts


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort("all")


@pytest.fixture(scope="module")
def truths(cohort):
    return cohort.truths()


def told(cohort, readings, axis, values):
    asked = []
    found = list(cases_of(cohort, readings, {axis: values}, lambda *of: asked.append(of)))
    assert not asked, "no map is made of a case that is not drawn"
    return found


def test_a_case_of_one_value_holds_answer_truth_and_their_probabilities(cohort, truths):
    record = next(one for one in cohort if truths[one.ecg_id].values["rhythm"] == "sinus")
    said = Reading(
        values={"rhythm": "atrial_fibrillation"},
        probabilities={"rhythm": {"atrial_fibrillation": 0.9, "sinus": 0.1}},
    )
    (case,) = told(cohort, {record.ecg_id: said}, "rhythm", ("sinus", "atrial_fibrillation"))
    assert (case.truth, case.answer, case.is_right) == ("sinus", "atrial_fibrillation", False)
    assert (case.support, case.confidence) == (0.1, 0.9)
    assert chosen([case])[0].roles == ("worst", "confident error")


def test_a_map_is_of_the_answer_or_of_the_truth_where_the_answer_cannot_be_explained(cohort, truths):
    record = next(one for one in cohort if truths[one.ecg_id].values["rhythm"] == "sinus")
    asked = []

    def value(answer):
        readings = {record.ecg_id: Reading(values={"rhythm": answer})}
        (case,) = cases_of(cohort, readings, {"rhythm": ("sinus", "paced")}, lambda *of: asked.append(of))
        case.trace()
        return asked.pop()[1:]

    assert value("paced") == ("rhythm", "paced")
    assert value("atrial_flutter") == ("rhythm", "sinus")
    assert value(None) == ("rhythm", "sinus")


def test_each_finding_of_a_set_is_a_case_of_its_own(cohort, truths):
    record = next(one for one in cohort if truths[one.ecg_id].values["other_findings"])
    true = sorted(truths[record.ecg_id].values["other_findings"])
    other = next(one for one in ("low_voltage", "lvh", "rvh") if one not in {*true, *truths[record.ecg_id].allowed})
    said = Reading(
        values={"other_findings": frozenset({other})}, probabilities={"other_findings": {true[0]: 0.2, other: 0.95}}
    )
    found = told(cohort, {record.ecg_id: said}, "other_findings", (*true, other))
    missed = next(case for case in found if case.truth == true[0])
    added = next(case for case in found if case.truth == f"no {other}")
    assert (missed.answer, missed.is_right, missed.confidence) == (NOT_NAMED, False, 0.8)
    assert (added.answer, added.is_right, added.confidence) == (other, False, 0.95)


def test_failed_calls_and_records_without_a_reading_are_no_cases(cohort):
    first = cohort[0].ecg_id
    failed = {first: Reading(error=Failure("transport", "gone"))}
    assert told(cohort, failed, "rhythm", ("sinus",)) == []
    assert told(cohort, {}, "rhythm", ("sinus",)) == []


def test_an_infarction_is_one_by_its_stage_or_by_its_superclass():
    assert says_infarction(Reading(values={"ischemia_stage": "old"}))
    assert not says_infarction(Reading(values={"ischemia_stage": "ischemic_st_t"}))
    assert not says_infarction(Reading(values={"ischemia_stage": "none"}, probabilities={"superclass": {"MI": 0.9}}))
    assert says_infarction(Reading(probabilities={"superclass": {"MI": 0.6}}))
    assert not says_infarction(Reading())


def test_the_likelihood_is_that_of_the_surest_infarction():
    assert likelihood_of({"IMI": 35.0, "AMI": 80.0, "NDT": 100.0}) == 80
    assert likelihood_of({"IMI": 0.0}) == 0
    assert likelihood_of({"NORM": 100.0, "NEVER": 50.0}) is None


def test_infarctions_are_counted_by_territory_and_likelihood(cohort, truths):
    infarcted = [one for one in cohort if truths[one.ecg_id].values["ischemia_stage"] in ("old", "acute")]
    place = truths[infarcted[0].ecg_id].values["ischemia_territory"]
    right = Reading(values={"ischemia_stage": "old", "ischemia_territory": place})
    missed = Reading(values={"ischemia_stage": "none", "ischemia_territory": "none"})
    readings = {one.ecg_id: missed for one in cohort} | {infarcted[0].ecg_id: right}
    asked = []

    def massed(record, territory):
        asked.append((record.ecg_id, territory))
        return 0.4

    found = list(infarctions(cohort, readings, massed))
    assert asked == [(infarcted[0].ecg_id, place)]
    groups = infarction_groups(found)
    rows = {one.name: one for one in groups if one.by == "territory"}
    assert sum(one.n for one in rows.values()) == len(found) >= 1
    assert rows[place].recognised.value == pytest.approx(1 / rows[place].n, abs=1e-5)
    assert rows[place].mass.value == pytest.approx(0.4)
    sure = [one for one in groups if one.by == "likelihood"]
    assert sure[-1].name == "not given"
    assert sum(one.n for one in sure) == len(found)


@pytest.fixture(scope="module")
def network():
    return reader("resnet1d").network()


def test_a_trace_has_the_recording_its_beats_and_the_map_of_one_answer(network, cohort):
    record = cohort[0]
    found = traced(network, record, ("rhythm", "sinus"), method_named("saliency"))
    assert found.signal.shape == record.signal().mv.shape
    assert found.relevance.shape == (12, round(found.signal.shape[1] * found.relevance_fs / found.fs))
    assert np.isfinite(found.relevance).all()


def test_the_map_of_an_ensemble_is_the_mean_of_its_members_where_the_method_says_so(network, cohort):
    _, _, answer = answer_about(network, cohort[0], ("rhythm", "sinus"))
    method = method_named("gradient_times_input")
    members = [method.explain(replace(answer, network=one)) for one in network.each_member()]
    assert np.allclose(map_of(answer, method), np.mean(members, axis=0), atol=1e-6)
    plain = replace(method, is_mean=False)
    assert np.array_equal(map_of(answer, plain), method.explain(answer))


def test_pooled_maps_and_curves_are_those_of_each_finding(network, cohort):
    found = positives(network, cohort, (("rhythm", "sinus"),), each=3)
    every = mapped(found, method_named("gradient_times_input"))
    (heat,) = heats(every)
    assert (heat.axis, heat.value, heat.n) == ("rhythm", "sinus", 3)
    assert 0 < np.nansum(heat.shares) <= 1 + 1e-6
    titles = [one.title for one in curves(every, "gradient_times_input")]
    assert titles == ["all findings", "rhythm sinus"]
    assert curves(every[:2], "gradient_times_input") == ()


@pytest.mark.slow
def test_what_turns_answers_has_controls_and_a_picture_and_goes_on(network, cohort, tmp_path):
    asked = (("conduction", "lbbb"),)
    kept = tmp_path / "transplants.jsonl"
    found = turned(lambda output: asking_network(network, *output), cohort, asked, 2, "resnet1d", kept)
    assert [title for title, _ in found.flips] in (["conduction lbbb"], [])
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    done = [line["found"] for line in lines if "cells" in line["found"]]
    assert len(found.changes) == min(1, sum(one["flips"] for one in done))
    assert (
        turned(lambda output: asking_network(network, *output), cohort, asked, 2, "resnet1d", kept).flips == found.flips
    )
    assert len(kept.read_text().splitlines()) == len(lines)
    if found.changes:
        first = Transplant.from_json(done[0])
        assert f"record {first.ecg_id}" in found.changes[0].title


def options(**beside):
    run = RunOptions("resnet1d", selection=Selection("phantoms:1,66"))
    return ExplainOptions(run, **beside)


def test_a_folder_belongs_to_all_that_decides_the_page():
    same = options().folder
    assert options().folder == same
    assert options(transplants=1).folder != same
    assert options(belief=BeliefOptions(targets=("rhythm=sinus",))).folder != same
    assert same.name.startswith("explain-resnet1d-")


def test_counts_below_0_and_an_unknown_paper_are_refused():
    with pytest.raises(SettingError, match="transplants"):
        options(transplants=-1)
    with pytest.raises(UnknownNameError, match="6x2"):
        options(paper="6x3")


def test_known_truth_is_measured_once_for_the_same_methods(population, tmp_path):
    one = Estimate(0.9, 0.8, 1.0, 40)
    known, asked = [Known("saliency", "ST shift", one, one, one, one, one)], []
    belief = BeliefOptions(("saliency",))

    def kept(options):
        return kept_truth(population, options.methods, options, tmp_path, lambda: asked.append(options) or known)

    assert kept(belief) == known
    assert kept(belief) == known
    assert len(asked) == 1
    kept(replace(belief, seed=1))
    assert len(asked) == 2
    path = sorted(tmp_path.iterdir(), key=lambda one: one.stat().st_mtime_ns)[-1]
    path.write_text(json.dumps({**json.loads(path.read_text()), "known": [{}]}))
    with pytest.raises(FileError, match="holds no known truth"):
        kept(replace(belief, seed=1))


def test_a_map_of_joint_masks_says_which_parts_are_more_than_chance():
    joint = parts.joint()
    assert notes_of(joint)[1] == "Above the null: V1, QRS. The colours of all else may be chance."
    silent = replace(joint, effects=tuple(replace(one, p=1.0) for one in joint.effects))
    assert notes_of(silent)[1].startswith("Above the null: no part.")
