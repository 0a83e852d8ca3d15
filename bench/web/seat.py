"""Who sits in the reading room, and what the run is made of that is answered there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.dataset import Selection
from bench.progress import SILENT, Observer
from bench.run.job import Job, begin
from bench.run.options import RunOptions
from bench.view import View
from bench.web.room import Room
from readers.human import KIND, PAGE, HumanReader
from taxonomy.error import StorageError


@dataclass(frozen=True)
class Seat(RunOptions):
    """The options of a run that a person answers; :meth:`of` makes them."""

    @classmethod
    def of(cls, person: str, show: str, selection: Selection, view: View, out: Path) -> "Seat":
        """Return the options of a person's run.

        Parameters
        ----------
        person : str
        show : str
            As of :class:`readers.human.HumanReader`; the usual one stands in no manifest, so that every command that
            names ``human:NAME`` finds the run.
        selection : Selection
        view : View
        out : Path
        """
        options = {} if show == PAGE else {"show": show}
        return cls(f"{KIND}:{person}", options, selection, view, out=out)

    def built(self) -> HumanReader:
        """Return the reader; raises ReaderError for a name that is none."""
        return HumanReader(self.reader.removeprefix(f"{KIND}:"), **self.options)


@contextmanager
def opened(job: Job, observer: Observer = SILENT) -> Iterator[Room]:
    """Hold the folder of a run and open the room of it.

    Raises
    ------
    taxonomy.error.BenchError
        When the person reads in another room already, or the run cannot go on.
    """
    with ExitStack() as held:
        try:
            held.enter_context(job.folder.locked())
        except StorageError as error:
            raise StorageError(
                f"the reading room of {job.reader.name!r} cannot be opened: {error}; two people take two names"
            ) from error
        begin(job, observer)
        if job.cases.view.shown.measurements != "none":
            with observer.progress("measuring") as report:
                job.cases.cohort.measure(report)
        keep = held.enter_context(
            job.folder.appending(lambda ecg_id: job.cases.view.case_id(job.settings.run_id, ecg_id))
        )
        yield Room(job, keep)
