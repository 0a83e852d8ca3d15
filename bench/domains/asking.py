"""Asks a reader about records of a domain; every reading is kept as it arrives."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from bench.dataset import Cohort, RecordId
from bench.domains.domain import Domain
from bench.progress import Observer
from bench.run.folder import RunFolder
from bench.run.job import Job, run_readings
from bench.run.options import Limits
from bench.run.settings import settings_of
from bench.view import QuestionKey, View, cases_of
from bench.view.drawing import Ahead, drawing_processes
from readers.contract import Reader
from readers.registry import reader as reader_named
from readers.session import SessionReader
from taxonomy.error import SettingError
from taxonomy.reading import Reading


@dataclass(frozen=True, eq=False)
class AskedReader:
    """A reader that is asked as it is, by its name.

    Attributes
    ----------
    name : str
        As after ``--reader``.
    """

    name: str

    @cached_property
    def reader(self) -> Reader:
        """The reader.

        Raises
        ------
        taxonomy.error.BenchError
            When there is no such reader, or it cannot be built.
        taxonomy.error.SettingError
            When each of its answers is paid for.
        """
        built = reader_named(self.name)
        if isinstance(built, SessionReader):
            raise SettingError(
                f"reader {self.name!r} is behind an API, where every domain costs: ask it source by source, by "
                f"'bench run --reader {self.name} --data challenge:PATH --split georgia --max-cost DOLLARS'"
            )
        View().settled(built)
        return built

    def contaminated(self, domain: Domain) -> frozenset[RecordId]:
        """Return the records of a domain that lie, by the reader's own account, in folds that it was taught."""
        taught = getattr(self.reader, "taught_on", {})
        return frozenset(record.ecg_id for record in domain.records if domain.dataset.is_taught(record, taught))


def readings_of(
    reader: Reader, name: str, cohort: Cohort, folder: Path, observer: Observer
) -> Mapping[RecordId, Reading]:
    """Return a reader's reading of every record, by id; those that its folder has are not asked again.

    Parameters
    ----------
    reader : Reader
    name : str
        As it is to stand in the manifest.
    cohort : Cohort
    folder : Path
        A run folder in it is made for these records, or gone on with.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When the reader fails on everything, or the folder cannot be written or is held by another process.
    """
    cases = cases_of(View().settled(reader), cohort, observer)
    settings = settings_of(reader, name, cases, {}, 1)
    cases = replace(cases, name=settings.run_id, ahead=Ahead(drawing_processes(len(cohort)), as_png=False))
    job = Job(settings, reader, cases, RunFolder(folder / settings.run_id), Limits())
    found = run_readings(job, observer)
    return {record.ecg_id: found[QuestionKey(record.ecg_id)] for record in cohort}
