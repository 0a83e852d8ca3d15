"""The benchmark's own calibration: readers of which it is known what they read must get the right verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.dataset import Cohort, Dataset, RecordId
from bench.evidence.answer import Answers, asked_case
from bench.evidence.design import asked_conditions
from bench.evidence.evidence import AxisEvidence, Ceilings, evidence
from bench.prompt import condition_named
from bench.run.case import Asking, CaseBuilder
from bench.run.runner import ask
from bench.run.settings import RunSettings
from bench.run.shown import ShownRecords, shown_numbers
from measurements import Measurements
from readers.contract import Reader
from readers.double import BlankDouble, CopyDouble, PerfectDouble, PriorDouble, trace_digest
from readers.majority import majority_values
from readers.text_ceiling import MeasurementsReader
from taxonomy.axis import AXIS_NAMES

TRACE, COPY, PRIOR = "reads the trace", "copies the prompt", "recites the prior"
EXPECTED: Mapping[str, Mapping[str, str]] = {
    "double-prior": dict.fromkeys(AXIS_NAMES, PRIOR),
    "double-blank": dict.fromkeys(AXIS_NAMES, PRIOR),
    "double-copy": dict.fromkeys(AXIS_NAMES, PRIOR) | {"rate": COPY, "axis": COPY},
    "double-perfect": dict.fromkeys(AXIS_NAMES, TRACE),
}
"""What must be said of each double on each axis."""


@dataclass(frozen=True)
class Check:
    """One double: what was found, and the axes where that is not what is known."""

    reader: str
    axes: tuple[AxisEvidence, ...]
    wrong: tuple[str, ...]


def selftest(dataset: Dataset, split: str = "test", seed: int = 0) -> list[Check]:
    """Ask every double under every condition, and compare the verdicts with what is known."""
    records = dataset.cohort(split)
    truths = {trace_digest(record.signal().mv): records.truth(record).values for record in records}
    doubles: Sequence[Reader] = (PriorDouble(), BlankDouble(), CopyDouble(), PerfectDouble(truths))
    return [_check(double, records, seed) for double in doubles]


def _check(double: Reader, records: Cohort, seed: int) -> Check:
    axes = evidence_on(double, records, seed)
    wrong = tuple(
        f"{axis.axis}: {axis.verdict!r}, not {EXPECTED[double.name][axis.axis]!r}"
        for axis in axes
        if not axis.verdict.startswith(EXPECTED[double.name][axis.axis])
    )
    return Check(double.name, axes, wrong)


def evidence_on(reader: Reader, records: Cohort, seed: int) -> tuple[AxisEvidence, ...]:
    """Return the evidence on a reader in memory: no run folder, no image ceiling."""
    numbers = records.measure()
    serves = asked_conditions(reader.inputs)
    used = dict.fromkeys(name for name in serves.values() if name)
    found = {name: _asked(reader, ShownRecords(records, name, seed=seed), numbers) for name in used}
    cases = [asked_case(record, records.truth(record), found, serves) for record in records]
    text = MeasurementsReader()
    ceiling = {record.ecg_id: text.answer(numbers[record.ecg_id]).values for record in records}
    return evidence(cases, Ceilings(majority_values(), ceiling, {}))


def _asked(reader: Reader, shown: ShownRecords, waveform: Mapping[RecordId, Measurements]) -> Answers:
    numbers, standing_in = shown_numbers(shown, waveform)
    foreign = condition_named(shown.condition).measurements == "donor"
    foreign_to = condition_named(shown.condition).donor
    chosen = shown.records.of(r for r in shown.records if not foreign_to or r.ecg_id in standing_in)
    dataset = chosen.dataset
    settings = RunSettings(
        reader.name, {}, dataset.name, dataset.version, chosen.fingerprint, dataset.is_sample, "test", chosen.ids,
        condition=shown.condition, seed=shown.seed,
    )  # fmt: skip
    builder = CaseBuilder(settings, reader, numbers, donors=standing_in, dataset=dataset)
    readings = {asking.record.ecg_id: reading for asking, reading in ask(builder, [Asking(r) for r in chosen])}
    told = {r.ecg_id: numbers[(standing_in[r.ecg_id] if foreign else r).ecg_id] for r in chosen}
    return Answers(readings, told)
