"""Whole fine-tunings of a tiny model from the command line: killed, resumed, launched twice, out of memory."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext

import pytest
import torch
from safetensors.torch import load_file

from bench import evaluate
from bench.dataset import open_dataset
from bench.finetune.checkpoint import last_checkpoint
from bench.finetune.config import finetune_config
from bench.finetune.finetuning import finetune
from bench.progress import Observer, Progress
from readers.registry import reader
from readers.vlm.adapter import read_manifest
from taxonomy.error import ReaderError, RunError, SettingError

SETTINGS = {
    "task": {"format": "binary", "px_per_mm": 2, "limit": 56},
    "lora": {"dropout": 0.1},
    "training": {
        "epochs": 2,
        "batch": 8,
        "at_once": 8,
        "learning_rate": 0.002,
        "evaluations": 2,
        "validation": 8,
        "max_tokens": 8,
        "workers": 0,
        "patience": 0,
        "gradient_checkpointing": False,
    },
}

BY_DEFAULT = {"workers": 1, "gradient_checkpointing": True}
"""What only takes time and memory, much as a user would have it."""


def settings(gemma, **changes):
    return finetune_config({"model": str(gemma), **SETTINGS}, changes)


def command(config, out, launch=()):
    (out.parent / "settings.toml").write_text(config.toml())
    words = ["bench", "finetune", "--config", str(out.parent / "settings.toml"), "--out", str(out)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PTBXL_DIR": "phantoms:1,66"}
    return {"args": [sys.executable, "-m", *launch, *words], "env": environment}


@pytest.fixture(scope="module")
def finished(gemma, tmp_path_factory):
    """Return the folder of a fine-tuning that nothing disturbed."""
    out = tmp_path_factory.mktemp("finetuned") / "whole"
    config = settings(gemma, **BY_DEFAULT)
    subprocess.run(**command(config, out), check=True, capture_output=True)
    return out


@pytest.mark.slow
def test_two_steps_leave_an_adapter_that_reads(gemma, tmp_path, population):
    """The whole way once, as short as it goes: teach, look, keep, and read with what was kept."""
    changes = {"limit": 8, "epochs": 1, "batch": 4, "at_once": 4, "evaluations": 1, "validation": 2}
    told: list[str] = []

    class Noted(Progress):
        def note(self, text):
            told.append(text)

    observer = Observer(progress=lambda *title: nullcontext(Noted()))
    assert finetune(settings(gemma, **changes), population, tmp_path / "small", observer)
    assert told and all(re.fullmatch(r"loss \d+\.\d{4}", note) for note in told)
    made = read_manifest(tmp_path / "small").made
    assert (made["steps"], len(made["looks"])) == (2, 1)
    found = reader(f"lora:{tmp_path / 'small'}", {"max_tokens": "8"})
    assert evaluate(found, population.cohort(limit=2)).n == 2


def curve(out):
    return {entry["step"]: entry["loss"] for entry in json.loads((out / "curve.json").read_text()) if "loss" in entry}


@pytest.mark.slow
def test_the_adapter_is_a_reader_at_once(finished, gemma):
    manifest = read_manifest(finished)
    assert manifest.made["made_with"]["peft"] == manifest.made["packages"]["peft"]
    assert manifest.made["made_with"].keys() >= {"torch", "transformers", "device_kind", "effective_dtype"}
    assert manifest.made["dataset"]["training_records"] == 46, "of 56 ten are neither normal nor abnormal"
    shown = {"format": "binary", "renderer": "printed", "px_per_mm": 2, "demography": False}
    assert manifest.taught == {**shown, "condition": "full"}
    assert str(gemma) not in json.dumps(manifest.to_json())
    found = reader(f"lora:{finished}")
    assert found.trained_on == shown
    out = finished.parent / "runs"
    words = ["bench", "run", "--reader", f"lora:{finished}", "--limit", "6", "--out", str(out)]
    subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True)
    (run,) = [path for path in out.iterdir() if path.is_dir()]
    asked = json.loads((run / "manifest.json").read_text())["settings"]
    assert (asked["form"], asked["px_per_mm"], asked["renderer"]) == ("binary", 2, "printed")
    assert "adapter" in asked["reader_details"]


@pytest.mark.slow
def test_the_adapter_changes_the_answers(finished, gemma, population):
    """What was taught is in the answers: the untaught model gives none, and so has no probabilities either."""
    from bench.view import View
    from bench.view.example import examples

    case = examples(population, "val", View(format="binary", px_per_mm=2))[0].case
    options = {"max_tokens": "8"}
    untaught = next(iter(reader(f"hf:{gemma}", options).read([case])))
    taught = next(iter(reader(f"lora:{finished}", options).read([case])))
    assert taught.error is None and untaught.error is not None
    assert taught.probabilities["normality"] and not untaught.probabilities


@pytest.mark.slow
def test_card_and_curve_say_what_was_made(finished):
    card = (finished / "README.md").read_text()
    assert "base_model: gemma" in card and "phantoms-1-66" in card
    assert (finished / "curve.png").stat().st_size > 5000
    assert len(curve(finished)) == 12
    assert not list(finished.glob("*.bin"))


@pytest.mark.slow
def test_a_killed_fine_tuning_goes_on_to_the_same_curve_and_adapter(finished, gemma, tmp_path):
    out = tmp_path / "killed"
    run = command(settings(gemma, **BY_DEFAULT), out)
    process = subprocess.Popen(**run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while last_checkpoint(out) is None and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()
    with pytest.raises(ReaderError, match="holds no adapter"):
        reader(f"lora:{out}")
    resumed = subprocess.run(**run, check=True, capture_output=True, text=True)
    assert "resuming from checkpoint-" in resumed.stdout
    # Batches are the same to the last record; only masks of dropout are drawn anew, where processes prepare them.
    assert curve(out) == pytest.approx(curve(finished), rel=0.06)
    one, other = (load_file(path / "adapter_model.safetensors") for path in (finished, out))
    apart = sum(float((one[name] - other[name]).square().sum()) for name in one)
    assert apart < 0.05**2 * sum(float(part.square().sum()) for part in one.values())


def test_a_torn_checkpoint_is_passed_over(tmp_path):
    for step, text in ((3, '{"global_step": 3, "log_history": []}'), (6, '{"global_st')):
        folder = tmp_path / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text(text)
    (tmp_path / "checkpoints" / "checkpoint-9").mkdir()
    found = last_checkpoint(tmp_path)
    assert found is not None and found.name == "checkpoint-3"


@pytest.mark.slow
def test_what_is_finished_is_not_made_again(finished, gemma):
    said: list[str] = []
    finetune(settings(gemma, workers=1), open_dataset("phantoms:1,66"), finished, Observer(say=said.append))
    assert len(said) == 1 and said[0].startswith("already fine-tuned")


@pytest.mark.slow
def test_another_fine_tuning_does_not_go_into_the_same_folder(finished, gemma):
    with pytest.raises(SettingError, match=r"holds another fine-tuning \(epochs is 2, not 9\)"):
        finetune(settings(gemma, epochs=9), open_dataset("phantoms:1,66"), finished)


@pytest.mark.slow
def test_a_full_memory_says_what_to_turn_and_keeps_the_checkpoint(gemma, tmp_path, monkeypatch):
    from bench.finetune import trainer

    steps = trainer.ScoredTrainer.training_step

    def filling(self, *args, **kwargs):
        if self.state.global_step >= 5:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return steps(self, *args, **kwargs)

    monkeypatch.setattr(trainer.ScoredTrainer, "training_step", filling)
    with pytest.raises(RunError, match=r"memory is full: change at_once.*checkpoint-3 is kept"):
        finetune(settings(gemma), open_dataset("phantoms:1,66"), tmp_path / "full")
    monkeypatch.undo()
    said: list[str] = []
    finetune(settings(gemma, at_once=4), open_dataset("phantoms:1,66"), tmp_path / "full", Observer(say=said.append))
    assert "resuming from checkpoint-3" in said
    assert (tmp_path / "full" / "manifest.json").is_file()


@pytest.mark.slow
def test_two_processes_share_a_step_and_the_evaluations(finished, gemma, tmp_path):
    """``accelerate launch`` on two processors: the same steps over the same number of examples.

    They are chosen by ACCELERATE_USE_CPU, since ``--cpu`` starts a single process, whatever number is asked for.
    """
    out = tmp_path / "twice"
    launch = ("accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1",
              "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", "-m")  # fmt: skip
    config = settings(gemma, at_once=4, epochs=1, gradient_checkpointing=True)
    told = command(config, out, launch)
    told["env"]["ACCELERATE_USE_CPU"] = "true"
    done = subprocess.run(**told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("records for training") == 1
    assert len(curve(out)) == 6
    evaluations = read_manifest(out).made["looks"]
    assert len(evaluations) == 2


@pytest.mark.slow
def test_it_stops_when_fold_9_gets_no_better(gemma, tmp_path, monkeypatch):
    """Balanced and drawn once: with steps too small to change an answer, the second evaluation is the last."""
    monkeypatch.setenv("ECG_BENCH_CACHE", str(tmp_path / "cache"))
    out, said = tmp_path / "stopped", list[str]()
    changes = {
        "balance": "normality",
        "cache": True,
        "learning_rate": 1e-9,
        "epochs": 4,
        "evaluations": 1,
        "patience": 1,
    }
    finetune(settings(gemma, **changes), open_dataset("phantoms:1,66"), out, Observer(say=said.append))
    made = read_manifest(out).made
    assert (made["steps"], made["best_step"], len(made["looks"])) == (12, 6, 2)
    assert sum(" *" in line for line in said) == 1
    assert len(list((tmp_path / "cache").glob("pages-*"))) == 1


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_said(gemma, tmp_path):
    with pytest.raises(SettingError, match="batch = 8 is not a multiple of at_once = 3"):
        finetune(settings(gemma, at_once=3), open_dataset("phantoms:1,66"), tmp_path / "odd")


# --- adapters that do not fit ---


@pytest.mark.slow
def test_an_adapter_for_another_base_is_refused(finished, gemma, tmp_path):
    from ...tiny.gemma import build

    other = tmp_path / "other"
    build(other, seed=1)
    with pytest.raises(ReaderError, match=r"made for 'gemma' of version \w+, not for 'other' of version"):
        reader(f"lora:{finished}", {"base": str(other)})


@pytest.mark.slow
def test_a_base_that_moved_is_named(finished, gemma, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(gemma, moved)
    assert reader(f"lora:{finished}", {"base": str(moved)}).name == "lora:whole"


@pytest.mark.slow
def test_an_adapter_is_no_model_and_a_model_no_adapter(finished, gemma):
    with pytest.raises(ReaderError, match=r"holds an adapter, not a model: --reader lora:"):
        reader(f"hf:{finished}")
    with pytest.raises(ReaderError, match="holds no adapter"):
        reader(f"lora:{gemma}")


@pytest.mark.slow
def test_layers_are_those_that_were_asked_for(gemma):
    from bench.finetune.setup import adapted
    from readers.vlm.source import model_source

    for layers, seeing in (("language", False), ("vision", True)):
        config = settings(gemma, layers=layers)
        model = adapted(model_source(str(gemma), config.load), config)
        names = [name for name, part in model.named_parameters() if part.requires_grad]
        assert names and all(("vision" in name) is seeing for name in names)
