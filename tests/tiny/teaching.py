"""A tiny model taught through the real pipeline on real records, asked, and taken apart by the ablation."""

from pathlib import Path

from bench.evidence.ablation import ablate
from bench.finetune.config import config_from
from bench.finetune.finetuning import finetune
from bench.run.job import run_job
from bench.run.options import RunOptions
from bench.score import Score

TEACHING = {
    "task": {"px_per_mm": 2},
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


def taught(model: Path, out: Path, **changes: str | int) -> tuple[Score, dict[str, str]]:
    """Return the score of a model that was taught so, and the verdict of the ablation on each axis."""
    config = config_from({"model": str(model), **TEACHING}, changes)
    finetune(config, None, out / "adapter", print)
    asked = RunOptions(
        reader=f"lora:{out / 'adapter'}", data=None, split="test", ids=None, limit=None, renderer="", px_per_mm=0,
        measurements="waveform", condition="full", format="", option=("max_tokens=60", "batch=33", "probabilities=off"),
        danger=None, seed=0, repeats=1, out=out / "runs",
    )  # fmt: skip
    score = run_job(asked).score()
    return score, {axis.axis: axis.verdict for axis in ablate(asked, "").axes}
