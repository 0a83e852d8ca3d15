"""What answers recordings of which a part is hidden: a reader as a black box, or an open network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.target import AnswerKind, Target
from bench.explain.maps.cell import Cells
from bench.progress import SILENT, Observer


@dataclass(frozen=True)
class Answered:
    """Answers to masked recordings.

    Attributes
    ----------
    kind : {"probability", "hard", "logit"}
    values : float64 array (n_questions,)
        NaN for a failed call.
    """

    kind: AnswerKind
    values: NDArray[np.float64]


class Box(Protocol):
    """Anything that answers masked recordings."""

    def cells(self, record: Record) -> Cells:
        """Return the cells of a record, at the sampling rate of the masks."""
        ...

    def fs(self, record: Record) -> float:
        """Return the sampling rate of the masks in Hz."""
        ...

    def gain(self, masked: Masked) -> float:
        """Return by what factor the rest of a lead grows at most for one who scales each lead by its spread."""
        ...

    def answers(self, questions: Sequence[Masked], target: Target, observer: Observer = SILENT) -> Answered:
        """Return the answers to questions, among them each record as a whole."""
        ...
