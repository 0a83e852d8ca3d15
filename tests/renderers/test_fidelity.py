"""What is drawn can be read back: the round trip by the centroid of ink at 6 px/mm."""

from dataclasses import replace

import numpy as np
import pytest

from renderers import LEADS, PageStyle, render
from renderers.grid import cleaned
from renderers.leads import lead_layout
from renderers.page import draw

STYLE = PageStyle()
PX = STYLE.px_per_mm


def alone(samples, lead, fs=500.0):
    signal = samples[None]
    return cleaned(draw(lead_layout(lead, STYLE), signal, fs, STYLE, (lead,)))


def read_back(image):
    """Return time in s and mV of every inked pixel column right of the lead's name, and which columns have ink."""
    strip = image.strips[0]
    first, last = round((strip.x_mm + 12) * PX), round((strip.x_mm + 250) * PX)
    ink = image.indices[: -5 * PX, first:last].astype(float)
    mass = ink.sum(axis=0)
    rows = np.arange(len(ink))[:, None] + 0.5
    centre = (ink * rows).sum(axis=0) / np.maximum(mass, 1)
    x_mm = (np.arange(first, last) + 0.5) / PX
    return (x_mm - strip.x_mm) / 25, (strip.baseline_mm - centre / PX) / 10, mass > 0


@pytest.fixture(scope="module")
def traces(population):
    return [(lead, r.signal(500).mv[row]) for r in population.cohort()[:6] for row, lead in enumerate(LEADS)]


@pytest.fixture(scope="module")
def still_traces(population):
    """Traces without muscle noise, whose samples within one column of pixels lie close together."""
    draws = [population.draw(record.ecg_id) for record in population.cohort()[:6]]
    still = [replace(draw, heart=replace(draw.heart, noise=replace(draw.heart.noise, muscle=0.0))) for draw in draws]
    return [(lead, draw.simulated().mv[row]) for draw in still for row, lead in enumerate(LEADS)]


def errors(traces):
    """Return (error in microvolts, steepness in mV/s) of every column of every trace."""
    found = []
    for lead, samples in traces:
        time, mv, inked = read_back(alone(samples, lead))
        true = np.interp(time, np.arange(len(samples)) / 500, samples)
        slope = np.abs(np.gradient(true, time))
        found.append(np.stack([(mv - true)[inked] * 1000, slope[inked]]))
    return np.concatenate(found, axis=1)


def rms(values):
    return np.sqrt(np.mean(values**2))


def test_all_columns_are_within_55_microvolts(traces):
    assert rms(errors(traces)[0]) < 55


def test_flat_columns_are_within_10_microvolts_and_without_bias(still_traces):
    assert_flat_columns_are_faithful(still_traces)


@pytest.mark.slow
def test_flat_columns_of_real_records_are_too(ptbxl):
    at_hand = ptbxl.cohort("train", limit=6)
    assert_flat_columns_are_faithful([(lead, r.signal(500).mv[row]) for r in at_hand for row, lead in enumerate(LEADS)])


def assert_flat_columns_are_faithful(traces):
    error, steepness = errors(traces)
    flat = error[steepness < 1.0]
    assert len(flat) > 10_000
    assert rms(flat) < 10
    assert abs(flat.mean()) < 1


def test_peaks_are_within_10_microvolts(traces):
    misses = []
    for lead, samples in traces:
        image = alone(samples, lead)
        strip = image.strips[0]
        peak = int(np.argmax(samples[400:])) + 400
        column = round((strip.x_mm + peak / 500 * 25) * PX)
        window = image.indices[: -5 * PX, column - 2 : column + 3]
        top = np.flatnonzero(window.any(axis=1))[0]
        drawn = (strip.baseline_mm - (top + 1) / PX - STYLE.pen_mm / 2) / 10
        misses.append((drawn - samples[peak]) * 1000)
    assert abs(np.median(misses)) < 10


def test_time_is_within_half_a_pixel(traces):
    shifts = []
    for lead, samples in traces[:24]:
        time, mv, inked = read_back(alone(samples, lead))
        offsets = np.linspace(-1, 1, 41) / (25 * PX)
        source = np.arange(len(samples)) / 500
        costs = [np.mean((np.interp(time[inked] + o, source, samples) - mv[inked]) ** 2) for o in offsets]
        shifts.append(offsets[int(np.argmin(costs))] * 25 * PX)
    assert abs(np.mean(shifts)) < 0.25
    assert np.max(np.abs(shifts)) <= 0.5


def test_the_edges_of_the_ink_lie_on_the_envelope_of_the_stroke(still_traces):
    gaps = []
    for lead, samples in still_traces[:12]:
        signal = samples[None]
        image = draw(lead_layout(lead, STYLE), signal, 500.0, STYLE, (lead,))
        strip = image.strips[0]
        level = (image.indices % 16) / 15.0
        fine = np.arange(0, 10, 1 / 20_000)
        x = (strip.x_mm + fine * 25) * PX
        y = (strip.baseline_mm - np.interp(fine, np.arange(len(samples)) / 500, samples) * 10) * PX
        half = STYLE.pen_mm * PX / 2
        for column in range(round((strip.x_mm + 15) * PX), round((strip.x_mm + 240) * PX), 7):
            near = np.abs(x - column - 0.5) < half
            if np.ptp(y[near]) > 2 * half:
                continue  # on a steep flank the column's first pixel is covered in part by many heights
            reach = np.sqrt(half**2 - (x[near] - column - 0.5) ** 2)
            inked = np.flatnonzero(level[:, column] > 0)
            upper = inked[0] + 1 - level[inked[0], column]
            gaps.append(upper - (y[near] - reach).min())
    assert len(gaps) > 1000
    assert np.median(np.abs(gaps)) < 0.1
    assert np.percentile(np.abs(gaps), 95) < 0.5


def test_a_100_hz_record_is_drawn_straight_between_its_samples(population):
    samples = population.record(9).signal(100).mv[1]
    time, mv, inked = read_back(alone(samples, "II", 100.0))
    true = np.interp(time, np.arange(len(samples)) / 100, samples)
    assert rms((mv - true)[inked]) < 0.055


@pytest.mark.parametrize("name", ["printed", "clean", "stacked", "leads"])
def test_the_same_record_gives_the_same_bytes(population, name):
    signal = population.record(9).signal(500)
    first, second = ([image.png() for image in render(signal.mv, signal.fs, name)] for _ in range(2))
    assert first == second
