"""The page of a contamination check: the verdicts first, then every comparison."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.evidence.contamination import Contamination
from bench.evidence.contamination_verdict import points
from bench.evidence.drop import TOGETHER, Drop
from bench.report.contamination_plot import contamination_plot
from bench.report.plot import save
from bench.report.table import chance, difference, markdown_table, page, percent, plain, share, terminal_table
from bench.storage import as_json, write_whole

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = ("axis", "n", "published", "copies", "drop", "p", "verdict")
STYLES = {"falls": "red", "learnt": "red", "answers": "green", "cannot": "dim", "no": "dim"}

HOW = (
    "Every comparison is paired: the same patients and the same truth, another recording. A **copy** is shifted by up "
    "to 0.2 s and scaled by up to 1%; whoever reads the trace reads it as well, whoever looks the record up does not. "
    "A reader may also be **brittle** and fall on any copy; then it falls on copies of phantoms too, which nobody can "
    "have seen. Memory that tolerates a shift is not seen by copies. Numbers are not shown beside a trace, since a "
    "record can be recognised by them. Only axes that no number decides are compared. p is by sign flips of each "
    "patient's gain, corrected by Holm's method over the axes and all of them together, and for the comparisons that "
    "decide. *As memory of*: the share of memorised records that would be found in four of five tries; *would be "
    "seen*: the drop that they cause, since memory helps only where reading fails (-: not even all of them)."
)


def write_contamination(folder: Path, found: Contamination) -> None:
    """Write ``contamination.md``, ``contamination.json`` and the picture.

    Raises
    ------
    taxonomy.error.RunError
        When the folder cannot be written.
    """
    save(contamination_plot(found), folder / "pictures" / "contamination.png")
    write_whole(folder / "contamination.json", as_json(found.to_json()))
    write_whole(folder / "contamination.md", contamination_page(found))


def contamination_table(found: Contamination) -> "Table":
    """Return the comparison with copies for the terminal."""
    rows = [_short(one, _verdict(found, one)) for one in found.copies]
    title = f"{found.reader} on {found.dataset}, {found.split}: published records and jittered copies"
    return terminal_table(HEADINGS, rows, title, styles=STYLES)


def contamination_page(found: Contamination) -> str:
    """Return the page as Markdown."""
    parts = [
        f"# Has {plain(found.reader)} memorised {plain(found.dataset)}, {plain(found.split)}?",
        "\n".join(f"- {plain(_sentence(said))}" for said in found.verdicts),
        "\n".join(f"- {plain(said)}" for said in found.caveats),
        "![Right answers on each kind of recording](pictures/contamination.png)",
        HOW,
        *_section("Published records and their jittered copies", found.copies, "published", "copies"),
        markdown_table(("axis", "verdict"), list(found.axis_verdicts.items())),
        *_section(_fresh_title(found), found.phantoms, "published", "phantoms"),
        *_section("Phantoms and their jittered copies", found.phantom_copies, "phantoms", "copies"),
        _others(found),
        "## All axes together",
        markdown_table(
            ("recordings", "right answers"),
            [(name, share(one.value, one.interval) if one else "-") for name, one in found.arms.items()],
        ),
        f"Run `{plain(found.run_id)}`; seed {found.seed}. Data: {plain(found.data)}.",
    ]
    return page([part for part in parts if part])


def _fresh_title(found: Contamination) -> str:
    if found.is_simulated:
        return "Phantoms of the published seed and fresh ones of the same truth"
    return "Real records and phantoms of the same truth: no verdict"


def _verdict(found: Contamination, one: Drop) -> str:
    return found.verdicts[0] if one.axis == TOGETHER else found.axis_verdicts[one.axis]


def _section(title: str, drops: Sequence[Drop], first: str, second: str) -> tuple[str, ...]:
    if not drops:
        return ()
    headings = ("axis", "n", first, second, "drop in points", "p", "would be seen", "as memory of")
    rows = [(*_row(one), _least(one), percent(one.share)) for one in drops]
    return f"## {title}", markdown_table(headings, rows)


def _row(one: Drop) -> tuple[str, ...]:
    drop = one.drop
    return (
        one.axis,
        str(drop.n if drop else 0),
        percent(one.first),
        percent(one.second),
        difference(drop.value, drop.interval) if drop else "-",
        chance(drop.p_holm if drop else None),
    )


def _short(one: Drop, verdict: str) -> tuple[str, ...]:
    name, n, first, second, _, p = _row(one)
    return name, n, first, second, "-" if one.drop is None else f"{100 * one.drop.value:+.1f}", p, verdict


def _least(one: Drop) -> str:
    return "-" if one.detectable is None else f"{100 * one.detectable:.1f}"


def _others(found: Contamination) -> str:
    said = []
    if found.excess:
        said.append(
            f"Drop on copies of published records less drop on copies of phantoms: {points(found.excess)}, p "
            f"{chance(found.excess.p)}."
        )
    if found.reference_gap and found.reference_gap.drop:
        said.append(
            f"From real records to phantoms the reference {found.reference} loses {points(found.reference_gap.drop)}."
        )
    if found.held_out:
        said.append(
            f"Gap to phantoms on these records less that on {found.held_out_split}: {points(found.held_out)}, p "
            f"{chance(found.held_out.p)}."
        )
    return plain(" ".join(said))


def _sentence(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}."
