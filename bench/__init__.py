"""Does a model read the ECG, or only guess it? Datasets, runs, scores, studies, and the command line.

>>> from bench import evaluate, load_dataset
>>> score = evaluate("majority", load_dataset().cohort("test"))
>>> score
<Score of 66 ECGs: 0 of 8 axes above the prior, waveform-only axes +0.0 points against the majority>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.evidence.result import Evidence
    from bench.score import Score
    from bench.study import ablate, ask, compare, contamination, evaluate, load_dataset, probe, reader
    from bench.view import View

__all__ = [
    "Evidence",
    "Score",
    "View",
    "ablate",
    "ask",
    "compare",
    "contamination",
    "evaluate",
    "load_dataset",
    "probe",
    "reader",
]

_HOMES = {"Evidence": "bench.evidence.result", "Score": "bench.score", "View": "bench.view"}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the front door offers
    """Import what is asked for when it is asked for: the command line starts without any of it."""
    if name not in __all__:
        raise AttributeError(f"module 'bench' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "bench.study")), name)
