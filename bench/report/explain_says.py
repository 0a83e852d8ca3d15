"""Whether a reader that gives reasons names what moves its answers, as parts of a page."""

from bench.explain.says import SaysDoes
from bench.report.explain_figure import times
from bench.report.table import chance, markdown_table, quoted

HOW = (
    "`agreement`: chance that the answer falls more without a lead that the reader names than without another one, "
    "one half by chance. `exchanged`: the same with the names that it gave for other patients of the same answer; a "
    "reader that recites the same leads with an answer has a gain of 0."
)


def says_parts(found: SaysDoes) -> list[str]:
    """Return the verdict, agreement by answer, and the leads that are named."""
    gain = found.gain
    bounds = f" [{gain.interval[0]:+.2f}, {gain.interval[1]:+.2f}]" if gain and gain.interval else ""
    measured = f" Gain {gain.value:+.2f}{bounds}, p {chance(gain.p)}." if gain else ""
    headings = ("answer", "n", "agreement", "exchanged")
    rows = [
        (quoted(answer, 80), str(one.n), f"{one.agreement:.2f}", f"{one.exchanged:.2f}")
        for answer, one in found.by_answer.items()
    ]
    if found.agreement is not None and found.exchanged is not None:
        rows.append(("all", str(found.n), f"{found.agreement:.2f}", f"{found.exchanged:.2f}"))
    parts = [f"**{found.verdict}**, n = {found.n}, patients {found.patients}.{measured} {left_out(found)}", HOW]
    if rows:
        parts.append(markdown_table(headings, rows))
    named = {lead: count for lead, count in found.named.items() if count}
    return [*parts, f"Named most often: {times(named, 12)}."]


def left_out(found: SaysDoes) -> str:
    """Return which cases do not count, and why."""
    return (
        f"{found.silent} more name no lead, or all; {found.alone} more have an answer that no other patient has with "
        "names."
    )
