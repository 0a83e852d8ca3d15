"""The front door in Python: evaluate, ablate and probe a reader, without printing or writing anything."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.dataset import Cohort, Dataset, RecordId, open_dataset
from bench.evidence.ablation import AUTO, Ablation, ablate_in_memory, ceiling_reader
from bench.evidence.contamination import Contamination, Study, contamination_in_memory, reference_name
from bench.evidence.result import Evidence
from bench.progress import SILENT, Observer
from bench.run.comparing import compare_runs
from bench.run.questionnaire import ask_cohort
from bench.run.scoring import score_readings
from bench.run.settings import offer_of
from bench.score import Score
from bench.score.comparison import PairComparison
from bench.tracing.change import changes_on
from bench.tracing.probe_run import ProbeResult, probe_records
from bench.tracing.tracing import normal_records
from bench.view import Cases, QuestionKey, View, cases_of
from readers.contract import Reader
from readers.registry import checked_reader
from readers.registry import reader as reader_named
from taxonomy.danger import DangerTable
from taxonomy.error import SettingError
from taxonomy.reading import Reading


def load_dataset(where: str | Path | None = None) -> Dataset:
    """Open a dataset: ``name:path``, PTB-XL's folder, or where the environment says, else phantoms.

    Its ``cohort(split)`` gives the records to evaluate on, such as ``load_dataset().cohort("test")``.

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such dataset.
    """
    return open_dataset(where)


def reader(name: str, **options: Any) -> Reader:
    """Build a reader by its name, as after ``--reader``, with its options, as after ``--option``.

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such reader, or it cannot be built.
    """
    return reader_named(name, {option: str(value) for option, value in options.items()})


def ask(
    reader: Reader | str, records: Cohort, view: View | None = None, observer: Observer = SILENT
) -> Mapping[RecordId, Reading]:
    """Return a reader's reading of every record, by ``ecg_id``; parameters and errors as of :func:`evaluate`."""
    cases, readings = _asked(reader, records, view, observer)
    return {record.ecg_id: readings[QuestionKey(record.ecg_id)] for record in cases.cohort}


def evaluate(
    reader: Reader | str,
    records: Cohort,
    view: View | None = None,
    danger: DangerTable | None = None,
    observer: Observer = SILENT,
) -> Score:
    """Ask a reader about every record and score its answers.

    A crash of the reader costs the case that causes it. Nothing is printed or kept on disk; ``bench run`` does the same
    in a folder that resumes.

    Parameters
    ----------
    reader : Reader or str
        An object with ``name``, ``inputs`` and ``read``, or the name of one.
    records : Cohort
        Such as ``load_dataset().cohort("test")``.
    view : View, optional
        What the reader is shown; everything, on printed pages, when not given.
    danger : DangerTable, optional
        The default one when not given.
    observer : Observer
        Told how far the work is; nobody by default.

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such reader, or it fails on everything.
    """
    built = _built(reader)
    cases, readings = _asked(built, records, view, observer)
    return score_readings(readings, cases.cohort, danger, offer=offer_of(built, cases.view))


def ablate(  # noqa: PLR0913  # what evaluate takes, the conditions and what to compare with
    reader: Reader | str,
    records: Cohort,
    view: View | None = None,
    image_ceiling: Reader | str | None = AUTO,
    conditions: str = "",
    observer: Observer = SILENT,
) -> Evidence:
    """Ask a reader under several conditions, and say of each axis whether it can read it or recites the prior.

    Parameters
    ----------
    reader, records, view, observer
        As of :func:`evaluate`; the view's condition is not looked at.
    image_ceiling : Reader, str or None
        The reader that shows what can be read from the same images or signals; ``auto`` takes ``digitizer`` for a
        reader of images and ``resnet1d`` for any other, None compares with none.
    conditions : str
        Names separated by commas, or ``all``; when empty ``full,image-only,text-only,crossed``.

    Raises
    ------
    taxonomy.error.BenchError
        As :func:`evaluate`, or when there is no such condition.
    """
    built, view = _built(reader), _checked(records, view)
    ceiling = ceiling_reader(built.inputs) if image_ceiling == AUTO else image_ceiling
    is_itself = ceiling in {built.name, ""}
    ablation = Ablation(built, records, view, conditions)
    return ablate_in_memory(ablation, None if ceiling is None or is_itself else _built(ceiling), observer)


def contamination(  # noqa: PLR0913  # what evaluate takes, and what to compare with
    reader: Reader | str,
    records: Cohort,
    view: View | None = None,
    held_out: Cohort | None = None,
    reference: Reader | str | None = AUTO,
    only_copies: bool = False,
    observer: Observer = SILENT,
) -> Contamination:
    """Compare a reader on published records, jittered copies and phantoms, and say whether it has memorised them.

    Parameters
    ----------
    reader, records, view, observer
        As of :func:`evaluate`; the view's condition is not looked at: no printed number is shown to a reader of traces.
    held_out : Cohort, optional
        Records that the reader has not seen.
    reference : Reader, str or None
        A reader whose fall from real records to phantoms is shown beside; ``auto`` as of ``bench contamination``.
    only_copies : bool
        Leaves out phantoms, and with them what they tell.

    Raises
    ------
    taxonomy.error.BenchError
        As :func:`evaluate`, or when the reader sees no tracing and no number, or answers no axis that is compared.
    """
    built = _built(reader)
    study = Study(built, records, _checked(records, view), held_out, only_copies)
    named = reference_name(study) if reference == AUTO else reference
    is_itself = named in {built.name, ""}
    return contamination_in_memory(study, None if named is None or is_itself else _built(named), observer)


def probe(  # noqa: PLR0913  # what evaluate takes, and what is changed of which records
    reader: Reader | str,
    records: Cohort,
    changes: str | Sequence[str] = (),
    view: View | None = None,
    all_records: bool = False,
    observer: Observer = SILENT,
) -> ProbeResult:
    """Change one thing of normal records by known doses, and say at which dose the answers move.

    Parameters
    ----------
    reader, records, view, observer
        As of :func:`evaluate`; only the tracing is shown.
    changes : str or sequence of str
        Such as ``"rate"`` or ``("rate", "pr")``; all that these records can have when empty.
    all_records : bool
        Changes every record, not only those labelled normal.
    """
    view = _checked(records, view)
    chosen = changes_on(records.dataset, [changes] if isinstance(changes, str) else changes)
    return probe_records(_built(reader), normal_records(records, all_records), chosen, view, observer)


def compare(*runs: str | Path, where: str | None = None, observer: Observer = SILENT) -> tuple[PairComparison, ...]:
    """Compare every pair of run folders or submissions on the cases that they share.

    Parameters
    ----------
    runs : str or Path
        Two or more, of one dataset.
    where : str, optional
        The dataset, as of :func:`load_dataset`; runs on phantoms need none.
    observer : Observer

    Raises
    ------
    taxonomy.error.BenchError
        When there is only one, they are of different datasets, or two share no case.
    """
    return compare_runs([Path(run) for run in runs], where, observer)


def _asked(
    reader: Reader | str, records: Cohort, view: View | None, observer: Observer
) -> tuple[Cases, Mapping[QuestionKey, Reading]]:
    built = _built(reader)
    cases = cases_of(_checked(records, view).settled(built), records, observer)
    with observer.progress("measuring") as report:
        cases.cohort.measure(report)
    return cases, ask_cohort(built, cases, observer)


def _built(reader: Reader | str) -> Reader:
    if isinstance(reader, str):
        return reader_named(reader)
    return checked_reader(reader, getattr(reader, "name", type(reader).__name__))


def _checked(records: Cohort, view: View | None) -> View:
    """Return the view, the default one for None; raises SettingError for what is easily passed in their place."""
    if not isinstance(records, Cohort):
        raise SettingError(f"records must be a cohort, such as load_dataset().cohort('test'), not {type(records)}")
    if not isinstance(view, View | None):
        raise SettingError(f"view must be a View, such as View(condition='image-only'), not {view!r}")
    if not records:
        raise SettingError("the cohort has no record")
    return view or View()
