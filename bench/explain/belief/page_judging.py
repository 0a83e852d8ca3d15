"""The figures of maps by gradient of the pages that an open model is shown, beside those of networks of leads.

The null is the ink of the page: how much the traces change of what the model is given, by the same tokens at the same
places. The energy of the signal would be no match. It is sharper than any token (0.2 s x 0.5 mV), and knows of the 7.5
seconds of a lead that a printed page leaves out, where every map of the page is 0: maps of random weights would agree
with it there, and all correlations would be high. What beats the ink tells more than where on the page something is
drawn; for the same reason correlations, and the area of an expected region, are of what the page shows.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, RecordId, Signal
from bench.dataset.lot import in_random_order
from bench.explain.belief.judging import Figures, Place, figures_of_maps, tells
from bench.explain.belief.sample import EACH, has
from bench.explain.hiding.blackbox import BlackBox
from bench.explain.hiding.box import Answered
from bench.explain.hiding.deletion import asked_deletions
from bench.explain.hiding.masked_case import Masked
from bench.explain.hiding.target import Target
from bench.explain.maps.cell import Cells, cells_of
from bench.explain.maps.metric import partial_rank_correlation
from bench.progress import SILENT, Observer
from bench.view.region import expected_region
from measurements.conditioning import without_gaps
from measurements.segment import segmented
from readers.contract import Case
from readers.open_page import OpenPageReader
from readers.page_relevance import PageMap, PageRelevance
from taxonomy.axis import axis_named
from taxonomy.error import ReaderError, RunError
from taxonomy.reading import Reading

BY_PIXEL, BY_INK = "gradient_times_pixel", "gradient_times_ink"

METHODS = (BY_PIXEL, BY_INK)
"""The gradient times the pixels as the model is given them, and times what the traces change of them: to it a blank
page is what flat leads are to a network."""

MAP_FS = 100.0
"""Rate of the maps in Hz."""

RANDOMS = 4
"""Draws of random weights: a model's are too large to be drawn anew for each answer, as a network's are."""

AT_ONCE = 8
"""Recordings that are read together while answers are looked for, and masked pages that are drawn together."""


@dataclass(frozen=True, eq=False)
class PageAnswer:
    """One answer about one page.

    Attributes
    ----------
    record : Record
    target : Target
    reading : Reading
        The answer, whose own earlier values stand before the target.
    is_right : bool
        Whether the recording has what is answered.
    """

    record: Record
    target: Target
    reading: Reading
    is_right: bool


@dataclass(frozen=True, eq=False)
class PageMaps:
    """The maps of one answer.

    Attributes
    ----------
    answer : PageAnswer
    ink : PageMap
        The null.
    maps : mapping of str to PageMap
        By method, each with the size of a token to print on it (:attr:`readers.page_relevance.PageMap.notes`).
    seconds : tuple of float
        That each map took.
    """

    answer: PageAnswer
    ink: PageMap
    maps: dict[str, PageMap]
    seconds: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class PageBox:
    """An open model in the place of a black box: it scores what is explained and writes no answer.

    Attributes
    ----------
    box : BlackBox
        Whose cases are shown.
    reading : Reading
        Behind whose earlier values every question is scored.
    """

    box: BlackBox
    reading: Reading

    def cells(self, record: Record) -> Cells:
        """Return the cells of a record at its highest sampling rate."""
        return self.box.cells(record)

    def fs(self, record: Record) -> float:
        """Return the highest sampling rate of a record in Hz."""
        return self.box.fs(record)

    def gain(self, masked: Masked) -> float:
        """Return what a mask does to the rest of a lead, as of the black box."""
        return self.box.gain(masked)

    def answers(self, questions: Sequence[Masked], target: Target, observer: Observer = SILENT) -> Answered:
        """Return the log-odds of the target for each question."""
        reader, found = open_pages(self.box.reader), list[NDArray[np.float64]]()
        with observer.progress(f"{len(questions)} masked pages", "questions") as report:
            for start in range(0, len(questions), AT_ONCE):
                some = [self.box.cases.case(one) for one in questions[start : start + AT_ONCE]]
                found.append(reader.log_odds(some, target.axis, target.value, self.reading))
                report(start + len(some), len(questions))
        return Answered("logit", np.concatenate(found) if found else np.zeros(0))


def open_pages(reader: object) -> OpenPageReader:
    """Return a reader as one whose pages can be explained by gradient; raises ReaderError for any other."""
    if isinstance(reader, OpenPageReader):
        return reader
    raise ReaderError(
        f"{BY_PIXEL} needs the weights of an open model that is shown pages (hf: or lora:), and reader "
        f"{getattr(reader, 'name', reader)!r} is none: explain it by hiding leads or segments"
    )


def page_answers(
    box: BlackBox,
    targets: Sequence[Target],
    each: int = EACH,
    observer: Observer = SILENT,
    among: Collection[RecordId] | None = None,
) -> tuple[PageAnswer, ...]:
    """Return right answers of a reader, so many patients of each target at most, drawn by lot.

    Parameters
    ----------
    box : BlackBox
    targets : sequence of Target
    each : int
    observer : Observer
    among : collection of RecordId, optional
        Records that alone are asked about, such as those that are answered already where questions are counted.

    Raises
    ------
    taxonomy.error.RunError
        When there is none.
    """
    taken: dict[Target, list[PageAnswer]] = {target: [] for target in targets}
    missed = 0
    for some in _lots(box):
        there = [one for one in some if among is None or one.ecg_id in among]
        having = [(one, target) for one in there for target in targets if _has(box, one, target)]
        asked = list(dict.fromkeys(one for one, target in having if len(taken[target]) < each))
        readings = (
            dict(zip(asked, box.readings([Masked(one) for one in asked], observer), strict=True)) if asked else {}
        )
        for record, target in having:
            if record not in readings or len(taken[target]) == each:
                continue
            if not target.is_said(readings[record]):
                missed += 1
            elif record.patient_id not in {one.record.patient_id for one in taken[target]}:
                taken[target].append(PageAnswer(record, target, readings[record], True))
    every = tuple(one for those in taken.values() for one in those)
    if not every:
        raise RunError(
            f"none of {len(box.cases.cases.cohort)} recordings has a finding that reader {box.reader.name!r} finds in "
            f"it ({', '.join(target.name for target in targets[:3])}; {missed} have one that it misses): name other "
            "targets or a larger sample"
        )
    if missed:
        observer.say(f"{missed} findings are left out: the recordings have them, and the reader does not find them")
    return every


def own_answers(box: BlackBox, axis: str, patients: int, observer: Observer = SILENT) -> tuple[PageAnswer, ...]:
    """Return what a reader answers on an axis of one value, right or wrong, so many patients at most, by lot.

    Raises
    ------
    taxonomy.error.RunError
        When it answers nothing on it.
    """
    found: dict[object, PageAnswer] = {}
    for some in _lots(box):
        if len(found) == patients:
            break
        for record, reading in zip(some, box.readings([Masked(one) for one in some], observer), strict=True):
            value = reading.values.get(axis)
            if isinstance(value, str) and value in axis_named(axis).values and len(found) < patients:
                target = Target(axis, value)
                answer = PageAnswer(record, target, reading, _has(box, record, target))
                found.setdefault(record.patient_id, answer)
    if not found:
        raise RunError(f"reader {box.reader.name!r} answers nothing on {axis}: explain another axis")
    return tuple(found.values())


def page_maps(box: BlackBox, answer: PageAnswer, methods: Sequence[str] = METHODS, fs: float = MAP_FS) -> PageMaps:
    """Return the maps of one answer by each method.

    Raises
    ------
    taxonomy.error.ReaderError
        When the reader is no open model, or one whose tokens cannot be placed.
    """
    reader, case = open_pages(box.reader), box.cases.case(Masked(answer.record))
    signal, bare = answer.record.signal(), bare_of(box, case, answer.record.signal())
    ink = _mapped(reader.page_ink(case, bare), signal, fs)
    maps, seconds = dict[str, PageMap](), list[float]()
    for method in methods:
        start = time.perf_counter()
        maps[method] = _mapped(_explained(reader, case, answer, bare, method), signal, fs)
        seconds.append(time.perf_counter() - start)
    return PageMaps(answer, ink, maps, tuple(seconds))


def page_figures(
    box: BlackBox,
    answers: Sequence[PageAnswer],
    methods: Sequence[str] = METHODS,
    seed: int = 0,
    observer: Observer = SILENT,
) -> Iterator[Figures]:
    """Yield the figures of every method on every answer, an answer's methods together.

    Answers come in the order of their random weights, so that no more than one model with random weights is in memory
    beside the reader's own.

    Parameters
    ----------
    box : BlackBox
        Its reader is an open model (:class:`readers.open_page.OpenPageReader`); deletions are asked of it.
    answers : sequence of PageAnswer
    methods : sequence of str
        Of :data:`METHODS`.
    seed : int
        Of random weights and orders.
    observer : Observer
    """
    by_draw: dict[int, list[PageAnswer]] = {}
    for one in answers:
        by_draw.setdefault(_draw(one), []).append(one)
    for number, some in sorted(by_draw.items()):
        yield from _of_draw(box, some, methods, (seed, number), observer)


def bare_of(box: BlackBox, case: Case, signal: Signal) -> Case:
    """Return a case with its pages as they are without traces."""
    nothing = Signal(np.full_like(signal.mv, np.nan), signal.fs)
    return replace(case, images=box.cases.cases.view.drawn(nothing, case.images))


def _of_draw(
    box: BlackBox, answers: Sequence[PageAnswer], methods: Sequence[str], draw: tuple[int, int], observer: Observer
) -> Iterator[Figures]:
    """Yield the figures of the answers that are compared with the same random weights, which are gone when it ends."""
    seed, number = draw
    random = open_pages(box.reader).randomised(seed + number)
    for answer in answers:
        yield from _figures(box, answer, methods, random, seed, observer)


def _figures(  # noqa: PLR0913  # of what, by what, and who is told
    box: BlackBox, answer: PageAnswer, methods: Sequence[str], random: OpenPageReader, seed: int, observer: Observer
) -> Iterator[Figures]:
    found = page_maps(box, answer, methods)
    shown, null = found.ink.shown, found.ink.relevance
    maps = [null, *(found.maps[method].relevance for method in methods)]
    curves = asked_deletions(PageBox(box, answer.reading), answer.record, answer.target, maps, MAP_FS, seed, observer)
    region = _region(answer, shown)
    output = (answer.target.axis, answer.target.value)
    place = Place(answer.record.ecg_id, answer.record.patient_id, output, region, MAP_FS)
    _, *figures = figures_of_maps(place, ["ink", *methods], maps, curves)
    area = None if region is None else float(region.sum() / shown.sum())
    case, signal = box.cases.case(Masked(answer.record)), answer.record.signal()
    bare = bare_of(box, case, signal)
    for figure, method, map_, seconds in zip(figures, methods, maps[1:], found.seconds, strict=True):
        correlation = None
        if tells(map_):
            other = _mapped(_explained(random, case, answer, bare, method), signal, MAP_FS).relevance
            correlation = partial_rank_correlation(map_[shown], other[shown], null[shown])
        yield replace(figure, area=area, random=correlation, seconds=seconds)


def _explained(reader: OpenPageReader, case: Case, answer: PageAnswer, bare: Case, method: str) -> PageRelevance:
    without = bare if method == BY_INK else None
    return reader.page_relevance(case, answer.target.axis, answer.target.value, answer.reading, without)


def _mapped(found: PageRelevance, signal: Signal, fs: float) -> PageMap:
    return found.map(fs, signal.mv.shape[1] / signal.fs, without_gaps(signal.mv), signal.fs)


def _region(answer: PageAnswer, shown: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Return where on the page a cardiologist looks for the finding; None where no place is named or none is shown."""
    region = expected_region(answer.target.axis, answer.target.value)
    if region is None:
        return None
    signal = answer.record.signal()
    cells = cells_of(segmented(without_gaps(signal.mv), signal.fs), MAP_FS, shown.shape[1])
    mask = cells.mask(region.leads, region.segments) & shown
    return mask if mask.any() else None


def _lots(box: BlackBox) -> Iterator[list[Record]]:
    """Yield the recordings with a signal in random order, some at once."""
    records = [record for record in in_random_order(box.cases.cases.cohort) if record.rates]
    for start in range(0, len(records), AT_ONCE):
        yield records[start : start + AT_ONCE]


def _has(box: BlackBox, record: Record, target: Target) -> bool:
    return has(box.cases.cases.cohort.truth(record), (target.axis, target.value))


def _draw(one: PageAnswer) -> int:
    """Return which random weights an answer is compared with, which depends on the answer alone."""
    return sum(f"{one.record.ecg_id} {one.target.name}".encode()) % RANDOMS
