"""The page of an ablation: verdicts first, then the tests and the figures behind them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.evidence import verdict as words
from bench.evidence.axis_evidence import AxisEvidence
from bench.evidence.conditions import asked_in_words, crossed_draws
from bench.evidence.figure import Figure
from bench.evidence.knowledge import ShuffleTest
from bench.evidence.lead_loss import LeadLoss
from bench.evidence.result import Evidence
from bench.evidence.verdict import Reason
from bench.report.evidence_plot import evidence_plot
from bench.report.plot import save
from bench.report.table import (
    difference,
    markdown_table,
    page,
    percent,
    plain,
    share,
    size_note,
    terminal_table,
    within,
)
from bench.score.agreement import LEVEL
from bench.storage import as_json, write_whole
from bench.view import CROSSED

if TYPE_CHECKING:
    from rich.table import Table

TERMINAL = ("axis", "n", "prior", "full", "kappa", "p (trace)", "verdict")
STYLES = {
    **dict.fromkeys(("can", "knows"), "green"),
    **dict.fromkeys(("follows", "refuses"), "yellow"),
    **dict.fromkeys(("answers", "recites", "gives"), "red"),
    "cannot": "dim",
}

FAMILIES = (
    ("knows it: full", "knows"),
    ("reads it: image-only", "reads"),
    ("infers it: text-only", "infers"),
    ("follows the trace: crossed, truth of the image's patient", "follows_trace"),
    ("follows the numbers: crossed, truth of the numbers' patient", "follows_numbers"),
    ("where nothing is shown", "elsewhere"),
)
POINTS = (
    ("waveform gain", "accuracy in `full` minus `blank-image`", "gain"),
    (
        "Visual Reliance Score",
        "accuracy in `full` minus accuracy beside a random other patient's image, on the truth of the numbers' "
        "patient (arXiv 2603.03437)",
        "reliance",
    ),
)
SHARES = (
    (
        "Image Sensitivity",
        "answers that a random other patient's image changes (arXiv 2603.03437)",
        "image_sensitivity",
    ),
    ("recoverable share", "(accuracy - text ceiling) / (image ceiling - text ceiling)", "recoverable"),
    (
        "claims of having seen",
        "answers in `text-only` that speak of what the tracing shows, among those that the image does not change "
        "(Hallucinated Visual Reasoning Rate, arXiv 2603.03437; by a word list, not by a judge)",
        "claims",
    ),
)

SAID = {"crossed": "crossed, truth of the image"}

HOW = (
    f"**{words.READS}**: shown the trace and no numbers, it gives the right abnormal answers more often than its own "
    f"answers would if they were shuffled over the patients. **{words.NAMES}**: that holds among the abnormal cases "
    "alone, so it tells one abnormality from another. "
    f"**{words.TRACE}**, **{words.NUMBERS}**, **{words.BOTH}**: shown one patient's trace beside another's numbers, "
    f"its answers go with the truth of the one, the other, or both. **{words.REFUSES}**: there it leaves at least "
    f"{100 * words.REFUSES_MORE:.0f} points more cases unanswered. **{words.INFERS}**: the numbers alone give it the "
    f"right answers; that is no fault. **{words.ELSEWHERE}**: it is right where nothing could tell it, or a shift of "
    "the trace that no reader would notice takes its right answers away: a leak, or a memory of these very records. "
    f"**{words.PRIOR}**: none of this, and kappa is below {words.LITTLE:g} with 97.5% confidence. "
    f"**{words.SILENT}**: most cases have no answer. **{words.UNKNOWN}**: too few cases; in brackets the kappa that "
    "so many would show in four tries of five."
)


def write_evidence(folder: Path, found: Evidence) -> None:
    """Write ``evidence.md``, ``evidence.json`` and the picture.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    save(evidence_plot(found.axes, found.conditions), folder / "pictures" / "evidence.png")
    write_whole(folder / "evidence.json", as_json(found.to_json()))
    write_whole(folder / "evidence.md", evidence_page(found))


def evidence_table(axes: Sequence[AxisEvidence], title: str, told: Mapping[str, str] | None = None) -> "Table":
    """Return the verdicts, with kappa and the p that decides whether the trace is read, for the terminal.

    Parameters
    ----------
    axes : sequence of AxisEvidence
    title : str
    told : mapping of str to str, optional
        By axis, at which look it was told, where there were several.
    """
    rows = [
        (
            axis.axis,
            str(axis.n),
            percent(axis.prior),
            percent(axis.accuracies["full"].value if "full" in axis.accuracies else None),
            f"{axis.kappa.value:.2f}" if axis.kappa else "-",
            p_text(axis.tests.reads.p_holm) if axis.tests.reads else "-",
            *((told[axis.axis],) if told else ()),
            axis.verdict,
        )
        for axis in axes
    ]
    headings = (*TERMINAL[:-1], "told at (alpha)", TERMINAL[-1]) if told else TERMINAL
    return terminal_table(headings, rows, title, styles=STYLES)


def evidence_page(found: Evidence) -> str:
    """Return the page as Markdown."""
    names, figures = [axis.axis for axis in found.axes], figure_rows(found.axes)
    shown = {row[0] for row in figures}
    parts = [
        f"# Does {plain(found.reader)} read the ECG? {plain(found.dataset)}, {plain(found.split)}",
        caution(found),
        *map(plain, found.caveats),
        markdown_table(
            ("axis", "n", "verdict", "rests on"),
            [(axis.axis, str(axis.n), axis.verdict, rests_on(axis.reasons)) for axis in found.axes],
        ),
        HOW,
        *_looks(found),
        "![Prior, ceilings and the reader under each condition](pictures/evidence.png)",
        "## The tests",
        markdown_table(("test", *names), _test_rows(found.axes)),
        "S: right answers whose value is not the prior's (on other_findings: findings that were found). p: share of "
        f"10,000 shuffles of the answers over patients of one fold that give as large an S, corrected over the "
        f"{len(names)} axes by Holm's method; * below {_level(found)}. {_draws(found)}",
        "## Accuracy under each condition",
        markdown_table(("condition", *names), _accuracy_rows(found)),
        _same(found),
        "## Other figures",
        markdown_table(("figure", *names), figures),
        "Differences in points, shares in percent, each with its 95% interval (bootstrap over patients; Tango's where "
        "fewer than 20 pairs differ; Clopper and Pearson's for shares of 0 and 1).",
        "\n".join(f"- **{name}**: {what}." for name, what, _ in (*POINTS, *SHARES) if name in shown),
        f"Run `{plain(found.run_id)}`; image ceiling: {found.image_ceiling or 'none'}. Data: {plain(found.data)}.",
    ]
    return page([part for part in parts if part])


def told_at(found: Evidence) -> dict[str, str]:
    """Return for each axis the records and the alpha of the look at which it was told; empty without looks."""
    looks = {look.number: look for look in found.looks}
    at = {axis: looks[number] for axis, number in found.told.items()}
    return {
        axis.axis: f"{at[axis.axis].records:,} ({at[axis.axis].level:.4f})" if axis.axis in at else "not yet"
        for axis in found.axes
        if looks
    }


def _looks(found: Evidence) -> list[str]:
    """Return the section on the looks, nothing where there was only one at all records."""
    if not found.looks:
        return []
    rows = [
        (
            str(look.number),
            f"{look.records:,} of {look.of:,}",
            f"{look.level:.4f}",
            f"{look.spent:.4f}",
            ", ".join(axis for axis, number in found.told.items() if number == look.number) or "-",
        )
        for look in found.looks
    ]
    return [
        "## The looks",
        markdown_table(("look", "records", "alpha", "spent so far", "axes told"), rows),
        "Cases were asked look by look, as long as an axis was not told. The error over all looks is 5%, as that of a "
        "single look: each spends a part of it (Lan and DeMets 1983, by the function close to Pocock's; what a look "
        "adds to the sum is its level). An axis is told at the first look with a verdict, where the alpha of the look "
        "stands in the place of 5%: for p, for the interval of kappa that lies below 0.1, and for that of refusals. "
        "Verdict, tests and figures of an axis are those of its look, else of the last.",
        *([f"Stopped before the next look: {plain(found.stopped)}"] if found.stopped else []),
    ]


def _level(found: Evidence) -> str:
    return "the alpha of the look" if found.looks else f"{LEVEL:g}"


def caution(found: Evidence) -> str:
    """Return a note on the number of cases, on what was asked, and on leaks."""
    said = f"{size_note(found.cases, found.is_simulated)} Asked: {asked_in_words(found.conditions)}."
    measured = [axis.axis for axis in found.axes if axis.by_construction]
    if measured:
        said += (
            f" By construction on {' and '.join(measured)}: the reader answers with the very measurement that "
            "truths there are made of."
        )
    leaking = [axis.axis for axis in found.axes if any(one.finding == words.ELSEWHERE for one in axis.reasons)]
    if leaking:
        said += f" It answers from elsewhere on {', '.join(leaking)}: trust no verdict on the other axes either."
    return said


def rests_on(reasons: Sequence[Reason]) -> str:
    """Return the conditions and p values that a verdict rests on."""
    return "; ".join(
        f"{reason.condition}: "
        + (f"p {p_text(reason.p_holm)}" if reason.interval is None else f"{_points(reason.interval)} more unanswered")
        + f", n = {reason.n}"
        for reason in reasons
    )


def p_text(p: float | None) -> str:
    """Return a p value with as many digits as it deserves."""
    if p is None:
        return "-"
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def figure_rows(axes: Sequence[AxisEvidence]) -> list[tuple[str, ...]]:
    """Return the rows of figures that at least one axis has: differences in points, shares in percent."""
    rows: list[tuple[str, ...]] = [
        ("refusals: crossed minus full", *(_gap(axis.tests.refusal) for axis in axes)),
        (
            "loss by jitter: full minus jittered",
            *(_gap(axis.tests.jittered.loss if axis.tests.jittered else None, axis.level) for axis in axes),
        ),
        *((name, *(_gap(getattr(axis, field)) for axis in axes)) for name, _, field in POINTS),
        *((name, *(_share(getattr(axis, field)) for axis in axes)) for name, _, field in SHARES),
        (
            "lost where lead-mask blanked most of the leads that carry it; where it blanked few",
            *(_leads(axis) for axis in axes),
        ),
    ]
    told = [row for row in rows if set(row[1:]) != {"-"}]
    return [("n", *(str(axis.n) for axis in axes)), *told] if told else []


def _draws(found: Evidence) -> str:
    draws = crossed_draws(found.conditions)
    return f"`crossed` was drawn {len(draws)} times; its p is twice the median." if len(draws) > 1 else ""


def _test_rows(axes: Sequence[AxisEvidence]) -> list[tuple[str, ...]]:
    rows = [
        (said, *(_test(getattr(axis.tests, family), family == "reads", axis.level) for axis in axes))
        for said, family in FAMILIES
    ]
    return [row for row in rows if set(row[1:]) != {"-"}]


def _test(test: ShuffleTest | None, names: bool, level: float) -> str:
    if test is None:
        return "-"
    said = f"S {test.s}, p {p_text(test.p_holm)}{_star(test.p_holm, level)}"
    return said + (f"; names it: p {p_text(test.names_p_holm)}{_star(test.names_p_holm, level)}" if names else "")


def _star(p: float | None, level: float) -> str:
    return "*" if p is not None and p < level else ""


def _accuracy_rows(found: Evidence) -> list[tuple[str, ...]]:
    axes = found.axes
    rows: list[tuple[str, ...]] = [
        ("n", *(str(axis.n) for axis in axes)),
        ("kappa in full", *(_kappa(axis) for axis in axes)),
        ("kappa that n would show", *("-" if axis.knowable is None else f"{axis.knowable:.2f}" for axis in axes)),
        ("majority baseline", *(percent(axis.prior) for axis in axes)),
        ("text ceiling", *(percent(axis.text_ceiling) for axis in axes)),
    ]
    if found.image_ceiling:
        rows.append((f"image ceiling ({found.image_ceiling})", *(percent(axis.image_ceiling) for axis in axes)))
    shown = [name for name, used in found.conditions.items() if name == used and name not in CROSSED[1:]]
    rows += [(SAID.get(name, name), *(_share(axis.accuracies.get(name)) for axis in axes)) for name in shown]
    if any(axis.crossed_numbers for axis in axes):
        rows.append(("crossed, truth of the numbers", *(_share(axis.crossed_numbers) for axis in axes)))
    return rows


def _same(found: Evidence) -> str:
    """Return which conditions look the same to the reader as others."""
    serves = {name: used for name, used in found.conditions.items() if name not in CROSSED[1:]}
    looks = [
        f"{', '.join(name for name, used in serves.items() if used == asked and name != asked)} as {asked}"
        for asked in dict.fromkeys(used for name, used in serves.items() if used and used != name)
    ]
    said = f"The same to this reader: {'; '.join(looks)}." if looks else ""
    lacking = [name for name, used in serves.items() if used is None]
    return f"{said} Nothing to read: {', '.join(lacking)}.".strip() if lacking else said


def _kappa(axis: AxisEvidence) -> str:
    return "-" if axis.kappa is None else within(axis.kappa.value, axis.kappa.interval, 2)


def _gap(figure: Figure | None, level: float = LEVEL) -> str:
    if figure is None:
        return "-"
    return difference(figure.value, figure.interval) + _star(figure.p_holm, level)


def _points(bounds: tuple[float, float]) -> str:
    return f"{100 * bounds[0]:.0f} to {100 * bounds[1]:.0f} points"


def _share(figure: Figure | None) -> str:
    return "-" if figure is None else share(figure.value, figure.interval)


def _leads(axis: AxisEvidence) -> str:
    found: LeadLoss | None = axis.lead_loss
    if found is None:
        return "-"
    return (
        f"{100 * found.loss_most:+.1f} (n = {found.n_most}); {100 * found.loss_few:+.1f} (n = {found.n_few}); "
        f"p {p_text(found.p_holm)}{_star(found.p_holm, axis.level)}"
    )
