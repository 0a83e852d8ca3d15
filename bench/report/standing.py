"""A reader's row among others: the figures by which readers stand beside each other, wherever they do."""

from bench.report.table import difference, percent, within
from bench.score import Score

STANDING = ("reader", "n", "mean kappa [95%]", "axes", "waveform-only", "text-inferable", "DWE", "critical")
"""Headings of :func:`standing_row`."""


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
