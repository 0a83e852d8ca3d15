"""The model card says what explain.json and a run say, and what a reader is not for."""

import json
from dataclasses import replace

import pytest

from bench.explain.study.infarction import InfarctionCase
from bench.report.explain_file import read_explained
from bench.report.explain_page import explained_json, write_explained
from bench.report.model_card import MODEL_CARD, CardRun, model_card, write_model_card
from bench.storage import as_json
from taxonomy.error import FileError, RunError

from ...command import bench
from . import explained_parts as parts
from .explained_parts import gallery_case as case

SECTIONS = [
    "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data", "Quantitative analyses",
    "Ethical considerations", "Caveats and recommendations",
]  # fmt: skip

BARE = {
    name: empty
    for names, empty in (
        (("rows", "truth", "flips", "doses", "joints", "effects", "plan", "notes"), ()),
        (("concepts", "says"), None),
    )
    for name in names
}


def read(tmp_path, **beside):
    path = tmp_path / "explain.json"
    path.write_text(as_json(explained_json(parts.explained(**beside))), encoding="utf-8")
    return read_explained(path)


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    infarctions = tuple(InfarctionCase(n, "inferior", 35.0, n > 1, False, 0.3) for n in range(4))
    cases = (*(case(n, answer="rbbb", confidence=0.95) for n in range(12)), case(20))
    return model_card(read(tmp_path_factory.mktemp("card"), infarctions=infarctions, cases=cases))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of a reader that knows some axes by construction."""
    folder = tmp_path_factory.mktemp("run")
    assert bench("run", "--reader", "measurements", "--limit", 40, cwd=folder).returncode == 0
    (found,) = folder.glob("runs/*")
    return found


def section(text, title, level="##"):
    return text.split(f"\n{level} {title}\n")[1].split(f"\n{level} ")[0]


def lines(text, *words):
    return [one for one in text.splitlines() if one.startswith(f"| {' | '.join(words)} |")]


def test_the_sections_are_those_of_a_model_card_in_their_order(card):
    assert [one[3:] for one in card.splitlines() if one.startswith("## ")] == SECTIONS
    assert card.startswith("---\ntags: [ecg, ecg-bench]\n---\n\n# Model card: resnet1d\n")
    assert "It is no medical device" in card and "Mitchell et al. 2019" in card
    assert "any decision about a patient" in section(card, "Intended use")


def test_a_map_and_a_mass_stand_beside_their_verdict(card):
    (told,) = lines(section(card, "Which maps deserve belief", "###"), "grad_cam", "24 (24)")
    assert told.index("0.43 (0.20)") < told.index("fails the sanity check")


def test_what_moves_and_turns_answers_stands_with_its_controls(card):
    assert "(7 patients, 252 masks), conduction rbbb: V1 +0.82, QRS +0.64." in section(
        card, "What moved its answers", "###"
    )
    assert "conduction rbbb by lead: V1 +0.400 [+0.400, +0.400]" in card.replace("\\", "")
    (told,) = lines(section(card, "What turns its answers", "###"), "conduction rbbb", "13")
    assert lines(card, "conduction rbbb", "limb QRS 13, V1 QRS 1") and lines(card, "st-inferior", "up", "12")
    assert "8% \\[0, 23\\]" in told and "+92 \\[+48, +99\\]" in told
    concepts = section(card, "Concepts", "###")
    assert "- conduction lafb rests on left_axis, which speaks for it" in concepts
    assert "Concept rows 2, of which 1 could be tested; above random vectors and above the controls 1." in concepts
    assert "**1 of 2 control rows that could be tested fired**: age" in concepts


def test_infarctions_have_n_and_interval_by_territory_and_likelihood(card):
    text = section(card, "Infarctions", "###")
    (inferior,) = lines(text, "inferior", "4", "4")
    assert "50.0% \\[" in inferior and lines(text, "subtle: under 50%", "4", "4")


def test_confident_errors_are_counted_and_some_named_by_id(card):
    text = section(card, "Confident errors", "###")
    assert text.strip().startswith("12 of 13 explained answers are wrong")
    rows = [one for one in text.splitlines() if one.endswith("| conduction | rbbb | lbbb | 0.95 |")]
    assert len(rows) == 10 and "own words" not in text


def test_a_card_without_a_run_says_that_it_knows_no_score(card):
    assert "No scored run was given" in section(card, "Score", "###")


def test_a_run_gives_every_axis_beside_the_majority_and_text_apart_from_waveform(run, tmp_path):
    found = CardRun.of(run)
    text = model_card(read(tmp_path, reader="measurements", reader_details={}), found)
    scored = section(text, "Score", "###")
    by_text, by_waveform = scored.split("Waveform-only axes:")
    for axis in found.score.axes:
        (told,) = lines(by_text if axis.text_inferable else by_waveform, axis.axis, str(axis.n))
        assert f"{100 * axis.accuracy:.1f}%" in told and f" {100 * axis.baseline:.1f}% |" in told
    assert f"**Mean kappa {found.score.kappa.kappa:.2f} [" in scored
    assert found.manifest["run_id"] in section(text, "Model details")
    assert ("sex and age band" in section(text, "Factors") and lines(text, "female")) or lines(text, "male")


def test_a_truth_that_the_reader_measures_itself_is_among_the_limits(run, tmp_path):
    found = CardRun.of(run)
    rate = replace(found.score.axes[0], axis="rate", by_construction=True)
    circular = CardRun(replace(found.score, axes=(rate,)), found.manifest)
    text = model_card(read(tmp_path, reader="measurements", reader_details={}), circular)
    limits = section(text, "Caveats and recommendations")
    assert "On rate the truth rests on the measurement that the reader itself makes" in limits
    assert "Simulated recordings are among the data" in limits
    assert "On rate" not in model_card(read(tmp_path, reader="measurements", reader_details={}), found)


def test_what_was_not_done_is_among_the_limits(tmp_path):
    text = model_card(read(tmp_path, **BARE))
    limits = section(text, "Caveats and recommendations")
    for said in ("No method was judged against nulls", "No transplant was tried", "No concept was tried"):
        assert said in limits
    assert "### Concepts" not in text and "### Infarctions" not in text


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ({"reader": "resnet1d"}, "the run is of reader 'measurements' and the explanation of 'resnet1d'"),
        ({"reader_details": {"method": "guessed"}}, "with method 'measured' and the explanation of it with 'guessed'"),
    ],
)
def test_a_run_of_another_reader_is_refused(run, tmp_path, beside, said):
    found = CardRun.of(run)
    settings = {**found.settings, "reader_details": {"method": "measured"}}
    told = CardRun(found.score, {**found.manifest, "settings": settings})
    with pytest.raises(RunError, match=said):
        model_card(read(tmp_path, **({"reader": "measurements"} | beside)), told)


def test_words_of_strangers_do_nothing_on_the_card(tmp_path):
    hostile = "![x](http://a.example/p.png) <script>alert(1)</script> | a@b.example\n# Title \x1b[31m \\[go\\](x)"
    text = model_card(
        read(
            tmp_path,
            reader=hostile,
            reader_details={hostile: hostile},
            notes=(hostile,),
            shown=hostile,
            flips=((hostile, parts.flips()[0][1]),),
            rows=parts.rows(hostile),
            cases=(case(hostile, answer="rbbb"),),
        )
    )
    for live in ("<script", "http://", "a@b", "\x1b", "\n# Title", "![x]"):
        assert live not in text, live


def test_no_text_of_a_strangers_file_does_anything_on_the_card(tmp_path):
    write_explained(tmp_path, parts.explained())
    data = json.loads((tmp_path / "explain.json").read_text())
    hostile = "![x](http://a.example/p.png) <script> a@b.example\n# Title \x1b[31m"
    fixed = {"word", "use", "by", "kind", "roles", "segments", "target", "direction"}  # words of a closed list
    by_name = {"shares", "cells", "without", "control", "reader_details", "named", "by_answer"}

    def spoilt(value, name=""):
        if isinstance(value, dict):
            return {hostile if name in by_name else key: spoilt(of, key) for key, of in value.items() if key != "says"}
        if isinstance(value, list):
            return [spoilt(of, name) for of in value]
        return hostile if isinstance(value, str) and name not in fixed else value

    changed = {**spoilt(data), "says": data["says"]}
    changed["joints"] = [
        {**new, "target": old["target"]} for new, old in zip(changed["joints"], data["joints"], strict=True)
    ]
    (tmp_path / "explain.json").write_text(json.dumps(changed))
    text = write_model_card(tmp_path).read_text()
    assert text.count("Title") > 20
    for live in ("<script", "http://", "a@b", "\x1b", "\n# Title"):
        assert live not in text, next(line for line in text.splitlines() if live.strip() in line)


def test_the_card_is_written_beside_its_data(tmp_path, run):
    write_explained(tmp_path, parts.explained(joints=(), reader="measurements", reader_details={}))
    assert write_model_card(tmp_path, run) == tmp_path / MODEL_CARD
    assert (tmp_path / MODEL_CARD).read_text().count("\n## ") == len(SECTIONS)


def test_a_folder_without_an_explanation_or_a_run_is_one_sentence(tmp_path):
    with pytest.raises(FileError, match="'bench explain' writes it"):
        write_model_card(tmp_path)
    write_explained(tmp_path, parts.explained(joints=()))
    with pytest.raises(RunError, match=r"is no run folder|score\.json does not exist"):
        write_model_card(tmp_path, tmp_path)
