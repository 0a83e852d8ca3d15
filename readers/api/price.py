"""Prices by model, and the cost of a call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from readers.api.argument import tier_factor
from readers.api.model import makers_name, model_table, place_factor, served_name
from taxonomy.error import SettingError
from taxonomy.outside import object_in

SNAPSHOT = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")
"""Suffix of a dated snapshot, which costs the same as its model."""

NEEDED = 'it needs {"models": {"NAME": {"input": 1.0, "output": 4.0}}}, dollars per million tokens'
"""The form of a user's table of prices."""

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

    def times(self, factor: float) -> "Price":
        """Return the price of another service tier or place."""
        prices = {name: getattr(self, name) for name in ("input", "output", "cached", "cache_write")}
        return replace(self, **{name: price * factor for name, price in prices.items() if price is not None})


def price_of(model: str, table: Path | None = None, tier: str | None = None, factor: float = 1.0) -> Price | None:
    """Return the price of a model, None for a model without one.

    Parameters
    ----------
    model : str
        A dated snapshot has the price of its model; ``vendor/model`` is also looked up as ``model``, and a name of
        Bedrock's (an ARN that ends in one, too) or Vertex's by its maker's, at the price of the place.
    table : Path, optional
        The user's table, as after ``--prices``; it overrides the shipped prices.
    tier : str, optional
        Service tier, as after ``--option service_tier=``; a price of the user's own is that of the tier already.
    factor : float
        Of the place that serves it, on every shipped price.

    Raises
    ------
    SettingError
        When that table cannot be read.
    """
    own, shipped = _own(table) if table else {}, _shipped()
    served, bare = served_name(model), makers_name(model)
    for name in (model, SNAPSHOT.sub("", model), served, bare, SNAPSHOT.sub("", bare)):
        if name in own:
            return own[name]
        if name in shipped:
            of_tier, of_place = tier_factor(tier, name), place_factor(model)
            return None if of_tier is None or of_place is None else shipped[name].times(of_tier * of_place * factor)
    return None


def price_date() -> str:
    """Return the date of the shipped prices."""
    return str(model_table()["prices"]["date"])


@cache
def _shipped() -> Mapping[str, Price]:
    providers = model_table()["providers"].values()
    return {name: price for provider in providers for name, price in _prices(provider["prices"]).items()}


def _own(path: Path) -> Mapping[str, Price]:
    what = f"the price table {path}"
    rows = object_in(path, SettingError, what="the price table").get("models")
    if not isinstance(rows, dict):
        raise SettingError(f"{what} cannot be used: it has no 'models'; {NEEDED}")
    for name, row in rows.items():
        problem = _problem(row)
        if problem:
            raise SettingError(f"{what} cannot be used: {name!r} {problem}; {NEEDED}")
    return _prices(rows)


def _problem(row: object) -> str | None:
    """Return what is wrong with a user's prices of a model, None if nothing is."""
    if not isinstance(row, dict):
        return "is no JSON object"
    known = [item.name for item in fields(Price)]
    for name, value in row.items():
        if name not in (*known, "provider"):
            return f"has {name!r}, which is none of {', '.join(known)}"
        if name != "provider" and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
            return f"has {name} = {value!r}, which is no number of dollars"
    missing = [name for name in ("input", "output") if name not in row]
    return f"has no {missing[0]!r}" if missing else None


def _prices(rows: Mapping[str, Any]) -> dict[str, Price]:
    return {
        # A user's table may name the provider of a model.
        name: Price(**{field: float(value) for field, value in row.items() if field != "provider"})
        for name, row in rows.items()
    }
