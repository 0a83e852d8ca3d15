"""Phantoms among the training records of resnet1d, for statements of which few recordings exist."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.dataset.phantom import truth_of_draw
from bench.progress import Report
from bench.training.elevated_phantom import elevated_phantoms, relabel
from phantoms.error import PhantomError
from phantoms.population import RHYTHM_CODES, TRIES, Draw, drawn, of_statements
from phantoms.simulator import VERSION, stream
from readers.resnet1d.side import network_input
from readers.training_target import targets

if TYPE_CHECKING:
    from readers.resnet1d.config import PhantomConfig
    from readers.resnet1d.dataset import TrainingSet


def training_draws(config: "PhantomConfig") -> Iterator[Draw]:
    """Yield the phantoms of a configuration: those of each statement, then those as in PTB-XL.

    Their seeds come from streams of their own, so that no population that a reader is scored on holds one of them.

    Raises
    ------
    phantoms.error.PhantomError
        When a statement fits no company that PTB-XL's statements keep.
    """
    for code in config.statements:
        for number in range(config.each):
            yield _with_statement(code, config.seed, number)
    for number in range(config.others):
        yield drawn(_own_seed(config.seed, f"other {number}"), 0)


def with_phantoms(data: "TrainingSet", config: "PhantomConfig", report: Report) -> "TrainingSet":
    """Return a training set with further training records, which are simulated; its validation records stay.

    Phantoms are prepared as recordings are, and labelled on every head but the superclass of those without a diagnosis;
    those with raised ST on what that changes (:mod:`bench.training.elevated_phantom`). They are a domain of their own.

    Parameters
    ----------
    data : TrainingSet
    config : PhantomConfig
    report : callable

    Raises
    ------
    phantoms.error.PhantomError
        When a statement fits no company that PTB-XL's statements keep.
    """
    rare, raised = tuple(training_draws(config)), tuple(elevated_phantoms(config.seed, config.elevated))
    draws = (*rare, *(one.draw for one in raised))
    signal = np.empty((len(draws), *data.signal.shape[1:]), dtype=np.float32)
    side = np.empty((len(draws), data.side.shape[1]), dtype=np.float32)
    for row, draw in enumerate(draws):
        phantom = draw.simulated()
        seen, _ = network_input(phantom.mv, phantom.fs)
        signal[row], side[row] = seen.leads, seen.side
        report(row + 1, len(draws))
    hot, labelled = targets([truth_of_draw(one) for one in draws])
    for row, one in enumerate(raised, start=len(rare)):
        relabel(one, row, hot, labelled)
    return replace(
        data,
        signal=np.concatenate([data.signal, signal]),
        side=np.concatenate([data.side, side]),
        targets={head: np.concatenate([part, hot[head]]) for head, part in data.targets.items()},
        known={head: np.concatenate([part, labelled[head]]) for head, part in data.known.items()},
        weight=np.concatenate([data.weight, np.full(len(draws), config.weight, dtype=np.float32)]),
        train=np.concatenate([data.train, np.arange(len(data.signal), len(data.signal) + len(draws))]),
        domain=np.concatenate([data.domain, np.full(len(draws), data.domain.max(initial=-1) + 1)]),
    )


def phantom_record(config: "PhantomConfig") -> dict[str, Any]:
    """Return the description of the phantoms for the weights file."""
    return {
        "records": len(config.statements) * config.each + config.others + config.elevated,
        "version": VERSION,
        "seed": config.seed,
        "weight": config.weight,
    }


def _with_statement(code: str, seed: int, number: int) -> Draw:
    """Return a phantom of a statement; the others are drawn as in PTB-XL until they do not contradict it."""
    for attempt in range(TRIES):
        own = _own_seed(seed, f"{code} {number} {attempt}")
        company = drawn(own, 0).codes - {"NORM"} - (RHYTHM_CODES if code in RHYTHM_CODES else frozenset())
        try:
            return of_statements(company | {code}, own)
        except PhantomError:
            continue
    raise PhantomError(f"the statement {code!r} fits nothing that was drawn beside it in {TRIES} draws (seed {seed})")


def _own_seed(seed: int, part: str) -> int:
    return int(stream(seed, f"training {part}").integers(0, 2**48))
