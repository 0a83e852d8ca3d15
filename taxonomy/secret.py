"""Keys and passwords: whoever reads one, or an address, from outside names it here, and no text shows it any more.

:mod:`taxonomy.redaction` takes it out of whatever is written, printed or kept.
"""

import base64
import json
import re
from functools import cache
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from taxonomy.axis import AXES
from taxonomy.redaction import SHORTEST, hide

QUOTED_END = 8
"""Characters of a key's end that some providers quote in their messages."""

NAMES = re.compile("key|token|secret|pass|auth|sig|credential", re.IGNORECASE)
"""Parts of the names of an address's parameters that hold a secret."""

ANSWERS = frozenset({"reasoning", "stage", "territory", "null", "true", "false"})
"""Words of an answer's format beside axes and values."""


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
    hide(forms)


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


@cache
def _words() -> frozenset[str]:
    """Return the words of which an answer consists."""
    values = (value for axis in AXES for value in axis.values)
    return frozenset({*ANSWERS, *(axis.name for axis in AXES), *values})
