"""A phantom with one parameter changed differs in what follows from it, and in nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from bench.tracing.change import CHANGES
from bench.tracing.heart_change import qrs_heights
from bench.tracing.tracing import normal_records, tracings
from measurements import measure
from phantoms.injury import j_levels
from phantoms.physiology import Physiology
from phantoms.population import of_statements
from phantoms.simulator import rate_of_heart
from taxonomy.threshold import PR_LIMIT, axis_of

II, III, AVL, AVF, V3 = 1, 2, 4, 5, 8


@pytest.fixture(scope="module")
def normal(population):
    """Phantoms that nothing is said of but that they are normal and in sinus rhythm."""
    cohort = population.cohort()
    return cohort.of([record for record in cohort if population.truth(record).statements == {"NORM", "SR"}][:8])


@pytest.fixture(scope="module")
def phantoms(normal, population):
    return [population.draw(record.ecg_id) for record in normal]


def changed(phantom, name, dose):
    return CHANGES[name].on_heart.apply(phantom, dose)


def expected(phantom, name, dose, population, record):
    return CHANGES[name].on_heart.expect(changed(phantom, name, dose), population.truth(record))


@pytest.mark.parametrize("name", CHANGES)
def test_no_dose_is_the_phantom_itself(name, phantoms):
    assert changed(phantoms[0], name, 0) == phantoms[0]


def test_the_unchanged_tracing_is_the_record_to_the_byte(normal):
    for tracing in tracings(normal, [], 0):
        assert tracing.mv.tobytes() == tracing.record.signal().mv.tobytes()
        assert tracing.change == ""


@pytest.mark.parametrize("name", ["st-inferior", "st-anterior"])
def test_an_st_dose_leaves_p_qrs_and_noise_identical_to_the_byte(name, phantoms):
    for phantom in phantoms:
        slow = replace(phantom, heart=replace(phantom.heart, rate=60.0))  # no P wave touches the U wave before it
        before, after = slow.simulated(), changed(slow, name, 0.3).simulated()
        assert (before.p, before.qrs, before.t) == (after.p, after.qrs, after.t)
        times = np.arange(before.mv.shape[1]) / before.fs
        since = np.min([np.where(times < beat.onset, np.inf, times - beat.onset) for beat in before.qrs], axis=0)
        same = (since < 0.5 * slow.heart.qrs / 1000) | ((since > slow.heart.qt / 1000 + 0.2) & np.isfinite(since))
        assert same.mean() > 0.3
        assert all(same[(times >= wave.onset) & (times <= wave.offset)].all() for wave in before.p[1:])
        assert before.mv[:, same].tobytes() == after.mv[:, same].tobytes()
        assert np.abs(after.mv - before.mv).max() > 0.2


@pytest.mark.parametrize(
    ("name", "dose", "stays"),
    [
        ("axis", 60, ("p", "qrs", "t", "beats")),
        ("voltage", -0.6, ("p", "qrs", "t", "beats")),
        ("qt", 80, ("p", "qrs", "beats")),
        ("pr", 60, ("qrs", "t", "beats")),
        ("qrs", 60, ("beats",)),
    ],
)
def test_what_a_dose_does_not_concern_stays_where_it_was(name, dose, stays, phantoms):
    for phantom in phantoms:
        before, after = phantom.simulated(), changed(phantom, name, dose).simulated()
        for part in stays:
            assert getattr(before, part) == getattr(after, part)
        assert not np.array_equal(before.mv, after.mv)


@pytest.mark.parametrize("name", CHANGES)
def test_a_dose_changes_no_other_parameter(name, phantoms):
    concerned = {
        "qrs": {"qrs", "qt"}, "voltage": {"voltage"}, "premature": {"premature_ventricular"},
        "fibrillation": {"rhythm", "pr", "variability"}, "st-inferior": {"elevation"}, "st-anterior": {"elevation"},
    }.get(name, {name})  # fmt: skip
    dose = CHANGES[name].on_heart.doses[-2 if name == "voltage" else -1]
    before, after = phantoms[0], changed(phantoms[0], name, dose)
    assert replace(after, heart=before.heart) == before
    fields = Physiology.__dataclass_fields__
    assert {one for one in fields if getattr(before.heart, one) != getattr(after.heart, one)} == concerned


@pytest.mark.parametrize(
    ("name", "dose", "number", "between"),
    [
        ("rate", -20, "heart_rate", (-21, -19)),
        ("rate", 10, "heart_rate", (9, 11)),
        ("axis", 60, "qrs_axis", (54, 66)),
        ("axis", -60, "qrs_axis", (-66, -54)),
        ("pr", 40, "pr", (32, 48)),
        ("qrs", 40, "qrs", (28, 52)),
        ("qt", 60, "qt", (45, 75)),
    ],
)
def test_a_dose_is_what_is_measured(name, dose, number, between, phantoms):
    off = []
    for phantom in phantoms:
        values = [
            getattr(measure(one.simulated().mv, 500.0), number).value for one in (phantom, changed(phantom, name, dose))
        ]
        if None not in values:
            off.append((values[1] - values[0] + 180) % 360 - 180)
    assert len(off) >= 6
    assert between[0] <= np.median(off) <= between[1]


@pytest.mark.parametrize(("name", "lead", "mirror"), [("st-inferior", III, AVL), ("st-anterior", V3, None)])
def test_an_st_dose_is_as_high_as_it_says_in_its_lead(name, lead, mirror, phantoms):
    lifted = [_j(changed(phantom, name, 0.4)) - _j(phantom) for phantom in phantoms]
    assert np.median([lift[lead] for lift in lifted]) == pytest.approx(0.4, abs=0.1)
    assert all(lift[lead] > 0.25 for lift in lifted)
    if mirror is not None:
        assert all(lift[mirror] < -0.1 for lift in lifted)


def test_acute_injury_is_expected_where_two_neighbouring_leads_reach_the_limit(phantoms, normal, population):
    for phantom, record in zip(phantoms, normal, strict=True):
        for dose in (0.05, 0.1, 0.2, 0.4):
            levels = _j(changed(phantom, "st-inferior", dose))
            said = expected(phantom, "st-inferior", dose, population, record)
            if min(levels[II], levels[AVF]) >= 0.1 or min(levels[III], levels[AVF]) >= 0.1:
                assert said == "acute"
            elif levels.max() < 0.1:
                assert said is None
        assert expected(phantom, "st-anterior", 0.05, population, record) is None
        assert expected(phantom, "st-anterior", 0.4, population, record) == "acute"


def test_the_right_answer_is_the_changed_phantoms_exact_truth(phantoms, normal, population):
    for phantom, record in zip(phantoms, normal, strict=True):
        for dose in CHANGES["pr"].on_heart.doses:
            block = "av_block_first_degree" if phantom.heart.pr + dose > PR_LIMIT else "none"
            assert expected(phantom, "pr", dose, population, record) == block
        for dose in CHANGES["axis"].on_heart.doses:
            turned = changed(phantom, "axis", dose).heart.axis
            assert expected(phantom, "axis", dose, population, record) == axis_of(turned)
        for dose in CHANGES["rate"].on_heart.doses:
            one = changed(phantom, "rate", dose)
            told = expected(phantom, "rate", dose, population, record)
            exact = rate_of_heart(one.heart, one.seed)
            assert exact == pytest.approx(phantom.heart.rate + dose, rel=0.05)
            assert told in {None, "bradycardia" if exact < 60 else "tachycardia" if exact > 100 else "normal"}
        assert expected(phantom, "rate", 60, population, record) == "tachycardia"
        assert expected(phantom, "fibrillation", 0.2, population, record) == "atrial_fibrillation"
        assert expected(phantom, "qrs", 80, population, record) is None


def test_findings_are_expected_by_the_limits_of_the_taxonomy(phantoms, normal, population):
    for phantom, record in zip(phantoms, normal, strict=True):
        corrected = (phantom.heart.qt + 160) * np.sqrt(phantom.heart.rate / 60)
        assert corrected > 500
        assert expected(phantom, "qt", 160, population, record) == {"long_qt"}
        assert expected(phantom, "qt", 0, population, record) in (None, frozenset())
        for dose in (-0.8, -0.4, 0):
            heights = qrs_heights(changed(phantom, "voltage", dose))
            is_low = (heights[:6] < 0.5).all() and (heights[6:] < 1.0).all()
            assert expected(phantom, "voltage", dose, population, record) == ({"low_voltage"} if is_low else set())
        assert expected(phantom, "premature", 0, population, record) == frozenset()
        assert expected(phantom, "premature", 1, population, record) == {"premature_ventricular"}
    assert any(
        expected(phantom, "voltage", -0.8, population, record) for phantom, record in zip(phantoms, normal, strict=True)
    )


def test_every_premature_beat_of_a_dose_is_in_the_recording(phantoms):
    for phantom in phantoms:
        for dose in CHANGES["premature"].on_heart.doses:
            beats = changed(phantom, "premature", dose).simulated().beats
            assert sum(beat.origin == "premature_ventricular" for beat in beats) == dose


def test_a_phantom_that_a_dose_makes_impossible_is_left_out(population):
    fibrillating, blocked = of_statements(frozenset({"AFIB"}), 1), of_statements(frozenset({"3AVB", "SR"}), 1)
    assert changed(fibrillating, "pr", 20) is None
    assert changed(fibrillating, "fibrillation", 0.2) is None
    assert changed(blocked, "premature", 1) is None
    assert changed(of_statements(frozenset({"SBRAD"}), 1), "rate", -40) is None


def test_another_conduction_defect_leaves_the_answer_to_pr_unknown(population):
    record = next(one for one in population if population.truth(one).values["conduction"] == "lbbb")
    phantom = population.draw(record.ecg_id)
    assert CHANGES["pr"].on_heart.expect(phantom, population.truth(record)) is None


@pytest.mark.slow
def test_every_phantom_can_be_changed(normal):
    asked = list(tracings(normal_records(normal), list(CHANGES.values()), 0))
    doses = sum(len(change.on_heart.doses) - 1 for change in CHANGES.values())
    assert len(asked) >= 0.95 * len(normal) * (doses + 1)
    assert {tracing.mv.shape for tracing in asked} == {(12, 5000)}


def _j(phantom):
    return j_levels(phantom.heart, phantom.seed)
