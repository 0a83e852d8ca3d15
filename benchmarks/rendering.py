"""How fast are the renderers compared with other ECG plotters? CPU time, one process, page to PNG bytes.

    python benchmarks/rendering.py [--records 8] [--data PTBXL_DIR]

Draws phantoms, or real records with ``--data``. Runs the peers that are installed (pip install pmecg==0.3
ecg_plot==0.2.8; ecg-image-kit is not packaged) and names the others. The floor is the least work of any renderer that
draws these polylines with Agg and encodes a palette page.
"""

import argparse
import io
import time
from collections.abc import Callable

import numpy as np

from bench.dataset import Signal, open_dataset
from renderers import LEADS, RENDERERS, PageStyle, render
from renderers.ink import draw_lines
from renderers.png import encode
from renderers.printed import printed_layout
from renderers.trace import polyline

STYLE = PageStyle(px_per_mm=8)
RECORDS = 21_799


def ours(signal: Signal) -> bytes:
    """Draw the printed page at 8 px/mm (2120 x 1600)."""
    return render(signal.mv, signal.fs, "printed", STYLE)[0].png()


def floor(signal: Signal) -> bytes:
    """Draw the same polylines on an empty canvas and encode it as a palette page."""
    layout = printed_layout(STYLE)
    ink = np.zeros((round(layout.height_mm * 8), round(layout.width_mm * 8)), dtype=np.uint8)
    lines = [polyline(strip, signal.mv[LEADS.index(strip.lead)], signal.fs, STYLE) for strip in layout.strips]
    draw_lines(ink, lines, STYLE)
    return encode(ink >> 4, np.repeat(np.arange(48, dtype=np.uint8)[:, None], 3, axis=1))


def matplotlib_figure(signal: Signal) -> bytes:
    """Draw the page as most code does: a new figure with major and minor grid lines."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MultipleLocator

    figure, axes = plt.subplots(figsize=(10.6, 8.0), dpi=200)
    for strip in printed_layout(STYLE).strips:
        line = polyline(strip, signal.mv[LEADS.index(strip.lead)], signal.fs, STYLE)
        axes.plot(line[:, 0], -line[:, 1], color="black", linewidth=0.9)
        axes.text(strip.x_mm + 1, -strip.baseline_mm + 6, strip.lead)
    axes.set_xlim(0, 265)
    axes.set_ylim(-200, 0)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(5))
        axis.set_minor_locator(MultipleLocator(1))
    axes.grid(which="major", color="#ee9696", linewidth=0.6)
    axes.grid(which="minor", color="#fad0d0", linewidth=0.3)
    axes.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
    return _saved(figure)


def pmecg_page(signal: Signal) -> bytes:
    """Draw the record with pmecg's defaults."""
    import pandas as pd
    from pmecg import ECGPlotter

    frame = pd.DataFrame(signal.mv.T.astype(float), columns=list(LEADS))
    return _saved(ECGPlotter().plot(frame, sampling_frequency=int(signal.fs)))


def ecg_plot_page(signal: Signal) -> bytes:
    """Draw the record with ecg_plot's 3 x 4 layout."""
    import ecg_plot
    import matplotlib.pyplot as plt

    ecg_plot.plot(signal.mv, sample_rate=int(signal.fs), columns=4)
    return _saved(plt.gcf())


def _saved(figure: object) -> bytes:
    import matplotlib.pyplot as plt

    out = io.BytesIO()
    figure.savefig(out, dpi=200)  # type: ignore[attr-defined]  # a figure of any peer
    plt.close("all")
    return out.getvalue()


def milliseconds(draw: Callable[[Signal], bytes], signals: list[Signal]) -> float:
    """Return the median CPU time of a record."""
    draw(signals[0])
    times = []
    for signal in signals:
        start = time.process_time()
        draw(signal)
        times.append(time.process_time() - start)
    return 1000 * float(np.median(times))


def main() -> None:
    """Print the table of peers and ratios, then the time of all four renderers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=8)
    parser.add_argument("--data", default="phantoms:1", help="PTB-XL's folder; phantoms where none is named")
    options = parser.parse_args()
    signals = [record.signal(500) for record in open_dataset(options.data).cohort(limit=options.records)]
    own = milliseconds(ours, signals)
    print("| way | CPU ms a page | times ours | goal |\n|---|---|---|---|")
    print(f"| ours, printed, 8 px/mm | {own:.1f} | 1.0 | |")
    low = milliseconds(floor, signals)
    print(f"| floor: polylines by Agg, palette encode | {low:.1f} | 1/{own / low:.1f} | at most 1/4 (2.5 with isal) |")
    peers = {"matplotlib figure, minor grid": (matplotlib_figure, 40), "pmecg": (pmecg_page, 10)}
    for name, (draw, goal) in (peers | {"ecg_plot": (ecg_plot_page, 0)}).items():
        try:
            taken = milliseconds(draw, signals[:3])
        except ImportError as error:
            print(f"| {name} | not installed ({error.name}) | | |")
            continue
        print(f"| {name} | {taken:.0f} | {taken / own:.0f} | {f'at least {goal}' if goal else ''} |")
    print("\n| rendering at 6 px/mm | CPU ms a record |\n|---|---|")
    total = 0.0
    for name in RENDERERS:
        taken = milliseconds(lambda s, name=name: b"".join(i.png() for i in render(s.mv, s.fs, name)), signals)  # type: ignore[misc]
        total += taken
        print(f"| {name} | {taken:.1f} |")
    print(f"| all four | {total:.1f}: {RECORDS * total / 1000 / 3600 / 2:.2f} h for {RECORDS:,} records on two cores |")


if __name__ == "__main__":
    main()
