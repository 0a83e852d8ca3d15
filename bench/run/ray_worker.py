"""What a Ray worker does: it builds the reader and the cases of a run once, and reads what it is given."""

import os
from collections.abc import Iterator, Sequence

from bench.run.job import Job, prepared
from bench.run.options import RunOptions
from bench.run.questionnaire import ask
from bench.run.ray_engine import Ended, Item
from bench.view import QuestionKey
from readers.processors import VARIABLE
from taxonomy.error import BenchError, RunError

_JOBS: dict[str, Job] = {}
"""The one that this process works on, by its run id."""


def readings_of(options: RunOptions, run_id: str, asked: Sequence[QuestionKey]) -> Iterator[Item]:
    """Yield a reading for each question, and last what ends the run, if anything does.

    Parameters
    ----------
    options : RunOptions
        Those of the driver, without its engine.
    run_id : str
        The run that they must describe here too: with other weights or other data on this machine they do not.
    asked : sequence of QuestionKey
    """
    try:
        job = _job(options, run_id)
        questions = {question.key: question for question in job.questions}
        for question, reading in ask(job.reader, job.cases, [questions[key] for key in asked]):
            yield question.key, reading
    except BenchError as error:
        yield Ended(type(error), str(error))
    except KeyboardInterrupt:
        # Ray would tell of a cancelled task; nobody presses a key here, so that a reader raised it itself.
        yield Ended(RunError, f"reader {options.reader!r} raised KeyboardInterrupt in a Ray worker: it ended the run")


def _job(options: RunOptions, run_id: str) -> Job:
    """Return the job of a run, made once in each process; it computes here, since the other cores have workers too."""
    if run_id not in _JOBS:
        os.environ[VARIABLE] = "1"
        job = prepared(options)
        if job.settings.run_id != run_id:
            raise RunError(
                f"a Ray worker has other data, weights or versions than this process: it would read "
                f"{job.settings.run_id}, not {run_id}"
            )
        _JOBS[run_id] = job
    return _JOBS[run_id]
