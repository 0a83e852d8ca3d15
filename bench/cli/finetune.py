"""``bench finetune``: teach an open vision-language model, by LoRA, on the training folds."""

from pathlib import Path
from typing import Any

import click

from bench.cli.completing import condition_names, renderer_names
from bench.cli.option import data_option, no_reasoning_option


@click.command()
@click.option("--model", help="An image-text-to-text model: its name on the hub, or a folder.")
@data_option
@click.option("--config", type=click.Path(path_type=Path), help="Settings (TOML); OUT/finetune.toml of another one.")
@click.option("--format", help="What is taught: dense, dense-no-reasoning, sparse, flat or binary.  [default: dense]")
@no_reasoning_option
@click.option("--renderer", shell_complete=renderer_names, help="printed, clean, stacked or leads.  [default: printed]")
@click.option("--px-per-mm", type=int, help="Resolution of the images.  [default: 6]")
@click.option(
    "--condition",
    shell_complete=condition_names,
    help="What is shown while teaching: full, image-only, blank-image, ...  [default: full]",
)
@click.option("--demography/--no-demography", default=None, help="Print age and sex with the numbers.")
@click.option("--balance", metavar="AXIS", help="Draw every value of this axis equally often.")
@click.option("--epochs", type=int, help="[default: 3]")
@click.option("--batch", type=int, help="Examples per step, over all devices.  [default: 16]")
@click.option("--at-once", type=int, help="Examples on a device at once: memory, not outcome.  [default: 1]")
@click.option("--learning-rate", type=float, help="[default: 0.0001]")
@click.option("--rank", type=int, help="Rank of the adapter.  [default: 16]")
@click.option("--quantization", help="none or 4bit (QLoRA; needs a GPU and bitsandbytes).  [default: none]")
@click.option("--max-pixels", type=int, help="Scale larger images down to this many pixels.")
@click.option("--workers", type=int, help="Processes that draw examples for each device.  [default: 2]")
@click.option("--cache/--no-cache", default=None, help="Draw every example once, onto the disk.")
@click.option("--seed", type=int, help="[default: 0]")
@click.option("--remote-code", metavar="MODEL", help="Run the code that comes with this model.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("adapters/mine"), show_default=True)
def finetune(data: str | None, config: Path | None, out: Path, no_reasoning: bool, **changes: Any) -> None:
    """Fine-tune an open vision-language model on the training split; the test split is never read.

    Only the answer contributes to the loss; values without a label are left out. Each validation computes the
    benchmark's own score and saves a checkpoint: after a kill the same command resumes. OUT then holds the adapter
    (safetensors), its manifest, its card and finetune.toml, which makes it again. Command-line options override
    --config.

    \b
    Examples:
      bench finetune --model google/gemma-3-4b-it --format flat --out adapters/flat
      bench finetune --config adapters/flat/finetune.toml --renderer clean --out adapters/flat-clean
      accelerate launch -m bench finetune --model Qwen/Qwen3-VL-8B-Instruct --at-once 2 --out adapters/dense
      bench run --reader lora:adapters/flat
    """
    from bench.cli.terminal import ALOUD
    from bench.dataset import open_dataset
    from bench.finetune.config import read_finetune_config
    from bench.finetune.finetuning import finetune as teach
    from bench.report.adapter_card import write_adapter_card

    settings = read_finetune_config(config, changes)
    if no_reasoning:
        settings = settings.without_reasoning()
    if teach(settings, open_dataset(data), out, ALOUD):
        write_adapter_card(out)
