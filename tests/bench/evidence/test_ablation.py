"""What an ablation asks, of whom, and what it may cost; and the self-test that judges it."""

from dataclasses import replace

import numpy as np
import pytest

from bench import View, ablate
from bench.dataset import Selection
from bench.evidence import selftest as tested
from bench.evidence import verdict as words
from bench.evidence.ablation import (
    Ablation,
    ablate_on_disk,
    ablation_of,
    ceiling_reader,
    condition_jobs,
    first_repeats,
)
from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.conditions import (
    asked_conditions,
    asked_in_words,
    conditions_asked,
    crossed_draws,
    in_asking_order,
    tells_nothing,
)
from bench.evidence.knowledge import AxisTests, ShuffleTest
from bench.evidence.selftest import EXPECTED, Expected, controls, problems
from bench.evidence.simulation import COUNTED, RULES, asked_cases, screened, simulated_worlds
from bench.evidence.verdict import Reason
from bench.run.folder import RunFolder
from bench.run.job import Job, limited
from bench.run.options import Limits, RunOptions
from bench.view import CONDITIONS, CROSSED, QuestionKey
from readers.control import ABNORMAL, CopyControl, PriorControl, by_lot, prior
from taxonomy.axis import AXIS_NAMES, CONDUCTION
from taxonomy.reading import Failure, Reading, Usage
from taxonomy.truth import Truth

EVERY = conditions_asked("all", several_draws=True)
IMAGE, TEXT, BOTH = frozenset({"image"}), frozenset({"text"}), frozenset({"image", "text"})


def paid(folder, *costs):
    """Return a job of a run that has cost this."""
    folder.mkdir()
    lines = [
        f'{{"ecg_id": {number}, "reading": {{"values": {{}}, "usage": {{"cost": {cost}}}}}}}\n'
        for number, cost in enumerate(costs)
    ]
    (folder / "readings.jsonl").write_text("".join(lines))
    return Job(None, None, None, RunFolder(folder), Limits(max_cost=1.0))


@pytest.fixture
def jobs(tmp_path):
    return {
        "full": paid(tmp_path / "full", 0.25, 0.125),
        "image-only": paid(tmp_path / "image-only", 0.25),
        "crossed": paid(tmp_path / "crossed"),
    }


def test_what_other_conditions_have_cost_is_taken_off_the_limit(jobs):
    """A run takes off itself what it has cost before."""
    others = {name: limited(jobs, name).limits.others for name in jobs}
    assert others == {"full": 0.25, "image-only": 0.375, "crossed": 0.625}
    assert {limited(jobs, name).limits.max_cost for name in jobs} == {1.0}, "the limit is told as it was given"
    assert limited(jobs, "full").folder is jobs["full"].folder


def test_nothing_is_left_of_a_limit_that_is_spent(jobs):
    short = {name: replace(job, limits=Limits(max_cost=0.5)) for name, job in jobs.items()}
    left = {name: limits.max_cost - limits.others for name in jobs if (limits := limited(short, name).limits)}
    assert left["full"] == 0.25
    assert left["crossed"] < 0, "which is as spent as it can be"


def test_without_a_limit_there_is_none(jobs):
    free = {name: replace(job, limits=Limits()) for name, job in jobs.items()}
    assert limited(free, "crossed").limits.max_cost is None
    none = {name: replace(job, limits=Limits(max_cost=0.0)) for name, job in jobs.items()}
    assert limited(none, "crossed").limits.max_cost == 0


class Recording:
    """Answers the prior, and keeps what it was shown."""

    name = "recording"
    inputs = frozenset({"signal", "text"})

    def __init__(self):
        self.seen = []

    def read(self, cases):
        for case in cases:
            self.seen.append(case)
            yield Reading(values=prior(), usage=Usage(cost=0.0))


def test_a_record_is_asked_under_another_id_in_every_condition(population):
    reader = Recording()
    ablate(reader, population.cohort(limit=3), image_ceiling=None, conditions="full,image-only")
    assert len(reader.seen) == len({case.case_id for case in reader.seen}) == 6


def options(tmp_path, **more):
    selection = Selection("phantoms:1,66", limit=3)
    return RunOptions("readers.control:CopyControl", selection=selection, out=tmp_path, **more)


def test_each_condition_is_a_run_with_its_manifest(tmp_path):
    found = ablate_on_disk(options(tmp_path), "full,image-only", image_ceiling="")
    runs = [path for path in tmp_path.iterdir() if path.is_dir() and (path / "readings.jsonl").is_file()]
    assert len(runs) == 2
    assert all((path / "manifest.json").is_file() for path in runs)
    assert found.run_id in {path.name for path in runs} and found.reader == "readers.control:CopyControl"
    assert found.image_ceiling == "" and all(axis.image_ceiling is None for axis in found.axes)


def test_the_image_ceiling_stands_beside_unless_it_is_the_reader_itself(tmp_path):
    beside = ablate_on_disk(options(tmp_path, repeats=2), "full", image_ceiling="readers.control:PriorControl")
    assert beside.image_ceiling == "readers.control:PriorControl"
    assert all(axis.image_ceiling == axis.prior for axis in beside.axes)
    asked = {path.parent.name: len(path.read_text().splitlines()) for path in tmp_path.glob("*/readings.jsonl")}
    assert sorted(asked.values()) == [3, 6], "the ceiling is asked once, though the reader is asked twice"
    itself = ablate_on_disk(options(tmp_path), "full", image_ceiling="readers.control:CopyControl")
    assert itself.image_ceiling == ""


def test_nothing_is_written_before_anything_is_asked(tmp_path):
    ablation = ablation_of(options(tmp_path), "full,text-only,no-rate")
    assert ablation.asked == ("full", "text-only", "no-rate")
    jobs = condition_jobs(options(tmp_path), ablation)
    assert {name: job.cases.view.condition for name, job in jobs.items()} == {name: name for name in ablation.asked}
    assert len({job.folder.path for job in jobs.values()}) == 3
    assert not list(tmp_path.iterdir())


def test_the_ceiling_in_memory_is_named_and_a_failed_call_of_it_is_wrong(population):
    class Failing(PriorControl):
        def read(self, cases):
            for number, reading in enumerate(super().read(cases)):
                yield Reading(error=Failure("crash", "boom")) if number % 2 else reading

    cohort = population.cohort(limit=4)
    found = ablate(PriorControl(), cohort, image_ceiling=Failing(), conditions="full")
    assert found.image_ceiling == "control-prior"
    (rate,) = (axis for axis in found.axes if axis.axis == "rate")
    assert (rate.prior, rate.image_ceiling) == (1, 0.5)


def test_only_the_first_of_several_answers_counts():
    one, other = Reading(values={"rhythm": "sinus"}), Reading(values={"rhythm": "paced"})
    answers = {QuestionKey(7, 1): other, QuestionKey(7, 0): one, QuestionKey(8, 0): other}
    assert first_repeats(answers) == {7: one, 8: other}


def test_axes_are_those_of_the_format_that_the_reader_answers(population):
    def axes(reader, **view):
        settled = View(**view).settled(reader)
        return [axis.name for axis in Ablation(reader, population.cohort(limit=2), settled).axes]

    class Rhythms(CopyControl):
        axes = frozenset({"rhythm", "rate"})

    class Traces(Rhythms):
        inputs = IMAGE

    class Normality(Traces):
        axes = frozenset({"normality"})

    assert axes(CopyControl()) == list(AXIS_NAMES)
    assert axes(CopyControl(), format="flat") == ["diagnosis"]
    assert axes(Rhythms()) == axes(Traces()) == ["rate", "rhythm"]
    assert axes(Normality()) == ["normality"]


def test_readers_have_the_ceiling_of_their_inputs():
    assert ceiling_reader(BOTH) == "digitizer"
    assert ceiling_reader(TEXT) == "resnet1d"
    assert ceiling_reader(frozenset({"statements", "image"})) == ""
    assert ceiling_reader(IMAGE, "none of ours") == "none of ours"
    assert ceiling_reader(IMAGE, "") == ""


SHARED = {
    BOTH: {},
    IMAGE: {
        "image-only": "full",
        **dict.fromkeys(CROSSED, "full"),
        "no-rate": "full",
        "no-axis": "full",
        "text-only": None,
        "text-only-untold": None,
        "nothing": "blank-image",
    },
    TEXT: {
        "blank-image": "full",
        "lead-mask": "full",
        "jittered": "full",
        "nothing": None,
    },
}


@pytest.mark.parametrize("inputs", [BOTH, IMAGE, frozenset({"signal"})])
def test_each_condition_is_shared_with_the_one_that_looks_the_same(inputs):
    expected = {name: name for name in EVERY} | SHARED[BOTH if inputs == BOTH else IMAGE]
    assert asked_conditions(inputs, EVERY) == expected


def test_who_reads_numbers_alone_is_asked_once_for_the_same_prompt():
    """A prompt that says that there is no tracing is another prompt, and one without numbers is too."""
    serves = asked_conditions(TEXT, EVERY)
    assert {name: used for name, used in serves.items() if used != name} == {
        "blank-image": "full",
        "text-only-untold": "full",
        "lead-mask": "full",
        "jittered": "full",
    }


def test_the_order_of_asking_shows_a_trace_with_its_numbers_last():
    assert in_asking_order(["full", "image-only", "text-only", "crossed", "jittered"]) == [
        "image-only",
        "text-only",
        "crossed",
        "full",
        "jittered",
    ]


def test_conditions_in_words():
    assert asked_in_words(asked_conditions(BOTH, conditions_asked())) == "full, image-only, text-only, crossed"
    assert asked_in_words(asked_conditions(IMAGE, conditions_asked())) == "full"
    assert crossed_draws(asked_conditions(BOTH, conditions_asked())) == ("crossed",)
    two = asked_conditions(BOTH, ("full", "crossed", "crossed-3"))
    assert (crossed_draws(two), asked_in_words(two)) == (("crossed", "crossed-3"), "full, crossed (2 draws)")
    assert conditions_asked("crossed", several_draws=True) == ("full", *CROSSED)
    assert conditions_asked("crossed") == ("full", "crossed")
    assert conditions_asked("nothing", several_draws=True) == ("full", "nothing")
    assert set(conditions_asked("all")) == set(CONDITIONS) - set(CROSSED[1:])


def test_what_tells_nothing_depends_on_the_inputs():
    assert tells_nothing("blank-image", IMAGE) and not tells_nothing("blank-image", BOTH)
    assert tells_nothing("text-only", IMAGE) and not tells_nothing("text-only", TEXT)
    assert not tells_nothing("crossed", BOTH) and not tells_nothing("crossed", TEXT)


FOUND = Reason(words.READS, "image-only", 60, 0.01)


def axis_of(verdict, *found, names_n=10, n=60, name="rhythm"):
    knows = ShuffleTest("full", n, 9, 0.5, names_n, 0.5)
    figures = dict.fromkeys(("kappa", "knowable", "answered", "prior", "text_ceiling", "image_ceiling"))
    reasons = tuple(Reason(one, "full", n, 0.01) for one in found)
    return AxisEvidence(name, False, n, verdict, reasons, AxisTests(knows=knows), accuracies={}, **figures)


def wrong(*axes, **expected):
    return list(problems(axes, Expected(**expected)))


def test_a_lacking_verdict_is_wrong_where_ten_cases_are_abnormal():
    assert wrong(axis_of(words.PRIOR), says=words.PRIOR) == []
    assert wrong(axis_of("cannot tell"), says=words.PRIOR) == ["rhythm: 'cannot tell' lacks 'recites the prior'"]
    assert wrong(axis_of("cannot tell", names_n=9), says=words.PRIOR) == []
    assert wrong(axis_of("cannot tell", n=0), says=words.PRIOR) == []
    assert wrong(axis_of("cannot tell"), on=("rate",), says=words.PRIOR) == []
    assert wrong(axis_of(words.PRIOR, words.INFERS), says=words.PRIOR) != [], "a finding is no reciting"


def test_a_finding_that_must_not_be_there_is_wrong_on_any_axis():
    assert wrong(axis_of("x", words.NAMES, names_n=1), never=(words.READS,)) == [f"rhythm: 'x' holds {words.READS!r}"]
    assert wrong(axis_of("x", words.READS), never=(words.NAMES,)) == []


def test_any_axis_is_enough_where_any_is_asked_for():
    found, lacking = axis_of("x", words.READS), axis_of("y", name="rate")
    assert wrong(found, lacking, says=words.READS, how_many="any") == []
    assert wrong(lacking, says=words.READS, how_many="any") == [f"no axis: {words.READS!r}"]
    assert wrong(says=words.READS, how_many="any") == []
    assert wrong(found, lacking, says=words.READS) == [f"rate: 'y' lacks {words.READS!r}"]


def test_every_control_has_its_verdict_and_the_seers_see_their_shares(population):
    cohort = population.cohort(limit=3)
    readers = controls(cohort)
    assert {reader.name for reader in readers} == EXPECTED.keys() and len(readers) == len(EXPECTED)


def test_the_selftest_asks_what_shows_elsewhere_and_tells_what_is_wrong(population, monkeypatch):
    class Liar(PriorControl):
        name = "control-memory"
        description = "says that it knows by heart, and does not"

    honest = {"control-prior": (Expected(never=(words.ELSEWHERE, words.INFERS)),)}
    monkeypatch.setattr(tested, "EXPECTED", {**EXPECTED, **honest})
    monkeypatch.setattr(tested, "ENOUGH", 3)
    monkeypatch.setattr(tested, "controls", lambda cohort, seed: [PriorControl(), Liar()])
    right, false = tested.selftest(population.cohort(limit=16))
    assert (right.reader, right.wrong, right.description) == ("control-prior", (), PriorControl.description)
    assert false.description == Liar.description and false.wrong
    assert all(said.endswith(f"lacks {words.ELSEWHERE!r}") for said in false.wrong)
    assert all(axis.tests.elsewhere and axis.tests.jittered for axis in right.axes if axis.n)


@pytest.fixture(scope="module")
def world(population):
    return next(simulated_worlds(population.cohort("test"), [3]))


RULE = {rule.name: rule for rule in RULES}


def shown(rule, world, conditions=("full", "image-only", "text-only", "crossed")):
    return asked_cases(RULE[rule], world, asked_conditions(RULE[rule].inputs, conditions))


def values_of(cases, condition):
    return [case.readings[condition].values for case in cases]


def test_simulated_readers_answer_by_their_rule(world):
    usual = prior()
    truths = [
        {k: v for k, v in source.truth.values.items() if v is not None and k in usual} for source in world.sources
    ]
    abnormal = [truth.get("diagnosis", "NORM") != "NORM" for truth in truths]
    for case, place in zip(shown("gross abnormality", world), range(len(truths)), strict=True):
        assert (case.readings["full"].values == {**usual, **ABNORMAL}) == abnormal[place]
        assert case.numbers["crossed"] is world.sources[world.donors[place]]
        assert case.own is world.sources[place]
    named = values_of(shown("gross, random names", world), "full")
    assert all((one == usual) for one, is_wrong in zip(named, abnormal, strict=True) if not is_wrong)
    assert sorted(str(one["diagnosis"]) for one, is_wrong in zip(named, abnormal, strict=True) if is_wrong) == sorted(
        str(truth["diagnosis"]) for truth, is_wrong in zip(truths, abnormal, strict=True) if is_wrong
    )
    half = [one == {**usual, **ABNORMAL} for one in values_of(shown("page height, order", world), "full")]
    assert sum(half) == len(half) // 2
    other = values_of(shown("another's truth", world), "full")
    assert sorted(str(one["rhythm"]) for one in other) == sorted(str(t.get("rhythm", usual["rhythm"])) for t in truths)
    assert any(one["diagnosis"] != truth.get("diagnosis") for one, truth in zip(other, truths, strict=True))


def test_who_answers_by_lot_does_so_by_the_image_alone(world):
    cases = shown("arbitrary by image", world)
    full = values_of(cases, "full")
    assert full == values_of(cases, "image-only") == values_of(cases, "crossed")
    assert len({str(values["rhythm"]) for values in full}) > 3
    assert full == [{**prior(), **by_lot(f"{world.trial} {place}")} for place in range(len(full))]


def test_simulated_readers_of_numbers_copy_and_refuse(world):
    usual = prior()
    copying = shown("copies the numbers", world)
    for place, case in enumerate(copying):
        numbers, donor = world.values[place], world.values[world.donors[place]]
        told = {name: numbers[name] for name in ("rate", "axis") if numbers[name] is not None}
        assert case.readings["full"].values == case.readings["text-only"].values == {**usual, **told}
        told = {name: donor[name] for name in ("rate", "axis") if donor[name] is not None}
        assert case.readings["crossed"].values == {**usual, **told}
        assert case.readings["image-only"].values == usual
    refusing = [not values for values in values_of(shown("refuses on mismatch", world), "crossed")]
    assert 0.75 < np.mean(refusing) < 1
    for name in ("full", "image-only", "text-only"):
        assert all(values == usual for values in values_of(shown("refuses on mismatch", world), name))


def test_a_reader_of_images_says_the_prior_without_one(world):
    cases = shown("sees 50% of abnormal", world, ("full", "blank-image"))
    assert all(values == prior() for values in values_of(cases, "blank-image"))
    assert any(values != prior() for values in values_of(cases, "full"))


def test_nothing_right_beyond_the_prior_is_not_shuffled():
    truths = [Truth({"conduction": value}) for value in ("none", "lbbb", "lbbb", "none")]
    found = screened(CONDUCTION, ["none", "none", "rbbb", None], truths, "none", range(4), [0] * 4)
    assert (found.n, found.s, found.p, found.names_n, found.names_p, found.kappa) == (4, 0, 1, 2, 1, None)


def test_what_is_counted_as_read():
    assert {name: set(said) for name, said in COUNTED.items()} == {
        "can read it": {words.READS, words.NAMES},
        "and names it": {words.NAMES},
        "follows the trace": {words.TRACE, words.BOTH},
        "follows the numbers": {words.NUMBERS, words.BOTH},
        "refuses": {words.REFUSES},
    }


def test_answers_of_an_ablation_are_held_against_whose_numbers_were_shown(population):
    """A reader that copies is right of the donor under crossed, and failed calls are in no figure."""

    class Failing(CopyControl):
        def read(self, cases):
            for number, reading in enumerate(super().read(cases)):
                yield reading if number else Reading(error=Failure("crash", "boom"))

    cohort = population.cohort(limit=12)
    conditions = "full,crossed,lead-mask"
    axes = ablate(Failing(), cohort, image_ceiling=None, conditions=conditions).axes
    found = {axis.axis: axis for axis in axes}
    assert found["rate"].crossed_numbers.value == found["rate"].accuracies["full"].value == 1
    assert None not in [cohort.truth(record).values["rhythm"] for record in cohort]
    assert found["rhythm"].accuracies["full"].n == 11
