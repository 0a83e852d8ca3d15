"""What a domain is: its records and patients, its labels and who made them, and how it was recorded."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record
from bench.dataset.challenge import Challenge
from bench.dataset.challenge_source import challenge_sources
from bench.dataset.lot import drawn
from bench.dataset.wfdb_file import Header, read_header
from bench.domains.challenge_score import Coded
from bench.domains.domain import Domain
from bench.domains.domain_class import domain_classes, outcomes
from bench.domains.result import Described
from bench.domains.sheet import labelled_truths
from taxonomy.axis import AXES, NORMALITY
from taxonomy.error import DatasetError
from taxonomy.snomed import snomed_sources

LOOKED_AT = 500
"""Signals that are read for flat leads and headers for gains, drawn by lot: all of 45,000 would take minutes."""

SHOWN = 6
"""Values of a tally that are shown."""


def described(domain: Domain) -> Described:
    """Return what a domain is."""
    records = domain.records
    truths = labelled_truths(domain)
    found = outcomes(domain_classes(), truths.values())
    positives = (found == 1).sum(axis=0)
    patients = {record.patient_id for record in records}
    return Described(
        domain=domain.name,
        dataset=domain.dataset.credit,
        n=len(records),
        patients=len(patients),
        patients_named=not (len(patients) == 1 and len(records) > 1),
        frequencies={one.name: int(positives[k]) for k, one in enumerate(domain_classes()) if positives[k]},
        labelled={
            axis.name: sum(truth.values.get(axis.name) is not None for truth in truths.values())
            for axis in (*AXES, NORMALITY)
        },
        facts={
            "patients": _patients(records),
            "age": _age([record.age for record in records]),
            "sex": _sex(records),
            "annotation": _annotation(domain),
            "codes per record": _codes(domain),
            "sampling rates": _tally(f"{record.rates[0]} Hz" for record in records if record.rates),
            **_acquisition(domain),
        },
        particulars=dict(domain.dataset.particulars()),
    )


def _patients(records: Sequence[Record]) -> str:
    patients = Counter(record.patient_id for record in records)
    if not records:
        return "none"
    if len(patients) == 1 and len(records) > 1:
        return "not told apart: all records count as one patient, so that no interval can be given"
    if all(record.patient_id == record.ecg_id for record in records):
        return "not named: each record counts as one"
    return f"{len(patients):,}, up to {max(patients.values())} records of one"


def _age(ages: Sequence[float | None]) -> str:
    known = [age for age in ages if age is not None]
    missing = f"{len(ages) - len(known):,} without one" if len(known) < len(ages) else ""
    if not known:
        return missing or "none"
    low, middle, high = np.percentile(known, [25, 50, 75])
    said = f"median {middle:.0f} years, quartiles {low:.0f} and {high:.0f}, from {min(known):.0f} to {max(known):.0f}"
    return f"{said}; {missing}" if missing else said


def _sex(records: Sequence[Record]) -> str:
    return _tally(record.sex or "not said" for record in records)


def _annotation(domain: Domain) -> str:
    if not isinstance(domain.dataset, Challenge):
        return domain.dataset.title
    said = []
    for source in sorted({domain.dataset.domain(record.ecg_id) for record in domain.records}):
        known = challenge_sources().get(source)
        habits = snomed_sources().get(source)
        why = habits.why if habits else "nothing is known of how this source labels"
        said.append(f"{known.title if known else source}: {why}")
    return "; ".join(said) or "no record"


def _codes(domain: Domain) -> str:
    dataset = domain.dataset
    if isinstance(dataset, Coded):
        counts, what = [len(dataset.codes(record.ecg_id)) for record in domain.records], "SNOMED CT codes"
    elif all(truth.statements is not None for truth in domain.truths.values()):
        counts, what = [len(truth.statements or ()) for truth in domain.truths.values()], "SCP-ECG statements"
    else:
        return "neither SNOMED CT codes nor SCP-ECG statements"
    if not counts:
        return "no record"
    none = counts.count(0)
    said = f"{what}: mean {np.mean(counts):.1f}, median {np.median(counts):.0f}, at most {max(counts)}"
    return f"{said}; {none:,} records have none" if none else said


def _acquisition(domain: Domain) -> Mapping[str, str]:
    looked = drawn(domain.records, LOOKED_AT) if len(domain.records) > LOOKED_AT else domain.records
    of = f" (of {LOOKED_AT} records drawn by lot)" if len(looked) < len(domain.records) else ""
    headers = [header for record in looked if (header := _header(domain, record))]
    seconds = [header.samples / header.fs for header in headers]
    signals = [signal for record in looked if record.rates and (signal := _signal(record)) is not None]
    seconds = seconds or [signal.shape[1] / record.rates[0] for signal, record in zip(signals, looked, strict=False)]
    flat = sum(bool((np.nanmax(one, axis=1) == np.nanmin(one, axis=1)).any()) for one in signals)
    gains = {channel.gain for header in headers for channel in header.channels}
    return {
        f"duration{of}": _spread(seconds, "s"),
        f"units per mV{of}": ", ".join(f"{gain:g}" for gain in sorted(gains)[:SHOWN]) or "not told",
        f"flat leads{of}": f"{flat:,} of {len(signals):,} records have a flat lead in the part that is read",
    }


def _header(domain: Domain, record: Record) -> Header | None:
    """Return the header of a record of the Challenges' form, None of another or an unreadable one."""
    if not isinstance(domain.dataset, Challenge):
        return None
    try:
        return read_header(domain.dataset.header(record.ecg_id))
    except DatasetError:
        return None


def _signal(record: Record) -> NDArray[np.float32] | None:
    try:
        return record.signal().mv
    except DatasetError:
        return None


def _spread(values: Sequence[float], unit: str) -> str:
    if not values:
        return "not told"
    if min(values) == max(values):
        return f"{values[0]:g} {unit}"
    return f"median {np.median(values):g} {unit}, from {min(values):g} to {max(values):g} {unit}"


def _tally(values: Iterable[str]) -> str:
    counts = Counter(values).most_common()
    shown = ", ".join(f"{value} {n:,}" for value, n in counts[:SHOWN])
    return f"{shown}{f' and {len(counts) - SHOWN} other values' if len(counts) > SHOWN else ''}" or "none"
