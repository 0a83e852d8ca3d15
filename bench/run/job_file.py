"""A job file: several runs in one TOML file, as tables of what ``bench run`` takes as options."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Interval

from bench.dataset import Selection
from bench.run.options import Limits, RunOptions, parsed
from bench.view import View
from readers.setting import checked_settings, read_toml
from taxonomy.error import BenchError, SettingError, unknown_name

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")

COMMON, PRODUCT, RUN = "common", "product", "run"

MOST_RUNS = 1000
"""Runs of a job at most; the check of a whole file before anything is asked takes some 20 ms for each."""

_HOME = re.compile(r"(?<![^:])~(?=/|$)")
"""A home folder at the beginning of a path, or behind ``NAME:``; a shell would have written it out."""


@dataclass(frozen=True)
class RunTable:
    """What of a run may stand in ``[common]`` and in a ``[[run]]``, named as the options of ``bench run``."""

    data: str | None = None
    split: str | None = None
    ids: str | tuple[int | str, ...] | None = None
    sample: Annotated[int, Interval(ge=1)] | None = None
    seed: int | None = None
    repeats: Annotated[int, Interval(ge=1, le=100)] | None = None
    condition: str | None = None
    renderer: str | None = None
    px_per_mm: Annotated[int, Interval(ge=2, le=24)] | None = None
    format: str | None = None
    measurements: str | None = None
    demography: bool | None = None
    shots: Annotated[int, Interval(ge=0)] | None = None
    statements: Path | None = None

    def over(self, common: "RunTable") -> "RunTable":
        """Return what holds for a run: its own table, and the common one where that says nothing.

        ``ids`` and ``split`` both choose the records, so that one of its own replaces either of the common table.
        """
        own = {item.name: getattr(self, item.name) for item in fields(RunTable)}
        merged = {name: getattr(common, name) if value is None else value for name, value in own.items()}
        if self.ids is not None or self.split is not None:
            merged |= {"ids": self.ids, "split": self.split}
        return RunTable(**merged)

    def view(self) -> View:
        """Return what is shown; raises as :class:`bench.view.View`."""
        names = {item.name for item in fields(View)} & {item.name for item in fields(RunTable)}
        given = {name: getattr(self, name) for name in names}
        for name in ("statements", "measurements"):
            given[name] = _written_out(given[name])
        return View(**{name: value for name, value in given.items() if value is not None})

    def selection(self) -> Selection:
        """Return the records that are asked for."""
        ids = None if self.ids is None else self.ids if isinstance(self.ids, str) else ",".join(map(str, self.ids))
        return Selection(
            data=_written_out(self.data),
            split=self.split or "test",
            ids=ids,
            limit=self.sample,
            seed=self.seed or 0,
            option="ids",
        )


CHOOSING = ("ids", "split")
"""Keys that both choose the records."""


@dataclass(frozen=True)
class CommonTable(RunTable):
    """``[common]``: what holds for every run that does not say otherwise, and what holds for all of them together.

    Attributes
    ----------
    out : Path
        Where the run folders go.
    concurrency, prices, batch, poll_seconds
        As the options of ``bench run``; they apply to readers behind an API.
    max_cost : float or None
        US dollars at most for all runs together.
    danger : Path or None
        A danger table of the user's own.
    """

    out: Path = Path("runs")
    concurrency: Annotated[int, Interval(ge=1, le=512)] = 8
    max_cost: Annotated[float, Interval(ge=0)] | None = None
    prices: Path | None = None
    batch: bool = False
    poll_seconds: Annotated[float, Interval(ge=0.01)] = 30.0
    danger: Path | None = None

    @property
    def limits(self) -> Limits:
        """The limits on readers behind an API."""
        prices = _written_out(self.prices)
        return Limits(self.concurrency, self.max_cost, 0.0, prices, self.batch, self.poll_seconds)


@dataclass(frozen=True)
class ReaderTable:
    """A reader with options: ``{ name = "hf:google/gemma-3-4b-it", option = { batch = 4 } }``."""

    name: str
    option: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ProductTable:
    """``[product]``: every reader under every condition on the page of every renderer."""

    readers: tuple[Any, ...]
    conditions: tuple[str, ...] = ()
    renderers: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnTable(RunTable):
    """``[[run]]``: one run."""

    reader: str = ""
    option: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedRun:
    """A run of a job file.

    Attributes
    ----------
    where : str
        Its table, for messages.
    options : RunOptions
    own : View or None
        What its own table alone says is shown; None for a run of the product, whose renderer and common keys apply as
        far as its reader is shown something that they are about.
    """

    where: str
    options: RunOptions
    own: View | None = None


@dataclass(frozen=True)
class JobFile:
    """A job file that was read.

    Attributes
    ----------
    path : Path
    runs : tuple of PlannedRun
        Those of the product, then each ``[[run]]``.
    danger : Path or None
    """

    path: Path
    runs: tuple[PlannedRun, ...]
    danger: Path | None


def read_job_file(path: Path) -> JobFile:
    """Read a job file; no reader is built and no dataset opened.

    Raises
    ------
    taxonomy.error.SettingError
        When it cannot be read, a key or a value is not one, or it holds no run; with file, table and key.
    """
    data = read_toml(path, "job")
    with told_in(str(path)):
        for name in data:
            if name not in (COMMON, PRODUCT, RUN):
                raise unknown_name("table", name, (COMMON, PRODUCT, RUN))
        tables = data.get(RUN, [])
        if not isinstance(tables, list):
            raise SettingError(f"a run is a table of its own: write [[{RUN}]], not [{RUN}]")
    _check_count(data.get(PRODUCT), len(tables), path)
    common = _table(CommonTable, data.get(COMMON, {}), path, f"[{COMMON}]")
    runs: list[PlannedRun] = []
    if PRODUCT in data:
        with told_in(f"{path}, [{PRODUCT}]"):
            _check_product(data[PRODUCT], data.get(COMMON, {}))
            product = _table(ProductTable, data[PRODUCT], path, f"[{PRODUCT}]")
        runs += _product(product, common, path)
    for number, table in enumerate(tables, start=1):
        where = f"[[{RUN}]] {number}"
        own = _table(OwnTable, table, path, where)
        with told_in(f"{path}, {where}"):
            if not own.reader:
                raise SettingError("no reader is named: reader = NAME")
            runs.append(PlannedRun(where, _options(own.reader, own.option, own.over(common), common), own.view()))
    if not runs:
        raise SettingError(f"{path} holds no run: [{PRODUCT}] names readers, or [[{RUN}]] one run")
    return JobFile(path, tuple(runs), _written_out(common.danger))


@contextmanager
def told_in(where: str) -> Iterator[None]:
    """Put a place of the file before what is wrong there."""
    try:
        yield
    except BenchError as error:
        said = str(error)
        raise SettingError(said if said.startswith(where.partition(",")[0]) else f"{where}: {said}") from error


def _table(kind: type[Table], data: object, path: Path, where: str) -> Table:
    with told_in(f"{path}, {where}"):
        if not isinstance(data, Mapping):
            raise SettingError("it is no table of keys and values")
        if all(data.get(name) is not None for name in CHOOSING):
            raise SettingError("ids and split both choose the records: name one of them")
        return checked_settings(kind, data, "key")


def _check_count(product: object, own: int, path: Path) -> None:
    """Refuse a file of too many runs, before any list of it is looked at."""
    lists = (
        [product.get(name) for name in ("readers", "conditions", "renderers")] if isinstance(product, Mapping) else []
    )
    combined = math.prod(len(one) for one in lists if isinstance(one, list)) if any(lists) else 0
    if combined + own > MOST_RUNS:
        raise SettingError(
            f"{path} holds {combined + own:,} runs, and a job is {MOST_RUNS:,} at most: write it as several files"
        )


def _check_product(data: object, common: object) -> None:
    """Refuse a product without readers, with an empty list, with a name twice, or against a key of ``[common]``."""
    if not isinstance(data, Mapping) or "readers" not in data:
        raise SettingError('no readers are named: readers = ["NAME", ...]')
    for name in ("readers", "conditions", "renderers"):
        values = data.get(name)
        if values is not None and not isinstance(values, list):
            raise SettingError(f"{name} must be a list, not {values!r}")
        if values == []:
            raise SettingError(f"{name} is an empty list: name one, or leave it out")
        twice = next((value for value in values or [] if (values or []).count(value) > 1), None)
        if twice is not None:
            raise SettingError(f"{name} names {twice!r} twice")
        if name in data and isinstance(common, Mapping) and name[:-1] in common:
            raise SettingError(f"{name} stands here and {name[:-1]} in [{COMMON}]: name one of them")


def _product(product: ProductTable, common: CommonTable, path: Path) -> Iterator[PlannedRun]:
    """Yield every reader under every condition by every renderer, the runs of a reader together."""
    for number, named in enumerate(product.readers, start=1):
        where = f"[{PRODUCT}], reader {number}"
        data = {"name": named} if isinstance(named, str) else named
        reader = _table(ReaderTable, data, path, where)
        for condition in product.conditions or (common.condition,):
            for renderer in product.renderers or (common.renderer,):
                with told_in(f"{path}, [{PRODUCT}]"):
                    table = replace(RunTable().over(common), condition=condition, renderer=renderer)
                    yield PlannedRun(f"[{PRODUCT}]", _options(reader.name, reader.option, table, common))


def _options(reader: str, option: Mapping[str, Any], table: RunTable, common: CommonTable) -> RunOptions:
    written = (f"{name}={_value(value)}" for name, value in option.items())
    return RunOptions(
        reader=reader,
        options=parsed(written),
        selection=table.selection(),
        view=table.view(),
        limits=common.limits,
        repeats=table.repeats or 1,
        out=_written_out(common.out),
    )


def _value(value: object) -> str:
    """Return an option's value as it would be written on the command line."""
    return value if isinstance(value, str) else json.dumps(value)


def _written_out(path: Any) -> Any:  # noqa: ANN401  # a path, a name with a path, or None
    """Return a path whose ``~`` is the home folder, as a shell hands it on."""
    if path is None:
        return None
    written = _HOME.sub(str(Path.home()), str(path))
    return Path(written) if isinstance(path, Path) else written
