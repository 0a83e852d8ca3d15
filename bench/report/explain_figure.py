"""Figures of explanations as text: estimates and shares with their intervals, alike on pages and in the terminal."""

from collections.abc import Mapping

from bench.evidence.figure import Figure
from bench.explain.belief.estimate import Estimate
from bench.report.table import quoted


def estimated(one: Estimate | None) -> str:
    """Return a mean with its interval, ``-`` for none."""
    return "-" if one is None else f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


def above(one: Estimate | None) -> str:
    """Return a difference with its interval, its signs written, ``-`` for none."""
    return "-" if one is None else f"{one.value:+.2f} [{one.low:+.2f}, {one.high:+.2f}]"


def mean(one: Estimate | None) -> str:
    """Return a mean without its interval, ``-`` for none."""
    return "-" if one is None else f"{one.value:.2f}"


def whole_share(one: Figure | None) -> str:
    """Return a share with its interval in whole percent, ``-`` for none."""
    if one is None:
        return "-"
    bounds = f" [{100 * one.interval[0]:.0f}, {100 * one.interval[1]:.0f}]" if one.interval else ""
    return f"{100 * one.value:.0f}%{bounds}"


def whole_points(one: Figure | None) -> str:
    """Return a difference of shares with its interval in whole points, ``-`` for none."""
    if one is None:
        return "-"
    bounds = f" [{100 * one.interval[0]:+.0f}, {100 * one.interval[1]:+.0f}]" if one.interval else ""
    return f"{100 * one.value:+.0f}{bounds}"


def effect(value: float, low: float | None, high: float | None) -> str:
    """Return by how much an answer falls, with its interval where there is one."""
    return f"{value:+.3f}" + (f" [{low:+.3f}, {high:+.3f}]" if low is not None and high is not None else "")


def times(counts: Mapping[str, int], most: int = 5) -> str:
    """Return how often each thing was counted, so many of the most frequent, such as ``V1 QRS 12, limb QRS 3``."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    shown = [f"{quoted(name, 60)} {count}" for name, count in ordered[:most]]
    return ", ".join([*shown, f"{len(counts) - most} others"] if len(counts) > most else shown) or "-"
