"""Options of a run, each declared once and shared by every command that takes it."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.dataset import Selection
from bench.run.shard import Shard
from bench.view import View
from bench.view.view import WAVEFORM
from readers.api.price import price_of
from readers.contract import Input, Reader
from readers.registry import reader as reader_named
from readers.session import Session, SessionReader
from taxonomy.error import SettingError


@dataclass(frozen=True)
class Limits:
    """Limits on a reader that calls an API; none of them affects an answer.

    Attributes
    ----------
    concurrency : int
        Requests in flight at most.
    max_cost : float or None
        US dollars at most.
    others : float
        US dollars that other runs have cost for which the same limit holds.
    prices : Path or None
        A price table of the user's own.
    batch : bool
        Whether to ask by the provider's batch API.
    poll_seconds : float
        Seconds between two polls of a batch.
    """

    concurrency: int = 8
    max_cost: float | None = None
    others: float = 0.0
    prices: Path | None = None
    batch: bool = False
    poll_seconds: float = 30.0

    def __post_init__(self) -> None:
        for name in ("max_cost", "poll_seconds"):
            if not math.isfinite(getattr(self, name) or 0):
                raise SettingError(f"{name} must be a finite number, not {getattr(self, name)}")

    def of_shard(self, shard: Shard | None) -> "Limits":
        """Return the limits of one shard: of the dollars, which all shards may cost together, an equal share."""
        if shard is None or self.max_cost is None:
            return self
        return replace(self, max_cost=self.max_cost / shard.of)

    def session(
        self, folder: Path, run_id: str, spent: float, say: Callable[[str], None], batch: str = "batch"
    ) -> Session:
        """Return the session of a run: answers are stored beside ``folder``, batches inside it under that name."""
        return Session(
            responses=folder.parent / "responses",
            run_id=run_id,
            concurrency=self.concurrency,
            max_cost=self.max_cost,
            spent=spent + self.others,
            others=self.others,
            prices=self.prices,
            batch=folder / batch if self.batch else None,
            poll_seconds=self.poll_seconds,
            say=say,
        )


def check_limits(reader: Reader, limits: Limits) -> None:
    """Raise SettingError when limits are set that have no effect, or name a table of prices that cannot be used."""
    if isinstance(reader, SessionReader):
        if limits.prices is not None:
            price_of(reader.name, limits.prices)
        return
    given = {"--batch": limits.batch, "--max-cost": limits.max_cost is not None, "--prices": limits.prices is not None}
    for name, is_set in given.items():
        if is_set:
            raise SettingError(f"{name} is for readers behind an API, and {reader.name!r} is none; leave it out")


def check_effect(view: View, reader: Reader) -> None:
    """Refuse options that decide nothing for a reader, since it is shown nothing that they are about.

    Parameters
    ----------
    view : View
        As asked: what is left open says nothing.
    reader : Reader

    Raises
    ------
    taxonomy.error.SettingError
    """
    given: dict[Input, dict[str, object]] = {
        "image": {"--renderer": view.renderer, "--px-per-mm": view.px_per_mm},
        "text": {
            "--format": view.format,
            "--demography": view.demography,
            "--shots": view.shots,
            "--measurements": view.measurements != WAVEFORM,
        },
        "statements": {"--statements": view.statements},
    }
    for part, options in given.items():
        idle = next((option for option, value in options.items() if value), None)
        if idle and part not in reader.inputs:
            shown = "prompt" if part == "text" else part
            raise SettingError(f"{idle} decides nothing here, since reader {reader.name!r} is given no {shown}")


def within(reader: Reader, session: Session) -> Reader:
    """Return the reader, inside the session if it takes one."""
    return reader.within(session) if isinstance(reader, SessionReader) else reader


@dataclass(frozen=True)
class RayOptions:
    """How a run is asked by Ray; none of it affects an answer.

    Attributes
    ----------
    address : str
        ``HOST:PORT`` of a cluster's head or ``auto``; empty for ``RAY_ADDRESS``, else a cluster of this process alone.
    workers : int
        Processes, each with a reader; 0 for as many as there is room for.
    gpus : float
        GPUs that each claims.
    """

    address: str = ""
    workers: int = 0
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.gpus) and self.gpus >= 0):
            raise SettingError(f"--gpus-per-worker must be a number from 0 up, not {self.gpus}")


@dataclass(frozen=True)
class RunOptions:
    """One reader, one selection of records, one view.

    Attributes
    ----------
    reader : str
        As after ``--reader``.
    options : mapping of str to str
        For the reader, as after ``--option``.
    selection : Selection
    view : View
    limits : Limits
    repeats : int
        How often every case is asked.
    out : Path
        Where run folders go.
    shard : Shard or None
        The part of the run that this process asks; no setting of the run.
    ray : RayOptions or None
        None asks in this process.
    """

    reader: str
    options: Mapping[str, str] = field(default_factory=dict)
    selection: Selection = field(default_factory=Selection)
    view: View = field(default_factory=View)
    limits: Limits = field(default_factory=Limits)
    repeats: int = 1
    out: Path = Path("runs")
    shard: Shard | None = None
    ray: RayOptions | None = None

    def built(self) -> Reader:
        """Return the reader.

        Raises
        ------
        taxonomy.error.BenchError
            When there is no such reader, or it cannot be built.
        """
        return reader_named(self.reader, self.options)


def parsed(options: Iterable[str]) -> dict[str, Any]:
    """Return ``--option`` by name.

    Raises
    ------
    taxonomy.error.SettingError
        When one is not of the form ``name=value``, or stands twice.
    """
    found: dict[str, str] = {}
    for written in options:
        name, sign, value = written.partition("=")
        name = name.strip().replace("-", "_")
        if not sign or not name:
            raise SettingError(f"--option takes name=value, not {written!r}")
        if name in found:
            raise SettingError(f"--option {name} is given twice")
        found[name] = value.strip()
    return found
