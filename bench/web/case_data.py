"""A case as data for a page: what was asked, shown and answered, and what is true."""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bench.dataset import RecordId, Signal
from bench.dataset.explanation import explain
from bench.report.explain_map import map_path
from bench.view import Question, condition_named, template_version
from bench.web.finding import FoundExplanation
from bench.web.open_run import OpenRun
from bench.web.run_data import SHOWN, names
from measurements.measurement import TABLE
from readers.human import is_person
from renderers.style import LEADS
from taxonomy.axis import AxisValue, with_derived
from taxonomy.error import BenchError
from taxonomy.parsing import written_reasoning
from taxonomy.reading import Reading
from taxonomy.target import target_format

MOST_PROBABLE = 4
"""Values of an axis whose probabilities are told."""

GAP = -32_768
"""Stands for a missing sample among the microvolts."""

Json = dict[str, Any]


def case_json(
    run: OpenRun, number: int, beside: Sequence[OpenRun] = (), explanations: Sequence[FoundExplanation] = ()
) -> Json:
    """Return a case as plain JSON data; what cannot be shown has a sentence in its place under ``problem``.

    Parameters
    ----------
    run : OpenRun
    number : int
        Place of the record in the run, from 0.
    beside : sequence of OpenRun
        Runs whose answers to the same record are shown beside its own.
    explanations : sequence of FoundExplanation
    """
    ecg_id = run.settings.ids[number]
    others = [one for one in beside if one is not run and one.settings.dataset == run.settings.dataset]
    return {
        "id": ecg_id,
        "truth": _or_problem(lambda: _truth(run, ecg_id)),
        "pictures": _or_problem(lambda: _pictures(run, number)),
        "prompt": _or_problem(lambda: _prompt(run, ecg_id)),
        "readings": [one for each in (run, *others) for one in _readings(each, ecg_id)],
        "explanations": list(_explained(run, ecg_id, explanations)),
    }


def signal_json(run: OpenRun, number: int) -> Json:
    """Return the trace of a case as plain JSON data, as :func:`trace_json`; as the reader got it where that differs."""

    def traces() -> Json:
        ecg_id = run.settings.ids[number]
        seen = run.shown_signal(ecg_id)
        return trace_json(run.record(ecg_id).signal()) | {"seen": seen and trace_json(seen)}

    return _or_problem(traces)


def trace_json(signal: Signal) -> Json:
    """Return a trace as plain JSON data: ``fs`` in Hz, ``leads``, and ``uv``, base64 of little-endian int16 microvolts.

    The leads follow each other; a missing sample is :data:`GAP`.
    """
    finite = np.isfinite(signal.mv)
    microvolts = np.clip(np.round(np.where(finite, signal.mv, 0.0) * 1000), GAP + 1, -GAP - 1)
    samples = np.where(finite, microvolts, GAP).astype("<i2")
    return {"fs": signal.fs, "leads": list(LEADS), "uv": base64.b64encode(samples.tobytes()).decode("ascii")}


def _or_problem(made: Callable[[], Json]) -> Json:
    try:
        return made()
    except BenchError as error:
        return {"problem": str(error)}


def _truth(run: OpenRun, ecg_id: RecordId) -> Json:
    record, cohort = run.record(ecg_id), run.cohort
    assert cohort is not None
    told = explain(cohort, record)
    prior = cohort.dataset.baselines
    return {
        "age": record.age,
        "sex": record.sex,
        "fold": record.fold,
        "dataset": told.dataset,
        "credit": cohort.dataset.credit,
        "labels": {
            "report": told.report,
            "heart axis": told.heart_axis,
            "infarction stage": told.infarction_stadium,
        },
        "statements": [[one.code, one.likelihood, one.description] for one in told.statements],
        "measured": [[label, unit, told.measured[name]] for name, (label, unit) in TABLE.items()],
        "axes": {
            one.axis: {
                "truth": None
                if one.primary is None
                else [one.primary]
                if isinstance(one.primary, str)
                else one.primary,
                "accepted": list(one.accepted),
                "because": one.because,
                "source": one.source,
                "circular": one.circular,
                "prior": names(prior[one.axis]) if one.axis in prior else None,
            }
            for one in told.axes
        },
    }


def _pictures(run: OpenRun, number: int) -> Json:
    pages = run.pages(run.settings.ids[number])
    return {
        "pages": [
            {
                "src": f"picture-{run.number}-{number}-{place}.png",
                "width": page.size[0],
                "height": page.size[1],
                "px_per_mm": page.px_per_mm,
            }
            for place, page in enumerate(pages)
        ],
        "said": _given(run),
    }


def _given(run: OpenRun) -> str:
    """Return in a sentence what the reader was given to look at."""
    view, settings = run.view, run.settings
    images = view.shown.images
    if "image" in view.inputs:
        said = {
            "true": f"{view.renderer} at {view.px_per_mm} px/mm",
            "blank": "an empty page: the condition shows no trace",
            "none": "no picture: the condition shows none",
        }[images]
    elif "signal" in view.inputs:
        said = "no picture, but the samples of the signal" + (f" at {view.preferred_fs} Hz" * bool(view.preferred_fs))
    elif "text" in view.inputs:
        said = "no picture: this reader takes text alone"
    elif "statements" in view.inputs:
        said = "no picture, but the statements that an interpretation program printed"
    else:
        said = "nothing of the recording"
    changes = [
        word
        for word, is_so in (("a third of the leads masked", view.shown.lead_mask), ("jittered", view.shown.jittered))
        if is_so
    ]
    return ", ".join([said, *changes, f"condition {view.shown.name}" if settings.condition != "full" else ""]).strip(
        ", "
    )


def _prompt(run: OpenRun, ecg_id: RecordId) -> Json:
    if "text" not in run.view.inputs:
        return {"said": "This reader is sent no prompt."}
    record = run.record(ecg_id)
    case = run.asked.with_images(Question(record), run.pages(ecg_id))
    asked = case.prompt
    assert asked is not None
    donor = run.asked.printed(record)
    notes = []
    if is_person(run.settings.reader):
        notes.append("A person reads the numbers below and the definitions on a page of their own, not these words.")
    if donor.ecg_id != ecg_id:
        notes.append(f"Its numbers are those of record {donor.ecg_id}, which the reader did not learn.")
    if run.settings.prompt != template_version():
        notes.append(
            f"The run was made with the texts {run.settings.prompt}; this is how {template_version()} writes them."
        )
    return {
        "system": asked.system,
        "shots": [{"captions": list(one.captions), "text": one.text, "answer": one.answer} for one in case.shots],
        "captions": list(asked.captions),
        "text": asked.text,
        "schema": asked.schema,
        "statements": None if case.statements is None else list(case.statements),
        "notes": notes,
    }


def _readings(run: OpenRun, ecg_id: RecordId) -> Iterable[Json]:
    """Yield what a run says of a record, repeat by repeat; nothing where its readings are damaged."""
    if ecg_id not in run.settings.ids:
        return
    try:
        found = run.readings_of(ecg_id)
    except BenchError:
        return
    for repeat, reading in found.items():
        yield {
            "run": run.number,
            "reader": run.settings.reader,
            "condition": condition_named(run.settings.condition).name,
            "form": run.settings.form or "dense",
            "digest": run.settings.run_id.rpartition("-")[2],
            "repeat": repeat,
            "states": _states(run, ecg_id, repeat),
            **_reading(reading, run.settings.form),
        }


def _states(run: OpenRun, ecg_id: RecordId, repeat: int) -> Mapping[str, str]:
    table = run.table()
    case = table.scored(ecg_id, repeat)
    return {axis.name: table.state(case, axis.name) for axis in SHOWN}


def _reading(reading: Reading, form: str) -> Json:
    """Return a reading as plain JSON data, with its reasoning where the answer holds any."""
    reasoning = written_reasoning(reading.raw, target_format(form)) if reading.raw and form else None
    return {
        "outcome": reading.outcome,
        "error": reading.error and {"kind": reading.error.kind, "message": reading.error.message},
        "raw": reading.raw,
        "reasoning": reasoning,
        "values": {axis: None if value is None else names(value) for axis, value in _values(reading).items()},
        "problems": dict(reading.problems),
        "probabilities": {name: _most(chances) for name, chances in reading.probabilities.items()},
        "usage": {name: value for name, value in vars(reading.usage).items() if value is not None},
        "calls": [call.to_json() for call in reading.calls],
    }


def _values(reading: Reading) -> Mapping[str, AxisValue | None]:
    return {} if reading.error else with_derived(reading.values)


def _most(chances: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the most probable values with their probabilities."""
    return sorted(chances.items(), key=lambda one: -one[1])[:MOST_PROBABLE]


def _explained(run: OpenRun, ecg_id: RecordId, explanations: Sequence[FoundExplanation]) -> Iterable[Json]:
    for number, one in enumerate(explanations):
        if not one.is_of(run.settings):
            continue
        for place, seen in enumerate(one.file.gallery):
            if seen.ecg_id == ecg_id:
                yield {
                    "src": f"explained-{number}-{place}.png" if seen.picture else None,
                    "map": f"map-{number}-{place}" if _has_map(one, seen.picture) else None,
                    "axis": seen.axis,
                    "truth": seen.truth,
                    "answer": seen.answer,
                    "explained": seen.explained,
                    "roles": list(seen.roles),
                    "method": one.file.method,
                    "verdict": one.file.verdict,
                    "folder": one.path.name,
                }


def _has_map(one: FoundExplanation, picture: str | None) -> bool:
    return picture is not None and map_path(one.path / picture).is_file()
