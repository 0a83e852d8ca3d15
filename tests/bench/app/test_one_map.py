"""A map of the demo is that of ``bench explain``, with the same figures, and is called no better than it is."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import bench.app.drawn_map as drawn_map_module
from bench.app.drawn_map import ASKED_METHODS, QUICK_METHODS, drawn_map, methods_for
from bench.app.local_readers import LocalReader, local_readers
from bench.app.markup import map_part
from bench.app.one_map import Explainable, checks_of, explain, explainable, judge, plain_page, told
from bench.explain.belief.belief import BeliefOptions, belief
from bench.explain.belief.judging import Figures, Nulls
from bench.explain.belief.sample import positives
from bench.progress import SILENT, Observer
from renderers import LEADS
from taxonomy.axis import AXES
from taxonomy.error import BenchError, ReaderError, UnknownNameError
from taxonomy.reading import Reading

FIGURES = Figures(
    "saliency", 1, 1, "conduction", "lbbb", 0.1, 0.3, 1.0, 0.6, 0.5, Nulls(0.2, 0.0, 0.4, 0.3), 0.05, None, 1.0
)


def outcomes(figures):
    return [check.outcome for check in checks_of(figures)]


def test_each_figure_stands_beside_its_null():
    assert outcomes(FIGURES) == ["better"] * 4
    assert [check.decides for check in checks_of(FIGURES)] == [True, True, False, False]
    assert "one ECG proves nothing" in told(checks_of(FIGURES))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"deletion": 0.4}, "no more than hiding whatever is loud"),
        ({"random": 0.3}, "without anything learned gives a map that looks alike"),
    ],
)
def test_a_map_that_is_no_better_than_its_null_is_not_to_be_believed(change, said):
    checks = checks_of(replace(FIGURES, **change))
    assert told(checks).startswith("Do not believe this map: ") and said in told(checks)


def test_what_decides_nothing_refutes_nothing_and_what_is_unknown_is_said():
    assert "Do not" not in told(checks_of(replace(FIGURES, insertion=0.0, mass=0.0)))
    unknown = replace(FIGURES, deletion=None)
    assert outcomes(unknown)[0] == "unknown" and told(checks_of(unknown)).startswith("Nothing can be said of this map")
    assert len(checks_of(replace(FIGURES, mass=None))) == 3


@pytest.fixture(scope="module")
def resnet1d(demo):
    return demo.offer.named("resnet1d")


def test_only_what_a_network_says_can_be_explained_findings_first(demo, resnet1d, answers, ecg):
    found = explainable(resnet1d, ecg, answers)
    assert not {"rate", "axis"}.intersection(one.output[0] for one in found)
    said = [one for one in found if one.is_answered]
    assert found[: len(said)] == tuple(said) and {"rhythm", "conduction"} <= {one.output[0] for one in said}
    assert Explainable(("rhythm", "sinus"), True, 0.978).label == "rhythm: sinus (answered, 0.98)"


def test_a_black_box_is_explained_by_hiding_parts_unless_nothing_of_what_it_is_shown_can_be_hidden(demo, ecg, answers):
    box = demo.offer.named("digitizer")
    assert {one.output[0] for one in explainable(box, ecg, answers)} == {axis.name for axis in AXES}
    assert explainable(demo.offer.named("measurements"), ecg, answers) == ()
    assert explainable(box, replace(ecg, is_page=True), answers) == ()
    assert (methods_for(box), methods_for(demo.offer.named("resnet1d"))) == (ASKED_METHODS, QUICK_METHODS)
    with pytest.raises(ReaderError, match="nothing on it can be hidden"):
        explain(box, replace(ecg, is_page=True), "rhythm=sinus", "segment")


class Loud:
    """A black box of which it is known what it sees: the size of V1's voltages, and nothing else."""

    name = "loud"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for case in cases:
            chance = float(np.clip(np.abs(case.signal[6]).mean() * 3, 0.01, 0.99))
            yield Reading({"rhythm": "paced"}, {"rhythm": {"paced": chance, "sinus": 1 - chance}})


def test_a_black_box_is_coloured_where_it_looks_and_is_never_called_faithful(ecg):
    reader = LocalReader("loud", Loud(), "")
    drawn = drawn_map(reader, ecg, ("rhythm", "paced"), "lead", SILENT)
    assert int(np.argmax(drawn.relevance.sum(axis=1))) == LEADS.index("V1")
    found = explain(reader, ecg, "rhythm=paced", "lead")
    assert found.checks[0].decides and not any("random weights" in check.what for check in found.checks)
    page = map_part(found, None, is_open=False)
    assert "cannot tell" in page and "never be called faithful" in page and "Judge" not in page


def test_the_figures_are_those_of_bench_explain(resnet1d, demo, population):
    network = resnet1d.reader.network()
    (positive, *_) = positives(network, population.cohort("test"), each=1)
    target = "=".join(positive.output)
    options = BeliefOptions(methods=("gradient_times_input",), targets=(target,), each=1)
    (theirs,) = belief(resnet1d.reader, population.cohort("test", ids=[positive.ecg_id]), options).figures
    steps = []
    observer = Observer(progress=_steps(steps))
    ecg = demo.chosen(str(positive.ecg_id))
    found = explain(resnet1d, ecg, target, "gradient_times_input", observer=observer)
    assert replace(found.figures, seconds=0.0) == replace(theirs, seconds=0.0)
    assert steps[-1] == (3, 3)
    picture = Image.open(io.BytesIO(found.png))
    colours = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
    orange = (colours[:, 0] > 180) & (colours[:, 2] < 80)
    assert picture.width > 2000 and orange.sum() > 1000


def _steps(seen):
    from contextlib import contextmanager

    @contextmanager
    def progress(what, unit="records"):
        yield lambda done, total: seen.append((done, total))

    return progress


def test_names_that_are_none_are_sentences(resnet1d, ecg):
    for target, method in (("rhythm=sinsu", "saliency"), ("rhythm", "saliency"), ("rhythm=sinus", "occlusion_window")):
        with pytest.raises(UnknownNameError):
            explain(resnet1d, ecg, target, method)


def test_a_network_that_fails_on_an_ecg_is_a_sentence(resnet1d, ecg, monkeypatch):
    def short(*_):
        raise ValueError("too short")

    monkeypatch.setattr(drawn_map_module, "answer_about", short)
    with pytest.raises(BenchError, match="cannot be shown this ECG"):
        explain(resnet1d, ecg, "rhythm=sinus")


def test_the_plain_page_has_no_colour_but_the_paper(ecg):
    assert plain_page(ecg).startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_method_is_judged_once_and_the_verdict_is_drawn(demo, resnet1d, population, ecg, answers):
    row = demo.judged(answers, "saliency")
    assert row.verdict == judge(resnet1d, population, "saliency").verdict
    assert row.patients >= 10 and row.truth
    assert demo.judged(answers, "saliency") is row
    target = demo.explainable(answers, ecg)[0].name
    before = explain(resnet1d, ecg, target, "saliency").png
    assert demo.map(answers, ecg, target, "saliency").png != before


def test_readers_without_a_network_have_no_verdict(population):
    with pytest.raises(ReaderError, match="black box"):
        judge(local_readers().named("measurements"), population, "saliency")
