"""What the user asked for, as on the command line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from readers.contract import Reader
from taxonomy.error import BenchError

USUAL: Mapping[str, Any] = {"renderer": "printed", "px_per_mm": 6, "format": "dense"}
"""What is drawn and asked where neither the user nor the reader says."""


@dataclass(frozen=True)
class Means:
    """How a run may use a reader that asks elsewhere: nothing here decides an answer.

    Attributes
    ----------
    concurrency : int
        Requests in flight at most.
    max_cost : float or None
        US dollars at most.
    prices : Path or None
        A price table of the user's own.
    batch : bool
        Whether to ask by the provider's batch API.
    poll_seconds : float
        Between two looks at a batch.
    """

    concurrency: int = 8
    max_cost: float | None = None
    prices: Path | None = None
    batch: bool = False
    poll_seconds: float = 30.0


@dataclass(frozen=True)
class RunOptions:
    """One ``bench run``.

    Attributes
    ----------
    reader, data, split, ids, limit, renderer, px_per_mm, measurements, condition, format, danger, seed, repeats, out
        As on the command line; an empty ``renderer`` or ``format`` and a ``px_per_mm`` of 0 leave it open.
    option : tuple of str
        ``name=value`` for the reader.
    means : Means
    statements : Path or None
        PTB-XL+'s 12SL statements.
    """

    reader: str
    data: Path | None
    split: str
    ids: str | None
    limit: int | None
    renderer: str
    px_per_mm: int
    measurements: str
    condition: str
    format: str
    option: tuple[str, ...]
    danger: Path | None
    seed: int
    repeats: int
    out: Path
    means: Means = Means()
    statements: Path | None = None

    def settled(self, reader: Reader) -> "RunOptions":
        """Return the options with what was left open: as the reader was trained, else the usual."""
        trained: Mapping[str, Any] = getattr(reader, "trained_on", {})
        chosen = {name: getattr(self, name) or trained.get(name, usual) for name, usual in USUAL.items()}
        return replace(self, **chosen)

    @property
    def reader_options(self) -> dict[str, str]:
        """``--option`` by name."""
        return parsed(self.option)


def parsed(options: Iterable[str]) -> dict[str, str]:
    """Return ``--option`` by name.

    Raises
    ------
    taxonomy.error.BenchError
        When one is not of the form ``name=value``, or stands twice.
    """
    found: dict[str, str] = {}
    for written in options:
        name, sign, value = written.partition("=")
        name = name.strip().replace("-", "_")
        if not sign or not name:
            raise BenchError(f"--option takes name=value, not {written!r}")
        if name in found:
            raise BenchError(f"--option {name} is given twice")
        found[name] = value.strip()
    return found
