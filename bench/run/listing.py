"""Runs in a few words each: what was asked, how far it is, and the headline of its score."""

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.run.caveat import told_caveats
from bench.run.failed_call import failure_lines
from bench.run.folder import RunFolder
from bench.score.result import MeanKappa, Score
from bench.view import condition_named
from taxonomy.error import BenchError, RunError

SCORE = "score.json"


@dataclass(frozen=True)
class ListedRun:
    """A run as it lies in its folder.

    Attributes
    ----------
    folder : Path
    run_id, reader, dataset, split, condition, renderer, format : str
        ``renderer`` and ``format`` are empty where the reader is shown no picture, or told nothing.
    is_simulated : bool
    cases : int
        Questions of the run; more than its ECGs where each is asked several times.
    answered, failed : int
        Questions with an answer, right, wrong or missing, and with a failed call alone; the others are not asked yet.
    is_scored : bool
    mean_kappa : MeanKappa or None
        The headline of its score.
    started : str
        In ISO 8601, as its manifest tells it; empty where it does not.
    """

    folder: Path
    run_id: str
    reader: str
    dataset: str
    split: str
    condition: str
    renderer: str
    format: str
    is_simulated: bool
    cases: int
    answered: int
    failed: int
    is_scored: bool
    mean_kappa: MeanKappa | None
    started: str

    @property
    def is_complete(self) -> bool:
        """Whether every question was asked."""
        return self.answered + self.failed >= self.cases

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {**asdict(self), "folder": str(self.folder), "is_complete": self.is_complete}


def listed_run(path: Path) -> ListedRun:
    """Return what is to be told of a run folder.

    Raises
    ------
    taxonomy.error.BenchError
        When its manifest, a line of its readings or its score is damaged.
    """
    return _listed(RunFolder(path), score_of(path))


def score_of(path: Path) -> Score | None:
    """Return the score of a run folder, None where there is none yet; raises as :meth:`RunFolder.score`."""
    return RunFolder(path).score() if os.path.lexists(path / SCORE) else None


def run_document(path: Path) -> dict[str, Any]:
    """Return a run as JSON data: what :class:`ListedRun` tells, its caveats, why calls failed, and its score.

    Raises as :func:`listed_run`.
    """
    score = score_of(path)
    folder = RunFolder(path)
    caveats = [one for one in told_caveats(folder.manifest()) if one]
    data = _listed(folder, score).to_json()
    failures = failure_lines(folder.every_reading()[0].values())
    return {**data, "caveats": caveats, "failures": failures, "score": score.to_json() if score else None}


def listed_runs(paths: Iterable[Path]) -> tuple[list[ListedRun], list[tuple[Path, str]]]:
    """Return the runs, the earliest first, and the folders that cannot be listed with the reason in a sentence."""
    found, broken = [], []
    for path in paths:
        try:
            found.append(listed_run(path))
        except (BenchError, OSError) as error:
            broken.append((path, str(error) if isinstance(error, BenchError) else str(_unreadable(path, error))))
    return sorted(found, key=lambda run: run.started), broken


def _unreadable(path: Path, error: OSError) -> RunError:
    return RunError(f"{path} cannot be read: {error.strerror or error}")


def _listed(folder: RunFolder, score: Score | None) -> ListedRun:
    manifest, settings = folder.manifest(), folder.settings()
    readings = folder.every_reading()[0].values()
    failed = sum(reading.outcome == "failed" for reading in readings)
    return ListedRun(
        folder=folder.path,
        run_id=settings.run_id,
        reader=settings.reader,
        dataset=settings.dataset,
        split=settings.split,
        condition=condition_named(settings.condition).name,
        renderer=settings.renderer,
        format=settings.form,
        is_simulated=settings.is_simulated,
        cases=len(settings.ids) * settings.repeats,
        answered=len(readings) - failed,
        failed=failed,
        is_scored=score is not None,
        mean_kappa=score.kappa if score else None,
        started=str(manifest.get("started", "")),
    )
