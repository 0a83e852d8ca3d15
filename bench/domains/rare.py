"""The drop of rare classes against that of common ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.domains.domain import Answered, Domain
from bench.domains.domain_class import domain_classes, outcomes
from bench.domains.linear import Estimate, could_show, less, mean
from bench.domains.result import Groups
from bench.domains.sheet import labelled_truths
from bench.score.agreement import LEVEL

Shares = Mapping[str, float]
"""Positives of each class among its labelled records."""


@dataclass(frozen=True)
class Frequencies:
    """How common each class is, and in what that is counted."""

    by: str
    shares: Shares


def frequencies(parts: Sequence[Answered], shares: Mapping[str, Shares]) -> Frequencies:
    """Return how common each class is in the training of an arm, or in the domain where that is not known.

    Parameters
    ----------
    parts : sequence of Answered
        Leave-one-out, of one domain or several.
    shares : mapping of str to mapping of str to float
        Of every domain of the study, from :func:`class_shares`.
    """
    taught = {name: n for one in parts for name, n in one.taught.items() if n}
    if taught and shares.keys() >= taught.keys():
        by, weights = "the training records", taught
    else:
        by, weights = "the domain", {one.domain.name: float(len(one.domain.records)) for one in parts}
    found = {}
    for known in domain_classes():
        held = [(shares[name][known.name], n) for name, n in weights.items() if known.name in shares[name]]
        if held:
            found[known.name] = sum(share * n for share, n in held) / sum(n for _, n in held)
    return Frequencies(by, found)


def class_shares(domain: Domain) -> Shares:
    """Return the share of positives of each class among its labelled records; without a class that has none."""
    found = outcomes(domain_classes(), labelled_truths(domain).values())
    counted = (found >= 0).sum(axis=0)
    positives = (found == 1).sum(axis=0)
    return {one.name: float(positives[k] / counted[k]) for k, one in enumerate(domain_classes()) if counted[k]}


def groups_of(drops: Mapping[str, Estimate], held: Frequencies) -> Groups | None:
    """Return the mean drop of the rarer half of the classes and of the others; None with fewer than two."""
    names = sorted((name for name in drops if name in held.shares), key=lambda name: held.shares[name])
    if len(names) < 2:
        return None
    half = len(names) // 2
    rare, common = tuple(names[:half]), tuple(names[half:])
    means = [mean([drops[name] for name in group]) for group in (rare, common)]
    gap = less(means[0], means[1])
    return Groups(
        by=held.by,
        frequency={name: round(held.shares[name], 6) for name in names},
        rare=rare,
        common=common,
        rare_drop=means[0].figure,
        common_drop=means[1].figure,
        difference=gap.figure,
        says=_in_words(gap),
    )


def _in_words(gap: Estimate) -> str:
    if gap.p is None:
        return "cannot tell: too few patients"
    if not np.isclose(gap.value, 0) and gap.p < LEVEL:
        return "rare classes drop more" if gap.value > 0 else "rare classes drop less"
    return f"no difference shown (could have shown {could_show(gap.error, 1):.2f})"
