"""The truth of training records as arrays, one head for each question, with what is unlabelled marked."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from taxonomy.axis import AXES
from taxonomy.statement import SUPERCLASSES, statements
from taxonomy.truth import Truth

MEASURED_AXES = frozenset({"rate", "axis"})
"""Axes that no head answers: the taxonomy defines them by thresholds on what is measured."""

HEADS: Mapping[str, int] = {
    "superclass": len(SUPERCLASSES),
    "statement": len(statements()),
    **{axis.name: len(axis.values) for axis in AXES if axis.name not in MEASURED_AXES},
}
"""Outputs of each head, in the order in which they stand side by side."""

MULTI_LABEL = frozenset({"superclass", "statement", "other_findings"})
"""Heads whose outputs are independent yes-no questions; the others choose one value."""


def targets(truths: Sequence[Truth]) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.bool_]]]:
    """Return the target of every head, and where it is known.

    Parameters
    ----------
    truths : sequence of Truth
        One for each record.

    Returns
    -------
    targets : dict of str to float32 array (n, outputs)
    known : dict of str to bool array (n,)
    """
    answers: dict[str, list[frozenset[str] | None]] = {
        "superclass": [truth.superclasses or None for truth in truths],
        "statement": [truth.statements for truth in truths],
    }
    names: dict[str, tuple[str, ...]] = {"superclass": SUPERCLASSES, "statement": tuple(statements())}
    for axis in AXES:
        if axis.name in HEADS:
            names[axis.name] = axis.values
            answers[axis.name] = [_as_set(truth.values[axis.name]) for truth in truths]
    hot = {head: _multi_hot(answers[head], names[head]) for head in HEADS}
    known = {head: np.array([answer is not None for answer in answers[head]]) for head in HEADS}
    return hot, known


def _as_set(value: str | frozenset[str] | None) -> frozenset[str] | None:
    return frozenset({value}) if isinstance(value, str) else value


def _multi_hot(answers: Sequence[frozenset[str] | None], names: Sequence[str]) -> NDArray[np.float32]:
    return np.array([[name in (answer or ()) for name in names] for answer in answers], dtype=np.float32)
