"""The page of explanations: which cases the gallery takes, what it says of them, and its plots."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bench.explain.maps.cell import Cells
from bench.explain.maps.metric import STEPS, Deletion
from bench.explain.maps.part import Part
from bench.explain.maps.pooled_map import cell_shares, pooled
from bench.explain.study.case import Chosen, ExplainedCase, chosen
from bench.explain.study.found import Curves, Explained
from bench.explain.study.infarction import InfarctionCase, infarction_groups
from bench.explain.study.trace import Trace
from bench.report.explain_gallery import beat_named, case_title, drawn
from bench.report.explain_infarction import infarction_parts
from bench.report.explain_joint import above_null
from bench.report.explain_page import (
    Limits,
    explained_page,
    write_explained,
)
from bench.report.explain_plot import deletion_plot, heat_plot, joint_plot, outline
from bench.report.table import plain, quoted
from bench.view.region import expected_region
from measurements.segment import SEGMENTS, BeatSegments, Span, segmented
from renderers.compared import Change
from renderers.explained import PRINT
from renderers.legend import bar_left_mm, text_lines
from taxonomy.axis import AXES

from . import explained_parts as parts

SINGLE = "What moves the answer: single masks"

HOSTILE = (
    "![x](http://a.example/p.png) <script>alert(1)</script> | a@b.example\n# Title \x1b[31m \\[go\\](javascript:1)"
)


@pytest.fixture(scope="module")
def signal(population):
    return population.record(9).signal(500).mv


@pytest.fixture(scope="module")
def beats(signal):
    return segmented(signal, 500.0)


def make(signal, beats):
    def case(ecg_id, truth="lbbb", answer="lbbb", **beside):
        relevance = np.zeros((12, 1000), dtype=np.float32)
        relevance[6, 100:140] = 1
        said = {"support": 0.9, "confidence": 0.9, "words": None, **beside}
        return ExplainedCase(
            ecg_id=ecg_id, patient_id=ecg_id, axis="conduction", truth=truth, answer=answer, is_right=answer == truth,
            explained=answer or truth, trace=lambda: Trace(signal, 500.0, beats, relevance, 100.0),
            **said,
        )  # fmt: skip

    return case


@pytest.fixture(scope="module")
def case(signal, beats):
    return make(signal, beats)


def roles(cases, confident=0.8):
    return {one.case.ecg_id: one.roles for one in chosen(cases, confident)}


def test_the_gallery_has_the_best_the_worst_and_every_confident_error_of_each_class(case):
    cases = [
        case(1, support=0.7),
        case(2, support=0.95),
        case(3, answer="none", support=0.3, confidence=0.6),
        case(4, answer="rbbb", support=0.1, confidence=0.9),
        case(5, answer="rbbb", support=0.15, confidence=0.85),
        case(6, truth="none", answer="none", support=0.8),
        case(7, truth="none", answer="none", support=0.6),
    ]
    assert roles(cases) == {
        2: ("best",), 4: ("worst", "confident error"), 5: ("confident error",), 6: ("best",), 7: ("worst",),
    }  # fmt: skip
    assert [one.case.ecg_id for one in chosen(cases)] == [2, 4, 5, 6, 7]


def test_a_reader_without_probabilities_commits_itself_by_each_answer_and_no_answer_is_no_confident_error(case):
    beside = {"support": None, "confidence": None}
    cases = [case(1, **beside), case(2, answer="rbbb", **beside), case(3, answer=None, **beside)]
    assert roles(cases) == {1: ("best",), 3: ("worst",), 2: ("confident error",)}


def test_one_case_may_be_best_and_worst(case):
    assert roles([case(1)]) == {1: ("best", "worst")}


def found(cases=(), **beside):
    return Explained(
        "resnet1d", "ptb-xl", 9, False, "PTB-XL", "saliency", "no better than amplitude", cases=tuple(cases), **beside
    )


def test_the_page_says_what_the_model_said_the_truth_and_the_reports_own_words(case):
    text = explained_page(found([case(11, answer="rbbb", confidence=0.91, words="linksschenkelblock, vgl. vorbefund")]))
    assert "| 11 | rbbb (0.91) | lbbb | linksschenkelblock, vgl. vorbefund |" in text
    assert "### conduction: lbbb, worst and confident error" in text
    assert "**Maps by saliency. Verdict: no better than amplitude.**" in text


def test_words_of_strangers_do_nothing_on_the_page(case):
    text = explained_page(found([case("1|2](x)<b>", answer="rbbb", words=HOSTILE, truth="a|b *c*")]))
    for live in ("<script", "<b>", "http://", "a@b", "\x1b", "\n# Title", "![x]", "(javascript:1)|"):
        assert live not in text
    table = [line for line in text.splitlines() if "rbbb (0.90)" in line]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", table[0])) == 5
    assert not re.search(r"(?<!\\)(?:\\\\)*\[go", table[0])


def test_a_backslash_of_a_stranger_does_not_undo_an_escape():
    assert plain("\\[a\\](b)") == "\\\\\\[a\\\\\\](b)"


def test_what_is_quoted_is_shortened():
    assert quoted("x" * 700) == "x" * 597 + "..."


def test_pictures_are_limited_and_the_best_and_the_worst_of_each_class_go_first(case, tmp_path):
    cases = [case(number, answer="rbbb", support=number / 100, confidence=0.9) for number in range(1, 6)]
    cases += [case(number, truth="none", answer="none", support=number / 100) for number in (20, 30)]
    write_explained(tmp_path, found(cases), Limits(gallery=3))
    text = (tmp_path / "explain.md").read_text()
    links = re.findall(r"\]\(([^#].*?)\)", text)
    assert len(links) == 3 and all(not link.startswith(("/", "http")) for link in links)
    assert sorted(links) == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png"))
    assert [re.search(r"Record (\d+)", line)[1] for line in text.splitlines() if line.startswith("![")] == [
        "1",
        "30",
        "20",
    ]
    assert "<details><summary>4 more, without a picture; " in text and text.count("</details>") == 1
    assert "| conduction | 5 | rbbb (0.90) | lbbb | - |" in text


def test_names_of_files_hold_safe_letters_only(case, tmp_path):
    write_explained(tmp_path, found([case("../../x", truth="../a b/\u00e4")]))
    assert [path.name for path in tmp_path.rglob("*.png")] == ["case-001-conduction-a-b.png"]


def test_the_gallerys_picture_says_its_scale_and_names_a_beat(case):
    page, _ = drawn(Chosen(case(1), ("best",)), "saliency", "cannot tell: n = 3")
    with Image.open(io.BytesIO(page.png())) as picture:
        assert picture.info["dpi"] == pytest.approx((203.2, 203.2), abs=0.01)
    assert drawn(Chosen(case(1), ("best",)), "s", "v", "3x4")[0].rgb.shape[1] == page.rgb.shape[1]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_the_longest_names_of_an_axis_stand_whole_in_the_pictures_title(case, axis):
    first, second = sorted(axis.values, key=len)[-2:]
    one = case(1, truth=first, answer=second)
    title = case_title(replace(one, axis=axis.name))
    assert title == f"{axis.name}: answer {second} (0.90), truth {first}"
    wide = drawn(Chosen(one, ("worst",)), "saliency", "cannot tell: n = 3")[0].rgb.shape[1]
    assert text_lines(title, (), bar_left_mm(wide, PRINT) - 12)[0] == title


def test_an_answer_that_is_accepted_beside_another_truth_says_so(case):
    accepted = replace(case(1, truth="none"), truth="multiple", answer="anteroseptal", is_right=True)
    assert case_title(accepted) == "conduction: answer anteroseptal (0.90), accepted, truth multiple"


def test_a_right_answer_is_said_once(case):
    assert case_title(case(1)) == "conduction: answer lbbb (0.90), right"


def test_the_beat_with_most_segments_before_the_columns_end_is_named(beats):
    brackets, _ = beat_named(beats, 2.5)
    assert {one.name for one in brackets} <= set(SEGMENTS) and len(brackets) >= 4
    assert all(0.6 <= one.begin_s < one.end_s <= 2.5 for one in brackets)
    early = BeatSegments(1.0, True, {"QRS": Span(1.0, 1.1)}, {"P": "fibrillation", "PR": "fibrillation"})
    assert beat_named((early,), 2.5)[1] == ("Marked beat: no P, PR: fibrillation.",)
    assert beat_named((), 2.5) == ((), ("No beat of the first column is marked: none has a segment there.",))


def infarctions():
    rows = [("inferior", 15, True, True, 0.4), ("inferior", 100, False, False, None), ("anterior", 0, True, False, 0.2)]
    rows += [("inferior", None, True, True, 0.6), ("lateral", 50, True, False, 0.3), ("lateral", 99, True, False, 0.1)]
    return [InfarctionCase(number, *row) for number, row in enumerate(rows)]


def test_infarctions_stand_by_territory_and_by_likelihood_each_with_n_and_interval():
    by_territory, by_likelihood, note = infarction_parts(infarction_groups(infarctions()), "cannot tell: n = 6")
    lines = {
        line.split(" | ")[0].strip("| "): line for part in (by_territory, by_likelihood) for line in part.split("\n")
    }
    assert re.match(r"\| inferior \| 3 \| 3 \| 66\.7% \\\[\d", lines["inferior"])
    assert lines["inferior"].endswith(", n = 2 |")
    assert "| 100.0% \\[2.5%, 100.0%\\] |" in lines["subtle: under 50%"]
    assert lines["50% to 99%"].startswith("| 50% to 99% | 2 | 2 | 100.0%")
    assert lines["100%"].startswith("| 100% | 1 | 1 | 0.0% \\[0.0%, 97.5%\\]") and lines["100%"].endswith("| - |")
    assert lines["not given"].startswith("| not given | 2 |")
    assert "Verdict on these maps: cannot tell: n = 6." in note


def test_repeated_records_of_a_patient_do_not_narrow_an_interval():
    rows = [InfarctionCase(1, "inferior", 100, found, False, None) for found in (True, False)]
    assert "| inferior | 2 | 1 | 50.0% |" in infarction_parts(infarction_groups(rows), "v")[0]


def cells():
    spans = {"P": (slice(0, 10),), "QRS": (slice(20, 30), slice(50, 60)), "T": (slice(35, 45),)}
    return Cells(spans, {"PR": "short", "ST": "short", "TQ": "none"}, 100)


def test_the_share_of_a_cell_is_that_of_what_speaks_for_the_answer():
    relevance = np.zeros((12, 100), dtype=np.float32)
    relevance[6, 20:30], relevance[0, 35], relevance[0, 36], relevance[1, 90] = 0.3, 2.0, -9.0, 5.0
    shares = cell_shares(relevance, cells())
    assert shares["V1", "QRS"] == pytest.approx(0.3) and shares["I", "T"] == pytest.approx(0.2)
    assert sum(shares.values()) == pytest.approx(0.5)
    assert cell_shares(-relevance * 0, cells()) is None


def heat():
    rows = [(1, {("V1", "QRS"): 0.4, ("I", "T"): 0.2}), (1, {("V1", "QRS"): 0.6}), (2, {("V6", "QRS"): 0.5})]
    return pooled("conduction", "lbbb", rows)


def test_a_cell_is_pooled_over_the_records_that_have_it():
    one = heat()
    assert (one.n, one.patients) == (3, 2)
    assert one.shares[6, 2] == pytest.approx(0.5) and one.shares[11, 2] == 0.5 and np.isnan(one.shares[0, 0])
    assert one.counts.tolist() == [0, 0, 2, 0, 1, 0]
    assert one.inside.value == pytest.approx(0.5) and one.inside.n == 3 and one.inside.interval
    assert pooled("rate", "fast", [(1, {})]).inside is None
    assert pooled("conduction", "lbbb", [(1, {("V1", "QRS"): 0.4})]).inside.interval is None


def test_the_outline_goes_around_the_region_and_not_through_it():
    edges = outline(expected_region("ischemia_territory", "inferior"))
    assert len(edges) == 2 * (1 + 3) + 2 * (2 + 3)
    assert ((1.5, 0.5), (1.5, 1.5)) in edges and ((2.5, 0.5), (2.5, 1.5)) not in edges


def test_the_heat_map_says_n_the_region_and_the_verdict():
    figure = heat_plot(heat(), "saliency; verdict: cannot tell: n = 3")
    plot = figure.axes[0]
    title = plot.get_title(loc="left")
    assert "conduction: lbbb, n = 3, patients 2" in title and "verdict: cannot tell: n = 3" in title
    assert "50.0 [" in title
    assert plot.get_xticklabels()[2].get_text() == "QRS\nn = 2"
    texts = [text.get_text() for text in plot.texts]
    assert len(texts) == 72 and texts.count("50.0") == 2 and texts.count("-") == 69
    colours = {text.get_text(): text.get_color() for text in plot.texts}
    assert colours["50.0"] == "white" and colours["20.0"] == "black"


def curves(n=3):
    x = np.linspace(0, 1, STEPS + 1)
    ours = tuple(Deletion(x, 1 - x**0.5, x**0.5, 1 - x, x) for _ in range(n))
    return Curves(
        "conduction", "saliency", tuple(range(n)), ours, tuple(replace(one, deleted=1 - x**0.8) for one in ours)
    )


def test_the_curves_stand_beside_energy_and_random_order_and_differ_in_their_lines():
    figure = deletion_plot(curves())
    hidden, shown = figure.axes
    for plot in (hidden, shown):
        lines = [line for line in plot.lines if len(line.get_xdata()) == STEPS + 1]
        assert [line.get_label() for line in lines] == ["saliency", "energy of the signal", "random order"]
        assert len({line.get_linestyle() for line in lines}) == 3
    assert hidden.lines[0].get_ydata()[4] < hidden.lines[1].get_ydata()[4] < hidden.lines[2].get_ydata()[4]
    assert len(hidden.collections) == 3 and not deletion_plot(curves(1)).axes[0].collections


def section(text, title):
    """Return what stands below a heading, without it."""
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def line(text, *words):
    """Return the only line of a table that begins with these cells."""
    (found,) = [one for one in text.splitlines() if one.startswith(f"| {' | '.join(words)} |")]
    return found


@pytest.fixture(scope="module")
def whole():
    return explained_page(parts.explained())


def headings(text):
    return [one.removeprefix("## ") for one in text.splitlines() if one.startswith("## ")]


def test_the_verdict_comes_first_and_each_section_in_its_order(whole):
    assert whole.index("**Maps by saliency. Verdict: faithful here.**") < whole.index("## How to read this page")
    assert headings(whole) == [
        "How to read this page", "Which maps deserve belief", "What moves the answer: joint masks",
        "What moves the answer: single masks", "What turns the answer", "The dose at which the answer flips",
        "Concepts", "Says against does", "Known truth", "What was asked",
    ]  # fmt: skip


def test_the_sections_are_linked_above(whole):
    (linked,) = [one for one in whole.splitlines() if one.startswith("On this page: ")]
    assert [title for title, _ in re.findall(r"\[([^]]+)\]\(#([^)]+)\)", linked)] == headings(whole)[1:]
    assert "[What moves the answer: joint masks](#what-moves-the-answer-joint-masks)" in linked


def test_the_reason_of_the_verdict_stands_beside_it_and_once():
    rows = parts.rows()
    text = explained_page(replace(found(rows=rows), method="grad_cam", verdict="fails the sanity check"))
    assert "Verdict: fails the sanity check.** Maps of random weights look alike" in text
    few = parts.rows(patients=4)
    top = explained_page(replace(found(rows=few), verdict=str(few[0].verdict))).split("## ")[0]
    assert top.count("fewer than 10") == 1


def test_a_section_with_nothing_to_say_is_left_out():
    assert headings(explained_page(found())) == ["How to read this page"]


def test_a_method_stands_with_every_figure_its_verdict_rests_on_and_the_reason(whole):
    text = section(whole, "Which maps deserve belief")
    told = line(text, "grad_cam", "fails the sanity check", "24 (24)")
    assert "+0.26 \\[+0.22, +0.32\\]" in told and "+0.20 \\[+0.20, +0.20\\]" in told
    assert "0.50 \\[0.50, 0.50\\]" in told
    assert "- grad_cam: *fails the sanity check*: maps of random weights look alike" in text
    for kind in ("late QRS", "ST shift", "absent P"):
        assert f"planted: {kind} [95%]" in text


def test_a_mass_is_never_without_its_verdict_on_the_page(whole):
    masses = [one for one in whole.splitlines() if one.startswith("|") and "0.43 \\[0.43" in one]
    assert len(masses) == 2
    assert masses[0].endswith("| faithful here |") and masses[1].endswith("| fails the sanity check |")


def test_several_readers_stand_in_one_table_and_one_alone_has_no_column(whole):
    assert "| reader |" not in whole
    both = explained_page(found(rows=parts.rows() + parts.rows("digitizer")))
    assert line(both, "digitizer", "saliency", "faithful here", "24 (24)")
    assert line(both, "resnet1d", "saliency", "faithful here", "24 (24)")
    (reason,) = [one for one in both.splitlines() if "*faithful here*: known truth and" in one]
    assert reason.startswith("- saliency on resnet1d, saliency on digitizer: ")


def test_the_best_verdict_comes_first_and_methods_with_one_reason_share_a_line():
    rows = parts.rows(methods=("layer_cam", "grad_cam", "saliency"))
    text = section(explained_page(found(rows=(*rows[1:], rows[0]))), "Which maps deserve belief")
    first = [one.split(" | ")[0] for one in text.splitlines() if one.startswith("| ") and "24 (24)" in one]
    assert first == ["| layer_cam", "| grad_cam", "| saliency"]
    assert len([one for one in text.splitlines() if one.startswith("- grad_cam, saliency: ")]) == 1


def test_known_truth_stands_beside_energy_and_random_weights(whole):
    told = line(section(whole, "Known truth"), "saliency", "absent P")
    assert told.split(" | ")[2:6] == ["40", "0.72 \\[0.67, 0.77\\]", "0.66", "0.51"]


def test_a_part_above_the_null_is_told_from_one_that_is_not(whole):
    text = section(whole, "What moves the answer: joint masks")
    assert line(text, "V1").endswith("| &lt;0.001 | yes | 7 |") and line(text, "II").endswith("| no | 7 |")
    assert "Masks 252, recordings 7, patients 7, failed calls 3." in text
    assert "up to 2.4 times as large" in text


def test_the_parts_above_the_null_stand_in_one_line():
    said = above_null(parts.joint())
    assert re.fullmatch(r"conduction rbbb: (QRS|V1) \+0\.\d\d, (QRS|V1) \+0\.\d\d", said)


def test_parts_that_do_nothing_are_told_in_a_sentence(whole):
    part = parts.effects()[0][1][0]
    effects = [replace(part, part=Part(f"p{n}", ()), value=n / 100, low=-0.1, high=0.2) for n in range(5)]
    telling = replace(part, part=Part("V1", ("V1",)), value=0.4, low=0.3, high=0.5)
    text = section(explained_page(found(effects=(("lbbb by lead", (*effects, telling)),))), SINGLE)
    assert line(text, "V1") and not re.search(r"\| p\d \|", text)
    assert "5 more parts have an interval that holds 0; the largest effect among them is p4 +0.040." in text


def test_a_share_that_goes_stands_beside_both_controls_and_the_cells(whole):
    text = section(whole, "What turns the answer")
    assert line(text, "conduction rbbb", "13").split(" | ")[2:6] == [
        "100% \\[75, 100\\]", "8% \\[0, 23\\]", "0% \\[0, 25\\]", "+92 \\[+48, +99\\]",
    ]  # fmt: skip
    assert "| limb QRS 13, V1 QRS 1 | no recording of the training folds is labelled without it: 1 |" in text


def test_the_dose_is_that_by_which_a_quarter_and_half_have_flipped(whole):
    text = section(whole, "The dose at which the answer flips")
    assert line(text, "st-inferior", "up", "12").endswith("| +0.1 mV | +0.2 mV |")


def test_a_control_that_fires_is_said_aloud(whole):
    text = section(whole, "Concepts")
    assert "**1 of 2 control rows that could be tested fired**: age (for conduction lafb)." in text
    assert line(text, "conduction lafb", "left_axis").endswith("| &lt;0.001 | for |")
    assert "| age (control) |" in text


def test_the_concepts_of_an_answer_stand_together():
    one, *rest = parts.concepts().uses
    uses = (one, replace(one, value="lbbb"), *rest)
    text = section(explained_page(found(concepts=replace(parts.concepts(), uses=uses))), "Concepts")
    answers = [row.split(" | ")[0] for row in text.splitlines() if row.startswith("| conduction")]
    assert answers == ["| conduction lafb"] * 2 + ["| conduction lbbb"]


def test_concepts_on_which_no_answer_rests_are_counted_with_the_reason_and_have_no_row():
    absent, few = parts.use("long_pr", "not in this layer", area=0.61, p_holm=None), "it needs 12 patients with it"
    lacking = [replace(absent, concept=f"c{n}", use="cannot tell", why=few) for n in range(6)]
    table = replace(parts.concepts(), uses=(parts.use("left_axis", "for"), absent, *lacking))
    text = section(explained_page(found(concepts=table)), "Concepts")
    assert len([one for one in text.splitlines() if one.startswith("| conduction")]) == 1
    assert "7 of 8 rows show nothing (their figures are in `explain.json`):" in text
    assert "- 6: it needs 12 patients with it: c0, c1, c2, c3 and 2 more; answers conduction lafb." in text
    assert "- 1: the layer does not hold the concept (an area under 0.75): long_pr;" in text


def test_a_table_of_concepts_on_which_nothing_rests_says_so():
    silent = tuple(
        replace(use, use="no more than random", why="random vectors lie as near") for use in parts.concepts().uses
    )
    text = section(explained_page(found(concepts=replace(parts.concepts(), uses=silent))), "Concepts")
    assert "No answer rests on a concept." in text
    assert "no more than random: random vectors lie as near: " in text


def test_controls_that_could_not_be_tested_are_not_said_to_be_silent():
    untested = tuple(replace(use, use="cannot tell", p_holm=None) for use in parts.concepts().uses)
    text = explained_page(found(concepts=replace(parts.concepts(), uses=untested)))
    assert "No control could be tested (2 rows)" in text and "fired" not in text


def test_what_is_said_stands_beside_exchanged_names(whole):
    text = section(whole, "Says against does")
    assert text.strip().startswith("**says what it does**, n = 24, patients 24.")
    assert line(text, "conduction rbbb", "24", "1.00", "0.51")


def test_what_was_asked_its_price_and_what_was_left_out_stand_at_the_end(whole):
    text = section(whole, "What was asked")
    assert "- 259 questions, 1.23 dollars" in text and "Left out, and why:\n\n- record 17: no beat is found" in text


def test_names_of_strangers_do_nothing_in_any_section(tmp_path):
    hostile = HOSTILE + " <img src=x>"
    flips = ((hostile, parts.flips()[0][1]),)
    page = explained_page(
        found(
            rows=parts.rows(hostile) + parts.rows(methods=(hostile,)),
            flips=flips,
            notes=(hostile,),
            plan=(hostile,),
            concepts=replace(parts.concepts(), layer=hostile),
            effects=((hostile, parts.effects()[0][1]),),
        )
    )
    for live in ("<script", "<img", "http://", "a@b", "\x1b", "\n# Title", "![x]"):
        assert live not in page, live
    assert not re.search(r"(?<!\\)(?:\\\\)*\[go", page)


def test_the_bars_of_joint_masks_show_the_null_and_fill_what_is_above_it():
    figure = joint_plot(parts.joint())
    leads, segments = figure.axes
    assert [text.get_text() for text in segments.get_yticklabels()] == list(SEGMENTS)
    filled = {bar.get_width() for plot in (leads, segments) for bar in plot.patches if bar.get_facecolor()[0] < 0.5}
    effects = parts.joint().effects
    assert filled == {one.value for one in effects if one.is_above_null} and len(filled) == 2
    null = parts.joint().null
    assert all(any(set(line.get_xdata()) == {null} for line in plot.lines) for plot in (leads, segments))


def test_the_whole_page_links_every_picture_that_is_written(case, signal, tmp_path):
    changed = np.zeros((12, 1000), dtype=bool)
    changed[6, 100:120] = True
    after = signal.copy()
    after[6, 500:600] *= -1
    page = found(
        [case(1)],
        infarctions=tuple(infarctions()),
        heats=(heat(), heat()),
        curves=(curves(),),
        joints=(parts.joint(),) * 2,
        changes=(Change(signal, after, 500.0, changed, 100.0, "QRS of V1: lbbb becomes none"),) * 2,
    )
    write_explained(tmp_path, page, Limits(heats=1, changes=1, joints=1))
    text = (tmp_path / "explain.md").read_text()
    links = re.findall(r"\]\((pictures/.*?)\)", text)
    assert sorted(links) == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png"))
    assert [link.split("-")[0] for link in links] == [
        f"pictures/explain/{kind}" for kind in ("heat", "curves", "joint", "change", "case")
    ]
    assert text.count("1 more without a picture: ") == 2
