"""Accuracy of the digitizer by renderer and resolution: ``python benchmarks/digitizer.py [--data PTBXL_DIR]``.

Of phantoms the exact samples are known; muscle noise, which changes within a column of pixels, is part of the error.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, open_dataset
from readers.digitizer.digitizing import digitize
from readers.digitizer.geometry import DigitizeError
from renderers import RENDERERS, PageStyle, render
from renderers.registry import ANTIALIASED_RENDERERS

FLAT_MV_PER_S = 1.0
ENDS = slice(10, -10)


def errors(record: Record, name: str, px_per_mm: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the error in microvolts of every visible sample (NaN elsewhere), and which samples are flat."""
    signal = record.signal(500)
    pictures = [image.rgb() for image in render(signal.mv, signal.fs, name, PageStyle(px_per_mm=px_per_mm))]
    error = (digitize(pictures).mv - signal.mv[:, :5000])[:, ENDS] * 1000
    steep = np.abs(np.gradient(signal.mv[:, :5000], 1 / 500, axis=1))[:, ENDS]
    return error, steep < FLAT_MV_PER_S


def line(records: Sequence[Record], name: str, px_per_mm: int) -> str:
    """Return one row of the table."""
    squares, flat, refused = [], [], 0
    for record in records:
        try:
            error, level = errors(record, name, px_per_mm)
        except DigitizeError:
            refused += 1
            continue
        squares.append(float(np.nanmean(error**2)))
        flat.append(float(np.nanmean(error[level] ** 2)))
    mean, median, level_rms = np.sqrt([np.mean(squares), np.median(squares), np.mean(flat)])
    figures = (f"{mean:.1f}", f"{median:.1f}", f"{np.sqrt(max(squares)):.0f}", f"{level_rms:.1f}", str(refused))
    return f"| {name} | {px_per_mm} | " + " | ".join(figures) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=66, help="of the test split")
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    parser.add_argument("--px-per-mm", type=int, nargs="+", default=[4, 6, 8, 10])
    options = parser.parse_args()
    records = open_dataset(options.data).cohort(limit=options.records)
    headings = ("renderer", "px/mm", "RMS", "median record", "worst record", "flat parts", "refused")
    print("| " + " | ".join(headings) + " |\n" + "|---" * len(headings) + "|")
    for name in (*RENDERERS, *ANTIALIASED_RENDERERS):
        for px_per_mm in options.px_per_mm:
            print(line(records, name, px_per_mm), flush=True)


if __name__ == "__main__":
    main()
