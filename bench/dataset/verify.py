"""Checks a dataset for defects, file by file and record by record."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset.base import Dataset
from bench.dataset.problem import Problem
from bench.dataset.record import Record
from bench.progress import Report
from renderers import LEADS
from taxonomy.error import DatasetError

TOLERANCE_MV = 0.005
"""Tolerated deviation from the laws of the limb leads: five units of PTB-XL's files, since each lead is rounded."""

FEW = 3
"""Samples that may break a law unreported: PTB-XL has single spikes (record 162 at 500 Hz)."""


@dataclass(frozen=True)
class Verification:
    """Number of records and signals checked, and the problems found."""

    records: int
    signals: int
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether no file is missing or damaged."""
        return not any(problem.serious for problem in self.problems)

    def counts(self) -> dict[str, int]:
        """Return the number of problems of each kind."""
        return dict(sorted(Counter(problem.kind for problem in self.problems).items()))


def verify(dataset: Dataset, report: Report) -> Verification:
    """Check every record at every rate; a signal whose file is already reported missing is not read."""
    problems = list(dataset.check())
    missing = {problem.signal for problem in problems}
    signals = 0
    for done, record in enumerate(dataset, start=1):
        for fs in record.rates:
            signals += 1
            if (record.ecg_id, fs) not in missing:
                problems += _signal_problems(dataset, record, fs)
        report(done, len(dataset))
    return Verification(len(dataset), signals, tuple(problems))


def _signal_problems(dataset: Dataset, record: Record, fs: int) -> Iterator[Problem]:
    where = f"record {record.ecg_id}, {fs} Hz"
    try:
        wrong = dataset.samples_problem(record, fs)
        if wrong:
            yield Problem("checksum", where, wrong)
        signal = record.signal(fs).mv
    except DatasetError as error:
        yield Problem("unreadable", where, str(error))
        return
    yield from recording_problems(where, signal)


def recording_problems(where: str, signal: NDArray[np.float32]) -> Sequence[Problem]:
    """Return the peculiarities of a recording: NaN, flat leads, limb leads that break the laws.

    Einthoven: III = II - I. Goldberger: aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2 (Malmivuo and Plonsey
    1995).

    Parameters
    ----------
    where : str
        Name of the record in a problem.
    signal : float32 array (12, n_samples) in mV
    """
    problems = []
    missing = np.isnan(signal).sum(axis=1)
    if missing.any():
        leads = ", ".join(f"{lead} ({n})" for lead, n in zip(LEADS, missing, strict=True) if n)
        problems.append(Problem("nan", where, f"has samples without a value: {leads}"))
    flat = [
        lead
        for lead, samples in zip(LEADS, signal, strict=True)
        if np.nanmax(samples, initial=-np.inf) - np.nanmin(samples, initial=np.inf) <= 0
    ]
    if flat:
        problems.append(Problem("flat", where, f"is flat in {', '.join(flat)}"))
    i, ii = signal[0], signal[1]
    laws = {
        "einthoven": {"III": signal[2] - (ii - i)},
        "goldberger": {
            "aVR": signal[3] + (i + ii) / 2,
            "aVL": signal[4] - (i - ii / 2),
            "aVF": signal[5] - (ii - i / 2),
        },
    }
    for law, errors in laws.items():
        for lead, error in errors.items():
            beyond = int(np.sum(np.abs(error) > TOLERANCE_MV))
            if beyond > FEW:
                worst = float(np.nanmax(np.abs(error)))
                problems.append(
                    Problem(law, where, f"{lead} breaks the law in {beyond} samples, by up to {worst:.2f} mV")
                )
    return problems
