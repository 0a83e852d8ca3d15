"""Does fine-tuning keep the model busy? Its steps per second against a bare transformers loop, and its waiting time.

    OMP_NUM_THREADS=1 python benchmarks/finetuning.py [--size small] [--renderer printed] [--steps 24] [--workers 1]

The bare loop takes the same model, adapter, optimizer and batches, prepared in memory; ours draws and encodes every
page and logs. The model is a random Gemma 3 of the real classes; ``--size middle`` is for a GPU. Also prints peak
memory and generated answers per second.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from bench.dataset import Dataset, open_dataset
from bench.finetune.config import FinetuneConfig, finetune_config
from bench.finetune.setup import Ready, adapted, new_trainer, prepared_finetuning
from bench.finetune.trainer import Clock
from bench.progress import SILENT
from bench.view import View
from bench.view.prompt import system_text
from readers.registry import reader
from readers.vlm.source import model_source
from taxonomy.target import DENSE

MODEL = Path(__file__).parent.parent / "tests" / "tiny" / "gemma.py"
SKIPPED = 3
"""Steps left out at the start, while caches fill and processes start."""


def main() -> None:
    """Print both rates, their ratio, the share of waiting, memory and generation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="small", choices=("tiny", "small", "middle"))
    parser.add_argument("--renderer", default="printed")
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compare(options, Path(folder))


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Train twice, answer once, and print."""
    dataset = open_dataset(options.data)
    model, device = _built(options.size, dataset, folder), "cuda" if torch.cuda.is_available() else "cpu"
    task = {"renderer": options.renderer, "limit": options.steps * options.batch}
    training = {"epochs": 1, "batch": options.batch, "at_once": options.batch, "workers": options.workers,
                "patience": 0, "validation": 1, "max_tokens": 1, "gradient_checkpointing": False}  # fmt: skip
    config = finetune_config({"model": str(model), "task": task, "lora": {"dropout": 0.0}, "training": training})
    ready = prepared_finetuning(config, model_source(config.model, config.load), dataset, folder / "out", SILENT)
    ready.out.mkdir()
    bare = _bare(ready, config)
    clock = Clock()
    trainer = new_trainer(ready, clock, SILENT, lambda done, total: None)
    trainer.train()
    ours = clock.figures
    print(f"{options.size}, {options.renderer}, batch {options.batch}, {options.workers} worker(s), {device}")
    print("| | steps/s | samples/s |\n|---|---|---|")
    for name, rate in (("bare loop", bare), ("bench finetune", ours["steps_per_second"] or 0.0)):
        print(f"| {name} | {rate:.3f} | {rate * options.batch:.2f} |")
    print(f"ratio {(ours['steps_per_second'] or 0.0) / bare:.2f} (goal: at least 0.9)")
    print(f"waiting for examples {100 * (ours['waiting_share'] or 0.0):.1f}% of the time (goal: under 5%)")
    print(f"peak memory {_peak_gb():.2f} GB")
    _answers(model, options, ready)


def _built(size: str, dataset: Dataset, folder: Path) -> Path:
    measured = dataset.cohort("train", limit=60).measure()
    view = View().for_inputs(frozenset({"text"}))
    texts = [system_text(DENSE)] * 8 + [view.prompt(numbers, ()).text for numbers in measured.values()]
    (folder / "corpus.json").write_text(json.dumps(texts))
    words = [str(folder / "model"), "--size", size, "--corpus", str(folder / "corpus.json")]
    subprocess.run([sys.executable, str(MODEL), *words], check=True, capture_output=True)
    return folder / "model"


def _bare(ready: Ready, config: FinetuneConfig) -> float:
    """Return the steps per second of a plain loop over prepared batches."""
    from bench.finetune.collator import AnswerCollator

    model, collate = adapted(ready.source, config).train(), AnswerCollator(ready.chat)
    size = config.training.batch
    batches: list[dict[str, Any]] = [
        {name: value.to(model.device) for name, value in collate([ready.train[k] for k in range(n, n + size)]).items()}
        for n in range(0, len(ready.train) - size + 1, size)
    ]
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    start = time.perf_counter()
    for number, batch in enumerate(batches):
        if number == SKIPPED:
            start = time.perf_counter()
        with torch.autocast(model.device.type, torch.bfloat16, enabled=model.device.type == "cuda"):
            loss = model(**batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return (len(batches) - SKIPPED) / (time.perf_counter() - start)


def _answers(model: Path, options: argparse.Namespace, ready: Ready) -> None:
    for probabilities in ("off", "on"):
        reader_options = {"batch": "8", "max_tokens": "64", "probabilities": probabilities}
        hf = reader(f"hf:{model}", reader_options)
        cases = [ready.train[number].case for number in range(min(16, len(ready.train)))]
        list(hf.read(cases[:2]))
        start = time.perf_counter()
        list(hf.read(cases))
        rate = len(cases) / (time.perf_counter() - start)
        print(f"answers of up to 64 tokens, probabilities {probabilities}: {rate:.2f}/s in batches of 8")


def _peak_gb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
