"""Names and figures of a domain study as its page words them."""

from collections.abc import Sequence

from bench.domains.linear import NO_POSITIVE
from bench.domains.result import Figure
from bench.report.table import percent, plain, quoted

LONGEST_NAME = 60
"""Letters of a domain's or an arm's name that are shown."""

MARK = "†"
"""Of figures on records that the reader was taught."""


def name_of(text: str) -> str:
    """Return a stranger's name as Markdown shows it, and obeys nothing in it."""
    return plain(quoted(text, LONGEST_NAME)).replace("#", "\\#").replace("_", "\\_").replace("!", "\\!")


def listed(names: Sequence[str]) -> str:
    """Return strangers' names as one list in words."""
    return " and ".join(filter(None, (", ".join(map(name_of, names[:-1])), name_of(names[-1]))))


def figure(found: Figure, digits: int = 3) -> str:
    """Return a figure with its interval, or why it is withheld."""
    if found.value is None:
        return f"- ({found.withheld})" if found.withheld else "-"
    said = f"{found.value:.{digits}f}"
    if found.interval:
        return f"{said} [{found.interval[0]:.{digits}f}, {found.interval[1]:.{digits}f}]"
    return f"{said} ({found.withheld})" if found.withheld else said


def signed(found: Figure, digits: int = 3) -> str:
    """Return a difference with its interval, ``-`` for none."""
    if found.value is None:
        return "-"
    said = f"{found.value:+.{digits}f}"
    if not found.interval:
        return said
    return f"{said} [{found.interval[0]:+.{digits}f}, {found.interval[1]:+.{digits}f}]"


def share(found: Figure) -> str:
    """Return a share with its interval, ``-`` where either is missing."""
    if found.value is None or found.interval is None:
        return "-"
    return f"{percent(found.value)} [{percent(found.interval[0])}, {percent(found.interval[1])}]"


def reasons(withheld: Sequence[tuple[str, str]]) -> str:
    """Return what is withheld by reason, those of one reason together."""
    found: dict[str, list[str]] = {}
    for name, reason in withheld:
        found.setdefault(reason, []).append(name)
    listed = [f"{', '.join(names)} ({reason})" for reason, names in found.items() if reason != NO_POSITIVE]
    missing = len(found.get(NO_POSITIVE, ()))
    return plain("; ".join([*listed, *([f"{missing} classes without a positive"] if missing else [])]))
