"""A configuration file makes the same fine-tuning again, and bad input is one sentence."""

import tomllib

import pytest

from bench.finetune.config import Task, finetune_config, read_finetune_config
from taxonomy.error import BenchError, SettingError, UnknownNameError


def test_the_file_that_is_written_is_the_configuration_that_is_read(tmp_path):
    path = tmp_path / "finetune.toml"
    config = finetune_config(
        {"model": "a/b", "load": {"max_pixels": 200_000}, "task": {"format": "flat", "balance": "diagnosis"}},
        {"renderer": "stacked", "epochs": 7, "batch": 32, "image_kwargs": '{"do_pan_and_scan": true}'},
    )
    path.write_text(config.toml())
    assert read_finetune_config(path, {}) == config
    assert tomllib.loads(config.toml())["training"]["batch"] == 32


def test_the_command_line_goes_before_the_file(tmp_path):
    path = tmp_path / "finetune.toml"
    path.write_text('model = "a/b"\n[training]\nepochs = 5\n')
    assert read_finetune_config(path, {"epochs": 2, "model": None}).training.epochs == 2
    assert read_finetune_config(path, {"model": "c/d"}).model == "c/d"


def test_what_only_takes_time_and_memory_is_no_other_fine_tuning():
    config = finetune_config({"model": "m"}, {"at_once": 1})
    assert config.outcome == finetune_config({"model": "m"}, {"at_once": 8, "workers": 0, "cache": True}).outcome
    assert config.outcome != finetune_config({"model": "m"}, {"batch": 8}).outcome


@pytest.mark.parametrize(
    ("data", "changes", "said"),
    [
        ({}, {}, "no model is named"),
        ({"model": "m", "trainer": {}}, {}, "unknown section of the configuration 'trainer'"),
        ({"model": "m", "task": {"formt": "flat"}}, {}, "Did you mean 'format'"),
        ({"model": "m", "training": {"epochs": "many"}}, {}, "epochs must be a whole number, not 'many'"),
        ({"model": "m"}, {"learning_rate": 7.0}, "learning_rate must be between"),
        ({"model": "m"}, {"renderer": "cleen"}, "Did you mean 'clean'"),
        ({"model": "m"}, {"format": "flat", "balance": "rhythm"}, "unknown axis to balance 'rhythm'"),
        ({"model": "m"}, {"layers": "some"}, "layers must be 'all', 'language' or 'vision', not 'some'"),
        ({"model": "m"}, {"condition": "ful"}, "Did you mean 'full'"),
        ({"model": "m"}, {"px_per_mm": 50}, "px_per_mm must be between 2 and 24, not 50"),
        ({"model": "m", "training": {"epochs": True}}, {}, "epochs must be a whole number, not True"),
        ({"model": "m", "load": {"dtype": "half"}}, {}, r"\[load\] setting dtype must be 'auto', .*, not 'half'"),
        ({"model": "m", "load": "none"}, {}, r"section \[load\] of the configuration holds no settings"),
    ],
)
def test_bad_settings_are_one_sentence(data, changes, said):
    with pytest.raises(BenchError, match=said) as told:
        finetune_config(data, changes)
    assert "\n" not in str(told.value)
    assert "pydantic" not in str(told.value)


@pytest.mark.parametrize("name", ["renderer", "format", "condition", "balance"])
def test_a_misspelt_name_is_told_where_the_task_is_built(name):
    with pytest.raises(UnknownNameError, match="'nonesuch'"):
        Task(**{name: "nonesuch"})


def test_a_float_may_be_written_as_an_int():
    rate = finetune_config({"model": "m", "training": {"learning_rate": 1}}).training.learning_rate
    assert isinstance(rate, float)


def test_a_file_that_is_no_toml_is_said(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("model = [")
    with pytest.raises(SettingError, match=r"broken\.toml cannot be read"):
        read_finetune_config(path, {})


def test_what_is_taught_without_reasoning_is_asked_for_without_it():
    config = finetune_config({"model": "m"}, {"demography": True})
    assert config.view.form.reasoning and config.view.demography
    assert config.without_reasoning().task.format == "dense-no-reasoning"
    assert not config.without_reasoning().view.form.reasoning
    flat = finetune_config({"model": "m"}, {"format": "flat"})
    assert flat.without_reasoning() == flat
