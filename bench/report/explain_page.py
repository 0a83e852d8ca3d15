"""Explanations as a page: the verdict, what it rests on, where the maps lie, what turns the answer, and a gallery."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.maps.metric import TILE_S
from bench.explain.maps.pooled_map import Pooled
from bench.explain.study.found import Curves, Explained
from bench.progress import SILENT, Observer
from bench.report.explain_belief import belief_parts, known_truth_parts
from bench.report.explain_concept import concept_parts
from bench.report.explain_file import VERSION, ExplainedFile, Heat, PartEffects, Seen, Turned
from bench.report.explain_flip import dose_parts, flip_parts
from bench.report.explain_gallery import class_named, drawn, gallery_parts
from bench.report.explain_infarction import infarction_parts
from bench.report.explain_joint import JOINT, SINGLE, effect_parts, joint_parts
from bench.report.explain_map import write_map
from bench.report.explain_picture import picture_parts, picture_paths, write_picture
from bench.report.explain_plot import deletion_plot, heat_plot, joint_plot
from bench.report.explain_says import says_parts
from bench.report.plot import save
from bench.report.table import page, plain, quoted, size_note
from bench.storage import as_json, write_whole
from renderers.compared import compared

HOW_TO_READ = """## How to read this page

- A map says of each sample how much it spoke for an answer. It is worth what its **verdict** says: *faithful here* may
  be read as what moved this reader's answers; *no better than amplitude* and *fails the sanity check* may not, however
  plausible the maps look; *cannot tell* is no verdict, and says what is missing.
- Every figure stands beside a **null**: what it would be of a map that knows nothing, of the signal's amplitude alone,
  of random weights, of another donor, of another case's words. A figure that is not above its null says nothing.
- Brackets hold 95% intervals over patients; several recordings of one patient do not narrow them. Where the interval
  of a difference holds 0, no difference is shown.
- What moved an answer need not be why it is right: a reader may be right for a reason that no cardiologist would
  accept. Nor is a map true because it lies where a cardiologist looks."""


HEATS = (
    "Each cell is the mean share of what speaks for the answer that lies in a segment of a lead; outlined is where a "
    "cardiologist looks. Long segments, TQ above all, have much of the share of a map that knows nothing: whether "
    "the maps do better than that is told by the mass and its nulls above. Verdict on these maps: {verdict}."
)
CURVES = (
    "How the answer (its log-odds, or whether it is said) goes while tiles of {tile:.0f} ms of one lead are hidden, or "
    "shown, in the map's order, that of the signal's energy, and at random; 1 is the whole recording, 0 flat leads. "
    "Bands are 95% intervals by patient. A map that is no lower than the energy's on the left has not found what the "
    "answer rests on."
)


@dataclass(frozen=True)
class Limits:
    """The most pictures of each kind on a page."""

    gallery: int = 40
    heats: int = 40
    curves: int = 12
    changes: int = 12
    joints: int = 12


def write_explained(folder: Path, found: Explained, limits: Limits | None = None, observer: Observer = SILENT) -> None:
    """Write ``explain.md``, ``explain.json`` beside it, and pictures below ``pictures/explain/``, maps beside them.

    The maps of the gallery are made here, since only those that are drawn are needed.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    limits = limits or Limits()
    pictured = found.pictured(limits.gallery)
    with observer.progress("pictures of the gallery", "pictures") as report:
        for number, (name, one) in enumerate(picture_paths("case", pictured, class_named), start=1):
            picture, overlay = drawn(one, found.method, found.verdict, found.paper)
            write_picture(folder / name, picture)
            write_map(folder / name, overlay)
            report(number, len(pictured))
    for name, heat in picture_paths("heat", found.heats[: limits.heats], _finding):
        save(heat_plot(heat, f"{found.method}; verdict: {found.verdict}"), folder / name)
    for name, curves in picture_paths("curves", found.curves[: limits.curves]):
        save(deletion_plot(curves), folder / name)
    for name, joint in picture_paths("joint", found.joints[: limits.joints], _target):
        save(joint_plot(joint), folder / name)
    for name, change in picture_paths("change", found.changes[: limits.changes]):
        write_picture(folder / name, compared(change))
    write_whole(folder / "explain.json", as_json(explained_json(found, limits)))
    write_whole(folder / "explain.md", explained_page(found, limits))


def explained_json(found: Explained, limits: Limits | None = None) -> dict[str, Any]:
    """Return what ``explain.json`` holds, as plain JSON data: no signal, no map and no report of a recording."""
    pictured = found.pictured((limits or Limits()).gallery)
    pictures = {id(one): name for name, one in picture_paths("case", pictured, class_named)}
    return ExplainedFile(
        version=VERSION,
        reader=found.reader,
        reader_details={name: str(value) for name, value in found.reader_details.items()},
        shown=found.shown,
        dataset=found.dataset,
        split=found.split,
        n=found.n,
        is_simulated=found.is_simulated,
        data=found.data,
        method=found.method,
        verdict=found.verdict,
        rows=found.rows,
        truth=found.truth,
        infarctions=found.infarction_groups,
        heats=tuple(map(Heat.of, found.heats)),
        transplants=tuple(Turned(title, flips) for title, flips in found.flips),
        doses=found.doses,
        concepts=found.concepts,
        says=found.says,
        joints=found.joints,
        effects=tuple(PartEffects(title, effects) for title, effects in found.effects),
        cases=len(found.cases),
        confident=found.confident,
        gallery=tuple(Seen.of(one, pictures.get(id(one))) for one in found.gallery),
        plan=found.plan,
        questions=found.questions,
        dollars=found.dollars,
        notes=found.notes,
    ).to_json()


def explained_page(found: Explained, limits: Limits | None = None) -> str:
    """Return the page as Markdown; its pictures are linked by relative paths."""
    limits = limits or Limits()
    where = f"{found.dataset}, {found.split}" if found.split else found.dataset
    parts = [
        f"# What moved the answers of {plain(quoted(found.reader))} on {plain(quoted(where))}",
        size_note(found.n, found.is_simulated),
        f"**Maps by {plain(quoted(found.method))}. Verdict: {plain(quoted(found.verdict))}.**" + _because(found),
    ]
    sections = {title: list(section(found, limits)) for title, section in SECTIONS.items()}
    told = [title for title, said in sections.items() if said]
    parts += ["On this page: " + ", ".join(f"[{title}](#{_anchor(title)})" for title in told) + "."] if told else []
    parts.append(HOW_TO_READ)
    for title in told:
        parts += [f"## {title}", *sections[title]]
    parts.append(f"Data: {plain(quoted(found.data))}.")
    return page(parts)


def _because(found: Explained) -> str:
    """Return why the maps that are drawn have their verdict, where the verdict does not say it itself."""
    own = [row.verdict for row in found.rows if row.method == found.method and str(row.verdict) == found.verdict]
    if not own or own[0].because in found.verdict:
        return ""
    return f" {plain(quoted(_sentence(own[0].because)))}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _anchor(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _methods(found: Explained, _: Limits) -> Iterable[str]:
    return belief_parts(found.rows) if found.rows else ()


def _truth(found: Explained, _: Limits) -> Iterable[str]:
    return known_truth_parts(found.truth) if found.truth else ()


def _heats(found: Explained, limits: Limits) -> Iterator[str]:
    def words(one: Pooled) -> str:
        return f"{one.axis} {one.value}: mean relevance of each lead and segment, n = {one.n}"

    if found.heats:
        yield HEATS.format(verdict=plain(quoted(found.verdict)))
    yield from picture_parts("heat", found.heats, limits.heats, words, _finding)


def _curves(found: Explained, limits: Limits) -> Iterator[str]:
    def words(one: Curves) -> str:
        return f"{one.title}: deletion and insertion by {one.method}, n = {len(one.patients)}"

    if found.curves:
        yield CURVES.format(tile=1000 * TILE_S)
    yield from picture_parts("curves", found.curves, limits.curves, words)


def _joints(found: Explained, limits: Limits) -> Iterator[str]:
    if found.joints:
        yield JOINT
    pictures = dict(enumerate(picture_paths("joint", found.joints[: limits.joints], _target)))
    for number, one in enumerate(found.joints):
        yield f"### {plain(one.target.name)}"
        yield from joint_parts(one)
        if number in pictures:
            yield f"![{plain(one.target.name)}: by how much the answer falls without each part]({pictures[number][0]})"


def _effects(found: Explained, _: Limits) -> Iterator[str]:
    if found.effects:
        yield SINGLE
    for title, effects in found.effects:
        yield from effect_parts(title, effects)


def _infarctions(found: Explained, _: Limits) -> Iterable[str]:
    return infarction_parts(found.infarction_groups, found.verdict) if found.infarctions else ()


def _turned(found: Explained, limits: Limits) -> Iterator[str]:
    yield from flip_parts(found.flips) if found.flips else ()
    yield from picture_parts("change", found.changes, limits.changes, lambda change: change.title)


def _doses(found: Explained, _: Limits) -> Iterable[str]:
    return dose_parts(found.doses) if found.doses else ()


def _concepts(found: Explained, _: Limits) -> Iterable[str]:
    return concept_parts(found.concepts) if found.concepts else ()


def _says(found: Explained, _: Limits) -> Iterable[str]:
    return says_parts(found.says) if found.says else ()


def _gallery(found: Explained, limits: Limits) -> Iterable[str]:
    pictured = found.pictured(limits.gallery)
    return gallery_parts(found.gallery, pictured, len(found.cases), found.confident) if found.cases else ()


def _asked(found: Explained, _: Limits) -> Iterator[str]:
    price = f", {found.dollars:,.2f} dollars" if found.dollars else ""
    asked = () if found.questions is None else (f"{found.questions:,} questions{price}",)
    for heading, lines in (("", (*found.plan, *asked)), ("Left out, and why:", found.notes)):
        if lines:
            yield f"{heading}\n\n{listed(lines)}".strip()


def listed(lines: Iterable[str]) -> str:
    """Return sentences as a list; of a stranger's words nothing in them is live."""
    return "\n".join(f"- {plain(quoted(line))}" for line in lines)


SECTIONS: Mapping[str, Callable[[Explained, Limits], Iterable[str]]] = {
    "Which maps deserve belief": _methods,
    "Where it looks": _heats,
    "While it is hidden": _curves,
    "What moves the answer: joint masks": _joints,
    "What moves the answer: single masks": _effects,
    "Infarctions": _infarctions,
    "What turns the answer": _turned,
    "The dose at which the answer flips": _doses,
    "Concepts": _concepts,
    "Says against does": _says,
    "Gallery": _gallery,
    "Known truth": _truth,
    "What was asked": _asked,
}
"""What the page holds, in its order; a section that has nothing to say is left out."""


def _finding(one: Pooled) -> str:
    return f"{one.axis}-{one.value}"


def _target(one: JointExplanation) -> str:
    return one.target.name
