"""A tiny model taught through the real pipeline on phantoms, asked, and taken apart by the ablation."""

from pathlib import Path

from bench.dataset import Selection, open_dataset
from bench.evidence.ablation import ablate_on_disk
from bench.finetune.config import finetune_config
from bench.finetune.finetuning import finetune
from bench.run.job import prepared, run_job
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


def taught(
    model: Path, out: Path, asked_of: Selection | None = None, **changes: str | int
) -> tuple[Score, dict[str, str]]:
    """Return the score of a model that was taught so, and the verdict of the ablation on each axis.

    It is asked of the test split unless ``asked_of`` says otherwise.
    """
    config = finetune_config({"model": str(model), **TEACHING}, changes)
    finetune(config, open_dataset("phantoms:1,66"), out / "adapter")
    options = {"max_tokens": "60", "batch": "33", "probabilities": "off"}
    asked = RunOptions(f"lora:{out / 'adapter'}", options, asked_of or Selection("phantoms:1,66"), out=out / "runs")
    score = run_job(prepared(asked))
    return score, {axis.axis: axis.verdict for axis in ablate_on_disk(asked, image_ceiling="").axes}
