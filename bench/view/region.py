"""Where on an ECG a finding is looked for: the leads and the segments of each value of an axis, with their sources."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from measurements.segment import SEGMENTS, Segment
from renderers.style import LEADS
from taxonomy.axis import ISCHEMIA, ISCHEMIA_STAGE, ISCHEMIA_TERRITORY


@dataclass(frozen=True)
class Region:
    """Where a cardiologist looks for a finding.

    Attributes
    ----------
    leads : tuple of str
        In the order of ``LEADS``.
    segments : tuple of str
        In the order of a beat.
    source : str
        The guideline or statement that says so.
    is_masked : bool
        Whether the finding is carried by these leads alone, so that a mask over most of them takes it away: what is
        spread over many leads, or stands beside other findings, is not.
    """

    leads: tuple[str, ...]
    segments: tuple[Segment, ...]
    source: str
    is_masked: bool


def expected_region(axis: str, value: str) -> Region | None:
    """Return where a value of an axis is looked for; None where no place is named for it.

    No place is named for the rate, for the absence of a finding (but for ``none`` of conduction, which is read from the
    QRS complex), and for an ischemia of several territories or none. Stage and territory as one answer
    (``ischemia``, such as ``acute inferior``) have the leads of the territory and the segments of the stage.

    Parameters
    ----------
    axis : str
    value : str
        A value of the axis; one of ``other_findings``, not the whole set.
    """
    if axis == ISCHEMIA.name:
        stage, _, territory = value.rpartition(" ")
        where, how = expected_region(ISCHEMIA_TERRITORY.name, territory), expected_region(ISCHEMIA_STAGE.name, stage)
        return where and how and Region(where.leads, how.segments, where.source, where.is_masked)
    return _table().get((axis, value))


@cache
def _table() -> Mapping[tuple[str, str], Region]:
    data = json.loads((files("bench.view") / "regions.json").read_text(encoding="utf-8"))
    return {
        (row["axis"], value): Region(
            tuple(lead for lead in LEADS if lead in row["leads"]),
            tuple(segment for segment in SEGMENTS if segment in row["segments"]),
            data["sources"][row["source"]],
            row["masked"],
        )
        for row in data["regions"]
        for value in row["values"]
    }
