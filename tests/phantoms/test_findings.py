"""What statements do to a phantom, by the criteria of cardiology: persons are drawn, so that a few may miss one."""

from dataclasses import replace

import numpy as np
import pytest

from phantoms.physiology import Noise
from phantoms.population import drawn, of_statements
from phantoms.simulator import simulate

SILENT = Noise(0, 0, 0, respiration=0)
II, III, AVL, AVF, V1, V2, V3, V5, V6 = 1, 2, 4, 5, 6, 7, 8, 10, 11
PERSONS = 24


def phantoms(*codes, seeds=PERSONS):
    """Return silent phantoms with these statements."""
    draws = [of_statements(frozenset({*codes, "SR"} if "SR" not in codes else codes), seed) for seed in range(seeds)]
    return [simulate(replace(draw.heart, noise=SILENT), draw.seed, fs=1000) for draw in draws]


def beat(phantom, before=0.0, behind=0.0):
    """Return the leads from the onset of a QRS complex to its offset, widened by seconds, against the PR segment."""
    wave = next(qrs for qrs in phantom.qrs if qrs.onset > 1.5)
    level = phantom.mv[:, round(wave.onset * 1000) - 1][:, None]
    return phantom.mv[:, round((wave.onset - before) * 1000) : round((wave.offset + behind) * 1000)] - level


def st(phantom, lead):
    """Return ST 60 ms behind the J point in mV."""
    return float(beat(phantom, behind=0.061)[lead, -1])


def t_peak(phantom, lead):
    """Return the T wave's greatest deviation in mV."""
    wave = next(qrs for qrs in phantom.qrs if qrs.onset > 1.5)
    end = next(t.offset for t in phantom.t if t.offset > wave.offset)
    part = beat(phantom, behind=end - wave.offset)[lead, round((wave.offset - wave.onset) * 1000) + 90 :]
    return float(part[np.argmax(np.abs(part))])


def p_wave(phantom):
    """Return the leads over one P wave."""
    wave = next(p for p in phantom.p if p.onset > 1.0)
    part = phantom.mv[:, round(wave.onset * 1000) : round(wave.offset * 1000)]
    return part - part[:, :1]


def share(found):
    return float(np.mean(list(found)))


def test_an_enlarged_left_atrium_has_a_long_p_wave_and_a_deep_end_of_it_in_v1():
    """P terminal force in V1 beyond 40 ms x 0.1 mV (Morris et al. 1964), P of 120 ms and more."""
    forces = {code: [-np.minimum(p_wave(one)[V1], 0).sum() for one in phantoms(code)] for code in ("NORM", "LAO/LAE")}
    assert np.median(forces["LAO/LAE"]) > 4 > np.quantile(forces["NORM"], 0.9)
    assert all(p_wave(one).shape[1] >= 120 for one in phantoms("LAO/LAE"))


def test_an_enlarged_right_atrium_has_a_tall_p_wave_in_ii():
    """P of more than 0.25 mV in II (AHA/ACC/HRS 2009, part V)."""
    tall = {code: share(p_wave(one)[II].max() > 0.25 for one in phantoms(code)) for code in ("NORM", "RAO/RAE")}
    assert tall["RAO/RAE"] > 0.8 and tall["NORM"] < 0.1


def test_a_long_qt_interval_is_long_at_every_rate():
    draws = [of_statements(frozenset({"SR", "LNGQT"}), seed) for seed in range(PERSONS)]
    assert all(draw.heart.qt * np.sqrt(draw.heart.rate / 60) > 490 for draw in draws)
    assert np.median([t_peak(one, V5) for one in phantoms("LNGQT")]) < np.median(
        [t_peak(one, V5) for one in phantoms("NORM")]
    )


def test_a_premature_atrial_beat_has_a_p_wave_of_its_own_and_a_short_pause():
    phantom = next(one for one in phantoms("PAC") if sum(b.origin == "premature_atrial" for b in one.beats) == 2)
    place = next(k for k, one in enumerate(phantom.beats[1:-1], 1) if one.origin == "premature_atrial")
    onsets = [one.onset for one in phantom.beats]
    early, late = onsets[place] - onsets[place - 1], onsets[place + 1] - onsets[place]
    assert early < 0.8 * late and early + late < 1.96 * 60 / phantom.heart.rate
    waves = [one for one in phantom.p if onsets[place] - 0.4 < one.onset < onsets[place]]
    fore = phantom.mv[:, round(waves[-1].onset * 1000) : round(waves[-1].onset * 1000) + 60]
    assert (fore[II] - fore[II, 0]).min() < -0.02 < (p_wave(phantom)[II]).min()


def test_third_degree_block_has_p_waves_of_the_sinus_node_and_a_slow_escape_rhythm():
    for phantom in phantoms("3AVB"):
        p = 60 / np.diff([wave.onset for wave in phantom.p])
        assert 68 < np.median(p) < 103 and 33 < phantom.rate < 49


def test_an_aneurysm_keeps_st_raised_over_q_waves():
    for phantom in phantoms("ANEUR"):
        assert st(phantom, V2) > 0.08
        complex_ = beat(phantom)[V2]
        assert complex_.max() < 0.25 * -complex_.min()


def test_septal_hypertrophy_has_narrow_deep_q_waves_in_lateral_leads_and_tall_r_in_v1():
    plain, thick = phantoms("NORM"), phantoms("SEHYP")
    assert np.median([beat(one)[V6, :40].min() for one in thick]) < -0.2
    assert np.median([beat(one)[V1].max() for one in thick]) > 2 * np.median([beat(one)[V1].max() for one in plain])


@pytest.mark.parametrize(("code", "depressed", "spared"), [("INJAS", V3, AVF), ("INJAL", V5, V1), ("INJIN", AVF, V1)])
def test_subendocardial_injury_depresses_st_in_its_leads_alone(code, depressed, spared):
    found = phantoms(code)
    assert all(st(one, depressed) < -0.05 for one in found)
    assert all(st(one, spared) > st(one, depressed) + 0.05 for one in found)


@pytest.mark.parametrize(
    ("code", "inverted", "upright"), [("ISCAS", V2, None), ("ISCAL", V6, V2), ("ISC_", AVL, V2), ("ISCIN", AVF, V2)]
)
def test_ischemia_inverts_t_in_its_leads_and_spares_others(code, inverted, upright):
    found = phantoms(code)
    assert share(t_peak(one, inverted) < 0 for one in found) > 0.9
    assert upright is None or share(t_peak(one, upright) > 0 for one in found) > 0.9


def test_an_inferior_infarction_has_q_waves_in_iii_and_an_axis_to_the_left():
    found = phantoms("IMI")
    assert np.median([beat(one)[III, :45].min() for one in found]) < -0.15
    assert np.median([one.heart.axis for one in found]) < 20


def test_an_old_anteroseptal_infarction_leaves_no_r_in_v1_to_v3():
    found = [one for one in phantoms("ASMI", seeds=60) if one.heart.infarcts[0].stage == "old"]
    ratios = [beat(one)[lead].max() / -beat(one)[lead].min() for one in found for lead in (V1, V2)]
    assert len(found) > 20 and np.quantile(ratios, 0.9) < 0.2


def test_an_inferoposterior_infarction_shows_on_both_walls():
    heart = of_statements(frozenset({"SR", "IPMI"}), 1).heart
    assert {scar.territory for scar in heart.infarcts} == {"posterior", "inferior"}


def test_a_right_bundle_branch_block_ends_in_r_in_v1_and_s_in_i_with_and_without_a_fascicular_block():
    for codes in (("CRBBB",), ("CRBBB", "LAFB")):
        for phantom in phantoms(*codes):
            late = beat(phantom)[:, -70:-20]
            assert late[V1].max() > 0.1 and late[V6].min() < -0.1


def test_hypertrophy_of_the_left_ventricle_meets_sokolow_and_lyon_and_normal_hearts_do_not():
    """S in V1 and R in V5 or V6 of 3.5 mV and more (Sokolow and Lyon 1949): of most, as in patients."""

    def sokolow(phantom):
        leads = beat(phantom)
        return -leads[V1].min() + max(leads[V5].max(), leads[V6].max())

    assert share(sokolow(one) >= 3.5 for one in phantoms("LVH")) > 0.5
    assert share(sokolow(one) >= 3.5 for one in phantoms("NORM")) < 0.1


def test_low_voltage_is_below_half_a_millivolt_in_every_limb_lead():
    """Less than 0.5 mV from peak to peak in the limb leads (AHA/ACC/HRS 2009, part III)."""
    assert share(np.ptp(beat(one)[:6], axis=1).max() < 0.55 for one in phantoms("LVOLT")) > 0.9


def test_r_in_v5_hardly_depends_on_the_axis():
    found = [one for one in (drawn(5, number) for number in range(400)) if one.codes == {"NORM", "SR"}]
    axis = [one.heart.axis for one in found]
    r = [beat(simulate(replace(one.heart, noise=SILENT), one.seed, seconds=4, fs=1000))[V5].max() for one in found]
    assert abs(np.corrcoef(axis, r)[0, 1]) < 0.45
