"""How one axis's figures are written, the same in the terminal and on the page."""

from dataclasses import dataclass

from bench.score.axis import AxisScore

HEADINGS = ("axis", "n", "accuracy", "baseline", "ceiling", "difference [95%]", "p (Holm)", "verdict")


@dataclass(frozen=True)
class AxisRow:
    """The cells of one axis, in the order of :data:`HEADINGS`."""

    cells: tuple[str, ...]
    verdict: str


def axis_row(axis: AxisScore) -> AxisRow:
    """Return the cells of one axis; the ceiling is the accuracy of the measurement-only reader on the same cases."""
    return AxisRow(
        (
            axis.axis,
            str(axis.n),
            percent(axis.accuracy),
            f"{percent(axis.baseline)}",
            percent(axis.text_ceiling),
            difference(axis.difference, axis.interval),
            "-" if axis.p_holm is None else f"{axis.p_holm:.3f}" if axis.p_holm >= 0.001 else "<0.001",
            axis.verdict,
        ),
        axis.verdict,
    )


def percent(value: float | None) -> str:
    """Return a share in percent with one decimal, ``-`` for none."""
    return "-" if value is None else f"{100 * value:.1f}%"


def difference(value: float | None, bounds: tuple[float, float] | list[float] | None) -> str:
    """Return a difference of shares with its interval, in points."""
    if value is None:
        return "-"
    said = f"{100 * value:+.1f}"
    return said if bounds is None else f"{said} [{100 * bounds[0]:+.1f}, {100 * bounds[1]:+.1f}]"


def within(value: float, bounds: tuple[float, float] | list[float], digits: int = 3) -> str:
    """Return a figure with its interval."""
    return f"{value:.{digits}f} [{bounds[0]:.{digits}f}, {bounds[1]:.{digits}f}]"
