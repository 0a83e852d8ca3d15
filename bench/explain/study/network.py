"""The whole explanation of a reader that lets its network be explained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from bench.dataset import Record, RecordId
from bench.explain.belief.belief import belief, truth_of
from bench.explain.belief.judging import Row, map_of
from bench.explain.belief.planted import Known
from bench.explain.belief.sample import Positive, answer_about, positives, usual_outputs
from bench.explain.belief.verdict import RANKS
from bench.explain.concepts.concept import CONCEPTS, CONTROLS
from bench.explain.concepts.concept_study import ConceptQuestion, ConceptTable, concept_table
from bench.explain.concepts.concept_vector import CavOptions
from bench.explain.counterfactual.given import asking_network
from bench.explain.hiding.blackbox import black_box_on_disk
from bench.explain.maps.method import Answer, Method, chosen, last_layer, method_named, output_named
from bench.explain.maps.metric import mass
from bench.explain.study.case import ExplainedCase, cases_of
from bench.explain.study.doses import doses_of
from bench.explain.study.found import Explained
from bench.explain.study.infarction import InfarctionCase, infarctions
from bench.explain.study.mapped import curves, heats, mapped
from bench.explain.study.options import ExplainOptions
from bench.explain.study.phase import Phases, counted
from bench.explain.study.readings import whole_readings
from bench.explain.study.trace import Trace, traced
from bench.explain.study.truth_file import kept_truth
from bench.explain.study.turning import Turned, turned
from bench.progress import SILENT, Observer
from bench.storage import held
from bench.view.region import expected_region
from readers.contract import Reader
from readers.head import MEASURED
from readers.network import Network, Output
from taxonomy.axis import AXES, ISCHEMIA_TERRITORY
from taxonomy.error import BenchError, DatasetError, RunError
from taxonomy.reading import Reading

Part = TypeVar("Part")

MOST_MASSES = 60
"""Infarctions whose maps are made at most, for the mass in their regions."""


@dataclass(frozen=True, eq=False)
class NetworkStudy:
    """One explanation of one network.

    Attributes
    ----------
    options : ExplainOptions
    reader : Reader
    network : Network
    observer : Observer
    """

    options: ExplainOptions
    reader: Reader
    network: Network
    observer: Observer = SILENT

    def check(self) -> None:
        """Raise a BenchError where something that was named is not there, or no answer is right, before it is asked."""
        if self.options.belief.layer:
            self.network.layer(self.options.belief.layer)
        if self.options.shown:
            self._shown(())
        _ = self.positives

    def found(self) -> Explained:
        """Explain it; what is done is kept in the folder, so that a killed one goes on."""
        self.check()
        options, cohort = self.options, self.options.cohort
        folder = options.folder
        notes: list[str] = []
        with held(folder):
            pass  # whether it can be written is told before minutes are spent
        turns = bool(options.transplants and self.findings)
        asks = (turns, options.concepts, options.doses)
        phases = Phases(4 + sum(asks), self.observer)
        methods = counted(len(chosen(options.belief.methods)), "method")
        phases.begin(f"known truth, by {methods}; it is kept for every reader")
        truth = self._told(notes, self._truth, list[Known](), "known truth", RunError)
        phases.begin(f"verdicts, by {methods} on {counted(len(self.positives), 'answer')}")
        judged = belief(self.reader, cohort, options.belief, truth, folder / "judged", self.observer, self.positives)
        shown = self._shown(judged.rows)
        phases.begin(f"maps by {shown.name}, for means and curves")
        maps = mapped(self.positives, shown, options.belief.seed, self.observer)
        if turns:
            each = counted(options.transplants or 0, "record")
            phases.begin(f"transplants, in {each} of each of {counted(len(self.findings), 'finding')}")
        turning = self._told(notes, self._turned, Turned(), "transplants")
        if options.concepts:
            phases.begin("concepts")
        concepts = self._told(notes, self._concepts, None, "concepts")
        if options.doses:
            phases.begin("doses")
        doses = doses_of(options, self.observer) if options.doses else ()
        phases.begin(f"answers to {counted(len(cohort), 'whole record')}, for the gallery and its pictures")
        own = next(row for row in judged.rows if row.method == shown.name)
        return Explained(
            reader=options.run.reader,
            dataset=options.dataset.name,
            n=len(cohort),
            is_simulated=options.dataset.is_simulated,
            data=options.dataset.credit,
            method=shown.name,
            verdict=str(own.verdict),
            split=cohort.split,
            shown=f"the signal of twelve leads at {self.network.fs:g} Hz",
            reader_details=dict(getattr(self.reader, "details", {})),
            rows=judged.rows,
            truth=tuple(truth),
            cases=tuple(self._cases(shown)),
            infarctions=tuple(self._infarctions(shown)),
            heats=heats(maps),
            curves=curves(maps, shown.name),
            changes=turning.changes,
            flips=turning.flips,
            doses=doses,
            concepts=concepts,
            notes=tuple(notes),
            paper=options.paper,
        )

    def planned(self) -> tuple[str, ...]:
        """Return in words what would be explained; nothing is asked but which answers are right."""
        self.check()
        methods = chosen(self.options.belief.methods)
        names = ", ".join(method.name for method in methods)
        transplants = (self.options.transplants or 0) * len(self.findings)
        return (
            f"{counted(len(self.positives), 'right answer')} of "
            f"{counted(len({one.patient_id for one in self.positives}), 'patient')}, by "
            f"{counted(len(methods), 'method')}: {names}",
            f"{counted(transplants, 'transplant')} at most, of {counted(len(self.findings), 'finding')}",
            f"{counted(len(self.options.cohort), 'whole record')} for the gallery; all on this machine, at no price",
        )

    @cached_property
    def targets(self) -> tuple[Output, ...]:
        """The outputs that are named; by default :func:`bench.explain.belief.sample.usual_outputs`."""
        named = tuple(output_named(self.network, target) for target in self.options.belief.targets)
        return named or usual_outputs(self.network)

    @cached_property
    def readings(self) -> dict[RecordId, Reading]:
        """The readings of the whole records."""
        with black_box_on_disk(self.options.run, self.options.cohort, self.observer) as (box, _):
            return whole_readings(box, self.options.cohort, self.observer)

    @cached_property
    def positives(self) -> tuple[Positive, ...]:
        """The right answers."""
        return positives(self.network, self.options.cohort, self.targets, self.options.belief.each, self.observer)

    @cached_property
    def findings(self) -> tuple[Output, ...]:
        """The findings of the right answers that are no negative, such as no conduction disturbance."""
        negative = {(axis.name, axis.negative) for axis in AXES}
        return tuple(dict.fromkeys(one.output for one in self.positives if one.output not in negative))

    @property
    def layer(self) -> str:
        """The layer for methods that need one."""
        return self.options.belief.layer or last_layer(self.network, self.positives[0].answer.shown)

    def _shown(self, rows: Sequence[Row]) -> Method:
        if self.options.shown:
            return method_named(self.options.shown)
        return method_named(min(rows, key=_worth).method)

    def _cases(self, shown: Method) -> list[ExplainedCase]:
        """Return the answers from which the gallery is chosen: those on axes that are read from the waveform."""
        names, only = {axis.name for axis in AXES} - MEASURED, set(self.targets if self.options.belief.targets else ())
        told = {
            head: [value for value in values if not only or (head, value) in only]
            for head, values in self.network.heads.items()
            if head in names
        }

        def tracing(record: Record, axis: str, value: str) -> Trace:
            return traced(self.network, record, (axis, value), shown, self.layer)

        wanted = {head: values for head, values in told.items() if values}
        return list(cases_of(self.options.cohort, self.readings, wanted, tracing))

    def _infarctions(self, shown: Method) -> list[InfarctionCase]:
        left = [MOST_MASSES]

        def massed(record: Record, territory: str) -> float | None:
            output = (ISCHEMIA_TERRITORY.name, territory)
            if output not in self.network.outputs or not left[0]:
                return None
            left[0] -= 1
            _, _, answer = answer_about(self.network, record, output, self.layer)
            return _mass(answer, output, shown)

        return list(infarctions(self.options.cohort, self.readings, massed))

    def _turned(self) -> Turned:
        options = self.options
        if not options.transplants:
            return Turned()
        identity = repr((options.run.reader, sorted(getattr(self.reader, "details", {}).items())))
        with held(options.folder):
            return turned(
                lambda output: asking_network(self.network, *output),
                options.cohort,
                self.findings,
                options.transplants,
                identity,
                options.folder / "transplants.jsonl",
                options.belief.seed,
                self.observer,
            )

    def _concepts(self) -> ConceptTable | None:
        if not self.options.concepts:
            return None
        names = tuple(name for name in CONCEPTS if name not in CONTROLS)
        asked = ConceptQuestion(self.layer, self.findings, names, CavOptions(seed=self.options.belief.seed))
        return concept_table(self.network, asked, self.options.cohort, self.observer)

    def _truth(self) -> list[Known]:
        dataset, asked, out = self.options.dataset, self.options.belief, self.options.run.out
        names = [method.name for method in chosen(asked.methods)]
        return kept_truth(dataset, names, asked, out, lambda: truth_of(dataset, asked), self.observer)

    def _told(
        self,
        notes: list[str],
        make: Callable[[], Part],
        without: Part,
        what: str,
        lacking: type[BenchError] = DatasetError,
    ) -> Part:
        """Return a part of the explanation, and note why it is missing where a dataset lacks what it needs."""
        try:
            return make()
        except lacking as error:
            notes.append(f"No {what}: {error}.")
            self.observer.say(notes[-1])
            return without


def _worth(row: Row) -> tuple[int, float]:
    """Return what sorts methods: the best verdict first, then the largest certain gain over the signal's energy."""
    gain = row.deletion_above_energy
    return RANKS.index(row.verdict.word), -(gain.low if gain else float("-inf"))


def _mass(answer: Answer, output: Output, shown: Method) -> float | None:
    region = expected_region(*output)
    inside = answer.cells.mask(region.leads, region.segments) if region else None
    return None if inside is None or not inside.any() else mass(map_of(answer, shown), inside)
