"""What a drop between two recordings of the same truth is worth, by hand; and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest

from bench import View
from bench.dataset import Selection
from bench.dataset.phantom import Phantoms
from bench.evidence import contamination_verdict as words
from bench.evidence.contamination import (
    COPIES,
    HELD_OUT,
    HELD_OUT_PHANTOMS,
    PHANTOM_COPIES,
    PHANTOMS,
    PUBLISHED,
    Contamination,
    Reference,
    Study,
    contamination_on_disk,
    gathered,
    reference_name,
    rights_of,
    study_of,
)
from bench.evidence.contamination_selftest import contamination_selftest, memory_controls
from bench.evidence.contamination_simulation import (
    FALLS,
    LEARNT,
    MEMORISED,
    simulate_contamination,
    without_interval,
)
from bench.evidence.drop import (
    TOGETHER,
    Drop,
    Rule,
    accuracy_of,
    drops,
    excess,
    gap_difference,
    memory_found,
)
from bench.evidence.figure import Figure
from bench.run.options import RunOptions
from bench.view.derived import copies_of, matched_phantoms
from phantoms.error import PhantomError
from readers.control import MemoryControl, PriorControl, prior, trace_digest
from readers.majority import MajorityReader
from readers.memoriser import MemoriserControl
from taxonomy.error import DatasetError, SettingError
from taxonomy.reading import Failure, Reading
from taxonomy.truth import Truth


def rights(**axes):
    """Return right answers from strings of ``+`` and ``-``, record by record; a blank is no answer."""
    return {axis: {number: one == "+" for number, one in enumerate(told) if one != " "} for axis, told in axes.items()}


def alone(n):
    return {number: f"of {number}" for number in range(n)}


def test_drops_by_hand():
    first = rights(rhythm="++++++++", diagnosis="++ -----", rate="++++++++")
    second = rights(rhythm="++------", diagnosis="++ +----", conduction="++++++++")
    together, rhythm, diagnosis = drops(first, second, alone(8))
    assert [one.axis for one in (together, rhythm, diagnosis)] == [TOGETHER, "rhythm", "diagnosis"]
    assert (rhythm.first, rhythm.second, rhythm.drop.n, rhythm.drop.value) == (1, 0.25, 8, 0.75)
    assert (diagnosis.drop.n, diagnosis.drop.value) == (7, pytest.approx(-1 / 7, abs=1e-6))
    assert (together.drop.n, together.drop.value) == (15, pytest.approx(5 / 15, abs=1e-6))
    # Six tosses all one way; on all axes together the gains are -1 + 1 = 0 for record 3 and 1 for five others.
    assert rhythm.drop.p == pytest.approx(2 / 2**6) and together.drop.p == pytest.approx(2 / 2**5)
    assert (rhythm.drop.p_holm, together.drop.p_holm) == (pytest.approx(6 / 2**6), pytest.approx(4 / 2**5))
    assert diagnosis.drop.p_holm == 1


def test_the_p_of_several_deciding_comparisons_is_multiplied_up_to_1():
    first, second = rights(rhythm="++++++++"), rights(rhythm="--------")
    once, thrice = (drops(first, second, alone(8), Rule(n))[1].drop.p_holm for n in (1, 3))
    assert (once, thrice) == (pytest.approx(4 / 2**8, abs=1e-5), pytest.approx(12 / 2**8, abs=1e-5))
    assert drops(first, rights(rhythm="+++++++-"), alone(8), Rule(3))[1].drop.p_holm == 1


def test_without_shared_answers_there_is_no_drop():
    (together, rhythm) = drops(rights(rhythm="++  "), rights(rhythm="  ++"), alone(4))
    for one in (together, rhythm):
        assert (one.first, one.second, one.drop, one.share) == (None, None, None, None)
        assert not one.is_found and not one.is_significant and not one.rules_out_much and one.detectable is None
    assert [one.axis for one in drops({}, {}, {})] == [TOGETHER]


def fall(value=0.1, p_holm=0.01, interval=(0.05, 0.15), share=0.2, **more):
    figure = Figure(100, value, interval, p_holm, p_holm)
    return Drop("rhythm", value + 0.6, 0.6, figure, share, more.get("least", 0.02))


def test_when_a_drop_counts():
    assert fall().is_found and fall().is_significant
    assert fall(value=0.02).is_found and not fall(value=0.019).is_found
    assert fall(value=0.019).is_significant
    assert not fall(p_holm=0.05).is_significant and not fall(p_holm=None).is_significant
    assert not fall(value=0.0, least=0.0).is_significant and not fall(value=-0.1, least=0.0).is_found
    assert fall().detectable == pytest.approx(0.2 * 0.4) and fall(share=None).detectable is None


def test_when_much_is_ruled_out():
    calm = fall(value=0.0, p_holm=1.0, interval=(-0.05, 0.1), share=0.25)
    assert calm.rules_out_much, "a drop of 0.1 and a quarter of the records would have been seen"
    assert not replace(calm, drop=replace(calm.drop, interval=(-0.05, 0.11))).rules_out_much
    assert not replace(calm, share=0.26).rules_out_much, "0.26 of the wrong 0.4 is more than 0.1"
    assert replace(calm, share=0.5, second=0.8).rules_out_much
    assert not replace(calm, share=0.505, second=0.9).rules_out_much, "more than half of the records"
    assert not replace(calm, share=None).rules_out_much
    assert not replace(calm, drop=replace(calm.drop, interval=None)).rules_out_much


ONE = Rule()


def found(first, second, records=1, rule=ONE, tests=1):
    """Return the share of memorised patients that would be found; each has so many records one after another."""
    patients = [number // records for number in range(len(first))]
    return memory_found(patients, np.array(first, dtype=float), np.array(second, dtype=float), rule, tests)


def test_the_share_that_would_be_found_by_hand():
    """50 s - 0.84 sqrt(50 s (1 - s)) must reach 1.96 sqrt(50 s): at s = 0.15 it is 5.375 of 5.368."""
    wrong = [0] * 50
    assert found(wrong, wrong) == pytest.approx(0.15)
    assert found(wrong + [1] * 100, wrong + [1] * 100) == pytest.approx(0.15), "who is right anyhow gains nothing"
    # At a level of 0.025, 2.24 sqrt(50 s): 6.939 of 6.817 at s = 0.185.
    assert found(wrong, wrong, tests=2) == found(wrong, wrong, rule=Rule(2)) == pytest.approx(0.185)
    # At least 0.02 of 1,000 answers: 20.03 at s = 0.46.
    many = wrong + [1] * 950
    assert found(many, many, rule=Rule(least=0.02)) == pytest.approx(0.46)


def test_who_wavers_hides_more_memory():
    """16 are lost and 16 won between the two: 50 s - 0.84 sqrt(32 + 50 s (1 - s)) reaches 1.96 sqrt(32 + 50 s)."""
    first = [1] * 16 + [0] * 34 + [0] * 16
    second = [0] * 16 + [0] * 34 + [1] * 16
    assert found(first, second) == pytest.approx(0.395)


def test_two_records_of_a_patient_are_learnt_together():
    """50 s - 0.84 sqrt(100 s (1 - s)) reaches 1.96 sqrt(100 s) at s = 0.29."""
    assert found([0] * 50, [0] * 50, records=2) == pytest.approx(0.29)


def test_so_few_must_gain_as_the_exact_test_needs():
    """Six tosses all one way are 2 / 64; five are not enough at any share."""
    assert found([0] * 5, [0] * 5) is None
    assert found([0] * 6, [0] * 6) == pytest.approx(0.96)
    assert found([0] * 6, [0] * 6, tests=2) is None


def test_an_excess_is_over_the_records_with_all_four_answers():
    published = rights(rhythm="++++ ", diagnosis="++"), rights(rhythm="----+", diagnosis="++")
    fresh = rights(rhythm="+++++", diagnosis="+-"), rights(rhythm="++--+", diagnosis="++")
    figure = excess(published, fresh, alone(5))
    # Falls of rhythm 1 1 1 1 beside 0 0 1 1; of the diagnosis 0 0 beside 0 -1.
    assert (figure.n, figure.value) == (6, pytest.approx((1 + 1 + 0 + 0 + 0 + 1) / 6))
    assert excess(published, ({}, {}), alone(5)) is None


def test_a_gap_of_other_patients_by_hand():
    asked = rights(rhythm="++++"), rights(rhythm="+-+-")
    held_out = rights(rhythm="++++"), rights(rhythm="++++")
    figure = gap_difference(asked, held_out, (alone(4), alone(4)))
    assert (figure.n, figure.value) == (8, 0.5)
    assert figure.interval == (
        pytest.approx(0.5 - 1.959964 * 0.25, abs=1e-5),
        pytest.approx(0.5 + 1.959964 * 0.25, abs=1e-5),
    )
    # Both gains fall into one of two groups of four in 30 of 70 lots.
    assert figure.p == pytest.approx(30 / 70, abs=0.02)


def test_a_gap_that_is_as_far_the_other_way_counts():
    everyone, nobody = rights(rhythm="+++"), rights(rhythm="---")
    figure = gap_difference((everyone, nobody), (everyone, everyone), (alone(3), alone(3)))
    back = gap_difference((everyone, everyone), (everyone, nobody), (alone(3), alone(3)))
    assert (figure.value, back.value) == (1, -1)
    assert figure.p == pytest.approx(2 / 20, abs=0.01) and back.p == pytest.approx(2 / 20, abs=0.01)
    assert figure.interval == (1, 1)


def test_a_patients_answers_are_one_gain():
    asked = rights(rhythm="+++", diagnosis="+++"), rights(rhythm="---", diagnosis="+++")
    patients = {0: "a", 1: "a", 2: "b"}
    figure = gap_difference(asked, asked, (patients, patients))
    assert (figure.n, figure.value, figure.p) == (4, 0, 1)
    weighed = rights(rhythm="+++"), rights(rhythm="--+")  # two of a gain, one of b does not
    figure = gap_difference(weighed, (weighed[0], weighed[0]), (patients, patients))
    assert figure.value == pytest.approx(2 / 3, abs=1e-6)
    assert figure.interval[1] - figure.value == pytest.approx(1.959964 * np.sqrt(2 * (2 / 3) ** 2) / 3, abs=1e-5)
    assert gap_difference(asked, asked, (dict.fromkeys(range(3), "a"), patients)) is None
    assert gap_difference(({}, {}), asked, (patients, patients)) is None


def test_right_answers_of_an_arm():
    figure = accuracy_of(rights(rhythm="+-", diagnosis="++-", rate="----"), alone(4))
    assert (figure.n, figure.value) == (5, 0.6)
    assert accuracy_of(rights(rate="+"), alone(1)) is None


def test_a_difference_without_an_interval():
    figure = without_interval(["a", "a", "b"], np.array([1.0, 1, 1]), np.array([0.0, 0, 1]))
    assert (figure.n, figure.value, figure.interval, figure.p) == (3, pytest.approx(2 / 3, abs=1e-6), None, 1)
    assert without_interval([], np.zeros(0), np.zeros(0)) is None


def gap(value, p=0.01, interval=(0.05, 0.2)):
    return Figure(50, value, interval, p)


@pytest.mark.parametrize(
    ("larger", "expected"),
    [(gap(0.1), True), (gap(0.1, p=0.05), False), (gap(0.0), False), (gap(-0.1), False), (gap(0.1, p=None), False)],
)
def test_when_a_gap_is_larger(larger, expected):
    assert words.is_larger(larger) is expected
    assert not words.is_larger(None)


def test_points_are_hundredths():
    assert words.points(gap(0.1234)) == "12.3 [5.0, 20.0] points"
    assert words.points(gap(0.1, interval=None)) == "10.0 points"


CALM = fall(value=0.0, p_holm=1.0, interval=(-0.05, 0.05), share=0.2)
NOTHING = Drop("rhythm", None, None, None, None)


def test_what_is_said_of_copies():
    assert words.of_copies(fall()).startswith("falls by 10.0 [5.0, 15.0] points on copies that any reader")
    assert words.of_copies(fall(value=0.01)).startswith(f"{words.TOO_LITTLE}: 1.0")
    assert words.of_copies(CALM) == (
        f"answers survive the jitter: {words.SURVIVES} (a drop of more than 8.0 points would have been seen, as of a "
        "memory of 20% of them)"
    )
    wide = replace(CALM, drop=replace(CALM.drop, interval=(-0.3, 0.3)))
    assert words.of_copies(wide) == f"{words.UNKNOWN} (n = 100, only a memory of more than 20% of them would be seen)"
    never = replace(CALM, share=None)
    assert words.of_copies(never) == f"{words.UNKNOWN} (n = 100, not even a memory of all of them would be seen)"
    assert words.of_copies(NOTHING) == words.NO_CASE


def test_what_is_said_of_fresh_phantoms():
    assert words.of_fresh(fall(value=0.01)).startswith(f"{words.LEARNT}: falls by 1.0")
    assert words.of_fresh(CALM).startswith("reads fresh phantoms no worse: ")
    assert words.of_fresh(NOTHING) == words.NO_CASE


def test_the_cause_of_a_fall():
    steady, shaky, more = CALM, fall(value=0.08), gap(0.1)
    assert words.of_cause(fall(), steady, more, True).startswith(
        f"{words.MEMORISED}: copies of fresh phantoms cost it 0.0"
    )
    assert "less by 10.0" in words.of_cause(fall(), steady, more, True)
    assert words.of_cause(fall(), steady, more, False).startswith(f"{words.EITHER}: ")
    assert words.of_cause(fall(), shaky, gap(0.01, p=0.5), True).startswith(f"{words.BRITTLE}: ")
    assert words.of_cause(fall(), shaky, gap(-0.1), True).startswith(f"{words.BRITTLE}: ")
    assert words.of_cause(fall(), shaky, gap(0.0), True).startswith(f"{words.BRITTLE}: ")
    assert words.of_cause(fall(), shaky, gap(0.1, p=0.05), True).startswith(f"{words.BRITTLE}: ")
    assert words.of_cause(fall(), steady, gap(0.01, p=0.5), True) == ""
    assert words.of_cause(CALM, steady, more, True) == ""
    assert words.of_cause(fall(), None, more, True) == words.of_cause(fall(), NOTHING, more, True) == ""
    assert words.of_cause(fall(), steady, None, True) == words.of_cause(fall(), steady, gap(0.1, p=None), True) == ""


def test_what_is_said_of_phantoms_of_real_records():
    assert words.of_phantoms(fall(), None, "").startswith("falls by 10.0 [5.0, 15.0] points on phantoms")
    assert words.of_phantoms(fall(), None, "").endswith("this alone proves nothing")
    better = fall(value=-0.1, interval=(-0.15, -0.05))
    assert words.of_phantoms(better, NOTHING, "x").startswith("gains 10.0 [5.0, 15.0] points")
    assert "the reference x gains 10.0 [5.0, 15.0] points: no proof" in words.of_phantoms(fall(), better, "x")
    assert words.of_phantoms(fall(value=0.0, interval=None), None, "").startswith("falls by 0.0 points")
    assert words.of_phantoms(NOTHING, None, "") == words.NO_CASE


def test_what_is_said_of_held_out_records():
    assert words.of_held_out(gap(0.1), "val").startswith(
        f"{words.HELD_OUT_WORSE}: reads them better than those of val by"
    )
    assert words.of_held_out(gap(0.1, p=0.2), "val").startswith("not shown to be read better than those of val")
    assert words.of_held_out(None, "val") == words.NO_CASE


def told(**more):
    figures = {"arms": {}, "copies": (CALM, CALM), "is_simulated": True, "cases": 9, "without": 0, "seed": 0}
    return Contamination("r", "d", "test", "credit", **{**figures, **more})


def test_anything_that_speaks_of_memory_is_found():
    assert not told().is_found
    assert told(copies=(fall(), CALM)).is_found and told(copies=(CALM, fall())).is_found
    shaky = told(copies=(fall(), fall()), phantom_copies=(fall(),), excess=gap(0.0, p=1.0))
    assert shaky.verdicts[1].startswith(words.BRITTLE) and not shaky.is_found
    assert told(phantoms=(CALM, fall(value=0.01))).is_found
    assert not told(phantoms=(CALM, fall(value=0.01)), is_simulated=False).is_found
    assert told(held_out=gap(0.1), held_out_split="val").is_found
    assert not told(held_out=gap(0.1, p=0.5), held_out_split="val").is_found


def test_the_verdicts_of_a_study():
    assert len(told().verdicts) == 1 and repr(told()).startswith("<Contamination of r: n = 9, answers survive")
    assert len(told(held_out_split="val").verdicts) == 2
    learnt = told(phantoms=(CALM, fall(value=0.01)))
    assert learnt.verdicts[1].startswith("reads fresh phantoms no worse")
    assert (
        learnt.axis_verdicts["rhythm"].startswith("answers survive") and words.LEARNT in learnt.axis_verdicts["rhythm"]
    )
    real = replace(learnt, is_simulated=False, reference="x", reference_gap=CALM)
    assert "the reference x falls by 0.0" in real.verdicts[1]
    assert words.LEARNT not in real.axis_verdicts["rhythm"]
    assert words.LEARNT not in told(phantoms=(CALM, CALM)).axis_verdicts["rhythm"]
    assert real.to_json()["verdicts"] == real.verdicts


class Text(PriorControl):
    name = "text"
    inputs = frozenset({"text"})
    axes = frozenset({"rate", "rhythm", "conduction"})


class Pages(Text):
    inputs = frozenset({"image"})


class Nothing(MemoryControl):
    axes = frozenset({"rate", "axis"})


@pytest.fixture(scope="module")
def few(population):
    return population.cohort(limit=10)


@pytest.fixture(scope="module")
def study(few):
    return Study(MemoryControl({}), few, View())


def by_truth(cohort):
    return {record.ecg_id: Reading(values=cohort.truth(record).values) for record in cohort}


def test_every_arm_is_asked_in_a_view_without_numbers_where_there_is_a_trace(few, study):
    assert study.shown.condition == "image-only"
    assert Study(Text(), few, View()).shown.condition == "full"
    for reader in (MajorityReader(), type("Stored", (Text,), {"inputs": frozenset({"statements", "text"})})()):
        with pytest.raises(SettingError, match="sees neither tracing nor numbers"):
            _ = Study(reader, few, View()).shown


def test_the_axes_are_those_that_no_number_decides(few, study):
    assert Study(Text(), few, View()).axes == ("rhythm", "conduction")
    assert "rate" not in study.axes and "diagnosis" in study.axes
    assert Study(PriorControl(), few, View(format="flat")).axes == ("diagnosis",)
    with pytest.raises(SettingError, match="answers none of the axes that are compared: rhythm"):
        _ = Study(Nothing({}), few, View()).axes


def test_arms_are_what_is_asked_for(population, few, study):
    assert list(study.arms) == [PUBLISHED, COPIES, PHANTOMS, PHANTOM_COPIES]
    copies = Study(MemoryControl({}), few, View(), only_copies=True)
    assert list(copies.arms) == [PUBLISHED, COPIES]
    assert copies.held_out_matches is None and study.held_out_matches is None
    held = Study(MemoryControl({}), few, View(), held_out=population.cohort("val", limit=3))
    assert list(held.arms) == [PUBLISHED, COPIES, PHANTOMS, PHANTOM_COPIES, HELD_OUT, HELD_OUT_PHANTOMS]
    assert held.arms[HELD_OUT_PHANTOMS].ids == held.held_out.ids
    with pytest.raises(SettingError, match="which --only-copies leaves out"):
        Study(MemoryControl({}), few, View(), held_out=population.cohort("val", limit=3), only_copies=True)
    with pytest.raises(SettingError, match="is asked too"):
        Study(MemoryControl({}), few, View(), held_out=few)


def test_right_answers_are_of_labelled_records_without_a_failed_call(few):
    first, second, third = few.ids[:3]
    readings = {
        **by_truth(few),
        first: Reading(error=Failure("transport", "no connection")),
        second: Reading(error=Failure("refusal", "no")),
        third: Reading(values={}),
    }
    found = rights_of(readings, few, ("diagnosis", "rate"))
    labelled = [record.ecg_id for record in few if few.truth(record).values["diagnosis"] is not None]
    assert found["diagnosis"] == {ecg_id: ecg_id not in (second, third) for ecg_id in labelled if ecg_id != first}
    unlabelled = [record.ecg_id for record in few if few.truth(record).values["rate"] is None]
    assert not found["rate"].keys() & set(unlabelled)


def judged(study, rule, **more):
    return gathered(study, lambda arm, cohort: rule(arm, cohort), **more)


def test_a_reader_that_is_always_right_is_right_in_every_arm(study, few):
    found = judged(study, lambda arm, cohort: by_truth(cohort))
    assert {name: figure.value for name, figure in found.arms.items()} == dict.fromkeys(study.arms, 1)
    assert (found.cases, found.without, found.seed, found.is_simulated) == (10, 0, 0, True)
    assert found.excess.value == 0 and found.held_out is None and found.reference_gap is None
    assert (found.held_out_split, found.reference) == ("", "")
    assert found.copies[0].least == 0.02 and found.phantoms[0].least == found.phantom_copies[0].least == 0
    axes = [study.matches.agree[axis] for axis in study.axes]
    assert found.phantoms[0].drop.n == found.phantom_copies[0].drop.n <= sum(map(len, axes))
    assert any("records have a phantom" in said for said in found.caveats)
    assert any("phantoms of a known seed" in said for said in found.caveats)
    assert not any("sees no tracing" in said or "were taught" in said for said in found.caveats)


def half_learnt(arm, cohort):
    """Right of the published records, and silent on any other."""
    return {ecg_id: one if arm == PUBLISHED else Reading() for ecg_id, one in by_truth(cohort).items()}


def test_each_further_comparison_that_decides_costs_p(few, study):
    alone_ = judged(Study(MemoryControl({}), few, View(), only_copies=True), half_learnt)
    both = judged(study, half_learnt)
    assert 0 < alone_.copies[0].drop.p_holm < 0.5
    assert both.copies[0].drop.p_holm == pytest.approx(2 * alone_.copies[0].drop.p_holm, abs=1e-5)
    assert alone_.phantoms == alone_.phantom_copies == () and alone_.excess is None and alone_.without == 0
    assert not any("have a phantom" in said for said in alone_.caveats)


@pytest.fixture(scope="module")
def real():
    dataset = Phantoms("1,66")
    dataset.is_simulated = False
    return dataset.cohort(limit=10)


def test_beside_real_records_copies_decide_alone(real, study):
    found = judged(Study(MemoryControl({}), real, View()), half_learnt)
    simulated = judged(study, half_learnt)
    assert found.copies[0].drop.p_holm == pytest.approx(simulated.copies[0].drop.p_holm / 2, abs=1e-5)
    assert not any("phantoms of a known seed" in said for said in found.caveats)


def test_a_reference_stands_beside_and_tells_what_it_was_taught(real):
    study = Study(MemoryControl({}), real, View())
    published, phantoms = by_truth(real), by_truth(study.arms[PHANTOMS])
    found = judged(study, half_learnt, reference=Reference("clean", published, phantoms, taught=0))
    assert (found.reference, found.reference_gap.drop.value) == ("clean", 0)
    assert not any("not clean" in said for said in found.caveats)
    found = judged(study, half_learnt, reference=Reference("other", published, phantoms, taught=7))
    assert any(said.startswith("7 of these records were taught to the reference other") for said in found.caveats)


def test_what_was_taught_and_what_sees_no_trace_is_told(few):
    reader = Text()
    reader.taught_on = {few.dataset.name: (few[0].fold,)}
    taught = len([record for record in few if record.fold == few[0].fold])
    found = judged(Study(reader, few, View(), only_copies=True), lambda arm, cohort: by_truth(cohort))
    assert f"{taught:,} of these 10 records lie in folds that were taught to this reader." in found.caveats
    assert any(said.startswith("It sees no tracing but numbers") for said in found.caveats)


def test_held_out_records_are_compared_with_their_own_phantoms(population, few):
    study = Study(MemoryControl({}), few, View(), held_out=population.cohort("val", limit=8))
    found = judged(study, lambda arm, cohort: half_learnt(arm, cohort) if arm != HELD_OUT else by_truth(cohort))
    assert found.held_out_split == study.held_out.split
    assert (found.held_out.n, found.held_out.value, found.held_out.p) == (18, 0, 1), "either is known, and no phantom"
    worse = judged(study, half_learnt)
    assert worse.held_out.value == 1
    assert worse.held_out.p == pytest.approx(3 / 10_000), "three comparisons decide, and no shuffle is as far"


@pytest.mark.parametrize(
    ("reader", "named", "name"),
    [(Pages(), "auto", "digitizer"), (MemoryControl({}), "auto", "resnet1d"), (Pages(), "mine", "mine")],
)
def test_the_reference_follows_the_inputs(real, few, reader, named, name):
    assert reference_name(Study(reader, real, View()), named) == name
    assert reference_name(Study(reader, few, View())) == ""
    with pytest.raises(SettingError, match="no reference is asked: leave out --reference other"):
        reference_name(Study(reader, few, View()), "other")


def test_copies_are_a_dataset_of_their_own(few):
    copies = copies_of(few, 0)
    dataset = copies.dataset
    assert dataset.name == f"copies-of-{few.dataset.name}" and dataset.title == dataset.name.replace("-", " ")
    assert (dataset.version, dataset.is_simulated, len(dataset)) == (few.dataset.version, True, 10)
    assert [record.dataset for record in dataset] == [dataset.name] * 10
    assert copies.truths().keys() == few.truths().keys()
    assert dataset.record(few.ids[3]).ecg_id == few.ids[3]
    with pytest.raises(DatasetError, match="has no record 'x'"):
        dataset.record("x")
    one, other = (copies_of(few, seed).dataset.labelling(copies[0]) for seed in (0, 1))
    assert one != other
    again = copies_of(copies, 0)
    assert again.dataset.truth(again[0]) == dataset.truth(copies[0])


def test_phantoms_of_real_records_are_simulated_and_say_by_what(real):
    found = matched_phantoms(real, 0)
    dataset = found.cohort.dataset
    assert dataset.is_simulated and dataset.version.startswith(f"{real.dataset.version}, ")
    assert copies_of(real, 0).dataset.is_simulated is False
    assert set(found.agree["diagnosis"]) <= set(real.ids)


def test_a_record_without_a_statement_has_no_phantom():
    dataset = Phantoms("1,66")
    dataset.truth = lambda record, numbers=None: Truth(dict(prior()), statements=None)
    found = matched_phantoms(dataset.cohort(limit=2), 0)
    assert (len(found.cohort), found.without) == (0, 2)
    with pytest.raises(SettingError, match="no record has a statement that a phantom can have"):
        _ = Study(MemoryControl({}), dataset.cohort(limit=2), View()).arms


def test_a_record_of_which_no_phantom_can_be_drawn_has_none(few, monkeypatch):
    def refused(codes, seed):
        raise PhantomError(f"no phantom of {sorted(codes)}")

    monkeypatch.setattr("bench.view.derived.of_statements", refused)
    found = matched_phantoms(few, 0)
    assert (len(found.cohort), found.without) == (0, 10)


def test_the_reference_is_asked_on_disk_about_records_and_phantoms(tmp_path, monkeypatch):
    options = RunOptions("readers.control:CopyControl", selection=Selection("phantoms:1,66", limit=4), out=tmp_path)
    study = study_of(options)
    monkeypatch.setattr(study.cohort.dataset, "is_simulated", False)
    found = contamination_on_disk(options, study, "readers.control:PriorControl")
    assert (found.reference, found.reader) == ("readers.control:PriorControl", options.reader)
    assert found.reference_gap.drop.n == found.phantoms[0].drop.n
    runs = {path.parent.name for path in tmp_path.glob("*/readings.jsonl")}
    assert len(runs) == 4 + 2 and found.run_id in runs
    assert contamination_on_disk(options, study, options.reader).reference == ""
    assert contamination_on_disk(options, study, "").reference_gap is None


def test_the_controls_of_the_selftest_know_what_they_should(population):
    cohort = population.cohort(limit=20)
    known = [(reader.description, has_learnt) for reader, has_learnt in memory_controls(cohort)]
    assert [has_learnt for _, has_learnt in known] == [False, True, True]
    assert "sees 50%" in known[0][0] and "learnt 50%" in known[1][0] and "learnt 100%" in known[2][0]


def test_the_selftest_tells_a_wrong_verdict(population, monkeypatch):
    cohort = population.cohort(limit=24)
    honest = PriorControl()
    learnt = {trace_digest(record.signal().mv): cohort.truth(record).values for record in cohort}
    memoriser = MemoriserControl(learnt, honest)
    controls = [(honest, False), (memoriser, True), (honest, True), (memoriser, False)]
    monkeypatch.setattr("bench.evidence.contamination_selftest.memory_controls", lambda cohort: iter(controls))
    checks = contamination_selftest(cohort)
    assert [check.is_wrong for check in checks] == [False, False, True, True]
    assert checks[1].verdict.startswith("falls by") and not checks[0].verdict.startswith("falls by")
    assert checks[0].description == honest.description


def test_simulated_readers_of_memory_are_told_apart(population):
    found = {one.reader.name: one for one in simulate_contamination(population.cohort(), 2)}
    assert [one.reader.learnt for one in found.values()] == [0, 0, 0.1, 0.25, 0.5, 1, 0.5]
    counts = {name: {what: rate.count for what, rate in one.rates.items()} for name, one in found.items()}
    assert counts["honest"] == {FALLS: 0, LEARNT: 0, MEMORISED: 0}
    assert counts["knows 100% by heart"] == {FALLS: 2, LEARNT: 2, MEMORISED: 2}
    assert counts["knows 50%, and copies"] == {FALLS: 0, LEARNT: 0, MEMORISED: 0}
    assert counts["honest, brittle"][FALLS] > 0 and counts["honest, brittle"][MEMORISED] == 0
    assert found["honest"].rates[FALLS].trials == 2
