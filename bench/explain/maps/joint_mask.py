"""Random joint masks: what hides many parts at once.

A single mask seldom turns a hard answer, since leads tell the same thing twice. Of masks that hide many parts at once,
many do, and a ridge regression of the answers on what was hidden tells which parts they were.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.explain.maps.cell import Cells
from bench.explain.maps.part import GROUPS, Mask, Part, union
from measurements.segment import SEGMENTS
from renderers.style import LEADS

LEAD_SHARE, SEGMENT_SHARE = 0.35, 0.2
"""Chance of each lead, and of each segment, to be hidden by a mask."""


@dataclass(frozen=True, eq=False)
class JointMasks:
    """The masks of one recording.

    Attributes
    ----------
    parts : tuple of Part
        12 leads, or the groups of leads, and the 6 segments; the same for all recordings.
    hidden : bool array (n_masks, n_parts)
        False for a segment that the recording does not have.
    """

    parts: tuple[Part, ...]
    hidden: NDArray[np.bool_]

    @classmethod
    def drawn(cls, cells: Cells, count: int, chance: np.random.Generator, grouped: bool = False) -> "JointMasks":
        """Return masks drawn by lot.

        Parameters
        ----------
        cells : Cells
        count : int
        chance : numpy.random.Generator
        grouped : bool
            Whether contiguous leads are hidden together (:data:`.part.GROUPS`) in the place of leads.
        """
        leads = [Part(name, rows) for name, rows in GROUPS.items()] if grouped else [Part(one, (one,)) for one in LEADS]
        parts = (*leads, *(Part(segment, LEADS, (segment,)) for segment in SEGMENTS))
        shares = np.array([SEGMENT_SHARE if part.segments else LEAD_SHARE for part in parts])
        lot = chance.random((count, len(parts)))
        there = np.array([not part.segments or part.segments[0] in cells.segments for part in parts])
        return cls(parts, (lot < shares) & there)

    def masks(self, cells: Cells, fs: float) -> list[Mask]:
        """Return what each mask hides, at the cells' sampling rate in Hz."""
        return [union([self.parts[part] for part in np.flatnonzero(row)], cells, fs) for row in self.hidden]
