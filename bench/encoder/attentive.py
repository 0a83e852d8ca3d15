"""Attentive probes on the tokens of a frozen encoder: learned queries pool the tokens, a linear layer tells the value.

What stands in one token is diluted by the mean over many; attention can find it. As in the attentive probing of the
context autoencoder (Chen et al. 2022, arXiv 2202.03026) and of V-JEPA (Bardes et al. 2024, arXiv 2404.08471), in the
form without projections of keys and values, which the linear layer makes up for (Psomas et al. 2025, arXiv 2506.10178).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.encoder.probing import FittedProbe, LabelledSplits, fitted_probe, macro_area, one_hot
from bench.progress import Report
from taxonomy.axis import AxisValue

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

ATTENTIVE = "attentive"

HEADS = 2
"""Learned queries of each axis."""

EPOCHS, PATIENCE = 40, 10
"""Passes over the training split at most, and passes after the best of every axis before training stops."""

BATCH, RATE, DECAY = 64, 1e-2, 0.05
"""Records of a step, learning rate and weight decay of AdamW."""

SEEDS = 2
"""Trainings from different weights and orders, whose probabilities are averaged."""

Tokens = NDArray[np.float16]
Chances = NDArray[np.float64]
State = dict[str, "Tensor"]


@dataclass(frozen=True, eq=False)
class _Question:
    """One axis: the truth of every record, bool (n, values), whether several hold at once, and its splits."""

    axis: str
    truth: NDArray[np.bool_]
    is_set: bool
    splits: LabelledSplits


def attentive_probes(
    tokens: Tokens,
    values: Mapping[str, Sequence[AxisValue | None]],
    splits: Mapping[str, LabelledSplits],
    report: Report = lambda done, total: None,
    seed: int = 0,
) -> dict[str, FittedProbe]:
    """Return the attentive probe of every axis; all axes learn in the same passes, each with queries of its own.

    The epoch is chosen on the validation split, for each axis by itself.

    Parameters
    ----------
    tokens : float16 array (n, tokens, width)
        Of every record, standardised; may lie on disk.
    values : mapping of str to sequence of str, frozenset or None
        True value of every row, by axis; each member of a set is a value.
    splits : mapping of str to LabelledSplits
        By axis.
    report : callable
        Called with the epochs done, and their most.
    seed : int
        Of the first training.

    Returns
    -------
    dict of str to FittedProbe
        Without an axis of which the validation or the test split has a single outcome.
    """
    questions = [_question(axis, values[axis], splits[axis]) for axis in values]
    asked = [one for one in questions if one is not None]
    if not asked:
        return {}
    learnt = [_learnt(tokens, asked, seed + number, number, report) for number in range(SEEDS)]
    probes = {}
    for one in asked:
        chances = np.mean([found[one.axis] for found in learnt], axis=0)
        probe = fitted_probe(ATTENTIVE, chances, one.truth, one.splits, one.is_set)
        if probe is not None:
            probes[one.axis] = probe
    return probes


def _question(axis: str, values: Sequence[AxisValue | None], splits: LabelledSplits) -> _Question | None:
    """Return the question of an axis, None where it has a single outcome."""
    truth, names = one_hot(values, splits.train.rows)
    is_set = any(isinstance(value, frozenset) for value in values)
    found = _Question(axis, truth, is_set, splits)
    even = np.zeros(truth.shape)
    if len(names) < (1 if is_set else 2) or macro_area(truth, even, splits.validation) is None:
        return None
    return found


def _learnt(
    tokens: Tokens, questions: Sequence[_Question], seed: int, number: int, report: Report
) -> dict[str, Chances]:
    """Return the probabilities of every record on every axis at the epoch that validation chose."""
    import torch

    best: dict[str, tuple[float, int, State]] = {}
    validation, evaluated = (_union(questions, parts) for parts in (("validation",), ("validation", "test")))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = _probes(questions, tokens.shape[2])
        optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
        order = np.random.default_rng(seed)
        for epoch in range(EPOCHS):
            _pass(model, optimizer, tokens, questions, order)
            chances = _chances(model, tokens, questions, validation)
            state = {name: part.detach().clone() for name, part in model.state_dict().items()}
            for one in questions:
                area = macro_area(one.truth, chances[one.axis], one.splits.validation)
                assert area is not None
                if one.axis not in best or area[0] > best[one.axis][0]:
                    best[one.axis] = area[0], epoch, state
            report(number * EPOCHS + epoch + 1, SEEDS * EPOCHS)
            if epoch - max(chosen for _, chosen, _ in best.values()) >= PATIENCE:
                break
    model.load_state_dict(_chosen([best[one.axis][2] for one in questions]))
    return _chances(model, tokens, questions, evaluated)


def _chosen(states: Sequence[State]) -> State:
    """Return the queries and the layer of each axis from the state that was chosen for it."""
    chosen = {name: part.clone() for name, part in states[0].items()}
    for k, state in enumerate(states):
        own = slice(k * HEADS, (k + 1) * HEADS)
        chosen["queries"][own] = state["queries"][own]
        chosen |= {name: part for name, part in state.items() if name.startswith(f"heads.{k}.")}
    return chosen


def _union(questions: Sequence[_Question], parts: Sequence[str]) -> NDArray[np.int64]:
    """Return the rows of these splits with a label on any axis."""
    rows: list[NDArray[np.int64]] = [getattr(one.splits, part).rows for one in questions for part in parts]
    return np.unique(np.concatenate(rows))


def _probes(questions: Sequence[_Question], width: int) -> "nn.Module":
    """Return the probes of all axes as one module, from tokens (batch, tokens, width) to logits of each axis."""
    import torch

    class Probes(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.queries = torch.nn.Parameter(0.5 * torch.randn(len(questions) * HEADS, width))
            self.heads = torch.nn.ModuleList(torch.nn.Linear(HEADS * width, one.truth.shape[1]) for one in questions)

        def forward(self, tokens: "Tensor") -> list["Tensor"]:
            weights = torch.softmax(tokens @ self.queries.T / width**0.5, dim=1)
            pooled = (weights.transpose(1, 2) @ tokens).unflatten(1, (len(questions), HEADS))
            return [head(pooled[:, k].flatten(1)) for k, head in enumerate(self.heads)]

    return Probes()


def _pass(
    model: "nn.Module",
    optimizer: "Optimizer",
    tokens: Tokens,
    questions: Sequence[_Question],
    order: np.random.Generator,
) -> None:
    """Learn from every training record once, in random order."""
    trained = order.permutation(np.unique(np.concatenate([one.splits.train.rows for one in questions])))
    counted = [np.isin(np.arange(len(tokens)), one.splits.train.rows) for one in questions]
    counted = [own if one.is_set else own & one.truth.any(axis=1) for one, own in zip(questions, counted, strict=True)]
    for start in range(0, len(trained), BATCH):
        rows = np.sort(trained[start : start + BATCH])
        logits = model(_read(tokens, rows))
        loss = sum(
            (_loss(own, one, rows, known[rows]) for own, one, known in zip(logits, questions, counted, strict=True)),
            start=logits[0].sum() * 0,
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _loss(logits: "Tensor", question: _Question, rows: NDArray[np.int64], known: NDArray[np.bool_]) -> "Tensor":
    import torch
    from torch.nn import functional

    if not known.any():
        return logits.sum() * 0
    seen, truth = logits[torch.from_numpy(known)], torch.from_numpy(question.truth[rows][known])
    if question.is_set:
        return functional.binary_cross_entropy_with_logits(seen, truth.float())
    return functional.cross_entropy(seen, truth.int().argmax(dim=1))


def _chances(
    model: "nn.Module", tokens: Tokens, questions: Sequence[_Question], rows: NDArray[np.int64]
) -> dict[str, Chances]:
    """Return the probabilities of these records on every axis, zeros for every other one, float64 (n, values)."""
    import torch

    found = {one.axis: np.zeros(one.truth.shape) for one in questions}
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            for one, logits in zip(questions, model(_read(tokens, batch)), strict=True):
                chances = torch.sigmoid(logits) if one.is_set else torch.softmax(logits, dim=1)
                found[one.axis][batch] = chances.double().numpy()
    return found


def _read(tokens: Tokens, rows: NDArray[np.int64]) -> "Tensor":
    import torch

    return torch.from_numpy(np.asarray(tokens[rows], dtype=np.float32))
