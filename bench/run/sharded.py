"""Runs in shards: one shard is asked here, and whoever finishes last scores the whole."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from bench.progress import SILENT, Observer
from bench.run.hold import division, moment_held
from bench.run.job import Job, begin
from bench.run.shard import shares
from bench.score import Score
from bench.storage import held
from bench.view import Question, QuestionKey
from taxonomy.danger import DangerTable
from taxonomy.error import SettingError, StorageError

MOST_LISTED = 10
"""Shards that are listed at most where readings are missing."""


@dataclass(frozen=True)
class Missing:
    """What of a run, or of several, has no reading yet.

    Attributes
    ----------
    by_shard : mapping of int to int
        Readings by shard, without those that are whole.
    of : int
        Shards.
    """

    by_shard: Mapping[int, int]
    of: int

    def __bool__(self) -> bool:
        return any(self.by_shard.values())

    @property
    def said(self) -> str:
        """The shards and their readings, in words."""
        listed = sorted(self.by_shard.items())[:MOST_LISTED]
        parts = ", ".join(f"{index}/{self.of} ({count:,})" for index, count in listed)
        more = len(self.by_shard) - len(listed)
        others = f" and of {more:,} more" if more else ""
        return f"{sum(self.by_shard.values()):,} readings are missing: of shard {parts}{others}"


def missing_of(questions: Sequence[Question], answered: Collection[QuestionKey], of: int) -> Missing:
    """Return which of a run's questions, in the order asked, have no reading, by shard."""
    return Missing(Counter(shard for key, shard in shares(questions, of).items() if key not in answered), of)


def missing(jobs: Collection[Job]) -> Missing:
    """Return what is missing of all questions of several jobs, whichever shard of them is asked here."""
    counts: Counter[int] = Counter()
    of = 1
    for job in map(whole, jobs):
        of = division(job.folder.path)
        counts.update(missing_of(job.questions, job.folder.every_reading()[0], of).by_shard)
    return Missing(counts, of)


def whole(job: Job) -> Job:
    """Return the job of all questions."""
    return replace(job, folder=job.folder.whole)


def run_shard(job: Job, danger: DangerTable | None = None, observer: Observer = SILENT) -> Score | None:
    """Ask the questions of a job's shard, and score the run when no other shard has any left.

    Returns
    -------
    Score or None
        None where others have questions left, or one of them scores: see :func:`is_scored`.

    Raises
    ------
    taxonomy.error.BenchError
        When the run cannot go on.
    """
    with job.folder.locked():
        job.check_reader()
        begin(job, observer)
        job.ask(observer)
    return None if missing([job]) else score_all(job, danger, observer)


def score_all(job: Job, danger: DangerTable | None = None, observer: Observer = SILENT) -> Score | None:
    """Score a run of which nothing is missing; None where another process has it, and scores it or keeps it for long.

    Raises
    ------
    taxonomy.error.BenchError
        When the score cannot be made or written.
    """
    with ExitStack() as hold:
        try:
            hold.enter_context(held(job.folder.path))
        except StorageError:
            if not job.folder.path.is_dir():
                raise
            if not _waited(hold, job) or is_scored(job):
                return None
        return whole(job).score(job.folder.every_reading()[0], danger, observer)


def is_scored(job: Job) -> bool:
    """Tell whether a run has a score that was written after its last reading."""
    path = job.folder.path / "score.json"
    readings = [file for file in (*job.folder.shard_files, job.folder.whole.readings_path) if file.is_file()]
    return path.is_file() and all(path.stat().st_mtime_ns >= file.stat().st_mtime_ns for file in readings)


def _waited(hold: ExitStack, job: Job) -> bool:
    """Wait for a run's folder and hold it; False when another process keeps it for long."""
    try:
        hold.enter_context(moment_held(job.folder.path))
    except StorageError:
        return False
    return True


def check_alone(given: Mapping[str, object]) -> None:
    """Raise SettingError for an option that a shard cannot keep, since it rests on the readings of all."""
    for name, value in given.items():
        if value:
            raise SettingError(
                f"{name} rests on the readings of all shards, and --shard asks one: leave one of them out"
            )
