"""The templates of the site: everything that they are given is text, and never markup."""

import shlex
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bench.report.table import chance, difference, percent, share, within
from bench.web.site.prose import outside_link, visible


def page(name: str, **values: object) -> str:
    """Return a template filled with values.

    Parameters
    ----------
    name : str
        Of the template.
    **values
        Strings are escaped, and what a terminal or a page would obey in them is written out.
    """
    return _environment().get_template(name).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bench.web", "page/site"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=percent, within=within, share=share, chance=chance, points=difference, words=_words, quote=shlex.quote
    )
    environment.globals.update(outside_link=outside_link)
    return environment


def _shown(value: Any) -> Any:  # noqa: ANN401  # whatever a template prints
    """Return a value as a template prints it; Markup is the site's own."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _words(name: str) -> str:
    """Return the name of an axis or a value as words."""
    return name.replace("_", " ")
