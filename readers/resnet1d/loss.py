"""The loss over all heads, and the AUROC that decides when training stops."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from readers.head import STATEMENT, is_multi_label
from readers.resnet1d.config import TrainingConfig
from taxonomy.reading import SUPERCLASS


def loss_of(
    outputs: Tensor, targets: Mapping[str, Tensor], known: Mapping[str, Tensor], config: TrainingConfig
) -> Tensor:
    """Return the loss of each record, float32 (batch,); unlabelled heads add nothing.

    Parameters
    ----------
    outputs : float32 tensor (batch, all heads)
        Logits.
    targets : mapping of str to float32 tensor (batch, outputs of the head)
        In the order of the heads.
    known : mapping of str to bool tensor (batch,)
    config : TrainingConfig
        Weights of the heads.
    """
    total = outputs.new_zeros(len(outputs))
    parts = outputs.split([target.shape[1] for target in targets.values()], dim=1)
    for head, logits in zip(targets, parts, strict=True):
        if is_multi_label(head):
            each = binary_cross_entropy_with_logits(logits, targets[head], reduction="none").mean(dim=1)
        else:
            each = cross_entropy(logits, targets[head], reduction="none")
        total = total + _weight(head, config) * each * known[head]
    return total


def _weight(head: str, config: TrainingConfig) -> float:
    weights = {SUPERCLASS: 1.0, STATEMENT: config.statement_weight}
    return weights.get(head, config.axis_weight)


def macro_auroc(truth: NDArray[np.float32], score: NDArray[np.float32]) -> float:
    """Return the mean area under the ROC curve over the columns that hold both classes.

    By the rank-sum statistic with ties at half (Hanley and McNeil 1982).

    Parameters
    ----------
    truth : float32 array (n, classes)
        0 or 1.
    score : float32 array (n, classes)
    """
    from scipy.stats import rankdata

    areas = []
    for positive, column in zip(truth.T > 0.5, score.T, strict=True):
        n_positive, n_negative = positive.sum(), (~positive).sum()
        if n_positive and n_negative:
            ranks = rankdata(column)[positive].sum()
            areas.append((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))
    return float(np.mean(areas))


def as_tensors(arrays: Mapping[str, NDArray[np.generic]], device: torch.device) -> dict[str, Tensor]:
    """Return the arrays as tensors on ``device``."""
    return {head: torch.from_numpy(array).to(device) for head, array in arrays.items()}
