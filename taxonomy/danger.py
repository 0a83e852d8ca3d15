"""The danger of mistaking one diagnostic superclass for another, for the danger-weighted error (DWE).

The default table is this benchmark's own: missing an infarction, or reporting a false one, weighs most. A user can
replace it with a file of the same format; every result names its table.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taxonomy.error import SettingError
from taxonomy.outside import object_in
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
    source = path or Path(__file__).with_name("danger.json")
    data = object_in(source, SettingError, what="danger table")
    for name in ("name", "version", "classes", "danger"):
        if name not in data:
            raise SettingError(f"danger table {source} has no {name!r}: it needs name, version, classes and danger")
    classes, rows = data["classes"], data["danger"]
    if not (_is_list_of(str, classes) and sorted(classes) == sorted(SUPERCLASSES)) or not _is_square(rows):
        raise SettingError(f"danger table {source} must be 5 x 5 numbers over {', '.join(SUPERCLASSES)}")
    danger = np.array(rows, dtype=np.float64)
    if (danger < 0).any() or np.diag(danger).any():
        raise SettingError(f"danger table {source} must hold weights >= 0 with zeros on its diagonal")
    order = [classes.index(name) for name in SUPERCLASSES]
    return DangerTable(str(data["name"]), str(data["version"]), danger[np.ix_(order, order)])


def _is_square(rows: object) -> bool:
    """Tell whether these are as many rows of numbers as there are superclasses, each as long."""
    size = len(SUPERCLASSES)
    return (
        isinstance(rows, list)
        and len(rows) == size
        and all(_is_list_of((int, float), row) for row in rows)
        and {len(row) for row in rows} == {size}
    )


def _is_list_of(kind: type | tuple[type, ...], data: object) -> bool:
    return isinstance(data, list) and all(isinstance(one, kind) and not isinstance(one, bool) for one in data)
