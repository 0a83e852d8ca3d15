"""What happens to paper: folds, pens, and a print that fades."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from renderers.degradation.colour import Pixels, darkened, inked, paper_colour

CELL_MM = 3.0
"""Side of the squares by which paper is bent."""

SHIFT_MM, REACH_MM = 0.5, 8.0
"""How far the paper beside a fold is drawn towards it, and the distance over which this falls to a third."""

SHADE = 0.3
"""Share of the light that is lost on the side of a fold that is turned from the lamp."""

FOLD_COLOUR = (105, 100, 96)
"""Of the line of a fold, in which dirt gathers."""

PENS = ((24, 28, 34), (28, 48, 140))
"""Black and blue ballpoint, one a page by lot."""

LETTER_MM = 3.2
"""Height of a small handwritten letter."""

DOT_MM = 0.25
"""Dots of a thermal print that fail together: two of a head of 8 dots a mm."""

LOST_DOTS, LOST_ROWS = 0.5, 0.15
"""Share of the dots, and of the elements of the head, that print nothing at a dose of 1."""


@dataclass(frozen=True)
class Fold:
    """A straight fold across a page: a point on it in mm, its normal, and on which side the light is lost."""

    x: float
    y: float
    normal: tuple[float, float]
    side: float

    def distance(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the distance of points in mm, negative on the other side."""
        return (x - self.x) * self.normal[0] + (y - self.y) * self.normal[1]

    def line(self, longest: float) -> NDArray[np.float64]:
        """Return the fold as a line in mm, float64 (2, 2)."""
        along = np.array([-self.normal[1], self.normal[0]]) * longest
        return np.array([self.x, self.y]) + np.stack([-along, along])


def crease(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Fold a page ``dose`` times, first across and down its middle, then anywhere, and lay it flat again.

    Each fold is a dark line with a shade on one side; beside it the paper is drawn in by up to 0.5 mm.
    """
    height, width = (length / px_per_mm for length in rgb.shape[:2])
    folds = list(_folds((width, height), round(dose), np.random.default_rng(seed)))
    x, y = np.linspace(0, width, max(2, round(width))), np.linspace(0, height, max(2, round(height)))
    light = np.ones((len(y), len(x)))
    for fold in folds:
        away = fold.distance(x, y[:, None]) * fold.side
        light *= 1 - SHADE * np.exp(-np.abs(away) / REACH_MM) * np.clip(0.5 + away, 0, 1)
    bent = _bent(rgb, folds, px_per_mm)
    lined = inked(bent, [fold.line(width + height) for fold in folds], FOLD_COLOUR, px_per_mm, pen_mm=0.3)
    return darkened(lined, light)


def _folds(size_mm: tuple[float, float], count: int, rng: np.random.Generator) -> Iterator[Fold]:
    width, height = size_mm
    for number in range(count):
        near = 0.08 if number < 2 else 0.45
        x, y = (length * (0.5 + rng.uniform(-near, near)) for length in (width, height))
        angle = number % 2 * np.pi / 2 + rng.normal(0, 0.03 if number < 2 else 0.5)
        yield Fold(x, y, (float(np.cos(angle)), float(np.sin(angle))), float(rng.choice([-1.0, 1.0])))


def _bent(rgb: Pixels, folds: list[Fold], px_per_mm: float) -> Pixels:
    """Return a page with the paper beside its folds drawn towards them."""
    from PIL import Image

    height, width = rgb.shape[:2]
    x, y = (np.unique(np.append(np.arange(0, n, CELL_MM * px_per_mm).astype(int), n)) for n in (width, height))
    from_x, from_y = np.meshgrid(x.astype(np.float64), y.astype(np.float64))
    for fold in folds:
        away = fold.distance(from_x / px_per_mm, from_y / px_per_mm)
        pull = SHIFT_MM * px_per_mm * np.sign(away) * np.exp(-np.abs(away) / REACH_MM)
        from_x, from_y = from_x + pull * fold.normal[0], from_y + pull * fold.normal[1]
    mesh = [
        (
            (int(x[k]), int(y[j]), int(x[k + 1]), int(y[j + 1])),
            tuple(v for at in ((j, k), (j + 1, k), (j + 1, k + 1), (j, k + 1)) for v in (from_x[at], from_y[at])),
        )
        for j in range(len(y) - 1)
        for k in range(len(x) - 1)
    ]
    page = Image.fromarray(rgb)
    bent = page.transform(
        (width, height), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR, fillcolor=paper_colour(rgb)
    )
    return np.asarray(bent)


def handwriting(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Write ``dose`` words over the margins and the traces of a page; every fifth is a ring around a part of it.

    The letters are loops of random height that spell nothing.
    """
    height, width = (length / px_per_mm for length in rgb.shape[:2])
    rng = np.random.default_rng(seed)
    pen = PENS[rng.integers(len(PENS))]
    return inked(rgb, [_written(number, (width, height), rng) for number in range(round(dose))], pen, px_per_mm)


def _written(number: int, size_mm: tuple[float, float], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a word or a ring as a line in mm, float64 (points, 2)."""
    x, y = (rng.uniform(0.06, 0.86) * length for length in size_mm)
    letters, tilt = int(rng.integers(4, 10)), rng.normal(0, 0.06)
    # As many draws for a ring as for a word, so that a longer text begins with the shorter one.
    heights = LETTER_MM * rng.choice([0.8, 1.0, 1.0, 1.2, 2.4, -1.2], 10)
    widths, loops = LETTER_MM * rng.uniform(0.7, 1.5, 10), rng.uniform(-0.1, 0.6, 10)
    if number % 5 == 4:
        turn = np.linspace(0, 2 * np.pi * 1.06, 80)
        return np.stack([x + 11 * np.cos(turn) + 0.6 * turn, y + 7 * np.sin(turn) - 0.4 * turn], axis=1)
    t = np.linspace(0, letters, 16 * letters)
    place = np.minimum(t.astype(int), letters - 1)
    starts = np.concatenate([[0.0], np.cumsum(widths)])
    loop = 2 * np.pi * (t - place)
    along = starts[place] + widths[place] * (t - place) + loops[place] * widths[place] * np.sin(loop)
    up = heights[place] * (1 - np.cos(loop)) / 2
    slanted = along + 0.25 * up
    return np.stack([x + slanted * np.cos(tilt) + up * np.sin(tilt), y + slanted * np.sin(tilt) - up], axis=1)


def faint(rgb: Pixels, dose: float, px_per_mm: float, seed: int) -> Pixels:
    """Let all that is printed lose the share ``dose`` of its contrast to the paper, as an old thermal print does.

    Half as large a share of its dots is lost altogether, and some elements of the head leave a line of none along the
    page; the dots of a smaller dose are among those of a greater one.
    """
    from PIL import Image

    rows, columns = (max(1, round(length / px_per_mm / DOT_MM)) for length in rgb.shape[:2])
    rng = np.random.default_rng(seed)
    lost = rng.random((rows, 1)) < LOST_ROWS * dose
    lost = lost | (rng.random((rows, columns)) < LOST_DOTS * dose)
    height, width = rgb.shape[:2]
    dots = np.asarray(Image.fromarray(lost).resize((width, height), Image.Resampling.NEAREST))
    paper = np.array(paper_colour(rgb), dtype=np.float32)
    levels = np.arange(256, dtype=np.float32)[:, None]
    faded = np.rint(levels + (paper - levels) * np.float32(dose)).astype(np.uint8)
    left = np.stack([faded[:, k][rgb[:, :, k]] for k in range(3)], axis=2)
    left[dots] = paper.astype(np.uint8)
    return left
