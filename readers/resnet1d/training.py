"""Train the members of the reader, with early stopping and a checkpoint after every epoch.

The randomness of an epoch depends only on the seed and its number, so a resumed training ends with the same weights as
an uninterrupted one. accelerate carries devices, precision and processes: several share every batch, and the main one
alone writes.
"""

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader

from readers.resnet1d.augmentation import augment, hidden, mixed, mixed_side
from readers.resnet1d.checkpoint import BEST, Checkpoint, Trained, load_checkpoint, save_checkpoint
from readers.resnet1d.config import TrainingConfig
from readers.resnet1d.dataset import TrainingSet
from readers.resnet1d.launch import launched
from readers.resnet1d.loader import Batch, derived_seed, training_loader, validation_loader
from readers.resnet1d.loss import as_tensors, loss_of, macro_auroc
from readers.resnet1d.network import EcgResNet, head_probabilities, split
from readers.resnet1d.page import as_page
from readers.training_target import training_heads
from taxonomy.reading import SUPERCLASS

VALIDATION_BATCH = 256
"""Records of a validation that each process reads at once."""


@dataclass(frozen=True)
class Run:
    """How the steps of an epoch went: mean training loss, records per second, share of the time spent on waiting."""

    loss: float
    rate: float
    waiting: float


@dataclass(frozen=True)
class Epoch:
    """The result of one epoch.

    ``number`` counts from 1 to at most ``epochs``; ``run`` is how its steps went, ``auroc`` the superclass macro AUROC
    of the averaged weights on the validation records, and ``best`` whether that is the best so far. Without records
    that tell (:attr:`readers.resnet1d.dataset.TrainingSet.can_stop`) ``auroc`` is None, and the last epoch the best.
    """

    number: int
    epochs: int
    run: Run
    auroc: float | None
    best: bool

    @property
    def loss(self) -> float:
        """The mean training loss."""
        return self.run.loss


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
    training = Training(data, config, seed, watch.step)
    accelerator = training.accelerator
    if accelerator.is_main_process:
        folder.mkdir(parents=True, exist_ok=True)
    with accelerator.main_process_first():  # the main process sets damaged files aside
        state = load_checkpoint(folder, training.trained, watch.say)
    watch.begin(state.epoch)
    while not _finished(state, config):
        number = state.epoch + 1
        run, auroc = training.run_epoch(number), training.auroc()
        best = auroc is None or auroc > state.best_auroc
        best_auroc = auroc if best and auroc is not None else state.best_auroc
        state = Checkpoint(number, best_auroc, number if best else state.best_epoch)
        if accelerator.is_main_process:
            save_checkpoint(folder, training.trained, state)
            _log(folder, number, run.loss, auroc)
        watch.epoch(Epoch(number, config.epochs, run, auroc, best))
    if accelerator.is_main_process:
        (folder / "finished").touch()
    accelerator.wait_for_everyone()
    return folder / BEST


def _log(folder: Path, number: int, loss: float, auroc: float | None) -> None:
    told = {"epoch": number, "loss": round(loss, 6), "auroc": None if auroc is None else round(auroc, 6)}
    with (folder / "epochs.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(told) + "\n")


def _finished(state: Checkpoint, config: TrainingConfig) -> bool:
    return state.epoch >= config.epochs or state.epoch - state.best_epoch >= config.patience > 0


class Training:
    """The model, its average and its optimizer over one training set, in one process of perhaps several."""

    def __init__(
        self, data: TrainingSet, config: TrainingConfig, seed: int, report: Callable[[int, int], None]
    ) -> None:
        self.accelerator = launched(config)
        self.config, self.seed, self.data, self.report = config, seed, data, report
        self.heads = training_heads()
        device = self.accelerator.device
        torch.manual_seed(seed)
        self.network = EcgResNet(config, self.heads)
        if self.network.side is not None:
            self.network.side.standardise(torch.from_numpy(data.side[data.train]))
        self.network.to(device)
        # Before accelerate wraps the network: the average is read in float32.
        self.averaged = AveragedModel(
            self.network, multi_avg_fn=get_ema_multi_avg_fn(config.averaging), use_buffers=True
        )
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        loader = training_loader(data, config.batch, seed, device)
        self.model, self.optimizer, self.loader = self.accelerator.prepare(self.network, optimizer, loader)
        self.validation = self.accelerator.prepare(self._validation_loader())
        self.trained = Trained(self.network, self.averaged, optimizer, self.accelerator.scaler)
        self.targets, self.known = as_tensors(data.targets, device), as_tensors(data.known, device)
        self.weight, self.domain = (torch.from_numpy(part).to(device) for part in (data.weight, data.domain))
        self.steps = len(self.loader)

    def run_epoch(self, number: int) -> Run:
        """Run one epoch."""
        process, device = self.accelerator.process_index, self.accelerator.device
        torch.manual_seed(derived_seed(self.seed, number, "dropout", process))
        chance = Generator(device).manual_seed(derived_seed(self.seed, number, "augmentation", process))
        self.loader.set_epoch(number)
        self.model.train()
        clock, lost, records = _Clock(), torch.zeros((), device=device), 0
        for step, batch in enumerate(clock.timed(self.loader), start=(number - 1) * self.steps):
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate(step)
            loss = self._loss(batch, chance)
            self.accelerator.backward(loss)
            self.accelerator.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad()
            self.averaged.update_parameters(self.network)
            lost += loss.detach() * len(batch.rows)  # a number would make a GPU's queue run empty at every step
            records += len(batch.rows)
            self.report(step + 1, self.steps * self.config.epochs)
        self._average_statistics()
        whole_loss, whole = self.accelerator.reduce(torch.stack([lost, lost.new_tensor(records)])).tolist()
        return Run(whole_loss / whole, whole / clock.seconds, clock.waited / clock.seconds)

    def auroc(self) -> float | None:
        """Return the averaged weights' superclass macro AUROC on the validation records, the same in every process.

        None where these tell nothing.
        """
        if not self.data.can_stop:
            return None
        self.averaged.eval()
        scores, rows = [], []
        with torch.inference_mode():
            for batch in self.validation:
                chances = head_probabilities(self.averaged(self._shown(batch), batch.side), self.heads)
                found = split(chances, self.heads)[SUPERCLASS]
                found, own = self.accelerator.gather_for_metrics((found, batch.rows))
                scores.append(found.cpu())
                rows.append(own.cpu())
        return macro_auroc(self.data.targets[SUPERCLASS][torch.cat(rows).numpy()], torch.cat(scores).numpy())

    def _validation_loader(self) -> DataLoader[Batch]:
        rows = self.data.validation[self.data.known[SUPERCLASS][self.data.validation]]
        batch = VALIDATION_BATCH * self.accelerator.num_processes
        return validation_loader(self.data, rows, batch, self.accelerator.device)

    def _shown(self, batch: Batch) -> Tensor:
        """Return records as the network sees them in use."""
        return as_page(batch.leads) if self.config.page else batch.leads

    def _loss(self, batch: Batch, chance: Generator) -> Tensor:
        """Return the mean loss of a batch, whose records are augmented and mixed."""
        leads, other, share = mixed(augment(batch.leads, self.config, chance), self.config.mixup, chance)
        side = mixed_side(hidden(batch.side, self.config.hidden, chance), other, share)
        outputs = self.model(leads, side, self.domain[batch.rows])
        own, foreign = (self._loss_against(outputs, rows) for rows in (batch.rows, batch.rows[other]))
        return (share * own + (1 - share) * foreign).mean()

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

    def _average_statistics(self) -> None:
        """Give every process the mean of the running statistics: each has normalized its own part of the batches."""
        if self.accelerator.num_processes > 1:
            for buffer in self.averaged.module.buffers():
                if buffer.is_floating_point():
                    buffer.copy_(self.accelerator.reduce(buffer, "mean"))


class _Clock:
    """Times an epoch, and how long it waits for batches."""

    def __init__(self) -> None:
        self.begun, self.waited = time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.begun

    def timed(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches, and count the time that each is waited for."""
        stream = iter(batches)
        while True:
            asked = time.perf_counter()
            batch = next(stream, None)
            self.waited += time.perf_counter() - asked
            if batch is None:
                return
            yield batch
