"""A whole fine-tuning: examples, model, training that resumes, and an adapter that is a reader at once."""

import json
import math
import os
import platform
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from bench.dataset import Dataset, open_dataset
from bench.finetune.card import write_card
from bench.finetune.collator import AnswerCollator
from bench.finetune.config import ConfigError, FinetuneConfig, Lora, config_from
from bench.finetune.dataset import as_dataset, as_drawn_dataset
from bench.finetune.example import Examples, examples
from bench.finetune.validation import FIGURE, Validation
from bench.locking import held
from bench.progress import Report, progress
from bench.prompt import template_version
from bench.run.manifest import git_revision, versions
from readers.vlm.adapter import MANIFEST, AdapterManifest, read_manifest
from readers.vlm.chat import Chat
from readers.vlm.source import ModelSource, model_source, processor_of
from taxonomy.error import BenchError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import TrainingArguments

    from bench.finetune.trainer import Clock, ScoredTrainer

CONFIG, CURVE, CHECKPOINTS = "finetune.toml", "curve.json", "checkpoints"
MEMORY = (
    "at_once (smaller), gradient_checkpointing = true, px_per_mm or max_pixels (smaller), quantization = '4bit', rank"
)
Say = Callable[[str], None]


class FinetuneError(BenchError):
    """Raised when a fine-tuning cannot go on; its checkpoints are kept."""


@dataclass(frozen=True, eq=False)
class Ready:
    """A fine-tuning before its first step.

    Attributes
    ----------
    config : FinetuneConfig
    dataset : Dataset
    source : ModelSource
    chat : Chat
    train, validation : Examples
    out : Path
    """

    config: FinetuneConfig
    dataset: Dataset
    source: ModelSource
    chat: Chat
    train: Examples
    validation: Examples
    out: Path


def finetune(config: FinetuneConfig, data: Path | None, out: Path, say: Say) -> Path:
    """Fine-tune a model, or go on with what a killed fine-tuning left.

    Parameters
    ----------
    config : FinetuneConfig
    data : Path or None
        PTB-XL; the embedded sample when not given.
    out : Path
        Folder of the adapter, its checkpoints and its curve.
    say : callable
        Called with a line for the person who waits.

    Returns
    -------
    Path
        ``out``, a folder for ``--reader lora:``.

    Raises
    ------
    taxonomy.error.BenchError
        When something that was asked for is not there, the folder holds another fine-tuning, or memory or disk are
        full.
    """
    source = model_source(config.model, config.load)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # the processes that prepare examples are forks
    with _first_process(out) as is_first:
        say = say if is_first else lambda line: None
        if (out / MANIFEST).is_file():
            _check_same(out, config)
            say(f"already fine-tuned: {out} (best look at fold 9 {_best(read_manifest(out)):+.1f} points)")
            return out
        ready = prepared(config, source, data, out)
        if is_first:
            _begin(ready, say)
        _train(ready, say, is_first)
    return out


def prepared(config: FinetuneConfig, source: ModelSource, data: Path | None, out: Path) -> Ready:
    """Return a fine-tuning before its first step; nothing is written."""
    dataset = open_dataset(data)
    chat = Chat.of(processor_of(source, config.load), config.load)
    seed = config.training.seed
    train = examples(dataset, "train", config.task, seed, config.task.limit or None)
    return Ready(config, dataset, source, chat, train, examples(dataset, "val", config.task, seed), out)


@contextmanager
def _first_process(out: Path) -> Iterator[bool]:
    """Hold the folder in the first process of a launch; tell whether this is it."""
    from accelerate import PartialState

    if not PartialState().is_main_process:
        yield False
        return
    with held(out):
        yield True


def _begin(ready: Ready, say: Say) -> None:
    """Write the configuration of a new fine-tuning, or make sure that the folder holds the same one."""
    try:
        if (ready.out / CONFIG).is_file():
            _check_same(ready.out, ready.config)
        (ready.out / CONFIG).write_text(ready.config.toml(), encoding="utf-8")
    except OSError as error:
        raise FinetuneError(f"{ready.out} cannot be written: {error.strerror}; name another --out") from error
    task, most = ready.config.task, ready.config.training.validation or len(ready.validation)
    say(
        f"{len(ready.train)} records to learn from, {min(len(ready.validation), most)} of fold 9 to look at: "
        f"{task.format}, {task.renderer}, {task.condition}"
    )


def _check_same(out: Path, config: FinetuneConfig) -> None:
    """Make sure that a folder holds the same fine-tuning.

    Raises
    ------
    ConfigError
        When it holds another; the message names the first setting that differs.
    """
    before = config_from(tomllib.loads((out / CONFIG).read_text(encoding="utf-8"))).outcome
    for section, now in config.outcome.items():
        was = before[section]
        pairs = [(name, was[name], now[name]) for name in now] if isinstance(now, dict) else [(section, was, now)]
        for name, old, new in pairs:
            if old != new:
                raise ConfigError(
                    f"{out} holds another fine-tuning ({name} is {old!r}, not {new!r}); name another --out"
                )


def _train(ready: Ready, say: Say, is_first: bool) -> None:
    import torch

    from bench.finetune.trainer import Clock

    clock, begun = Clock(), datetime.now(UTC)
    checkpoint = last_checkpoint(ready.out)
    if checkpoint:
        say(f"resuming from {checkpoint.name}")
    with progress("fine-tuning", "steps") as report:
        trainer = _trainer(ready, clock, say, report)
        try:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        except torch.OutOfMemoryError as error:
            raise FinetuneError(f"memory is full: change {MEMORY}; {_kept(ready.out)}") from error
        except (OSError, SafetensorError) as error:
            raise FinetuneError(f"the fine-tuning cannot be written ({error}); {_kept(ready.out)}") from error
    if is_first:
        _finish(ready, trainer, clock, begun)
        say(
            f"adapter: {ready.out} (best look at fold 9 {_best(read_manifest(ready.out)):+.1f} points against majority)"
        )
        say(f"read with it: bench run --reader lora:{ready.out}")


def last_checkpoint(out: Path) -> Path | None:
    """Return the last checkpoint that was wholly written, None without one; the trainer writes its state last."""
    found = []
    for path in (out / CHECKPOINTS).glob("checkpoint-*"):
        try:
            state = json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        found.append((state["global_step"], path))
    return max(found)[1] if found else None


def _kept(out: Path) -> str:
    checkpoint = last_checkpoint(out)
    if checkpoint is None:
        return "there is no checkpoint yet"
    return f"{checkpoint.name} is kept, and the same command goes on from it"


def _trainer(ready: Ready, clock: "Clock", say: Say, report: Report) -> "ScoredTrainer":
    from transformers import EarlyStoppingCallback

    from bench.finetune.trainer import Diary, ScoredTrainer, balancing_weights

    config, task = ready.config.training, ready.config.task
    if config.cache:
        with progress("drawing") as drawing:
            rows = as_drawn_dataset(ready.train, drawing)
    else:
        rows = as_dataset(ready.train)
    values = [ready.train.values(record)[task.balance] for record in ready.train.records] if task.balance else None
    validation = Validation(ready.validation, ready.config, ready.source, ready.chat)
    collate = AnswerCollator(ready.chat, ready.source.context)
    stopping = [EarlyStoppingCallback(config.patience)] if config.patience else []
    return ScoredTrainer(
        figures=validation.figures,
        weights=balancing_weights(values) if values else None,
        model=adapted(ready.source, ready.config),
        args=training_arguments(ready.config, len(ready.train), ready.out),
        train_dataset=rows,
        eval_dataset=[None],
        data_collator=lambda batch: collate([row["example"] for row in batch]),
        callbacks=[clock, Diary(ready.out / CURVE, report, say), *stopping],
    )


def adapted(source: ModelSource, config: FinetuneConfig) -> "PeftModel":
    """Return the model with a fresh adapter, ready to learn."""
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import set_seed

    from readers.vlm.loading import names_of_transformers_5, weights

    set_seed(config.training.seed)
    model = weights(source, config.load)
    if config.load.quantization != "none":
        model = prepare_model_for_kbit_training(model, config.training.gradient_checkpointing)
    lora = LoraConfig(
        r=config.lora.rank,
        lora_alpha=config.lora.alpha,
        lora_dropout=config.lora.dropout,
        target_modules=_layers(model, config.lora),
        task_type="CAUSAL_LM",
    )
    with names_of_transformers_5():
        found: PeftModel = get_peft_model(model, lora)
    if config.training.gradient_checkpointing:
        found.enable_input_require_grads()
    return found


def _layers(model: Any, lora: Lora) -> str:  # noqa: ANN401
    """Return which linear layers the adapter is put on, in peft's words."""
    if lora.layers == "all":
        return "all-linear"
    import torch

    seeing = re.compile("vision|visual|image|multi_modal|connector")
    output = model.get_output_embeddings()
    linear = {name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear) and part is not output}
    wanted = {name for name in linear if bool(seeing.search(name)) == (lora.layers == "vision")}
    leaves = "|".join(sorted({re.escape(name.rpartition(".")[2]) for name in wanted}))
    sees = f"(?=.*({seeing.pattern}))" if lora.layers == "vision" else f"(?!.*({seeing.pattern}))"
    return rf"{sees}.*\.({leaves})"


def training_arguments(config: FinetuneConfig, records: int, out: Path) -> "TrainingArguments":
    """Return what transformers' Trainer is told.

    Raises
    ------
    ConfigError
        When the batch cannot be shared evenly among the devices.
    """
    import torch
    from accelerate import PartialState
    from transformers import TrainingArguments

    training, processes = config.training, PartialState().num_processes
    if training.batch % (training.at_once * processes):
        raise ConfigError(
            f"batch = {training.batch} is no multiple of at_once = {training.at_once} times {processes} process(es)"
        )
    every = max(1, math.ceil(records / training.batch) // training.evaluations)
    on_gpu = torch.cuda.is_available() and config.load.device != "cpu"
    return TrainingArguments(
        output_dir=str(out / CHECKPOINTS),
        num_train_epochs=training.epochs,
        per_device_train_batch_size=training.at_once,
        gradient_accumulation_steps=training.batch // (training.at_once * processes),
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        warmup_steps=training.warmup,
        lr_scheduler_type="cosine",
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model=f"eval_{FIGURE}",
        greater_is_better=True,
        restore_callback_states_from_checkpoint=True,
        logging_steps=max(1, every // 20),
        seed=training.seed,
        data_seed=training.seed,
        bf16=on_gpu,
        use_cpu=not on_gpu,
        activation_checkpointing=training.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False} if training.gradient_checkpointing else None,
        dataloader_num_workers=training.workers,
        dataloader_persistent_workers=training.workers > 0,
        dataloader_pin_memory=on_gpu,
        ddp_find_unused_parameters=True if processes > 1 else None,
        remove_unused_columns=False,
        report_to="none",
        disable_tqdm=True,
    )


def _finish(ready: Ready, trainer: "ScoredTrainer", clock: "Clock", begun: datetime) -> None:
    """Write the adapter, its manifest last, and its card."""
    config, settings = ready.config, ready.train.builder.settings
    trainer.accelerator.unwrap_model(trainer.model).save_pretrained(str(ready.out), safe_serialization=True)
    looks = [entry for entry in trainer.state.log_history if f"eval_{FIGURE}" in entry]
    data = config.to_json() | {"model": ready.source.shown}
    made = {
        "config": data,
        "dataset": {
            "name": ready.dataset.name,
            "version": ready.dataset.version,
            "is_sample": ready.dataset.is_sample,
            "fingerprint": ready.train.fingerprint,
            "training_records": len(ready.train),
            "validation_records": len(ready.validation),
        },
        "condition": settings.condition,
        "prompt": template_version(),
        "looks": looks,
        "best_step": trainer.state.best_global_step,
        "best_difference": trainer.state.best_metric,
        "steps": trainer.state.global_step,
        **clock.figures,
        "started": begun.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": versions("ecg-bench", "torch", "transformers", "peft", "datasets", "accelerate"),
        "git_revision": git_revision(),
    }
    taught = {name: getattr(config.task, name) for name in ("format", "renderer", "px_per_mm", "condition")}
    manifest = AdapterManifest(ready.source.shown, ready.source.version, taught, asdict(config.load), made)
    write_card(ready.out, manifest, trainer.state.log_history)
    text = json.dumps(manifest.to_json(), indent=2) + "\n"
    (ready.out / MANIFEST).write_text(text, encoding="utf-8")


def _best(manifest: AdapterManifest) -> float:
    return 100 * float(manifest.made["best_difference"])
