"""The figure that chooses among checkpoints rewards what is known, not the recital of the prior."""

import json
from dataclasses import dataclass

import pytest

from bench.finetune.config import finetune_config
from bench.finetune.finetuning import finetune
from bench.finetune.validation import CHOICE, FIGURE, Validation, mean_kappa
from bench.progress import SILENT
from bench.view import QuestionKey, View
from bench.view.example import examples
from readers.majority import majority_values
from readers.vlm.adapter import ADAPTER, MANIFEST, WEIGHTS, AdapterManifest
from taxonomy.axis import AXES, AXIS_NAMES
from taxonomy.error import SettingError
from taxonomy.reading import Reading
from taxonomy.truth import Truth


class Model:
    """A model in training, as far as an evaluation touches one."""

    training = True

    def eval(self):
        self.training = False

    def train(self, mode):
        self.training = mode


@dataclass(frozen=True, eq=False)
class Spoken(Validation):
    """An evaluation whose model has spoken already."""

    said: dict | None = None

    def _gathered(self, model):
        assert not model.training
        return self.said


@pytest.fixture(scope="module")
def taught(population):
    return examples(population, "val", View(format="sparse"))


def evaluated(taught, said):
    config = finetune_config({"model": "m"}, {})
    model = Model()
    figures = Spoken(taught, config, source=None, chat=None, said=said).figures(model)
    assert model.training, "training goes on as it was"
    return figures


def collapsed(truths):
    """Return the readings of a model that says the majority to every record."""
    return {QuestionKey(ecg_id): Reading(values=majority_values()) for ecg_id in truths}


def knowing(truths):
    """Return those of one that finds every abnormal rhythm and diagnosis, and takes many a normal ECG for abnormal."""
    readings = {}
    for place, (ecg_id, truth) in enumerate(truths.items()):
        values = dict(majority_values())
        for axis in AXES:
            if not axis.is_set and (value := truth.values[axis.name]) is not None:
                other = next(one for one in axis.values[::-1] if one not in truth.right_values(axis.name))
                is_taken_for_abnormal = value == values[axis.name] and place % 2
                values[axis.name] = other if is_taken_for_abnormal else value
        readings[QuestionKey(ecg_id)] = Reading(values={name: values[name] for name in AXIS_NAMES})
    return readings


def test_a_collapsed_checkpoint_loses_against_one_that_knows_and_has_the_lower_accuracy(taught):
    truths = taught.cases.cohort.truths()
    recites, knows = evaluated(taught, collapsed(truths)), evaluated(taught, knowing(truths))
    accuracy = [[figures[f"accuracy_{axis}"] for axis in AXIS_NAMES] for figures in (recites, knows)]
    assert sum(accuracy[0]) > sum(accuracy[1]) + 0.5
    assert recites[FIGURE] == pytest.approx(0)
    assert knows[FIGURE] > 0.15
    assert knows[CHOICE] > recites[CHOICE]


def test_a_silent_checkpoint_loses_against_a_collapsed_one_and_one_below_chance(taught):
    truths = taught.cases.cohort.truths()
    silent = evaluated(taught, {key: Reading() for key in collapsed(truths)})
    turned = {
        QuestionKey(ecg_id): Reading(values={"rate": "tachycardia" if truth.values["rate"] == "normal" else "normal"})
        for ecg_id, truth in truths.items()
    }
    below = evaluated(taught, turned)
    assert below[FIGURE] < silent[FIGURE] == 0
    assert evaluated(taught, collapsed(truths))[CHOICE] > silent[CHOICE]
    assert below[CHOICE] > silent[CHOICE]


def test_mean_kappa_is_of_the_axes_asked_for_and_of_labelled_records():
    unlabelled = dict.fromkeys(AXIS_NAMES)
    truths = {
        number: Truth(unlabelled | {"rhythm": rhythm})
        for number, rhythm in enumerate(["sinus", "sinus", "paced", "paced", None])
    }
    right = {QuestionKey(n): Reading(values={"rhythm": truth.values["rhythm"]}) for n, truth in truths.items()}
    half = {**right, QuestionKey(2): Reading(values={"rhythm": "sinus"})}
    assert mean_kappa(right, truths, ["rhythm", "conduction"]) == 1
    assert mean_kappa(half, truths, ["rhythm"]) == pytest.approx(0.5)
    assert mean_kappa({}, truths, ["rhythm"]) == 0
    assert mean_kappa(right, truths, ["diagnosis"]) == 0


def test_an_accepted_value_counts_as_right_in_the_figure():
    def truth(primary, *others):
        return Truth({"conduction": primary}, accepted={"conduction": frozenset({primary, *others})})

    truths = {1: truth("rbbb", "fascicular_block"), 2: truth("none"), 3: truth("none"), 4: truth("lbbb")}
    said = dict(zip(truths, ("fascicular_block", "none", "none", "lbbb"), strict=True))
    readings = {QuestionKey(n): Reading(values={"conduction": value}) for n, value in said.items()}
    assert mean_kappa(readings, truths, ["conduction"]) == 1


EARLIER = "by an earlier version, which chose checkpoints by accuracy"


@pytest.fixture
def config(gemma, tmp_path):
    """A configuration whose folder has been begun."""
    task = {"format": "binary", "px_per_mm": 2, "limit": 4}
    made = finetune_config({"model": str(gemma), "task": task, "training": {"batch": 4, "workers": 0}}, {})
    (tmp_path / "finetune.toml").write_text(made.toml())
    return made


def test_an_adapter_whose_checkpoint_was_chosen_by_accuracy_is_told(config, population, tmp_path):
    taught = {"format": "binary", "renderer": "printed", "px_per_mm": 2}
    manifest = AdapterManifest(config.model, "1", taught, {}, {"best_difference": 0.1})
    (tmp_path / MANIFEST).write_text(json.dumps(manifest.to_json()))
    for name in (WEIGHTS, ADAPTER):
        (tmp_path / name).write_text("{}")
    with pytest.raises(SettingError, match=EARLIER):
        finetune(config, population, tmp_path, SILENT)


def test_a_fine_tuning_that_was_stopped_while_it_chose_by_accuracy_is_told(config, population, tmp_path):
    checkpoint = tmp_path / "checkpoints" / "checkpoint-3"
    checkpoint.mkdir(parents=True)
    state = {"global_step": 3, "log_history": [{"eval_difference": 0.1, "eval_no_answer": 0.0, "step": 3}]}
    (checkpoint / "trainer_state.json").write_text(json.dumps(state))
    with pytest.raises(SettingError, match=EARLIER):
        finetune(config, population, tmp_path, SILENT)
