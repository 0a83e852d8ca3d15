"""Find the rows and columns of a 3 x 4 page that others drew: by its pulses, separators and the ends of its traces."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.geometry import DigitizeError

MM_PER_S = 25.0
"""Paper speed; four columns of 2.5 s have another length at any other, and are refused."""

GAINS = (10.0, 5.0, 20.0)
"""Heights of a pulse of 1 mV in mm, the usual one first."""

PULSE_MM = (1.5, 7.0)
"""Narrowest and widest pulse between the middles of its sides."""

HEIGHT_SLACK = 0.07
"""Share of its height by which a pulse may be off."""

IN_LINE_MM = 2.5
"""Largest distance of a row's pulse from the others', sideways."""

SEPARATOR_MM = 22.0
"""Shortest line between columns that is taken as one; no steep wave is upright over such a height."""

COLUMN_MM = (60.5, 64.5)
"""Narrowest and widest column of 2.5 s at 25 mm/s: programs leave out some samples, or draw a gap."""

EXTENT_MM = (236.0, 262.0)
"""Shortest and longest four columns by the ends of their traces."""

SPECK_MM = 1.6
"""Pieces no longer than this either way are specks, dots of a dotted grid and full stops."""

LEAST_ROW_MM = 12.0
"""Least distance of two rows."""

ROWS = 3
"""Rows of columns; a fourth row is the rhythm strip."""


class AnotherPageError(DigitizeError):
    """A page with pulses, which lies another way, or has another layout, than is read."""


@dataclass(frozen=True)
class FoundPulse:
    """A calibration pulse in pixels: its left and right side, its foot, which is 0 mV, and the mm of 1 mV."""

    left: float
    right: float
    baseline: float
    gain: float


@dataclass(frozen=True, eq=False)
class PageLayout:
    """Where the traces of a page stand, in pixels.

    Attributes
    ----------
    pulses : tuple of FoundPulse
        One for each row, from top to bottom; the fourth row is the rhythm strip.
    columns : tuple of float
        Left ends of the four columns, and the right end of the last.
    by_separators : bool
        Whether lines between the columns gave them, not the ends of the traces.
    ink : bool array (height, width)
        Without specks and separators.
    """

    pulses: tuple[FoundPulse, ...]
    columns: tuple[float, ...]
    by_separators: bool
    ink: NDArray[np.bool_]


def page_layout(ink: NDArray[np.bool_], across: float, down: float) -> PageLayout:
    """Find the rows and columns of a page.

    Parameters
    ----------
    ink : bool array (height, width)
        Of an upright page.
    across, down : float
        Pixels per millimetre.

    Raises
    ------
    DigitizeError
        When there are no pulses, rows or columns as on a 3 x 4 page at 25 mm/s.
    AnotherPageError
        When there are, but it lies another way, or has more rows.
    """
    pulses = _rows(found_pulses(ink, across, down), across, down)
    if not pulses:
        flipped = _rows(found_pulses(ink[::-1, ::-1], across, down), across, down)
        if flipped:
            raise AnotherPageError("the page is upside down: turn it by half a turn")
        for sideways in (np.rot90(ink), np.rot90(ink, -1)):
            if _rows(found_pulses(np.ascontiguousarray(sideways), down, across), down, across):
                raise AnotherPageError("the page lies on its side: turn it by a quarter turn")
        raise DigitizeError(
            "no column of calibration pulses (1 mV as 5, 10 or 20 mm, 1.5 to 7 mm wide) was found: the gain is unknown"
        )
    if len(pulses) not in {ROWS, ROWS + 1}:
        error = AnotherPageError if len(pulses) > ROWS + 1 else DigitizeError
        raise error(
            f"a 3 x 4 page has 3 rows and perhaps a rhythm strip, not the {len(pulses)} rows with pulses found here"
        )
    lines = _separators(ink, down)
    bare = _without(ink, lines)
    columns, by_separators = _columns(bare, lines, pulses, across)
    return PageLayout(pulses, columns, by_separators, bare)


def found_pulses(ink: NDArray[np.bool_], across: float, down: float) -> list[FoundPulse]:
    """Return the pulses of one gain on a page: two upright sides of one height with a bar between their tops."""
    for gain in GAINS:
        sides = _sides(ink, gain * down, across)
        pairs = (_pulse(ink, pair, gain, (across, down)) for pair in _pairs(sides, across))
        if found := [pulse for pulse in pairs if pulse]:
            return _single(found, across, down)
    return []


Side = tuple[float, float, float]
"""Middle, top and bottom of an upright stroke."""


def _sides(ink: NDArray[np.bool_], height: float, across: float) -> list[Side]:
    """Return the upright strokes of one height, within slack; a side may lean by a third of a millimetre."""
    from scipy.ndimage import binary_dilation, find_objects, label

    lean = max(1, round(0.15 * across))
    wide = binary_dilation(ink, np.ones((1, 2 * lean + 1)))
    strokes = _upright_runs(wide, int(height * (1 - HEIGHT_SLACK) * 0.93))
    names, _ = label(strokes)
    found = []
    for number, (rows, columns) in enumerate(find_objects(names), start=1):
        tall, width = rows.stop - rows.start, columns.stop - columns.start
        if tall <= height * (1 + HEIGHT_SLACK) * 1.05 and width <= 1.6 * across:
            x = columns.start + float(np.nonzero(names[rows, columns] == number)[1].mean()) + 0.5
            found.append((x, float(rows.start), float(rows.stop)))
    return found


def _pairs(sides: list[Side], across: float) -> Iterator[tuple[Side, Side]]:
    """Yield each stroke with those right of it that are no further off than a pulse is wide."""
    ordered = sorted(sides)
    for number, left in enumerate(ordered):
        for right in ordered[number + 1 : number + 200]:
            if right[0] - left[0] > PULSE_MM[1] * across:
                break
            yield left, right


def _pulse(ink: NDArray[np.bool_], pair: tuple[Side, Side], gain: float, px: tuple[float, float]) -> FoundPulse | None:
    """Return two sides as a pulse, None where they have no bar between their tops, or ink between their feet."""
    (left, top, foot), (right, other_top, other_foot) = pair
    across, down = px
    if not PULSE_MM[0] * across <= right - left <= PULSE_MM[1] * across:
        return None
    if abs(top - other_top) > 0.8 * down or abs(foot - other_foot) > 0.8 * down:
        return None
    inside = slice(round(left + 0.35 * across), max(round(left + 0.35 * across) + 1, round(right - 0.35 * across)))
    bar = ink[max(0, int(top - 0.3 * down)) : int(top + 0.9 * down), inside]
    below = ink[int(top + 1.2 * down) : int(foot + 0.5 * down), inside]
    if bar.any(axis=0).mean() < 0.9 or below.mean() > 0.05:
        return None
    thick = float(np.median(bar.sum(axis=0)))
    first = max(0, int(top - 0.3 * down)) + float(np.median(np.argmax(bar, axis=0)))
    middle = first + thick / 2
    bottom = (foot + other_foot) / 2 - thick / 2
    if abs((bottom - middle) / (gain * down) - 1) > HEIGHT_SLACK:
        return None
    return FoundPulse(left, right, _foot(ink, (left, right), (middle, bottom), px), gain)


def _foot(
    ink: NDArray[np.bool_], sides: tuple[float, float], heights: tuple[float, float], px: tuple[float, float]
) -> float:
    """Return the middle of the strokes beside a pulse's feet, the lower ends of its sides where there are none."""
    across, down = px
    middles = []
    for side, way in zip(sides, (-1, 1), strict=True):
        columns = np.round(side + way * np.arange(0.45, 0.9, 0.1) * across).astype(int)
        columns = columns[(columns >= 0) & (columns < ink.shape[1])]
        top, bottom = int(heights[1] - 0.7 * down), int(heights[1] + 0.8 * down)
        part = ink[max(0, top) : bottom, columns]
        for column in part.T:
            rows = np.flatnonzero(column)
            if len(rows) and rows[-1] - rows[0] < 0.9 * down:
                middles.append(max(0, top) + (rows[0] + rows[-1] + 1) / 2)
    return float(np.median(middles)) if middles else heights[1]


def _single(found: list[FoundPulse], across: float, down: float) -> list[FoundPulse]:
    """Return each pulse once, from top to bottom."""
    kept: list[FoundPulse] = []
    for pulse in sorted(found, key=lambda one: one.right - one.left):
        near = (abs(pulse.left - k.left) < across and abs(pulse.baseline - k.baseline) < 2 * down for k in kept)
        if not any(near):
            kept.append(pulse)
    return sorted(kept, key=lambda one: one.baseline)


def _rows(found: list[FoundPulse], across: float, down: float) -> tuple[FoundPulse, ...]:
    """Return the pulses that stand one above another, of several such columns the one with most, then the first."""
    best: list[FoundPulse] = []
    for pulse in sorted(found, key=lambda one: one.left):
        column: list[FoundPulse] = []
        for other in found:
            beside = abs(other.left - pulse.left) <= IN_LINE_MM * across
            if beside and (not column or other.baseline - column[-1].baseline >= LEAST_ROW_MM * down):
                column.append(other)
        if len(column) > len(best):
            best = column
    return tuple(best) if len(best) > 1 else ()


def _separators(ink: NDArray[np.bool_], down: float) -> NDArray[np.bool_]:
    """Return the upright lines that are longer than any wave."""
    return _upright_runs(ink, round(SEPARATOR_MM * down))


def _upright_runs(ink: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """Return the upright runs of ink of at least so many pixels, an odd number: the opening by such a run."""
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    size = least | 1
    eroded = minimum_filter1d(ink.view(np.uint8), size, axis=0, mode="constant")
    return np.asarray(maximum_filter1d(eroded, size, axis=0, mode="constant") > 0)


def _without(ink: NDArray[np.bool_], lines: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return ink without lines and the edges of their strokes."""
    from scipy.ndimage import binary_dilation

    return np.asarray(ink & ~binary_dilation(lines, np.ones((1, 3))))


def _columns(
    ink: NDArray[np.bool_], lines: NDArray[np.bool_], pulses: tuple[FoundPulse, ...], across: float
) -> tuple[tuple[float, ...], bool]:
    """Return the ends of the columns, and whether separators gave them."""
    start, end = _extent(ink, pulses, across)
    places = _line_places(lines, pulses, across)
    for first, second, third in product(places, places, places):
        widths = np.array([second - first, third - second]) / across
        if not ((widths > COLUMN_MM[0]) & (widths < COLUMN_MM[1])).all():
            continue
        width = (third - first) / 2
        if first - width >= max(pulse.right for pulse in pulses) - across:
            return (first - width, first, second, third, third + width), True
    length = (end - start) / across
    if not EXTENT_MM[0] <= length <= EXTENT_MM[1]:
        raise DigitizeError(
            f"the three rows of traces are {length:.0f} mm long: four columns of 2.5 s at 25 mm/s take 250 mm"
        )
    return tuple(_refined(ink, np.linspace(start, end, 5), pulses, across)), False


def _line_places(lines: NDArray[np.bool_], pulses: tuple[FoundPulse, ...], across: float) -> list[float]:
    """Return the middles of the separators right of the pulses, a few at most."""
    from scipy.ndimage import label

    columns = np.array(lines.any(axis=0))
    columns[: int(max(pulse.right for pulse in pulses))] = False
    names, count = label(columns)
    places = [float(np.flatnonzero(names == number).mean()) + 0.5 for number in range(1, count + 1)]
    return places[:40]


def _extent(ink: NDArray[np.bool_], pulses: tuple[FoundPulse, ...], across: float) -> tuple[float, float]:
    """Return the left and right end of the traces of the three rows: the medians over the rows."""
    from scipy.ndimage import binary_closing

    baselines = [pulse.baseline for pulse in pulses]
    pitch = float(np.median(np.diff(baselines)))
    right = max(pulse.right for pulse in pulses)
    starts: list[float] = []
    ends: list[float] = []
    for pulse in pulses[:ROWS]:
        band = ink[max(0, int(pulse.baseline - 0.3 * pitch)) : int(pulse.baseline + 0.3 * pitch)]
        inked = binary_closing(band.any(axis=0), np.ones(max(1, round(0.35 * across))))
        begin, stop = _longest(inked, round(3 * across), round(right + 0.15 * across))
        pen = float(np.median(band.sum(axis=0)[begin:stop])) if stop > begin else 0.0
        starts.append(begin + pen / 4)
        ends.append(stop - pen / 4)
    return float(np.median(starts)), float(np.median(ends))


def _longest(inked: NDArray[np.bool_], gap: int, after: int) -> tuple[int, int]:
    """Return where the longest stretch of ink without a longer gap begins and ends, beyond the pulse and its foot."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inked, [False]]).astype(np.int8)))
    runs = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b > after]
    # What begins left of the pulse's side and ends soon after it is the pulse's foot.
    runs = [(a, b) for a, b in runs if not (a <= after + gap and b - after < gap and b - max(a, after) < gap)] or runs
    best, current = (after, after), None
    for a, b in runs:
        current = (current[0], b) if current and a - current[1] <= gap else (max(a, after), b)
        if current[1] - current[0] > best[1] - best[0]:
            best = current
    return best


def _refined(
    ink: NDArray[np.bool_], ends: NDArray[np.float64], pulses: tuple[FoundPulse, ...], across: float
) -> list[float]:
    """Return the ends of the columns, moved together to where most rows break, if they do within half a millimetre.

    The columns stay equally wide: a wave that is broken near one end outweighs no two other ends.
    """
    reach, stretch = max(1, round(0.5 * across)), max(1, round(0.2 * across))
    breaks = np.array([_breaks(ink, round(ends[number]), 2 * reach, pulses) for number in (1, 2, 3)])
    moves = sorted(product(range(-reach, reach + 1), range(-stretch, stretch + 1)), key=lambda one: np.abs(one).sum())
    votes = [sum(breaks[k][2 * reach + move + (k - 1) * wider] for k in range(3)) for move, wider in moves]
    best = int(np.argmax(votes))
    if votes[best] < 2:
        return [float(end) for end in ends]
    move, wider = moves[best]
    inner = [float(round(ends[k]) + move + (k - 2) * wider) for k in (1, 2, 3)]
    return [float(ends[0]), *inner, float(ends[4])]


def _breaks(ink: NDArray[np.bool_], middle: int, reach: int, pulses: tuple[FoundPulse, ...]) -> NDArray[np.float64]:
    """Return how many of the three rows break before each column of pixels around one."""
    baselines = [pulse.baseline for pulse in pulses]
    half = float(np.median(np.diff(baselines))) / 2
    count = np.zeros(2 * reach + 1)
    for baseline in baselines[:ROWS]:
        band = ink[max(0, int(baseline - half)) : int(baseline + half)]
        for k in range(2 * reach + 1):
            x = middle - reach + k
            count[k] += _is_broken(band[:, x - 1], band[:, x])
    return count


def _is_broken(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> bool:
    """Tell whether ink begins or ends between two columns of pixels without touching ink of the other."""
    near = np.convolve(before, [1, 1, 1], "same") > 0
    back = np.convolve(after, [1, 1, 1], "same") > 0
    return bool((after & ~near).sum() > 1 or (before & ~back).sum() > 1) or before.any() != after.any()
