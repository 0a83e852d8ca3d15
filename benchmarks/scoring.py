"""Time and memory of scoring, 2,000 bootstrap draws and 10,000 shuffles: a test fold, and all of PTB-XL.

    python benchmarks/scoring.py

Labels and readings are random, with PTB-XL's numbers of records and patients, so the scores themselves mean nothing.
"""

import resource
import time

import numpy as np

from bench.score import ScoredCase, ScoreSettings, score
from readers.majority import majority_values
from taxonomy.axis import AXES
from taxonomy.reading import Reading
from taxonomy.statement import SUPERCLASSES, statements
from taxonomy.truth import HEART_AXIS, Labels, Numbers, truth

SIZES = {(2_198, 1_904): "under 10 s", (21_799, 18_869): "under 60 s"}
"""Goal by numbers of records and patients: fold 10, and everything."""


def cases(records: int, patients: int) -> list[ScoredCase]:
    """Return synthetic cases with values and probabilities on every axis."""
    rng = np.random.default_rng(0)
    codes, axes = list(statements()), list(HEART_AXIS)
    made = []
    for ecg_id in range(records):
        labels = Labels(dict.fromkeys(rng.choice(codes, 3).tolist(), 100.0), axes[rng.integers(len(axes))])
        chances = {axis.name: _chances(rng, axis.values) for axis in AXES if not axis.is_set}
        values = {name: max(chance, key=lambda value, chance=chance: chance[value]) for name, chance in chances.items()}  # type: ignore[misc]
        values["other_findings"] = frozenset(rng.choice(AXES[6].values, 2).tolist())  # type: ignore[assignment]
        probabilities = chances | {"superclass": dict(zip(SUPERCLASSES, rng.random(5).tolist(), strict=True))}
        reading = Reading(values=values, probabilities=probabilities)
        made.append(
            ScoredCase(
                ecg_id=ecg_id,
                patient_id=int(rng.integers(patients)),
                sex="male" if ecg_id % 2 else "female",
                age=float(rng.integers(18, 90)),
                truth=truth(labels, _numbers(rng)),
                reading=reading,
            )
        )
    return made


def _numbers(rng: np.random.Generator) -> Numbers:
    return Numbers(rate=int(rng.normal(75, 20)), qrs_axis=30.0, source="another machine", is_own=False)


def _chances(rng: np.random.Generator, values: tuple[str, ...]) -> dict[str, float]:
    return dict(zip(values, rng.dirichlet(np.ones(len(values))).tolist(), strict=True))


def main() -> None:
    """Print seconds and peak memory."""
    print("| figure | value | goal |\n|---|---|---|")
    for (records, patients), goal in SIZES.items():
        made = cases(records, patients)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        score(made, majority_values(), ScoreSettings(draws=2000))
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| scoring {records:,} readings | {seconds:.2f} s | {goal} |")
        print(f"| peak memory of the process | {peak:.0f} MB ({before:.0f} MB before scoring) | under 2 GB |")


if __name__ == "__main__":
    main()
