"""An ablation whose every run is asked in shards."""

from collections.abc import Mapping

from bench.evidence.ablation import AUTO, AblationRuns
from bench.evidence.result import Evidence
from bench.progress import SILENT, Observer
from bench.run.job import Job, limited, run_readings
from bench.run.options import RunOptions
from bench.run.sharded import Missing, missing
from bench.view import QuestionKey
from taxonomy.reading import Reading


def ablate_shard(
    options: RunOptions, conditions: str = "", image_ceiling: str = AUTO, observer: Observer = SILENT
) -> Evidence | Missing:
    """Ask one shard under every condition, and of the image ceiling.

    Parameters
    ----------
    options, conditions, image_ceiling, observer
        As of :func:`bench.evidence.ablation.ablate_on_disk`; the options name the shard.

    Returns
    -------
    Evidence or Missing
        What is missing, where others have questions left.

    Raises
    ------
    taxonomy.error.BenchError
        As ``bench run``.
    """
    runs = AblationRuns.opened(options, conditions, image_ceiling, observer)
    for condition in runs.order:
        run_readings(limited(runs.jobs, condition), runs.observed(condition, observer))
    every = list(runs.jobs.values())
    if runs.ceiling is not None:
        run_readings(runs.ceiling, observer)
        every.append(runs.ceiling)
    return missing(every) or runs.evidence(frozenset(runs.ablation.cohort.ids), observer, ask=_answered)


def _answered(job: Job, observer: Observer) -> Mapping[QuestionKey, Reading]:
    """Return what all shards have answered; none is asked, nor held while others still let go of it."""
    return job.folder.every_reading()[0]
