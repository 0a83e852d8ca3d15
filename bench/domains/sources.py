"""The domains of the datasets that are named: each source of a Challenge folder, every other dataset as a whole."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from pathlib import Path

from bench.dataset import Dataset, Record, open_dataset
from bench.dataset.challenge import LENIENT, PTBXL_NAME, PTBXL_SOURCE, Challenge
from bench.dataset.lot import drawn
from bench.domains.domain import Domain
from taxonomy.error import DatasetError, SettingError, unknown_name

COMPARED = 5
"""Records of the same ids whose signals are compared, to tell whether two domains are the same."""

_NAMED = re.compile(r"([A-Za-z][\w.-]*)=(.+)", re.ASCII)

LONGEST = 60
"""Characters of a domain's name at most, which stands in the names of folders."""


@dataclass(frozen=True, eq=False)
class NamedDataset:
    """A dataset as it was named.

    Attributes
    ----------
    dataset : Dataset
    written : str
        As after ``--data``, for messages.
    name : str
        The user's own name for its domain, empty where there is none.
    lenient : Dataset or None
        The same records with labels mapped leniently, where there is such a mapping.
    """

    dataset: Dataset
    written: str = ""
    name: str = ""
    lenient: Dataset | None = None


@dataclass(frozen=True, eq=False)
class DomainChoice:
    """The domains of a study, and in sentences what was left out and why."""

    domains: tuple[Domain, ...]
    notes: tuple[str, ...] = ()


def named_dataset(written: str | None) -> NamedDataset:
    """Open a dataset as it stands after ``--data``: ``[DOMAIN=][NAME:]PATH``; raises as ``open_dataset``."""
    match = _NAMED.fullmatch(written or "")
    name, where = (match[1], match[2]) if match and not Path(written or "").exists() else ("", written)
    dataset = open_dataset(where)
    strict = isinstance(dataset, Challenge) and not dataset.is_lenient
    lenient = Challenge(f"{dataset.folder}{LENIENT}") if isinstance(dataset, Challenge) and strict else None
    return NamedDataset(dataset, written or "", name, lenient)


def domains_of(
    datasets: Sequence[NamedDataset], chosen: Sequence[str] = (), sample: int | None = None, seed: int = 0
) -> DomainChoice:
    """Return the domains of some datasets.

    Parameters
    ----------
    datasets : sequence of NamedDataset
    chosen : sequence of str
        Names of the domains that are wanted; all when empty.
    sample : int, optional
        Records of each domain at most, drawn by lot.
    seed : int
        Of the draw.

    Raises
    ------
    taxonomy.error.UnknownNameError
        When no domain has a name that was chosen; the message lists them.
    taxonomy.error.SettingError
        When two domains have the same name.
    taxonomy.error.DatasetError
        When two domains hold the same recordings, or no domain has one.
    """
    every = [domain for one in datasets for domain in _domains(one)]
    for name in chosen:
        if name not in {domain.name for domain, _, _ in every}:
            raise unknown_name("domain", name, {domain.name for domain, _, _ in every})
    wanted = [found for found in every if not chosen or found[0].name in chosen]
    kept, notes = _without_copies(wanted)
    _check_apart([domain for domain, _, _ in kept])
    _check_names(kept)
    notes += [
        f"{domain.name} is left out: none of its {records:,} records has a signal that can be read "
        f"('bench data verify' says why)"
        for domain, records, _ in kept
        if not domain.records
    ]
    domains = [domain for domain, _, _ in kept if domain.records]
    if not domains:
        raise DatasetError("no domain has a record with a signal: 'bench data verify' says what is missing")
    if sample is not None:
        domains = [replace(domain, records=drawn(domain.records, sample, seed)) for domain in domains]
    return DomainChoice(tuple(domains), tuple(notes))


_Found = tuple[Domain, int, NamedDataset]
"""A domain, its records with and without a signal, and where it comes from."""


def _domains(one: NamedDataset) -> Iterator[_Found]:
    dataset = one.dataset
    if not isinstance(dataset, Challenge):
        yield _found(one, one.name or dataset.name, tuple(dataset))
        return
    parts: dict[str, list[Record]] = {source: [] for source in dataset.sources}
    for record in dataset:
        parts[dataset.domain(record.ecg_id)].append(record)
    for source, records in parts.items():
        own = f"{one.name}-{source}" if len(parts) > 1 else one.name
        yield _found(one, own if one.name else source, tuple(records))


def _found(one: NamedDataset, name: str, records: tuple[Record, ...]) -> _Found:
    readable = tuple(record for record in records if record.rates)
    return Domain(harmless_name(name), one.dataset, readable, one.lenient), len(records), one


def harmless_name(name: str) -> str:
    """Return a name that is harmless in a path and on a page, whoever gave it: lower case, digits and ``. _ -``."""
    return re.sub(r"[^a-z0-9_.-]+", "-", name.lower())[:LONGEST].strip("-._") or "domain"


def _without_copies(found: Sequence[_Found]) -> tuple[list[_Found], list[str]]:
    """Leave the Challenge's copy of PTB-XL out where PTB-XL itself is there."""
    own = next((domain for domain, _, _ in found if domain.dataset.name == PTBXL_NAME), None)
    if own is None:
        return list(found), []
    copies = [one for one in found if _is_copy(one[0])]
    notes = [
        f"{domain.name} is left out: its {records:,} records are the Challenge's copy of PTB-XL, and a model taught on "
        f"one of the two would be tested on the other ({own.name})"
        for domain, records, _ in copies
    ]
    return [one for one in found if one not in copies], notes


def _is_copy(domain: Domain) -> bool:
    data, records = domain.dataset, domain.records
    return isinstance(data, Challenge) and bool(records) and data.domain(records[0].ecg_id) == PTBXL_SOURCE


def _check_apart(domains: Sequence[Domain]) -> None:
    """Raise DatasetError where two domains hold the same recording: what is taught would be tested."""
    for first, second in combinations(domains, 2):
        same = _same_record(first, second)
        if same is not None:
            raise DatasetError(
                f"domains {first.name!r} and {second.name!r} both hold the recording of {same}, so that a model taught "
                "one would be tested on the other: name one of the two, by --data or --domain"
            )


def _same_record(first: Domain, second: Domain) -> object:
    """Return the id of a recording that both hold, by their datasets' account and the checksums of a few; else None."""
    taught = {second.dataset.name: {record.fold for record in second.records}}
    there = {record.ecg_id for record in second.records}
    both = (one for one in first.records if one.ecg_id in there and first.dataset.is_taught(one, taught))
    ids = [record.ecg_id for record in islice(both, COMPARED)]
    ours, theirs = first.dataset.signal_digests(ids), second.dataset.signal_digests(ids)
    return next((ecg_id for ecg_id in ids if ours[ecg_id] == theirs[ecg_id]), None)


def _check_names(found: Sequence[_Found]) -> None:
    first: dict[str, NamedDataset] = {}
    for domain, _, one in found:
        other = first.setdefault(domain.name, one)
        if other is not one:
            raise SettingError(
                f"two domains are called {domain.name!r}, of --data {other.written} and of --data {one.written}: give "
                f"one a name of its own, --data NAME={one.written}"
            )
