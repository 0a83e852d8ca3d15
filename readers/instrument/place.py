"""Where each lead stands on the pictures of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from renderers import Picture, Strip
from renderers.closer import BoxMm, size_mm

REACH_MM = 25.0
"""How far a lead's box reaches above and below its baseline, 2.5 mV, unless another baseline stands nearer."""

BESIDE_MM = 1.0
"""How far it reaches beside its trace."""


@dataclass(frozen=True, eq=False)
class Place:
    """The trace of a lead on one of the pictures.

    Attributes
    ----------
    name : str
        The lead, such as ``V1``, or ``II rhythm`` for the longer of two traces of it.
    number : int
        Of its picture, from 1.
    picture : EcgImage or PackedImage
    strip : Strip
    """

    name: str
    number: int
    picture: Picture
    strip: Strip

    @property
    def seconds(self) -> float:
        """The length of the trace."""
        return self.strip.end_s - self.strip.start_s

    @property
    def box(self) -> BoxMm:
        """The trace with its surroundings, as far as the baselines above and below it."""
        own, right = self.strip, self.strip.x_mm + self.seconds * self.picture.mm_per_s
        beside = [
            other.baseline_mm
            for other in self.picture.strips
            if other.x_mm < right and other.x_mm + (other.end_s - other.start_s) * self.picture.mm_per_s > own.x_mm
        ]
        above = max((one for one in beside if one < own.baseline_mm), default=0.0)
        below = min((one for one in beside if one > own.baseline_mm), default=size_mm(self.picture)[1])
        whole = BoxMm(
            own.x_mm - BESIDE_MM,
            max(above, own.baseline_mm - REACH_MM),
            right + BESIDE_MM,
            min(below, own.baseline_mm + REACH_MM),
        )
        return whole.within(size_mm(self.picture))


def places_on(pictures: Sequence[Picture]) -> Mapping[str, Place]:
    """Return the place of every lead by name; empty for pictures whose layout is not known."""
    every = [(number, picture, strip) for number, picture in enumerate(pictures, start=1) for strip in picture.strips]
    found: dict[str, Place] = {}
    for number, picture, strip in sorted(every, key=lambda one: one[2].end_s - one[2].start_s):
        name = strip.lead
        if name in found:
            name = f"{name} rhythm"
        found.setdefault(name, Place(name, number, picture, strip))
    order = [strip.lead for _, _, strip in every]
    return dict(sorted(found.items(), key=lambda one: (order.index(one[1].strip.lead), one[0])))
