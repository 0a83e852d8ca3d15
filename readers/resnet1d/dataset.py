"""What the training is given: preprocessed leads, and targets with what is unlabelled masked out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readers.resnet1d.heads import HEADS, MULTI_LABEL
from taxonomy.axis import AXES
from taxonomy.statement import SUPERCLASSES, statements
from taxonomy.truth import Truth

SAMPLES = 1000
"""Ten seconds at 100 Hz."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Records of folds 1 to 9, ready for the network.

    Attributes
    ----------
    signal : float32 array (n, 12, 1000)
        Preprocessed leads (``preprocessing.prepare``), z-scored.
    targets : mapping of str to float32 array (n, outputs of the head)
        One-hot or multi-hot truth of each head.
    known : mapping of str to bool array (n,)
        Whether the record is labelled on that head; the loss leaves the others out.
    fold : int64 array (n,)
        1 to 8 train, 9 stops.
    ecg_id : int64 array (n,)
        For the manifest of the training.
    """

    signal: NDArray[np.float32]
    targets: Mapping[str, NDArray[np.float32]]
    known: Mapping[str, NDArray[np.bool_]]
    fold: NDArray[np.int64]
    ecg_id: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.ecg_id)
        if self.signal.shape != (n, 12, SAMPLES) or len(self.fold) != n:
            raise ValueError(f"a training set of {n} records needs {n} x 12 x {SAMPLES}, not {self.signal.shape}")

    def rows(self, folds: Sequence[int]) -> NDArray[np.int64]:
        """Return the positions of the records of those folds."""
        return np.flatnonzero(np.isin(self.fold, folds))


def targets(
    truths: Sequence[Truth], codes: Sequence[frozenset[str]]
) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.bool_]]]:
    """Return the target of every head, and where it is known.

    Parameters
    ----------
    truths : sequence of Truth
        One for each record.
    codes : sequence of frozenset of str
        The SCP statements of each record.

    Returns
    -------
    targets : dict of str to float32 array (n, outputs)
    known : dict of str to bool array (n,)
    """
    answers: dict[str, list[frozenset[str] | None]] = {
        "superclass": [truth.superclasses or None for truth in truths],
        "statement": list(codes),
    }
    names: dict[str, tuple[str, ...]] = {"superclass": SUPERCLASSES, "statement": tuple(statements())}
    for axis in AXES:
        if axis.name in HEADS:
            names[axis.name] = axis.values
            answers[axis.name] = [_as_set(truth.values[axis.name]) for truth in truths]
    hot = {head: _multi_hot(answers[head], names[head]) for head in HEADS}
    known = {head: np.array([answer is not None for answer in answers[head]]) for head in HEADS}
    assert all(head in MULTI_LABEL or (hot[head].sum(1) <= 1).all() for head in HEADS)
    return hot, known


def _as_set(value: str | frozenset[str] | None) -> frozenset[str] | None:
    return frozenset({value}) if isinstance(value, str) else value


def _multi_hot(answers: Sequence[frozenset[str] | None], names: Sequence[str]) -> NDArray[np.float32]:
    return np.array([[name in (answer or ()) for name in names] for answer in answers], dtype=np.float32)
