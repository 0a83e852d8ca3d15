"""A training set of noise, where what is learned does not matter."""

import numpy as np

from readers.resnet1d.dataset import TrainingSet
from readers.resnet1d.side import NAMES
from readers.training_target import training_heads


def training_noise(teach, stop):
    """Return so many records to train on, and so many to stop on."""
    n, random = teach + stop, np.random.default_rng(0)
    heads = training_heads()
    hot = {head: (random.random((n, len(values))) < 0.5).astype(np.float32) for head, values in heads.items()}
    known = {head: np.ones(n, dtype=bool) for head in heads}
    leads = random.normal(size=(n, 12, 1000)).astype(np.float32)
    side = random.normal(size=(n, len(NAMES))).astype(np.float32)
    return TrainingSet(leads, side, hot, known, np.ones(n, np.float32), np.arange(teach), np.arange(teach, n))
