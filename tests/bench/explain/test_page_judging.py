"""Maps of pages beside maps of leads: a model that looks at a known lead comes out as faithful, others do not."""

from dataclasses import replace

import numpy as np
import pytest

from bench.explain.belief.estimate import estimate
from bench.explain.belief.judging import row, rows
from bench.explain.belief.page_judging import (
    BY_INK,
    BY_PIXEL,
    METHODS,
    PageAnswer,
    bare_of,
    open_pages,
    own_answers,
    page_answers,
    page_figures,
    page_maps,
)
from bench.explain.belief.planted import above_null
from bench.explain.hiding.blackbox import black_box
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.target import Target
from bench.explain.maps.metric import mass, pixel_area
from bench.progress import Observer
from bench.view import View
from bench.view.region import expected_region
from readers.registry import reader
from renderers import LEADS
from renderers.explained import Overlay, explained
from taxonomy.error import ReaderError, RunError
from taxonomy.reading import Reading

from ...tiny.eye import folder_of, give_eye
from .scripted import SureQrsOfV1

ABNORMAL, NORMAL = Target("normality", "abnormal"), Target("normality", "normal")
V1 = LEADS.index("V1")


@pytest.fixture(scope="module")
def cohort(population):
    return population.cohort("test", limit=24)


@pytest.fixture(scope="module")
def box(tmp_path_factory, cohort):
    """A model that says abnormal where there is much ink beside the baseline of V1."""
    hf = reader(
        f"hf:{folder_of(tmp_path_factory.mktemp('eye'))}", {"structured": "schema", "max_tokens": "40", "batch": "8"}
    )
    made = black_box(hf, cohort, View("image-only", px_per_mm=2, format="binary"))
    records = list(cohort)[:9]
    shown = [made.cases.case(Masked(record)) for record in records]
    (page,) = shown[0].images
    strip = next(strip for strip in page.strips if strip.lead == "V1")
    left, right = (round(edge * 2) for edge in (strip.x_mm, strip.x_mm + 62.5))
    middle, looks_at = round(strip.baseline_mm * 2), np.zeros(page.size[::-1], dtype=np.bool_)
    looks_at[middle - 40 : middle + 20, left:right] = True
    looks_at[middle - 4 : middle + 4] = False
    give_eye(hf.loaded(), shown, bare_of(made, shown[0], records[0].signal()), looks_at)
    return made


@pytest.fixture(scope="module")
def answer(cohort):
    return PageAnswer(next(iter(cohort)), ABNORMAL, Reading(), True)


@pytest.fixture(scope="module")
def found(box, answer):
    return page_maps(box, answer)


def share(map_, lead):
    positive = np.maximum(map_.relevance, 0).sum(axis=1)
    return positive[lead] / positive.sum()


def test_the_map_of_a_model_that_looks_at_one_lead_is_in_that_lead(found):
    """Times the pixels as they are given it is not: white paper, of which they are above 0, takes its place."""
    assert share(found.maps[BY_INK], V1) > 0.95
    assert share(found.maps[BY_PIXEL], V1) < 0.1
    assert share(found.ink, V1) < 0.2
    assert found.maps[BY_INK].off_trace < 0.1 < found.maps[BY_PIXEL].off_trace


def test_maps_are_of_the_leads_and_times_that_the_page_shows(found):
    for map_ in (found.ink, *found.maps.values()):
        assert map_.relevance.shape == (12, 1000)
        assert map_.shown.sum(axis=1).tolist() == [250, 1000, *[250] * 10]
        assert not map_.relevance[~map_.shown].any()


def test_the_page_is_drawn_with_the_size_of_a_token_on_it(found, answer):
    signal, map_ = answer.record.signal(), found.maps[BY_INK]
    assert map_.notes == ("one image token covers 0.71 s x 1.67 mV; 0% of the relevance is on paper without a trace",)
    told = Overlay(map_.relevance, map_.fs, "abnormal", BY_INK, "cannot tell", notes=map_.notes)
    drawn, other = (explained(signal.mv, signal.fs, one, "3x4") for one in (told, replace(told, notes=())))
    assert drawn.rgb.shape != other.rgb.shape or (drawn.rgb != other.rgb).any()
    assert told.seen(drawn.strips) == pytest.approx(1, abs=0.01)


def test_own_answers_are_those_of_the_axis_right_or_wrong_one_of_a_patient(box, cohort):
    answers = own_answers(box, "normality", 9)
    assert len({one.record.patient_id for one in answers}) == len(answers) == 9
    assert {one.is_right for one in answers} == {True, False}
    for one in answers:
        assert one.target.is_said(one.reading)
        assert one.is_right == (cohort.truth(one.record).values["normality"] == one.target.value)


def test_positives_are_answers_that_are_right(box, cohort):
    """What it writes is abnormal of every page, whatever it holds likely: no normal one is found."""
    said = []
    answers = page_answers(box, [ABNORMAL, NORMAL], 2, Observer(say=said.append))
    assert [one.target for one in answers] == [ABNORMAL] * 2
    for one in answers:
        assert one.is_right and cohort.truth(one.record).values["normality"] == one.target.value
    assert "findings are left out" in said[-1]


@pytest.mark.slow
def test_a_model_that_looks_at_one_lead_is_faithful_by_its_ink_and_not_by_its_pixels(box, cohort):
    answers = own_answers(box, "normality", 10)
    assert len(answers) == 10
    figures = list(page_figures(box, answers))
    truth = {method: {"ink of V1": _above(box, answers, method)} for method in METHODS}
    by_method = {
        method: row("eye", [one for one in figures if one.method == method], truth[method]) for method in METHODS
    }
    assert by_method[BY_INK].verdict.word == "faithful here", by_method[BY_INK]
    assert by_method[BY_PIXEL].verdict.word in {"no better than amplitude", "fails the sanity check"}, by_method[
        BY_PIXEL
    ]
    assert by_method[BY_INK].deletion.low > 0 and by_method[BY_INK].random.high < 0.3
    for one in figures:
        assert one.area is None and one.mass is None and one.seconds > 0


def _above(box, answers, method):
    """Return by how much maps find the lead better than the ink does, in what the page shows."""
    areas, nulls = [], []
    for one in answers:
        found = page_maps(box, one, (method,))
        shown, mask = found.ink.shown, np.zeros((12, 1000), dtype=np.bool_)
        mask[V1] = True
        for into, map_ in ((areas, found.maps[method]), (nulls, found.ink)):
            into.append(pixel_area(map_.relevance[shown], mask[shown]))
    return estimate(above_null(areas, nulls), [one.record.patient_id for one in answers])


@pytest.mark.slow
def test_figures_are_equal_for_equal_seeds_and_few_tell_nothing(box, answer):
    (figure,), (again,) = (page_figures(box, [answer], (BY_INK,)) for _ in range(2))
    assert figure.method == BY_INK and figure.energy.deletion is not None and figure.deletion is not None
    assert -1 <= figure.random <= 1
    assert replace(again, seconds=0.0) == replace(figure, seconds=0.0)
    assert rows("eye", [figure])[0].verdict.word == "cannot tell"


@pytest.mark.slow
def test_area_and_mass_are_of_what_the_page_shows_of_the_region(box, cohort):
    """Where left bundle branch block is looked for, in the quarter of each lead that stands on the page."""
    dense = black_box(box.reader, cohort, View("image-only", px_per_mm=2, format="dense"))
    answer = PageAnswer(next(iter(cohort)), Target("conduction", "lbbb"), Reading(), True)
    (figure,) = page_figures(dense, [answer], (BY_INK,))
    found = page_maps(dense, answer, (BY_INK,))
    cells, place = dense.cells(answer.record), expected_region("conduction", "lbbb")
    step = round(dense.fs(answer.record) / 100)
    region = cells.mask(place.leads, place.segments)[:, ::step] & found.ink.shown
    assert figure.area == pytest.approx(region.sum() / found.ink.shown.sum(), rel=0.05)
    assert figure.mass == pytest.approx(mass(found.maps[BY_INK].relevance, region), rel=0.1)
    assert figure.energy.mass == pytest.approx(mass(found.ink.relevance, region), rel=0.1)
    assert figure.pointing in {0.0, 1.0}


def test_a_reader_without_pages_is_one_sentence():
    with pytest.raises(
        ReaderError, match=r"^gradient_times_pixel needs the weights of an open model that is shown page"
    ):
        open_pages(SureQrsOfV1())


def test_no_right_answer_is_one_sentence(box, cohort):
    some = box.cases.cases.cohort.of([one for one in cohort if cohort.truth(one).values["normality"] == "abnormal"][:3])
    few = replace(box, cases=replace(box.cases, cases=replace(box.cases.cases, cohort=some)))
    with pytest.raises(RunError, match=r"^none of 3 recordings has a finding that reader 'hf:eye' finds in it"):
        page_answers(few, [NORMAL])


def test_an_axis_that_is_not_answered_is_one_sentence(box):
    """All recordings were read by then."""
    with pytest.raises(RunError, match=r"^reader 'hf:eye' answers nothing on rhythm: explain another axis$"):
        own_answers(box, "rhythm", 2)
