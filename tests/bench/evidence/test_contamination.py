"""Whether a reader has memorised published records: readers of which it is known are told apart."""

import json
from collections import Counter

import numpy as np
import pytest

from bench import View, contamination
from bench.dataset.phantom import Phantoms
from bench.evidence import contamination_verdict as words
from bench.evidence.contamination import (
    COPIES,
    HELD_OUT,
    PHANTOM_COPIES,
    PHANTOMS,
    PUBLISHED,
    Reference,
    Study,
    gathered,
    reference_name,
)
from bench.evidence.contamination_selftest import contamination_selftest
from bench.evidence.contamination_simulation import (
    FALLS,
    LEARNT,
    MEMORISED,
    READERS,
    simulate_contamination,
    without_interval,
)
from bench.evidence.drop import LEAST, TOGETHER, WAVEFORM_AXES, Rule, drops
from bench.report.contamination_page import contamination_page
from bench.view.derived import copies_of, matched_phantoms
from readers.control import ABNORMAL, MemoryControl, Recogniser, SeeingControl, prior, trace_digest
from readers.memoriser import MemoriserControl
from taxonomy.axis import AXES
from taxonomy.reading import Failure, Reading

from ...command import bench, is_one_sentence

RUN = ("contamination", "--data", "phantoms:1,66")


def by_arm(rule):
    """Return what asks a reader that answers by a rule of the arm, the truth and the place of a record."""

    def ask(arm, cohort):
        truths = cohort.truths()
        return {
            record.ecg_id: Reading(values={**prior(), **rule(arm, truths[record.ecg_id].values, place)})
            for place, record in enumerate(cohort)
        }

    return ask


def told(values):
    return {name: value for name, value in values.items() if value is not None and name in prior()}


@pytest.fixture(scope="module")
def study(population):
    return Study(MemoryControl({}), population.cohort(), View())


def judged(study, rule, **options):
    return gathered(study, by_arm(rule), **options)


def honest(arm, values, place):
    """Answer right, but name one diagnosis for every other record."""
    return told(values) | ({"diagnosis": ABNORMAL["diagnosis"]} if place % 2 else {})


def test_an_honest_reader_shows_no_sign_of_memory(study):
    found = judged(study, honest)
    assert found.verdicts[0].startswith("answers survive the jitter") and words.SURVIVES in found.verdicts[0]
    assert found.verdicts[1].startswith("reads fresh phantoms no worse")
    assert not found.is_found
    assert all(one.drop.value == 0 for one in found.copies)


def test_answers_that_only_the_published_records_get_are_memory(study):
    found = judged(study, lambda arm, values, place: told(values) if arm == PUBLISHED else honest(arm, values, place))
    assert found.is_found
    assert words.EITHER in found.verdicts[0] and found.verdicts[0].startswith("falls by")
    assert found.verdicts[1].startswith(f"{words.MEMORISED}: ")
    assert found.verdicts[2].startswith(words.LEARNT)
    assert found.excess.value == pytest.approx(found.copies[0].drop.value, abs=0.01)
    assert found.axis_verdicts["diagnosis"].startswith("falls by")


def test_a_reader_that_any_copy_confuses_is_brittle_and_no_memory(study):
    def brittle(arm, values, place):
        return told(values) if arm in (PUBLISHED, PHANTOMS) else honest(arm, values, place)

    found = judged(study, brittle)
    assert found.copies[0].is_found
    assert found.verdicts[1].startswith(words.BRITTLE)
    assert not found.is_found


def test_memory_that_recognises_copies_shows_on_fresh_phantoms(study):
    def tolerant(arm, values, place):
        return told(values) if arm in (PUBLISHED, COPIES) else honest(arm, values, place)

    found = judged(study, tolerant)
    assert found.copies[0].drop.value == 0
    assert found.verdicts[1].startswith(words.LEARNT)
    assert found.is_found


@pytest.fixture(scope="module")
def real():
    """Phantoms that pass for real records."""
    dataset = Phantoms("1,66")
    dataset.is_simulated = False
    return dataset.cohort()


def test_a_fall_on_phantoms_of_real_records_is_no_verdict(real):
    study = Study(MemoryControl({}), real, View())

    def shifted(arm, values, place):
        return told(values) if arm in (PUBLISHED, COPIES) else {}

    readings = {arm: by_arm(honest)(arm, study.arms[arm]) for arm in (PUBLISHED, PHANTOMS)}
    found = judged(study, shifted, reference=Reference("clean", readings[PUBLISHED], readings[PHANTOMS]))
    assert found.phantoms[0].is_significant and not found.is_found
    assert "the reference clean falls by 0.0" in found.verdicts[1] and "no proof" in found.verdicts[1]
    assert all(words.LEARNT not in said for said in found.axis_verdicts.values())


def test_beside_real_records_a_domain_shift_is_named_as_another_cause(real):
    def rule(arm, values, place):
        return told(values) if arm == PUBLISHED else {}

    found = judged(Study(MemoryControl({}), real, View()), rule)
    assert found.verdicts[1].startswith(words.EITHER) and "domain shift" in found.verdicts[1]


def test_taught_records_that_are_read_better_than_held_out_ones_are_found(population):
    held_out = population.cohort("val", limit=30)
    study = Study(MemoryControl({}), population.cohort(limit=40), View(), held_out=held_out)

    def rule(arm, values, place):
        return told(values) if arm in (PUBLISHED, COPIES) else honest(arm, values, place)

    found = judged(study, rule)
    assert found.verdicts[-1].startswith(words.HELD_OUT_WORSE) and found.is_found
    same = judged(study, lambda arm, values, place: told(values) if arm in (PUBLISHED, COPIES, HELD_OUT) else {})
    assert same.verdicts[-1].startswith("not shown to be read better than those of val")


def test_few_records_cannot_tell(population):
    found = judged(Study(MemoryControl({}), population.cohort(limit=5), View()), honest)
    assert found.verdicts[0].startswith(words.UNKNOWN)
    assert all(said.startswith(words.UNKNOWN) for said in found.axis_verdicts.values())


def test_a_failed_call_is_left_out_and_a_refusal_counts_as_wrong(study):
    failed, refused = study.cohort.ids[:2]

    def ask(arm, cohort):
        readings = by_arm(lambda arm, values, place: told(values))(arm, cohort)
        if arm == PUBLISHED:
            readings[failed] = Reading(error=Failure("transport", "no connection"))
            readings[refused] = Reading(values={})
        return readings

    everything, found = judged(study, lambda arm, values, place: told(values)), gathered(study, ask)
    asked = sum(study.cohort.truth(study.cohort[0]).values[axis] is not None for axis in WAVEFORM_AXES)
    assert everything.copies[0].drop.n - found.copies[0].drop.n == asked
    assert found.copies[0].drop.value < 0 <= everything.copies[0].drop.value


def test_copies_keep_truth_and_ids_and_are_other_files(population):
    cohort = population.cohort(limit=4)
    copies = copies_of(cohort, 0)
    assert copies.ids == cohort.ids
    for record, copy in zip(cohort, copies, strict=True):
        assert copies.truth(copy).values == cohort.truth(record).values
        one, other = record.signal(), copy.signal()
        assert one.mv.shape == other.mv.shape and trace_digest(one.mv) != trace_digest(other.mv)
    assert Recogniser([(record.signal().mv, 500) for record in cohort]).which(copies[2].signal().mv, 500) == 2
    assert copies.signal_fingerprint != copies_of(cohort, 1).signal_fingerprint


def test_phantoms_of_the_same_truth_are_other_hearts(population):
    cohort = population.cohort(limit=30)
    found = matched_phantoms(cohort, 0)
    assert found.cohort.ids == cohort.ids and found.without == 0
    for axis in AXES:
        for record, phantom in zip(cohort, found.cohort, strict=True):
            same = cohort.truth(record).values[axis.name] == found.cohort.truth(phantom).values[axis.name]
            assert same == (record.ecg_id in found.agree[axis.name])
    assert min(len(found.agree[axis]) for axis in WAVEFORM_AXES) >= 27
    digests = [trace_digest(record.signal().mv) for records in (cohort, found.cohort) for record in records]
    assert len(set(digests)) == 60
    assert matched_phantoms(cohort, 1).cohort.signal_fingerprint != found.cohort.signal_fingerprint


def test_statements_that_contradict_each_other_are_not_compared(population):
    """A record in fibrillation that is paced too has a phantom of either, and is compared where the values agree."""
    dataset = Phantoms("1,66")
    record = dataset.record(0)
    truth = dataset.truth(record)
    both = type(truth)({**truth.values, "rhythm": "paced"}, statements=frozenset({"AFIB", "PACE"}))
    nothing = type(truth)(truth.values, statements=frozenset({"no statement"}))
    dataset.truth = lambda record, numbers=None: both if record.ecg_id == 0 else nothing
    found = matched_phantoms(dataset.cohort(ids=[0, 1]), 0)
    assert found.cohort.ids == (0,) and found.without == 1
    assert 0 not in found.agree["rhythm"]


def test_the_null_of_a_drop_is_a_toss_for_each_patient():
    patients = dict.fromkeys(range(40), 0) | {number: number for number in range(40)}
    first = {"rhythm": dict.fromkeys(range(40), True), "diagnosis": dict.fromkeys(range(40), True)}
    second = {"rhythm": {number: number >= 8 for number in range(40)}, "diagnosis": dict.fromkeys(range(40), True)}
    found = {one.axis: one for one in drops(first, second, patients)}
    assert found["rhythm"].drop.p == pytest.approx(2 / 2**8, abs=1e-6)  # McNemar: eight discordant pairs, all one way
    assert found["rhythm"].drop.p_holm == pytest.approx(3 * 2 / 2**8, abs=1e-5)
    assert found[TOGETHER].drop.n == 80 and found[TOGETHER].drop.value == 0.1
    assert drops(first, second, patients, Rule(2))[1].drop.p_holm == pytest.approx(6 * 2 / 2**8, abs=1e-5)
    one_patient = drops(first, second, dict.fromkeys(range(40), 0))
    assert one_patient[0].drop.p == 1  # one patient's records are one toss


@pytest.mark.slow
def test_the_memory_that_is_called_detectable_is_found_in_four_of_five_tries():
    """400 patients with two axes: what is called detectable of an honest reader, learnt by lot, is found as often."""
    chance, patients, seen, tries = np.random.default_rng(0), {number: number for number in range(400)}, 0, 200

    def rights(table):
        return {axis: dict(enumerate(map(bool, row))) for axis, row in zip(("rhythm", "diagnosis"), table, strict=True)}

    for _ in range(tries):
        ease = chance.beta(3, 1, 400)
        copy = chance.random((2, 400)) < ease
        read = np.where(chance.random((2, 400)) < 0.1, chance.random((2, 400)) < ease, copy)
        (honest, *_) = drops(rights(read), rights(copy), patients, Rule(2, LEAST), without_interval)
        learnt = read | (chance.random(400) < honest.share)
        seen += drops(rights(learnt), rights(copy), patients, Rule(2, LEAST), without_interval)[0].is_found
        assert honest.detectable == pytest.approx(honest.share * (1 - honest.second), abs=1e-6)
    assert 0.7 <= seen / tries <= 0.92


def test_memory_of_a_reader_that_is_always_right_is_not_ruled_out(study):
    found = judged(study, lambda arm, values, place: told(values))
    assert found.copies[0].share is None
    assert found.verdicts[0].startswith(words.UNKNOWN) and "not even a memory of all" in found.verdicts[0]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_memoriser_is_caught_and_the_honest_reader_below_it_is_not(population, share):
    cohort = population.cohort()
    signals, values = [record.signal() for record in cohort], [cohort.truth(record).values for record in cohort]
    below = SeeingControl(Recogniser([(signal.mv, signal.fs) for signal in signals]), values, 0.5)
    learnt = {trace_digest(signal.mv): truth for signal, truth in zip(signals, values, strict=True)}
    caught = contamination(MemoriserControl(learnt, below, share), cohort, only_copies=True)
    assert caught.copies[0].is_found
    assert not contamination(below, cohort, only_copies=True).is_found


@pytest.mark.slow
def test_every_control_of_the_selftest_gets_its_verdict(population):
    assert [one for one in contamination_selftest(population.cohort(), 1) if one.is_wrong] == []


@pytest.mark.slow
def test_few_verdicts_are_false_and_memory_is_found(population):
    """At n = 66, 100 trials: under 5% false, and power for half of the records by heart."""
    found = {one.reader.name: one.rates for one in simulate_contamination(population.cohort(), 100)}
    assert found.keys() == {reader.name for reader in READERS}
    for name, findings in {"honest": (FALLS, LEARNT, MEMORISED), "honest, brittle": (LEARNT, MEMORISED)}.items():
        assert max(found[name][finding].value for finding in findings) <= 0.05, name
    assert found["knows 50% by heart"][FALLS].value > 0.95
    assert found["knows 50% by heart"][MEMORISED].value > 0.95
    assert found["knows 50%, and copies"][FALLS].value <= 0.05
    assert found["knows 50%, and copies"][LEARNT].value > 0.5


@pytest.mark.slow
def test_the_command_resumes_and_writes_its_page(tmp_path):
    words_ = (*RUN, "--reader", "measurements", "--sample", "20")
    done = bench(*words_, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").glob("contamination-measurements-*")
    page = (folder / "contamination.md").read_text()
    data = json.loads((folder / "contamination.json").read_text())
    assert (folder / "pictures" / "contamination.png").is_file()
    assert data["arms"].keys() == {PUBLISHED, COPIES, PHANTOMS, PHANTOM_COPIES}
    assert data["verdicts"][0] in done.stdout
    assert "sees no tracing but numbers" in done.stdout
    again = bench(*words_, cwd=tmp_path)
    assert again.stderr.count("resuming") == 1
    assert "resuming: 80 of 80 readings are there" in again.stderr
    assert (folder / "contamination.md").read_text() == page


def test_a_dry_run_asks_nothing(tmp_path):
    done = bench(*RUN, "--reader", "measurements", "--sample", "6", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "in all: 24 readings to ask in 4 runs" in done.stdout
    assert not (tmp_path / "runs").exists()
    half = bench(*RUN, "--reader", "measurements", "--sample", "6", "--dry-run", "--only-copies", cwd=tmp_path)
    assert "in all: 12 readings to ask in 2 runs" in half.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--reader", "majority"), "sees neither tracing nor numbers"),
        (("--reader", "measurements", "--held-out", "test"), "is asked too"),
        (("--reader", "measurements", "--held-out", "val", "--only-copies"), "which --only-copies leaves out"),
        (("--reader", "measurements", "--held-out", "tset"), "unknown split 'tset'"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(tmp_path, options, said):
    assert is_one_sentence(bench(*RUN, "--sample", "4", *options, cwd=tmp_path), said)


def test_the_reference_is_needed_beside_real_records_alone(population, real):
    signal = MemoryControl({})
    assert reference_name(Study(signal, population.cohort(), View())) == ""
    assert reference_name(Study(signal, real, View())) == "resnet1d"
    assert reference_name(Study(signal, real, View(), only_copies=True)) == ""


def test_the_page_tells_what_was_not_asked_from_what_was(study, population):
    page = contamination_page(judged(study, honest))
    assert "fresh ones of the same truth" in page and "no verdict" not in page
    alone = contamination_page(judged(Study(study.reader, population.cohort(), View(), only_copies=True), honest))
    assert "Phantoms" not in alone.split("## ")[1]


@pytest.mark.slow
def test_real_records_are_compared_with_copies_and_phantoms(ptbxl):
    cohort = ptbxl.cohort("val", limit=40)
    seen = Counter()

    class Counting(MemoryControl):
        def read(self, cases):
            for case in cases:
                seen[trace_digest(case.signal)] += 1
                yield from super().read([case])

    learnt = {trace_digest(record.signal().mv): cohort.truth(record).values for record in cohort}
    found = contamination(Counting(learnt), cohort, reference=None)
    assert set(seen.values()) == {1} and len(seen) == 4 * len(cohort) - 2 * found.without
    assert found.copies[0].is_found and found.is_found
    assert found.copies[0].first == 1 and found.phantoms[0].drop.n > 5 * 30
