"""What hidden parts give to the answers of a black box, as parts of a page: joint masks and single ones."""

from collections.abc import Mapping, Sequence

from bench.explain.hiding.joint_effect import JointExplanation
from bench.explain.hiding.pooled import PooledEffect
from bench.explain.hiding.target import AnswerKind
from bench.explain.maps.ridge import LEVEL
from bench.report.explain_figure import effect
from bench.report.table import chance, markdown_table, number, plain, quoted

ANSWERS: Mapping[AnswerKind, str] = {
    "probability": "the probability of the value",
    "hard": "1 where the value is said, else 0",
    "logit": "the log-odds of the value",
}
"""What an answer is, in words."""

JOINT = (
    "Each mask hides leads and segments at random and together, since leads tell the same thing twice and a single "
    "one seldom turns an answer. A ridge regression over the recordings of a finding tells by how much the answer "
    "falls where a part is hidden. `p`: chance of so large an effect of *any* part where answers are shuffled within "
    f"each recording; a part is above the null where p is under {LEVEL:g}. Intervals are by patient."
)
SINGLE = (
    "Each part was hidden by itself; `effect`: by how much the answer falls without it, the mean over the recordings "
    "that have it, with its interval by patient. What stands in several leads is not missed where one of them is "
    "hidden, so that an effect of 0 does not say that a lead is not looked at."
)
MOST_EFFECTS = 20


def joint_parts(found: JointExplanation) -> list[str]:
    """Return what was asked about a finding, and the effect of each part, the greatest first."""
    ordered = sorted(found.effects, key=lambda one: -one.value)
    rows = [
        (
            one.part.name,
            effect(one.value, one.low, one.high),
            chance(one.p),
            "yes" if one.is_above_null else "no",
            str(one.records),
        )
        for one in ordered
    ]
    return [joint_said(found), markdown_table(("part", "effect [95%]", "p", "above the null", "recordings"), rows)]


def joint_said(found: JointExplanation) -> str:
    """Return in sentences what was asked about a finding, and how much of it is explained."""
    failed = f", failed calls {found.failed}" if found.failed else ""
    said = [
        f"Masks {found.masks}, recordings {found.records}, patients {found.patients}{failed}.",
        f"Answer: {ANSWERS[found.kind]}; whole recordings {number(found.whole)}, masked ones {number(found.shown)}.",
        f"What is hidden explains {100 * max(found.explained, 0):.0f}% of the variance of held-out answers.",
        f"Shuffled answers exceed an effect of {found.null:.3f} in 5%.",
    ]
    return plain(" ".join([*said, *scaled(found.gain)]))


def above_null(found: JointExplanation) -> str:
    """Return the parts whose effect is above the null in one line, such as ``conduction lbbb: QRS +0.31, V1 +0.12``."""
    above = [one for one in sorted(found.effects, key=lambda one: -one.value) if one.is_above_null]
    return f"{found.target.name}: {', '.join(f'{one.part.name} {one.value:+.2f}' for one in above) or 'no part'}"


def scaled(gain: float) -> list[str]:
    """Return what a mask in mV does to a reader that scales each lead by its spread, where it does much."""
    if gain <= 1.5:
        return []
    return [
        f"A reader that scales each lead by its spread was shown the rest of a lead up to {gain:.1f} times as large "
        "where a part of it was hidden."
    ]


def effect_parts(title: str, found: Sequence[PooledEffect]) -> list[str]:
    """Return the effects of parts that were hidden by themselves, the greatest first; those of about 0 in a sentence.

    A row is kept for each part whose whole interval lies on one side of 0; of parts without an interval for each.
    """
    ordered = sorted(found, key=lambda one: -one.value)
    telling = [one for one in ordered if not _holds_0(one)][:MOST_EFFECTS]
    rows = [(one.part.name, effect(one.value, one.low, one.high), str(one.records)) for one in telling]
    table = [markdown_table(("part", "effect [95%]", "recordings"), rows)] if rows else []
    return [f"### {plain(quoted(title, 80))}", *table, *_rest([one for one in ordered if one not in telling])]


def _rest(left: Sequence[PooledEffect]) -> list[str]:
    """Return in a sentence how many parts are left out of a table, and their greatest effect."""
    if not left:
        return []
    most = max(left, key=lambda one: abs(one.value))
    said = "1 more part has" if len(left) == 1 else f"{len(left)} more parts have"
    about = "an interval that holds 0" if all(map(_holds_0, left)) else "a lesser effect or an interval that holds 0"
    return [f"{said} {about}; the largest effect among them is {plain(most.part.name)} {most.value:+.3f}."]


def _holds_0(one: PooledEffect) -> bool:
    return one.low is not None and one.high is not None and one.low <= 0 <= one.high
