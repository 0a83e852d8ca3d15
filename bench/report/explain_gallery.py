"""The gallery of explanations: for each class the best, the worst and every confident error."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from bench.explain.study.case import CONFIDENT, Chosen, ExplainedCase
from bench.report.explain_picture import picture_paths
from bench.report.table import harmless, markdown_table, plain, quoted
from measurements.segment import SEGMENTS, BeatSegments
from renderers.explained import ColourPage, Overlay, explained
from renderers.legend import Bracket

REPORT = "the report's own words"
"""Heads the column with texts of the dataset, which are not ours to publish."""

SAID = ("the model said", "truth", REPORT)

NOTE_ON_REPORT = "The report is that of the recording, in its own words; no reader saw it."

NOTE = (
    "For each class the best (right, with the most support for the truth), the worst (least support; a wrong answer "
    "if there is any) and every confident error (wrong with a probability of {confident:g} or more; of a reader "
    "without probabilities every error). Confident errors: {errors} of {cases} answers. "
    f"{NOTE_ON_REPORT}"
)

EARLIEST_S = 0.6
"""Where a beat begins at the earliest whose segments are named: before lies the name of the lead."""

SEEN_S: Mapping[str, float] = {"6x2": 5.0, "3x4": 2.5}
"""End of the first column of each paper, over which the segments of a beat are named."""


def gallery_parts(
    gallery: Sequence[Chosen], pictured: Sequence[Chosen], cases: int, confident: float = CONFIDENT
) -> Iterator[str]:
    """Yield the cases of the gallery with their pictures, and those without one in a table.

    Parameters
    ----------
    gallery, pictured : sequence of Chosen
        All, and those that have a picture.
    cases : int
        Answers from which they are chosen.
    confident : float
    """
    errors = sum("confident error" in one.roles for one in gallery)
    yield NOTE.format(confident=confident, errors=errors, cases=cases)
    for name, one in picture_paths("case", pictured, class_named):
        case = one.case
        yield f"### {plain(quoted(case.axis))}: {plain(quoted(case.truth))}, {' and '.join(one.roles)}"
        yield markdown_table(("record", *SAID), [_words(case)])
        yield f"![Record {plain(quoted(str(case.ecg_id), 40))} with what moved the answer]({name})"
    shown = {id(one.case) for one in pictured}
    rest = [one.case for one in gallery if id(one.case) not in shown]
    if rest:
        # There may be hundreds; they open where that is clicked.
        yield f"<details><summary>{len(rest)} more, without a picture; --pictures allows more</summary>"
        yield markdown_table(("axis", "record", *SAID), [(quoted(case.axis), *_words(case)) for case in rest])
        yield "</details>"


def class_named(one: Chosen) -> str:
    """Return the class of a case, such as ``conduction-lbbb``."""
    return f"{one.case.axis}-{one.case.truth}"


def _words(case: ExplainedCase) -> tuple[str, ...]:
    return quoted(str(case.ecg_id), 40), quoted(case.told), quoted(case.truth), quoted(case.words or "-")


def drawn(one: Chosen, method: str, verdict: str, paper: str = "6x2") -> tuple[ColourPage, Overlay]:
    """Return the picture of a case of the gallery, and the map on it."""
    case, trace = one.case, one.case.trace()
    brackets, notes = beat_named(trace.beats, SEEN_S[paper])
    by = f"{method}, what speaks for {case.explained}"
    said = (*trace.notes, *notes)
    overlay = Overlay(
        trace.relevance,
        trace.relevance_fs,
        harmless(case_title(case)),
        harmless(by),
        verdict,
        brackets=brackets,
        notes=said,
    )
    return explained(trace.signal, trace.fs, overlay, paper), overlay


def case_title(case: ExplainedCase) -> str:
    """Return the answer and, where it is wrong, the truth: what a picture's first line has room for."""
    accepted = case.is_right and case.answer != case.truth
    verdict = f"accepted, truth {case.truth}" if accepted else "right" if case.is_right else f"truth {case.truth}"
    return f"{case.axis}: answer {case.told}, {verdict}"


def beat_named(beats: Sequence[BeatSegments], end_s: float) -> tuple[tuple[Bracket, ...], tuple[str, ...]]:
    """Return the segments of the beat that has most of them before a time, and why it lacks the others."""
    inside = [
        (sum(span.begin >= EARLIEST_S and span.end <= end_s for span in beat.spans.values()), beat) for beat in beats
    ]
    most, beat = max(inside, key=lambda pair: pair[0], default=(0, None))
    if beat is None or not most:
        return (), ("No beat of the first column is marked: none has a segment there.",)
    brackets = tuple(
        Bracket(name, beat.spans[name].begin, beat.spans[name].end)
        for name in SEGMENTS
        if name in beat.spans and beat.spans[name].begin >= EARLIEST_S and beat.spans[name].end <= end_s
    )
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, why in beat.missing.items():
        reasons[why].append(name)
    missing = "; ".join(f"no {', '.join(names)}: {why}" for why, names in reasons.items())
    return brackets, (f"Marked beat: {missing}.",) if missing else ()
