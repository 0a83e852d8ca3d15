"""transformers' Trainer with balanced sampling and evaluation by the benchmark's own score."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler, WeightedRandomSampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from bench.finetune.validation import CHOICE, FIGURE
from bench.progress import Progress, TimeLeft
from taxonomy.axis import AxisValue

Figures = Callable[[Any], dict[str, float]]


class ScoredTrainer(Trainer):
    """A Trainer that evaluates through the benchmark and can balance the values of an axis.

    Parameters
    ----------
    figures : callable
        Maps the model to the figures of an evaluation.
    weights : sequence of float or None
        Relative sampling frequency of each example; None uses each once per epoch.
    rest : keyword arguments
        Of transformers' Trainer.
    """

    def __init__(self, *, figures: Figures, weights: Sequence[float] | None, **rest: Any) -> None:
        super().__init__(**rest)
        self.remove_callback(PrinterCallback)
        self.figures, self.weights = figures, weights

    def _get_train_sampler(self, train_dataset: Dataset[Any] | None = None) -> "Sampler[int] | None":
        if self.weights is None:
            sampler: Sampler[int] | None = super()._get_train_sampler(train_dataset)
            return sampler
        generator = torch.Generator().manual_seed(self.args.seed)
        return WeightedRandomSampler(self.weights, len(self.weights), generator=generator)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Return the figures of the validation split, each named ``eval_...``."""
        figures = self.figures(self.accelerator.unwrap_model(self.model))
        metrics = {f"eval_{name}": value for name, value in figures.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class Clock(TrainerCallback):
    """Times the steps, and how long training waits for examples between them.

    Attributes
    ----------
    waited, worked : float
        Seconds between and within steps, evaluations excluded.
    steps : int
    """

    def __init__(self) -> None:
        self.waited, self.worked, self.steps = 0.0, 0.0, 0
        self._ended: float | None = None
        self._started: float | None = None

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Count the time since the previous step as waiting; before the first step it is start-up."""
        self._started = time.monotonic()
        if self._ended is not None:
            self.waited += self._started - self._ended

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Count the step's own time."""
        now = time.monotonic()
        if self._ended is not None and self._started is not None:
            self.worked += now - self._started
            self.steps += 1
        self._ended = now

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Exclude the evaluation and the checkpoint after it."""
        self._ended = None

    @property
    def figures(self) -> dict[str, float | None]:
        """Steps per second and the share of time spent waiting; None before a step was timed."""
        whole = self.waited + self.worked
        if not self.steps or not whole:
            return {"steps_per_second": None, "waiting_share": None}
        return {"steps_per_second": round(self.steps / whole, 4), "waiting_share": round(self.waited / whole, 4)}


class Diary(TrainerCallback):
    """Writes the loss curve, reports progress, and announces the loss, the time left and each evaluation."""

    def __init__(self, path: Path, report: Progress, say: Callable[[str], None], split_meaning: str) -> None:
        self.path, self.report, self.say, self.split_meaning = path, report, say, split_meaning
        self._left = TimeLeft()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Begin to count steps for the time left; those of a resumed training are done."""
        self._left.begin(state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Report progress."""
        if state.is_world_process_zero:
            self.report(state.global_step, state.max_steps)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Announce the loss, and rewrite the whole curve; a resumed training still has its earlier part."""
        if state.is_world_process_zero:
            if "loss" in (last := state.log_history[-1]):
                left = self._left.after(state.global_step, state.max_steps)
                self.report.note(f"loss {last['loss']:.4f}")
                self.say(f"step {state.global_step}/{state.max_steps}  loss {last['loss']:.4f}  {left}".rstrip())
            self.path.write_text(json.dumps(state.log_history, indent=1) + "\n", encoding="utf-8")

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Announce the result of an evaluation."""
        metrics = kwargs.get("metrics", {})
        if state.is_world_process_zero and f"eval_{FIGURE}" in metrics:
            losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
            loss = f"  loss {losses[-1]:.4f}" if losses else ""
            kappa, unanswered = metrics[f"eval_{FIGURE}"], metrics["eval_no_answer"]
            is_best = state.best_metric is None or metrics[f"eval_{CHOICE}"] > state.best_metric
            best = " *" if is_best else ""
            self.say(
                f"step {state.global_step}/{state.max_steps}  epoch {state.epoch or 0:.1f}{loss}  "
                f"{self.split_meaning} mean kappa {kappa:.3f}, {100 * unanswered:.0f}% no answer{best}"
            )


def balancing_weights(values: Sequence[AxisValue | None]) -> list[float]:
    """Return weights that sample every value equally often; no label weighs like the most common value."""
    counts = Counter(value for value in values if value is not None)
    most_common = max(counts.values())
    return [1 / (most_common if value is None else counts[value]) for value in values]
