"""Looks at a growing sample: their alpha, what is asked at each, when it stops, and how often a verdict is false."""

import itertools
import json
from dataclasses import replace

import pytest

from bench.dataset import Selection
from bench.dataset.phantom import Phantoms
from bench.evidence import verdict as words
from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.knowledge import AxisTests, ShuffleTest
from bench.evidence.look import looks, spending
from bench.evidence.look_simulation import findings_at_looks, simulate_looks
from bench.evidence.result import Evidence
from bench.evidence.simulation import NAMES, NUMBERS, READS, RULES, TRACE, simulated_worlds
from bench.evidence.until_told import with_look
from bench.evidence.verdict import is_told, reasons
from bench.score.agreement import LEVEL

from ... import command
from ...loopback.server import Running, Server

KEY = "sk-test-abcdefgh12345678"
MANY = "phantoms:1,130"
RULE = {rule.name: rule for rule in RULES}


def test_what_may_be_spent_is_the_published_function():
    """Lan and DeMets' spending close to Pocock, five equal looks at 5%, as tables of it print (SAS, SEQDESIGN)."""
    assert [round(spending(share / 5), 4) for share in range(1, 6)] == [0.0148, 0.0262, 0.0354, 0.0432, 0.05]


@pytest.mark.parametrize(
    ("of", "sizes"),
    [
        (66, [66]),
        (100, [100]),
        (101, [100, 101]),
        (500, [100, 200, 400, 500]),
        (800, [100, 200, 400, 800]),
        (2198, [100, 200, 400, 800, 2198]),
    ],
)
def test_looks_double_up_to_all_and_spend_what_one_look_has(of, sizes):
    found = looks(of)
    assert [look.records for look in found] == sizes
    assert sum(look.level for look in found) == pytest.approx(LEVEL)
    assert found[-1].spent == pytest.approx(LEVEL)
    assert all(0 < look.level <= LEVEL for look in found)


def test_each_look_holds_those_before_it_and_is_the_sample_of_its_size():
    cohort = Phantoms("1,230").cohort("test")
    ids = [look.ids(cohort, 7) for look in looks(len(cohort))]
    assert all(few < more for few, more in itertools.pairwise(ids))
    assert ids[0] == set(Selection("phantoms:1,230", limit=100, seed=7).cohort().ids)
    assert ids[-1] == set(cohort.ids)


def test_a_finding_must_pass_the_alpha_of_its_look():
    test = ShuffleTest("image-only", 100, 9, 0.001, 40, 0.001, p_holm=0.02, names_p_holm=0.03)
    tests = AxisTests(reads=test, follows_trace=replace(test, condition="crossed"))
    assert [one.finding for one in reasons(tests)] == [words.NAMES, words.TRACE]
    assert [one.finding for one in reasons(tests, 0.025)] == [words.READS, words.TRACE]
    assert reasons(tests, 0.0148) == ()


def axis(name, verdict, n):
    figures = dict.fromkeys(("kappa", "knowable", "answered", "prior", "text_ceiling", "image_ceiling"))
    return AxisEvidence(name, False, n, verdict, (), AxisTests(), accuracies={}, **figures)


def evidence(n, **verdicts):
    axes = tuple(axis(name, verdict, n) for name, verdict in verdicts.items())
    return Evidence("r", "phantoms", "test", "credit", True, axes, n, (), {"full": "full"})


def test_what_was_told_at_a_look_stands():
    first, second, third, _ = looks(500)
    one = with_look(None, evidence(100, rate=words.PRIOR, rhythm="cannot tell (n = 100)", axis="no case"), first)
    two = with_look(one, evidence(200, rate=words.READS, rhythm=words.READS, axis="no case"), second)
    three = with_look(two, evidence(400, rate=words.READS, rhythm=words.NAMES, axis=words.PRIOR), third)
    assert one.told == {"rate": 1}
    assert two.told == {"rate": 1, "rhythm": 2}
    assert three.told == {"rate": 1, "rhythm": 2, "axis": 3}
    assert [(one.verdict, one.n) for one in three.axes] == [(words.PRIOR, 100), (words.READS, 200), (words.PRIOR, 400)]
    assert three.looks == (first, second, third)
    assert is_told(words.SILENT) and not is_told("no case") and not is_told("cannot tell (n = 3, ...)")


def ablate(*asked, cwd, **env):
    return command.bench("ablate", "--data", MANY, "--image-ceiling", "", *asked, cwd=cwd, **env)


def page_of(cwd):
    (folder,) = cwd.glob("runs/*-until-told")
    return json.loads((folder / "evidence.json").read_text()), (folder / "evidence.md").read_text()


def counts_of(cwd):
    return sorted(len(path.read_text().splitlines()) for path in cwd.glob("runs/*/readings.jsonl"))


@pytest.mark.slow
def test_who_is_told_at_the_first_look_is_asked_no_more(tmp_path):
    words_ = ("--reader", "readers.control:PriorControl", "--conditions", "image-only,text-only", "--until-told")
    done = ablate(*words_, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "look 1, at 100 of 130 records, alpha 0.0421: 8 of 8 axes are told" in done.stderr
    assert "100 (0.0421)" in done.stdout
    assert counts_of(tmp_path) == [100, 100, 100]
    found, page = page_of(tmp_path)
    assert [look["records"] for look in found["looks"]] == [100]
    assert set(found["told"].values()) == {1} and len(found["told"]) == 8
    assert found["stopped"] == ""
    assert "| 1 | 100 of 130 | 0.0421 | 0.0421 | rate, rhythm," in page
    assert "alpha of the look" in page
    assert {axis["level"] for axis in found["axes"]} == {found["looks"][0]["level"]}


@pytest.mark.slow
def test_who_is_not_told_is_looked_at_until_all_are_asked(tmp_path):
    words_ = ("--reader", "readers.control:ArbitraryControl", "--conditions", "full")
    done = ablate(*words_, "--until-told", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "look 2, at 130 of 130 records" in done.stderr
    assert "not yet" in done.stdout
    assert counts_of(tmp_path) == [130]
    found, _ = page_of(tmp_path)
    assert [look["number"] for look in found["looks"]] == [1, 2]
    plain = ablate(*words_, cwd=tmp_path)
    assert "not yet" not in plain.stdout and "told at" not in plain.stdout
    assert len(list(tmp_path.glob("runs/ablation-*"))) == 2, "the page of all looks is not written over"


@pytest.fixture
def server():
    with Running(Server()) as running:
        yield running


def by_turns():
    """Return a script that names one rhythm after the other whatever is shown, so that the axis is not told soon."""
    rhythms = itertools.cycle(("sinus", "sinus", "atrial_fibrillation"))

    def turn(whole):
        message = whole["choices"][0]["message"]
        message["content"] = json.dumps({**json.loads(message["content"]), "rhythm": next(rhythms)})
        return whole

    return turn


@pytest.mark.slow
def test_the_budget_ends_the_looks_and_a_higher_one_goes_on(server, tmp_path):
    env = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": KEY}
    server.script = by_turns()
    short = ("--option", "max_tokens=400", "--concurrency", "1", "--px-per-mm", "3")
    told = ("--reader", "openai:gpt-5.4", "--conditions", "full", *short, "--until-told")
    first = ablate(*told, "--max-cost", "0.5", cwd=tmp_path, **env)
    assert first.returncode == 2
    (sentence,) = [line for line in first.stderr.splitlines() if line.startswith("Error")]
    assert "stopped before exceeding --max-cost 0.5" in sentence
    assert not list(tmp_path.glob("runs/*-until-told")), "no look was finished"
    asked = sum(server.counts.values())
    assert 0 < asked < 100
    at_one = ablate(*told, "--max-cost", "1", cwd=tmp_path, **env)
    assert at_one.returncode == 2, at_one.stdout
    found, page = page_of(tmp_path)
    assert [look["number"] for look in found["looks"]] == [1]
    assert "stopped before exceeding --max-cost 1:" in found["stopped"] and "Stopped before the next look" in page
    assert 100 <= sum(server.counts.values()) < 130
    done = ablate(*told, "--max-cost", "9", cwd=tmp_path, **env)
    assert done.returncode == 0, done.stderr
    whole, _ = page_of(tmp_path)
    assert [look["number"] for look in whole["looks"]] == [1, 2]
    assert whole["looks"][0] == found["looks"][0]
    assert {name: look for name, look in whole["told"].items() if look == 1} == found["told"]
    assert sum(server.counts.values()) == len(server.counts) == 130, "nothing is asked twice"


@pytest.mark.slow
def test_a_dry_run_and_a_pilot_say_what_each_look_costs(server, tmp_path):
    env = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": KEY}
    words_ = ("--reader", "openai:gpt-5.4", "--px-per-mm", "3", "--conditions", "full,text-only", "--until-told")
    dry = ablate(*words_, "--dry-run", cwd=tmp_path, **env)
    assert dry.returncode == 0, dry.stderr
    assert "until look 1, 100 records\nin all: 200 readings to ask in 2 runs" in dry.stdout
    assert "until look 2, 130 records\nin all: 260 readings to ask in 2 runs" in dry.stdout
    pilot = ablate(*words_, "--pilot", "3", cwd=tmp_path, **env)
    assert pilot.returncode == 0, pilot.stderr
    assert sum(server.counts.values()) == 6
    assert "until look 1, 100 records: " in pilot.stdout and "until look 2, 130 records: " in pilot.stdout


@pytest.fixture(scope="module")
def many():
    return Phantoms("1,230").cohort("test")


@pytest.mark.slow
def test_looks_find_who_reads_and_spare_who_knows_nothing(many):
    (world,) = simulated_worlds(many, [0])
    rules = [RULE[name] for name in ("arbitrary by image", "copies the numbers", "sees 50% of abnormal")]
    found = findings_at_looks(world, many.dataset.baselines, rules)
    at_looks, careless = found["sees 50% of abnormal"]
    assert len(at_looks) == len(looks(len(many)))
    assert words.NAMES in at_looks[0], "before all are asked"
    assert words.NAMES in careless
    for name in ("arbitrary by image", "copies the numbers"):
        assert not {words.READS, words.NAMES, words.TRACE, words.BOTH} & set().union(*found[name][0])
    assert words.NUMBERS in set().union(*found["copies the numbers"][0])


@pytest.mark.slow
def test_over_all_looks_few_verdicts_are_false_and_readers_are_told_early(many):
    """Three looks at 230 phantoms, 30 trials."""
    found = {one.name: one for one in simulate_looks(many, 30)}
    for rule in RULES:
        if rule.knows == "nothing":
            one = found[rule.name]
            assert all(one.ever[name].value <= LEVEL for name in (READS, NAMES, TRACE) if name in one.ever), rule.name
    assert found["copies the numbers"].ever[NUMBERS].value > 0.9
    for name in ("sees 25% of abnormal", "sees 50% of abnormal"):
        assert found[name].reads[0].value > 0.95, "at the first look"
    first, *_, last = found["gross, random names"].reads
    assert first.value < last.value, "later looks find what the first cannot"


@pytest.mark.slow
def test_the_command_prints_the_table_of_looks(tmp_path):
    done = command.bench("selftest", "--simulate", "--until-told", "--trials", "2", "--data", MANY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "by 100" in done.stdout and "by 130" in done.stdout and "careless" in done.stdout
    alone = command.bench("selftest", "--until-told", cwd=tmp_path)
    assert alone.returncode == 2 and "--until-told is for --simulate" in alone.stderr
