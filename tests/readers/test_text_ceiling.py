"""The reader that sees the numbers of the prompt only, and what it was fitted to."""

import json
from importlib.resources import files

import numpy as np
import pytest

from readers.contract import Case, Prompt
from readers.text_ceiling import MeasurementsReader
from readers.training_target import targets, training_heads
from taxonomy.axis import AXES
from taxonomy.truth import Labels, truth


@pytest.fixture(scope="module")
def model():
    return json.loads((files("readers") / "text_ceiling.json").read_text(encoding="utf-8"))


def test_the_model_names_the_values_of_the_taxonomy(model):
    fitted = {head: tuple(part["values"]) for head, part in model["heads"].items()}
    fitted["rhythm"] = (*fitted["rhythm"], "ventricular")  # of which PTB-XL, on which it was fitted, has none
    assert fitted == {head: tuple(values) for head, values in training_heads().items() if head != "statement"}


def test_the_target_of_an_axis_is_its_primary_value():
    both = truth(Labels({"CRBBB": 100.0, "LAFB": 100.0, "NORM": 100.0, "SR": 0.0}))
    doubtful = truth(Labels({"NORM": 100.0, "IMI": 15.0}))
    hot, known = targets([both, doubtful])
    heads = training_heads()

    def named(head, row):
        return [value for value, is_it in zip(heads[head], hot[head][row], strict=True) if is_it]

    assert named("conduction", 0) == ["rbbb"]
    assert named("rhythm", 0) == ["sinus"]
    assert named("diagnosis", 0) == ["LAFB/LPFB"]
    assert known["ischemia_stage"].tolist() == [True, False]
    assert known["rhythm"].tolist() == [True, False]


def test_every_axis_is_answered_from_numbers_and_none_without(population):
    cohort = population.cohort(limit=3)
    prompts = [Prompt("", measurements=cohort.measured(record)) for record in cohort]
    for reading in MeasurementsReader().read([Case("a", prompt=prompt) for prompt in prompts]):
        assert reading.values.keys() == {axis.name for axis in AXES}
    (blind,) = MeasurementsReader().read([Case("a", prompt=Prompt(""))])
    assert not blind.values


def test_the_standardisation_is_finite(model):
    assert np.isfinite(model["mean"]).all()
    assert (np.array(model["scale"]) > 0).all()
