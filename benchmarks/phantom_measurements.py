"""Measurements against exact truth: ``python benchmarks/phantom_measurements.py [--each 40]``.

Prints bias and spread of rate, PR, QRS, QT and QRS axis by finding and by noise, against the true intervals by each
definition (``phantoms/visible.py``): the dipole's own first and last movement (support), what moves any lead by more
than 20 microvolts, and the tangent's end of T. ``--summary`` prints the table of docs/phantoms.md instead.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from measurements import VERSION, Measurements, measure
from phantoms.physiology import Noise
from phantoms.population import Draw, of_statements
from phantoms.simulator import Phantom
from phantoms.visible import Visible, visible

WIDE = ("CLBBB", "CRBBB", "IRBBB", "LAFB", "WPW")
WITHOUT_SINUS = {"AFIB", "AFLT", "PACE"}
FINDINGS = ("NORM", *WIDE, "1AVB", "LVH", "IMI", "LNGQT", "PVC", "AFIB", "AFLT", "PACE")
NOISES = {"silent": Noise(0, 0, 0, respiration=0), "usual": Noise(), "noisy": Noise(0.06, 0.025, 0.01)}
UNMEASURED, INVENTED = "no PR where there is one", "a PR where there is none"
SUMMARY = ("pr, 20 microvolts", "qrs, 20 microvolts", "qrs, support", "qt, 20 microvolts", "qt, tangent")

Row = dict[str, float]


def compared(draw: Draw, phantom: Phantom, numbers: Measurements, true: Visible) -> Row:
    """Return measured minus true of one phantom; NaN where there is nothing to measure."""
    found = {name: getattr(numbers, name).value for name in ("heart_rate", "pr", "qrs", "qt", "qrs_axis")}
    rows = {"heart_rate": _difference(found["heart_rate"], phantom.rate)}
    for name in ("pr", "qrs", "qt"):
        rows[f"{name}, support"] = _difference(found[name], getattr(true.support, name))
        rows[f"{name}, 20 microvolts"] = _difference(found[name], getattr(true.threshold, name))
    rows["qt, tangent"] = _difference(found["qt"], true.tangent.qt)
    angle = _difference(found["qrs_axis"], None if draw.heart.rhythm == "paced" else draw.heart.axis)
    rows["qrs_axis"] = (angle + 180) % 360 - 180
    rows[UNMEASURED] = float(draw.heart.pr is not None and found["pr"] is None)
    rows[INVENTED] = float(draw.heart.pr is None and found["pr"] is not None)
    return rows


def _difference(found: float | None, true: float | None) -> float:
    return float("nan") if found is None or true is None else found - true


def rows_of(code: str, noise: Noise, each: int) -> list[Row]:
    """Return the differences of phantoms of one statement."""
    rows = []
    for seed in range(each):
        draw = of_statements(frozenset({code} | (set() if code in WITHOUT_SINUS else {"SR"})), seed)
        draw = replace(draw, heart=replace(draw.heart, noise=noise))
        phantom = draw.simulated()
        rows.append(compared(draw, phantom, measure(phantom.mv, phantom.fs), visible(phantom, seed)))
    return rows


def spread(rows: Sequence[Row], key: str, form: str) -> str:
    """Return median [5%, 95%] of one difference; a dash where there is none."""
    values = np.array([row[key] for row in rows])
    if not np.isfinite(values).any():
        return "-"
    low, middle, high = np.nanquantile(values, [0.05, 0.5, 0.95])
    return f"{middle:{form}} [{low:{form}}, {high:{form}}]"


def print_all(each: int) -> None:
    """Print every difference by noise and finding."""
    for name, noise in NOISES.items():
        print(f"\nnoise: {name}; measured minus true, median [5%, 95%] of {each} phantoms; measurements {VERSION}")
        for code in FINDINGS:
            rows = rows_of(code, noise, each)
            print(f"  {code}")
            for key in rows[0]:
                if key in (UNMEASURED, INVENTED):
                    share = np.mean([row[key] for row in rows])
                    print(f"    {key:26} {share:.0%}" if share else "", end="\n" if share else "")
                elif (said := spread(rows, key, "+.1f")) != "-":
                    print(f"    {key:26} {said}")


def print_summary(each: int) -> None:
    """Print one row for each finding, at the usual noise and then with much noise."""
    print(f"measurements {VERSION}, {each} phantoms each\n\n| | noise | {' | '.join(SUMMARY)} | with PR |")
    print("|" + "---|" * (len(SUMMARY) + 3))
    for code in FINDINGS:
        for noise in ("usual", "noisy"):
            rows = rows_of(code, NOISES[noise], each)
            lacks, invented = (np.mean([row[key] for row in rows]) for key in (UNMEASURED, INVENTED))
            given = invented if code in WITHOUT_SINUS else 1 - lacks
            print(f"| {code} | {noise} | {' | '.join(spread(rows, key, '+.0f') for key in SUMMARY)} | {given:.0%} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=40, help="phantoms of each finding")
    parser.add_argument("--summary", action="store_true", help="one row for each finding")
    options = parser.parse_args()
    (print_summary if options.summary else print_all)(options.each)
