"""The segments of each beat, against the exact truth of phantoms."""

from itertools import pairwise

import numpy as np
import pytest

from measurements.segment import CUT_OFF, HIDDEN, OTHER_SHAPE, SEGMENTS, segmented
from phantoms.population import of_statements

SEEDS = range(500, 504)
WITHOUT_SINUS = {"AFIB", "AFLT", "PACE", "STACH"}


def phantoms(code, seeds=SEEDS):
    codes = frozenset({code} | (set() if code in WITHOUT_SINUS else {"SR"}))
    return [of_statements(codes, seed).simulated() for seed in seeds]


def gaps(code, segment, edge, waves):
    """Return found minus true in ms of an edge of a segment, in every beat that has it."""
    return np.array(
        [
            1000 * min((getattr(beat.spans[segment], edge) - true for true in waves(phantom)), key=abs)
            for phantom in phantoms(code)
            for beat in segmented(phantom.mv, phantom.fs)[1:-1]
            if segment in beat.spans
        ]
    )


@pytest.mark.parametrize("code", ["NORM", "CRBBB", "CLBBB", "1AVB", "PVC", "PAC", "AFIB", "PACE", "STACH"])
def test_qrs_complexes_and_ends_of_t_lie_where_the_dipole_begins_and_ends(code):
    begin = gaps(code, "QRS", "begin", lambda phantom: [wave.onset for wave in phantom.qrs])
    end = gaps(code, "QRS", "end", lambda phantom: [wave.offset for wave in phantom.qrs])
    t = gaps(code, "T", "end", lambda phantom: [wave.offset for wave in phantom.t])
    assert abs(np.median(begin)) < 10
    assert abs(np.median(end)) < 14
    assert -28 < np.median(t) < -10  # the last of a T wave is below the noise
    assert np.ptp(np.quantile(begin, [0.05, 0.95])) < 30


@pytest.mark.parametrize("code", ["NORM", "CRBBB", "1AVB", "PVC", "STACH"])
def test_p_waves_lie_where_the_dipole_begins_and_ends(code):
    begin = gaps(code, "P", "begin", lambda phantom: [wave.onset for wave in phantom.p])
    end = gaps(code, "P", "end", lambda phantom: [wave.offset for wave in phantom.p])
    assert 0 < np.median(begin) < 12
    assert -12 < np.median(end) < 0


@pytest.mark.parametrize("code", ["NORM", "AFIB", "PVC", "PACE", "AFLT", "STACH", "2AVB"])
def test_every_segment_is_told_or_why_it_is_missing_and_no_two_overlap(code):
    for phantom in phantoms(code):
        beats = segmented(phantom.mv, phantom.fs)
        spans = sorted(
            (span.begin, span.end) for beat in beats for name, span in beat.spans.items() if name in SEGMENTS
        )
        assert all(set(beat.spans) | set(beat.missing) == set(SEGMENTS) for beat in beats)
        assert all(not set(beat.spans) & set(beat.missing) and all(beat.missing.values()) for beat in beats)
        assert all(after[0] >= before[1] - 1e-9 for before, after in pairwise(spans))
        assert spans[0][0] >= 0
        assert spans[-1][1] <= 10


def test_a_premature_ventricular_beat_is_told_from_the_others():
    found = {
        (beat.is_usual, min(phantom.beats, key=lambda one: abs(one.onset - beat.at)).origin)
        for phantom in phantoms("PVC")
        for beat in segmented(phantom.mv, phantom.fs)[1:-1]
    }
    assert found == {(True, "conducted"), (False, "premature_ventricular")}
    for phantom in phantoms("PVC"):
        for beat in segmented(phantom.mv, phantom.fs):
            if not beat.is_usual:
                assert set(beat.spans) <= {"QRS"}
                assert beat.missing["T"] in (OTHER_SHAPE, CUT_OFF)


def test_in_fibrillation_hardly_a_beat_has_a_p_wave_and_the_reason_is_said():
    beats = [beat for phantom in phantoms("AFIB", range(500, 510)) for beat in segmented(phantom.mv, phantom.fs)]
    assert np.mean(["P" in beat.spans for beat in beats]) < 0.1
    assert any(beat.missing["P"].startswith("no P wave stands") for beat in beats)
    assert any("TQ" in beat.spans for beat in beats)


def test_an_early_p_wave_within_the_t_wave_is_missing_for_that_reason():
    reasons = [beat.missing.get("P") for phantom in phantoms("PAC") for beat in segmented(phantom.mv, phantom.fs)]
    assert HIDDEN in reasons


def test_scale_and_sampling_rate_move_no_segment():
    phantom = phantoms("NORM")[0]
    whole = segmented(phantom.mv, phantom.fs)
    assert segmented(phantom.mv * 7, phantom.fs) == whole
    for slow, fast in zip(segmented(phantom.mv[:, ::2], phantom.fs / 2), whole, strict=True):
        for name in set(slow.spans) & set(fast.spans):
            assert slow.spans[name].begin == pytest.approx(fast.spans[name].begin, abs=0.012)


def test_a_flat_record_has_no_beats_and_one_beat_has_no_neighbours():
    assert segmented(np.zeros((12, 5000), np.float32), 500) == ()
    phantom = phantoms("NORM")[0]
    first = phantom.qrs[1].onset
    alone = phantom.mv[:, int((first - 0.5) * 500) : int((first + 0.72) * 500)]
    (beat,) = segmented(np.pad(alone, ((0, 0), (200, 100)), mode="edge"), 500)
    assert "QRS" in beat.spans
    assert beat.missing["TQ"] == "no beat follows in the recording"
