"""The loss over all heads, and the AUROC that decides when training stops."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from readers.head import STATEMENT, Limits, corrected_limits, is_multi_label
from readers.resnet1d.config import TrainingConfig
from readers.resnet1d.dataset import TrainingSet
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
        Weights of the heads, and label smoothing.
    """
    total = outputs.new_zeros(len(outputs))
    parts = outputs.split([target.shape[1] for target in targets.values()], dim=1)
    for head, logits in zip(targets, parts, strict=True):
        target = smoothed(targets[head], config.label_smoothing, 2 if is_multi_label(head) else logits.shape[1])
        if is_multi_label(head):
            each = binary_cross_entropy_with_logits(logits, target, reduction="none").mean(dim=1)
        else:
            each = cross_entropy(logits, target, reduction="none")
        total = total + _weight(head, config) * each * known[head]
    return total


def smoothed(target: Tensor, share: float, choices: int) -> Tensor:
    """Return a target of which a share is spread evenly over the choices (label smoothing, Szegedy et al. 2016)."""
    return target if not share else (1 - share) * target + share / choices


def smoothed_limits(limits: Limits, share: float) -> Limits:
    """Return limits for a network that was taught smoothed targets, whose probabilities keep as far from 0 and 1.

    Its answer to a yes-no question that it would give p without smoothing is (1 - share) p + share / 2: where a limit
    stayed below the least of those, every finding would be reported.
    """
    return {
        head: {value: (1 - share) * limit + share / 2 for value, limit in values.items()}
        for head, values in limits.items()
    }


def finding_limits(data: TrainingSet, config: TrainingConfig) -> Limits:
    """Return where the findings of a network are decided that was taught a training set, as its weights file names it.

    Parameters
    ----------
    data : TrainingSet
        Without phantoms, which are as frequent as they were asked for.
    config : TrainingConfig
        How far the limits follow the findings' shares, and how far smoothing has moved the answers.
    """
    return smoothed_limits(corrected_limits(data.finding_shares(), config.finding_correction), config.label_smoothing)


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
