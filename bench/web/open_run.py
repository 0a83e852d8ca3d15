"""A run that is being looked at: its dataset opened when it is first needed, its readings as they are by now."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from bench.dataset import Cohort, Dataset, Record, RecordId, Signal, open_dataset
from bench.dataset.phantom import phantoms_named
from bench.progress import SILENT, Observer
from bench.run.folder import READINGS
from bench.run.rescoring import cases_again, cohort_of_run
from bench.run.settings import RunSettings
from bench.view import Cases, Question, QuestionKey, View
from bench.view.derived import base_name
from bench.view.view import WAVEFORM
from bench.web.finding import FoundRun
from bench.web.run_data import RunTable
from renderers import Picture
from taxonomy.error import BenchError, RunError
from taxonomy.reading import Reading

KEPT = 4
"""Cases whose pictures are kept: the one that is shown, and those beside it."""

Stamp = tuple[tuple[str, int, int], ...]


class Datasets:
    """The datasets of several runs, each opened once: phantoms by their name, any other where ``--data`` says.

    Parameters
    ----------
    data : str, optional
        As after ``--data``.
    """

    def __init__(self, data: str | None = None) -> None:
        self.data = data
        self._phantoms: dict[str, Dataset | None] = {}

    def named(self, name: str) -> Dataset:
        """Return the phantoms of that name, else the dataset that ``--data`` names; raises BenchError without one."""
        if name not in self._phantoms:
            self._phantoms[name] = phantoms_named(name)
        return self._phantoms[name] or self._other

    @cached_property
    def _other(self) -> Dataset:
        return open_dataset(self.data)


class OpenRun:
    """A run that can be shown.

    Parameters
    ----------
    found : FoundRun
    datasets : Datasets
    """

    def __init__(self, found: FoundRun, datasets: "Datasets") -> None:
        assert found.settings is not None
        self.number, self.name, self.folder = found.number, found.name, found.folder
        self.settings: RunSettings = found.settings
        self._datasets = datasets
        self._readings: tuple[Stamp, Mapping[QuestionKey, Reading]] | None = None
        self._table: RunTable | None = None
        self._pages: dict[RecordId, tuple[Picture, ...]] = {}
        self.problem = ""
        """Why truth, pictures and traces are missing, in a sentence; empty where they are not, or nothing has asked."""

    @cached_property
    def cohort(self) -> Cohort | None:
        """The records of the run; None where its dataset is not at hand, and :attr:`problem` then says why."""
        try:
            return cohort_of_run(self.settings, self._datasets.named(base_name(self.settings.dataset)))
        except BenchError as error:
            self.problem = f"No truth, picture or trace can be shown here: {error}"
            return None

    @cached_property
    def view(self) -> View:
        """What the reader was shown; raises RunError where the manifest does not tell it."""
        return self.folder.view()

    def measure(self, observer: Observer = SILENT) -> None:
        """Take the measurements that the truth rests on, where it does; large datasets take minutes, once."""
        if self.cohort is not None and self.cohort.dataset.truth_is_measured:
            with observer.progress("measuring") as report:
                self.cohort.measure(report)

    def table(self) -> RunTable:
        """Return the answers that there are by now, with their truth.

        Raises
        ------
        taxonomy.error.RunError
            When the readings are damaged.
        """
        readings = self.readings()
        if self._table is None or self._table.readings is not readings:
            self._table = RunTable(self.settings, readings, self.cohort)
        return self._table

    def readings(self) -> Mapping[QuestionKey, Reading]:
        """Return the readings of the run's own questions that there are by now; raises as :meth:`table`."""
        stamp = self.stamp()
        if self._readings is None or self._readings[0] != stamp:
            every, _ = self.folder.every_reading()
            known = frozenset(self.settings.ids)
            self._readings = stamp, {key: reading for key, reading in every.items() if key.ecg_id in known}
        return self._readings[1]

    def stamp(self) -> Stamp:
        """Return what tells whether readings were added: their files' names, sizes and times."""
        found = []
        for path in (*self.folder.shard_files, self.folder.path / READINGS):
            try:
                told = path.stat()
            except FileNotFoundError:
                continue
            found.append((path.name, told.st_size, told.st_mtime_ns))
        return tuple(found)

    def readings_of(self, ecg_id: RecordId) -> dict[int, Reading]:
        """Return the readings of a record by repeat."""
        readings = self.readings()
        keys = (QuestionKey(ecg_id, repeat) for repeat in range(self.settings.repeats))
        return {key.repeat: readings[key] for key in keys if key in readings}

    def record(self, ecg_id: RecordId) -> Record:
        """Return a record of the run; raises BenchError where its dataset is not at hand."""
        if self.cohort is None:
            raise RunError(self.problem)
        return self.cohort.dataset.record(ecg_id)

    def pages(self, ecg_id: RecordId) -> tuple[Picture, ...]:
        """Return the pictures that the reader saw of a record, drawn again; none for a reader of other things.

        Raises
        ------
        taxonomy.error.BenchError
            When the dataset or the recording is not at hand, or the run was made by an earlier version.
        """
        if not self.view.shows_images:
            return ()
        if ecg_id not in self._pages:
            drawn = self._pictures.case(Question(self.record(ecg_id))).images
            self._pages = dict([*self._pages.items(), (ecg_id, drawn)][-KEPT:])
        return self._pages[ecg_id]

    @cached_property
    def _pictures(self) -> Cases:
        """The cases with no more than what is drawn, so that no file of numbers is needed that the view names."""
        plain = replace(self.view, inputs=frozenset({"image"}), measurements=WAVEFORM, statements=None, shots=0)
        return self._cases(plain)

    @cached_property
    def asked(self) -> Cases:
        """The cases with all that the reader was given; raises BenchError where a file of numbers is not at hand."""
        return self._cases(self.view)

    def _cases(self, view: View) -> Cases:
        if self.cohort is None:
            raise RunError(self.problem)
        return cases_again(view, self.cohort, self.folder.manifest().get("donors", {}), self.settings.run_id)

    def shown_signal(self, ecg_id: RecordId) -> Signal | None:
        """Return the trace as a reader of signals was given it, where the condition changed it; else None."""
        shown = self.view.shown
        if "signal" not in self.view.inputs or not (shown.lead_mask or shown.jittered or shown.images == "blank"):
            return None
        case = self.asked.case(Question(self.record(ecg_id)))
        return None if case.signal is None or case.fs is None else Signal(case.signal, case.fs)
