"""Measurements against exact truth: ``python benchmarks/phantom_measurements.py [--each 40]``.

Prints bias and spread of rate, PR, QRS, QT and QRS axis by finding and by noise. QRS and QT have two truths: the
dipole's own first and last movement (support), and the first and last instant at which any lead stands more than 20
microvolts off its isoelectric line, drawn without noise; which is compared is named.
"""

import argparse
from dataclasses import replace

import numpy as np

from measurements import Measurements, measure
from phantoms.physiology import Noise
from phantoms.population import Draw, of_statements
from phantoms.simulator import Phantom, simulate

SILENT = Noise(0, 0, 0, respiration=0)
WIDE = ("CLBBB", "CRBBB", "IRBBB", "LAFB", "WPW")
FINDINGS = ("NORM", *WIDE, "1AVB", "LVH", "IMI", "LNGQT", "PVC", "AFIB", "AFLT", "PACE")
NOISES = {"silent": SILENT, "usual": Noise(), "noisy": Noise(0.06, 0.025, 0.01)}
VISIBLE_MV = 0.020


def visible(draw: Draw) -> tuple[float, float]:
    """Return QRS duration and QT in ms by the 20-microvolt definition, on the first whole beat without noise.

    P, f and flutter waves are silenced by their own absence: the heart beats in third-degree block, so that no P wave
    stands before the beat that is looked at.
    """
    phantom = simulate(replace(draw.heart, noise=SILENT), draw.seed, fs=1000.0)
    place = next(k for k, qrs in enumerate(phantom.qrs) if qrs.onset > 1.0)
    qrs, t = phantom.qrs[place], phantom.t[place]
    level = phantom.mv[:, round(qrs.onset * 1000) - 1][:, None]
    moved = np.abs(phantom.mv - level).max(axis=0) > VISIBLE_MV
    first = round(qrs.onset * 1000) + int(np.argmax(moved[round(qrs.onset * 1000) :]))
    end = round(t.offset * 1000)
    last = end - int(np.argmax(moved[:end][::-1]))
    steep = np.abs(np.gradient(phantom.mv, axis=1)).max(axis=0)
    finish = round(qrs.offset * 1000)
    still = finish - int(np.argmax(steep[:finish][::-1] > 0.004))
    return float(still - first), float(last - first)


def compared(draw: Draw, phantom: Phantom, numbers: Measurements) -> dict[str, float]:
    """Return measured minus true of one phantom; NaN where there is nothing to measure."""
    heart = draw.heart
    qrs, qt = visible(draw)
    support = 1000 * (phantom.qrs[1].offset - phantom.qrs[1].onset)
    true = {"heart_rate": phantom.rate, "pr": heart.pr, "qrs_axis": heart.axis if heart.rhythm != "paced" else None}
    found = {name: getattr(numbers, name).value for name in ("heart_rate", "pr", "qrs", "qt", "qrs_axis")}
    rows = {name: _difference(found[name], true[name]) for name in ("heart_rate", "pr")}
    rows["qrs, support"] = _difference(found["qrs"], support)
    rows["qrs, 20 microvolts"] = _difference(found["qrs"], qrs)
    rows["qt, support"] = _difference(found["qt"], 1000 * (phantom.t[1].offset - phantom.qrs[1].onset))
    rows["qt, 20 microvolts"] = _difference(found["qt"], qt)
    angle = _difference(found["qrs_axis"], true["qrs_axis"])
    rows["qrs_axis"] = (angle + 180) % 360 - 180
    rows["a PR where there is none"] = float(heart.pr is None and found["pr"] is not None)
    return rows


def _difference(found: float | None, true: float | None) -> float:
    return float("nan") if found is None or true is None else found - true


def main(each: int) -> None:
    """Print the tables."""
    for name, noise in NOISES.items():
        print(f"\nnoise: {name}; measured minus true, median [5%, 95%] of {each} phantoms")
        for code in FINDINGS:
            rhythm = set() if code in {"AFIB", "AFLT", "PACE"} else {"SR"}
            rows = []
            for seed in range(each):
                draw = of_statements(frozenset({code} | rhythm), seed)
                draw = replace(draw, heart=replace(draw.heart, noise=noise))
                phantom = draw.simulated()
                rows.append(compared(draw, phantom, measure(phantom.mv, phantom.fs)))
            print(f"  {code}")
            for key in rows[0]:
                values = np.array([row[key] for row in rows])
                if key.startswith("a PR"):
                    if values.any():
                        print(f"    {key:22} {values.mean():.0%}")
                elif np.isfinite(values).any():
                    low, middle, high = np.nanquantile(values, [0.05, 0.5, 0.95])
                    print(f"    {key:22} {middle:+7.1f} [{low:+.1f}, {high:+.1f}]")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=40)
    main(parser.parse_args().each)
