"""The danger of mistaking one diagnostic superclass for another, for the danger-weighted error (DWE).

The default table is this benchmark's own: missing an infarction, or reporting a false one, weighs most. A user can
replace it with a file of the same format; every result names its table.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.error import SettingError
from taxonomy.statement import SUPERCLASSES

CRITICAL = 3.0
"""Danger of the cells that count as critical errors."""


@dataclass(frozen=True)
class DangerTable:
    """Danger of each (true, predicted) pair of superclasses.

    Attributes
    ----------
    name, version : str
        Named in every result.
    danger : float64 array (5, 5)
        Rows are true superclasses, columns predicted ones, in the order of ``SUPERCLASSES``.
    """

    name: str
    version: str
    danger: NDArray[np.float64]

    def costs(self) -> NDArray[np.float64]:
        """Return float64 (5, 6): the table, with the largest cost of each row as the cost of no answer."""
        return np.column_stack([self.danger, self.danger.max(axis=1)])


def danger_table(path: Path | None = None) -> DangerTable:
    """Read a danger table, by default the shipped one.

    Raises SettingError when the file does not have the format of ``taxonomy/danger.json``.
    """
    source = path or files("taxonomy") / "danger.json"
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
        name, version, classes = str(data["name"]), str(data["version"]), list(data["classes"])
        danger = np.array(data["danger"], dtype=np.float64)
    except OSError as error:
        raise SettingError(f"danger table {source} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingError(f"danger table {source} cannot be read: {error}") from error
    if sorted(classes) != sorted(SUPERCLASSES) or danger.shape != (5, 5):
        raise SettingError(f"danger table {source} must be 5 x 5 over {', '.join(SUPERCLASSES)}")
    if not np.isfinite(danger).all() or (danger < 0).any() or np.diag(danger).any():
        raise SettingError(f"danger table {source} must hold weights >= 0 with zeros on its diagonal")
    order = [classes.index(name) for name in SUPERCLASSES]
    return DangerTable(name, version, danger[np.ix_(order, order)])
