"""What is wrong with a data folder, file by file and record by record."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.dataset.dataset import Dataset
from bench.dataset.fetch import SUMS, read_sums, sha256
from bench.dataset.ptbxl import PtbXl
from bench.dataset.record import Record
from bench.dataset.sample.sample import Sample, digest
from bench.dataset.wfdb16 import read_header, read_samples, wrong_checksums
from renderers import LEADS
from taxonomy.error import DatasetError

TOLERANCE_MV = 0.005
"""How far a record may be from the laws of the limb leads: five units of PTB-XL's files, since each lead is rounded."""

FEW = 3
"""Samples that may break a law before it is a finding: PTB-XL has single spikes (record 162 at 500 Hz)."""

SERIOUS = frozenset({"missing", "checksum", "unreadable"})


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        ``missing``, ``checksum``, ``unreadable`` (the folder is damaged), or ``einthoven``, ``goldberger``, ``nan``,
        ``flat`` (the recording is peculiar).
    where : str
        File or record.
    sentence : str
    """

    kind: str
    where: str
    sentence: str

    @property
    def serious(self) -> bool:
        """Whether the folder is damaged, rather than a recording peculiar."""
        return self.kind in SERIOUS


@dataclass(frozen=True)
class Verification:
    """What was looked at, and what was found."""

    records: int
    signals: int
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is missing or damaged."""
        return not any(problem.serious for problem in self.problems)

    def counts(self) -> dict[str, int]:
        """Return how many problems there are of each kind."""
        return dict(sorted(Counter(problem.kind for problem in self.problems).items()))


def verify(dataset: Dataset, report: Callable[[int, int], None]) -> Verification:
    """Read every record at every rate and say what is wrong.

    Missing files count for the rates of which at least one record is there: a folder with records100 alone is sound.
    """
    problems: list[Problem] = []
    if isinstance(dataset, PtbXl):
        problems += _missing(dataset)
        problems += _wrong_sums(dataset.folder)
    signals = 0
    records = list(dataset)
    for done, record in enumerate(records, start=1):
        for fs in record.rates:
            signals += 1
            problems += _signal_problems(dataset, record, fs)
        report(done, len(records))
    return Verification(len(records), signals, tuple(problems))


def _missing(dataset: PtbXl) -> Iterator[Problem]:
    records = list(dataset)
    rates = sorted({fs for record in records for fs in record.rates})
    if not rates:
        yield Problem(
            "missing", str(dataset.folder), "no record has a signal: neither records100 nor records500 is there"
        )
    for fs in rates:
        for record in records:
            header = dataset.header(record.ecg_id, fs)
            for path in (header, header.with_suffix(".dat")):
                if not path.is_file():
                    yield Problem("missing", str(path.relative_to(dataset.folder.resolve())), "is not there")


def _wrong_sums(folder: Path) -> Iterator[Problem]:
    if not (folder / SUMS).is_file():
        return
    for name, expected in read_sums(folder / SUMS).items():
        if (folder / name).is_file() and sha256(folder / name) != expected:
            yield Problem("checksum", name, "has another SHA-256 than the published one")


def _signal_problems(dataset: Dataset, record: Record, fs: int) -> Iterator[Problem]:
    where = f"record {record.ecg_id}, {fs} Hz"
    try:
        if isinstance(dataset, PtbXl):
            header = read_header(dataset.header(record.ecg_id, fs))
            wrong = wrong_checksums(header, read_samples(header))
            if wrong:
                yield Problem("checksum", where, f"the header's checksum does not hold in {', '.join(wrong)}")
        elif (
            isinstance(dataset, Sample)
            and digest(dataset.samples(record.ecg_id, fs)) != (dataset.digests[str(record.ecg_id)][str(fs)])
        ):
            yield Problem("checksum", where, "the embedded samples do not have their digest")
        signal = record.signal(fs).mv
    except DatasetError as error:
        if " is missing; " not in str(error):
            yield Problem("unreadable", where, str(error))
        return
    yield from recording_problems(where, signal)


def recording_problems(where: str, signal: NDArray[np.float32]) -> Sequence[Problem]:
    """Return what is peculiar about a recording: NaN, flat leads, limb leads that break the laws.

    Einthoven: III = II - I. Goldberger: aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2 (Malmivuo and Plonsey
    1995).

    Parameters
    ----------
    where : str
        How the record is called in a problem.
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
    one, two = signal[0], signal[1]
    laws = {
        "einthoven": {"III": signal[2] - (two - one)},
        "goldberger": {
            "aVR": signal[3] + (one + two) / 2,
            "aVL": signal[4] - (one - two / 2),
            "aVF": signal[5] - (two - one / 2),
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
