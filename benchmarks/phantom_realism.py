"""How real are phantoms? ``python benchmarks/phantom_realism.py --data PTBXL_DIR [--each 60]``.

Prints, side by side, intervals and amplitudes of normal phantoms and of normal real records; for each statement how
well ``resnet1d`` tells its phantoms from normal and from other abnormal ones, with weights that were taught real
records only (``--weights``: the shipped ones were taught phantoms too); and how well a classifier tells phantoms from
real records. Folds 1 to 9 of the real records only.

    python -m bench train resnet1d --data PTBXL_DIR --config benchmarks/resnet1d_trials/before.toml --out real
    python benchmarks/phantom_realism.py --data PTBXL_DIR --weights real/weights.safetensors
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset import open_dataset
from bench.dataset.record import Signal
from measurements import measure
from phantoms.error import PhantomError
from phantoms.person import MEANS
from phantoms.population import RHYTHM_CODES, drawn, of_statements
from phantoms.simulator import Phantom
from readers.contract import Case
from readers.resnet1d.reader import Resnet1dReader
from taxonomy.ischemia import TERRITORY
from taxonomy.reading import Reading
from taxonomy.truth import Labels, truth

NUMBERS = ("heart_rate", "pr", "qrs", "qt", "qtc_bazett", "qrs_axis", "t_axis")
LEADS = {"R in V5": (10, np.max), "S in V1": (6, np.min), "S in V2": (7, np.min), "R in II": (1, np.max)}


def amplitudes(signal: Signal) -> dict[str, float]:
    """Return the extreme values of some leads over the record in mV, against their medians, and the noise."""
    mv = signal.mv.astype(np.float64)
    mv = mv - np.median(mv, axis=1, keepdims=True)
    step = max(1, round(signal.fs / 100))
    found = {name: float(np.median(_extremes(mv[lead], pick, signal.fs))) for name, (lead, pick) in LEADS.items()}
    spectrum = np.abs(np.fft.rfft(mv, axis=1)) ** 2 * 2 / mv.shape[1] ** 2
    hertz = np.fft.rfftfreq(mv.shape[1], 1 / signal.fs)
    slow = (hertz > 0) & (hertz < 0.45)
    found["wander, microvolts"] = float(1000 * np.sqrt(np.median(spectrum[:, slow].sum(axis=1))))
    if signal.fs >= 250:
        high = (hertz >= 60) & (hertz <= 120)
        found["60 to 120 Hz, microvolts"] = float(1000 * np.sqrt(np.median(spectrum[:, high].sum(axis=1))))
    return found | {"samples of a step": float(step)}


def _extremes(lead: NDArray[np.float64], pick: object, fs: float) -> list[float]:
    size = round(1.2 * fs)
    return [float(pick(lead[start : start + size])) for start in range(0, len(lead) - size, size)]  # type: ignore[operator]


def quantiles(rows: Sequence[dict[str, float]]) -> dict[str, str]:
    """Return the 5th, 50th and 95th percentile of each figure."""
    names = rows[0]
    table = {name: np.nanquantile([row.get(name, np.nan) for row in rows], [0.05, 0.5, 0.95]) for name in names}
    return {name: "/".join(f"{value:.4g}" for value in values) for name, values in table.items()}


def figures(signal: Signal) -> dict[str, float]:
    """Return all figures of one record."""
    numbers = measure(signal.mv, signal.fs)
    measured = {name: getattr(numbers, name).value for name in NUMBERS}
    return {name: np.nan if value is None else value for name, value in measured.items()} | amplitudes(signal)


def area(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the area under the ROC curve."""
    a, b = np.array(positive)[:, None], np.array(negative)[None]
    return float(np.mean((a > b) + 0.5 * (a == b)))


def phantoms_of(codes: Sequence[frozenset[str]], first: int) -> list[Phantom]:
    """Return one phantom for each set of statements."""
    return [of_statements(one, first + number).simulated() for number, one in enumerate(codes)]


def asked(reader: Resnet1dReader, phantoms: Sequence[Phantom]) -> list[Reading]:
    """Return what resnet1d reads of phantoms."""
    return list(reader.read(Case(str(k), p.mv, p.fs) for k, p in enumerate(phantoms)))


def with_rhythm(code: str) -> frozenset[str]:
    """Return a statement with a rhythm."""
    return frozenset({code}) | (frozenset() if code in RHYTHM_CODES else frozenset({"SR"}))


def recognised(reader: Resnet1dReader, each: int) -> None:
    """Print for every statement how well its phantoms are told from others."""
    normal = asked(reader, phantoms_of([frozenset({"NORM", "SR"})] * 2 * each, 10**6))
    others = [drawn(11, number, balanced=True) for number in range(4 * each)]
    other = asked(reader, [one.simulated() for one in others])
    print(f"normal phantoms called NORM: {np.mean([r.values['diagnosis'] == 'NORM' for r in normal]):.2f}")
    print("statement, value: AUROC against normal phantoms, against other abnormal ones; sensitivity")
    for place, code in enumerate(code for code in [*MEANS, *TERRITORY] if code not in {"NORM", "SR", "SBRAD", "STACH"}):
        codes = with_rhythm(code)
        found = asked(reader, phantoms_of([codes] * each, 10**7 + 10**4 * place))
        values = truth(Labels(dict.fromkeys(codes, 100.0))).values
        apart = [r for r, d in zip(other, others, strict=True) if code not in d.codes and "NORM" not in d.codes]
        for axis in ("rhythm", "conduction", "ischemia_territory", "other_findings", "diagnosis"):
            value = values[axis]
            for name in value if isinstance(value, frozenset) else [value]:
                if name in (None, "sinus", "none", "NORM"):
                    continue
                chances = [[r.probabilities[axis].get(name, 0.0) for r in rows] for rows in (found, normal, apart)]
                hit = np.mean([name in v if isinstance(v := r.values[axis], frozenset) else v == name for r in found])
                print(
                    f"{code:8} {axis:18} {name:24} {area(chances[0], chances[1]):.3f} "
                    f"{area(chances[0], chances[2]):.3f} {hit:.2f}"
                )


def alike(codes: frozenset[str] | None, number: int) -> Phantom:
    """Return a phantom with the statements of a real record; a normal one where they contradict one another."""
    try:
        return of_statements((codes or frozenset()) & {*MEANS, *TERRITORY}, number).simulated()
    except PhantomError:
        return of_statements(frozenset({"NORM", "SR"}), number).simulated()


def told_apart(real: Sequence[Signal], simulated: Sequence[Signal]) -> None:
    """Print how well figures of the record, and spectra, tell phantoms from real records (5-fold, forest)."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    x = np.array([list(figures(signal).values()) for signal in [*real, *simulated]])
    y = np.array([0] * len(real) + [1] * len(simulated))
    forest = RandomForestClassifier(400, random_state=0)
    scores = cross_val_score(forest, np.nan_to_num(x, nan=-999), y, cv=5, scoring="roc_auc")
    print(f"phantoms told from real records by their figures: AUROC {scores.mean():.3f} ({len(y)} records)")


def main(data: Path, weights: str, each: int) -> None:
    """Print everything."""
    dataset = open_dataset(data)
    records = [
        record
        for record in dataset
        if record.rates and record.fold != 10 and dataset.truth(record).values["normality"] == "normal"
    ]
    normal = [record.signal() for record in records]
    phantoms = [alike(dataset.truth(record).statements, number) for number, record in enumerate(records)]
    simulated = [Signal(phantom.mv, phantom.fs) for phantom in phantoms]
    print(f"{'':26}{'real NORM':>26}{'phantoms':>26}   ({len(normal)} each; percentiles 5/50/95)")
    real_table, phantom_table = (quantiles([figures(s) for s in rows]) for rows in (normal, simulated))
    for name, value in real_table.items():
        print(f"{name:26}{value:>26}{phantom_table[name]:>26}")
    told_apart(normal, simulated)
    if weights:
        recognised(Resnet1dReader(weights), each)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", default="", help="of resnet1d, taught real records only")
    parser.add_argument("--each", type=int, default=60, help="phantoms of each statement")
    chosen = parser.parse_args()
    main(chosen.data, chosen.weights, chosen.each)
