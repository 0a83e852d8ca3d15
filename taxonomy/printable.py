"""Texts of strangers on a terminal: what it would obey rather than show is written out."""

import re

OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys, line ends and tabs aside, and what turns the direction of a text."""


def printable(text: str) -> str:
    """Return text with everything written out that a terminal would obey rather than show; its lines stay."""
    return OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
