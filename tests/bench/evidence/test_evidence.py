"""What the benchmark says of readers of which it is known what they read."""

import json
from collections import Counter
from contextlib import suppress

import numpy as np
import pytest
from scipy.stats import beta
from statsmodels.stats.contingency_tables import mcnemar

from bench import View, ablate
from bench.dataset import Selection
from bench.dataset.measuring import measure_record
from bench.dataset.ptbxl import PtbXl
from bench.evidence import verdict as words
from bench.evidence.ablation import ablate_on_disk, ceiling_reader
from bench.evidence.answer import AskedCase, Source
from bench.evidence.axis_evidence import Ceilings, axis_evidence
from bench.evidence.contamination_selftest import MemoryCheck
from bench.evidence.figure import difference, share_figure
from bench.evidence.finished import finished
from bench.evidence.lead_loss import lead_loss
from bench.evidence.published import CLAIMS, claims, image_sensitivity, reliance
from bench.evidence.selftest import EXPECTED, ControlCheck, Expected, problems, selftest
from bench.report.evidence_page import caution, evidence_page, p_text
from bench.report.table import size_note
from bench.run.options import RunOptions
from bench.view.lead_mask import carrying_leads
from readers.control import (
    BOTH,
    BlankControl,
    CopyControl,
    MemoryControl,
    PriorControl,
    Recogniser,
    prior,
    trace_digest,
)
from taxonomy.axis import AXES, AXIS_NAMES, RHYTHM
from taxonomy.error import FileError
from taxonomy.reading import Reading
from taxonomy.truth import Truth

from ...command import bench
from ...physionet import table_row, write_folder, write_tables
from .asked import asked, truth_of


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_every_verdict_on_the_controls_is_right(population, seed):
    checks = selftest(population.cohort(), seed)
    assert {check.reader for check in checks} == EXPECTED.keys()
    assert [problem for check in checks for problem in check.wrong] == []


def test_a_wrong_verdict_is_told(population):
    axes = ablate(PriorControl(), population.cohort(), image_ceiling=None).axes
    assert list(problems(axes, Expected(says=words.PRIOR))) == []
    (problem,) = problems(axes, Expected(("diagnosis",), says=words.READS))
    assert "diagnosis" in problem and words.READS in problem
    assert list(problems(axes, Expected(says=words.READS, how_many="any"))) == [f"no axis: {words.READS!r}"]


def test_a_control_that_copies_follows_the_numbers(population):
    found = {axis.axis: axis for axis in ablate(CopyControl(), population.cohort(), image_ceiling=None).axes}
    assert found["rate"].verdict == f"{words.NUMBERS}; {words.INFERS}"
    assert found["rate"].crossed_numbers.value == 1.0
    assert found["rate"].accuracies["crossed"].value < 0.9
    assert found["rate"].tests.follows_numbers.draws == 5
    assert found["rate"].reliance.value == found["rate"].image_sensitivity.value == 0
    assert found["rhythm"].verdict == words.PRIOR


def test_few_cases_cannot_tell(population):
    verdicts = {axis.verdict for axis in ablate(PriorControl(), population.cohort(limit=4), image_ceiling=None).axes}
    assert verdicts <= {"no case", *(f"cannot tell (n = {n}, too few to show anything)" for n in range(1, 5))}


class Keeping:
    """Copies the numbers, and answers what it has seen before as it did then."""

    name = "keeping"
    inputs = frozenset({"image", "text"})

    def __init__(self, key):
        self.key, self.kept = key, {}

    def read(self, cases):
        for case in cases:
            seen = self.key(case) if case.images else case.prompt.text
            if seen not in self.kept:
                (self.kept[seen],) = CopyControl().read([case])
            yield self.kept[seen]


@pytest.mark.slow
@pytest.mark.parametrize("key", [lambda case: case.case_id, lambda case: case.images[0].png()])
def test_who_keeps_what_it_has_seen_is_not_told_to_read(population, key):
    axes = ablate(Keeping(key), population.cohort(), View(px_per_mm=2), image_ceiling=None).axes
    assert axes[0].tests.infers.p_holm < 0.05
    for axis in axes:
        assert not {reason.finding for reason in axis.reasons} & {words.READS, words.NAMES, words.TRACE, words.BOTH}


class RhythmOnly:
    name = "rhythm-only"
    inputs = BOTH
    axes = frozenset({"rhythm"})

    def read(self, cases):
        for _ in cases:
            yield Reading(values={"rhythm": "sinus"})


def test_axes_that_were_not_asked_are_left_out(population):
    cohort = population.cohort(limit=12)
    assert [axis.axis for axis in ablate(RhythmOnly(), cohort, image_ceiling=None).axes] == ["rhythm"]
    flat = ablate(PriorControl(), cohort, View(format="flat"), image_ceiling=None)
    assert [axis.axis for axis in flat.axes] == ["diagnosis"]
    assert [axis.axis for axis in ablate(PriorControl(), cohort, image_ceiling=None).axes] == list(AXIS_NAMES)


def test_every_accepted_truth_counts_as_right():
    empty = dict.fromkeys(axis.name for axis in AXES)
    two = Truth(empty | {"rhythm": "sinus"}, accepted={"rhythm": frozenset({"sinus", "sinus_arrhythmia"})})
    other = Truth(empty | {"rhythm": "paced"})
    serves = {"full": "full"}
    cases = [
        AskedCase(Source(n, n, 1, two if n % 2 else other), {"full": Reading(values={"rhythm": "sinus_arrhythmia"})})
        for n in range(20)
    ]
    _, setting = asked(lambda image, numbers, condition: "sinus", n=4)
    answers = {n: {"rhythm": "sinus_arrhythmia"} for n in range(20)}
    from dataclasses import replace

    (found,) = axis_evidence(cases, [RHYTHM], replace(setting, serves=serves), Ceilings(answers, answers))
    assert found.accuracies["full"].value == found.prior == found.text_ceiling == found.image_ceiling == 0.5


def test_there_is_no_image_ceiling_for_stored_statements():
    assert ceiling_reader(frozenset({"statements"})) == ""
    assert ceiling_reader(frozenset({"image"})) == "digitizer"
    assert ceiling_reader(frozenset({"signal"})) == "resnet1d"


@pytest.mark.slow
def test_intervals_contain_the_true_difference_as_often_as_they_say():
    """A thousand data sets of 300 patients with one to three records each, answers alike within a patient."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        records = rng.integers(1, 4, 300)
        patients = np.repeat(np.arange(300), records)
        easy = np.repeat(rng.random(300) < 0.5, records)
        full = rng.random(len(patients)) < np.where(easy, 0.95, 0.65)
        other = rng.random(len(patients)) < np.where(easy, 0.7, 0.5)
        figure = difference(patients.tolist(), full.astype(float), other.astype(float))
        hits += figure.interval[0] <= 0.2 <= figure.interval[1]
    assert 930 <= hits <= 970


def test_paired_tests_agree_with_statsmodels():
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.random(60) < 0.8, rng.random(60) < 0.6
        table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
        found = difference(list(range(60)), a.astype(float), b.astype(float))
        assert found.p == pytest.approx(mcnemar(table, exact=True).pvalue, abs=1e-6)


def test_records_of_one_patient_count_as_one():
    a, b = np.ones(12), np.zeros(12)
    assert difference([n // 4 for n in range(12)], a, b).p == pytest.approx(2 * 0.5**3)


def test_a_share_of_none_or_all_has_the_exact_bound():
    figure = share_figure(list(range(30)), np.zeros(30))
    assert figure.interval == (0.0, pytest.approx(beta.ppf(0.975, 1, 30), abs=1e-5))
    assert share_figure(list(range(30)), np.ones(30)).interval[0] == pytest.approx(beta.ppf(0.025, 30, 1), abs=1e-5)


def test_the_published_figures_compare_one_patient_with_the_own_and_another_image():
    """Seen from the numbers' patient: a reader of images is right beside the own image alone."""
    cases, _ = asked(lambda image, numbers, condition: truth_of(image))
    score, moved = reliance(cases, "rhythm", "crossed"), image_sensitivity(cases, "rhythm", "crossed")
    other = {case.numbers["crossed"].ecg_id: case.own for case in cases}
    differ = [truth_of(case.own) != truth_of(other[case.own.ecg_id]) for case in cases]
    assert score.value == moved.value == pytest.approx(np.mean(differ), abs=1e-6)
    copied, _ = asked(lambda image, numbers, condition: truth_of(numbers))
    assert reliance(copied, "rhythm", "crossed").value == image_sensitivity(copied, "rhythm", "crossed").value == 0


def test_claims_of_having_seen_the_trace_are_found():
    for text in ("There is ST elevation in V2", "the tracing shows AF", "lead aVF", "P waves are absent"):
        assert CLAIMS.search(text)
    for text in ("Heart rate 73 is normal.", "QTc of 439 ms is normal", "I assume a normal ECG"):
        assert not CLAIMS.search(text)


def test_claims_are_counted_where_the_image_changes_nothing():
    def says(image, numbers, condition):
        moved = numbers.ecg_id % 4 == 0 and condition == "text-only" if numbers else False
        return Reading(values={"rhythm": "paced" if moved else "sinus"}, raw="P waves" if not image else "sinus")

    cases, _ = asked(says)
    found = claims(cases, "rhythm", "text-only")
    assert (found.n, found.value) == (45, 1.0)


def masked_cases(loses, n=80):
    """Return cases of atrial fibrillation whose masks hold V1 and II, or V5 and V6, in turn."""
    truth = Truth(dict.fromkeys(axis.name for axis in AXES) | {"rhythm": "atrial_fibrillation"})
    right, wrong = (Reading(values={"rhythm": value}) for value in ("atrial_fibrillation", "sinus"))
    cases = []
    for number in range(n):
        masked = ("II", "V1") if number % 2 else ("V5", "V6")
        answers = {"full": right, "lead-mask": wrong if loses(number, masked) else right}
        cases.append(AskedCase(Source(number, number, 1, truth), answers, masked=masked))
    return tuple(cases)


def test_what_is_lost_with_the_carrying_leads_is_told_from_what_is_lost_anyhow():
    assert carrying_leads("rhythm", "atrial_fibrillation") == ("II", "V1")
    seen_there = lead_loss(masked_cases(lambda number, masked: "V1" in masked and number % 4 == 1), "rhythm")
    assert (seen_there.n_most, seen_there.n_few) == (40, 40)
    assert (seen_there.loss_most, seen_there.loss_few) == (0.5, 0.0)
    assert seen_there.p < 0.001
    anyhow = lead_loss(masked_cases(lambda number, masked: number % 5 == 0), "rhythm")
    assert anyhow.p > 0.3
    assert lead_loss(masked_cases(lambda number, masked: True), "diagnosis") is None


def test_a_trace_is_known_again_when_it_is_shifted_scaled_or_lacks_leads(population):
    signals = [record.signal() for record in population.cohort(limit=20)]
    known = Recogniser([(signal.mv, signal.fs) for signal in signals])
    for place, signal in enumerate(signals):
        shifted = np.concatenate([np.repeat(signal.mv[:, :1], 90, axis=1), signal.mv[:, :-90]], axis=1) * 1.009
        shifted[[1, 5, 6, 9]] = 0
        assert known.which(shifted, signal.fs) == place
        assert known.which(signal.mv[::-1] * 0, signal.fs) is None
    stranger = population.cohort("val", limit=1)[0].signal()
    assert known.which(stranger.mv, stranger.fs) is None


def test_the_page_tells_p_and_n_of_every_verdict(population):
    found = ablate(CopyControl(), population.cohort(), image_ceiling=None)
    page = evidence_page(found)
    n = next(axis.n for axis in found.axes if axis.axis == "rate")
    assert f"| rate | {n} | follows the numbers; can infer it from the numbers | crossed: p " in page
    assert "`crossed` was drawn 5 times" in page
    assert [p_text(p) for p in (None, 0.0004, 0.0312, 0.42)] == ["-", "<0.001", "0.031", "0.42"]
    assert repr(found).startswith("<Evidence on control-copy: n = 66, recites the prior on 6")
    assert "verdict" in found._repr_html_()
    reasons = {axis["axis"]: axis["reasons"] for axis in found.to_json()["axes"]}
    assert [reason["finding"] for reason in reasons["rate"]] == [words.NUMBERS, words.INFERS]
    assert all(0 <= reason["p_holm"] < 0.05 for reason in reasons["rate"])


@pytest.mark.slow
def test_an_ablation_of_a_part_says_so(population):
    part = ablate(PriorControl(), population.cohort(limit=20), image_ceiling=None)
    said = "Partial: 20 of the split's 66 records are asked; no leaderboard takes it."
    assert part.caveats == ("66 of 66 records of split 'test' have a recording here.", said)
    assert said in evidence_page(part) and said in part.to_json()["caveats"]
    whole = ablate(PriorControl(), population.cohort(), image_ceiling=None)
    assert whole.caveats == part.caveats[:1]


@pytest.mark.slow
def test_an_ablation_of_records_that_were_taught_says_so(population, tmp_path):
    numbers = [record.ecg_id for record in population.cohort("train", limit=12)]
    write_folder(tmp_path / "ptb-xl", population, numbers, with_signal=numbers)
    asked = ("--reader", "resnet1d", "--data", tmp_path / "ptb-xl", "--split", "train", "--sample", "8")
    done = bench("ablate", *asked, cwd=tmp_path)
    taught = "Not a test: all of these records lie in folds that were taught to this reader; no leaderboard takes it."
    assert taught in done.stdout and "Partial: 8 of the split's 12 records" in done.stdout
    assert taught in bench("ablate", *asked, "--dry-run", cwd=tmp_path).stderr


@pytest.mark.slow
def test_what_is_right_by_construction_is_told(population, tmp_path):
    """A table names no rate, and a *Linkstyp* needs a measured axis; phantoms know both without measuring."""
    numbers = [record.ecg_id for record in population.cohort(limit=20)]
    folder = write_folder(tmp_path, population, numbers, with_signal=numbers)
    write_tables(folder, [{**table_row(population, number), "heart_axis": "LAD"} for number in numbers])
    table = PtbXl(folder)
    found = ablate("measurements", table.cohort(), image_ceiling=None)
    assert [axis.axis for axis in found.axes if axis.by_construction] == ["rate", "axis"]
    assert "By construction on rate and axis" in caution(found)
    assert "By construction" not in caution(ablate(CopyControl(), table.cohort(), image_ceiling=None))
    exact = ablate("measurements", population.cohort(limit=20), image_ceiling=None)
    assert not any(axis.by_construction for axis in exact.axes)


def test_a_leak_on_one_axis_is_a_warning_for_all(population):
    cohort = population.cohort()
    learnt = {trace_digest(record.signal().mv): cohort.truth(record).values for record in cohort}
    found = ablate(MemoryControl(learnt), cohort, image_ceiling=None, conditions="full,jittered")
    leaks = [axis.axis for axis in found.axes if axis.verdict == words.ELSEWHERE]
    assert "diagnosis" in leaks and "rhythm" not in leaks
    assert f"answers from elsewhere on {', '.join(leaks)}: trust no verdict" in caution(found)
    assert caution(found).startswith(f"{size_note(66, is_simulated=True)} Asked: full, jittered.")


@pytest.mark.slow
def test_an_ablation_is_one_page_and_resumes(tmp_path):
    done = bench("ablate", "--reader", "measurements", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "follows the numbers" in done.stdout
    assert "n = 66 phantoms, simulated ECGs of known truth" in done.stdout
    assert "Asked: full, image-only, text-only, crossed (5 draws)." in done.stdout
    (folder,) = (tmp_path / "runs").glob("ablation-*")
    page = (folder / "evidence.md").read_text()
    assert (folder / "pictures" / "evidence.png").is_file()
    axes = {axis["axis"]: axis for axis in json.loads((folder / "evidence.json").read_text())["axes"]}
    assert axes["rate"]["crossed_numbers"]["value"] == 1.0
    again = bench("ablate", "--reader", "measurements", cwd=tmp_path)
    assert again.stderr == "resuming: 528 of 528 readings are there\n"
    assert (folder / "evidence.md").read_text() == page


@pytest.mark.slow
def test_the_selftest_says_so_when_all_is_right(tmp_path):
    done = bench("selftest", cwd=tmp_path)
    assert done.returncode == 0
    assert f"all verdicts on {len(EXPECTED) + 3} controls are right" in done.stdout


def test_an_ablation_measures_no_record_twice(monkeypatch, tmp_path):
    """Donors, prompts, truths and ceilings all need the numbers of the same records."""
    measured = Counter()

    def counted(record):
        measured[record.ecg_id] += 1
        return measure_record(record)

    monkeypatch.setattr("bench.dataset.measuring.measure_record", counted)
    options = RunOptions("readers.control:CopyControl", selection=Selection("phantoms:1,66", limit=8), out=tmp_path)
    found = ablate_on_disk(options, image_ceiling="")
    assert set(measured.values()) == {1}
    assert len(measured) == found.cases == 8


def test_the_prior_has_a_value_on_every_axis():
    assert prior().keys() == set(AXIS_NAMES)
    assert None not in prior().values()


def test_a_finished_control_is_not_asked_again_and_a_whole_selftest_leaves_nothing(population, tmp_path):
    cohort, said, asked = population.cohort(limit=8), [], []
    found = ablate(PriorControl(), cohort, image_ceiling=None).axes
    check = ControlCheck("control-prior", "recites", found, ("one",))

    def made():
        asked.append(check)
        return check

    with suppress(KeyboardInterrupt), finished(tmp_path, cohort, 0, said.append) as keep:
        assert keep("control-prior", ControlCheck, made) == check
        raise KeyboardInterrupt
    with finished(tmp_path, cohort, 0, said.append) as keep:
        again = keep("control-prior", ControlCheck, made)
    assert again == check
    assert list(problems(again.axes, Expected(says=words.PRIOR))) == []
    assert len(asked) == 1
    assert said == ["resuming: 1 controls are finished"]
    assert not list(tmp_path.rglob("controls.jsonl"))


def test_a_damaged_note_of_a_control_is_one_sentence(population, tmp_path):
    cohort = population.cohort(limit=4)
    with suppress(KeyboardInterrupt), finished(tmp_path, cohort, 0, list) as keep:
        keep("memory 0", MemoryCheck, lambda: MemoryCheck("a", "b", False))
        raise KeyboardInterrupt
    (path,) = tmp_path.rglob("controls.jsonl")
    path.write_text('{"name": "memory 0", "check": {"verdict": 7}}\n')
    with (
        pytest.raises(FileError, match="holds no check of 'memory 0'"),
        finished(tmp_path, cohort, 0, list) as keep,
    ):
        keep("memory 0", MemoryCheck, lambda: MemoryCheck("a", "b", False))
    path.write_text("[" * 100_000 + "\n")
    with pytest.raises(FileError, match="is damaged"), finished(tmp_path, cohort, 0, list):
        pass


def test_the_selftest_goes_on_after_ctrl_c_and_says_its_size(tmp_path, monkeypatch):
    asked = []

    def few(cohort, seed):
        return [PriorControl(), BlankControl()]

    def interrupted(ablation, observer):
        asked.append(ablation.reader.name)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return ControlCheck(ablation.reader.name, "known", (), ())

    monkeypatch.setattr("bench.evidence.selftest.controls", few)
    monkeypatch.setattr("bench.evidence.selftest._check", interrupted)
    monkeypatch.setattr("bench.evidence.contamination_selftest.memory_controls", lambda cohort: iter(()))
    stopped = bench("selftest", "--sample", "6", cwd=tmp_path)
    assert stopped.returncode == 130
    done = bench("selftest", "--sample", "6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert asked == ["control-prior", "control-blank", "control-blank"]
    assert "resuming: 1 controls are finished" in done.stderr
    assert done.stdout.startswith("6 of 66 records of the test split of phantoms-1-66\n")
    assert "all verdicts on 2 controls are right" in done.stdout
