"""What an open model's own image tokens say of its answers, added to what hiding parts of its pages said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.dataset import RecordId
from bench.explain.belief.judging import rows
from bench.explain.belief.page_judging import (
    BY_INK,
    MAP_FS,
    METHODS,
    PageAnswer,
    page_answers,
    page_figures,
    page_maps,
)
from bench.explain.hiding.bearer import target_named, with_region
from bench.explain.hiding.blackbox import BlackBox
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import cells_of
from bench.explain.maps.pooled_map import Pooled, Shares, cell_shares, pooled
from bench.explain.study.case import ExplainedCase
from bench.explain.study.found import Explained
from bench.explain.study.options import ExplainOptions
from bench.explain.study.trace import Trace
from bench.progress import SILENT, Observer
from measurements.conditioning import without_gaps
from measurements.segment import segmented
from taxonomy.error import RunError
from taxonomy.reading import Reading


@dataclass(frozen=True, eq=False)
class PageStudy:
    """The explanation of one open model by its image tokens.

    Attributes
    ----------
    options : ExplainOptions
    box : BlackBox
        Of an open model (:class:`readers.open_page.OpenPageReader`).
    observer : Observer
    """

    options: ExplainOptions
    box: BlackBox
    observer: Observer = SILENT

    def added_to(self, found: Explained, readings: dict[RecordId, Reading]) -> Explained:
        """Return an explanation with the verdicts on maps of image tokens; pictures show these unless others are named.

        Parameters
        ----------
        found : Explained
        readings : dict of RecordId to Reading
            Of the whole recordings.
        """
        belief = self.options.belief
        methods = tuple(name for name in belief.methods if name in METHODS) or METHODS
        targets = [target_named(name) for name in belief.targets] or list(with_region())
        among = None if self.options.max_queries is None else readings
        try:
            answers = page_answers(self.box, targets, belief.each, self.observer, among)
        except RunError as error:
            return replace(found, notes=(*found.notes, f"No maps of image tokens: {error}."))
        figures = page_figures(self.box, answers, methods, belief.seed, self.observer)
        judged = rows(self.box.reader.name, list(figures))
        added = replace(found, rows=(*found.rows, *judged))
        shown = self.options.shown or (BY_INK if BY_INK in methods else methods[0])
        if shown not in methods:
            return added
        verdict = next(row.verdict for row in judged if row.method == shown)
        return replace(
            added,
            method=shown,
            verdict=str(verdict),
            heats=self._heats(answers, shown),
            curves=(),
            cases=tuple(self._case(case, readings[case.ecg_id], shown) for case in found.cases),
        )

    def _case(self, case: ExplainedCase, reading: Reading, method: str) -> ExplainedCase:
        record = next(one for one in self.options.cohort if one.ecg_id == case.ecg_id)
        answer = PageAnswer(record, Target(case.axis, case.explained), reading, case.is_right)
        return replace(case, trace=lambda: self._trace(answer, method))

    def _trace(self, answer: PageAnswer, method: str) -> Trace:
        found = page_maps(self.box, answer, (method,)).maps[method]
        signal = answer.record.signal()
        beats = segmented(without_gaps(signal.mv), signal.fs)
        return Trace(signal.mv, signal.fs, beats, found.relevance, MAP_FS, found.notes)

    def _heats(self, answers: Sequence[PageAnswer], method: str) -> tuple[Pooled, ...]:
        shares: dict[Target, list[tuple[RecordId, Shares]]] = {}
        for answer in answers:
            found = page_maps(self.box, answer, (method,)).maps[method].relevance
            signal = answer.record.signal()
            cells = cells_of(segmented(without_gaps(signal.mv), signal.fs), MAP_FS, found.shape[1])
            own = cell_shares(found, cells)
            if own is not None:
                shares.setdefault(answer.target, []).append((answer.record.patient_id, own))
        return tuple(pooled(target.axis, target.value, of) for target, of in shares.items())
