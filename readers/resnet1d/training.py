"""Train the members of the reader, with early stopping and a checkpoint after every epoch.

The randomness of an epoch depends only on the seed and its number, so a resumed training ends with the same weights as
an uninterrupted one.
"""

import json
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from readers.resnet1d.augmentation import augment, mixed
from readers.resnet1d.checkpoint import BEST, Checkpoint, Trained, load_checkpoint, save_checkpoint
from readers.resnet1d.config import TrainingConfig
from readers.resnet1d.dataset import TrainingSet
from readers.resnet1d.loss import as_tensors, loss_of, macro_auroc
from readers.resnet1d.network import EcgResNet, head_probabilities, split
from readers.resnet1d.page import as_page
from readers.training_target import training_heads
from taxonomy.reading import SUPERCLASS


@dataclass(frozen=True)
class Epoch:
    """The result of one epoch.

    ``number`` counts from 1 to at most ``epochs``; ``loss`` is the mean training loss, ``auroc`` the superclass macro
    AUROC of the averaged weights on the validation records, and ``best`` whether that is the best so far.
    """

    number: int
    epochs: int
    loss: float
    auroc: float
    best: bool


@dataclass(frozen=True)
class Watch:
    """Who is told of a training.

    Attributes
    ----------
    epoch : callable
        Called with each :class:`Epoch`.
    begin : callable
        Called once with the number of epochs that an earlier process finished.
    step : callable
        Called with the number of steps done in this member and their greatest number.
    say : callable
        Called with a line of text: a damaged checkpoint.
    """

    epoch: Callable[[Epoch], None] = lambda epoch: None
    begin: Callable[[int], None] = lambda epochs: None
    step: Callable[[int, int], None] = lambda done, total: None
    say: Callable[[str], None] = lambda line: None


def train_member(data: TrainingSet, config: TrainingConfig, seed: int, folder: Path, watch: Watch) -> Path:
    """Train one network and return the file of its best weights.

    Parameters
    ----------
    data : TrainingSet
        Both splits.
    config : TrainingConfig
        All settings but the seed.
    seed : int
        Decides the initial weights, the order of records and every augmentation.
    folder : Path
        Folder of the checkpoints, which the caller has locked; an unfinished training in it is resumed.
    watch : Watch
        Told of the progress.

    Returns
    -------
    Path
        ``best.safetensors`` in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    training = _Training(data, config, seed, watch.step)
    state = load_checkpoint(folder, training.trained, watch.say)
    watch.begin(state.epoch)
    while not _finished(state, config):
        number = state.epoch + 1
        loss = training.run_epoch(number)
        auroc = training.auroc()
        best = auroc > state.best_auroc
        state = Checkpoint(number, auroc if best else state.best_auroc, number if best else state.best_epoch)
        save_checkpoint(folder, training.trained, state)
        with (folder / "epochs.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps({"epoch": number, "loss": round(loss, 6), "auroc": round(auroc, 6)}) + "\n")
        watch.epoch(Epoch(number, config.epochs, loss, auroc, best))
    (folder / "finished").touch()
    return folder / BEST


def _finished(state: Checkpoint, config: TrainingConfig) -> bool:
    return state.epoch >= config.epochs or state.epoch - state.best_epoch >= config.patience > 0


class _Training:
    """The model, its average and its optimizer over one training set."""

    def __init__(
        self, data: TrainingSet, config: TrainingConfig, seed: int, report: Callable[[int, int], None]
    ) -> None:
        torch.manual_seed(seed)
        self.report = report
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.config, self.seed = config, seed
        self.heads = training_heads()
        self.model = EcgResNet(config, self.heads).to(self.device)
        self.averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(config.averaging), use_buffers=True)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.trained = Trained(self.model, self.averaged, self.optimizer)
        self.data = data
        with warnings.catch_warnings():
            # A cached array is read-only, and so is this tensor: only copies of its rows are changed.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            self.signal = torch.from_numpy(data.signal)
        self.targets, self.known = as_tensors(data.targets, self.device), as_tensors(data.known, self.device)
        self.weight = torch.from_numpy(data.weight).to(self.device)
        self.rows = torch.from_numpy(data.train)
        self.steps = math.ceil(len(self.rows) / config.batch)

    def run_epoch(self, number: int) -> float:
        """Run one epoch and return its mean loss."""
        generator = Generator().manual_seed(self.seed * 10_007 + number)
        torch.manual_seed(self.seed * 10_007 + number)
        self.model.train()
        total = 0.0
        for step, rows in enumerate(self._batches(generator)):
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate((number - 1) * self.steps + step)
            loss = self._loss(rows, generator)
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.averaged.update_parameters(self.model)
            total += float(loss.detach()) * len(rows)
            self.report((number - 1) * self.steps + step + 1, self.steps * self.config.epochs)
        return total / len(self.rows)

    def auroc(self) -> float:
        """Return the averaged weights' superclass macro AUROC on the validation records."""
        rows = self.data.validation
        rows = rows[self.data.known[SUPERCLASS][rows]]
        self.averaged.eval()
        with torch.inference_mode():
            outputs = torch.cat(
                [self.averaged(self._shown(part.tolist())) for part in torch.from_numpy(rows).split(256)]
            )
        score = split(head_probabilities(outputs, self.heads), self.heads)[SUPERCLASS].cpu().numpy()
        return macro_auroc(self.data.targets[SUPERCLASS][rows], score)

    def _shown(self, rows: Tensor) -> Tensor:
        """Return records as the network sees them in use."""
        signal = self.signal[rows].to(self.device)
        return as_page(signal) if self.config.page else signal

    def _batches(self, generator: Generator) -> Iterator[Tensor]:
        order = self.rows[torch.randperm(len(self.rows), generator=generator)]
        yield from order.split(self.config.batch)

    def _loss(self, rows: Tensor, generator: Generator) -> Tensor:
        signal = augment(self.signal[rows].to(self.device), self.config, generator)
        signal, other, share = mixed(signal, self.config.mixup, generator)
        outputs = self.model(signal)
        own, foreign = rows.to(self.device), rows[other].to(self.device)
        each = share * self._loss_against(outputs, own) + (1 - share) * self._loss_against(outputs, foreign)
        return each.mean()

    def _loss_against(self, outputs: Tensor, rows: Tensor) -> Tensor:
        targets = {head: target[rows] for head, target in self.targets.items()}
        known = {head: mask[rows] for head, mask in self.known.items()}
        return self.weight[rows] * loss_of(outputs, targets, known, self.config)

    def _learning_rate(self, step: int) -> float:
        """Warm up linearly, then fall along a half cosine (Loshchilov and Hutter 2017)."""
        progress = step / (self.steps * self.config.epochs)
        if progress < self.config.warmup:
            return self.config.learning_rate * (progress + 1e-3) / self.config.warmup
        fall = (progress - self.config.warmup) / (1 - self.config.warmup)
        return self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * fall))
