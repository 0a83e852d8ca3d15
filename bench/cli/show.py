"""``bench show``: one record with its truth, its measurements, and what runs said of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.completing import run_folders
from bench.cli.option import data_option

if TYPE_CHECKING:
    from bench.dataset import Cohort, Dataset
    from bench.report.record_sheet import RecordSheet, RunAnswer, RunReading
    from bench.score.scored_case import ScoredCase
    from bench.web.open_run import OpenRun


@click.command()
@click.option("--id", "ids", metavar="ID", required=True, help="Record.")
@data_option
@click.option(
    "--run",
    "runs",
    multiple=True,
    shell_complete=run_folders,
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="A run folder, or a folder of runs, whose readings are shown; as often as needed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    show_default="pictures/ID_shown.png",
    help="The picture.",
)
def show(ids: str, data: str | None, runs: tuple[Path, ...], out: Path | None) -> None:
    """Show one record: what is true of it and who says so, what was measured, and what runs said.

    A wrong answer is marked beside the truth. The picture has the ECG on millimetre paper with the same beneath, and
    prints at 25 mm/s. The record is that of the runs' dataset unless --data names another one.

    \b
    Examples:
      bench show --id 231
      bench show --id 231 --run runs/resnet1d-phantoms-1-test-1a2b3c4d --run runs/majority-phantoms-1-test-5e6f7a8b
      bench show --id 38 --data ~/ptb-xl --out pictures/38.png
    """
    from bench.dataset.explanation import explain
    from bench.report.record_sheet import RecordSheet
    from taxonomy.error import SettingError

    opened = _opened(runs, data)
    dataset = _dataset(opened, data)
    cohort = _cohort(dataset, ids)
    if len(cohort) > 1:
        raise SettingError(f"--id takes one record, not {ids}")
    readings = tuple(_reading(run, cohort) for run in opened)
    sheet = RecordSheet(cohort[0], explain(cohort, cohort[0]), readings, dataset.name)
    _print(sheet)
    _draw(sheet, out)


def _opened(places: Sequence[Path], data: str | None) -> "list[OpenRun]":
    """Return the runs in the order in which they were named; raises RunError for a folder without any."""
    from bench.cli.terminal import TERMINAL
    from bench.web.finding import find
    from bench.web.open_run import Datasets, OpenRun

    if not places:
        return []
    found, datasets = find(places), Datasets(data)
    for note in found.notes:
        TERMINAL.say(note)
    return [OpenRun(run, datasets) for run in found.shown]


def _dataset(runs: "Sequence[OpenRun]", data: str | None) -> "Dataset":
    from bench.dataset import open_dataset
    from bench.view.derived import base_name
    from taxonomy.error import RunError

    if data is not None or not runs:
        return open_dataset(data)
    names = dict.fromkeys(base_name(run.settings.dataset) for run in runs)
    if len(names) > 1:
        raise RunError(f"the runs are on several datasets, {', '.join(names)}: name the record's with --data")
    opened = next((run.cohort for run in runs if run.cohort is not None), None)
    if opened is None:
        raise RunError(f"{runs[0].name}: {runs[0].problem}")
    return opened.dataset


def _cohort(dataset: "Dataset", ids: str) -> "Cohort":
    from bench.dataset import Selection

    return Selection(ids=ids, option="--id").cohort(with_signal=False, dataset=dataset)


def _reading(run: "OpenRun", cohort: "Cohort") -> "RunReading":
    """Return what a run says of the record of a cohort of one."""
    from dataclasses import replace

    from bench.report.record_sheet import RunReading
    from bench.run.scoring import scored_cases
    from bench.view import QuestionKey, condition_named

    settings, (record,) = run.settings, cohort
    shown = condition_named(settings.condition)
    reader = settings.reader + ("" if shown.name == "full" else f", {shown.name}")
    told = f"{settings.reader} on {settings.dataset}, {settings.split}, condition {shown.name}"
    silent = RunReading(run.name, reader, told, {})
    if settings.dataset != cohort.dataset.name:
        return replace(silent, why=f"its record {record.ecg_id} is another one, of another dataset")
    if run.cohort is None:
        return replace(silent, why=run.problem)
    if record.ecg_id not in settings.ids:
        return replace(silent, why=f"it was not asked about record {record.ecg_id}")
    readings = run.readings_of(record.ecg_id)
    if 0 not in readings:
        return replace(silent, why=f"it has no reading of record {record.ecg_id} yet")
    (case,) = scored_cases({QuestionKey(record.ecg_id): readings[0]}, cohort, offer=settings.offer)
    cases = [replace(case, reading=one) for one in readings.values()]
    return RunReading(run.name, reader, told, _answers(case), _known(run, cases), _written(case, settings.form))


def _answers(case: "ScoredCase") -> "dict[str, RunAnswer]":
    from bench.report.record_sheet import RunAnswer
    from bench.score.axis_score import value_in_words
    from taxonomy.axis import AXES, DERIVED

    found = {}
    for axis in (*AXES, *DERIVED):
        said = case.answer(axis.name)
        chances = case.reading.probabilities.get(axis.name, {})
        chance = chances.get(said) if isinstance(said, str) else None
        words = "" if said is None else value_in_words(said)
        if axis.name not in case.asked:
            found[axis.name] = RunAnswer("", "not asked")
        elif case.true(axis.name) is None:
            found[axis.name] = RunAnswer(words, "no truth", chance)
        elif said is None:
            found[axis.name] = RunAnswer("", "no answer")
        else:
            found[axis.name] = RunAnswer(words, "right" if case.is_right(axis.name) else "wrong", chance)
    return found


def _known(run: "OpenRun", cases: "Sequence[ScoredCase]") -> str:
    """Return what is to be known of a reading: that its call failed, whose numbers it saw, how often it was asked."""
    from bench.report.table import quoted
    from taxonomy.axis import AXES

    first = cases[0].reading
    said = []
    if first.error is not None:
        said.append(f"no answer: {first.error.kind}, {quoted(first.error.message, 200)}")
    donor = run.folder.manifest().get("donors", {}).get(str(cases[0].ecg_id))
    if donor is not None:
        said.append(f"with the numbers of record {quoted(str(donor), 60)} beside the trace")
    if len(cases) > 1:
        other = [axis.name for axis in AXES if len({case.answer(axis.name) for case in cases}) > 1]
        said.append(
            f"the first of {len(cases)} answers, which "
            + (f"differ in {', '.join(other)}" if other else "are the same")
        )
    return "; ".join(said)


def _written(case: "ScoredCase", form: str) -> str:
    from taxonomy.parsing import written_reasoning
    from taxonomy.target import target_format

    raw = case.reading.raw or ""
    return (written_reasoning(raw, target_format(form)) if raw and form else None) or raw


def _print(sheet: "RecordSheet") -> None:
    from bench.cli.terminal import show as show_table
    from bench.report import record_sheet as words

    click.echo("\n".join(words.first_lines(sheet)))
    for table in (words.number_table(sheet), words.truth_table(sheet)):
        click.echo()
        show_table(table, most=words.WIDTH)
    if sheet.runs:
        click.echo("\n" + "\n".join(words.run_lines(sheet)))
    tables = list(words.reading_tables(sheet))
    for table in tables:
        click.echo()
        show_table(table, most=words.WIDTH)
    if tables:
        click.echo("\n" + "\n".join([*words.key_lines(), *words.written_lines(sheet)]))


def _draw(sheet: "RecordSheet", out: Path | None) -> None:
    """Write the picture, or say why there is none; what was printed stands either way."""
    import textwrap

    from bench.report.record_sheet import WIDTH, record_page
    from bench.report.table import harmless
    from bench.run.settings import safe_name
    from bench.storage import whole_file
    from taxonomy.error import DatasetError, RenderError

    path = out or Path("pictures") / f"{safe_name(str(sheet.record.ecg_id)).zfill(5)}_shown.png"
    try:
        png = record_page(sheet, sheet.record.signal()).png()
    except (DatasetError, RenderError) as error:
        said = textwrap.wrap(harmless(f"no picture: {error}"), WIDTH, break_long_words=False, break_on_hyphens=False)
        click.echo("\n" + "\n".join(said))
        return
    with whole_file(path) as part:
        part.write_bytes(png)
    click.echo(f"\npicture: {path}")
