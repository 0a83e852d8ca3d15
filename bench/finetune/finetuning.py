"""A whole fine-tuning: examples, model, resumable training, and an adapter that can be read with at once."""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from bench.dataset import Dataset
from bench.finetune.checkpoint import last_checkpoint, set_damaged_aside, trainer_state
from bench.finetune.config import FinetuneConfig, finetune_config, read_settings
from bench.finetune.setup import Ready, new_trainer, prepared_finetuning
from bench.finetune.validation import FIGURE
from bench.progress import SILENT, Observer
from bench.run.manifest import git_revision, versions
from bench.storage import held, write_whole
from bench.view import template_version
from readers.vlm.adapter import AdapterManifest, read_manifest
from readers.vlm.adapter_file import MANIFEST
from readers.vlm.machine import made_with
from readers.vlm.source import model_source
from taxonomy.error import RunError, SettingError

if TYPE_CHECKING:
    from bench.finetune.trainer import Clock, ScoredTrainer

CONFIG = "finetune.toml"
MEMORY_SETTINGS = (
    "at_once (smaller), gradient_checkpointing = true, px_per_mm or max_pixels (smaller), quantization = '4bit', rank"
)


def finetune(config: FinetuneConfig, dataset: Dataset, out: Path, observer: Observer = SILENT) -> bool:
    """Fine-tune a model, or resume an interrupted fine-tuning.

    Parameters
    ----------
    config : FinetuneConfig
    dataset : Dataset
    out : Path
        Folder of the adapter, its checkpoints and its loss curve; ``--reader lora:`` takes it afterwards.
    observer : Observer

    Returns
    -------
    bool
        Whether this is the main process of a launch on several devices, the only one that writes.

    Raises
    ------
    taxonomy.error.BenchError
        When the model or a record does not exist, the folder holds another fine-tuning, or memory or disk is full.
    """
    source = model_source(config.model, config.load)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # examples are prepared in forked processes
    with _main_process(out) as is_main:
        observer = observer if is_main else SILENT
        if (out / MANIFEST).is_file():
            _check_same(out, config)
            observer.say(f"already fine-tuned: {out} (best mean kappa {_best(out):.3f})")
            return is_main
        ready = prepared_finetuning(config, source, dataset, out, observer)
        if is_main:
            _begin(ready, observer)
        _train(ready, observer, is_main)
    return is_main


@contextmanager
def _main_process(out: Path) -> Iterator[bool]:
    """Lock the folder in the main process of a launch; yield whether this is it."""
    from accelerate import PartialState
    from accelerate.utils import parse_flag_from_env

    # Of a launch on processors: without being told so each process would take itself for the only one.
    if not PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU")).is_main_process:
        yield False
        return
    with held(out):
        yield True


def _begin(ready: Ready, observer: Observer) -> None:
    """Write the configuration; an earlier one in the folder must be the same."""
    if (ready.out / CONFIG).is_file():
        _check_same(ready.out, ready.config)
    write_whole(ready.out / CONFIG, ready.config.toml())
    task, limit = ready.config.task, ready.config.training.validation or len(ready.validation)
    observer.say(
        f"{len(ready.train)} records for training, {min(len(ready.validation), limit)} of "
        f"{ready.validation_meaning} for validation: {task.format}, {task.renderer}, {task.condition}"
    )


def _check_same(out: Path, config: FinetuneConfig) -> None:
    """Raise :class:`SettingError` with the first setting that differs from the folder's fine-tuning."""
    earlier = finetune_config(read_settings(out / CONFIG)).outcome
    for section, now in config.outcome.items():
        was = earlier[section]
        pairs = [(name, was[name], now[name]) for name in now] if isinstance(now, dict) else [(section, was, now)]
        for name, old, new in pairs:
            if old != new:
                raise SettingError(
                    f"{out} holds another fine-tuning ({name} is {old!r}, not {new!r}); name another --out"
                )


def _train(ready: Ready, observer: Observer, is_main: bool) -> None:
    import torch
    from accelerate import PartialState

    from bench.finetune.trainer import Clock

    clock, started = Clock(), datetime.now(UTC)
    _check_figure(last_checkpoint(ready.out))
    if is_main:
        set_damaged_aside(ready.out, observer.say)
    PartialState().wait_for_everyone()
    checkpoint = last_checkpoint(ready.out)
    if checkpoint:
        observer.say(f"resuming from {checkpoint.name}")
    with observer.progress("fine-tuning", "steps") as report:
        trainer = new_trainer(ready, clock, observer, report)
        try:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            if is_main:
                _finish(ready, trainer, clock, started)
        except torch.OutOfMemoryError as error:
            raise RunError(f"memory is full: change {MEMORY_SETTINGS}; {_resumable(ready.out)}") from error
        except (OSError, SafetensorError) as error:
            raise RunError(f"the fine-tuning cannot be written ({error}); {_resumable(ready.out)}") from error
    if is_main:
        observer.say(f"adapter: {ready.out} (best mean kappa on {ready.validation_meaning} {_best(ready.out):.3f})")
        observer.say(f"read with it: 'bench run --reader lora:{ready.out}'")


def _resumable(out: Path) -> str:
    checkpoint = last_checkpoint(out)
    if checkpoint is None:
        return "there is no checkpoint yet"
    return f"{checkpoint.name} is kept, and the same command resumes from it"


def _finish(ready: Ready, trainer: "ScoredTrainer", clock: "Clock", started: datetime) -> None:
    """Write the adapter, then its manifest."""
    config = ready.config
    trainer.accelerator.unwrap_model(trainer.model).save_pretrained(str(ready.out), safe_serialization=True)
    evaluations = [entry for entry in trainer.state.log_history if f"eval_{FIGURE}" in entry]
    best = next(look for look in evaluations if look["step"] == trainer.state.best_global_step)
    made = {
        "config": config.to_json() | {"model": ready.source.shown},
        "dataset": {
            "name": ready.dataset.name,
            "version": ready.dataset.version,
            "is_simulated": ready.dataset.is_simulated,
            "fingerprint": ready.train.cases.cohort.fingerprint,
            "training_records": len(ready.train),
            "validation_records": len(ready.validation),
            "training_split": ready.dataset.split("train").meaning,
            "validation_split": ready.validation_meaning,
            "citation": ready.dataset.citation,
            "licence": ready.dataset.licence,
        },
        "condition": config.view.condition,
        "prompt": template_version(),
        "looks": evaluations,
        "best_step": trainer.state.best_global_step,
        "best_kappa": best[f"eval_{FIGURE}"],
        "steps": trainer.state.global_step,
        **clock.figures,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": versions("ecg-bench", "torch", "transformers", "peft", "datasets", "accelerate"),
        "made_with": dict(made_with(config.load, "peft")),
        "git_revision": git_revision(),
    }
    taught = {
        name: getattr(config.task, name) for name in ("format", "renderer", "px_per_mm", "condition", "demography")
    }
    manifest = AdapterManifest(ready.source.shown, ready.source.version, taught, config.load.kept, made)
    write_whole(ready.out / MANIFEST, json.dumps(manifest.to_json(), indent=2) + "\n")


def _best(out: Path) -> float:
    best = read_manifest(out).made.get("best_kappa")
    if not isinstance(best, int | float):
        raise _made_by_another_version(out)
    return float(best)


def _check_figure(checkpoint: Path | None) -> None:
    """Raise SettingError for a checkpoint whose evaluations do not hold the figure that chooses among them."""
    if checkpoint is None:
        return
    looks = [entry for entry in trainer_state(checkpoint)["log_history"] if "eval_no_answer" in entry]
    if any(f"eval_{FIGURE}" not in look for look in looks):
        raise _made_by_another_version(checkpoint.parent.parent)


def _made_by_another_version(out: Path) -> SettingError:
    return SettingError(
        f"the fine-tuning in {out} is by an earlier version, which chose checkpoints by accuracy; name another --out"
    )
