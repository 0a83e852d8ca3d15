"""Verdicts from logs: those of one model under several conditions are an ablation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.dataset import RecordId
from bench.evidence.ablation import AUTO, Ablation, Values, ceiling_reader, ceiling_values, gathered
from bench.evidence.result import Evidence
from bench.inspection.logged_run import LoggedRun, check_apart, readings_kept
from bench.progress import SILENT, Observer
from bench.run.job import prepared, run_readings
from bench.run.options import RunOptions
from bench.view import CONDITIONS, Cases, QuestionKey
from taxonomy.error import RunError
from taxonomy.reading import Reading

OWN = frozenset({"evaluation"})
"""Details of the reader that differ from log to log."""

FROM_VIEW = ("renderer", "px_per_mm", "measurements", "form", "shots")
"""Settings that are empty where a condition shows nothing of what they are about."""

SAME = ("reader", "dataset", "dataset_version", "split", "seed", "repeats", "taxonomy_version", "prompt")


def logged_evidence(
    runs: Sequence[LoggedRun], out: Path, image_ceiling: str = AUTO, observer: Observer = SILENT
) -> Evidence:
    """Return the evidence in the logs of several conditions, whose runs are kept already.

    Parameters
    ----------
    runs : sequence of LoggedRun
        ``full`` among them.
    out : Path
        Where the run of the image ceiling goes.
    image_ceiling : str
        As of :func:`bench.evidence.ablation.ceiling_reader`.
    observer : Observer

    Raises
    ------
    taxonomy.error.RunError
        When the logs differ in more than their condition, or lack ``full``.
    """
    by_condition = comparable(runs)
    full = by_condition["full"].job
    ablation = Ablation(full.reader, full.cases.cohort, full.cases.view, ",".join(by_condition), several_draws=False)
    among = _among(by_condition, frozenset(full.cases.cohort.ids))

    def ask(condition: str) -> tuple[Cases, Mapping[QuestionKey, Reading]]:
        cases = by_condition[condition].job.cases
        cohort = cases.cohort.of(record for record in cases.cohort if record.ecg_id in among)
        return replace(cases, cohort=cohort), readings_kept(by_condition[condition])

    name, ceiling = ceiling_reader(ablation.view.inputs, image_ceiling), dict[RecordId, Values]()
    if name:
        view = replace(ablation.view, condition="full", format="", shots=0)
        job = prepared(RunOptions(reader=name, view=view, out=out), observer, ablation.cohort)
        ceiling |= ceiling_values(run_readings(replace(job, among=among), observer))
    found = gathered(ablation, ask, ceiling)
    left = len(ablation.cohort) - len(among)
    said = (f"{left:,} of {len(ablation.cohort):,} records lack an answer in one of the logs and are left out.",)
    unseen = dict.fromkeys(sentence for run in runs for sentence in run.caveats)
    caveats = (*found.caveats, *(said if left else ()), *unseen)
    return replace(found, reader=full.settings.reader, run_id=full.settings.run_id, image_ceiling=name, caveats=caveats)


def comparable(runs: Sequence[LoggedRun]) -> Mapping[str, LoggedRun]:
    """Return runs by condition, if they differ in nothing else.

    Raises
    ------
    taxonomy.error.RunError
        When they do, when one condition is there twice, is no published one, or ``full`` is missing.
    """
    check_apart(runs)
    by_condition = {run.condition: run for run in runs}
    for run in runs:
        if run.condition not in CONDITIONS:
            name = run.job.cases.view.shown.name
            raise RunError(f"{run.path} is of condition {name!r}, of which no verdict is made: score it alone")
    if "full" not in by_condition:
        raise RunError("verdicts need the log of condition full beside the others: name it too, or score each alone")
    full = by_condition["full"]
    for run in runs:
        what = _difference(full, run)
        if what:
            raise RunError(f"{full.path} and {run.path} differ in {what}, not in the condition alone: score them apart")
    return by_condition


def _difference(one: LoggedRun, other: LoggedRun) -> str:
    """Return the name of a setting in which two runs differ beside the condition; empty where there is none."""
    first, second = _decides(one), _decides(other)
    for name in {**first, **second}:
        if first.get(name) != second.get(name):
            return f"{name} ({str(first.get(name))[:60]} and {str(second.get(name))[:60]})"
    mine, theirs = one.job.settings, other.job.settings
    for name in FROM_VIEW:
        values = getattr(mine, name), getattr(theirs, name)
        if all(values) and values[0] != values[1]:
            return f"{name} ({values[0]} and {values[1]})"
    if mine.measurements and theirs.measurements and mine.demography != theirs.demography:
        return "demography"
    return "" if {*theirs.ids} <= {*mine.ids} else "their records"


def _decides(run: LoggedRun) -> dict[str, Any]:
    settings = run.job.settings
    details = {name: value for name, value in settings.reader_details.items() if name not in OWN}
    return {**{name: getattr(settings, name) for name in SAME}, **details}


def _among(runs: Mapping[str, LoggedRun], asked: frozenset[RecordId]) -> frozenset[RecordId]:
    """Return the records that every log answers which asked about them."""
    for run in runs.values():
        answered = frozenset(key.ecg_id for key in readings_kept(run) if key.repeat == 0)
        asked &= answered | (asked - frozenset(run.job.cases.cohort.ids))
    return asked
