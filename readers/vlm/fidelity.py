"""Whether a rendered prompt holds every text of its dialogue, and every image, as often as it should."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from taxonomy.error import ReaderError

ESCAPED = re.compile(r"\\+(?:[nrt]|u([0-9a-fA-F]{4}))?")
"""A character that JSON escapes."""

NUMBERED = re.compile("@([0-9]+)@")
"""What stands for a text of the dialogue in its frame."""

IN_BRACKETS = re.compile(r"<[^<>]+>|\[[^\[\]]+\]")
"""What image marks of templates look like, such as <image> or [IMG]."""


@dataclass(frozen=True)
class Piece:
    """A text of a dialogue, and what it is called."""

    name: str
    text: str


def check_texts(prompt: str, frame: str, pieces: Sequence[Piece]) -> None:
    """Check that a prompt holds each text as often as the dialogue does; space and escapes do not count.

    Parameters
    ----------
    prompt : str
    frame : str
        The same dialogue by the same template, with ``@0@``, ``@1@`` and so on in place of the texts.
    pieces : sequence of Piece

    Raises
    ------
    ReaderError
        When the template leaves out a text, or writes it more often.
    """
    frame, prompt = _bare(frame), _bare(prompt)
    for number, piece in sorted(enumerate(pieces), key=lambda pair: -len(pair[1].text)):
        _check_count(frame.count(f"@{number}@"), 1, piece.name)
    texts = [_bare(piece.text) for piece in pieces]
    expected = NUMBERED.sub(lambda found: texts[int(found[1])] if int(found[1]) < len(texts) else found[0], frame)
    if prompt == expected:
        return
    # A longer text may hold a shorter one, which would be missed with it.
    for text, piece in sorted(zip(texts, pieces, strict=True), key=lambda pair: -len(pair[0])):
        _check_count(prompt.count(text), expected.count(text), piece.name)


def image_mark(one: str, two: str, placeholder: str) -> tuple[str, int] | None:
    """Return what a template writes for an image and how often, from prompts with one and two; None if not found.

    Numbers count for nothing, since some templates number their images.
    """
    one, two = _unnumbered(one), _unnumbered(two)
    for mark in (_unnumbered(placeholder), *IN_BRACKETS.findall(two)):
        if 0 < 2 * one.count(mark) == two.count(mark):
            return mark, one.count(mark)
    return None


def check_images(prompt: str, mark: str, each: int, images: int, pieces: Sequence[Piece]) -> None:
    """Check that a prompt holds each image once, where a template writes ``mark`` ``each`` times for one.

    Raises ReaderError when it leaves out an image or writes one more often.
    """
    own = sum(_unnumbered(piece.text).count(mark) for piece in pieces)
    found = _unnumbered(prompt).count(mark) - own
    if found != each * images:
        raise ReaderError(
            f"the model's chat template is at fault: it places {found / each:g} images in the prompt where {images} "
            "are sent; choose another template or model (some take no --shots)"
        )


def _check_count(found: int, wanted: int, name: str) -> None:
    if found != wanted:
        fault = "leaves out" if found < wanted else "doubles"
        raise ReaderError(
            f"the model's chat template is at fault: it {fault} {name}; choose another template or model "
            "(some take no --shots)"
        )


def _unnumbered(text: str) -> str:
    return re.sub("[0-9]+", "", _bare(text))


def _bare(text: str) -> str:
    """Return a text without space and escapes, which templates strip and add."""
    plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "", html.unescape(text))
    return "".join(plain.split())
