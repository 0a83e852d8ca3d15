"""What a score says beside its axes, line by line."""

from bench.report.row import difference, percent, within
from bench.score.score import Score


def summary_lines(score: Score) -> list[tuple[str, str]]:
    """Return (what, figure) pairs for the terminal and the page."""
    lines = []
    for name, mean in (("text-inferable axes", score.text_inferable), ("waveform-only axes", score.waveform_only)):
        if mean:
            lines.append((f"mean difference, {name}", f"{difference(mean.difference, mean.interval)} points"))
    if score.superclass:
        danger = score.superclass.overall
        lines.append(("danger-weighted error", f"{within(danger.dwe, danger.dwe_interval)}, n = {danger.n}"))
        low, high = danger.critical_interval
        shares = f"{percent(danger.critical_share)} [{percent(low)}, {percent(high)}]"
        lines.append(("critical errors", f"{danger.critical} of {danger.n}, {shares}"))
    if score.probability:
        macro = within(score.probability.auroc["macro"], score.probability.intervals["macro"])
        lines.append(("superclass macro AUROC", f"{macro}, n = {score.probability.n}"))
        lines.append(("superclass macro AP, F1", _both(score)))
        lines.append(("calibration error", f"{score.probability.calibration_error:.3f}"))
    if score.superclass:
        lines.append(("balanced 'AUC' of hard answers", f"{score.superclass.hard_answer_auc:.3f} (no AUROC)"))
    findings = f"{score.findings_predicted:.2f} predicted, {score.findings_true:.2f} true"
    lines.append(("findings per ECG", findings))
    lines.append(("no answer", _no_answer(score)))
    if score.failed:
        failed = ", ".join(f"{count} {kind}" for kind, count in score.failed.items())
        lines.append(("failed calls", f"{failed}: not ranked until they are retried"))
    return lines


def caution(score: Score, is_sample: bool) -> str:
    """Return what a reader of the score must know of its size."""
    n = f"n = {score.n} ECGs"
    if is_sample:
        return f"{n} of the embedded sample: intervals are wide, and this is no result on PTB-XL's test fold."
    return f"{n}."


def _both(score: Score) -> str:
    assert score.probability is not None
    return f"{score.probability.average_precision['macro']:.3f}, {score.probability.f1['macro']:.3f}"


def _no_answer(score: Score) -> str:
    kinds: dict[str, int] = {}
    for axis in score.axes:
        for kind, count in (axis.no_answer or {}).items():
            kinds[kind] = kinds.get(kind, 0) + count
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
