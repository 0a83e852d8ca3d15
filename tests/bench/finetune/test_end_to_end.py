"""The proof: a tiny model taught through the real pipeline on real records, and what the ablation says of it.

Shown pages on which the rate is plain at a glance, it reads the rate off the trace; shown blank pages and the numbers,
it copies them. Both are the same model, taught by the same command, judged by the same ablation.
"""

import json

import pytest

from bench.evidence.ablation import ablate
from bench.finetune.config import config_from
from bench.finetune.finetuning import finetune
from bench.run.job import run_job
from bench.run.options import RunOptions
from renderers import RENDERERS

from ...tiny.planted import Planted

TEACHING = {
    "task": {"format": "dense", "renderer": "planted", "px_per_mm": 2},
    "lora": {"dropout": 0.0},
    "training": {
        "batch": 16,
        "at_once": 16,
        "learning_rate": 0.002,
        "validation": 24,
        "validation_batch": 24,
        "max_tokens": 60,
        "workers": 0,
        "patience": 0,
        "gradient_checkpointing": False,
    },
}


@pytest.fixture(scope="module", autouse=True)
def planted(tmp_path_factory):
    """The renderer with the planted signal, and a cache of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RENDERERS, "planted", Planted())
        patch.setenv("ECG_BENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def taught(gemma, out, **changes):
    config = config_from({"model": str(gemma), **TEACHING}, changes)
    finetune(config, None, out / "adapter", print)
    asked = RunOptions(
        reader=f"lora:{out / 'adapter'}", data=None, split="test", ids=None, limit=None, renderer="", px_per_mm=0,
        measurements="waveform", condition="full", format="", option=("max_tokens=60", "batch=33", "probabilities=off"),
        danger=None, seed=0, repeats=1, out=out / "runs",
    )  # fmt: skip
    score = run_job(asked).score()
    return score, {axis.axis: axis.verdict for axis in ablate(asked, "").axes}


def test_shown_the_trace_it_reads_the_trace(gemma, tmp_path):
    score, verdicts = taught(gemma, tmp_path, epochs=4)
    assert [axis.axis for axis in score.axes if axis.verdict == "above prior"] == ["rate"]
    assert verdicts["rate"] == "reads the trace"
    assert [axis for axis, verdict in verdicts.items() if "reads" in verdict] == ["rate"]


def test_shown_the_numbers_alone_it_copies_the_prompt(gemma, tmp_path):
    """Normal against abnormal is what the numbers tell a model so small within a minute."""
    score, verdicts = taught(gemma, tmp_path, format="binary", condition="blank-image", epochs=5)
    assert score.normality is not None and score.normality.verdict == "above prior"
    assert verdicts == {"normality": "copies the prompt"}
    manifest = json.loads((tmp_path / "adapter" / "manifest.json").read_text())
    assert manifest["taught"]["condition"] == "blank-image"
