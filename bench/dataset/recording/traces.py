"""What a file holds: traces in millivolts, by lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.dataset.recording.lead import other_lead, standard_lead
from taxonomy.error import DatasetError


@dataclass(frozen=True, eq=False)
class Traces:
    """The traces of a file, as they stand in it.

    Attributes
    ----------
    leads : mapping of str to float32 array (n_samples,) in mV
        By name as in ``renderers.LEADS``; not every lead need be there. NaN where the file has no value.
    fs : float
        Sampling rate in Hz.
    notes : tuple of str
        What the user should know of the file, each without a name of its own from inside the file.
    others : tuple of str
        Leads in the file that are none of the twelve, such as ``MLII``.
    page : uint8 array (height, width, 3) or None
        The page that they were read from, as a picture.
    """

    leads: Mapping[str, NDArray[np.float32]]
    fs: float
    notes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    page: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Channels:
    """Which channels of a file are leads.

    Attributes
    ----------
    places : mapping of str to int
        Position of each lead, by name as in ``renderers.LEADS``.
    others : tuple of str
        As in :class:`Traces`.
    notes : tuple of str
    """

    places: Mapping[str, int]
    others: tuple[str, ...]
    notes: tuple[str, ...]


def channels(names: Sequence[str | None], where: object) -> Channels:
    """Return which channels of a file are leads, told by their names; those that are none are counted in a note.

    Their names are not repeated: what stands in a stranger's file may be a patient's name.

    Raises
    ------
    DatasetError
        When two channels are the same lead.
    """
    places: dict[str, int] = {}
    others: list[str] = []
    left = 0
    for place, name in enumerate(names):
        lead = standard_lead(name) if name else None
        if lead in places:
            raise DatasetError(f"{where} has lead {lead} twice")
        if lead:
            places[lead] = place
        else:
            left += 1
            others += [other] if name and (other := other_lead(name)) else []
    said = f"{left} channel{'s' * (left > 1)} of the file {'are' if left > 1 else 'is'} none of the twelve leads"
    return Channels(places, tuple(others), (said,) if left else ())
