"""Estimates the GPU hours and disk space of experiments from the model's shape and token counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.evidence.ablation import ablation_of, condition_jobs
from bench.evidence.conditions import conditions_asked
from bench.experiment.experiments import Arm, Experiment
from bench.experiment.running import ExperimentOptions, arm_config, run_options
from bench.finetune.collator import IGNORED, AnswerCollator
from bench.finetune.config import FinetuneConfig
from bench.progress import SILENT, Observer
from bench.run.estimate import RunEstimate, estimate
from bench.run.job import prepared
from bench.view.example import examples
from readers.vlm.chat import Chat
from readers.vlm.source import ModelSource, model_source, processor_of

ENCODED_EXAMPLES = 4
"""Examples that are drawn and encoded to count tokens."""

TFLOPS = 200.0
"""Assumed bf16 throughput in training and prompt processing: a quarter of an H100's peak (790 dense TFLOP/s)."""

GENERATED_AT = 1500.0
"""Assumed GB/s at which a GPU reads the weights for each generated token: about half of an H100's 3.35 TB/s."""

READING_BYTES = 6000
"""Size of a line of readings.jsonl with probabilities, as measured."""


@dataclass(frozen=True)
class ModelShape:
    """Number of parameters of a model and of its adapter."""

    parameters: int
    adapter_parameters: int


@dataclass(frozen=True)
class ArmEstimate:
    """The cost of an arm.

    Attributes
    ----------
    arm, model : str
    records : int
        In the training split.
    prompt, answer : int
        Tokens per example.
    training_hours, asking_hours : float
        On one GPU: fine-tuning with its evaluations, and the run with its ablation.
    disk : float
        Bytes, of adapter, checkpoints and readings.
    """

    arm: str
    model: str
    records: int
    prompt: int
    answer: int
    training_hours: float
    asking_hours: float
    disk: float


def model_shape(source: ModelSource, config: FinetuneConfig) -> ModelShape:
    """Return the shape of a model from its configuration, without reading weights."""
    import torch
    from transformers import AutoModelForImageTextToText

    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(source.config)
    output = model.get_output_embeddings()
    linear = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear) and layer is not output]
    adapter = sum(config.lora.rank * (layer.in_features + layer.out_features) for layer in linear)
    return ModelShape(sum(weights.numel() for weights in model.parameters()), adapter)


def estimates(experiments: Sequence[Experiment], options: ExperimentOptions) -> list[ArmEstimate]:
    """Return the cost of every arm of an open model; nothing is written and no model is loaded.

    Raises
    ------
    taxonomy.error.BenchError
        When the model or the data do not exist.
    """
    return [_estimate(experiment, arm, options) for experiment in experiments for arm in experiment.arms]


def asking_estimates(
    experiments: Sequence[Experiment], options: ExperimentOptions, observer: Observer = SILENT
) -> list[RunEstimate]:
    """Return what the runs of every arm of a reader would ask and cost; nothing is sent.

    Raises
    ------
    taxonomy.error.BenchError
        When the reader or the data do not exist.
    """
    found: dict[str, RunEstimate] = {}
    for experiment in experiments:
        for arm in options.arms(experiment):
            headline = run_options(experiment, arm, options)
            jobs = condition_jobs(headline, ablation_of(headline)) if options.ablation else {"": prepared(headline)}
            found |= {job.settings.run_id: estimate(job, observer) for job in jobs.values()}
    return list(found.values())


def _estimate(experiment: Experiment, arm: Arm, options: ExperimentOptions) -> ArmEstimate:
    config, selection = arm_config(arm, options), options.run.selection
    dataset, training = selection.open(), config.training
    source = model_source(config.model, config.load)
    shape = model_shape(source, config)
    train = examples(dataset, "train", config.view, config.task.limit or None)
    collate = AnswerCollator(Chat.of(processor_of(source, config.load), config.load))
    batch = collate([train[index] for index in range(min(ENCODED_EXAMPLES, len(train)))])
    answer = int((batch["labels"] != IGNORED).sum(dim=1).max())
    prompt = int(batch["attention_mask"].sum(dim=1).max()) - answer
    training_seconds = adapter_bytes = 0.0
    if arm.task is not None:
        tokens = len(train) * training.epochs * (prompt + answer)
        validation = len(dataset.cohort("val"))
        evaluated = training.epochs * training.evaluations * min(validation, training.validation or validation)
        evaluation_seconds = evaluated * _answer_seconds(shape, prompt, answer, 1)
        training_seconds = _flops_per_token(shape, config) * tokens / (TFLOPS * 1e12) + evaluation_seconds
        adapter_bytes = 4.0 * shape.adapter_parameters
    conditions = len(conditions_asked(several_draws=True)) if options.ablation else 1
    asked = len(selection.cohort()) * conditions
    return ArmEstimate(
        arm=f"{experiment.name}: {arm.name}",
        model=options.tested.shown,
        records=len(train),
        prompt=prompt,
        answer=answer,
        training_hours=training_seconds / 3600,
        asking_hours=asked * _answer_seconds(shape, prompt, answer, 2) / 3600,
        disk=adapter_bytes * (1 + 2 * 3) + READING_BYTES * asked,
    )


def _flops_per_token(shape: ModelShape, config: FinetuneConfig) -> float:
    """Return the FLOPs of one training token (Kaplan et al. 2020, section 2.1).

    Per parameter 2 forward and 2 backward (frozen weights need no gradient), and 2 to recompute activations.
    """
    return (6.0 if config.training.gradient_checkpointing else 4.0) * shape.parameters


def _answer_seconds(shape: ModelShape, prompt: int, answer: int, passes: int) -> float:
    """Return the time of one answer in a batch of 8: passes over the prompt, then the weights once per token."""
    reading = passes * 2 * shape.parameters * prompt / (TFLOPS * 1e12)
    return reading + answer * 2 * shape.parameters / (GENERATED_AT * 1e9) / 8
