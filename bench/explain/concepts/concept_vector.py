"""TCAV: does an answer rest on a concept? (Kim et al. 2018), with what keeps it from saying so of any direction.

The direction of a concept in the activations of a layer is that of a logistic regression which tells records with it
from records without it. An answer rests on the concept where its logit rises along that direction. A random direction
gives a share of rising logits anywhere from 0 to 1, and is never exactly right-angled to the gradient, so that the
share says little by itself. A concept counts only where

1. the layer holds it: the regression tells held-out patients apart, with an area of 0.75 or more;
2. its directions, of several draws, lie nearer to the gradients than those of as many records with random labels, and
   nearer than those of every control concept (age, sex), fitted to as many records: Mann-Whitney, the largest p of
   them, by Holm over all concepts and outputs.

A small p says that directions differ. Whether other patients would show it too is what the interval by patient says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.dataset import RecordId
from bench.evidence.figure import Figure, share_figure
from bench.explain.concepts.separation import separation
from bench.score.agreement import LEVEL, holm
from readers.network import Network, Output, Shown
from taxonomy.error import ReaderError

if TYPE_CHECKING:
    from torch import Tensor

BATCH = 32
"""Records that a network is shown at once."""

LEAST_AREA = 0.75
"""Held-out area from which a layer holds a concept."""

LEAST = 12
"""Patients with, and without, a concept that a vector needs."""

LEAST_SCORED = 5
"""Patients with an answer, over whom its gradients are taken."""

HELD_OUT = 3
"""One in so many patients is held out of each draw."""

Values = NDArray[np.float64]
Use = Literal["for", "against", "no more than random", "no more than a control", "not in this layer", "cannot tell"]


@dataclass(frozen=True)
class CavOptions:
    """How vectors are fitted.

    Attributes
    ----------
    draws : int
        Vectors of each concept, and of each control beside it.
    randoms : int
        Vectors of random labels beside each concept.
    each : int
        Records with, and without, the concept that one is fitted to at most.
    seed : int
    """

    draws: int = 20
    randoms: int = 40
    each: int = 60
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Fitted:
    """Records to which vectors are fitted, of training folds.

    Attributes
    ----------
    activations : float64 array (n, units)
    patients : sequence of int or str
    has : mapping of str to float64 array (n,)
        By concept: 1 with it, 0 without it, NaN where unknown.
    """

    activations: Values
    patients: Sequence[RecordId]
    has: Mapping[str, Values]


@dataclass(frozen=True, eq=False)
class Scored:
    """Records with an answer: gradients of its logit, float64 (m, units), and the patient of each."""

    gradients: Values
    patients: Sequence[RecordId]


@dataclass(frozen=True)
class ConceptUse:
    """Whether one answer rests on one concept.

    Attributes
    ----------
    concept, head, value : str
    is_control : bool
    patients : (int, int)
        With and without the concept.
    use : str
        ``for`` or ``against`` where the answer rests on it; else why not.
    why : str
        In words.
    area : float or None
        Held out, the mean of the draws.
    score : Figure or None
        Share of records whose logit rises with the concept: the score of TCAV, with its interval by patient.
    strength : float or None
        Mean cosine of vector and gradient, over records and draws.
    random : float or None
        Mean size of that of random vectors.
    control : mapping of str to float
        Mean size of that of each control.
    p_random : float or None
    p_control : mapping of str to float
    p_holm : float or None
        The largest of them, corrected.
    """

    concept: str
    head: str
    value: str
    is_control: bool
    patients: tuple[int, int]
    use: Use
    why: str
    area: float | None = None
    score: Figure | None = None
    strength: float | None = None
    random: float | None = None
    control: Mapping[str, float] | None = None
    p_random: float | None = None
    p_control: Mapping[str, float] | None = None
    p_holm: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def pooled_activations(network: Network, shown: Sequence[Shown], layer: str) -> Values:
    """Return a layer's activations, the mean over time, those of all members side by side.

    Parameters
    ----------
    network : Network
    shown : sequence of Shown
    layer : str
        One of ``network.layers``.

    Returns
    -------
    float64 array (n, units)

    Raises
    ------
    taxonomy.error.UnknownNameError
        When the network has no such layer; the message names the nearest.
    taxonomy.error.ReaderError
        When the layer has no course over time.
    """
    rows = [
        np.concatenate([found.mean(dim=2).detach().numpy() for found, _ in _passes(network, batch, layer)], axis=1)
        for batch in _batches(shown)
    ]
    return np.concatenate(rows).astype(np.float64)


def pooled_gradients(network: Network, shown: Sequence[Shown], layer: str, output: int) -> Values:
    """Return how a logit changes with a layer's activations, raised at all moments alike, float64 (n, units).

    Parameters, units and errors as of :func:`pooled_activations`; ``output`` is the column of the logit.
    """
    import torch

    rows = []
    for batch in _batches(shown):
        parts = []
        for found, logits in _passes(network, batch, layer):
            (gradient,) = torch.autograd.grad(logits[:, output].sum(), found, allow_unused=True)
            # A network may call a layer, such as a decoder's, and rest no logit on it.
            parts.append(np.zeros(found.shape[:2]) if gradient is None else gradient.sum(dim=2).numpy())
        rows.append(np.concatenate(parts, axis=1))
    return np.concatenate(rows).astype(np.float64)


def concept_uses(
    fitted: Fitted,
    scored: Mapping[Output, Scored],
    controls: Sequence[str],
    options: CavOptions | None = None,
) -> tuple[ConceptUse, ...]:
    """Return for every concept and every output whether the answer rests on the concept.

    Parameters
    ----------
    fitted : Fitted
        With every concept and every control.
    scored : mapping of (str, str) to Scored
        By output, head and value.
    controls : sequence of str
        The concepts among them that no answer should rest on. One counts as used where it beats random vectors.
    options : CavOptions, optional
    """
    options = options or CavOptions()
    spread = fitted.activations.std(axis=0)
    usual = (fitted.activations - fitted.activations.mean(axis=0)) / np.where(spread > 0, spread, 1)
    tried: list[_Tried] = []
    for concept in fitted.has:
        rivals = [name for name in controls if name != concept] if concept not in controls else []
        vectors = _vectors(usual, fitted, concept, rivals, options)
        tried += [_tried(concept, output, one, vectors, spread, concept in controls) for output, one in scored.items()]
    tested = [one for one in tried if one.p is not None]
    corrected = dict(
        zip(map(id, tested), map(_digits, holm([one.p for one in tested if one.p is not None])), strict=True)
    )
    return tuple(_verdict(one, corrected.get(id(one))) for one in tried)


@dataclass(frozen=True, eq=False)
class _Vectors:
    """Of one concept, unit vectors (draws, units) and their held-out areas, and those that stand beside it."""

    counts: tuple[int, int]
    own: Values | None = None
    area: float = 0.0
    random: Values | None = None
    rivals: Mapping[str, Values] | None = None


@dataclass(frozen=True, eq=False)
class _Tried:
    use: ConceptUse
    p: float | None = None


def _vectors(usual: Values, fitted: Fitted, concept: str, rivals: Sequence[str], options: CavOptions) -> _Vectors:
    counts = _patients_with(fitted, concept)
    if min(counts) < LEAST:
        return _Vectors(counts)
    chance = np.random.default_rng([options.seed, *concept.encode()])
    rows = min(options.each, *(int((fitted.has[concept] == value).sum()) for value in (0, 1)))
    own, areas = _drawn_vectors(usual, fitted, fitted.has[concept], (options.draws, rows), chance)
    lots = chance.permuted(np.tile(np.arange(len(usual)) % 2, (options.randoms, 1)).astype(np.float64), axis=1)
    random = [_drawn_vectors(usual, fitted, lot, (1, rows), chance)[0] for lot in lots]
    beside = {
        name: _drawn_vectors(usual, fitted, fitted.has[name], (options.draws, rows), chance)[0]
        for name in rivals
        if min(_patients_with(fitted, name)) >= LEAST
    }
    return _Vectors(counts, own, float(np.mean(areas)), np.concatenate(random), beside)


def _patients_with(fitted: Fitted, concept: str) -> tuple[int, int]:
    by_value = [{p for p, has in zip(fitted.patients, fitted.has[concept], strict=True) if has == v} for v in (1, 0)]
    return len(by_value[0]), len(by_value[1])


def _drawn_vectors(
    usual: Values, fitted: Fitted, has: Values, size: tuple[int, int], chance: np.random.Generator
) -> tuple[Values, list[float]]:
    """Return unit vectors of several draws and the area that each has over patients that were held out of it."""
    numbers = np.unique(np.array(fitted.patients, dtype=object).astype(str), return_inverse=True)[1]
    vectors, areas = [], []
    for _ in range(size[0]):
        lot = chance.permutation(numbers.max() + 1)[numbers]
        held = lot % HELD_OUT == 0
        rows = np.concatenate([_some(np.flatnonzero((has == v) & ~held), size[1], chance) for v in (1, 0)])
        vector = _logistic(usual[rows], has[rows])
        vectors.append(vector / max(float(np.linalg.norm(vector)), 1e-12))
        inside, outside = (usual[(has == v) & held] @ vector for v in (1, 0))
        if len(inside) and len(outside):
            areas.append(separation(inside, outside))
    return np.array(vectors), areas or [0.5]


def _some(rows: NDArray[np.int64], count: int, chance: np.random.Generator) -> NDArray[np.int64]:
    return chance.permutation(rows)[:count]


def _logistic(x: Values, y: Values) -> Values:
    """Return the weights of a logistic regression with a ridge of one for each unit, by Newton's method.

    It is solved in the space that the records span, whose weights are the same and fewer. Classes count alike.
    """
    left, sizes, right = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    inside = np.column_stack([left * sizes, np.ones(len(x))])
    ridge = np.full(inside.shape[1], float(x.shape[1]))
    ridge[-1] = 1e-6
    share = np.where(y == 1, 0.5 / max(y.mean(), 1e-9), 0.5 / max(1 - y.mean(), 1e-9))
    weights = np.zeros(inside.shape[1])
    for _ in range(25):
        chances = 1 / (1 + np.exp(-np.clip(inside @ weights, -30, 30)))
        slope = inside.T @ (share * (chances - y)) + ridge * weights
        curve = (inside.T * (share * chances * (1 - chances))) @ inside + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        weights = weights - step
        if float(np.abs(step).max()) < 1e-8:
            break
    found: Values = weights[:-1] @ right
    return found


def _tried(  # noqa: PLR0913  # what is asked of which records, by which vectors
    concept: str, output: Output, scored: Scored, vectors: _Vectors, spread: Values, is_control: bool
) -> _Tried:
    def use(found: Use, why: str, **figures: Any) -> ConceptUse:
        return ConceptUse(concept, *output, is_control, vectors.counts, found, why, **figures)

    if vectors.own is None or vectors.random is None or vectors.rivals is None:
        return _Tried(use("cannot tell", f"it needs {LEAST} patients with the concept and as many without it"))
    area = round(vectors.area, 6)
    if len(set(scored.patients)) < LEAST_SCORED:
        return _Tried(use("cannot tell", f"it needs {LEAST_SCORED} patients with the answer", area=area))
    scaled = scored.gradients * spread
    unit = scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12)
    cosines = unit @ vectors.own.T
    sign = 1.0 if cosines.mean() >= 0 else -1.0
    own = sign * cosines.mean(axis=0)
    others = {"random": vectors.random, **vectors.rivals}
    sizes = {name: np.abs((unit @ rows.T).mean(axis=0)) for name, rows in others.items()}
    p = {name: _above(own, found) for name, found in sizes.items()}
    figures: dict[str, Any] = {
        "area": area,
        "score": share_figure(scored.patients, (cosines > 0).mean(axis=1)),
        "strength": round(float(cosines.mean()), 6),
        "random": round(float(sizes.pop("random").mean()), 6),
        "control": {name: round(float(found.mean()), 6) for name, found in sizes.items()},
        "p_random": p["random"],
        "p_control": {name: value for name, value in p.items() if name != "random"},
    }
    if vectors.area < LEAST_AREA:
        why = f"held-out patients are told apart by an area of {vectors.area:.2f}, under {LEAST_AREA}"
        return _Tried(use("not in this layer", why, **figures))
    return _Tried(use("for" if sign > 0 else "against", "", **figures), max(p.values()))


def _above(own: Values, others: Values) -> float:
    """Return the one-sided p of Mann and Whitney, three digits of it; 1 where all are the same, as of no gradient."""
    from scipy.stats import mannwhitneyu

    if np.ptp(np.concatenate([own, others])) == 0:
        return 1.0
    return _digits(float(mannwhitneyu(own, others, alternative="greater").pvalue))


def _digits(p: float) -> float:
    return float(f"{p:.2e}")


def _verdict(tried: _Tried, corrected: float | None) -> ConceptUse:
    use = tried.use
    if corrected is None:
        return use
    if corrected < LEVEL:
        said = "rises" if use.use == "for" else "falls"
        why = f"the logit {said} with the concept, more than with random and control ones"
        return replace(use, why=why, p_holm=corrected)
    if (use.p_random or 0.0) >= LEVEL:
        why = "random vectors lie as near to the gradients"
        return replace(use, use="no more than random", why=why, p_holm=corrected)
    for control, p in (use.p_control or {}).items():
        if p >= LEVEL:
            why = f"the control {control} lies as near to the gradients"
            return replace(use, use="no more than a control", why=why, p_holm=corrected)
    why = "so many concepts and outputs were tried that random vectors would lie as near to some"
    return replace(use, use="no more than random", why=why, p_holm=corrected)


def _batches(shown: Sequence[Shown]) -> Iterator[Sequence[Shown]]:
    if not shown:
        raise ReaderError("no recording is there whose activations could be taken")
    for start in range(0, len(shown), BATCH):
        yield shown[start : start + BATCH]


def _passes(network: Network, batch: Sequence[Shown], layer: str) -> "Iterator[tuple[Tensor, Tensor]]":
    """Yield of every member a layer's activations, (batch, channels, moments), and its share in the logits."""
    import torch

    told = [one.beside for one in batch if one.beside is not None]
    beside = torch.from_numpy(np.stack(told)) if told else None
    for member, module in zip(network.each_member(), network.layer(layer), strict=True):
        kept: list[torch.Tensor] = []
        hook = module.register_forward_hook(lambda _module, _given, out, kept=kept: kept.append(out))
        try:
            with torch.enable_grad():
                leads = torch.from_numpy(np.stack([one.leads for one in batch])).requires_grad_()
                logits = member.log_odds(leads, beside) / len(network.members)
        finally:
            hook.remove()
        if not kept or not isinstance(kept[-1], torch.Tensor) or kept[-1].ndim != 3:
            raise network.without_course(layer, batch[0])
        yield kept[-1], logits
