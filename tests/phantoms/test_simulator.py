"""The simulator: its laws, its exact truth, and what its parameters do to a recording."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements import measure
from phantoms.error import PhantomError
from phantoms.physiology import Infarct, Noise, Physiology
from phantoms.simulator import rate_of_heart, simulate

SILENT = Noise(0, 0, 0, respiration=0)
II, III, AVL, AVF, V1, V2, V5 = 1, 2, 4, 5, 6, 7, 10
LEAD_I = 0


def of(seed=1, **heart):
    return simulate(Physiology(**{"noise": SILENT, **heart}), seed)


def after(phantom, lead, ms):
    """Return a lead at a time after the onset of each QRS complex, on average."""
    places = [round((beat.onset + ms / 1000) * phantom.fs) for beat in phantom.qrs[1:-1]]
    return float(np.mean([phantom.mv[lead, place] for place in places]))


@given(st.integers(0, 2**40), st.floats(20, 130), st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_laws_of_einthoven_and_goldberger_hold_to_a_microvolt(seed, rate, noisy):
    phantom = simulate(Physiology(rate=rate, qt=330, noise=Noise() if noisy else SILENT), seed, seconds=4)
    one, two, three, right, left, foot = phantom.mv[:6].astype(np.float64)
    for law in (one - two + three, right + (one + two) / 2, left - (one - three) / 2, foot - (two + three) / 2):
        assert np.abs(law).max() < 0.001
    assert phantom.mv.shape == (12, 2000) and np.isfinite(phantom.mv).all()


def test_a_seed_decides_every_byte_and_another_one_changes_it():
    heart = Physiology()
    assert simulate(heart, 5).mv.tobytes() == simulate(heart, 5).mv.tobytes()
    assert simulate(heart, 5).mv.tobytes() != simulate(heart, 6).mv.tobytes()


def test_one_changed_parameter_leaves_the_rest_as_it_was():
    plain, paler = simulate(Physiology(), 3), simulate(Physiology(t_gain=0.2), 3)
    assert plain.qrs == paler.qrs and plain.p == paler.p
    before = [round(wave.onset * plain.fs) for wave in plain.p[1:]]
    assert np.array_equal(plain.mv[:, before], paler.mv[:, before])


@pytest.mark.parametrize("rate", [20.0, 45.0, 70.0, 110.0, 180.0, 300.0])
def test_the_rate_is_the_one_that_was_asked_for(rate):
    heart = Physiology(rate=rate, qt=min(392, 60_000 / rate + 50), qrs=70, pr=min(156, 45_000 / rate))
    found = [simulate(heart, seed).rate for seed in range(8)]
    assert np.mean(found) == pytest.approx(rate, rel=0.02)
    assert [rate_of_heart(heart, seed) for seed in range(8)] == found


def test_before_its_onset_and_behind_its_offset_a_wave_is_exactly_nothing():
    phantom = of(rate=50)
    gaps = [(t.offset + 0.21, p.onset) for t, p in zip(phantom.t, phantom.p[1:], strict=False) if p.onset > t.offset]
    assert gaps
    for begin, end in gaps:
        assert not phantom.mv[:, round(begin * 500) + 1 : round(end * 500)].any()


@pytest.mark.parametrize("axis", [-170.0, -100.0, -60.0, -29.0, 0.0, 45.0, 89.0, 130.0])
@pytest.mark.parametrize("ventricle", ["normal", "lbbb", "lafb"])
def test_the_frontal_axis_is_that_of_the_areas_in_the_limb_leads(axis, ventricle):
    for seed in range(3):
        phantom = of(
            seed, axis=axis, ventricle=ventricle, qrs=120, rate=60, pr=None, av_block="third_degree", qt=500, p_gain=0
        )
        wave = next(qrs for qrs in phantom.qrs if qrs.onset > 1)
        inside = slice(round(wave.onset * 500), round((wave.onset + 0.066) * 500))
        assert inside.stop > inside.start
        whole = slice(round(wave.onset * 500), round(wave.offset * 500))
        one, foot = phantom.mv[[LEAD_I, AVF], whole].sum(axis=1)
        found = np.degrees(np.arctan2(2 / np.sqrt(3) * foot, one))
        assert abs((found - axis + 180) % 360 - 180) < 12


def test_fibrillation_has_irregular_intervals_f_waves_and_no_p():
    phantom = of(rhythm="atrial_fibrillation", pr=None, rate=85, qt=360)
    intervals = np.diff([beat.onset for beat in phantom.beats])
    assert phantom.p == () and intervals.std() / intervals.mean() > 0.1
    spectrum = np.abs(np.fft.rfft(phantom.mv[V1]))
    hertz = np.fft.rfftfreq(phantom.mv.shape[1], 1 / 500)
    regular = np.abs(np.fft.rfft(of(rate=85, qt=360, variability=0.1).mv[V1]))
    band = (hertz > 4.4) & (hertz < 8.6)
    assert spectrum[band].max() > 1.2 * np.median(regular[band])


@pytest.mark.parametrize(("ratio", "rate"), [(2, 150.0), (3, 100.0), (4, 75.0)])
def test_flutter_waves_come_at_250_to_350_per_minute(ratio, rate):
    phantom = of(rhythm="atrial_flutter", pr=None, rate=rate, flutter_ratio=ratio, qt=300)
    spectrum = np.abs(np.fft.rfft(phantom.mv[II] - phantom.mv[II].mean()))
    hertz = np.fft.rfftfreq(phantom.mv.shape[1], 1 / 500)
    assert spectrum[np.argmin(np.abs(hertz - 5.0))] > 5 * np.median(spectrum[(hertz > 4) & (hertz < 6)])


def test_premature_beats_come_early_and_the_ventricular_pause_is_compensatory():
    phantom = of(premature_ventricular=1, variability=0.0, rate=60)
    place = next(k for k, beat in enumerate(phantom.beats) if beat.origin == "premature_ventricular")
    onsets = [beat.onset for beat in phantom.beats]
    assert onsets[place] - onsets[place - 1] < 0.75
    assert onsets[place + 1] - onsets[place - 1] == pytest.approx(2.0, abs=0.01)
    wide = phantom.qrs[place]
    assert wide.offset - wide.onset > 0.14


def test_in_third_degree_block_p_waves_and_complexes_do_not_know_of_each_other():
    phantom = of(av_block="third_degree", rate=40, pr=None, qt=440)
    assert len(phantom.p) > 1.4 * len(phantom.qrs)
    delays = [min(q.onset - p.onset for p in phantom.p if p.onset < q.onset) for q in phantom.qrs[1:]]
    assert np.ptp(delays) > 0.1


def test_in_second_degree_block_pr_grows_until_a_beat_is_dropped():
    phantom = of(av_block="second_degree", pr=200, rate=80, qt=350, variability=0.0)
    assert len(phantom.p) > len(phantom.qrs)
    delays = [min(q.onset - p.onset for p in phantom.p if p.onset < q.onset) for q in phantom.qrs[1:]]
    assert max(delays) > 1.3 * min(delays)


def test_bundle_branch_blocks_show_in_v1_and_v6():
    left, right = of(ventricle="lbbb", qrs=150, qt=430), of(ventricle="rbbb", qrs=150, qt=430)
    assert after(left, V1, 75) < -0.3 and after(left, V5, 75) > 0.2
    assert after(right, V1, 95) > 0.1 and after(right, LEAD_I, 100) < -0.05


@pytest.mark.parametrize(
    ("territory", "lead"), [("inferior", AVF), ("inferior", III), ("anteroseptal", V2), ("lateral", AVL)]
)
def test_an_acute_infarction_raises_st_in_its_leads_and_an_old_one_has_q_waves(territory, lead):
    plain = of()
    acute, old = (of(infarcts=(Infarct(territory, stage),)) for stage in ("acute", "old"))
    assert after(acute, lead, 150) > after(plain, lead, 150) + 0.08
    assert min(after(old, lead, ms) for ms in (20, 26, 32, 38)) < min(after(plain, lead, ms) for ms in (20, 26, 32, 38))


def test_reciprocal_leads_mirror_an_inferior_infarction():
    assert after(of(infarcts=(Infarct("inferior", "acute"),)), AVL, 150) < after(of(), AVL, 150) - 0.08


def test_voltage_and_hypertrophy_are_as_large_as_they_should_be():
    plain, low, hypertrophy = of(), of(voltage=0.3), of(lvh=True, voltage=1.4)
    assert np.abs(low.mv[:6]).max() < 0.5 < np.abs(plain.mv[:6]).max()
    assert hypertrophy.mv[V5].max() - hypertrophy.mv[V1].min() > 3.5


def test_a_pacemaker_spikes_before_every_beat():
    phantom = of(rhythm="paced", pr=None, qt=440)
    jumps = np.abs(np.diff(phantom.mv[II]))
    for beat in phantom.beats[1:]:
        place = round((beat.onset - 0.008) * 500)
        assert jumps[place - 2 : place + 2].max() > 0.15


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"rate": 10}, "rate of 10 per minute is outside 20 to 300"),
        ({"rhythm": "atrial_fibrillation"}, "'atrial_fibrillation' has no P waves, so pr must be None, not 156"),
        ({"pr": None}, "'sinus' has P waves, so pr must be a number of ms"),
        ({"rhythm": "atrial_flutter", "pr": None, "rate": 60}, "has 120 flutter waves, not 250 to 350"),
        ({"rhythm": "paced", "pr": None, "ventricle": "rbbb"}, "ventricle must be 'normal', not 'rbbb'"),
        ({"qt": 150}, "leaves no T wave"),
        ({"strain": True}, "strain needs a hypertrophy"),
        ({"rhythm": "waltz"}, "rhythm has no value 'waltz'"),
        ({"av_block": "third_degree", "rhythm": "supraventricular"}, "needs P waves of a sinus rhythm"),
        ({"voltage": 0.0}, "voltage must be above 0"),
        ({"qt": float("nan")}, "qt must be a finite number"),
        ({"hypokalemia": True, "hyperkalemia": True}, "exclude each other"),
        ({"premature_atrial": -1}, "premature_atrial must not be negative"),
        ({"premature_ventricular": -2}, "premature_ventricular must not be negative"),
        ({"p_gain": -1.0}, "p_gain must not be negative"),
        ({"rate": 301.0}, "rate of 301 per minute is outside 20 to 300"),
        ({"rate": 0.0}, "rate of 0 per minute is outside 20 to 300"),
        ({"rate": -60.0}, "rate of -60 per minute is outside 20 to 300"),
        ({"pr": 950.0}, "a pr of 950 ms does not fit between two beats at 70"),
        ({"qrs": 250.0}, "qrs must be 60 to 240 ms, not 250"),
        ({"qt": 1200.0}, "a qt of 1200 ms does not fit between two beats"),
        ({"rhythm": "atrial_flutter", "pr": None, "flutter_ratio": 5}, "flutter_ratio must be 2, 3 or 4, not 5"),
        ({"ischemia": ("left",)}, "ischemia has no territory 'left'"),
        ({"injury": ("apical",)}, "injury has no territory 'apical'"),
    ],
)
def test_contradictory_parameters_are_named(parameters, said):
    with pytest.raises(PhantomError, match=said):
        Physiology(**parameters)


@pytest.mark.parametrize("name", [one.name for one in fields(Physiology) if one.type is float])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_parameter_that_is_no_number_is_named(name, value):
    with pytest.raises(PhantomError, match=f"{name} must be a finite number, not {value}"):
        Physiology(**{name: value})


def test_a_pr_interval_that_is_no_number_is_named():
    with pytest.raises(PhantomError, match="a pr of nan ms"):
        Physiology(pr=float("nan"))


@pytest.mark.parametrize("name", [one.name for one in fields(Noise)])
@pytest.mark.parametrize("value", [float("nan"), -0.01])
def test_noise_that_is_none_is_named(name, value):
    with pytest.raises(PhantomError, match=f"{name} of a recording's noise must be a number of at least 0"):
        Noise(**{name: value})


def test_an_infarct_elsewhere_or_of_another_stage_is_refused():
    with pytest.raises(PhantomError, match="an infarct's territory is 'apical'"):
        Infarct("apical", "old")
    with pytest.raises(PhantomError, match="an infarct's stage is 'fresh'"):
        Infarct("inferior", "fresh")


@pytest.mark.parametrize("seed", [-1, "7", 1.5, True, None])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(PhantomError, match=f"a seed must be a whole number of at least 0, not {seed!r}"):
        simulate(Physiology(), seed)


@pytest.mark.parametrize(
    ("seconds", "fs"), [(0, 500), (-3, 500), (10, 0), (10, -500), (10, 40), (float("nan"), 500), (10, float("inf"))]
)
def test_a_length_or_a_sampling_rate_that_is_none_is_refused(seconds, fs):
    with pytest.raises(PhantomError, match=f"a recording of {seconds:g} s at {fs:g} Hz cannot be simulated"):
        simulate(Physiology(), 1, seconds, fs)


HEARTS = {
    "sinus": {"infarcts": (Infarct("inferior", "acute"),)},
    "fibrillation": {"rhythm": "atrial_fibrillation", "pr": None, "rate": 85, "qt": 360},
    "flutter": {"rhythm": "atrial_flutter", "pr": None, "rate": 75, "flutter_ratio": 4, "qt": 380},
    "premature": {"premature_ventricular": 2, "premature_atrial": 1},
    "block": {"av_block": "third_degree", "pr": None, "rate": 40, "qt": 440},
}


@pytest.mark.parametrize("kind", HEARTS)
def test_a_lower_sampling_rate_shows_the_same_instants(kind):
    heart = Physiology(**HEARTS[kind], noise=SILENT)
    fine = simulate(heart, 4)
    for fs, step in ((100, 5), (250, 2)):
        coarse = simulate(heart, 4, fs=fs)
        assert coarse.beats == fine.beats and coarse.p == fine.p and coarse.qrs == fine.qrs and coarse.t == fine.t
        assert np.abs(coarse.mv - fine.mv[:, ::step]).max() < 0.001
    assert np.abs(simulate(heart, 4, fs=1000).mv[:, ::2] - fine.mv).max() < 0.001


def test_a_longer_recording_begins_as_the_shorter_one():
    heart = Physiology(noise=SILENT)
    short, long = simulate(heart, 4, seconds=1), simulate(heart, 4, seconds=30)
    assert short.mv.shape == (12, 500) and long.mv.shape == (12, 15_000)
    assert np.abs(long.mv[:, :500] - short.mv).max() < 0.001
    assert long.beats[: len(short.beats)] == short.beats and len(long.beats) > 30


@pytest.mark.parametrize(("seconds", "fs"), [(10, 100), (30, 250), (5, 1000)])
def test_other_lengths_and_rates_show_the_same_heart(seconds, fs):
    phantom = simulate(Physiology(), 2, seconds, fs)
    assert phantom.mv.shape == (12, seconds * fs)
    assert measure(phantom.mv, fs).heart_rate.value == pytest.approx(phantom.rate, abs=1.5)
