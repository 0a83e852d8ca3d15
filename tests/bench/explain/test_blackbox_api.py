"""A model behind an API as a black box: its price, its questions over loopback, and what is kept."""

import pytest

from bench.dataset import Selection
from bench.explain.hiding.blackbox import black_box_on_disk
from bench.explain.hiding.explaining import explanations, joint_explanation, questions_of
from bench.explain.hiding.inquired import inquire
from bench.explain.hiding.inquiry import InquiryOptions, estimated
from bench.explain.hiding.plan import planned, planned_jointly
from bench.explain.hiding.target import Target
from bench.run.estimate import estimate_lines
from bench.run.options import Limits, RunOptions
from bench.view import View
from taxonomy.error import StopReading

from ...loopback.server import Running, Server

SINUS = Target("rhythm", "sinus")


@pytest.fixture
def server(monkeypatch):
    with Running(Server()) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-abcdefgh12345678")
        yield running


def options(folder, **limits):
    view = View("image-only", px_per_mm=2)
    return RunOptions("openai:gpt-5.4", {}, Selection("phantoms:1,66", limit=2), view, Limits(**limits), out=folder)


def asked(server):
    return sum(server.counts.values())


def test_the_price_is_told_before_anything_is_sent(server, tmp_path):
    run = options(tmp_path)
    cohort = run.selection.cohort()
    with black_box_on_disk(run, cohort, dry=True) as (box, folder):
        plan = planned(box, list(cohort), "lead")
        lines = estimate_lines(box.estimate(questions_of(box, plan), folder.name), 8, batch=False)
    assert lines[0].startswith("26 of 26 readings to ask: explain-openai-gpt-5-4-phantoms-1-66-")
    assert any(line.startswith("dollars") and "at most" in line for line in lines)
    assert asked(server) == 0 and not folder.exists()


def test_each_question_is_paid_once_and_the_answers_are_hard(server, tmp_path):
    run = options(tmp_path)
    cohort = run.selection.cohort()
    with black_box_on_disk(run, cohort) as (box, _):
        first = list(explanations(box, planned(box, list(cohort), "lead"), SINUS))
    assert asked(server) == 26 and {one.kind for one in first} == {"hard"}
    with black_box_on_disk(run, cohort) as (box, folder):
        estimate = box.estimate(questions_of(box, planned(box, list(cohort), "lead")))
        again = list(explanations(box, planned(box, list(cohort), "lead"), SINUS))
    assert again == first and asked(server) == 26
    assert (estimate.asked, estimate.total) == (0, 26)
    assert (folder / "readings.jsonl").read_text().count("\n") == 26


def test_a_cost_limit_stops_it_and_keeps_what_was_paid(server, tmp_path):
    run = options(tmp_path, max_cost=0.5, concurrency=1)
    cohort = run.selection.cohort()
    with black_box_on_disk(run, cohort) as (box, folder), pytest.raises(StopReading):
        joint_explanation(box, planned_jointly(list(cohort), "joint_leads"), SINUS)
    paid = (folder / "readings.jsonl").read_text().count("\n")
    assert 0 < paid < 222
    with black_box_on_disk(run, cohort) as (box, _):
        assert len(box.kept.readings) == paid and box.kept.spent > 0


def test_findings_are_explained_within_a_budget_that_is_priced_first(server, tmp_path):
    run = options(tmp_path)
    cohort, chosen = Selection("phantoms:1,66").cohort(), InquiryOptions(("rhythm=sinus",), each=2, max_queries=50)
    with black_box_on_disk(run, cohort, dry=True) as (box, folder):
        words, estimate = estimated(box, cohort, chosen, folder.name)
        lines = estimate_lines(estimate, 8, batch=False)
    assert words[0] == "2 whole recordings first, which have 1 finding"
    assert words[1].startswith("rhythm sinus: joint_leads: ")
    assert any(line.startswith("dollars") and "at most" in line for line in lines)
    assert asked(server) == 0 and not folder.exists()
    with black_box_on_disk(run, cohort) as (box, _):
        found = inquire(box, cohort, chosen)
    (of,) = found.findings
    assert of.kind == "hard" and not any(effect.is_above_null for effect in of.joints["joint_leads"].effects)
    assert asked(server) == found.questions == estimate.asked <= 50
    each = sum(whole.reading.usage.cost for whole in found.wholes) / 2
    assert found.spent == pytest.approx(each * found.questions) and each > 0
    assert {whole.reasoning for whole in found.wholes} == {"as told"}
    with black_box_on_disk(run, cohort) as (box, _):
        again = inquire(box, cohort, chosen)
    assert (again.new, again.spent, asked(server)) == (0, 0.0, found.questions)
    assert again.findings[0].to_json() == of.to_json()


def test_a_cost_limit_stops_an_inquiry_and_a_higher_one_goes_on(server, tmp_path):
    cohort, chosen = Selection("phantoms:1,66").cohort(), InquiryOptions(("rhythm=sinus",), each=2, max_queries=50)
    stopped = options(tmp_path, max_cost=0.3, concurrency=1)
    with black_box_on_disk(stopped, cohort) as (box, _), pytest.raises(StopReading):
        inquire(box, cohort, chosen)
    paid = asked(server)
    assert 0 < paid < 50
    with black_box_on_disk(options(tmp_path), cohort) as (box, _):
        found = inquire(box, cohort, chosen)
    assert asked(server) == found.questions and found.new == found.questions - paid
