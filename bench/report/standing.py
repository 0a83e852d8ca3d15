"""A reader's row among others: the figures by which readers stand beside each other, wherever they do."""

from bench.report.table import difference, percent, within
from bench.score import Score
from bench.score.reader_agreement import AxisAgreement

STANDING = ("reader", "n", "mean kappa [95%]", "axes", "waveform-only", "text-inferable", "DWE", "critical")
"""Headings of :func:`standing_row`."""


AGREEMENT = ("axis", "n", "left out", "same answer", "kappa [95%]")
"""Headings of the agreement of two readers; the last two are of :func:`agreed`."""


def standing_row(reader: str, score: Score) -> tuple[str, ...]:
    """Return a reader's name and figures as cells."""
    means = [
        "-" if mean is None else difference(mean.difference, mean.interval)
        for mean in (score.waveform_only, score.text_inferable)
    ]
    kappa = within(score.kappa.kappa, score.kappa.interval) if score.kappa else "-"
    axes = str(len(score.kappa.axes)) if score.kappa else "0"
    danger = score.superclass.overall if score.superclass else None
    dwe = within(danger.dwe, danger.dwe_interval, 2) if danger else "-"
    critical = percent(danger.critical_share) if danger else "-"
    return (reader, f"{score.n:,}", kappa, axes, *means, dwe, critical)


def agreed(found: AxisAgreement) -> tuple[str, str]:
    """Return how often two readers gave the same answer on an axis, and their kappa with each other, as cells."""
    return percent(found.same), "-" if found.kappa is None else within(found.kappa, found.interval, 2)
