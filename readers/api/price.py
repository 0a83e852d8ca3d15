"""Prices by model, and the cost of a call."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from readers.api.model import model_table
from taxonomy.error import SettingError
from taxonomy.outside import object_in

SNAPSHOT = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
"""Suffix of a dated snapshot, which costs the same as its model."""

TYPICAL_OUTPUT = {"dense": 400, "dense-no-reasoning": 120, "sparse": 120, "flat": 20, "binary": 15}
"""Typical output tokens of an answer by format, without the reasoning tokens."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of a bill.

    ``input`` includes those read from the provider's cache (``cached``) and written into it (``cache_written``);
    ``output`` includes reasoning.
    """

    input: int
    output: int
    cached: int = 0
    cache_written: int = 0


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens.

    Attributes
    ----------
    input, output : float
    cached, cache_write : float or None
        Input tokens read from the provider's cache and written into it; None means the price of ``input``.
    batch : float
        Factor on all prices in a batch.
    """

    input: float
    output: float
    cached: float | None = None
    cache_write: float | None = None
    batch: float = 0.5

    def cost(self, tokens: Tokens, batch: bool = False) -> float:
        """Return US dollars."""
        plain = tokens.input - tokens.cached - tokens.cache_written
        cached = self.input if self.cached is None else self.cached
        written = self.input if self.cache_write is None else self.cache_write
        dollars = plain * self.input + tokens.cached * cached + tokens.cache_written * written
        dollars += tokens.output * self.output
        return dollars * (self.batch if batch else 1.0) / 1e6

    def most(self, input_tokens: int, output_tokens: int, batch: bool = False) -> float:
        """Return US dollars at worst: nothing read from the cache, all of the input written into it."""
        input_price = max(self.input, self.cache_write or 0.0)
        return (input_tokens * input_price + output_tokens * self.output) * (self.batch if batch else 1.0) / 1e6


def price_of(model: str, table: Path | None = None) -> Price | None:
    """Return the price of a model, None for a model without one.

    Parameters
    ----------
    model : str
        A dated snapshot has the price of its model; ``vendor/model`` is also looked up as ``model``.
    table : Path, optional
        The user's table, as after ``--prices``; it overrides the shipped prices.

    Raises
    ------
    SettingError
        When that table cannot be read.
    """
    prices = {**_shipped(), **(_own(table) if table else {})}
    for name in (model, SNAPSHOT.sub("", model), SNAPSHOT.sub("", model.rpartition("/")[2])):
        if name in prices:
            return prices[name]
    return None


def price_date() -> str:
    """Return the date of the shipped prices."""
    return str(model_table()["prices"]["date"])


@cache
def _shipped() -> Mapping[str, Price]:
    providers = model_table()["providers"].values()
    return {name: price for provider in providers for name, price in _prices(provider["prices"]).items()}


def _own(path: Path) -> Mapping[str, Price]:
    try:
        return _prices(object_in(path, SettingError)["models"])
    except (SettingError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(
            f"the price table {path} cannot be read ({error}): it needs "
            '{"models": {"NAME": {"input": 1.0, "output": 4.0}}}, dollars per million tokens'
        ) from error


def _prices(rows: Mapping[str, Any]) -> dict[str, Price]:
    return {
        # A user's table may name the provider of a model.
        name: Price(**{field: _dollars(value) for field, value in row.items() if field != "provider"})
        for name, row in rows.items()
    }


def _dollars(value: float | str) -> float:
    """Return a price; raises ValueError for one that is negative or no number, with which no limit could be kept."""
    price = float(value)
    if not (math.isfinite(price) and price >= 0):
        raise ValueError(f"{value!r} is no price")
    return price
