"""From readings to a score: what is asked, what holds by construction, and the text ceiling."""

from dataclasses import replace

import pytest

import bench.dataset.cohort
from bench.dataset import Cohort, Selection, open_dataset
from bench.run.job import prepared, run_job
from bench.run.options import RunOptions
from bench.run.scoring import score_readings
from bench.run.settings import Offer, offer_of, settings_from, settings_of
from bench.study import evaluate
from bench.view import QuestionKey, View, cases_of
from readers.contract_suite import RecordingReader
from readers.majority import MajorityReader, majority_values
from readers.resnet1d.reader import Resnet1dReader
from readers.text_ceiling import MeasurementsReader
from readers.twelve_sl import TwelveSlReader
from taxonomy.axis import AXIS_NAMES
from taxonomy.error import SettingError, UnknownNameError
from taxonomy.reading import Reading
from taxonomy.truth import Labels, Numbers, truth


def settled(reader, **view):
    return View(**view).settled(reader)


class RhythmOnly(MajorityReader):
    name = "rhythm-only"
    axes = frozenset({"rhythm"})


class StageAndPlace(MajorityReader):
    axes = frozenset({"ischemia_stage", "ischemia_territory", "diagnosis"})


def test_a_reader_without_axes_offers_all():
    assert offer_of(MajorityReader(), settled(MajorityReader())).axes == {*AXIS_NAMES, "normality", "ischemia"}


def test_derived_answers_are_offered_with_their_parts():
    offered = offer_of(StageAndPlace(), settled(StageAndPlace())).axes
    assert offered == {*StageAndPlace.axes, "ischemia", "normality"}


def test_what_is_not_offered_is_not_scored(population):
    found = evaluate(RhythmOnly(), population.cohort(limit=6))
    assert [axis.axis for axis in found.axes if axis.n] == ["rhythm"]
    assert found.axis("rate").verdict == "not asked"
    assert found.superclass is None


def test_the_format_and_the_offer_both_count():
    class Texts(StageAndPlace):
        inputs = frozenset({"text"})

    view = settled(Texts(), format="flat")
    assert offer_of(Texts(), view).axes == {"diagnosis", "normality"}

    class Rhythms(Texts):
        axes = frozenset({"rhythm"})

    with pytest.raises(SettingError, match="offers \\['rhythm'\\], and the format asks for \\['diagnosis'\\]"):
        offer_of(Rhythms(), view)


def test_an_unknown_axis_is_named():
    class Typo(MajorityReader):
        axes = frozenset({"rythm"})

    with pytest.raises(UnknownNameError, match="rythm"):
        offer_of(Typo(), settled(Typo()))


def test_readers_of_our_own_measurement_are_marked():
    assert Resnet1dReader.measures == MeasurementsReader.measures == {"rate", "axis"}
    assert offer_of(MajorityReader(), settled(MajorityReader())).measured == frozenset()


class Texts(RecordingReader):
    inputs = frozenset({"image", "text"})


@pytest.mark.parametrize(
    ("condition", "printed"),
    [
        ("full", {"rate", "axis"}),
        ("image-only", set()),
        ("no-rate", {"axis"}),
        ("no-axis", {"rate"}),
    ],
)
def test_a_prompt_that_prints_the_number_marks_its_axis(condition, printed):
    assert offer_of(Texts(), settled(Texts(), condition=condition)).measured == printed


def test_numbers_of_a_program_mark_its_axes_and_those_of_an_unknown_source_nothing():
    view = replace(settled(Texts()), measurements="features/12sl_features.csv")
    assert offer_of(Texts(), view).measured == {"rate by 12SL", "axis by 12SL"}
    view = replace(view, measurements="unig_features.csv", condition="no-rate")
    assert offer_of(Texts(), view).measured == {"axis by UniG"}
    assert offer_of(Texts(), replace(view, measurements="mine.csv")).measured == frozenset()


def test_a_program_is_not_judged_by_its_own_measurement():
    assert TwelveSlReader.measures == {"rate by 12SL", "axis by 12SL"}
    numbers = Numbers(45, None, -60.0, "a program", is_own=False, program="12SL")
    found = truth(Labels({"NORM": 100.0}, "LAD"), numbers)
    for one in (found, found.strict):
        assert one.holds_by_construction("rate", TwelveSlReader.measures)
        assert one.holds_by_construction("axis", TwelveSlReader.measures)
        assert not one.holds_by_construction("rate", Resnet1dReader.measures)
        assert not one.holds_by_construction("rhythm", TwelveSlReader.measures)
    labelled = truth(Labels({"NORM": 100.0}, "MID"), numbers)
    assert not labelled.holds_by_construction("axis", TwelveSlReader.measures)
    own = truth(Labels({"NORM": 100.0}, "LAD"), Numbers(72, 72.0, 40.0))
    assert own.holds_by_construction("rate", Resnet1dReader.measures)
    assert not own.holds_by_construction("rate", TwelveSlReader.measures)


def test_settings_keep_the_offer(population):
    cohort = population.cohort(limit=4)
    for reader in (Texts(), RhythmOnly()):
        settings = settings_of(reader, reader.name, cases_of(settled(reader), cohort), {}, 1)
        assert settings_from(settings.to_json()) == settings
        assert settings.offer == offer_of(reader, settled(reader))


def test_the_run_id_follows_the_offer(population):
    cohort = population.cohort(limit=4)
    ids = {
        settings_of(reader, "x", cases_of(settled(reader), cohort), {}, 1).run_id
        for reader in (MajorityReader(), RhythmOnly())
    }
    assert len(ids) == 2


def asked(cohort):
    return {QuestionKey(record.ecg_id): Reading(values=majority_values()) for record in cohort}


def test_by_construction_is_said_of_a_measured_rate(measured_records):
    cohort = measured_records.cohort()
    marked = score_readings(asked(cohort), cohort, offer=Offer(measured=frozenset({"rate", "axis"})))
    assert marked.axis("rate").verdict == "by construction"
    assert score_readings(asked(cohort), cohort).axis("rate").verdict.startswith("nothing shown (n =")


def test_by_construction_is_said_of_no_axis_of_an_exact_truth(population):
    cohort = population.cohort(limit=30)
    found = score_readings(asked(cohort), cohort, offer=Offer(measured=frozenset({"rate", "axis"})))
    assert not any(axis.by_construction for axis in found.axes)


def half_recorded():
    dataset = open_dataset("phantoms:1,66")
    cohort = dataset.cohort(limit=30)
    records = [replace(record, rates=()) if k % 2 else record for k, record in enumerate(cohort)]
    return Cohort(dataset, tuple(records), "test")


def test_the_text_ceiling_is_that_of_the_cases_with_a_recording_from_a_cold_and_a_warm_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(bench.dataset.cohort, "WORTH_CACHING", 1)
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path))
    scores = []
    for _ in ("cold", "warm"):
        cohort = half_recorded()  # of a dataset that has measured nothing yet, as another process would start
        scores.append(score_readings(asked(cohort), cohort).to_json())
    assert any(tmp_path.iterdir())
    assert scores[0] == scores[1]
    rhythm = next(axis for axis in scores[0]["axes"] if axis["axis"] == "rhythm")
    recorded = [record for record in half_recorded() if record.rates]
    truths = half_recorded().truths()
    assert rhythm["text_ceiling_n"] == sum(truths[record.ecg_id].values["rhythm"] is not None for record in recorded)
    assert rhythm["n"] > rhythm["text_ceiling_n"]
    assert rhythm["text_ceiling"] > 0.5


def test_without_a_recording_there_is_no_text_ceiling():
    cohort = half_recorded()
    bare = Cohort(cohort.dataset, tuple(record for record in cohort if not record.rates), "test")
    found = score_readings(asked(bare), bare)
    assert {(axis.text_ceiling, axis.text_ceiling_n) for axis in found.axes} == {(None, 0)}


def test_answers_are_shuffled_within_the_folds_of_the_records(population):
    cohort = population.cohort(limit=8)
    folds = [replace(record, fold=k) for k, record in enumerate(cohort)]
    alone = Cohort(cohort.dataset, tuple(folds), "test")
    readings = {
        QuestionKey(record.ecg_id): Reading(values=dict(cohort.truth(record).values) | {"rate": None})
        for record in cohort
    }
    found = score_readings(readings, alone)
    assert {axis.knows_p for axis in found.axes} == {1}


@pytest.mark.parametrize(("reader", "before"), [("readers.contract_suite:RecordingReader", 8), ("majority", 0)])
def test_numbers_are_measured_before_the_questions_only_where_a_question_may_show_them(
    reader, before, tmp_path, monkeypatch
):
    selection = Selection("phantoms:1,66", limit=8)
    job = prepared(RunOptions(reader, selection=selection, view=View(px_per_mm=2), out=tmp_path))
    cohort, measured = job.cases.cohort, []
    usual = job.reader.read
    seen = cohort.dataset.measured
    monkeypatch.setattr(job.reader, "read", lambda cases: measured.append(len(seen)) or usual(cases))
    run_job(job)
    assert measured == [before]
    assert seen.keys() == set(cohort.ids), "the text ceiling needs them"
