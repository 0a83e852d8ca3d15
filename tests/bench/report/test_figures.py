"""Every figure can be read at every value, and shows the intervals that there are."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.encoder.encoder_probe import AxisProbe
from bench.encoder.probing import FittedProbe
from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.contamination import Contamination
from bench.evidence.drop import Drop
from bench.evidence.figure import Figure
from bench.evidence.knowledge import AxisTests
from bench.experiment.result import ArmResult
from bench.report.contamination_plot import contamination_plot
from bench.report.degrade_page import degrade_plot
from bench.report.domain_plot import auroc_plot, calibration_plot, class_plot, drop_plot, rare_plot
from bench.report.encoder_page import encoder_plot
from bench.report.evidence_plot import evidence_plot
from bench.report.experiment_plot import accuracy_plot, side_by_side_plot
from bench.report.explain_plot import deletion_plot, heat_plot, joint_plot
from bench.report.plot import bin_intervals, letters_on
from bench.report.probe_page import probe_plot
from bench.report.score_page import write_score
from bench.report.score_plot import axis_plot, confusion_plot, reliability_plot
from bench.score.probability import ProbabilityScore
from bench.score.result import Score
from bench.tracing.dose_response import DoseResult
from bench.tracing.kappa_by_dose import KappaDrop
from bench.tracing.robustness import AtDose, Curve
from taxonomy.axis import AXES, AXIS_NAMES
from taxonomy.danger import danger_table

from . import explained_parts
from .legible import LEAST_CONTRAST, contrast, faults
from .test_domain_page import study  # noqa: F401  # a fixture
from .test_explain_page import curves, heat

SUBMISSION = Path(__file__).parents[3] / "results" / "submissions" / "digitizer-phantoms-1-test-461cdec5"
LONG = "org/A-Very-Long-Reader-Name-with-$math$_and_WWWWWWWWWWWWWWWWWW\x1b[31m " * 6
UNKNOWN = "nothing shown, below the prior (n = 12,345, could have shown kappa 0.12)"


@pytest.fixture(scope="module")
def score():
    return Score.from_json(json.loads((SUBMISSION / "score.json").read_text(encoding="utf-8")))


def everywhere(score, value, interval, kappa, kappa_interval):
    """Return a score with the same figures on every axis."""
    baseline = 0.5
    same = {
        "accuracy": value,
        "accuracy_interval": interval,
        "baseline": baseline,
        "difference": value - baseline,
        "interval": tuple(end - baseline for end in interval),
        "kappa": kappa,
        "kappa_interval": kappa_interval,
        "verdict": UNKNOWN,
        "n": 12_345,
    }
    return replace(
        score,
        axes=tuple(replace(axis, **same) for axis in score.axes),
        ischemia=replace(score.ischemia, **same),
        normality=replace(score.normality, **same),
    )


@pytest.mark.parametrize(
    "figures",
    [
        (0.0, (0.0, 0.02), -0.4, (-0.62, -0.1)),
        (1.0, (0.98, 1.0), 1.0, (1.0, 1.0)),
        (0.999, (0.997, 1.0), 0.999, (0.99, 1.0)),
        (0.5, (0.02, 0.98), -1.0, (-1.0, 1.0)),
        (0.04, (0.03, 0.05), None, None),
    ],
)
def test_the_text_of_axes_png_is_readable_at_every_value(score, figures):
    assert faults(axis_plot(everywhere(score, *figures), LONG)) == []


def test_axes_png_names_the_reader_and_each_axis_has_both_intervals_in_words_and_drawn(score, tmp_path):
    figure = axis_plot(score, "digitizer on phantoms-1, test, n = 500")
    assert faults(figure) == []
    bars, shares, kappas, agreements = figure.axes
    assert figure.get_suptitle() == "digitizer on phantoms-1, test, n = 500"
    for y, axis in enumerate((*score.axes, score.ischemia, score.normality)):
        drawn = [tuple(line.get_xdata()) for line in bars.lines if set(line.get_ydata()) == {y}]
        assert drawn == [axis.accuracy_interval]
        assert axis.kappa_interval in [tuple(line.get_xdata()) for line in kappas.lines if set(line.get_ydata()) == {y}]
        low, high = (100 * end for end in axis.accuracy_interval)
        assert f"{100 * axis.accuracy:.1f}% [{low:.1f}, {high:.1f}]" in [text.get_text() for text in shares.texts]
        assert any(text.get_text().startswith(f"{axis.kappa:.2f} [") for text in agreements.texts)


def test_the_score_of_a_reader_with_a_strangers_name_is_drawn(score, tmp_path):
    manifest = {
        "settings": {"reader": LONG, "dataset": "phantoms-1", "split": "test", "is_simulated": True},
        "run_id": "x",
    }
    write_score(tmp_path, score, manifest, "phantoms")
    assert (tmp_path / "pictures" / "axes.png").read_bytes()[:4] == b"\x89PNG"


def test_the_confusion_has_the_exact_interval_of_every_share(score):
    counts = np.array(score.superclass.confusion)
    figure = confusion_plot(score.superclass, danger_table())
    assert faults(figure) == []
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == counts.size
    assert all("[" in text for text, row in zip(texts, np.repeat(counts.sum(axis=1), 6), strict=True) if row)
    # Clopper and Pearson's of 0 of n, by its closed form.
    n = int(counts[0].sum())
    empty = [text for text, count in zip(texts[:6], counts[0], strict=True) if not count]
    assert empty
    assert empty[0] == f"0\n0%\n[0, {100 * (1 - 0.025 ** (1 / n)):.0f}]"


def test_a_full_and_an_empty_confusion_are_readable(score):
    full = (*(tuple(12_345 * (row == column) for column in range(6)) for row in range(4)), (0,) * 6)
    assert faults(confusion_plot(replace(score.superclass, confusion=full), danger_table())) == []


BINS = ((0.0, 0.0, 12_345), (0.101, 0.04, 80), (0.299, 0.5, 2), (0.5, 0.45, 40), (0.89, 1.0, 7), (1.0, 0.999, 3000))


def test_a_reliability_has_the_exact_interval_of_every_bin():
    found = ProbabilityScore(None, None, None, calibration_error=0.02, reliability=BINS)
    figure = reliability_plot(found)
    assert faults(figure) == []
    lines = {
        tuple(line.get_xdata()): tuple(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_xdata()) == 2
    }
    for (mean, share, _), bounds in zip(BINS, bin_intervals(BINS), strict=True):
        assert lines[mean, mean] == bounds
        assert bounds[0] <= share <= bounds[1]
    assert "95%" in figure.axes[0].get_title(loc="left")
    assert bin_intervals([(0.5, 0.0, 7)]) == [(0.0, pytest.approx(1 - 0.025 ** (1 / 7)))]


def figure_of(value, half=0.05, n=100):
    return Figure(n, value, (value - half, min(1.0, value + half)), 0.01, 0.02)


def horizontal(plot):
    """Return the ends of the horizontal lines of a panel."""
    return [
        tuple(line.get_xdata()) for line in plot.lines if len(line.get_xdata()) == 2 and len(set(line.get_ydata())) == 1
    ]


def vertical(plot):
    """Return the ends of the upright lines of a panel."""
    return [
        tuple(line.get_ydata()) for line in plot.lines if len(line.get_xdata()) == 2 and len(set(line.get_xdata())) == 1
    ]


def test_the_evidence_has_the_interval_of_every_accuracy():
    accuracies = {
        "full": figure_of(0.8),
        "image-only": figure_of(0.6),
        "text-only": figure_of(0.0),
        "crossed": figure_of(1.0),
    }
    axes = [
        AxisEvidence(
            axis.name, axis.text_inferable, 471, "can read the waveform; no use of the numbers shown, and more",
            (), AxisTests(), None, None, 1.0, 0.3, 0.4, 0.9, accuracies, figure_of(0.2),
        )
        for axis in AXES
    ]  # fmt: skip
    figure = evidence_plot(axes, {name: name for name in accuracies})
    assert faults(figure) == []
    drawn = horizontal(figure.axes[0])
    for one in (*accuracies.values(), figure_of(0.2)):
        assert drawn.count(one.interval) == len(axes)
    assert "prior and ceilings: no interval" in figure.axes[0].get_xlabel()


def test_the_contamination_has_the_interval_of_the_paired_difference():
    def drop(axis, second):
        return Drop(
            axis, 0.8, second, Figure(300, 0.8 - second, (0.8 - second - 0.04, 0.8 - second + 0.05), 0.01, 0.02), 0.1
        )

    copies = tuple(drop(axis, 0.7) for axis in ("all axes", *AXIS_NAMES))
    found = Contamination(
        "reader", "ptbxl", "test", "PTB-XL", False, 300, 0, 0, {}, copies, tuple(drop(one.axis, 0.5) for one in copies)
    )
    figure = contamination_plot(found)
    assert faults(figure) == []
    drawn = [tuple(np.round(one, 6)) for one in horizontal(figure.axes[0])]
    assert drawn.count((0.65, 0.74)) == len(copies) and drawn.count((0.45, 0.54)) == len(copies)


def test_the_arms_have_intervals_beside_each_other_and_in_every_cell(score):
    results = [
        ArmResult("1", f"arm {k}", "model", "id", True, score, {"rhythm": "can read the waveform"}) for k in range(4)
    ]
    names = [f"arm {k} of a rather long name" for k in range(4)]
    beside, cells = accuracy_plot(results, names), side_by_side_plot(results, names)
    assert faults(beside) == [] and faults(cells) == []
    axis = score.axis("conduction")
    assert horizontal(beside.axes[0]).count(axis.accuracy_interval) == len(results)
    low, high = (100 * end for end in axis.interval)
    said = f"{100 * axis.difference:+.0f}\n[{low:+.0f}, {high:+.0f}]\n"
    assert [text.get_text() for text in cells.axes[0].texts].count(said) == len(results)


def test_the_doses_have_bands():
    at = [
        AtDose(dose, KappaDrop(100, figure_of(1 - dose), figure_of(dose), False, 0.5, 0.5, figure_of(dose), ()))
        for dose in (0.0, 0.5, 1.0)
    ]
    names = ("rotation", "perspective", "jpeg", "handwriting")
    degraded = degrade_plot(
        [Curve(name, "below quality 100", tuple(at), "falls", "falls from 0.5 on", 0.5) for name in names]
    )
    doses = [
        DoseResult(name, "mm", "ischemia_territory", dose, 50, figure_of(0.5), figure_of(1.0), figure_of(0.0))
        for name in ("st_elevation", "qrs_widening", "rate", "axis_rotation", "pr_prolonged")
        for dose in (-1.0, 1.0)
    ]
    probed = probe_plot(doses)
    for figure in (degraded, probed):
        assert faults(figure) == []
        assert all(plot.collections for plot in figure.axes if plot.axison)
        assert "bands: 95%" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_encoders_areas_have_intervals():
    def probe(kind, area):
        return FittedProbe(kind, area, area, (0.625, 0.75), np.zeros(3), area)

    sources = {
        name: {"linear": probe("linear", 0.7)} for name in ("encoder", "projected", "random", "pixels", "resnet1d")
    }
    found = [
        AxisProbe("printed", axis.name, 471, sources, None, None, None, "", "no more than pixels or untrained")
        for axis in AXES
    ]
    figure = encoder_plot(found)
    assert faults(figure) == []
    assert horizontal(figure.axes[0]).count((0.625, 0.75)) == 5 * len(AXES)


def test_the_domains_have_intervals_and_the_calibration_too(study):  # noqa: F811
    for draw in (auroc_plot, class_plot, drop_plot, rare_plot, calibration_plot):
        figure = draw(study)
        assert figure is not None and faults(figure) == [], draw.__name__
    figure = calibration_plot(study)
    bins = [one for one in study.cells[0].reliability if one[2] >= 10]
    drawn = [line for plot in figure.axes for line in vertical(plot)]
    assert set(bin_intervals(bins)) <= set(drawn)
    assert "95%" in figure.get_supylabel()


def test_the_plots_of_explanations_are_readable_and_say_what_has_no_interval():
    explained = [
        heat_plot(heat(), "saliency; verdict: cannot tell: n = 3"),
        deletion_plot(curves()),
        joint_plot(explained_parts.joint()),
    ]
    assert [faults(figure) for figure in explained] == [[], [], []]
    assert "of single cells no interval" in explained[0].axes[1].get_ylabel()
    assert "bands: 95%" in [text.get_text() for text in explained[1].legends[0].get_texts()]
    assert "bands: 95%" not in [text.get_text() for text in deletion_plot(curves(1)).legends[0].get_texts()]


@pytest.mark.parametrize("share", np.linspace(0, 1, 21))
def test_letters_can_be_read_on_every_colour_of_a_scale(share):
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    for scale in ("Blues", "Oranges"):
        colour = colormaps[scale](float(share))
        assert contrast(to_rgb(letters_on(colour)), np.array(colour[:3])) >= LEAST_CONTRAST
