"""What experiments would take, before any of them runs: GPU hours and disk, from the model's own shape and tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.evidence.conditions import asked_conditions
from bench.experiment.experiments import Arm, Experiment
from bench.experiment.running import ExperimentOptions, arm_config
from bench.finetune.collator import IGNORED, AnswerCollator
from bench.finetune.config import FinetuneConfig
from bench.view.example import examples
from readers.vlm.chat import Chat
from readers.vlm.source import ModelSource, model_source, processor_of

ENCODED_EXAMPLES = 4
"""Examples that are really drawn and encoded, to count tokens."""

TFLOPS = 200.0
"""Of bf16 matrix work that a GPU really does in training and in reading prompts: a quarter of what
an H100 reaches at best (790 dense TFLOP/s), assumed."""

GENERATED_AT = 1500.0
"""GB/s at which a GPU reads the weights for each token that it writes, assumed (about half of the H100's 3.35 TB/s)."""

READING_BYTES = 6000
"""Of one line of readings.jsonl with probabilities, measured on the sample."""


@dataclass(frozen=True)
class ModelShape:
    """What decides the work.

    Attributes
    ----------
    parameters, adapter_parameters : int
    """

    parameters: int
    adapter_parameters: int


@dataclass(frozen=True)
class ArmEstimate:
    """What an arm would take.

    Attributes
    ----------
    arm : str
    records : int
        Of the training folds.
    prompt, answer : int
        Tokens of an example.
    training_hours, asking_hours : float
        On one GPU: fine-tuning with its looks at fold 9, and the run with its ablation.
    disk : float
        Bytes of adapter, checkpoints and readings.
    """

    arm: str
    records: int
    prompt: int
    answer: int
    training_hours: float
    asking_hours: float
    disk: float


def model_shape(source: ModelSource, config: FinetuneConfig) -> ModelShape:
    """Return the shape of a model from its configuration; no weights are read."""
    import torch
    from transformers import AutoModelForImageTextToText

    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(source.config)
    output = model.get_output_embeddings()
    linear = [part for part in model.modules() if isinstance(part, torch.nn.Linear) and part is not output]
    adapter = sum(config.lora.rank * (part.in_features + part.out_features) for part in linear)
    return ModelShape(sum(part.numel() for part in model.parameters()), adapter)


def estimates(experiments: Sequence[Experiment], options: ExperimentOptions) -> list[ArmEstimate]:
    """Return what each arm would take; nothing is written and no model loaded.

    Raises
    ------
    taxonomy.error.BenchError
        When the model or the data are not there.
    """
    return [_estimate(one, arm, options) for one in experiments for arm in one.arms]


def _estimate(experiment: Experiment, arm: Arm, options: ExperimentOptions) -> ArmEstimate:
    config, selection = arm_config(arm, options), options.run.selection
    dataset = selection.open()
    source = model_source(config.model, config.load)
    shape = model_shape(source, config)
    collate = AnswerCollator(Chat.of(processor_of(source, config.load), config.load))
    found = examples(dataset, "train", config.view, config.task.limit or None)
    some = [found[index] for index in range(min(ENCODED_EXAMPLES, len(found)))]
    batch = collate(some)
    answer = int((batch["labels"] != IGNORED).sum(dim=1).max())
    prompt = int(batch["attention_mask"].sum(dim=1).max()) - answer
    test = len(selection.cohort())
    validation = len(dataset.cohort("val"))
    looked = min(validation, config.training.validation or validation)
    looks = config.training.epochs * config.training.evaluations * looked
    training = 0.0
    if arm.task is not None:
        tokens = len(found) * config.training.epochs * (prompt + answer)
        training = _flops(shape, config) * tokens / (TFLOPS * 1e12) + looks * _seconds(shape, prompt, answer, 1)
    conditions = len({used for used in asked_conditions({"image", "text"}).values() if used}) if options.ablation else 1
    asking = test * conditions * _seconds(shape, prompt, answer, 2)
    adapter = 4.0 * shape.adapter_parameters if arm.task is not None else 0.0
    disk = adapter * (1 + 2 * 3) + READING_BYTES * test * conditions
    hours = (training / 3600, asking / 3600)
    return ArmEstimate(f"{experiment.name}: {arm.name}", len(found), prompt, answer, *hours, disk)


def _flops(shape: ModelShape, config: FinetuneConfig) -> float:
    """Return the work of one training token, after Kaplan et al. 2020, section 2.1.

    2 for each parameter forward and 2 backward (frozen weights have no gradient of their own), and 2 more where
    activations are computed again.
    """
    return (6.0 if config.training.gradient_checkpointing else 4.0) * shape.parameters


def _seconds(shape: ModelShape, prompt: int, answer: int, passes: int) -> float:
    """Return the time of one answer in a batch of 8: the prompt read once or twice, and the weights for each token."""
    reading = passes * 2 * shape.parameters * prompt / (TFLOPS * 1e12)
    return reading + answer * 2 * shape.parameters / (GENERATED_AT * 1e9) / 8
