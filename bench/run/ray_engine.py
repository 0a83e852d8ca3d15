"""Ray as the engine of a run: the questions go to readers in processes of a cluster, and only the driver writes."""

import os
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.progress import SILENT, Observer
from bench.run.options import RunOptions
from bench.run.questionnaire import Asked
from bench.run.ray_cluster import connected, worker_count
from bench.view import Cases, Question, QuestionKey
from readers.contract import Reader
from taxonomy.error import BenchError, RunError
from taxonomy.reading import Reading

LARGEST_CALL = 64
"""Questions that a worker is given at once at most."""

IN_FLIGHT = 2
"""Calls of a worker: one that it works on, and one that waits, so that it is never idle."""

DEATHS_TO_STOP = 3
"""Workers that die on one question before the run stops: whoever reads it next would die too."""

CARRIED = ("PTBXL_DIR", "ECG_BENCH_CACHE", "XDG_CACHE_HOME", "HF_HOME", "OMP_NUM_THREADS")
"""Variables that a worker takes over from the driver."""


@dataclass(frozen=True)
class Ended:
    """What a worker yields in place of a reading when none can follow."""

    kind: type[BenchError]
    sentence: str


Item = tuple[QuestionKey, Reading] | Ended


@dataclass(frozen=True)
class RayEngine:
    """Asks by the workers of a cluster, as :func:`bench.run.questionnaire.ask` does by one reader.

    Attributes
    ----------
    options : RunOptions
        From which each worker builds its reader and its cases.
    run_id : str
        The run that these must describe.
    observer : Observer
    """

    options: RunOptions
    run_id: str
    observer: Observer = SILENT

    def __call__(self, reader: Reader, cases: Cases, questions: Sequence[Question]) -> Asked:
        """Yield a reading for each question, as they arrive."""
        if not questions:
            return
        assert self.options.ray is not None
        with connected(self.options.ray, len(questions)) as ray:
            count = worker_count(self.options.ray, ray.cluster_resources(), len(questions), self.observer)
            # They build the same run, whatever part of it is asked here and whoever else asks.
            options = replace(self.options, ray=None, shard=None)
            place = (
                list(sys.path),
                str(Path.cwd()),
                {name: os.environ[name] for name in CARRIED if name in os.environ},
            )
            actor = ray.remote(_actor_class()).options(num_cpus=1, num_gpus=self.options.ray.gpus)
            yield from Pool(ray, lambda: actor.remote(*place), (options, self.run_id), count, self.observer).read(
                questions
            )


def _actor_class() -> type:
    """Return the class of the workers' processes; a local one travels whole, and imports nothing too early."""

    class ReaderWorker:
        def __init__(self, path: list[str], folder: str, variables: dict[str, str]) -> None:
            import os
            import sys
            from pathlib import Path

            there = [entry for entry in path if entry and Path(entry).exists()]
            sys.path[:] = [*there, *(entry for entry in sys.path if entry not in there)]
            os.environ.update(variables)
            if Path(folder).is_dir():
                os.chdir(folder)

        def read(self, options: Any, run_id: str, asked: Any) -> Any:  # noqa: ANN401  # unpickled when the path is set
            from bench.run.ray_worker import readings_of

            yield from readings_of(options, run_id, asked)

    return ReaderWorker


@dataclass(eq=False)
class Worker:
    """A worker's process, and what is known of it."""

    actor: Any
    is_replacement: bool = False
    has_answered: bool = False
    is_dead: bool = False
    calls: "list[Call]" = field(default_factory=list)


@dataclass(eq=False)
class Call:
    """Questions that were given to a worker, of which it has still to answer ``left``, in their order."""

    worker: Worker
    stream: Any
    left: dict[QuestionKey, None]


class Pool:
    """Workers that share out questions; what one leaves when it dies is given to the others.

    Parameters
    ----------
    ray : module
    begin : callable
        Starts a worker's process, and returns its handle.
    run : (RunOptions, str)
        The options from which a worker builds its reader and cases, and the id of the run that these must describe.
    count : int
        Workers.
    observer : Observer
    """

    def __init__(self, ray: Any, begin: Any, run: tuple[RunOptions, str], count: int, observer: Observer) -> None:  # noqa: ANN401
        self._ray, self._begin, self._run, self._observer = ray, begin, run, observer
        self._workers = [Worker(begin()) for _ in range(count)]
        self._waiting: deque[QuestionKey] = deque()
        self._deaths: Counter[QuestionKey] = Counter()

    def read(self, questions: Sequence[Question]) -> Asked:
        """Yield each question with its reading, once, as they arrive.

        Raises
        ------
        taxonomy.error.BenchError
            As the reader ends a run; what had arrived by then was yielded.
        """
        known = {question.key: question for question in questions}
        self._waiting.extend(known)
        try:
            while self._fill():
                ended: Ended | None = None
                for call in self._ready():
                    for item in self._arrived(call):
                        if isinstance(item, Ended):
                            ended = ended or item
                        else:
                            yield known[item[0]], item[1]
                if ended is not None:
                    raise ended.kind(ended.sentence)
        finally:
            for worker in self._workers:
                self._ray.kill(worker.actor)

    @property
    def _calls(self) -> list[Call]:
        return [call for worker in self._workers for call in worker.calls]

    def _fill(self) -> bool:
        """Give every worker enough to do; tell whether anything is on its way."""
        for busy in range(IN_FLIGHT):
            for worker in self._workers:
                if self._waiting and not worker.is_dead and len(worker.calls) <= busy:
                    self._give(worker)
        if not self._waiting and any(not worker.calls for worker in self._workers):
            self._take_back()
        return bool(self._calls)

    def _give(self, worker: Worker) -> None:
        # Ever smaller parts, so that all end at about the same time.
        size = min(LARGEST_CALL, -(-len(self._waiting) // (IN_FLIGHT * len(self._workers))))
        keys = [self._waiting.popleft() for _ in range(size)]
        stream = worker.actor.read.options(num_returns="streaming").remote(*self._run, keys)
        worker.calls.append(Call(worker, stream, dict.fromkeys(keys)))

    def _take_back(self) -> None:
        """Give to the idle what waits for a replacement, for which a cluster that has shrunk may have no room."""
        for worker in [one for one in self._workers if one.is_replacement and not one.has_answered and one.calls]:
            self._workers.remove(worker)
            self._ray.kill(worker.actor)
            self._waiting.extend(key for call in worker.calls for key in call.left)
            worker.calls.clear()
        if self._waiting:
            self._fill()

    def _ready(self) -> list[Call]:
        """Wait for the first arrival, and return every call of which something has arrived."""
        by_stream = {call.stream: call for call in self._calls}
        self._ray.wait(list(by_stream), num_returns=1)
        ready, _ = self._ray.wait(list(by_stream), num_returns=len(by_stream), timeout=0)
        return [by_stream[stream] for stream in ready]

    def _arrived(self, call: Call) -> Iterator[Item]:
        """Yield the next item of a call, nothing where it is at its end or its worker has died."""
        errors = self._ray.exceptions
        try:
            item: Item = self._ray.get(next(call.stream))
        except StopIteration:
            call.worker.calls.remove(call)
            if call.left:
                raise RunError(f"a Ray worker left {len(call.left)} questions without a word: run it again") from None
            return
        except errors.RayTaskError as error:
            raise RunError(f"a Ray worker cannot work: {' '.join(str(error.cause).split())[:300]}") from error
        except errors.RayError:
            self._died(call)
            return
        if not isinstance(item, Ended):
            call.worker.has_answered = True
            call.left.pop(item[0])
        yield item

    def _died(self, call: Call) -> None:
        """Take back the questions of a worker that died, and start another; what it had answered stays."""
        worker = call.worker
        if worker.calls[0] is call and not worker.is_dead and call.left:
            self._count(next(iter(call.left)))
        worker.is_dead = True
        worker.calls.remove(call)
        self._waiting.extendleft(reversed(list(call.left)))
        if not worker.calls:
            self._observer.say(
                "a Ray worker died: another takes its place, and its unfinished questions are asked again"
            )
            self._ray.kill(worker.actor)
            self._workers[self._workers.index(worker)] = Worker(self._begin(), is_replacement=True)

    def _count(self, first: QuestionKey) -> None:
        self._deaths[first] += 1
        if self._deaths[first] >= DEATHS_TO_STOP:
            raise RunError(
                f"{DEATHS_TO_STOP} Ray workers died one after the other at record {first.ecg_id!r}, or before they "
                "could begin: a reader that ends its process, or takes more memory than there is, cannot go on; what "
                "was read is kept"
            )
