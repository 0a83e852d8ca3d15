"""The protocol of readers that tell which parts of their pictures moved an answer, by gradients."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from readers.contract import Case
from readers.page_relevance import PageRelevance
from taxonomy.reading import Reading


@runtime_checkable
class OpenPageReader(Protocol):
    """A reader of pictures whose answers can be differentiated with respect to them."""

    def page_relevance(
        self, case: Case, axis: str, value: str, reading: Reading | None = None, bare: Case | None = None
    ) -> PageRelevance:
        """Return what of the pictures of a case moved the log-odds of a value.

        Parameters
        ----------
        case : Case
        axis, value : str
        reading : Reading, optional
            The reader's own answer, behind whose earlier values the axis stands; without it, the case is read.
        bare : Case, optional
            The case with pictures of the same layout without traces. Relevance is the gradient times the pixels;
            with this, times what the traces change of them.

        Raises
        ------
        taxonomy.error.ReaderError
            When the model is of a family whose tokens cannot be placed, or gives what is not finite.
        taxonomy.error.UnknownNameError
            When the answer holds no such axis or value.
        """
        ...

    def log_odds(
        self, cases: Sequence[Case], axis: str, value: str, reading: Reading | None = None
    ) -> NDArray[np.float64]:
        """Return what is explained, without a gradient, for each of some cases, float64 (n,).

        All stand behind the same beginning of an answer: of what the reading does not say, the likeliest for the first.
        """
        ...

    def page_ink(self, case: Case, bare: Case) -> PageRelevance:
        """Return how much the traces change of what the model is given, by token: at least 0, and no model's doing."""
        ...

    def randomised(self, seed: int) -> "OpenPageReader":
        """Return the reader with random weights: what its maps show was not learned (Adebayo et al. 2018)."""
        ...
