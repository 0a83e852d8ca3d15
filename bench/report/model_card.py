"""The model card of a reader: what it is, how it scores, what moves and turns its answers, and what it is not for.

The sections are those of Mitchell et al. 2019 (Model Cards for Model Reporting, arXiv 1810.03993). Every figure comes
from ``explain.json`` and, where one is given, from the score of a run; none is written by hand.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.explain.hiding.pooled import PooledEffect
from bench.report.card import no_device
from bench.report.explain_belief import by_verdict, reasons, verdict_table
from bench.report.explain_concept import answer_of, controls_said, is_tested, resting
from bench.report.explain_figure import effect
from bench.report.explain_file import ExplainedFile, Heat, read_explained
from bench.report.explain_flip import HEADINGS as FLIP_HEADINGS
from bench.report.explain_flip import dose_parts, flip_cells, turning_cells
from bench.report.explain_infarction import infarction_parts
from bench.report.explain_joint import above_null
from bench.report.explain_page import listed
from bench.report.table import (
    difference,
    markdown_table,
    page,
    percent,
    plain,
    quoted,
    share,
    size_note,
    within,
)
from bench.run.caveat import told_caveats
from bench.run.folder import RunFolder
from bench.score.axis_score import AxisScore
from bench.score.result import Score
from bench.storage import write_whole
from taxonomy.error import RunError

MODEL_CARD = "MODEL_CARD.md"

MOST_EXAMPLES = 10
"""Confident errors that are named, and findings whose map is told."""

INTENDED = (
    "Research on readers of electrocardiograms: to tell what a reader sees in a tracing from what it recites, and "
    "what moved its answers from what looks as if it did."
)
NOT_FOR = (
    "any decision about a patient: diagnosis, triage, screening, monitoring, or a second opinion, with a clinician "
    "behind it or without",
    "recordings other than those it was evaluated on: other devices, lead systems, durations, children, other "
    "hospitals",
    "showing its maps as reasons to anybody who decides, unless their verdict below is *faithful here*, and even then "
    "not for a reader or data other than these",
)
METRICS = (
    "Accuracy and Cohen's kappa of each axis, against the majority value and, where axes can be answered from "
    "numbers in a text, apart from those that only the waveform tells. Maps: how well planted evidence is found, "
    "deletion above that of the signal's energy, correlation with random weights. Transplants: share of answers that "
    "go, above that with a donor of the same class and with random cells. Intervals are 95%, over patients."
)
ETHICS = (
    "Recordings were made for care, and their labels by few readers at few places; who is missing there is missing "
    "in every figure. Wrong answers are not alike: an infarction that is missed is worse than one that is feared, "
    "and no mean above weighs that."
)


@dataclass(frozen=True, eq=False)
class CardRun:
    """A run on which the card draws.

    Attributes
    ----------
    score : Score
    manifest : mapping
    """

    score: Score
    manifest: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> "CardRun":
        """Return the run of a folder.

        Raises
        ------
        taxonomy.error.RunError
            When it is no run folder, or is not scored.
        """
        run = RunFolder(folder)
        return cls(run.score(), run.manifest())

    @property
    def settings(self) -> Mapping[str, Any]:
        """Everything that its readings depend on."""
        settings: Mapping[str, Any] = self.manifest["settings"]
        return settings


def write_model_card(folder: Path, run_folder: Path | None = None) -> Path:
    """Write ``MODEL_CARD.md`` beside an ``explain.json``; return it.

    Parameters
    ----------
    folder : Path
        With ``explain.json``.
    run_folder : Path, optional
        Of a scored run of the same reader.

    Raises
    ------
    taxonomy.error.FileError
        When ``explain.json`` is missing, damaged or another file.
    taxonomy.error.RunError
        When the run folder is none, is not scored, or is of another reader.
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    explained = read_explained(folder / "explain.json")
    run = CardRun.of(run_folder) if run_folder else None
    return write_whole(folder / MODEL_CARD, model_card(explained, run))


def model_card(explained: ExplainedFile, run: CardRun | None = None) -> str:
    """Return the model card of a reader as Markdown, with front matter as Hugging Face reads it.

    Parameters
    ----------
    explained : ExplainedFile
    run : CardRun, optional
        A run of the same reader, for the score of each axis.

    Raises
    ------
    taxonomy.error.RunError
        When the run is of another reader.
    """
    check_same_reader(explained, run)
    parts = [
        "---\ntags: [ecg, ecg-bench]\n---",
        f"# Model card: {plain(quoted(explained.reader))}",
        no_device(plain(quoted(explained.reader))) + " Sections follow Mitchell et al. 2019 (arXiv 1810.03993).",
    ]
    for title, section in SECTIONS.items():
        parts += [f"## {title}", *section(explained, run)]
    return page(parts)


def check_same_reader(explained: ExplainedFile, run: CardRun | None) -> None:
    """Raise RunError where a run is of another reader, or of the same with other weights."""
    if run is None:
        return
    told, known = run.settings.get("reader_details") or {}, explained.reader_details
    if run.settings["reader"] != explained.reader:
        raise RunError(
            f"the run is of reader {run.settings['reader']!r} and the explanation of {explained.reader!r}: name a run "
            "of the same reader"
        )
    for name in known:
        if name in told and str(told[name]) != known[name]:
            raise RunError(
                f"the run is of {explained.reader!r} with {name} {str(told[name])!r} and the explanation of it with "
                f"{known[name]!r}: name a run with the same, or explain the reader anew"
            )


def _details(explained: ExplainedFile, run: CardRun | None) -> Iterator[str]:
    told = [f"{name}: {value}" for name, value in explained.reader_details.items()]
    shown = explained.shown or "not told"
    yield listed([f"reader: {explained.reader}", *told, f"what it is shown of a recording: {shown}"])
    if run:
        yield listed(_run_said(run))


def _run_said(run: CardRun) -> Iterator[str]:
    settings = run.settings
    yield f"scored run: {run.manifest['run_id']}, taxonomy {run.score.taxonomy_version}"
    if settings.get("renderer"):
        at = f"renderer {settings['renderer']} at {settings['px_per_mm']} px/mm"
        yield f"pages: {at if settings['px_per_mm'] else 'those of others, as they are'}"
    yield f"condition: {settings.get('condition') or 'full'}"
    if settings.get("prompt"):
        yield f"prompt: {settings['prompt']}, format {settings.get('form') or 'dense'}"


def _intended(_: ExplainedFile, __: CardRun | None) -> Iterator[str]:
    yield INTENDED
    yield "**It is not for:**\n\n" + "\n".join(f"- {one}" for one in NOT_FOR)


def _factors(explained: ExplainedFile, run: CardRun | None) -> Iterator[str]:
    told = ["the finding"]
    told += ["the territory and the likelihood of an infarction"] if explained.infarctions else []
    groups = run.score.superclass.groups if run and run.score.superclass else {}
    told += ["sex and age band"] if groups else []
    yield f"Figures are told apart by {', '.join(told)}. By device, place and origin of the patient they are not."
    if groups:
        rows = [
            (name, str(one.n), within(one.dwe, one.dwe_interval), share(one.critical_share, one.critical_interval))
            for name, one in groups.items()
        ]
        yield markdown_table(("group", "n", "danger-weighted error [95%]", "critical errors [95%]"), rows)


def _metrics(_: ExplainedFile, __: CardRun | None) -> Iterator[str]:
    yield METRICS


def _evaluated(explained: ExplainedFile, run: CardRun | None) -> Iterator[str]:
    where = f"{explained.dataset}, {explained.split}" if explained.split else explained.dataset
    yield f"Explained: {plain(quoted(where))}. {size_note(explained.n, explained.is_simulated)}"
    yield f"Data: {plain(quoted(explained.data))}."
    if run:
        settings = run.settings
        said = f"Scored: {settings['dataset']}, {settings['split']}."
        yield f"{plain(quoted(said))} {size_note(run.score.n, bool(settings['is_simulated']))}"


def _trained(explained: ExplainedFile, run: CardRun | None) -> Iterator[str]:
    told = [f"{name}: {value}" for name, value in explained.reader_details.items() if "taught" in name]
    caveats = [*told_caveats(run.manifest)] if run else []
    yield (
        listed([*told, *caveats])
        if told or caveats
        else (
            "What the reader was trained on is not known here: recordings that it was taught would make it look better "
            "than it is."
        )
    )


def _analyses(explained: ExplainedFile, run: CardRun | None) -> Iterator[str]:
    for title, said in (
        ("Score", _scored(run)),
        ("Which maps deserve belief", _believed(explained)),
        ("What moved its answers", _moved(explained)),
        ("What turns its answers", _turned(explained)),
        ("Concepts", _concepts(explained)),
        ("What it says against what it does", _says(explained)),
        ("Infarctions", _infarctions(explained)),
        ("Confident errors", _errors(explained)),
    ):
        found = list(said)
        if found:
            yield f"### {title}"
            yield from found


def _scored(run: CardRun | None) -> Iterator[str]:
    if run is None:
        yield "No scored run was given, so that nothing is said of how often it is right."
        return
    score = run.score
    if score.kappa:
        over = ", ".join(score.kappa.axes)
        yield f"**Mean kappa {within(score.kappa.kappa, score.kappa.interval, 2)}** over {over}."
    headings = ("axis", "n", "accuracy [95%]", "majority", "difference [95%]", "kappa [95%]", "verdict")
    for kind, is_text in (("Text-inferable axes", True), ("Waveform-only axes", False)):
        axes = [axis for axis in score.axes if axis.text_inferable is is_text and axis.n]
        if axes:
            yield f"{kind}:"
            yield markdown_table(headings, [_axis_cells(axis) for axis in axes])


def _axis_cells(axis: AxisScore) -> tuple[str, ...]:
    return (
        axis.axis,
        str(axis.n),
        "-" if axis.accuracy is None else share(axis.accuracy, axis.accuracy_interval),
        percent(axis.baseline),
        difference(axis.difference, axis.interval),
        "-" if axis.kappa is None else within(axis.kappa, axis.kappa_interval, 2),
        axis.verdict,
    )


def _believed(explained: ExplainedFile) -> Iterator[str]:
    yield f"Maps by {plain(quoted(explained.method))}: **{plain(quoted(explained.verdict))}**."
    if explained.rows:
        yield verdict_table(explained.rows)
        yield reasons(by_verdict(explained.rows))


def _moved(explained: ExplainedFile) -> Iterator[str]:
    if explained.heats:
        rows = [_heat_cells(heat, explained.verdict) for heat in explained.heats[:MOST_EXAMPLES]]
        headings = (
            "finding",
            "n (patients)",
            "most of the relevance",
            "where it is looked for [95%]",
            "verdict on these maps",
        )
        yield markdown_table(headings, rows)
    for joint in explained.joints[:MOST_EXAMPLES]:
        said = f"({joint.patients} patients, {joint.masks} masks), {above_null(joint)}"
        yield plain(quoted(f"Hidden parts above the null {said}."))
    for one in explained.effects[:MOST_EXAMPLES]:
        yield plain(quoted(f"Hidden alone, above 0 by the whole interval, {one.title}: {_alone(one.effects)}."))


def _alone(effects: Iterable[PooledEffect]) -> str:
    """Return the parts whose effect is above 0 by its whole interval, the three greatest."""
    above = sorted((one for one in effects if one.low is not None and one.low > 0), key=lambda one: -one.value)
    return ", ".join(f"{one.part.name} {effect(one.value, one.low, one.high)}" for one in above[:3]) or "no part"


def _heat_cells(heat: Heat, verdict: str) -> tuple[str, ...]:
    inside = "-" if heat.inside is None else share(heat.inside.value, heat.inside.interval)
    most = quoted(", ".join(f"{lead} {segment} {100 * value:.0f}%" for lead, segment, value in heat.most))
    return quoted(f"{heat.axis} {heat.value}", 80), f"{heat.n} ({heat.patients})", most, inside, quoted(verdict, 120)


def _turned(explained: ExplainedFile) -> Iterator[str]:
    found = [(one.title, one.flips) for one in explained.transplants]
    if found:
        yield "Beats of a recording without the finding, transplanted cell by cell, with both controls:"
        yield markdown_table(FLIP_HEADINGS, [flip_cells(title, flips) for title, flips in found])
        yield markdown_table(("answer", "cells that turned it, how often"), [turning_cells(*one)[:2] for one in found])
    if explained.doses:
        yield from dose_parts(explained.doses)


def _concepts(explained: ExplainedFile) -> Iterator[str]:
    if explained.concepts:
        rested = [
            f"{answer_of(use)} rests on {use.concept}, which speaks {use.use} it" for use in resting(explained.concepts)
        ]
        uses = [use for use in explained.concepts.uses if not use.is_control]
        tested = sum(map(is_tested, uses))
        yield (
            f"Concept rows {len(uses)}, of which {tested} could be tested; above random vectors and above the controls "
            f"{len(rested)}."
        )
        if rested:
            yield listed(rested)
        yield controls_said(explained.concepts)


def _says(explained: ExplainedFile) -> Iterator[str]:
    says = explained.says
    if says:
        bounds = says.gain.interval if says.gain else None
        gain = f", gain over exchanged names {within(says.gain.value, bounds, 2)}" if says.gain else ""
        yield f"**{says.verdict}**, n = {says.n}, patients {says.patients}{gain}."


def _infarctions(explained: ExplainedFile) -> Iterable[str]:
    return infarction_parts(explained.infarctions, explained.verdict) if explained.infarctions else ()


def _errors(explained: ExplainedFile) -> Iterator[str]:
    if not explained.cases:
        return
    errors = [one for one in explained.gallery if one.is_confident_error]
    yield (
        f"{len(errors)} of {explained.cases} explained answers are wrong with a probability of {explained.confident:g} "
        "or more, or wrong and without a probability. Pictures are in `explain.md`."
    )
    if errors:
        rows = [
            (
                quoted(str(one.ecg_id), 40),
                quoted(one.axis, 60),
                quoted(one.answer or "-", 60),
                quoted(one.truth, 60),
                "-" if one.confidence is None else f"{one.confidence:.2f}",
            )
            for one in errors[:MOST_EXAMPLES]
        ]
        yield markdown_table(("record", "axis", "the model said", "truth", "probability"), rows)


def _ethics(_: ExplainedFile, __: CardRun | None) -> Iterator[str]:
    yield ETHICS


def _limits(explained: ExplainedFile, run: CardRun | None) -> Iterator[str]:
    """Yield what the figures cannot be taken for, as it follows from the figures themselves."""
    score = run.score if run else None
    circular = [axis.axis for axis in score.axes if axis.by_construction] if score else []
    simulated = explained.is_simulated or bool(run and run.settings["is_simulated"])
    told = [
        "Intervals are by patient and of the sample alone: another place or device may lie outside them.",
        "A verdict holds for this reader, these data and this method. That a map is faithful does not make the answer "
        "right.",
    ]
    if simulated:
        told.append("Simulated recordings are among the data: what was shown on phantoms is not shown on patients.")
    if circular:
        told.append(
            f"On {', '.join(circular)} the truth rests on the measurement that the reader itself makes: the figure "
            "holds by construction and shows nothing."
        )
    if not explained.rows:
        told.append("No method was judged against nulls, so that its maps are pictures and no evidence.")
    if not explained.transplants:
        told.append("No transplant was tried: what moved an answer is told by hiding alone.")
    if explained.concepts is None:
        told.append("No concept was tried.")
    yield listed([*told, *explained.notes])


Section = Callable[[ExplainedFile, CardRun | None], Iterable[str]]

SECTIONS: Mapping[str, Section] = {
    "Model details": _details,
    "Intended use": _intended,
    "Factors": _factors,
    "Metrics": _metrics,
    "Evaluation data": _evaluated,
    "Training data": _trained,
    "Quantitative analyses": _analyses,
    "Ethical considerations": _ethics,
    "Caveats and recommendations": _limits,
}
"""The sections of Mitchell et al. 2019, in their order."""
