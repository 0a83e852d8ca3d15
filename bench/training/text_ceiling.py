"""Fits the measurement-only reader: ``python -m bench.training.text_ceiling [--data PTBXL_DIR]``.

Multinomial logistic regression (independent ones for multi-label heads) with an L2 penalty, by L-BFGS, on the training
split's measurements. Writes ``readers/text_ceiling.json``.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import readers
from bench.dataset import Cohort, open_dataset
from bench.dataset.base import TRAIN
from readers.head import STATEMENT, is_multi_label
from readers.text_ceiling import regression_features
from readers.training_target import targets, training_heads

PENALTY = 3.0
"""L2 penalty on the standardised weights; not tuned."""

Array = NDArray[np.float64]


def fit(train: Cohort, x: Array, hot: dict[str, Array], labelled: dict[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """Return the model as JSON data: standardisation, and weights and bias of each head."""
    mean = np.nanmean(x, axis=0)
    x = np.where(np.isfinite(x), x, mean)
    spread = x.std(axis=0)
    scale = np.where(spread > 1e-4, spread, 1.0)
    x = (x - mean) / scale
    heads = {}
    for head, values in training_heads().items():
        if head != STATEMENT:
            weights, bias = _regression(x[labelled[head]], hot[head][labelled[head]], is_multi_label(head))
            shown = {"weights": np.round(weights, 5).tolist(), "bias": np.round(bias, 5).tolist()}
            heads[head] = {"values": values, **shown}
    return {
        "fitted_on": f"{len(train)} records of {train.dataset.split(TRAIN).meaning} of {train.dataset.name}",
        "penalty": PENALTY,
        "mean": np.round(mean, 5).tolist(),
        "scale": np.round(scale, 5).tolist(),
        "heads": heads,
    }


def _regression(x: Array, truth: Array, multi_label: bool) -> tuple[Array, Array]:
    from scipy.optimize import minimize
    from scipy.special import expit, log_expit, log_softmax, softmax

    outputs, inputs = truth.shape[1], x.shape[1]

    def cost(flat: Array) -> tuple[float, Array]:
        weights, bias = flat[: outputs * inputs].reshape(outputs, inputs), flat[outputs * inputs :]
        logits = x @ weights.T + bias
        if multi_label:
            loss = -(truth * log_expit(logits) + (1 - truth) * log_expit(-logits)).sum()
            error = expit(logits) - truth
        else:
            loss = -(truth * log_softmax(logits, axis=1)).sum()
            error = softmax(logits, axis=1) - truth
        gradient = np.concatenate([(error.T @ x + PENALTY * weights).ravel(), error.sum(axis=0) + 0.1 * bias])
        return float(loss + PENALTY / 2 * (weights**2).sum() + 0.05 * (bias**2).sum()), gradient

    fitted = minimize(cost, np.zeros(outputs * (inputs + 1)), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return fitted.x[: outputs * inputs].reshape(outputs, inputs), fitted.x[outputs * inputs :]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    train = open_dataset(parser.parse_args().data).cohort(TRAIN)
    hot, labelled = targets(list(train.truths().values()))
    x = np.stack([regression_features(numbers) for numbers in train.measure().values()])
    model = fit(train, x, {head: values.astype(np.float64) for head, values in hot.items()}, labelled)
    target = Path(readers.__path__[0]) / "text_ceiling.json"
    target.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {target.name}: {model['fitted_on']}")
