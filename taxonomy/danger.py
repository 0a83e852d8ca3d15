"""How dangerous it is to take one diagnostic superclass for another, and the danger-weighted error (DWE).

The default table is this benchmark's own: missing an infarction, or calling one where there is none, weighs most.
A user replaces it with a file of the same form; every result names the table that it used.
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
        Written into every result.
    danger : float64 array (5, 5)
        Row: true superclass, column: predicted one, in the order of ``SUPERCLASSES``.
    """

    name: str
    version: str
    danger: NDArray[np.float64]

    def costs(self) -> NDArray[np.float64]:
        """Return float64 (5, 6): the table, and as last column the cost of no answer, the largest of its row."""
        return np.column_stack([self.danger, self.danger.max(axis=1)])


def danger_table(path: Path | None = None) -> DangerTable:
    """Read a danger table, the default one when no file is named.

    Raises SettingError when the file is not of the form of ``taxonomy/danger.json``.
    """
    source = path or files("taxonomy") / "danger.json"
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
        name, version, classes = str(data["name"]), str(data["version"]), list(data["classes"])
        danger = np.array(data["danger"], dtype=np.float64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingError(f"danger table {source} cannot be read: {error}") from error
    if sorted(classes) != sorted(SUPERCLASSES) or danger.shape != (5, 5):
        raise SettingError(f"danger table {source} must be 5 x 5 over {', '.join(SUPERCLASSES)}")
    if not np.isfinite(danger).all() or (danger < 0).any() or np.diag(danger).any():
        raise SettingError(f"danger table {source} must hold weights >= 0 with zeros on its diagonal")
    order = [classes.index(name) for name in SUPERCLASSES]
    return DangerTable(name, version, danger[np.ix_(order, order)])
