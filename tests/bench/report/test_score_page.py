"""The page and the terminal's table of a score."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from bench.cli.fitting import fit
from bench.dataset.measurement_cache import UNMEASURED
from bench.dataset.phantom import Phantoms
from bench.report.score_page import score_page, score_table, shown_axes
from bench.report.score_plot import axis_plot
from bench.report.summary import summary_lines
from bench.run.scoring import score_readings
from bench.run.settings import Offer, settings_of
from bench.view import QuestionKey, View, cases_of
from readers.majority import MajorityReader, majority_values
from taxonomy.reading import Reading


class RateMeasured(Phantoms):
    """Phantoms whose true rate is called a measurement of ours, as PTB-XL's is."""

    def truth(self, record, numbers=UNMEASURED):
        return replace(super().truth(record, numbers), circular=frozenset({"rate"}))


@pytest.fixture(scope="module")
def cohort():
    return RateMeasured("1,66").cohort(limit=40)


@pytest.fixture(scope="module")
def score(cohort):
    def values(record, number):
        true = dict(cohort.truth(record).values)
        return true if number % 2 else dict(majority_values())

    readings = {
        QuestionKey(record.ecg_id): Reading(values={name: value for name, value in values(record, k).items() if value})
        for k, record in enumerate(cohort)
    }
    return score_readings(readings, cohort, offer=Offer(measured=frozenset({"rate"})))


def printed(score, width=100):
    out = StringIO()
    table = score_table(score, "half on phantoms, test")
    assert fit(table, width, ("names p", "baseline")) == ([] if width == 100 else ["names p", "baseline"])
    Console(file=out, width=width).print(table)
    return out.getvalue()


def test_the_terminal_shows_the_headline_first_and_every_axis_whole(score):
    lines = printed(score).splitlines()
    assert lines[0].startswith(f"half on phantoms, test: mean kappa {score.kappa.kappa:.2f} [")
    for axis in shown_axes(score):
        row = next(line for line in lines if line.split()[:2] == [axis.axis, str(axis.n)])
        assert f"{100 * axis.accuracy:.1f}%" in row and f"{100 * axis.baseline:.1f}%" in row
    assert all(len(line) <= 100 for line in lines)
    assert "by construction" in printed(score)


def test_the_axes_fit_80_columns_without_the_baseline(score):
    lines = printed(score, 80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    for axis in shown_axes(score):
        row = next(line for line in lines if line.split()[:2] == [axis.axis, str(axis.n)])
        assert f"{100 * axis.accuracy:.1f}%" in row and (axis.kappa is None or f"{axis.kappa:.2f} [" in row)


def test_what_could_have_been_shown_stands_below_the_table(score):
    lines = dict(summary_lines(score))
    assert next(iter(lines)) == "mean kappa"
    unknown = [axis for axis in shown_axes(score) if axis.verdict.startswith("nothing shown (")]
    assert unknown
    for axis in unknown:
        assert lines[f"nothing shown, {axis.axis}"] in axis.verdict


def test_every_figure_of_the_summary_has_its_n(score):
    lines = dict(summary_lines(score))
    independent = {axis.n for axis in (*score.axes, score.ischemia) if axis.axis in score.kappa.axes}
    assert lines["mean kappa"].endswith(f", n = {min(independent)} to {max(independent)}")
    inferable = {axis.n for axis in score.axes if axis.text_inferable and axis.n}
    assert lines["mean difference, text-inferable axes"].endswith(f", n = {min(inferable)} to {max(inferable)}")
    assert lines["normal against abnormal"].endswith(f", n = {score.normality.n}")
    assert lines["balanced 'AUC' of hard answers"].endswith(f", n = {score.superclass.overall.n}")


def test_the_page_tells_both_majorities_the_ceiling_with_its_n_and_the_strict_figures(score, cohort):
    settings = settings_of(MajorityReader(), "half", cases_of(View().settled(MajorityReader()), cohort), {}, 1)
    page = score_page(score, {"settings": settings.to_json(), "run_id": "half", "git_revision": "abc"}, "PTB-XL")
    axis = score.axis("conduction")
    here = axis.baseline_here
    row = next(line for line in page.splitlines() if line.startswith("| conduction | none"))
    assert f"{here.value} {100 * here.accuracy:.1f}%" in row
    assert f"{100 * axis.text_ceiling:.1f}% of {axis.text_ceiling_n}" in row
    assert f"{100 * axis.strict.accuracy:.1f}%" in row
    assert f"**Mean kappa {score.kappa.kappa:.2f}" in page
    assert "over rhythm, conduction, ischemia" in page
    assert axis.verdict in page


def test_the_plot_has_a_row_for_each_axis_and_its_kappa(score):
    bars, _, kappas, _ = axis_plot(score).axes
    labels = [label.get_text() for label in bars.get_yticklabels()]
    assert [label.split("  ")[0] for label in labels] == [axis.axis for axis in shown_axes(score)]
    points = [line for line in kappas.lines if line.get_marker() == "o"]
    assert len(points) == sum(axis.kappa is not None for axis in shown_axes(score))
