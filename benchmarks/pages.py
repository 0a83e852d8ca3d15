"""How many pages cut a trace, cross a name or overlap? ``python benchmarks/pages.py [--data PTBXL_DIR]``."""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, Signal, open_dataset
from renderers import LEADS, RENDERERS, PageStyle, render, usual_px_per_mm
from renderers.grid import is_ink
from renderers.image import EcgImage
from renderers.ink import draw_lines
from renderers.label import inked, write_label
from renderers.layout import Layout
from renderers.leads import lead_layout
from renderers.original import pulse
from renderers.printed import printed_layout
from renderers.stacked import stacked_layout
from renderers.trace import on_page

COUNTED = ("cut", "held", "crossed", "overlapping")


@dataclass(frozen=True)
class Faults:
    """Pictures of one record with a fault, and their sizes.

    Attributes
    ----------
    cut, held : int
        Pictures that cut a trace, and that hold one taller than themselves at their edge.
    crossed : int
        Names of leads that stand on ink.
    overlapping : int
        Pictures on which a row reaches into the next.
    sizes : frozenset of (int, int)
        In pixels.
    """

    cut: int
    held: int
    crossed: int
    overlapping: int
    sizes: frozenset[tuple[int, int]]


def faults(signal: Signal, name: str, style: PageStyle) -> Faults:
    """Return the faults of a record's pictures.

    A trace is cut if ink lies on the border of the picture or a sample beyond it, and a name is crossed if there is ink
    of anything else within half a millimetre of it.
    """
    images = render(signal.mv, signal.fs, name, style)
    return Faults(
        cut=sum(_is_cut(image, signal) for image in images),
        held=sum(image.held_mm > 0 for image in images),
        crossed=sum(_crossed(layout, signal, of) for layout, of in _layouts(name, style)),
        overlapping=sum(image.overlap_mm > 0 for image in images),
        sizes=frozenset(image.size for image in images),
    )


def _is_cut(image: EcgImage, signal: Signal) -> bool:
    ink = is_ink(image.palette)[image.indices]
    if ink[0].any() or ink[-1].any() or ink[:, 0].any() or ink[:, -1].any():
        return True
    height = image.size[1] / image.px_per_mm
    for strip in image.strips:
        part = signal.mv[LEADS.index(strip.lead), round(strip.start_s * signal.fs) : round(strip.end_s * signal.fs)]
        y = strip.baseline_mm - part[np.isfinite(part)] * image.mm_per_mv
        if not image.held_mm and len(y) and (y.min() < 0 or y.max() > height):
            return True
    return False


def _layouts(name: str, style: PageStyle) -> Iterator[tuple[Layout, PageStyle]]:
    if name == "leads":
        yield from ((lead_layout(lead, style), style) for lead in LEADS)
    else:
        yield stacked_layout(style) if name == "stacked" else printed_layout(style), style


def _crossed(layout: Layout, signal: Signal, style: PageStyle) -> int:
    """Return how many names of a page stand on ink of a trace, a pulse or another name."""
    samples = [signal.mv[LEADS.index(strip.lead)] for strip in layout.strips]
    placed = on_page(layout, samples, signal.fs, style)
    px = style.px_per_mm
    ink: NDArray[np.uint8] = np.zeros((round(layout.height_mm * px), round(layout.width_mm * px)), dtype=np.uint8)
    draw_lines(ink, [*placed.lines, *(pulse(baseline, style) for baseline in placed.layout.pulses)], style)
    crossed = 0
    for strip, line in zip(placed.layout.strips, placed.lines, strict=True):
        before = ink.copy()
        crossed += inked(before, write_label(ink, strip, line, style), px) > 0
    return crossed


def _records(data: str, limit: int | None) -> Iterator[Record]:
    at_hand = (record for record in open_dataset(data) if record.rates)
    yield from (record for number, record in enumerate(at_hand) if limit is None or number < limit)


def main() -> None:
    """Print the table, and the records with a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="phantoms:1,66", help="PTB-XL's folder; 660 phantoms where none is named")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--px-per-mm", type=int, help="by default the usual one of each rendering")
    options = parser.parse_args()
    signals = {record.ecg_id: record.signal(500) for record in _records(options.data, options.limit)}
    print("| renderer | records | size in px | cut | held | names crossed | overlapping |" + "\n" + "|---" * 7 + "|")
    for name in RENDERERS:
        style = PageStyle(px_per_mm=options.px_per_mm or usual_px_per_mm(name))
        found = {ecg_id: faults(signal, name, style) for ecg_id, signal in signals.items()}
        sizes = Counter(size for one in found.values() for size in one.sizes)
        row = [", ".join(f"{width} x {height}" for width, height in sizes)]
        row += [str(sum(getattr(one, part) > 0 for one in found.values())) for part in COUNTED]
        print(f"| {name} | {len(found)} | " + " | ".join(row) + " |")
        for part in COUNTED[:3]:
            ids = [str(ecg_id) for ecg_id, one in found.items() if getattr(one, part)]
            if ids:
                print(f"\n{part} in {name}: {', '.join(ids)}\n")


if __name__ == "__main__":
    main()
