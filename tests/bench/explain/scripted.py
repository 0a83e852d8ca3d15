"""Readers of which it is known what moves them."""

import hashlib

import numpy as np

from renderers import LEADS
from taxonomy.reading import Reading

V1 = LEADS.index("V1")


def said(is_lbbb, probability=None):
    values = {"conduction": "lbbb" if is_lbbb else "none"}
    if probability is None:
        return Reading(values=values)
    return Reading(values=values, probabilities={"conduction": {"lbbb": probability, "none": 1 - probability}})


class QrsOfV1:
    """Says LBBB where V1 moves fast by more than half a millivolt, and looks at nothing else."""

    name = "qrs-of-v1"
    inputs = frozenset({"signal"})
    preferred_fs = 500

    def __init__(self):
        self.asked = 0

    def size(self, case):
        v1, width = case.signal[V1], round(0.02 * case.fs)
        return float(np.abs(v1[width:] - v1[:-width]).max())

    def read(self, cases):
        for case in cases:
            self.asked += 1
            yield said(self.size(case) > 0.25)


class SureQrsOfV1(QrsOfV1):
    """The same with a probability, that grows with what V1 moves fast."""

    name = "sure-qrs-of-v1"

    def read(self, cases):
        for case in cases:
            self.asked += 1
            yield said(self.size(case) > 0.25, min(0.99, self.size(case) / 4))


class Constant(QrsOfV1):
    name = "constant"

    def read(self, cases):
        for _ in cases:
            yield said(True)


class Dice(QrsOfV1):
    """Answers by what every sample is together, which is as good as by lot."""

    name = "dice"

    def read(self, cases):
        for case in cases:
            yield said(hashlib.sha256(case.signal.tobytes()).digest()[0] < 128)


class DarkPage:
    """Says LBBB by how much ink the first row of a page has, from a page of images."""

    name = "dark-page"
    inputs = frozenset({"image"})

    def __init__(self):
        self.seen = []

    def read(self, cases):
        for case in cases:
            self.seen.append(case)
            yield said(True, 0.5)
