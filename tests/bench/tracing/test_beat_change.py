"""A recording with one thing changed by signal processing really differs in it, by as much as the dose says."""

import numpy as np
import pytest

from bench.dataset.ptbxl import PtbXl
from bench.tracing.beats import delineated, tiled
from bench.tracing.change import CHANGES, changes_on
from bench.tracing.tracing import TRACING_SAMPLES, normal_records, tracings
from measurements import measure
from taxonomy.threshold import rate_of

from ... import command
from ...physionet import microvolts, table_row, write_folder, write_record

FS = 500.0
WAYS = {name: change.on_beats for name, change in CHANGES.items() if change.on_beats}
STAYS = {"heart_rate": 1, "pr": 8, "qrs": 8, "qrs_axis": 4}
"""By how much each number may change beside the one that is meant to, in the median."""


@pytest.fixture(scope="module", params=["population", "ptbxl"])
def normal(request):
    """Normal records: phantoms, whose signal is changed as a recording's is, and real ones where they are at hand."""
    dataset = request.getfixturevalue(request.param)
    cohort = dataset.cohort()
    return cohort.of([record for record in cohort if dataset.truth(record).values["diagnosis"] == "NORM"][:8])


@pytest.fixture(scope="module")
def sources(normal):
    return [tiled(beats, 40.0) for record in normal if (beats := delineated(record.signal()))]


def changed(source, name, dose):
    found = WAYS[name].apply(source, dose, np.random.default_rng(0))
    return None if found is None or found.mv.shape[1] < TRACING_SAMPLES else found.mv[:, :TRACING_SAMPLES]


def numbers(mv):
    found = measure(mv, FS)
    return {name: getattr(found, name).value for name in ("heart_rate", "pr", "qrs", "qrs_axis")}


def test_most_records_can_be_changed(normal, sources):
    assert len(sources) >= len(normal) - 1


@pytest.mark.parametrize("name", WAYS)
def test_einthoven_and_goldberger_hold_to_a_microvolt(sources, name):
    for source in sources[:3]:
        for dose in WAYS[name].doses:
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


@pytest.fixture(scope="module")
def recordings(tmp_path_factory, population):
    """Four normal phantoms on disk, as PhysioNet keeps recordings at 500 Hz."""
    numbers = [record.ecg_id for record in population.cohort() if population.truth(record).statements == {"NORM", "SR"}]
    folder = tmp_path_factory.mktemp("recordings")
    write_folder(folder, population, numbers[:4])
    for number in numbers[:4]:
        name = str(table_row(population, number)["filename_hr"])
        write_record(folder, name, microvolts(population, number, 500), 500)
    return folder


def test_the_probe_set_is_seeded(recordings):
    records = normal_records(PtbXl(recordings).cohort())
    changes = [CHANGES["fibrillation"]]
    once, again, other = (list(tracings(records[:2], changes, seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a.mv, b.mv) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[-1].mv, other[-1].mv)


@pytest.mark.slow
def test_a_recording_is_expected_to_answer_by_its_measurement_and_the_dose(recordings):
    records = normal_records(PtbXl(recordings).cohort())
    changes = [CHANGES[name] for name in ("rate", "pr", "st-anterior")]
    asked = {(one.record.ecg_id, one.change, one.dose): one.expected for one in tracings(records, changes, 0)}
    unchanged = {one.record.ecg_id: one.mv for one in tracings(records, [], 0)}
    for number, mv in unchanged.items():
        before = numbers(mv)
        assert asked[number, "rate", -30] == rate_of(before["heart_rate"] - 30)
        assert asked[number, "pr", 60] == ("av_block_first_degree" if before["pr"] + 60 > 200 else "none")
        assert asked[number, "st-anterior", 0.1] is None
        assert asked[number, "st-anterior", 0.2] == "acute"


def test_recordings_are_changed_by_signal_processing_and_the_page_says_so(recordings, tmp_path):
    done = command.bench(
        "probe", "--reader", "resnet1d", "--data", recordings, "--change", "pr", "--sample", 2, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (page,) = tmp_path.glob("runs/probe-resnet1d-ptbxl-*/probe.md")
    assert "changed by signal processing" in done.stdout
    assert "changed by signal processing" in page.read_text()


@pytest.mark.parametrize("change", [name for name, change in CHANGES.items() if change.on_beats is None])
def test_what_signal_processing_cannot_change_is_refused(change, recordings, tmp_path):
    words = ("--reader", "resnet1d", "--data", recordings, "--change", change)
    failed = command.bench("probe", *words, cwd=tmp_path)
    assert command.is_one_sentence(failed, f"change {change!r} can be made of phantoms only"), failed.stderr


def test_without_a_name_recordings_have_every_change_that_signal_processing_can_make(recordings):
    assert [change.name for change in changes_on(PtbXl(recordings))] == list(WAYS)
