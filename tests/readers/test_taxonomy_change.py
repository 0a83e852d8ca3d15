"""Readers outlive the taxonomy: each still loads and answers what it knows when an axis or a value comes or goes."""

import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from measurements import measure
from readers import control
from readers.contract import Case, Prompt
from readers.digitizer.reader import DigitizerReader
from readers.head import fitted_reading
from readers.majority import MajorityReader
from readers.resnet1d.config import training_config_from
from readers.resnet1d.network import EcgResNet
from readers.resnet1d.reader import Resnet1dReader
from readers.resnet1d.weights import Description, load_weights, save_weights
from readers.text_ceiling import MeasurementsReader
from readers.training_target import training_heads
from readers.twelve_sl import TwelveSlReader
from renderers import PageStyle, render
from taxonomy.axis import AXES, OTHER_FINDINGS, RHYTHM, Axis

T_WAVE = Axis("t_wave", "T wave", ("normal", "inverted"), negative="normal")
READERS = (MajorityReader, MeasurementsReader, Resnet1dReader, DigitizerReader, TwelveSlReader)


@pytest.fixture(scope="module")
def case(population):
    record = next(one for one in population if population.draw(one.ecg_id).codes == {"NORM", "SR"})
    signal = record.signal(500)
    images = render(signal.mv, signal.fs, "printed", PageStyle(px_per_mm=6))
    prompt = Prompt("", measurements=measure(signal.mv, signal.fs))
    return Case("c", signal.mv, signal.fs, images, prompt, statements=("NSR", "LVH"))


@pytest.fixture
def taxonomy(monkeypatch):
    """Put other axes in the place of the taxonomy's, wherever they were imported."""

    loaded = [m for name, m in sys.modules.items() if name.partition(".")[0] in {"taxonomy", "readers", "bench"}]
    homes = [module for module in loaded if getattr(module, "AXES", None) is AXES]

    def change(axes):
        for module in homes:
            monkeypatch.setattr(module, "AXES", axes)

    return change


def _read(reader, case):
    (reading,) = reader.read([case])
    assert reading.error is None
    return reading


def _without(axis, *values):
    return tuple(
        replace(one, values=tuple(v for v in one.values if v not in values)) if one is axis else one for one in AXES
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_a_ninth_axis_is_left_unanswered_and_the_eight_are_answered_as_before(kind, case, taxonomy):
    before = _read(kind(), case)
    taxonomy((*AXES, T_WAVE))
    assert _read(kind(), case) == before
    assert "t_wave" not in before.values


def test_the_control_that_recites_the_prior_recites_the_negative_value_of_a_ninth_axis(case, taxonomy):
    before = _read(control.PriorControl(), case)
    taxonomy((*AXES, T_WAVE))
    assert _read(control.PriorControl(), case).values == {**before.values, "t_wave": "normal"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_a_new_value_gets_no_probability(kind, case, taxonomy):
    before = _read(kind(), case)
    taxonomy(tuple(replace(a, values=("junctional", *a.values)) if a is RHYTHM else a for a in AXES))
    assert _read(kind(), case) == before


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MeasurementsReader, Resnet1dReader, DigitizerReader])
def test_a_shipped_reader_answers_the_rhythms_that_it_was_taught_and_no_ventricular_one(kind, case):
    reading = _read(kind(), case)
    assert reading.values["rhythm"] == "sinus"
    assert list(reading.probabilities["rhythm"]) == [value for value in RHYTHM.values if value != "ventricular"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_of_an_axis_that_is_gone_nothing_is_said(kind, case, taxonomy):
    before = _read(kind(), case)
    taxonomy(tuple(axis for axis in AXES if axis.name not in {"rhythm", "rate"}))
    after = _read(kind(), case)
    assert after.values == {k: v for k, v in before.values.items() if k not in {"rhythm", "rate"}}
    assert after.probabilities == {k: v for k, v in before.probabilities.items() if k not in {"rhythm", "rate"}}


@pytest.mark.slow
@pytest.mark.parametrize("kind", READERS)
def test_the_rest_of_an_axis_is_answered_when_one_of_its_values_is_gone(kind, case, taxonomy):
    before = _read(kind(), case)
    assert before.values["rhythm"] == "sinus"
    taxonomy(_without(RHYTHM, "sinus"))
    after = _read(kind(), case)
    assert {k: v for k, v in after.values.items() if k != "rhythm"} == {
        k: v for k, v in before.values.items() if k != "rhythm"
    }
    if "rhythm" not in before.probabilities:
        assert "rhythm" not in after.values
        return
    chances, rest = before.probabilities["rhythm"], after.probabilities["rhythm"]
    assert list(rest) == [name for name in chances if name != "sinus"]
    assert sum(rest.values()) == pytest.approx(1, abs=1e-4)
    assert rest["paced"] == pytest.approx(chances["paced"] / (1 - chances["sinus"]), abs=1e-3)
    assert after.values["rhythm"] == max(rest, key=rest.get)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [MeasurementsReader, Resnet1dReader, TwelveSlReader])
def test_findings_are_independent_of_one_that_is_gone(kind, case, taxonomy):
    before = _read(kind(), case)
    taxonomy(_without(OTHER_FINDINGS, "lvh"))
    after = _read(kind(), case)
    assert after.values["other_findings"] == before.values["other_findings"] - {"lvh"}
    for name, chance in after.probabilities.get("other_findings", {}).items():
        assert chance == before.probabilities["other_findings"][name]


def test_an_axis_of_which_no_likely_value_is_left_is_not_answered(case):
    numbers = case.prompt.measurements
    assert "rhythm" not in fitted_reading(numbers, {"rhythm": {"no_longer_there": 1.0}}).values
    assert "rhythm" not in fitted_reading(numbers, {"rhythm": {"no_longer_there": 1.0, "sinus": 0.0}}).values


def test_weights_of_another_taxonomy_are_written_with_its_names_and_read_with_ours(case, taxonomy, tmp_path):
    taxonomy((*AXES, T_WAVE))
    config, heads = training_config_from({"channels": [8, 8], "blocks": 1}), training_heads()
    torch.manual_seed(0)
    save_file(EcgResNet(config, heads).state_dict(), tmp_path / "best.safetensors")
    save_weights(tmp_path / "w.safetensors", [tmp_path / "best.safetensors"], Description(config, {}))
    theirs = _read(Resnet1dReader(str(tmp_path / "w.safetensors")), case)
    assert theirs.values["t_wave"] in T_WAVE.values
    assert load_weights(tmp_path / "w.safetensors").heads == heads
    taxonomy(AXES)
    ours = _read(Resnet1dReader(str(tmp_path / "w.safetensors")), case)
    assert ours.values == {name: value for name, value in theirs.values.items() if name != "t_wave"}
    assert "t_wave" not in ours.probabilities
