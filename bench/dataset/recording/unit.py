"""Units of voltage in all spellings."""

from taxonomy.error import DatasetError

_MILLIVOLTS = {
    1e-6: ("nv", "nanovolt", "nanovolts"),
    1e-3: ("uv", "\N{MICRO SIGN}v", "\N{GREEK SMALL LETTER MU}v", "mcv", "microvolt", "microvolts"),
    1.0: ("mv", "millivolt", "millivolts"),
    1e3: ("v", "volt", "volts"),
}
_FACTORS = {spelling: factor for factor, spellings in _MILLIVOLTS.items() for spelling in spellings}

KNOWN = "mV, uV, nV or V"


def is_unit(written: str) -> bool:
    """Tell whether a text is a unit of voltage."""
    return written.strip().lower() in _FACTORS


def millivolts(written: str, where: object, *, is_told: bool = False) -> float:
    """Return how many mV one unit is, whatever its spelling: ``uV``, ``\N{MICRO SIGN}V``, ``microvolt``.

    Raises
    ------
    DatasetError
        When it is no unit of voltage; ``where`` names the file. The unit is repeated where the user told it: one from
        inside a file may be a patient's name.
    """
    factor = _FACTORS.get(written.strip().lower())
    if factor is None:
        shown = repr(written.strip()[:20]) if is_told else "a unit that is none"
        raise DatasetError(f"{where} gives voltages in {shown}: units that are read are {KNOWN}")
    return factor
