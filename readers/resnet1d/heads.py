"""What the network is asked: its heads, and which axes it leaves to the measurements."""

from collections.abc import Mapping

from taxonomy.axis import AXES
from taxonomy.statement import SUPERCLASSES, statements

MEASURED_AXES = frozenset({"rate", "axis"})
"""Axes that the network does not answer: amplitude is lost with z-scored leads, and a rate is better counted."""

HEADS: Mapping[str, int] = {
    "superclass": len(SUPERCLASSES),
    "statement": len(statements()),
    **{axis.name: len(axis.values) for axis in AXES if axis.name not in MEASURED_AXES},
}
"""Outputs of each head, in logits, in the order in which they stand side by side."""

MULTI_LABEL = frozenset({"superclass", "statement", "other_findings"})
"""Heads whose outputs are independent yes-no questions; the others choose one value."""
