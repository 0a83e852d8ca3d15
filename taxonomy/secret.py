"""Keys and passwords, and texts without them: what a key opens is not written, printed or kept anywhere.

Whoever reads a key or an address from outside names it here (:func:`keep_secret`, :func:`keep_address`); whatever is
written, printed or kept passes through :func:`redacted`.
"""

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from taxonomy.axis import AXES

HIDDEN = "[secret]"
"""Stands in the place of a secret."""

SHORTEST = 4
"""Characters from which a secret is looked for: a shorter one would be found in the middle of everything."""

SHORT = 8
"""Characters below which it is looked for as a word of its own."""

QUOTED_END = 8
"""Characters of a key's end that some providers quote in their messages."""

NAMES = re.compile("key|token|secret|pass|auth|sig|credential", re.IGNORECASE)
"""Parts of the names of an address's parameters that hold a secret."""

ANSWERS = frozenset({"reasoning", "stage", "territory", "null", "true", "false"})
"""Words of an answer's format beside axes and values."""

_USER_OF_ADDRESS = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")

_known: set[str] = set()


def keep_secret(value: str) -> None:
    """Keep a key or a password out of every text from now on.

    A word of the taxonomy (``none``, ``normal``), which servers without keys are given in the place of one, is no
    secret: hiding it would change answers.
    """
    if len(value) < SHORTEST or value in _words():
        return
    forms = {value, unquote(value), quote(value, safe=""), json.dumps(value)[1:-1]}
    if len(value) >= 2 * QUOTED_END:
        forms.add(value[-QUOTED_END:])
    if not forms <= _known:
        _known.update(forms)
        _pattern.cache_clear()


def keep_address(address: str) -> None:
    """Keep the password of an address, and the keys among its parameters, out of every text from now on."""
    where = address.partition("://")[2]
    # A password may hold a '/' that should have been written %2F: then it reaches to the last '@'.
    for before in (where.partition("/")[0], where):
        user, _, password = before.rpartition("@")[0].partition(":")
        keep_secret(password or user)
        if password:
            keep_secret(base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode())
    for name, value in parse_qsl(address.partition("?")[2].partition("#")[0]):
        if NAMES.search(name):
            keep_secret(value)


def shown_address(address: str) -> str:
    """Return an address without user, password, parameters and fragment, for messages and manifests.

    Raises
    ------
    ValueError
        When it is no address: without a host, or with a port that is no number.
    """
    parts = urlsplit(address)
    if not parts.hostname or not parts.scheme:
        raise ValueError("it has no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))


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


@cache
def _words() -> frozenset[str]:
    """Return the words of which an answer consists."""
    values = (value for axis in AXES for value in axis.values)
    return frozenset({*ANSWERS, *(axis.name for axis in AXES), *values})
