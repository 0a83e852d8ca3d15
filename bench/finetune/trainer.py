"""transformers' Trainer with what is ours: balanced drawing, and looks by the benchmark's own score."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler, WeightedRandomSampler
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from bench.finetune.validation import FIGURE
from bench.progress import Report
from taxonomy.axis import AxisValue

Figures = Callable[[Any], dict[str, float]]


class ScoredTrainer(Trainer):
    """A Trainer that looks at the validation split through the benchmark, and can balance the values of an axis.

    Parameters
    ----------
    figures : callable
        Called with the model; returns the figures of a look.
    weights : sequence of float or None
        How often each example is drawn, relative to the others; None draws each once an epoch.
    rest : keyword arguments
        As of transformers' Trainer.
    """

    def __init__(self, *, figures: Figures, weights: Sequence[float] | None, **rest: Any) -> None:
        super().__init__(**rest)
        self.remove_callback(PrinterCallback)
        self.figures, self.weights = figures, weights

    def _get_train_sampler(self, train_dataset: Dataset[Any] | None = None) -> "Sampler[int] | None":
        if self.weights is None:
            found: Sampler[int] | None = super()._get_train_sampler(train_dataset)
            return found
        generator = torch.Generator().manual_seed(self.args.seed)
        return WeightedRandomSampler(self.weights, len(self.weights), generator=generator)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Return the figures of the validation split, each named ``eval_...``."""
        found = self.figures(self.accelerator.unwrap_model(self.model))
        metrics = {f"eval_{name}": value for name, value in found.items()}
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class Clock(TrainerCallback):
    """Measures how long steps take, and how much of it the training waits for its examples.

    Attributes
    ----------
    waited, worked : float
        Seconds between steps and within them, looks at the validation split left out.
    steps : int
    """

    def __init__(self) -> None:
        self.waited, self.worked, self.steps = 0.0, 0.0, 0
        self._ended: float | None = None
        self._begun: float | None = None

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Count the time since the step before as waiting; the first step's is start-up."""
        self._begun = time.monotonic()
        if self._ended is not None:
            self.waited += self._begun - self._ended

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Count the step's own time."""
        now = time.monotonic()
        if self._ended is not None and self._begun is not None:
            self.worked += now - self._begun
            self.steps += 1
        self._ended = now

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Leave the look out, and the checkpoint behind it."""
        self._ended = None

    @property
    def figures(self) -> dict[str, float | None]:
        """Steps a second, and the share of the time that was spent waiting; None where there was no step to measure."""
        whole = self.waited + self.worked
        if not self.steps or not whole:
            return {"steps_per_second": None, "waiting_share": None}
        return {"steps_per_second": round(self.steps / whole, 4), "waiting_share": round(self.waited / whole, 4)}


class Diary(TrainerCallback):
    """Keeps the loss curve on the disk, shows progress, and says what each look at the validation split found."""

    def __init__(self, path: Path, report: Report, say: Callable[[str], None], split_meaning: str) -> None:
        self.path, self.report, self.say, self.split_meaning = path, report, say, split_meaning

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Show how far it is."""
        if state.is_world_process_zero:
            self.report(state.global_step, state.max_steps)

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Write the curve anew: a resumed training brings along what it had."""
        if state.is_world_process_zero:
            self.path.write_text(json.dumps(state.log_history, indent=1) + "\n", encoding="utf-8")

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Say what the look found."""
        metrics = kwargs.get("metrics", {})
        if state.is_world_process_zero and f"eval_{FIGURE}" in metrics:
            losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
            loss = f"  loss {losses[-1]:.4f}" if losses else ""
            found, unanswered = metrics[f"eval_{FIGURE}"], metrics["eval_no_answer"]
            best = " *" if state.best_metric is None or found > state.best_metric else ""
            self.say(
                f"step {state.global_step}/{state.max_steps}  epoch {state.epoch or 0:.1f}{loss}  "
                f"{self.split_meaning} against majority {100 * found:+.1f} points, {100 * unanswered:.0f}% no answer{best}"
            )


def balancing_weights(values: Sequence[AxisValue | None]) -> list[float]:
    """Return weights by which every value is drawn equally often; one without a label weighs as the commonest."""
    counts = Counter(value for value in values if value is not None)
    commonest = max(counts.values())
    return [1 / counts[value] if value is not None else 1 / commonest for value in values]
