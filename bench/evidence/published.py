"""Figures of published ablations, under their own definitions: Visual Reliance Score, Image Sensitivity, claims.

Visual Reliance Score, Image Sensitivity and Hallucinated Visual Reasoning Rate: arXiv 2603.03437. The first two shuffle
the images at random, which ``crossed`` does: seen from the patient whose numbers are shown, the image is another's.
"""

import re
from collections.abc import Mapping

import numpy as np

from bench.dataset import RecordId
from bench.evidence.answer import AskedCase, is_right, numbers_under
from bench.evidence.figure import Figure, difference, patients_of, share_figure

CLAIMS = re.compile(
    r"\b(the (tracing|trace|ecg|image) shows|leads? (I{1,3}|aV[RLF]|V[1-6])\b|in V[1-6]\b|[PTQ] waves?|QRS complex|"
    r"ST[- ](elevation|depression|segment)|visible|seen in)",
    re.IGNORECASE,
)
"""Wording that claims to have seen a trace; approximates the judged claims of arXiv 2603.03437."""


def reliance(cases: tuple[AskedCase, ...], axis: str, crossed: str) -> Figure | None:
    """Return the Visual Reliance Score: accuracy with the own image minus accuracy with another's, of one patient."""
    pairs = [
        (case, other) for case, other in _with_another_image(cases, crossed) if case.own.truth.values[axis] is not None
    ]
    whose = numbers_under(crossed)
    own_image = np.array([is_right(case, axis, "full") for case, _ in pairs], dtype=np.float64)
    another = np.array([is_right(other, axis, crossed, whose) for _, other in pairs], dtype=np.float64)
    return difference(patients_of([case for case, _ in pairs]), own_image, another)


def image_sensitivity(cases: tuple[AskedCase, ...], axis: str, crossed: str) -> Figure | None:
    """Return the share of answers that change when the image is replaced by another patient's, labelled or not."""
    pairs = _with_another_image(cases, crossed)
    changed = [case.answer("full", axis) != other.answer(crossed, axis) for case, other in pairs]
    return share_figure(patients_of([case for case, _ in pairs]), np.array(changed, dtype=np.float64))


def claims(cases: tuple[AskedCase, ...], axis: str, without: str) -> Figure | None:
    """Return the Hallucinated Visual Reasoning Rate: claims to have seen, in answers that the image does not change.

    Parameters
    ----------
    cases : tuple of AskedCase
    axis : str
    without : str
        A condition without an image, whose prompt does not order the model to say what the tracing shows.
    """
    unmoved = tuple(
        case
        for case in cases
        if {"full", without} <= case.readings.keys()
        and case.readings[without].raw
        and case.answer("full", axis) == case.answer(without, axis)
    )
    said = [bool(CLAIMS.search(case.readings[without].raw or "")) for case in unmoved]
    return share_figure(patients_of(unmoved), np.array(said, dtype=np.float64))


def _with_another_image(cases: tuple[AskedCase, ...], crossed: str) -> list[tuple[AskedCase, AskedCase]]:
    """Return each case in ``full`` with the case that shows its numbers beside another patient's image."""
    shown: Mapping[RecordId, AskedCase] = {
        case.numbers[crossed].ecg_id: case for case in cases if crossed in case.readings and crossed in case.numbers
    }
    return [(case, shown[case.own.ecg_id]) for case in cases if "full" in case.readings and case.own.ecg_id in shown]
