"""The text ceiling: a reader that sees only the numbers of the prompt.

Rate and axis follow from their thresholds; the other axes come from a multinomial logistic regression on the nine
numbers, fitted on training folds. An image reader could score as much without looking at the image.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurements import VERSION, Measurements
from readers.contract import Case, Input
from readers.digest import file_digest
from readers.head import MEASURED, fitted_reading, heads_from, is_multi_label
from readers.taught import taught_on
from taxonomy.reading import Reading

NUMBERS = ("heart_rate", "pr", "qrs", "qt", "qtc_bazett", "qtc_fridericia", "p_axis", "qrs_axis", "t_axis")
CIRCULAR = frozenset({"p_axis", "qrs_axis", "t_axis"})


def regression_features(numbers: Measurements) -> NDArray[np.float64]:
    """Return the regression's inputs, float64 (21,): numbers, sines and cosines of angles, and missing-value flags."""
    parts: list[float] = []
    for name in NUMBERS:
        value = getattr(numbers, name).value
        if name in CIRCULAR:
            angle = np.radians(0.0 if value is None else value)
            parts += [0.0, 0.0] if value is None else [float(np.sin(angle)), float(np.cos(angle))]
        else:
            parts.append(np.nan if value is None else value)
        parts += [] if name in {"qtc_bazett", "qtc_fridericia", "heart_rate"} else [float(value is None)]
    return np.array(parts)


class MeasurementsReader:
    """Answers from the numbers of the prompt."""

    name = "measurements"
    description = "sees the numbers of the prompt only: the text ceiling"
    inputs: frozenset[Input] = frozenset({"text"})
    measures = MEASURED

    @property
    def details(self) -> Mapping[str, str]:
        """The digest of the fitted model and the version of the measurements, for the manifest."""
        return {"model": file_digest(files("readers") / "text_ceiling.json"), "measurements": VERSION}

    @property
    def taught_on(self) -> Mapping[str, frozenset[int | str]]:
        """The folds on which the regression was fitted, by dataset."""
        _, folds, dataset = self._model["fitted_on"].split(" of ")
        return taught_on(dataset, folds)

    def read(self, cases: Iterable[Case]) -> Iterator[Reading]:
        """Yield a reading for each case; one without numbers gets a reading without values."""
        for case in cases:
            numbers = case.prompt.measurements if case.prompt else None
            yield Reading() if numbers is None else self.answer(numbers)

    def answer(self, numbers: Measurements) -> Reading:
        """Return the reading that the numbers of one record give."""
        x = regression_features(numbers)
        x = np.where(np.isfinite(x), x, self._model["mean"])
        x = (x - self._model["mean"]) / self._model["scale"]
        chances = {}
        for head, (weights, bias, names) in self._heads.items():
            logits = weights @ x + bias
            chance = 1 / (1 + np.exp(-logits)) if is_multi_label(head) else _softmax(logits)
            chances[head] = dict(zip(names, chance.tolist(), strict=True))
        return fitted_reading(numbers, chances)

    @cached_property
    def _model(self) -> Mapping[str, Any]:
        data = json.loads((files("readers") / "text_ceiling.json").read_text(encoding="utf-8"))
        model: dict[str, Any] = data | {name: np.array(data[name]) for name in ("mean", "scale")}
        return model

    @cached_property
    def _heads(self) -> Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]]:
        fitted = self._model["heads"]
        names = heads_from({head: part.get("values", len(part["bias"])) for head, part in fitted.items()})
        return {head: (np.array(part["weights"]), np.array(part["bias"]), names[head]) for head, part in fitted.items()}


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), dtype=np.float64)
