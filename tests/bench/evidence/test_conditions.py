"""Which conditions an ablation asks of whom."""

import pytest

from bench.evidence.conditions import (
    asked_conditions,
    asked_in_words,
    conditions_asked,
    crossed_draws,
    draws_cost_nothing,
    tells_nothing,
)
from bench.view import CONDITIONS, CORE, CROSSED
from readers.control import PriorControl
from readers.registry import reader
from taxonomy.error import BenchError

from ...command import bench

EVERY = conditions_asked("all", several_draws=True)


def test_the_core_is_asked_by_default():
    assert conditions_asked() == CORE
    assert set(conditions_asked("", several_draws=True)) == {*CORE, *CROSSED}
    assert set(EVERY) == set(CONDITIONS)
    assert conditions_asked("jittered, nothing") == ("full", "nothing", "jittered")


def test_several_draws_are_for_readers_that_cost_nothing(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert draws_cost_nothing(PriorControl())
    assert not draws_cost_nothing(reader("openai:gpt-5.4"))


@pytest.mark.parametrize(
    ("named", "said"),
    [("imageonly", "'imageonly'.*image-only"), ("full,,crossed", "empty name"), ("wrong-image", "'wrong-image'")],
)
def test_a_wrong_name_is_one_sentence(named, said):
    with pytest.raises(BenchError, match=said):
        conditions_asked(named)


def test_the_command_line_says_it_too(tmp_path):
    done = bench("ablate", "--reader", "majority", "--conditions", "imageonly", cwd=tmp_path)
    assert done.returncode == 2
    assert "imageonly" in done.stderr and "image-only" in done.stderr
    assert "Traceback" not in done.stderr


def test_conditions_that_are_the_same_for_a_reader_are_asked_once():
    assert set(asked_conditions({"image", "text"}, EVERY).values()) == set(EVERY)
    signal = asked_conditions({"signal"}, EVERY)
    assert signal["text-only"] is None
    assert signal["crossed"] == signal["crossed-5"] == signal["image-only"] == signal["no-rate"] == "full"
    assert signal["nothing"] == signal["blank-image"] == "blank-image"
    assert signal["jittered"] == "jittered"
    text = asked_conditions({"text"}, EVERY)
    assert text["blank-image"] == text["jittered"] == text["lead-mask"] == "full"
    assert text["crossed-2"] == "crossed-2"
    assert set(asked_conditions(set(), EVERY).values()) == {"full"}
    assert set(asked_conditions({"statements"}, EVERY).values()) == {"full", None}


def test_draws_are_those_that_were_asked():
    assert crossed_draws(asked_conditions({"image", "text"}, EVERY)) == CROSSED
    assert crossed_draws(asked_conditions({"signal"}, EVERY)) == ()
    assert asked_in_words(asked_conditions({"image", "text"}, conditions_asked("", several_draws=True))) == (
        "full, image-only, text-only, crossed (5 draws)"
    )


def test_where_nothing_is_shown_nothing_can_tell():
    assert [name for name in EVERY if tells_nothing(name, {"image", "text"})] == ["nothing"]
    assert [name for name in EVERY if tells_nothing(name, {"signal"})] == [
        *(name for name in EVERY if CONDITIONS[name].images != "true")
    ]
    assert {name for name in EVERY if tells_nothing(name, {"text"})} == {"image-only", "nothing"}
    assert not any(tells_nothing(name, {"statements"}) for name in EVERY)
