"""Asks a reader the same records with one thing changed, and tells whether its answers move, and where."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, RecordId
from bench.evidence.answer import AskedCase, Figure, share
from bench.probe.beats import find, tiled
from bench.probe.change import CHANGES, Change
from bench.prompt import PromptSettings, condition_named, prompt
from measurements import Measurements, measure
from readers.contract import Case, Prompt, Reader
from readers.guest import Crash, attempt
from renderers import PageStyle, render
from taxonomy.axis import AXES, AxisValue
from taxonomy.error import RunError
from taxonomy.reading import Reading
from taxonomy.truth import Truth

FS, SAMPLES = 500.0, 5000
SOURCE_S = 40.0
"""Length of the record from which ten seconds are taken after a change: a faster rate needs more of it."""


@dataclass(frozen=True, eq=False)
class Tracing:
    """One tracing of the probe set.

    Attributes
    ----------
    record : Record
    change : str
        Name of the property; empty for the record itself.
    dose : float
    mv : float32 array (12, 5000) in mV
        At 500 Hz; III, aVR, aVL and aVF follow from I and II.
    expected : str or None
        The right answer on the property's axis, where it follows from the dose.
    """

    record: Record
    change: str
    dose: float
    mv: NDArray[np.float32]
    expected: str | None


@dataclass(frozen=True)
class DoseResult:
    """What a reader did at one dose of one change.

    Attributes
    ----------
    change, unit, axis : str
    dose : float
    n : int
        Records on which this dose is possible.
    moved : Figure
        Share whose answer on the axis is another than on the record itself.
    right : Figure or None
        Share whose answer is what the dose makes right, where that is known.
    elsewhere : Figure
        Share whose answer moved on any other axis, which it should not.
    """

    change: str
    unit: str
    axis: str
    dose: float
    n: int
    moved: Figure
    right: Figure | None
    elsewhere: Figure


def tracings(records: Sequence[Record], changes: Sequence[Change], seed: int) -> Iterator[Tracing]:
    """Yield every record that can be delineated, and its changes at every dose that is possible on it."""
    for record in records:
        beats = find(record.signal())
        if beats is None:
            continue
        source = tiled(beats, SOURCE_S)
        base = measure(source.mv[:, :SAMPLES], FS)
        yield Tracing(record, "", 0.0, source.mv[:, :SAMPLES], None)
        for change in changes:
            for dose in (dose for dose in change.doses if dose):
                found = change.apply(source, dose, _chance(seed, record, change))
                if found is not None and found.mv.shape[1] >= SAMPLES:
                    expected = change.expect(base, dose)
                    yield Tracing(record, change.name, dose, found.mv[:, :SAMPLES], expected)


def _chance(seed: int, record: Record, change: Change) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed} {record.ecg_id} {change.name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def case_of(tracing: Tracing, reader: Reader, renderer: str, style: PageStyle) -> Case:
    """Return what the reader is shown: the tracing alone, no numbers."""
    wants_image, wants_text = "image" in reader.inputs, "text" in reader.inputs
    images = render(tracing.mv, FS, renderer, style) if wants_image else ()
    settings = PromptSettings(condition_named("image-only"), renderer=renderer)
    words: Prompt | None = prompt(Measurements.none("not shown"), images, settings) if wants_text else None
    signal = tracing.mv if "signal" in reader.inputs else None
    name = hashlib.sha256(f"{tracing.record.ecg_id} {tracing.change} {tracing.dose}".encode()).hexdigest()[:12]
    return Case(name, signal, FS if signal is not None else None, images, words)


def probe(
    reader: Reader, asked: Sequence[Tracing], page: tuple[str, PageStyle], report: Callable[[int, int], None]
) -> tuple[DoseResult, ...]:
    """Ask a reader every tracing and compare its answers.

    Parameters
    ----------
    reader : Reader
    asked : sequence of Tracing
    page : (str, PageStyle)
        Renderer and scale, for readers of images.
    report : callable

    Raises
    ------
    taxonomy.error.RunError
        When the reader crashes or answers fewer cases than it is asked.
    """
    readings: list[Reading] = []

    def read() -> None:
        for reading in reader.read(case_of(tracing, reader, *page) for tracing in asked):
            readings.append(reading)
            report(len(readings), len(asked))

    outcome = attempt(read)
    if isinstance(outcome, Crash) or len(readings) != len(asked):
        words = outcome.words if isinstance(outcome, Crash) else f"{len(readings)} readings for {len(asked)} cases"
        raise RunError(f"reader {reader.name!r} did not read the probe set: {words}")
    base = {t.record.ecg_id: r for t, r in zip(asked, readings, strict=True) if not t.change}
    whole = {ecg_id for ecg_id, reading in base.items() if reading.outcome != "failed"}
    both = [(t, r) for t, r in zip(asked, readings, strict=True) if t.record.ecg_id in whole]
    pairs = [(tracing, reading) for tracing, reading in both if reading.outcome != "failed"]
    doses = dict.fromkeys((tracing.change, tracing.dose) for tracing, _ in pairs if tracing.change)
    return tuple(
        _result(CHANGES[change], dose, [(t, r) for t, r in pairs if (t.change, t.dose) == (change, dose)], base)
        for change, dose in sorted(doses, key=lambda one: (list(CHANGES).index(one[0]), one[1]))
    )


def _result(
    change: Change, dose: float, pairs: Sequence[tuple[Tracing, Reading]], base: dict[RecordId, Reading]
) -> DoseResult:
    people = tuple(AskedCase(t.record.ecg_id, t.record.patient_id, Truth({}), {}, {}) for t, _ in pairs)
    before = [base[tracing.record.ecg_id] for tracing, _ in pairs]
    moved = [_answer(b, change.axis) != _answer(r, change.axis) for b, (_, r) in zip(before, pairs, strict=True)]
    others = [axis.name for axis in AXES if axis.name not in _belongs_to(change.axis)]
    elsewhere = [
        any(_answer(b, axis) != _answer(r, axis) for axis in others) for b, (_, r) in zip(before, pairs, strict=True)
    ]
    known = [place for place, (tracing, _) in enumerate(pairs) if tracing.expected is not None]
    right = share(
        tuple(people[place] for place in known),
        np.array([_answer(pairs[place][1], change.axis) == pairs[place][0].expected for place in known], dtype=bool),
    )
    found, aside = (share(people, np.array(happened, dtype=bool)) for happened in (moved, elsewhere))
    assert found is not None and aside is not None
    return DoseResult(change.name, change.unit, change.axis, dose, len(pairs), found, right, aside)


def _belongs_to(axis: str) -> set[str]:
    """Return the axes that a change on one may rightly move: findings and diagnosis restate the others."""
    ischemia = {"ischemia_stage", "ischemia_territory"}
    return {axis, "diagnosis", "other_findings"} | (ischemia if axis in ischemia else set())


def _answer(reading: Reading, axis: str) -> AxisValue | None:
    return None if reading.error else reading.values.get(axis)
