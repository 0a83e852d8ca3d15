"""Everything that somebody wrote is text on the demo's page."""

from dataclasses import replace

import pytest

from bench.app.axis_answers import Bar
from bench.app.markup import answers_part, ecg_part, map_part, notice, offer_part, problem, text
from bench.app.one_map import plain_page

HOSTILE = "<img src=x onerror=alert(1)>{{#each value}}${alert(2)}`\\"


def holds(page):
    return "<img src=x" not in page and "{{" not in page and "${" not in page and "&lt;img src=x" in page


def test_text_is_never_markup_nor_a_template_of_the_page():
    assert holds(text(HOSTILE)) and holds(problem(HOSTILE))
    assert problem("") == ""


def test_a_hostile_name_answer_and_description_are_text(ecg, answers, demo):
    assert holds(ecg_part(replace(ecg, title=HOSTILE, notes=(HOSTILE,)), plain_page(ecg)))
    axis = replace(answers.axes[0], answer=HOSTILE, truth=HOSTILE, bars=(Bar(HOSTILE, 0.5, True, False),))
    assert holds(answers_part(replace(answers, axes=(axis,))))
    assert holds(answers_part(replace(answers, problem=HOSTILE)))
    assert holds(offer_part(replace(demo.offer, left={HOSTILE: HOSTILE})))


def test_it_says_what_it_is_not_for_and_where_recordings_go():
    said = notice()
    assert "no medical device" in said and "not for patients" in said
    assert "stays on this machine" in said and "deleted" in said


def test_every_value_has_a_bar_as_long_as_its_probability(answers):
    page = answers_part(answers)
    bars = [bar for one in answers.axes for bar in one.bars]
    assert page.count('class="track"') == len(bars)
    for bar in bars:
        assert f"width:{100 * bar.probability:.1f}%" in page
    assert page.count("truth: <b>") == sum(one.truth is not None for one in answers.axes)


@pytest.mark.parametrize("method", ["saliency"])
def test_a_map_that_was_not_judged_says_so(demo, ecg, answers, method):
    found = demo.map(answers, ecg, demo.explainable(answers, ecg)[0].name, method)
    page = map_part(found, None)
    assert "not judged" in page and found.says in page
    assert page.count('<span class="mark') == 2 + len(found.checks)
