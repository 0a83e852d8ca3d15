"""The front door: whatever the command line does to a reader, as functions that print nothing and keep nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.dataset import Cohort, Dataset, open_dataset
from bench.evidence.ablation import ablate_in_memory
from bench.evidence.result import Evidence
from bench.progress import SILENT, Observer
from bench.run.questionnaire import Questionnaire, ask_all
from bench.run.scoring import score_readings
from bench.score import Score
from bench.tracing.change import CHANGES, change_named
from bench.tracing.dose_response import DoseResult, probe_tracings
from bench.tracing.tracing import normal_records, tracings
from bench.view import Question, View, cases_of
from readers.contract import Reader
from readers.registry import reader as reader_named
from taxonomy.danger import DangerTable


def load_dataset(where: str | Path | None = None) -> Dataset:
    """Open a dataset: ``name:path``, PTB-XL's folder, or where the environment says, else the embedded sample.

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


def evaluate(
    reader: Reader | str,
    records: Cohort,
    view: View | None = None,
    danger: DangerTable | None = None,
    observer: Observer = SILENT,
) -> Score:
    """Ask a reader about every record and score its answers.

    A reader's crash costs the case that causes it. Nothing is printed or kept on disk; ``bench run`` does the same in
    a folder that resumes.

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
        Told how far it is; nobody by default.

    Raises
    ------
    taxonomy.error.BenchError
        When there is no such reader, or it fails on everything.
    """
    built = _built(reader)
    cases = cases_of((view or View()).settled(built), records, observer)
    with observer.progress("measuring") as report:
        cases.cohort.measure(report)
    questions = Questionnaire(cases, [Question(record) for record in cases.cohort], {})
    with observer.progress(built.name) as report:
        readings = ask_all(built, questions, lambda question, reading: None, report)
    form = cases.view.form.name if "text" in built.inputs else ""
    return score_readings(readings, cases.cohort, danger, form)


def ablate(reader: Reader | str, records: Cohort, view: View | None = None, observer: Observer = SILENT) -> Evidence:
    """Ask a reader under every condition, and say of each axis whether it reads the trace or recites the prior.

    Parameters
    ----------
    reader, records, view, observer
        As of :func:`evaluate`; the view's condition is not looked at.
    """
    return ablate_in_memory(_built(reader), records, view or View(), observer)


def probe(
    reader: Reader | str,
    records: Cohort,
    changes: Sequence[str] = (),
    view: View | None = None,
    observer: Observer = SILENT,
) -> tuple[DoseResult, ...]:
    """Change one thing of normal records by known doses, and return at which dose the answers move.

    Parameters
    ----------
    reader, records, view, observer
        As of :func:`evaluate`; only records labelled normal are changed, and only the tracing is shown.
    changes : sequence of str
        Such as ``("rate", "pr")``; all when empty.
    """
    built, view = _built(reader), view or View()
    chosen = [change_named(name) for name in changes or CHANGES]
    asked = list(tracings(normal_records(records), chosen, view.seed))
    with observer.progress(built.name, "tracings") as report:
        return probe_tracings(built, asked, view, report)


def _built(reader: Reader | str) -> Reader:
    return reader_named(reader) if isinstance(reader, str) else reader
