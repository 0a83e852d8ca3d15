"""What a study of domain shift would do, as tables for the terminal."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bench.domains.estimate import ArmEstimate, StudyEstimate
from bench.domains.partition import Lesson
from bench.report.table import terminal_table
from taxonomy.statement import SUPERCLASSES

if TYPE_CHECKING:
    from rich.table import Table


def size_table(estimate: StudyEstimate) -> "Table":
    """Return the domains: records, patients and how many records have each superclass, by their labels."""
    headings = ("domain", "records", "patients", "labelled", *SUPERCLASSES)
    rows = [
        (
            domain.name,
            f"{domain.records:,}",
            f"{domain.patients:,}",
            f"{domain.labelled:,}",
            *(f"{domain.positives[name]:,}" for name in SUPERCLASSES),
        )
        for domain in estimate.domains
    ]
    return terminal_table(headings, rows, left=("domain",))


def lesson_table(lessons: Sequence[Lesson]) -> "Table":
    """Return the trainings of an arm: how many records teach, stop and are held out."""
    headings = ("protocol", "held out", "records", "teach", "stop", "taught domains")
    rows = [
        (
            lesson.protocol,
            lesson.name,
            f"{len(lesson.held_out):,}",
            f"{sum(lesson.taught.values()):,}",
            f"{lesson.stops:,}",
            ", ".join(name for name, count in lesson.taught.items() if count),
        )
        for lesson in lessons
    ]
    return terminal_table(headings, rows, left=("protocol", "held out", "taught domains"))


def estimate_lines(estimate: StudyEstimate) -> list[str]:
    """Return time and disk in sentences."""
    told = [_arm_line(arm) for arm in estimate.arms]
    if len(told) > 1:
        told.append(f"At most {_time(sum(arm.seconds for arm in estimate.arms))} of training in all.")
    told.append(
        f"{estimate.questions:,} readings; {_size(estimate.disk)} in the study's folder and "
        f"{_size(estimate.prepared_disk)} of prepared signals in the cache folder."
    )
    return told


def _arm_line(arm: ArmEstimate) -> str:
    members = len(arm.arm.config.seeds)
    each = "one network" if members == 1 else f"{members} networks"
    done = f", {arm.done} of them done" if arm.done else ""
    return (
        f"{arm.arm.name}: {arm.trainings} trainings of {each}{done}; at most {_time(arm.seconds)} at "
        f"{arm.speed:,.0f} records/s (a pilot on this machine); preparing and reading come on top."
    )


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _size(count: float) -> str:
    return f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
