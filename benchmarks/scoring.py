"""Time and memory of scoring: 21,799 synthetic readings, 2,000 bootstrap draws.

    python benchmarks/scoring.py

Labels and readings are random, with PTB-XL's number of records and patients, so the score itself means nothing.
"""

import resource
import time

import numpy as np

from bench.score import ScoredCase, ScoreSettings, score
from readers.majority import majority_values
from taxonomy.axis import AXES
from taxonomy.reading import Reading
from taxonomy.statement import SUPERCLASSES, statements
from taxonomy.truth import HEART_AXIS, Labels, truth

RECORDS, PATIENTS = 21_799, 18_869


def cases() -> list[ScoredCase]:
    """Return synthetic cases with values and probabilities on every axis."""
    rng = np.random.default_rng(0)
    codes, axes = list(statements()), list(HEART_AXIS)
    made = []
    for ecg_id in range(RECORDS):
        labels = Labels(dict.fromkeys(rng.choice(codes, 3).tolist(), 100.0), axes[rng.integers(len(axes))])
        chances = {axis.name: _chances(rng, axis.values) for axis in AXES if not axis.is_set}
        values = {name: max(chance, key=lambda value, chance=chance: chance[value]) for name, chance in chances.items()}  # type: ignore[misc]
        values["other_findings"] = frozenset(rng.choice(AXES[6].values, 2).tolist())  # type: ignore[assignment]
        probabilities = chances | {"superclass": dict(zip(SUPERCLASSES, rng.random(5).tolist(), strict=True))}
        reading = Reading(values=values, probabilities=probabilities)
        made.append(
            ScoredCase(
                ecg_id=ecg_id,
                patient_id=int(rng.integers(PATIENTS)),
                sex="male" if ecg_id % 2 else "female",
                age=float(rng.integers(18, 90)),
                truth=truth(labels, float(rng.normal(75, 20)), 30.0),
                reading=reading,
            )
        )
    return made


def _chances(rng: np.random.Generator, values: tuple[str, ...]) -> dict[str, float]:
    return dict(zip(values, rng.dirichlet(np.ones(len(values))).tolist(), strict=True))


def main() -> None:
    """Print seconds and peak memory."""
    made = cases()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.perf_counter()
    score(made, majority_values(), ScoreSettings(draws=2000))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("| figure | value | goal |\n|---|---|---|")
    print(f"| scoring {RECORDS:,} readings, 2,000 draws | {seconds:.2f} s | under 5 s |")
    print(f"| peak memory of the process | {peak:.0f} MB ({before:.0f} MB before scoring) | under 1 GB |")


if __name__ == "__main__":
    main()
