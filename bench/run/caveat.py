"""Caveats of a run: what its figures cannot be taken for, in sentences for the terminal, the report and ``submit``."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.dataset import Cohort
from bench.dataset.coverage import Coverage
from readers.contract import Reader
from readers.human import is_person
from readers.taught import PHANTOMS_TAUGHT
from taxonomy.error import RunError

CAVEATS = "caveats"
"""Field of a manifest: sentences on its run alone, such as what a log cannot show."""


def taught_records(reader: Reader, cohort: Cohort) -> int:
    """Return how many records of a cohort lie in folds that were taught to a reader, by its own account."""
    taught = getattr(reader, "taught_on", {})
    return sum(cohort.dataset.is_taught(record, taught) for record in cohort)


def caveats(coverage: Coverage, taught: int, is_drawn: bool = False) -> tuple[str, ...]:
    """Return what is wrong with a run as a test, in sentences; nothing for a whole split that was never taught.

    A part of a split ``is_drawn`` where a person read it and it was drawn by lot, as everyone's is: the leaderboard has
    tables for that.
    """
    partial = () if coverage.is_whole or is_drawn else (coverage.partial,)
    which = "all of these" if taught == coverage.records else f"{taught:,} of these {coverage.records:,}"
    said = f"Not a test: {which} records lie in folds that were taught to this reader; no leaderboard takes it."
    return (*partial, said) if taught else partial


def is_sample(reader: str, split: str, coverage: Coverage) -> bool:
    """Tell whether a run by its name is a person's, on the part of a split that everyone draws: that of seed 0."""
    return is_person(reader) and bool(coverage.split) and split == f"{coverage.split}-sample{coverage.records}"


def same_simulator(reader: str, details: Mapping[str, Any], is_simulated: bool) -> tuple[str, ...]:
    """Return what phantoms cannot show of a reader that was taught other phantoms, in a sentence; else nothing."""
    taught = details.get(PHANTOMS_TAUGHT)
    if not (is_simulated and taught):
        return ()
    return (
        f"{reader} was taught other phantoms of this simulator ({taught}): it knows how they are made, and its score "
        "on them is above what it reads of recordings.",
    )


def incomplete(readings: int, questions: int) -> tuple[str, ...]:
    """Return that questions of a run have no reading, in a sentence; nothing where all have one."""
    if readings >= questions:
        return ()
    return (
        f"Incomplete: {readings:,} of {questions:,} questions have a reading, and the figures are of these alone; "
        "which are missing may depend on the answers.",
    )


def told_caveats(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the coverage and the caveats that a manifest tells; nothing where it tells none."""
    settings = manifest.get("settings", {})
    details = settings.get("reader_details")
    known = details if isinstance(details, Mapping) else {}
    simulated = same_simulator(str(settings.get("reader")), known, bool(settings.get("is_simulated")))
    return (*_told_coverage(manifest), *simulated, *own_caveats(manifest))


def own_caveats(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the sentences that a manifest holds of its run alone; raises RunError where it holds something else."""
    told = manifest.get(CAVEATS, [])
    if not isinstance(told, list) or not all(isinstance(one, str) and one.isprintable() for one in told):
        raise RunError(f"the manifest does not hold its caveats as sentences: they are {str(told)[:80]!r}")
    return tuple(told)


def with_caveats(manifest: Mapping[str, Any], caveats: Iterable[str]) -> dict[str, Any]:
    """Return a manifest that tells these sentences of its run beside those that it tells, each once."""
    every = dict.fromkeys((*own_caveats(manifest), *caveats))
    return {**manifest, **({CAVEATS: list(every)} if every else {})}


def _told_coverage(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    told, settings = manifest.get("coverage", {}), manifest.get("settings", {})
    if not told:
        return ()
    try:
        taught = told.get("taught", 0)
        coverage = Coverage(**{name: value for name, value in told.items() if name != "taught"})
        is_drawn = is_sample(str(settings.get("reader")), str(settings.get("split")), coverage)
        return (coverage.said, *caveats(coverage, taught, is_drawn))
    except (TypeError, AttributeError, ValueError) as error:
        raise RunError(f"the manifest does not hold how many records were asked: its coverage is {told!r}") from error
