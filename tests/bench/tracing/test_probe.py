"""Tracings that differ in one thing really do, by as much as they say."""

import json

import numpy as np
import pytest

from bench.evidence.figure import Figure
from bench.report.probe_page import thresholds
from bench.tracing.beats import delineated, tiled
from bench.tracing.change import CHANGES
from bench.tracing.dose_response import DoseResult, probe_tracings
from bench.tracing.tracing import TRACING_SAMPLES, tracings
from bench.view import View
from measurements import measure
from readers.control import PriorControl

from ... import command
from ...loopback.server import Running, Server

FS = 500.0
STAYS = {"heart_rate": 1, "pr": 8, "qrs": 8, "qrs_axis": 4}
"""By how much each number may change beside the one that is meant to, in the median."""


@pytest.fixture(scope="module")
def normal(population):
    return [record for record in population.cohort() if "NORM" in population.truth(record).statements][:8]


@pytest.fixture(scope="module")
def sources(normal):
    return [tiled(beats, 40.0) for record in normal if (beats := delineated(record.signal()))]


def changed(source, name, dose):
    found = CHANGES[name].apply(source, dose, np.random.default_rng(0))
    return None if found is None or found.mv.shape[1] < TRACING_SAMPLES else found.mv[:, :TRACING_SAMPLES]


def numbers(mv):
    found = measure(mv, FS)
    return {name: getattr(found, name).value for name in ("heart_rate", "pr", "qrs", "qrs_axis")}


def test_most_records_can_be_changed(normal, sources):
    assert len(sources) >= len(normal) - 1


@pytest.mark.parametrize("name", CHANGES)
def test_einthoven_and_goldberger_hold_to_a_microvolt(sources, name):
    for source in sources[:3]:
        for dose in CHANGES[name].doses:
            mv = changed(source, name, dose)
            if mv is not None:
                one, two, three, right, left, foot = mv[:6].astype(np.float64)
                for off in (one + three - two, right + (one + two) / 2, left - one + two / 2, foot - two + one / 2):
                    assert np.abs(off).max() < 0.001


@pytest.mark.parametrize(
    ("name", "dose", "number", "between"),
    [
        ("rate", -20, "heart_rate", (-22, -18)),
        ("rate", 10, "heart_rate", (9, 11)),
        ("axis", 60, "qrs_axis", (54, 66)),
        ("axis", -60, "qrs_axis", (-66, -54)),
        ("pr", 40, "pr", (30, 50)),
        ("qrs", 40, "qrs", (28, 52)),
    ],
)
def test_a_dose_is_what_is_measured_and_the_other_numbers_stay(sources, name, dose, number, between):
    moved, others = [], {other: [] for other in STAYS if other != number}
    for source in sources:
        mv = changed(source, name, dose)
        if mv is None:
            continue
        before, after = numbers(source.mv[:, :TRACING_SAMPLES]), numbers(mv)
        moved.append((after[number] - before[number] + 180) % 360 - 180)
        for other, offs in others.items():
            if None not in (before[other], after[other]):
                offs.append(abs(after[other] - before[other]))
    assert len(moved) >= 4
    assert between[0] <= np.median(moved) <= between[1]
    for other, offs in others.items():
        assert np.median(offs) <= STAYS[other]


def test_an_st_shift_is_as_high_as_it_says_and_in_its_leads(sources):
    source = sources[0]
    off = changed(source, "st-anterior", 0.4) - source.mv[:, :TRACING_SAMPLES]
    assert off[7].max() == pytest.approx(0.4, abs=0.03)
    assert abs(off[1]).max() < 0.1
    beat = source.landmarks[1]
    before = slice(int((beat.p_onset - 0.05) * FS), int(beat.qrs_onset * FS))
    assert np.abs(off[:, before]).max() < 0.01
    inferior = changed(source, "st-inferior", 0.4) - source.mv[:, :TRACING_SAMPLES]
    assert inferior[5].max() > 0.3
    assert inferior[4].min() < -0.1


def test_fibrillation_has_no_p_waves_and_irregular_beats(sources):
    found = [(source, mv) for source in sources if (mv := changed(source, "fibrillation", 0.2)) is not None]
    assert len(found) >= 4
    assert np.mean([measure(mv, FS).pr.value is None for _, mv in found]) > 0.5
    spread = [[np.std(np.diff(beats_of(mv))) for mv in (source.mv[:, :TRACING_SAMPLES], mv)] for source, mv in found]
    assert np.median([after / before for before, after in spread]) > 2


def beats_of(mv):
    from measurements.delineation import delineate

    return delineate(mv, FS).beats / FS


def test_the_probe_set_is_seeded(normal):
    changes = [CHANGES["fibrillation"]]
    once, again, other = (list(tracings(normal[:2], changes, seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a.mv, b.mv) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[-1].mv, other[-1].mv)


@pytest.mark.slow
def test_a_reader_that_sees_nothing_is_never_moved(normal):
    asked = list(tracings(normal[:4], list(CHANGES.values()), 0))
    results = probe_tracings(PriorControl(), asked, View(), lambda done, total: None)
    assert {result.change for result in results} == CHANGES.keys()
    assert all(result.moved.value == result.elsewhere.value == 0 for result in results)
    assert all(dose.startswith("not by") for _, _, dose in thresholds(results))


def test_the_threshold_is_where_half_have_moved():
    def at(dose, share):
        return DoseResult("rate", "/min", "rate", dose, 10, Figure(10, share, None), None, Figure(10, 0.0, None))

    found = thresholds([at(-10, 0.5), at(10, 0.25), at(20, 0.75), at(40, 1.0)])
    assert found == [("rate", "up", "+15 /min"), ("rate", "down", "-10 /min")]


def bench(*words, cwd, **env):
    return command.bench("probe", *words, cwd=cwd, **env)


@pytest.mark.slow
def test_a_probe_is_a_page_with_curves(tmp_path):
    done = bench("--reader", "resnet1d", "--change", "rate", "--limit", "6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs").glob("probe-*")
    results = json.loads((folder / "probe.json").read_text())["results"]
    slow = next(result for result in results if result["dose"] == -30)
    assert slow["right"]["value"] == 1.0
    assert (folder / "pictures" / "probe.png").is_file()
    assert "| rate | -30 /min |" in (folder / "probe.md").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--reader", "majority", "--change", "rate", "--limit", "2"), "sees no trace"),
        (("--reader", "resnet1d", "--change", "rat"), "Did you mean 'rate'?"),
        (("--reader", "resnet1d", "--ids", "63"), "--all-records"),
    ],
)
def test_bad_input_is_told(tmp_path, words, said):
    failed = bench(*words, cwd=tmp_path)
    assert command.is_one_sentence(failed, said), failed.stderr


def test_an_api_is_asked_by_batches_alone_where_batches_are_asked_for(tmp_path):
    with Running(Server()) as server:
        words = ("--reader", "openai:gpt-5.4", "--change", "rate", "--ids", "9,38", "--px-per-mm", "2")
        keys = {"OPENAI_BASE_URL": server.openai_url, "OPENAI_API_KEY": "sk-test"}
        done = bench(*words, "--batch", "--poll-seconds", "0.05", cwd=tmp_path, **keys)
    assert done.returncode == 0, done.stderr
    (found,) = tmp_path.glob("runs/probe-*/probe.json")
    doses = sum(result["n"] for result in json.loads(found.read_text())["results"])
    assert sum(len(batch["lines"]) for batch in server.batches.values()) == doses + 2
    assert server.counts.total() == 0


def test_tracings_can_be_drawn_for_a_person(tmp_path):
    done = bench("--reader", "resnet1d", "--draw", "1", "--change", "pr", "--out", "pictures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "pictures").glob("*_printed.png"))) == 6
