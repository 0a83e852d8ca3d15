"""What of its pictures moved an answer, token by token, and the leads and times that the tokens cover."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from renderers.image import Drawing, Strip
from renderers.style import LEADS

REACH_MV = 1.0
"""How far above and below its baseline the paper belongs to a trace where the trace itself does not go further; halfway
to the next baseline at most."""

PEN_MM = 0.2
"""Half the width of a drawn trace."""

BINS = 2
"""Columns of the page for one sample of a map."""

WHOLE_PAGE = 0.9
"""Share of a picture from which a view is one of all of it."""

RECORD_S = 10.0
"""Length of a map where nothing else is said."""


@dataclass(frozen=True)
class TokenSize:
    """What one image token covers on paper: seconds, millivolts, and whether its view is of a whole picture."""

    seconds: float
    millivolts: float
    is_of_whole: bool

    def is_like(self, other: "TokenSize") -> bool:
        """Tell whether another token covers as much, but for a hundredth, in a view of the same kind."""
        pairs = ((self.seconds, other.seconds), (self.millivolts, other.millivolts))
        return self.is_of_whole == other.is_of_whole and all(abs(a - b) <= 0.01 * b for a, b in pairs)

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s x {self.millivolts:.2f} mV"


@dataclass(frozen=True, eq=False)
class TokenGrid:
    """The image tokens of one view: of a whole picture, or of a part of it.

    Attributes
    ----------
    picture : int
        Which of the case's pictures.
    x_mm, y_mm : float64 array (columns + 1,), (rows + 1,)
        Edges of the tokens on paper; outside the picture where a model pads it.
    relevance : float32 array (rows, columns)
        Of each token, above 0 where it speaks for the answer.
    """

    picture: int
    x_mm: NDArray[np.float64]
    y_mm: NDArray[np.float64]
    relevance: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PageMap:
    """Relevance by lead and time.

    Attributes
    ----------
    relevance : float32 array (12, n_samples)
        The sum of a token's is what it has of the answer.
    fs : float
        Samples per second.
    shown : bool array (12, n_samples)
        What of the leads stands on the pictures under a token; the map is 0 elsewhere.
    off_trace : float
        Share of the pictures' relevance (in size) in tokens, or parts of them, that cover no trace: margins, and paper
        between rows. It is in no sample of the map.
    unseen : float
        Share of the traces on the pictures that no token covers, such as the ends of a page whose middle a model takes.
    token : str
        What one token covers, and what lies in pictures of examples (:attr:`PageRelevance.note`).
    """

    relevance: NDArray[np.float32]
    fs: float
    shown: NDArray[np.bool_]
    off_trace: float
    unseen: float
    token: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What to print below the map: how fine it can be, and what it leaves out."""
        said = [f"{self.token}; {100 * self.off_trace:.0f}% of the relevance is on paper without a trace"]
        if self.unseen:
            said.append(f"{100 * self.unseen:.0f}% of the traces on the page are not seen by the model")
        return tuple(said)


@dataclass(frozen=True, eq=False)
class PageRelevance:
    """What of its pictures moved an answer.

    Attributes
    ----------
    score : float
        What was explained: the log-odds of the value against all others. 0 where nothing was asked.
    grids : tuple of TokenGrid
        Of every view of the case's pictures.
    pictures : tuple of Drawing
        The pictures; for each its size in pixels is in ``sizes``.
    sizes : tuple of (int, int)
    in_examples : float
        Share of all relevance (in size) that lies in the pictures of worked examples.
    """

    score: float
    grids: tuple[TokenGrid, ...]
    pictures: tuple[Drawing, ...]
    sizes: tuple[tuple[int, int], ...]
    in_examples: float = 0.0

    @cached_property
    def token_sizes(self) -> tuple[TokenSize, ...]:
        """What one token covers in each kind of view, the finest first; sizes that differ by rounding are one."""
        found: list[TokenSize] = []
        for grid in self.grids:
            size = self._size(grid)
            if not any(size.is_like(other) for other in found):
                found.append(size)
        return tuple(sorted(found, key=lambda size: (size.seconds * size.millivolts, size.is_of_whole)))

    @property
    def note(self) -> str:
        """What to print on a map: how much paper one token covers in each view."""
        finest, *others = self.token_sizes
        said = [f"one image token covers {finest}"]
        said += [f"{size} where the page is seen {'as a whole' if size.is_of_whole else 'in part'}" for size in others]
        if self.in_examples:
            said.append(f"{100 * self.in_examples:.0f}% of the relevance is in the pictures of examples")
        return "; ".join(said)

    def map(
        self, fs: float = 100.0, seconds: float = RECORD_S, signal: NDArray[np.float32] | None = None, rate: float = 0.0
    ) -> PageMap:
        """Return the relevance by lead and time.

        What a token has is spread evenly over its width. What falls on a column of the page belongs to the traces that
        the token reaches there, shared by how much of its height each has; where it reaches none, to no trace.

        Parameters
        ----------
        fs : float
            Rate of the map in Hz.
        seconds : float
            Its length.
        signal : float32 array (12, n) in mV, optional
            The record that was drawn: paper that its traces cover is theirs, however far from the baseline.
        rate : float
            Of the signal, in Hz.
        """
        samples = round(seconds * fs)
        out, seen = np.zeros((len(LEADS), samples)), np.zeros((len(LEADS), samples), dtype=np.bool_)
        shown = np.zeros_like(seen)
        off = 0.0
        for number, drawing in enumerate(self.pictures):
            page = _Page.of(drawing, self.sizes[number], fs, samples, _excursions(signal, rate, fs, samples))
            shown |= page.shown
            for grid in self.grids:
                if grid.picture == number:
                    off += page.spread(grid, out, seen)
        size = sum(float(np.abs(grid.relevance).sum(dtype=np.float64)) for grid in self.grids)
        seen &= shown
        return PageMap(
            out.astype(np.float32),
            fs,
            seen,
            max(0.0, off / size) if size > 0 else 0.0,
            float((shown & ~seen).sum() / max(1, shown.sum())),
            self.note,
        )

    def _size(self, grid: TokenGrid) -> TokenSize:
        drawing = self.pictures[grid.picture]
        width, height = (edge / drawing.px_per_mm for edge in self.sizes[grid.picture])
        across, down = (float(np.median(np.diff(edges))) for edges in (grid.x_mm, grid.y_mm))
        covers = (min(width, grid.x_mm[-1]) - max(0.0, grid.x_mm[0])) / width
        covers *= (min(height, grid.y_mm[-1]) - max(0.0, grid.y_mm[0])) / height
        return TokenSize(across / drawing.mm_per_s, down / drawing.mm_per_mv, bool(covers >= WHOLE_PAGE))


@dataclass(frozen=True, eq=False)
class _Page:
    """The traces of a picture in columns, :data:`BINS` for each sample of a map.

    Attributes
    ----------
    edges : float64 array (columns + 1,) in mm
    strips : tuple of (int, int array (columns,), float64 array (2, columns))
        The row of a strip's lead, the sample in each column (-1 where there is none), and where the paper that is the
        trace's begins and ends from above, in mm.
    shown : bool array (12, n_samples)
    """

    edges: NDArray[np.float64]
    strips: tuple[tuple[int, NDArray[np.int64], NDArray[np.float64]], ...]
    shown: NDArray[np.bool_]

    @classmethod
    def of(
        cls, drawing: Drawing, size: tuple[int, int], fs: float, samples: int, reached: NDArray[np.float64] | None
    ) -> "_Page":
        """Return the page; ``reached`` is the highest and lowest mV of each sample (2, 12, n_samples), NaN in gaps."""
        step = drawing.mm_per_s / fs / BINS
        edges: NDArray[np.float64] = np.arange(int(np.ceil(size[0] / drawing.px_per_mm / step)) + 1) * np.float64(step)
        middles, strips = (edges[1:] + edges[:-1]) / 2, []
        shown = np.zeros((len(LEADS), samples), dtype=np.bool_)
        for strip in drawing.strips:
            time = strip.start_s + (middles - strip.x_mm) / drawing.mm_per_s
            place = np.floor(time * fs).astype(np.int64)
            inside = (time >= strip.start_s) & (time < strip.end_s) & (place >= 0) & (place < samples)
            place = np.where(inside, place, -1)
            row = LEADS.index(strip.lead)
            shown[row, place[inside]] = True
            strips.append((row, place, _band(strip, drawing, place, None if reached is None else reached[:, row])))
        return cls(edges, tuple(strips), shown)

    def spread(self, grid: TokenGrid, out: NDArray[np.float64], seen: NDArray[np.bool_]) -> float:
        """Add a view's relevance to a map, mark what its tokens cover, and return how much covers no trace."""
        across = _overlap(grid.x_mm, self.edges[:-1], self.edges[1:]) / np.diff(grid.x_mm)[:, None]
        each = grid.relevance.astype(np.float64) @ across
        parts = [np.where(place >= 0, _overlap(grid.y_mm, *band), 0) for _, place, band in self.strips]
        whole = np.sum(parts, axis=0) if parts else np.zeros_like(each)
        share = np.divide(each, whole, out=np.zeros_like(each), where=whole > 0)
        reached = across.sum(axis=0) > 0
        for (row, place, _), part in zip(self.strips, parts, strict=True):
            inside = place >= 0
            np.add.at(out[row], place[inside], (share * part).sum(axis=0)[inside])
            seen[row, place[inside & reached & (part.sum(axis=0) > 0)]] = True
        sizes = np.abs(grid.relevance.astype(np.float64))
        return float(sizes.sum() - (sizes @ across)[whole > 0].sum())


def _overlap(edges: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much each interval between edges shares with others, (n_edges - 1, n_others)."""
    found = np.minimum(edges[1:, None], high) - np.maximum(edges[:-1, None], low)
    shared: NDArray[np.float64] = np.maximum(found, 0)
    return shared


def _band(
    strip: Strip, drawing: Drawing, place: NDArray[np.int64], reached: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return where the paper of a trace begins and ends in each column, float64 (2, columns) in mm from above."""
    reach = REACH_MV * drawing.mm_per_mv
    above, below = _room(strip, drawing.strips)
    band = np.empty((2, len(place)))
    band[0], band[1] = strip.baseline_mm - min(reach, above), strip.baseline_mm + min(reach, below)
    if reached is not None:
        inside = place >= 0
        for side, extreme, further in ((0, reached[0], np.fmin), (1, reached[1], np.fmax)):
            ink = strip.baseline_mm - extreme[place[inside]] * drawing.mm_per_mv + PEN_MM * (2 * side - 1)
            band[side, inside] = further(band[side, inside], ink)
    return band


def _room(strip: Strip, strips: Sequence[Strip]) -> tuple[float, float]:
    """Return half the distance to the next baseline above and below, infinite where there is none."""
    others = [other.baseline_mm - strip.baseline_mm for other in strips]
    above = min((-gap for gap in others if gap < 0), default=np.inf)
    below = min((gap for gap in others if gap > 0), default=np.inf)
    return above / 2, below / 2


def _excursions(signal: NDArray[np.float32] | None, rate: float, fs: float, samples: int) -> NDArray[np.float64] | None:
    """Return the highest and lowest value within each sample of a map, float64 (2, 12, samples), NaN where none is."""
    if signal is None:
        return None
    place = np.floor(np.arange(signal.shape[1]) * fs / rate + 1e-9).astype(np.int64)
    out = np.full((2, len(LEADS), samples), np.nan)
    for number in (0, 1):
        # The line to the next sample is drawn too.
        shifted = np.concatenate([signal[:, number:], signal[:, -1:].repeat(number, axis=1)], axis=1)
        kept = place < samples
        for row in range(len(LEADS)):
            np.fmax.at(out[0, row], place[kept], shifted[row, kept].astype(np.float64))
            np.fmin.at(out[1, row], place[kept], shifted[row, kept].astype(np.float64))
    return out
