"""Agreement of answers with the truth, and tests of a difference from the baseline.

An answer is an index into the axis's values, -1 for no answer; the truth is never -1.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ValueCodes = NDArray[np.int64]

LEVEL = 0.05
"""Of every family of tests, after Holm's correction."""


def balanced_accuracy(truth: ValueCodes, answer: ValueCodes) -> float:
    """Return the mean recall over the values that occur in the truth (Brodersen et al. 2010)."""
    right = truth == answer
    return float(np.mean([right[truth == value].mean() for value in np.unique(truth)]))


def macro_f1(truth: ValueCodes, answer: ValueCodes) -> float:
    """Return the mean F1 over the values that occur in the truth or among the answers."""
    scores = []
    for value in np.union1d(truth, answer[answer >= 0]):
        both = np.sum((truth == value) & (answer == value))
        scores.append(2 * both / (np.sum(truth == value) + np.sum(answer == value)))
    return float(np.mean(scores))


def holm(p: Sequence[float]) -> list[float]:
    """Return the p values with Holm's step-down correction (1979), in the given order."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    least = 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, (len(p) - rank) * p[index]))
        corrected[index] = least
    return [float(value) for value in corrected]


def entropy(values: ValueCodes) -> float:
    """Return the Shannon entropy in bits."""
    _, counts = np.unique(values, return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum())


def mutual_information(truth: ValueCodes, answer: ValueCodes) -> float:
    """Return the mutual information in bits: H(truth) + H(answer) - H(both)."""
    both = truth * (int(answer.max(initial=0)) + 2) + answer + 1
    return max(0.0, entropy(truth) + entropy(answer) - entropy(both))


def top_two_share(answer: ValueCodes) -> float:
    """Return the share of the two most frequent answers; 'no answer' counts as an answer here."""
    _, counts = np.unique(answer, return_counts=True)
    return float(np.sort(counts)[-2:].sum() / counts.sum())
