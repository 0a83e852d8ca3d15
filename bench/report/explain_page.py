"""Explanations as a page: verdicts, infarctions by territory and likelihood, pooled maps, curves, and the gallery."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench.explain.belief.judging import Row
from bench.explain.belief.planted import Known
from bench.explain.concepts.concept_study import ConceptTable
from bench.explain.counterfactual.transplant import Flips
from bench.explain.hiding.joint_mask import JointExplanation
from bench.explain.hiding.pooled import PooledEffect
from bench.explain.maps.pooled_map import Pooled
from bench.explain.says import SaysDoes
from bench.report.explain_gallery import CONFIDENT, Chosen, ExplainedCase, chosen, drawn
from bench.report.explain_infarction import InfarctionCase, infarction_parts
from bench.report.explain_plot import Curves, deletion_plot, heat_plot
from bench.report.plot import save
from bench.report.table import markdown_table, page, plain, quoted, size_note
from bench.storage import whole_file, write_whole
from bench.tracing.flip_dose import FlipSummary
from renderers.compared import Change, compared
from renderers.explained import ColourPage

Item = TypeVar("Item")

SAID = ("the model said", "truth", "the report's own words")

GALLERY_NOTE = (
    "For each class the best (right, with the most support for the truth), the worst (least support; a wrong answer if "
    "there is any) and every confident error (wrong with a probability of {confident:g} or more; of a reader without "
    "probabilities every error). The report is that of the recording, in its own words; no reader saw it."
)


@dataclass(frozen=True)
class Limits:
    """The most pictures of each kind on a page."""

    gallery: int = 40
    heats: int = 40
    curves: int = 12
    changes: int = 12


@dataclass(frozen=True, eq=False)
class Explained:
    """What the page of a reader's explanations is made of.

    Attributes
    ----------
    reader, dataset, split : str
    n : int
        Records.
    is_simulated : bool
    data : str
        The dataset and its licence in one line.
    method, verdict : str
        By which method the maps of the gallery are made, and whether they may be believed.
    reader_details : mapping of str to str
        What is known of the reader, such as its version and its licence.
    rows : tuple of Row
        Every method that was tried, of one reader or of several.
    truth : tuple of Known
    cases : tuple of ExplainedCase
        Of which the gallery is chosen.
    infarctions : tuple of InfarctionCase
    heats : tuple of Pooled
    curves : tuple of Curves
    changes : tuple of Change
        Beat transplants, before and after.
    flips : tuple of (str, Flips)
        What transplants showed of each finding, and of all, by its title.
    doses : tuple of FlipSummary
    concepts : ConceptTable or None
    says : SaysDoes or None
    joints : tuple of JointExplanation
    effects : tuple of (str, tuple of PooledEffect)
        What parts that were hidden by themselves gave, by the title of the finding.
    plan : tuple of str
        What was asked, in words.
    questions : int or None
        How many, of a reader that is asked from outside.
    dollars : float or None
        What they cost.
    notes : tuple of str
        What was left out, and why.
    paper : str
        ``6x2`` or ``3x4``.
    confident : float
        Probability of a wrong answer from which it is a confident error.
    """

    reader: str
    dataset: str
    n: int
    is_simulated: bool
    data: str
    method: str
    verdict: str
    split: str = ""
    reader_details: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    truth: tuple[Known, ...] = ()
    cases: tuple[ExplainedCase, ...] = ()
    infarctions: tuple[InfarctionCase, ...] = ()
    heats: tuple[Pooled, ...] = ()
    curves: tuple[Curves, ...] = ()
    changes: tuple[Change, ...] = ()
    flips: tuple[tuple[str, Flips], ...] = ()
    doses: tuple[FlipSummary, ...] = ()
    concepts: ConceptTable | None = None
    says: SaysDoes | None = None
    joints: tuple[JointExplanation, ...] = ()
    effects: tuple[tuple[str, tuple[PooledEffect, ...]], ...] = ()
    plan: tuple[str, ...] = ()
    questions: int | None = None
    dollars: float | None = None
    notes: tuple[str, ...] = ()
    paper: str = "6x2"
    confident: float = CONFIDENT

    @property
    def gallery(self) -> tuple[Chosen, ...]:
        """The cases of the gallery, class by class."""
        return chosen(self.cases, self.confident)

    def pictured(self, most: int) -> tuple[Chosen, ...]:
        """Return the cases of the gallery that get a picture: the best and the worst of each class go first."""
        gallery = self.gallery
        ordered = sorted(range(len(gallery)), key=lambda number: gallery[number].roles == ("confident error",))
        return tuple(gallery[number] for number in sorted(ordered[:most]))


def write_explained(folder: Path, found: Explained, limits: Limits | None = None) -> None:
    """Write ``explain.md`` and its pictures below ``pictures/explain/``.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    limits = limits or Limits()
    for name, one in _named("case", found.pictured(limits.gallery)):
        _write(folder / name, drawn(one, found.method, found.verdict, found.paper))
    for name, heat in _named("heat", found.heats[: limits.heats]):
        save(heat_plot(heat, f"{found.method}; verdict: {found.verdict}"), folder / name)
    for name, curves in _named("curves", found.curves[: limits.curves]):
        save(deletion_plot(curves), folder / name)
    for name, change in _named("change", found.changes[: limits.changes]):
        _write(folder / name, compared(change))
    write_whole(folder / "explain.md", explained_page(found, limits))


def explained_page(found: Explained, limits: Limits | None = None) -> str:
    """Return the page as Markdown; its pictures are linked by relative paths."""
    limits = limits or Limits()
    parts = [
        f"# What moved the answers of {plain(found.reader)} on {plain(found.dataset)}",
        size_note(found.n, found.is_simulated),
        f"**Maps by {plain(found.method)}. Verdict: {plain(found.verdict)}.**",
    ]
    if found.rows:
        parts.append(markdown_table(("reader", "method", "verdict"), [_verdict(row) for row in found.rows]))
    if found.infarctions:
        parts += ["## Infarctions", *infarction_parts(found.infarctions, found.verdict)]
    if found.heats:
        parts += ["## Where it looks", *_pictures("heat", found.heats, limits.heats, _heat_words)]
    if found.curves:
        parts += ["## While it is hidden", *_pictures("curves", found.curves, limits.curves, _curve_words)]
    if found.changes:
        parts += ["## What turns the answer", *_pictures("change", found.changes, limits.changes, _change_words)]
    if found.cases:
        parts += ["## Gallery", GALLERY_NOTE.format(confident=found.confident), *_gallery(found, limits)]
    parts.append(f"Data: {plain(found.data)}.")
    return page(parts)


def _verdict(row: Row) -> tuple[str, str, str]:
    return quoted(row.reader), row.method, f"{row.verdict.word}: {row.verdict.because}"


def _gallery(found: Explained, limits: Limits) -> Iterator[str]:
    pictured = found.pictured(limits.gallery)
    for name, one in _named("case", pictured):
        case = one.case
        yield f"### {plain(quoted(case.axis))}: {plain(quoted(case.truth))}, {' and '.join(one.roles)}"
        yield markdown_table(("record", *SAID), [_words(case)])
        yield f"![Record {plain(quoted(str(case.ecg_id), 40))} with what moved the answer]({name})"
    shown = {id(one.case) for one in pictured}
    rest = [one.case for one in found.gallery if id(one.case) not in shown]
    if rest:
        yield f"{len(rest)} more, without a picture:"
        yield markdown_table(("axis", "record", *SAID), [(quoted(case.axis), *_words(case)) for case in rest])


def _words(case: ExplainedCase) -> tuple[str, ...]:
    return quoted(str(case.ecg_id), 40), quoted(case.told), quoted(case.truth), quoted(case.words or "-")


def _pictures(kind: str, items: Sequence[Item], most: int, words: Callable[[Item], str]) -> Iterator[str]:
    for name, one in _named(kind, items[:most]):
        yield f"![{plain(quoted(words(one)))}]({name})"
    if items[most:]:
        rest = "; ".join(quoted(words(one)) for one in items[most:])
        yield f"{len(items) - most} more without a picture: {plain(rest)}."


def _heat_words(found: Pooled) -> str:
    return f"{found.axis} {found.value}: mean relevance of each lead and segment, n = {found.n}"


def _curve_words(found: Curves) -> str:
    return f"{found.title}: deletion and insertion by {found.method}, n = {len(found.patients)}"


def _change_words(found: Change) -> str:
    return found.title


def _named(kind: str, items: Sequence[Item]) -> Iterator[tuple[str, Item]]:
    """Yield the path of each picture below the page's folder, of safe letters only, and what it shows."""
    for number, one in enumerate(items, start=1):
        said = ""
        if isinstance(one, Chosen):
            said = f"-{one.case.axis}-{one.case.truth}"
        elif isinstance(one, Pooled):
            said = f"-{one.axis}-{one.value}"
        safe = re.sub(r"[^a-z0-9]+", "-", said.lower()).rstrip("-")[:60]
        yield f"pictures/explain/{kind}-{number:03d}{safe}.png", one


def _write(path: Path, drawing: ColourPage) -> None:
    with whole_file(path) as part:
        part.write_bytes(drawing.png())
