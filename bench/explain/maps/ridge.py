"""Ridge regression of answers on what was hidden, pooled over recordings, with resamples and shuffles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PENALTIES = np.logspace(-1, 4, 16)
"""Penalties of the ridge regression, of which held-out records choose one."""

FOLDS = 5
"""Parts of the answers that are held out in turn where there are too few patients for it."""

DRAWS, SHUFFLES = 1000, 1000

LEVEL = 0.05

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Masks and answers of several recordings.

    Attributes
    ----------
    hidden : float64 array (n, n_parts)
        1 where a part was hidden; from each column the mean of the recording is taken away.
    answers : float64 array (n,)
        Less their mean in the recording, so that how sure a reader is of one tells nothing.
    records, patients : int64 array (n,)
        Numbers of each answer's recording and patient.
    """

    hidden: Array
    answers: Array
    records: NDArray[np.int64]
    patients: NDArray[np.int64]

    @classmethod
    def of(cls, hidden: Sequence[NDArray[np.bool_]], answers: Sequence[Array], patients: Sequence[object]) -> "Pool":
        """Return the pool of recordings, each with its masks, its answers (NaN of a failed call) and its patient."""
        kept = [np.isfinite(row) for row in answers]
        columns = [_centred(one[keep].astype(np.float64)) for one, keep in zip(hidden, kept, strict=True)]
        rows = [_centred(one[keep]) for one, keep in zip(answers, kept, strict=True)]
        counts = [len(row) for row in rows]
        numbers = np.unique(np.array([str(patient) for patient in patients]), return_inverse=True)[1]
        return cls(
            np.concatenate(columns),
            np.concatenate(rows),
            np.repeat(np.arange(len(counts)), counts),
            np.repeat(numbers, counts).astype(np.int64),
        )

    @property
    def n_patients(self) -> int:
        """How many patients there are."""
        return len(np.unique(self.patients))


def _centred(values: Array) -> Array:
    centred: Array = values - values.mean(axis=0) if len(values) else values
    return centred


@dataclass(frozen=True, eq=False)
class Fit:
    """A ridge regression of the pooled answers.

    Attributes
    ----------
    values : float64 array (n_parts,)
        By how much the answer falls where each part is hidden.
    penalty, explained : float
        As of :class:`JointExplanation`.
    """

    values: Array
    penalty: float
    explained: float


def fitted(pool: Pool, seed: int = 0) -> Fit:
    """Return the regression, its penalty chosen by held-out patients, or by held-out answers of fewer than three.

    Of penalties that predict equally well the largest is taken.
    """
    folds = pool.patients
    if pool.n_patients < 3:
        folds = np.random.default_rng(seed).permutation(len(pool.answers)) % FOLDS
    grams, moments, squares = _sums(pool, folds)
    errors = np.array([_held_out(grams, moments, squares, penalty) for penalty in PENALTIES])
    best = len(errors) - 1 - int(np.argmin(errors[::-1]))
    penalty, total = float(PENALTIES[best]), float(squares.sum())
    values = -_solved(grams.sum(axis=0), moments.sum(axis=0), penalty)
    return Fit(values, penalty, 1 - float(errors[best]) / total if total > 1e-12 else 0.0)


def bootstrapped(pool: Pool, penalty: float, seed: int = 0) -> Array:
    """Return the values of each resample of the patients, float64 (DRAWS, n_parts)."""
    grams, moments, _ = _sums(pool, pool.patients)
    chance = np.random.default_rng(seed)
    weights = chance.multinomial(len(grams), np.full(len(grams), 1 / len(grams)), DRAWS).astype(np.float64)
    return -_solved(np.einsum("df,fij->dij", weights, grams), weights @ moments, penalty)


def shuffled(pool: Pool, penalty: float, seed: int = 0) -> Array:
    """Return the values of answers that are shuffled within each recording, float64 (SHUFFLES, n_parts)."""
    chance = np.random.default_rng(seed)
    moments = np.zeros((SHUFFLES, pool.hidden.shape[1]))
    for record in np.unique(pool.records):
        inside = pool.records == record
        drawn = chance.permuted(np.tile(pool.answers[inside], (SHUFFLES, 1)), axis=1)
        moments += drawn @ pool.hidden[inside]
    gram = np.broadcast_to(pool.hidden.T @ pool.hidden, (SHUFFLES, *[pool.hidden.shape[1]] * 2))
    return -_solved(gram, moments, penalty)


def _sums(pool: Pool, folds: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Return the products of columns, of columns and answers, and of answers, of each fold."""
    inside = [folds == fold for fold in np.unique(folds)]
    grams = np.array([pool.hidden[one].T @ pool.hidden[one] for one in inside])
    moments = np.array([pool.hidden[one].T @ pool.answers[one] for one in inside])
    return grams, moments, np.array([pool.answers[one] @ pool.answers[one] for one in inside])


def _held_out(grams: Array, moments: Array, squares: Array, penalty: float) -> float:
    """Return the sum of the squared errors of each fold, predicted from the others; rounded, so that ties are ties."""
    if len(grams) < 2:
        return 0.0
    weights = _solved(grams.sum(axis=0) - grams, moments.sum(axis=0) - moments, penalty)
    told, size = (weights * moments).sum(axis=1), np.einsum("fi,fij,fj->f", weights, grams, weights)
    return round(float((squares - 2 * told + size).sum()), 9)


def _solved(grams: Array, moments: Array, penalty: float) -> Array:
    """Return ridge weights; the last axes are those of the parts."""
    size = grams.shape[-1]
    return np.asarray(np.linalg.solve(grams + penalty * np.eye(size), moments[..., None])[..., 0], dtype=np.float64)
