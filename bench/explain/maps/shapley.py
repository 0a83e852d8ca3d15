"""Shapley values by sampling: what each part gives on average, whichever others are hidden already."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.part import Mask


@dataclass(frozen=True, eq=False)
class Orders:
    """Orders in which parts are hidden, in pairs of one and its reverse (Mitchell et al. 2022: antithetic sampling).

    Attributes
    ----------
    each : int64 array (2 * n_pairs, n_parts)
        Row 2i + 1 is row 2i backwards.
    """

    each: NDArray[np.int64]

    @classmethod
    def drawn(cls, parts: int, pairs: int, chance: np.random.Generator) -> "Orders":
        """Return orders drawn by lot."""
        forward = [chance.permutation(parts) for _ in range(pairs)]
        return cls(np.array([order for one in forward for order in (one, one[::-1])], dtype=np.int64))

    def hidden(self, masks: Sequence[Mask]) -> list[Mask]:
        """Return what is hidden at each step: everything first, then each order's steps between nothing and all.

        Parameters
        ----------
        masks : sequence of bool array (12, n_samples)
            Of each part.

        Returns
        -------
        list of bool array (12, n_samples)
            1 + 2 * n_pairs * (n_parts - 1).
        """
        out = [np.logical_or.reduce(list(masks))]
        for order in self.each.tolist():
            covered = np.zeros_like(masks[0])
            for part in order[:-1]:
                covered = covered | masks[part]
                out.append(covered)
        return out

    def values(self, whole: float, answers: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the Shapley values of the parts and their standard errors, float64 (n_parts,) each.

        The values add up to the fall of the answer from nothing to everything hidden. An error is NaN where there is
        one pair only, since each pair gives one independent estimate.

        Parameters
        ----------
        whole : float
            The answer with nothing hidden.
        answers : float64 array
            To :meth:`hidden`; NaN where a call failed, and then what the steps beside it give is left out.
        """
        rows, count = self.each.shape
        steps = answers[1:].reshape(rows, count - 1)
        course = np.column_stack([np.full(rows, whole), steps, np.full(rows, answers[0])])
        given = np.empty((rows, count))
        np.put_along_axis(given, self.each, course[:, :-1] - course[:, 1:], axis=1)
        pairs = given.reshape(rows // 2, 2, count).mean(axis=1)
        valid = np.isfinite(pairs).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nansum(pairs, axis=0) / np.where(valid, valid, np.nan)
            spread = np.nansum((pairs - mean) ** 2, axis=0) / np.where(valid > 1, valid - 1, np.nan)
        return mean, np.sqrt(spread / np.where(valid, valid, np.nan))
