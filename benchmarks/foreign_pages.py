"""Pages that other programs drew: ``python benchmarks/foreign_pages.py FOLDER --data PTBXL_DIR``.

FOLDER holds ``foreign_pdf`` (NNNNN.pdf is record NNNNN of PTB-XL, 3 x 4) and ``edan`` (pages, and ``pages.csv`` with
the columns file, class and printed_rate). Of PDFs every sample is known: each column is compared where it fits best
within 20 ms, since no page prints when a column begins. Of EDAN's pages the rate is compared that the device printed,
and the digitizer reader's probability of a normal ECG tells the class ``normal`` from the others.

Both halves are told: by the SHA-256 of a file's name, even ones were looked at where a rule was changed, odd ones not.
"""

import argparse
import csv
import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset import open_dataset
from bench.score.area import area_and_influence, logit_interval
from bench.score.proportion import clopper_pearson
from readers.contract import Case
from readers.digitizer.geometry import DigitizeError
from readers.digitizer.page import page_leads
from readers.digitizer.page_file import picture_of
from readers.digitizer.reader import DigitizerReader, page_measurements
from renderers import PagePicture
from taxonomy.reading import SUPERCLASS

LAG, EDGE, WITHIN = 10, 40, 5.0
"""Samples by which a column may be late, samples at its ends that are not compared, and 1/min."""

HALVES = {"even (looked at)": 0, "odd (held out)": 1, "all": None}


@dataclass(frozen=True)
class Page:
    """What was read of a page: why it was refused, its rate, error in uV, probability of NORM, and the seconds it took.

    ``seconds`` are those of opening and digitizing it.
    """

    name: str
    refused: str = ""
    rate: float | None = None
    rms: float = float("nan")
    normal: float = float("nan")
    seconds: float = 0.0

    @property
    def half(self) -> int:
        """0 or 1."""
        return int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 2


def rms(mv: NDArray[np.float32], true: NDArray[np.float32]) -> float:
    """Return the error in microvolts over all that a page shows."""
    squares, count = 0.0, 0
    for lead in range(len(mv)):
        known = np.flatnonzero(np.isfinite(mv[lead]))
        for column in np.split(known, np.flatnonzero(np.diff(known) > 1) + 1):
            inner = column[EDGE:-EDGE]
            inner = inner[(inner >= LAG) & (inner < true.shape[1] - LAG)]
            errors = [mv[lead, inner] - true[lead, inner + lag] for lag in range(-LAG, LAG + 1)]
            squares += min(float((error**2).sum()) for error in errors)
            count += len(inner)
    return 1000 * float(np.sqrt(squares / count))


def read(path: Path, data: str | None) -> Page:
    """Read a page; ``data`` is where PTB-XL is for a page whose samples are compared."""
    begun = time.perf_counter()
    picture = picture_of(path)
    try:
        leads = page_leads(picture)
    except DigitizeError as error:
        return Page(path.name, str(error), seconds=time.perf_counter() - begun)
    seconds = time.perf_counter() - begun
    rate = page_measurements(leads.mv).heart_rate.value
    if data is not None:
        true = open_dataset(data).record(int(path.stem)).signal(500).mv
        return Page(path.name, rate=rate, rms=rms(leads.mv, true), seconds=seconds)
    (reading,) = _reader().read([Case("page", images=(PagePicture.of(picture),))])
    return Page(path.name, rate=rate, normal=reading.probabilities[SUPERCLASS]["NORM"], seconds=seconds)


@cache
def _reader() -> DigitizerReader:
    return DigitizerReader()


def share(count: int, n: int) -> str:
    """Return a share with its exact interval."""
    low, high = clopper_pearson(count, n)
    return f"{count} of {n}, {count / n:.3f} [{low:.3f}, {high:.3f}]"


def pdf_lines(pages: Sequence[Page]) -> list[str]:
    """Return the figures of pages whose samples are known."""
    done = [page for page in pages if not page.refused]
    low, median, high = np.quantile([page.rms for page in done], (0.25, 0.5, 0.75))
    return [
        f"read: {share(len(done), len(pages))}",
        f"RMS: median {median:.1f} uV, quartiles {low:.1f} and {high:.1f}, worst {max(page.rms for page in done):.1f}",
    ]


def is_near(page: Page, printed: float) -> bool:
    """Tell whether the rate of a page, as it would be printed, is near the printed one."""
    return page.rate is not None and abs(round(page.rate) - printed) <= WITHIN


def edan_lines(pages: Sequence[Page], classes: dict[str, str], printed: dict[str, float]) -> list[str]:
    """Return the figures of pages whose class and rate are known."""
    done = [page for page in pages if not page.refused]
    rated = [page for page in done if page.name in printed]
    near = [page for page in rated if is_near(page, printed[page.name])]
    truth = np.array([classes[page.name] == "normal" for page in done])
    area, influence = area_and_influence(truth, np.array([page.normal for page in done]), np.arange(len(done)))
    low, high = logit_interval(area, influence)
    return [
        f"read: {share(len(done), len(pages))}",
        f"rate within {WITHIN:g}/min of the printed one: {share(len(near), len(rated))}",
        f"AUROC normal against the rest: {area:.3f} [{low:.3f}, {high:.3f}], {truth.sum()} normal of {len(truth)}",
    ]


def main() -> None:
    """Print the figures of both halves and of all, and why pages were refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", required=True, help="PTB-XL's folder")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    with (options.folder / "edan" / "pages.csv").open(encoding="utf-8", newline="") as table:
        rows = {row["file"]: row for row in csv.DictReader(table)}
    classes = {name: row["class"] for name, row in rows.items()}
    printed = {name: float(row["printed_rate"]) for name, row in rows.items() if row["printed_rate"] not in {"", "nan"}}
    pdfs = sorted((options.folder / "foreign_pdf").glob("*.pdf"))
    scans = [options.folder / "edan" / name for name in sorted(rows)]
    with ProcessPoolExecutor(options.processes) as pool:
        of_pdfs = list(pool.map(partial(read, data=options.data), pdfs))
        of_scans = list(pool.map(partial(read, data=None), scans))
    for half, number in HALVES.items():
        for title, pages in (("vector PDFs", of_pdfs), ("EDAN", of_scans)):
            own = [page for page in pages if number is None or page.half == number]
            lines = pdf_lines(own) if pages is of_pdfs else edan_lines(own, classes, printed)
            seconds = np.median([page.seconds for page in own])
            print(f"\n{title}, {half}: {seconds:.1f} s a page\n  " + "\n  ".join(lines))
    print()
    for page in (*of_pdfs, *of_scans):
        if page.refused:
            print(f"refused: {page.name} (half {page.half}): {page.refused}")
        elif page.name in printed and not is_near(page, printed[page.name]):
            print(f"rate: {page.name} (half {page.half}): {page.rate}, printed {printed[page.name]:.0f}")


if __name__ == "__main__":
    main()
