"""The page, the pictures and the table of a domain study, whatever its domains are called."""

import json
import re
from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from bench.domains.domain import HELD_OUT, INTRA, ZERO_SHOT, Answered
from bench.domains.result import DomainStudy
from bench.domains.shift import domain_study
from bench.report.domain_page import domain_page, write_domains
from bench.report.domain_plot import label
from bench.report.domain_table import domain_table
from taxonomy.reading import Reading

from ..domains.simulated import both, domain_of, mi_truths, of_mi, population, scores, truth_of

HOSTILE = "../../<b>[x](http://evil)|`a$\\frac{1}_b\n# c\x1b[31m*"


def answered(name="georgia", arm="resnet", seed=0, lenient=True):
    rng = np.random.default_rng(seed)
    truth, patients = population(rng, 120)
    truths, people = mi_truths(truth), {k: int(p) for k, p in enumerate(patients)}
    nearly = mi_truths(truth ^ (rng.random(len(truth)) < 0.01))
    domain = domain_of(name, truths, people, nearly if lenient else None)
    home, away = (of_mi(scores(rng, truth, patients, area)) for area in (0.93, 0.7))
    pair = [replace(one, arm=arm) for one in both(domain, home, away)]
    return [*pair, Answered(arm, ZERO_SHOT, domain, away, contaminated=frozenset({1, 2}))]


@pytest.fixture(scope="module")
def study():
    return domain_study([*answered(), *answered("ningbo", seed=1)], draws=100)


def printed(study):
    out = StringIO()
    Console(file=out, width=80).print(domain_table(study))
    return out.getvalue()


def test_everything_is_written_and_read_back(study, tmp_path):
    page = write_domains(tmp_path / "new", study)
    assert page == tmp_path / "new" / "page.md"
    assert DomainStudy.from_json(json.loads((tmp_path / "new" / "study.json").read_text(encoding="utf-8"))) == study
    shown = re.findall(r"!\[[^\]]+\]\((pictures/\w+\.png)\)", page.read_text(encoding="utf-8"))
    assert [(tmp_path / "new" / one).read_bytes()[:4] for one in shown] == [b"\x89PNG"] * 5


def test_the_page_says_what_drops_and_on_what_it_rests(study):
    text = domain_page(study)
    assert "of 4 pairs of a class and a domain that can be tested 2 drop from intra-source to leave-one-out" in text
    row = next(line for line in text.splitlines() if line.startswith("| MI |") and "drops" in line)
    assert re.search(
        r"\| 0\.9\d\d \| 0\.\d{3} \| \+0\.\d{3} \\\[\+0\.\d{3}, \+0\.\d{3}\\\] \| <?(&lt;)?0\.0\d\d \|", row
    )
    assert "training records intra-source: georgia 90; leave-one-out: elsewhere 100" in text
    assert "shift: most of it stays by lenient labels" in text
    assert "| University of Michigan, hidden, never taught | 0.59 |" in text
    assert "PRWP (no value)" in text and "PhysioNet/CinC Challenge 2021" in text
    assert "neither SNOMED CT codes nor SCP-ECG statements" in text
    assert "classes without a positive" in text


def test_one_network_has_figures_and_no_verdict():
    alone = domain_study([replace(one, networks={}) for one in answered()], draws=50)
    text = domain_page(alone)
    assert "no drop is told: of these networks alone: another training is not in the interval" in text
    assert "cannot tell: of these networks alone" in text
    assert not re.search(r"\| (drops|gains|no drop shown)", text) and "classes drop" not in text


def test_contaminated_figures_are_marked(study):
    text = domain_page(study)
    assert "zero-shot †" in text and "2 of " in text and "records were taught to this reader" in text
    assert "*" in next(line for line in printed(study).splitlines() if line.startswith("georgia"))


def test_the_table_fits_eighty_columns(study):
    several = domain_study([*answered("a_very_long_name_of_a_hospital_in_a_town"), *answered(arm="b" * 50)], draws=50)
    for one in (study, several):
        lines = printed(one).splitlines()
        assert all(len(line) <= 80 for line in lines)
    assert next(line for line in printed(study).splitlines() if line.startswith("ningbo")).count("0.") >= 4
    assert len([line for line in printed(several).splitlines() if line.strip()]) == 6


def test_without_drops_the_page_says_so_and_draws_what_there_is(tmp_path):
    alone = domain_study([answered()[2]], draws=50)
    text = write_domains(tmp_path, alone).read_text(encoding="utf-8")
    assert "answers of one protocol only, so that no drop can be told" in text
    assert {one.name for one in (tmp_path / "pictures").iterdir()} == {"auroc.png", "classes.png", "calibration.png"}
    assert "## Rare and common" not in text and "## Label noise" not in text


def test_answers_without_probabilities_have_a_page_too(tmp_path):
    truths = {k: truth_of(rhythm="paced" if k % 2 else "sinus") for k in range(20)}
    read = {k: Reading({"rhythm": "sinus" if k % 3 else "paced"}) for k in truths}
    study = domain_study(both(domain_of("a", truths), read, read), draws=50)
    text = write_domains(tmp_path, study).read_text(encoding="utf-8")
    assert "no class has an AUROC" in text and "no probabilities" in text
    assert not (tmp_path / "pictures").exists()
    assert "no class of any domain has enough positives" in text


def test_a_domain_without_records_has_a_page(tmp_path):
    study = domain_study([Answered("r", ZERO_SHOT, domain_of("a", {}), {})], draws=50)
    assert "no record was answered" in write_domains(tmp_path, study).read_text(encoding="utf-8")


def test_a_name_is_shown_and_obeyed_nowhere(tmp_path):
    study = domain_study([*answered(HOSTILE), *answered("plain", HOSTILE, 1)], draws=50)
    text = write_domains(tmp_path / "out", study).read_text(encoding="utf-8")
    assert (
        "<b>" not in text
        and not re.search(r"(?<!\\)\]\(http", text)
        and "\x1b" not in text
        and "http://evil" not in text
    )
    assert not any(line.startswith("# c") for line in text.splitlines())
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|")
    tables = [block for block in text.split("\n\n") if block.startswith("| ")]
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {
        tmp_path / "out",
        tmp_path / "out" / "pictures",
    }
    assert "\x1b" not in printed(study)


def test_a_name_in_a_picture_is_no_formula():
    assert label("上海 \x1b") == "?? \\\\x1b"
    assert label("a$b$") == r"a\$b\$" and label("_hidden").startswith(" ")
    assert len(label("x" * 100)) < 40


def test_protocols_are_told_in_words():
    assert (INTRA, HELD_OUT, ZERO_SHOT) == ("intra-source", "leave-one-out", "zero-shot")
