"""Texts without the keys and passwords that are known: all that is written, printed or kept passes through here."""

import re
from collections.abc import Mapping, Set
from functools import cache
from typing import Any

HIDDEN = "[secret]"
"""Stands in the place of a secret."""

SHORTEST = 4
"""Characters from which a secret is looked for: a shorter one would be found in the middle of everything."""

SHORT = 8
"""Characters below which it is looked for as a word of its own."""

_USER_OF_ADDRESS = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")

_known: set[str] = set()


def hide(forms: Set[str]) -> None:
    """Keep these spellings of a secret out of every text from now on."""
    if not forms <= _known:
        _known.update(forms)
        _pattern.cache_clear()


def redacted(text: str) -> str:
    """Return a text without the keys and passwords that are known, and without the user of any address in it."""
    if "@" in text:
        text = _USER_OF_ADDRESS.sub("", text)
    pattern = _pattern()
    return pattern.sub(HIDDEN, text) if pattern else text


def redacted_data(data: Any) -> Any:  # noqa: ANN401  # JSON is of any type
    """Return JSON data whose texts are :func:`redacted`; names of fields stay as they are."""
    if isinstance(data, str):
        return redacted(data)
    if isinstance(data, Mapping):
        return {name: redacted_data(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [redacted_data(value) for value in data]
    return data


@cache
def _pattern() -> re.Pattern[str] | None:
    """Return what finds any known secret, the longest first; None where none is known."""
    longest_first = sorted((form for form in _known if len(form) >= SHORTEST), key=len, reverse=True)
    # What is hidden already is found first, so that a text may be redacted twice whatever the secrets are.
    return re.compile("|".join((re.escape(HIDDEN), *map(_finding, longest_first)))) if longest_first else None


def _finding(secret: str) -> str:
    exact = re.escape(secret)
    return exact if len(secret) >= SHORT else rf"(?<![A-Za-z0-9]){exact}(?![A-Za-z0-9])"
