"""Sets up a fine-tuning: examples, the model with its adapter, and transformers' Trainer."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.dataset import Dataset
from bench.finetune.collator import AnswerCollator
from bench.finetune.config import FinetuneConfig, Lora
from bench.finetune.example_dataset import as_dataset, as_drawn_dataset
from bench.finetune.validation import CHOICE, Validation
from bench.progress import Observer, Progress
from bench.view.example import Examples, examples
from readers.vlm.chat import Chat
from readers.vlm.source import ModelSource, processor_of
from taxonomy.error import SettingError

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import TrainingArguments

    from bench.finetune.trainer import Clock, ScoredTrainer

CURVE, CHECKPOINTS = "curve.json", "checkpoints"


@dataclass(frozen=True, eq=False)
class Ready:
    """A fine-tuning before its first step."""

    config: FinetuneConfig
    dataset: Dataset
    source: ModelSource
    chat: Chat
    train: Examples
    validation: Examples
    out: Path

    @property
    def validation_meaning(self) -> str:
        """Meaning of the split that chooses the checkpoint."""
        return self.dataset.split("val").meaning


def prepared_finetuning(
    config: FinetuneConfig, source: ModelSource, dataset: Dataset, out: Path, observer: Observer
) -> Ready:
    """Return a fine-tuning before its first step; nothing is written."""
    chat = Chat.of(processor_of(source, config.load), config.load, source.ends(config.load))
    train = examples(dataset, "train", config.view, config.task.limit or None, observer)
    validation = examples(dataset, "val", config.view, observer=observer)
    return Ready(config, dataset, source, chat, train, validation, out)


def new_trainer(ready: Ready, clock: "Clock", observer: Observer, report: Progress) -> "ScoredTrainer":
    """Return the trainer of a fine-tuning, its model loaded.

    Parameters
    ----------
    ready : Ready
    clock : Clock
        Times its steps.
    observer : Observer
        Told of each evaluation.
    report : Progress
        Called with the steps done and their total, and told the loss.
    """
    from transformers import EarlyStoppingCallback

    from bench.finetune.trainer import Diary, ScoredTrainer, balancing_weights

    config, task = ready.config.training, ready.config.task
    if config.cache:
        with observer.progress("drawing") as drawing:
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
        callbacks=[clock, Diary(ready.out / CURVE, report, observer.say, ready.validation_meaning), *stopping],
    )


def adapted(source: ModelSource, config: FinetuneConfig) -> "PeftModel":
    """Return the model with a fresh adapter, ready to learn."""
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import set_seed

    from readers.vlm.loading import KEPT, names_of_transformers_5, weights
    from readers.vlm.placement import check_adaptable

    KEPT.let_go()  # a model loaded for reading would take memory beside the one in training
    set_seed(config.training.seed)
    model = weights(source, config.load)
    check_adaptable(model, source.name)
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
        adapted_model: PeftModel = get_peft_model(model, lora)
    if config.training.gradient_checkpointing:
        adapted_model.enable_input_require_grads()
    return adapted_model


def _layers(model: Any, lora: Lora) -> str:  # noqa: ANN401
    """Return the linear layers to adapt, as peft's ``target_modules``."""
    if lora.layers == "all":
        return "all-linear"
    import torch

    vision = re.compile("vision|visual|image|multi_modal|connector")
    output = model.get_output_embeddings()
    modules = model.named_modules()
    linear = {name for name, layer in modules if isinstance(layer, torch.nn.Linear) and layer is not output}
    selected = {name for name in linear if bool(vision.search(name)) == (lora.layers == "vision")}
    leaves = "|".join(sorted({re.escape(name.rpartition(".")[2]) for name in selected}))
    lookahead = f"(?=.*({vision.pattern}))" if lora.layers == "vision" else f"(?!.*({vision.pattern}))"
    return rf"{lookahead}.*\.({leaves})"


def training_arguments(config: FinetuneConfig, records: int, out: Path) -> "TrainingArguments":
    """Return transformers' arguments; raises :class:`SettingError` for a batch that the devices cannot share."""
    import torch
    from accelerate import PartialState
    from transformers import TrainingArguments

    training, processes = config.training, PartialState().num_processes
    if training.batch % (training.at_once * processes):
        raise SettingError(
            f"batch = {training.batch} is not a multiple of at_once = {training.at_once} times {processes} process(es)"
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
        metric_for_best_model=f"eval_{CHOICE}",
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
