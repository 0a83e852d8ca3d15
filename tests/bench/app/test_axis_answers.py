"""What the demo says of an ECG is what ``bench read`` and ``bench run`` say of it."""

import json

import pytest

from bench import ask
from bench.app.axis_answers import answers_of
from bench.app.chosen_ecg import from_upload
from bench.app.local_readers import local_readers
from bench.run.scoring import score_readings
from bench.view import QuestionKey
from readers.registry import reader
from taxonomy.axis import AXES
from taxonomy.error import SettingError, UnknownNameError
from taxonomy.reading import Failure, Reading

from ...command import bench
from ...physionet import microvolts
from ..dataset.recording import files


class Fails:
    """A reader that refuses."""

    name = "fails"
    inputs = frozenset({"signal"})

    def read(self, cases):
        for _ in cases:
            yield Reading(error=Failure("refusal", "<b>boom</b>"))


def test_readers_are_offered_that_need_no_key_and_look_at_the_ecg():
    offer = local_readers()
    assert {"resnet1d", "digitizer", "measurements"} <= {one.name for one in offer.readers}
    assert {"openai", "anthropic", "google", "hf", "human", "majority", "12sl"} <= set(offer.left)
    assert (offer.usual(False).name, offer.usual(True).name) == ("resnet1d", "digitizer")
    with pytest.raises(UnknownNameError):
        offer.named("openai")


def test_a_reader_that_is_named_is_offered_first_and_one_behind_a_service_never(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    named = f"{__name__}:Fails"
    assert local_readers((named,)).readers[0].name == named
    with pytest.raises(SettingError, match="sends what it reads to a service"):
        local_readers(("openai:gpt-5.5",))


def test_the_answers_to_an_upload_are_those_of_bench_read(demo, population, tmp_path):
    samples = microvolts(population, 3, 500)
    files.write_csv(tmp_path / "mine.csv", samples)
    done = bench("read", "mine.csv", "--fs", 500, "--unit", "uV", "--json", cwd=tmp_path)
    (told,) = json.loads(done.stdout)["recordings"]
    found = demo.answers("resnet1d", from_upload([tmp_path / "mine.csv"], "500", "uV"))
    chances = {one.axis: {bar.value: bar.probability for bar in one.bars} for one in found.axes}
    for axis in AXES:
        assert chances[axis.name] == pytest.approx(told["probabilities"].get(axis.name, {}))
    assert found.reading.to_json()["values"] == told["values"]
    assert all(one.truth is None and one.is_right is None for one in found.axes)
    rate = next(said for name, said in found.numbers if "rate" in name.lower())
    assert rate.split()[0] == f"{told['measurements']['heart_rate']:.0f}"


def test_right_and_wrong_are_those_of_the_score(demo, population):
    """Over several records, the axes that the page calls right are those that the scorer counts."""
    cohort = population.cohort("test", ids=population.cohort("test").ids[:6])
    found = [demo.answers("resnet1d", demo.chosen(str(ecg_id))) for ecg_id in cohort.ids]
    readings = ask(reader("resnet1d"), cohort)
    score = score_readings({QuestionKey(ecg_id): readings[ecg_id] for ecg_id in cohort.ids}, cohort)
    for place, axis in enumerate(AXES):
        marks = [one.axes[place].is_right for one in found if one.axes[place].is_right is not None]
        if marks:
            assert sum(marks) / len(marks) == pytest.approx(score.axis(axis.name).accuracy, abs=1e-6)


def test_bars_are_ranked_and_say_which_is_answered_and_which_is_true(answers):
    assert [one.axis for one in answers.axes] == [axis.name for axis in AXES]
    for one in answers.axes:
        chances = [bar.probability for bar in one.bars]
        assert chances == sorted(chances, reverse=True) and chances
        if one.axis != "other_findings":
            assert [bar.value for bar in one.bars if bar.is_answered] == [one.answer]
            assert [bar.value for bar in one.bars if bar.is_true] == ([one.truth] if one.truth else [])


def test_a_reader_that_fails_is_a_sentence(ecg):
    (found,) = [one for one in local_readers((f"{__name__}:Fails",)).readers if one.reader.name == "fails"]
    failed = answers_of(found, ecg)
    assert "gives no answer: <b>boom</b>" in failed.problem
    assert all(one.answer is None and not one.bars for one in failed.axes)
