"""The figures of a score beside its axes, line by line."""

from collections.abc import Collection

from bench.report.probability_page import probability_lines
from bench.report.table import difference, percent, share, within
from bench.score.axis_score import AxisScore
from bench.score.instrument import InstrumentTotal
from bench.score.repeat import RepeatScore
from bench.score.result import Score
from bench.score.usage import UsageTotal
from readers.api.response import IGNORED_FROM


def summary_lines(score: Score) -> list[tuple[str, str]]:
    """Return (what, figure) pairs for the terminal and the page."""
    lines = _knowledge(score)
    for name, mean in (("text-inferable", score.text_inferable), ("waveform-only", score.waveform_only)):
        if mean:
            axes = [one.axis for one in score.axes if one.text_inferable == (name == "text-inferable")]
            points = f"{difference(mean.difference, mean.interval)} points, {_n(score, axes)}"
            lines.append((f"mean difference, {name} axes", points))
    if score.superclass:
        danger = score.superclass.overall
        lines.append(("danger-weighted error", f"{within(danger.dwe, danger.dwe_interval)}, n = {danger.n}"))
        shares = share(danger.critical_share, danger.critical_interval)
        lines.append(("critical errors", f"{danger.critical} of {danger.n}, {shares}"))
    lines += probability_lines(score.probability) if score.probability else []
    if score.superclass:
        auc = f"{score.superclass.hard_answer_auc:.3f} (no AUROC), n = {score.superclass.overall.n}"
        lines.append(("balanced 'AUC' of hard answers", auc))
    if score.normality:
        lines.append(("normal against abnormal", _normality(score.normality)))
    findings = f"{score.findings_predicted:.2f} predicted, {score.findings_true:.2f} true"
    lines.append(("findings per ECG", findings))
    lines.append(("no answer", _no_answer(score)))
    if score.failed:
        failed = ", ".join(f"{count} {kind}" for kind, count in score.failed.items())
        lines.append(("failed calls", f"{failed}: not ranked until they are retried"))
    lines += _repeats(score.repeats) if score.repeats else []
    lines += _usage(score.usage) if score.usage else []
    return lines


def _knowledge(score: Score) -> list[tuple[str, str]]:
    """Return the headline, and what was not shown where something could have been."""
    lines = []
    if score.kappa:
        lines.append(
            ("mean kappa", f"{within(score.kappa.kappa, score.kappa.interval)}, {_n(score, score.kappa.axes)}")
        )
        lines.append(("  over", ", ".join(score.kappa.axes)))
    for axis in (*score.axes, score.ischemia, score.normality):
        if axis and axis.verdict.startswith("nothing shown ("):
            lines.append((f"nothing shown, {axis.axis}", axis.verdict.partition("(")[2].removesuffix(")")))
    return lines


def _n(score: Score, names: Collection[str]) -> str:
    """Return the cases of these axes: one number, or the fewest and the most."""
    counts = sorted({one.n for one in (*score.axes, score.ischemia) if one and one.n and one.axis in names})
    return f"n = {counts[0]}" + (f" to {counts[-1]}" if len(counts) > 1 else "")


def _normality(found: AxisScore) -> str:
    assert found.balanced_accuracy is not None
    said = (
        f"{percent(found.accuracy)}, baseline {percent(found.baseline)}, {difference(found.difference, found.interval)}"
    )
    return f"{said}; balanced {percent(found.balanced_accuracy)}, n = {found.n}"


def _repeats(found: RepeatScore) -> list[tuple[str, str]]:
    """Return how far repeats agree, and the votes that are better or worse than one answer."""
    agreement = sum(axis.agreement for axis in found.axes) / len(found.axes)
    moved = [
        f"{axis.axis} {difference(axis.gain, axis.gain_interval)}"
        for axis in found.axes
        if axis.gain_interval and (axis.gain_interval[0] > 0 or axis.gain_interval[1] < 0)
    ]
    return [
        (f"agreement of {found.repeats} repeats", f"{percent(agreement)}, mean over the axes"),
        ("majority vote minus one answer", ", ".join(moved) or "no axis differs"),
    ]


def _usage(used: UsageTotal) -> list[tuple[str, str]]:
    schema = _schema(used) + (_instruments(used.instruments) if used.instruments else [])
    if not used.input_tokens and used.cost is None:
        return schema
    cached = f" ({percent(used.cached_tokens / used.input_tokens)} from the cache)" if used.cached_tokens else ""
    lines = [("tokens", f"{used.input_tokens:,} in{cached}, {used.output_tokens:,} out, {used.calls} calls")]
    earlier = f", {used.reused_cost:.2f} of it paid by other runs" if used.reused_cost else ""
    unpriced = f", {used.unpriced} calls without a price" if used.unpriced else ""
    dollars = (
        "no price for this model: give one with --prices"
        if used.cost is None
        else f"{used.cost:.2f}{earlier}{unpriced}"
    )
    lines.append(("dollars", dollars))
    if used.px_per_mm is not None:
        lines.append(("images seen by the model at", f"{used.px_per_mm:g} px/mm"))
    return lines + schema


def _instruments(used: InstrumentTotal) -> list[tuple[str, str]]:
    """Return how often instruments were used, on which leads, and what came of it."""
    kinds = ", ".join(f"{kind} {count}" for kind, count in used.kinds.items()) or "none done"
    said = f"{used.calls / used.readings:.1f} calls a case ({kinds}), {used.using} of {used.readings} cases with any"
    lines = [("instruments", f"{said}, {used.refused} refused")]
    if used.leads:
        lines.append(("leads enlarged most", ", ".join(f"{lead} {count}" for lead, count in used.leads.items())))
    if used.unanswered:
        lines.append(("calls, and then no answer", f"{used.unanswered} of {used.readings} cases"))
    return lines


def _schema(used: UsageTotal) -> list[tuple[str, str]]:
    """Return how many answers do not follow the schema that was sent; nothing where all of them do."""
    if not used.astray:
        return []
    ignored = used.astray >= IGNORED_FROM * used.with_schema
    said = f"{used.astray} of {used.with_schema} answers do not follow the schema that was sent"
    return [("schema", f"ignored by the server: {said}" if ignored else said)]


def _no_answer(score: Score) -> str:
    kinds: dict[str, int] = {}
    for axis in score.axes:
        for kind, count in (axis.no_answer or {}).items():
            kinds[kind] = kinds.get(kind, 0) + count
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
