"""What the benchmark says of readers of which it is known what they read."""

import json
from collections import Counter

import numpy as np
import pytest
from scipy.stats import beta
from statsmodels.stats.contingency_tables import mcnemar

from bench import ablate
from bench.dataset import Selection
from bench.dataset.measurement_cache import measure_record
from bench.evidence.ablation import ablate_on_disk
from bench.evidence.answer import AskedCase, accuracy_difference, moved, share_figure
from bench.evidence.axis_evidence import CLAIMS, Ceilings, axis_evidence
from bench.evidence.conditions import ABLATION, asked_conditions
from bench.evidence.selftest import EXPECTED, selftest
from bench.run.options import RunOptions
from bench.score.agreement import mcnemar as exact
from readers.control import CopyControl, PriorControl
from readers.majority import majority_values
from taxonomy.axis import AXES
from taxonomy.reading import Reading
from taxonomy.truth import Truth

from ...command import bench


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_verdict_on_the_controls_is_right(sample, seed):
    checks = selftest(sample.cohort(), seed)
    assert {check.reader for check in checks} == EXPECTED.keys()
    assert [check.wrong for check in checks] == [()] * 4


def test_a_control_that_copies_follows_every_foreign_number(sample):
    found = {axis.axis: axis for axis in ablate(CopyControl(), sample.cohort()).axes}
    assert found["rate"].copy_rate.value == found["axis"].copy_rate.value == 1.0
    assert found["rate"].reliance.value == 0
    assert found["rhythm"].copy_rate is None


def test_few_cases_cannot_tell(sample):
    verdicts = {axis.verdict for axis in ablate(PriorControl(), sample.cohort(limit=8)).axes}
    assert all(verdict.startswith("cannot tell: n = ") for verdict in verdicts)


def test_conditions_that_are_the_same_for_a_reader_are_asked_once():
    assert set(asked_conditions({"image", "text"}).values()) == set(ABLATION)
    signal = asked_conditions({"signal"})
    assert signal["text-only"] is None
    assert signal["wrong-measurements"] == signal["image-only"] == "full"
    assert signal["wrong-image"] == "wrong-image"
    text = asked_conditions({"text"})
    assert text["wrong-image"] == text["blank-image"] == "full"
    assert text["wrong-measurements"] == "wrong-measurements"
    assert set(asked_conditions(set()).values()) == {"full"}
    assert set(asked_conditions({"statements"}).values()) == {"full", None}


def cases_of(full, other, patients=None):
    """Return cases whose rhythm is right or wrong under two conditions, as told."""
    truth = Truth({axis.name: "sinus" if axis.name == "rhythm" else None for axis in AXES})

    def reading(right):
        return Reading(values={"rhythm": "sinus" if right else "paced"})

    patients = range(len(full)) if patients is None else patients
    return tuple(
        AskedCase(number, int(patient), truth, {"full": reading(a), "wrong-image": reading(b)}, {})
        for number, (a, b, patient) in enumerate(zip(full, other, patients, strict=True))
    )


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
        figure = accuracy_difference(cases_of(full, other, patients), "rhythm", "full", "wrong-image")
        hits += figure.interval[0] <= 0.2 <= figure.interval[1]
    assert 930 <= hits <= 970


def test_paired_tests_agree_with_statsmodels():
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.random(60) < 0.8, rng.random(60) < 0.6
        table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
        assert exact(a, b) == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_a_share_of_none_or_all_has_the_exact_bound():
    cases = cases_of([True] * 30, [True] * 30)
    figure = moved(cases, "rhythm", "full", "wrong-image")
    assert figure.value == 0
    assert figure.interval[1] == pytest.approx(beta.ppf(0.975, 1, 30), abs=1e-5)
    assert share_figure(cases, np.ones(30, dtype=bool)).interval[0] == pytest.approx(beta.ppf(0.025, 30, 1), abs=1e-5)


def test_power_is_the_least_gain_that_can_be_significant():
    def found(discordant, n=100):
        cases = cases_of([True] * n, [number >= discordant for number in range(n)])
        prior = majority_values()
        answers = {case.ecg_id: {} for case in cases}
        return next(one for one in axis_evidence(cases, Ceilings(prior, answers, {})) if one.axis == "rhythm")

    least = round(found(0).power * 100)
    assert found(least).reliance.p * len(AXES) < 0.05
    assert found(least - 1).reliance.p * len(AXES) >= 0.05


def test_claims_of_having_seen_the_trace_are_found():
    for text in ("There is ST elevation in V2", "the tracing shows AF", "lead aVF", "P waves are absent"):
        assert CLAIMS.search(text)
    for text in ("Heart rate 73 is normal.", "QTc of 439 ms is normal", "I assume a normal ECG"):
        assert not CLAIMS.search(text)


@pytest.mark.slow
def test_an_ablation_is_one_page_and_resumes(tmp_path):
    done = bench("ablate", "--reader", "measurements", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "copies the prompt" in done.stdout
    assert "n = 66 ECGs of the embedded sample" in done.stdout
    (folder,) = (tmp_path / "runs").glob("ablation-*")
    page = (folder / "evidence.md").read_text()
    assert "| rate | 66 | copies the prompt |" in page
    assert (folder / "pictures" / "evidence.png").is_file()
    axes = {axis["axis"]: axis for axis in json.loads((folder / "evidence.json").read_text())["axes"]}
    assert axes["rate"]["copy_rate"]["value"] == 1.0
    again = bench("ablate", "--reader", "measurements", cwd=tmp_path)
    assert "resuming: 66 of 66" in again.stderr
    assert (folder / "evidence.md").read_text() == page


@pytest.mark.slow
def test_the_selftest_says_so_when_all_is_right(tmp_path):
    done = bench("selftest", cwd=tmp_path)
    assert done.returncode == 0
    assert "all verdicts on 4 controls are right" in done.stdout


def test_an_ablation_measures_no_record_twice(monkeypatch, sample, tmp_path):
    """Donors, prompts, truths and ceilings all need the numbers of the same records."""
    measured = Counter()

    def counted(record):
        measured[record.ecg_id] += 1
        return measure_record(record)

    monkeypatch.setattr("bench.dataset.cohort.measure_record", counted)
    options = RunOptions("readers.control:CopyControl", selection=Selection("sample", limit=8), out=tmp_path)
    ablate_on_disk(options, "")
    assert set(measured.values()) == {1}
    assert measured.keys() == {record.ecg_id for record in sample if record.fold == 10}
