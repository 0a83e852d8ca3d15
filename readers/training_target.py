"""The truth of training records as arrays, one for each head, with a mask of the labelled records."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from readers.head import STATEMENT, Heads
from taxonomy.axis import AXES
from taxonomy.reading import SUPERCLASS
from taxonomy.statement import SUPERCLASSES, statements
from taxonomy.truth import Truth

MEASURED_AXES = frozenset({"rate", "axis"})
"""Axes without a head: the taxonomy defines them by thresholds on measurements."""


def training_heads() -> Heads:
    """Return the heads of a new model: the superclasses, the statements and the axes of the taxonomy."""
    axes = {axis.name: axis.values for axis in AXES if axis.name not in MEASURED_AXES}
    return {SUPERCLASS: SUPERCLASSES, STATEMENT: tuple(statements()), **axes}


def targets(truths: Sequence[Truth]) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.bool_]]]:
    """Return the target of every head, and which records are labelled on it.

    The target of an axis is its primary value, also where the labels support several.

    Parameters
    ----------
    truths : sequence of Truth
        One for each record.

    Returns
    -------
    targets : dict of str to float32 array (n, outputs)
    known : dict of str to bool array (n,)
    """
    heads = training_heads()
    answers: dict[str, list[frozenset[str] | None]] = {
        SUPERCLASS: [truth.superclasses or None for truth in truths],
        STATEMENT: [truth.statements for truth in truths],
    }
    for head in heads.keys() - answers.keys():
        answers[head] = [_as_set(truth.values[head]) for truth in truths]
    hot = {head: _multi_hot(answers[head], values) for head, values in heads.items()}
    known = {head: np.array([answer is not None for answer in answers[head]], dtype=bool) for head in heads}
    return hot, known


def _as_set(value: str | frozenset[str] | None) -> frozenset[str] | None:
    return frozenset({value}) if isinstance(value, str) else value


def _multi_hot(answers: Sequence[frozenset[str] | None], names: Sequence[str]) -> NDArray[np.float32]:
    rows = [[name in (answer or ()) for name in names] for answer in answers]
    return np.array(rows, dtype=np.float32).reshape(len(answers), len(names))
