"""Recover the leads of a 3 x 4 page that others drew: a scan, a photograph or a page of another program."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from readers.digitizer.digitizing import DIGITIZED_FS, Digitized, check_picture
from readers.digitizer.follow import followed
from readers.digitizer.geometry import RECORD_S, DigitizeError, pieces
from readers.digitizer.ink import ink_coverage
from readers.digitizer.layout import MM_PER_S, ROWS, SPECK_MM, AnotherPageError, PageLayout, page_layout
from readers.digitizer.paper import Grid, grid_colour, grid_map, grids
from readers.digitizer.sheet import Sheet, flat_sheet
from readers.digitizer.trace import trace_heights
from renderers.printed import COLUMN_S
from renderers.printed import ROWS as NAMES
from renderers.scan import even_paper, without_specks
from renderers.style import LEADS

LEAST_SHOWN = 0.8
"""Share of a lead's column over which its trace must be found."""

BRIDGED_MM = 2.0
"""Longest gap in a trace that is bridged: where a separator was, or the pen was faint."""

EINTHOVEN_SHARE, EINTHOVEN_UV = 0.5, 100.0
"""A page whose I + III is off II by more than this share of II, and by more microvolts, has its leads elsewhere."""

RHYTHM_LEADS, LIKER = ("II", "V1", "V5"), 0.5
"""Leads that are usually printed as rhythm strips; another is taken that is twice as like the strip."""

HELD_S = 0.002
"""Seconds at the ends of a column over which its first and last value are held."""

CROP_MM = 3.0
"""Paper that is kept below the lowest trace when a page is cropped."""


@dataclass(frozen=True)
class PageReport:
    """What was found on a page.

    Attributes
    ----------
    px_per_mm : tuple of float
        Across and down, of the part that was read.
    grid_colour : str
        Such as ``"red"``; ``"grey"`` where it has none.
    rows : int
        3, or 4 with a rhythm strip.
    tilt : float
        Degrees by which the grid was turned.
    is_straightened : bool
        Whether tilt, perspective or a bend was undone.
    residual_mm : float
        Root mean square distance of the grid from the sheet that was fitted.
    mm_per_mv, pulse_mm : float
        Gain by the height of the pulses, and their width.
    column_mm : float
        Mean width of the columns; 62.5 would be 2.5 s.
    by_separators : bool
        Whether lines between the columns gave their ends, rather than the ends of the traces.
    rhythm_lead : str
        Lead of the rhythm strip, by likeness; empty without one.
    einthoven_uv : float
        Standard deviation of I + III - II, where all three stand together: small where the layout is right.
    box : tuple of int
        Left, top, right and bottom, in pixels of the given picture, of the part that holds the grid.
    traces : tuple of int
        Left, top, right and bottom of the traces with their names, in pixels of ``ForeignPage.picture``.
    """

    px_per_mm: tuple[float, float]
    grid_colour: str
    rows: int
    tilt: float
    is_straightened: bool
    residual_mm: float
    mm_per_mv: float
    pulse_mm: float
    column_mm: float
    by_separators: bool
    rhythm_lead: str
    einthoven_uv: float
    box: tuple[int, int, int, int]
    traces: tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class ForeignPage:
    """A page that was read.

    Attributes
    ----------
    leads : Digitized
    report : PageReport
    picture : uint8 array (height, width, 3)
        The part with the traces alone, upright and on white paper. Headers and footers, which may print the rate and
        the diagnosis, are cut off: no reader of this picture can read them there.
    """

    leads: Digitized
    report: PageReport
    picture: NDArray[np.uint8]


def foreign_page(picture: NDArray[np.uint8]) -> ForeignPage:
    """Recover the leads of a page in three rows of four columns of 2.5 s, with or without a rhythm strip.

    Millimetres are those of the page's own grid, of any colour; tilt of up to 6 degrees, perspective and a soft bend
    are undone by it. 0 mV and the gain are those of the calibration pulses. Columns end at their separators, or where
    the traces break. Names are not read: the order is I aVR V1 V4, II aVL V2 V5, III aVF V3 V6, which Einthoven's law
    must confirm. A column shows the 2.5 s from 0, 2.5, 5 or 7.5 s, their middle where it is narrower than 62.5 mm.

    Parameters
    ----------
    picture : uint8 array (height, width, 3)

    Raises
    ------
    DigitizeError
        When the page cannot be read; the message is one sentence with the reason.
    """
    check_picture(picture)
    even = even_paper(picture)
    ink = ink_coverage(even) >= 0.5
    pieces(ink)
    dark = grid_map(even, without_specks(ink, 0.006 * max(picture.shape[:2])))
    reasons: list[DigitizeError] = []
    for grid in grids(dark):
        try:
            return _read(even, dark, grid)
        except DigitizeError as error:
            reasons.append(error)
    # The clearest lattices are one another's harmonics, and by a wrong one strokes may look like other pulses: what
    # another page shows is told once all have failed, then a reason other than missing pulses.
    others: list[DigitizeError] = [error for error in reasons if isinstance(error, AnotherPageError)]
    told = others or [error for error in reasons if "pulses (" not in str(error)] or reasons
    raise told[0]


def _read(even: NDArray[np.uint8], dark: NDArray[np.float32], grid: Grid) -> ForeignPage:
    sheet = flat_sheet(even, dark, grid)
    cover = ink_coverage(sheet.picture)
    layout = page_layout(without_specks(cover >= 0.5, SPECK_MM * sheet.across), sheet.across, sheet.down)
    rows = _Rows(sheet, layout, cover)
    mv = np.full((len(LEADS), int(RECORD_S * DIGITIZED_FS)), np.nan, dtype=np.float32)
    for row, names in enumerate(NAMES):
        for column, name in enumerate(names):
            first, last = (round(COLUMN_S * k * DIGITIZED_FS) for k in (column, column + 1))
            mv[LEADS.index(name), first:last] = _shown(rows.values(row, column), name)
    einthoven = _einthoven(mv)
    rhythm = ""
    if len(layout.pulses) > ROWS:
        strip = _shown(rows.strip(), "the rhythm strip")
        rhythm = _rhythm_lead(strip, mv)
        lead = LEADS.index(rhythm)
        mv[lead] = np.where(np.isfinite(strip), strip, mv[lead])
    traces = rows.box()
    left, top, right, bottom = traces
    return ForeignPage(
        Digitized(mv, (sheet.across + sheet.down) / 2),
        _report(sheet, layout, rhythm, einthoven, traces),
        sheet.picture[top:bottom, left:right],
    )


def _report(
    sheet: Sheet, layout: PageLayout, rhythm: str, einthoven: float, traces: tuple[int, int, int, int]
) -> PageReport:
    widths = [pulse.right - pulse.left for pulse in layout.pulses]
    return PageReport(
        px_per_mm=(sheet.across, sheet.down),
        grid_colour=grid_colour(sheet.picture),
        rows=len(layout.pulses),
        tilt=sheet.tilt,
        is_straightened=sheet.is_resampled,
        residual_mm=sheet.residual_mm,
        mm_per_mv=layout.pulses[0].gain,
        pulse_mm=float(np.median(widths)) / sheet.across,
        column_mm=(layout.columns[-1] - layout.columns[0]) / 4 / sheet.across,
        by_separators=layout.by_separators,
        rhythm_lead=rhythm,
        einthoven_uv=einthoven,
        box=sheet.box,
        traces=traces,
    )


class _Rows:
    """The rows of a page, whose traces are followed as they are asked for."""

    def __init__(self, sheet: Sheet, layout: PageLayout, cover: NDArray[np.float32]) -> None:
        self._sheet, self._layout, self._cover = sheet, layout, cover
        self._baselines = [pulse.baseline for pulse in layout.pulses]
        self._pitch = float(np.median(np.diff(self._baselines)))
        width = (layout.columns[-1] - layout.columns[0]) / 4 / sheet.across / MM_PER_S
        self._late = (COLUMN_S - width) / 2
        self._reach = [min(self._baselines) - 10 * sheet.down, max(self._baselines)]

    def values(self, row: int, column: int) -> NDArray[np.float32]:
        """Return the samples of a column of a row in mV, float32 (1250,); NaN where nothing is shown."""
        ends = self._layout.columns[column : column + 2]
        return self._samples(row, (ends[0], ends[1]), COLUMN_S)

    def strip(self) -> NDArray[np.float32]:
        """Return the samples of the rhythm strip in mV, float32 (5000,)."""
        left = self._layout.columns[0]
        right = min(left + RECORD_S * MM_PER_S * self._sheet.across, self._cover.shape[1])
        return self._samples(ROWS, (left, right), RECORD_S)

    def box(self) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom of pulses, traces and the names above them."""
        across, down = self._sheet.across, self._sheet.down
        top = min(self._reach[0] - down, self._baselines[0] - self._pitch / 2)
        left = min(pulse.left for pulse in self._layout.pulses) - CROP_MM * across
        right = self._layout.columns[-1] + CROP_MM * across
        height, width = self._cover.shape
        bottom = self._reach[1] + CROP_MM * down
        return max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom))

    def _samples(self, row: int, ends: tuple[float, float], seconds: float) -> NDArray[np.float32]:
        across, down = self._sheet.across, self._sheet.down
        begin, end = int(np.ceil(ends[0])), int(np.floor(ends[1]))
        pulse = self._layout.pulses[row]
        top = max(0, int(pulse.baseline - 1.5 * self._pitch))
        bottom = min(len(self._cover), int(pulse.baseline + 1.5 * self._pitch))
        own = followed(self._layout.ink[top:bottom, begin:end], pulse.baseline - top, down)
        heights = _bridged(_heights(self._cover[top:bottom, begin:end], own), BRIDGED_MM * across)
        times = np.arange(round(seconds * DIGITIZED_FS)) / DIGITIZED_FS
        known = np.isfinite(heights)
        if known.sum() < 2:
            return np.full(len(times), np.nan, dtype=np.float32)
        inked = np.flatnonzero(own.any(axis=1))
        self._reach[0] = min(self._reach[0], top + float(inked[0]))
        self._reach[1] = max(self._reach[1], top + float(inked[-1]) + 1)
        at = (begin + np.arange(len(heights)) + 0.5 - ends[0]) / across / MM_PER_S + self._late
        values = (pulse.baseline - top - heights) / down / pulse.gain
        found = np.interp(times, at[known], values[known])
        gone = np.interp(times, at, (~known).astype(float), left=0, right=0) > 0.5
        beyond = (times < at[known][0] - HELD_S) | (times > at[known][-1] + HELD_S)
        return np.where(gone | beyond, np.nan, found).astype(np.float32)


def _heights(cover: NDArray[np.float32], own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the middle of a trace in each column of pixels, in pixels from the top; NaN without ink."""
    edge = own.copy()
    edge[1:] |= own[:-1]
    edge[:-1] |= own[1:]
    thickness = own.sum(axis=0)
    pen = float(np.quantile(thickness[thickness > 0], 0.25)) if thickness.any() else 1.0
    return trace_heights(np.where(edge, cover, 0).astype(np.float32), pen)


def _bridged(heights: NDArray[np.float64], most: float) -> NDArray[np.float64]:
    """Return heights with the gaps bridged that are no longer than ``most`` columns of pixels."""
    known = np.isfinite(heights)
    if known.sum() < 2:
        return heights
    columns = np.arange(len(heights))
    places = columns[known]
    after = np.searchsorted(places, columns)
    inside = (after > 0) & (after < len(places))
    gap = np.full(len(heights), np.inf)
    gap[inside] = places[after[inside]] - places[after[inside] - 1] - 1
    joined = np.interp(columns, places, heights[known])
    return np.where(known | (gap <= most), joined, np.nan)


def _shown(values: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    share = float(np.isfinite(values).mean())
    if share < LEAST_SHOWN:
        raise DigitizeError(
            f"the trace of {name} was found over {share:.0%} of its length, {LEAST_SHOWN:.0%} is needed"
        )
    return values


def _einthoven(mv: NDArray[np.float32]) -> float:
    """Return by how many microvolts I + III - II varies; raises DigitizeError where that is no measuring error."""
    one, two, three = (mv[LEADS.index(name), : int(COLUMN_S * DIGITIZED_FS)] for name in ("I", "II", "III"))
    off, size = (float(np.nanstd(part)) * 1000 for part in (one + three - two, two))
    if off > max(EINTHOVEN_UV, EINTHOVEN_SHARE * size):
        raise DigitizeError(
            f"I + III is off II by {off:.0f} microvolts: the page has other leads, or they stand in another order"
        )
    return off


def _rhythm_lead(strip: NDArray[np.float32], mv: NDArray[np.float32]) -> str:
    """Return the lead that is most like a rhythm strip, each in its own column."""
    off = np.nanstd(strip - mv, axis=1)
    usual = min(RHYTHM_LEADS, key=lambda name: float(off[LEADS.index(name)]))
    likest = int(np.argmin(off))
    return LEADS[likest] if off[likest] < LIKER * off[LEADS.index(usual)] else usual
