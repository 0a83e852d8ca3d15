"""Concepts of a network on a dataset: vectors from training folds, gradients from the records that are explained."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Cohort, Record
from bench.dataset.base import TRAIN
from bench.dataset.lot import drawn, in_random_order
from bench.explain.concepts.concept import CONTROLS, Concept, Facts, concept_named, facts_of
from bench.explain.concepts.concept_vector import (
    CavOptions,
    ConceptUse,
    Fitted,
    Scored,
    concept_uses,
    pooled_activations,
    pooled_gradients,
)
from bench.explain.counterfactual.donor_pool import bears
from bench.explain.counterfactual.given import signal_case
from bench.progress import SILENT, Observer
from readers.network import Network, Output, Shown
from taxonomy.error import DatasetError

FITTED = 800
"""Training records to which vectors are fitted, at most."""

SCORED = 60
"""Records with each answer over which gradients are taken, at most."""


@dataclass(frozen=True)
class ConceptQuestion:
    """What is asked of a network.

    Attributes
    ----------
    layer : str
        One of ``network.layers``.
    outputs : tuple of (str, str)
        Head and value.
    concepts : tuple of str
        Of :data:`.concept.CONCEPTS`, or findings such as ``conduction=lbbb``; the controls are added.
    options : CavOptions
    fitted, scored : int
        Records at most.
    """

    layer: str
    outputs: tuple[Output, ...]
    concepts: tuple[str, ...]
    options: CavOptions = field(default_factory=CavOptions)
    fitted: int = FITTED
    scored: int = SCORED


@dataclass(frozen=True)
class ConceptTable:
    """What the answers of a network rest on.

    Attributes
    ----------
    layer : str
    fitted : int
        Training records to which vectors were fitted.
    uses : tuple of ConceptUse
        One for each concept and output.
    """

    layer: str
    fitted: int
    uses: tuple[ConceptUse, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {"layer": self.layer, "fitted": self.fitted, "uses": [use.to_json() for use in self.uses]}


def concept_table(
    network: Network, asked: ConceptQuestion, explained: Cohort, observer: Observer = SILENT
) -> ConceptTable:
    """Return for every concept and output whether the network's answer rests on the concept.

    Parameters
    ----------
    network : Network
    asked : ConceptQuestion
    explained : Cohort
        Gradients are taken over those of its records that bear the answer.
    observer : Observer

    Raises
    ------
    taxonomy.error.UnknownNameError
        When there is no such layer, output or concept; the message names the nearest.
    taxonomy.error.DatasetError
        When no recordings of training folds are at hand.
    """
    network.layer(asked.layer)
    columns = {output: network.place(*output) for output in asked.outputs}
    concepts = {name: concept_named(name) for name in dict.fromkeys((*asked.concepts, *CONTROLS))}
    taught = _training(explained, asked)
    shown = _shown(network, taught, "training records", observer)
    fitted = Fitted(
        pooled_activations(network, shown, asked.layer),
        [record.patient_id for record in taught],
        _labels(concepts, facts_of(taught)),
    )
    scored = {}
    for output, column in columns.items():
        records = _bearing(explained, output, asked)
        own = _shown(network, records, " ".join(output), observer)
        gradients = pooled_gradients(network, own, asked.layer, column) if own else np.zeros((0, 0))
        scored[output] = Scored(gradients, [record.patient_id for record in records])
    return ConceptTable(asked.layer, len(taught), concept_uses(fitted, scored, CONTROLS, asked.options))


def _training(explained: Cohort, asked: ConceptQuestion) -> Cohort:
    dataset = explained.dataset
    cohort = dataset.cohort(TRAIN) if TRAIN in dataset.splits else explained.of(())
    if not cohort:
        raise DatasetError(
            f"{dataset.name} has no recordings of training folds at hand, to which alone concept vectors are fitted: "
            "explain records of a dataset that has them"
        )
    return cohort.of(drawn(cohort, asked.fitted, asked.options.seed))


def _bearing(explained: Cohort, output: Output, asked: ConceptQuestion) -> list[Record]:
    ordered = in_random_order(explained, asked.options.seed, "concepts")
    found = [record for record in ordered if bears(explained.dataset.truth(record), *output)]
    return found[: asked.scored]


def _shown(network: Network, records: Sequence[Record], what: str, observer: Observer) -> list[Shown]:
    shown = []
    with observer.progress(what) as report:
        for done, record in enumerate(records, start=1):
            shown.append(network.prepare(signal_case(record.signal())))
            report(done, len(records))
    return shown


def _labels(concepts: dict[str, Concept], facts: Sequence[Facts]) -> dict[str, NDArray[np.float64]]:
    def label(concept: Concept, one: Facts) -> float:
        has = concept.of(one)
        return np.nan if has is None else float(has)

    return {name: np.array([label(concept, one) for one in facts]) for name, concept in concepts.items()}
