"""Names of leads in all spellings, and twelve leads from the eight that are independent."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from renderers import LEADS
from taxonomy.error import DatasetError

CHEST = LEADS[6:]

BY_NUMBER = {
    1: "I", 2: "II", 3: "V1", 4: "V2", 5: "V3", 6: "V4", 7: "V5", 8: "V6", 61: "III", 62: "aVR", 63: "aVL", 64: "aVF",
}  # fmt: skip
"""Leads by number in SCP-ECG (EN 1064, section 3), which DICOM and ISO 11073-10102 have taken over."""

_SPELLINGS = {
    **{lead.lower(): lead for lead in LEADS},
    **{f"c{number}": f"V{number}" for number in range(1, 7)},  # IEC 60601-2-25
    "di": "I",
    "dii": "II",
    "diii": "III",
}
_BEFORE = re.compile(
    r"^(?:mdc[ _]ecg[ _]lead[ _]|(?:ecg|ekg)?[ _.:-]*(?:lead|channel|ch|abl\w*)[ _.:-]+|(?:ecg|ekg)[ _.:-]+)"
)
_AFTER = re.compile(r"\s*\((?:einthoven|goldberger|wilson)\)$")

_OTHERS = re.compile(r"(?:ml|mcl|cm|cc|cs)(?:i{1,3}|\d)|modified.*|v(?:[7-9]|\d+r)|[xyz]|v[xyz]|es|as|ai|-.*")
"""Leads of monitors, of the back and the right, of Frank and EASI, and inverted ones: none is one of the twelve."""


def standard_lead(written: str) -> str | None:
    """Return which of the twelve leads a name means, as in ``renderers.LEADS``; None for another channel.

    ``AVR``, ``avr``, ``Lead aVR``, ``MDC_ECG_LEAD_AVR``, ``C1`` (V1 of IEC 60601-2-25) and ``DII`` are read; ``MLII``,
    a modified lead of monitors, is not II, and ``-aVR`` is not aVR.
    """
    return _SPELLINGS.get(_plain(written))


def other_lead(written: str) -> str | None:
    """Return a name that is known to be a lead beside the twelve, such as ``MLII``; None for any other channel."""
    plain = _plain(written)
    return written.strip() if len(plain) <= 12 and _OTHERS.fullmatch(plain) else None


def _plain(written: str) -> str:
    return _AFTER.sub("", _BEFORE.sub("", written.strip().lower())).strip(" _")


def twelve(
    leads: Mapping[str, NDArray[np.float32]], where: object, others: Sequence[str] = ()
) -> tuple[NDArray[np.float32], str]:
    """Return the twelve leads, float32 (12, n_samples) in mV, and which of them were computed, in a sentence or ``""``.

    Einthoven: II = I + III. Goldberger: aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2 (Malmivuo and Plonsey
    1995).

    Parameters
    ----------
    leads : mapping of str to float32 array (n_samples,) in mV
        By name as in ``renderers.LEADS``.
    where : object
        Names the file.
    others : sequence of str
        Names of further leads in the file, for the message.

    Raises
    ------
    DatasetError
        When a chest lead is missing, or more than one of I, II and III, or leads differ in length.
    """
    limbs = [lead for lead in ("I", "II", "III") if lead in leads]
    missing = [lead for lead in CHEST if lead not in leads]
    if len(limbs) < 2:
        missing = [lead for lead in ("I", "II") if lead not in leads] + missing
    if missing:
        beside = f"; {', '.join(others[:6])} cannot stand for them" if others else ""
        raise DatasetError(
            f"{where} has no lead {', '.join(missing)}: twelve leads are needed, or I, II and V1 to V6, from which the "
            f"others follow{beside}"
        )
    lengths = {lead: len(samples) for lead, samples in leads.items()}
    if len(set(lengths.values())) > 1:
        short, long = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        raise DatasetError(
            f"{where} has {lengths[short]} samples in {short} and {lengths[long]} in {long}: "
            "leads must be recorded together"
        )
    whole = dict(leads)
    for lead, (first, second, sign) in _THIRD.items():
        if lead not in whole:
            whole[lead] = leads[first] + sign * leads[second]
    for lead, (of_i, of_ii) in _AUGMENTED.items():
        if lead not in whole:
            whole[lead] = np.float32(of_i) * whole["I"] + np.float32(of_ii) * whole["II"]
    computed = [lead for lead in LEADS if lead not in leads]
    given = " and ".join(limbs[:2])
    said = f"{', '.join(computed)} computed from {given} (Einthoven, Goldberger)" if computed else ""
    return np.stack([whole[lead] for lead in LEADS]).astype(np.float32), said


_THIRD = {
    "I": ("II", "III", np.float32(-1)),
    "II": ("I", "III", np.float32(1)),
    "III": ("II", "I", np.float32(-1)),
}
_AUGMENTED = {"aVR": (-0.5, -0.5), "aVL": (1.0, -0.5), "aVF": (-0.5, 1.0)}
