"""How exactly a trace is read back from pictures without a grid: black and white against antialiased.

Every lead stands alone in its picture (``leads``), so that no other trace crosses it. A peak is read by the upper edge
of the ink at the highest sample, less the pixel by which black ink is widened, any other column by the centroid of its
ink; the error is against the samples that the column covers. Columns that a lead's name touches are left out.

    python benchmarks/antialiasing.py --data ~/ptb-xl --split train --records 12
"""

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Signal, open_dataset
from renderers import EcgImage, PageStyle, render

Floats = NDArray[np.float64]

FLAT_UV = 20.0
"""A column is flat whose samples differ by no more."""

FOOT_MM = 5
"""Below the trace, where speed and gain are written."""

WAYS = ("leads", "leads-antialiased")


def ink(image: EcgImage) -> Floats:
    """Return how much of every pixel is ink, float64 array (height, width) of 0 to 1: NaN at names of leads."""
    share = image.indices / (len(image.palette) - 1)
    share[-FOOT_MM * image.px_per_mm :] = 0
    for left, right, top, bottom in image.names:
        share[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = np.nan
    return share


def errors(signal: Signal, way: str, px_per_mm: int) -> Iterator[tuple[str, float]]:
    """Yield the kind of every column that is read back, ``"peaks"``, ``"flat"`` or ``"all"``, and its error in uV."""
    for image, samples in zip(
        render(signal.mv, signal.fs, way, PageStyle(px_per_mm=px_per_mm)), signal.mv, strict=True
    ):
        (strip,), share = image.strips, ink(image)
        rows = np.arange(share.shape[0]) + 0.5
        per_column = signal.fs / (25 * px_per_mm)
        first = round(strip.x_mm * px_per_mm)

        def in_uv(row: float, baseline_mm: float = strip.baseline_mm) -> float:
            return (baseline_mm - row / px_per_mm) / 10 * 1000

        for column in range(first + 2, first + int(len(samples) / per_column) - 2):
            inked = share[:, column]
            if np.isnan(inked).any() or not inked.any():
                continue
            begin = (column - strip.x_mm * px_per_mm) * per_column
            covered = samples[max(0, round(begin)) : round(begin + per_column) + 1] * 1000
            read = in_uv(float((rows * inked).sum() / inked.sum()))
            yield "all", read - float(covered.mean())
            if np.ptp(covered) <= FLAT_UV:
                yield "flat", read - float(covered.mean())
        peak = int(np.argmax(samples[400:])) + 400
        column = round((strip.x_mm + peak / signal.fs * 25) * px_per_mm)
        window = share[:, column - 2 : column + 3]
        if not np.isnan(window).any():
            row = np.flatnonzero(window.any(axis=1))[0]
            widened = len(image.palette) == 2
            edge = row + 1 - (0.0 if widened else float(window[row].max()))
            yield "peaks", in_uv(edge + PageStyle().pen_mm / 2 * px_per_mm) - float(samples[peak]) * 1000


def main() -> None:
    """Print the root mean square of the errors in microvolts, black and white first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=12)
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    parser.add_argument("--split", default="train")
    parser.add_argument("--px-per-mm", type=int, nargs="+", default=[3, 4, 6, 8])
    options = parser.parse_args()
    cohort = open_dataset(options.data).cohort(options.split, limit=options.records)
    signals = [record.signal(500) for record in cohort]
    print(f"| RMS in microvolts, {len(signals)} records | {' | '.join(f'{px} px/mm' for px in options.px_per_mm)} |")
    print(f"|---|{'---|' * len(options.px_per_mm)}")
    found: dict[tuple[str, str, int], list[float]] = {}
    for way in WAYS:
        for px in options.px_per_mm:
            for signal in signals:
                for kind, error in errors(signal, way, px):
                    found.setdefault((kind, way, px), []).append(error)
    for kind in ("peaks", "flat", "all"):
        cells = [
            ", ".join(f"{np.sqrt(np.mean(np.square(found[kind, way, px]))):.1f}" for way in WAYS)
            for px in options.px_per_mm
        ]
        print(f"| {kind}, {len(found[kind, WAYS[0], options.px_per_mm[0]]):,} columns | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
