"""The pictures of a page of explanations: their paths, and what is said of them and of those that are left out."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from bench.report.table import plain, quoted
from bench.storage import whole_file
from renderers.explained import ColourPage

Item = TypeVar("Item")

Words = Callable[[Item], str]
"""What is said of a picture, or what stands in the name of its file."""


def unnamed(_: object) -> str:
    """Return nothing, for files that have a number alone."""
    return ""


def picture_paths(kind: str, items: Sequence[Item], said: Words[Item] = unnamed) -> Iterator[tuple[str, Item]]:
    """Yield the path of each picture below the page's folder, of safe letters only, and what it shows."""
    for number, one in enumerate(items, start=1):
        safe = re.sub(r"[^a-z0-9]+", "-", f"-{said(one)}".lower()).rstrip("-")[:60]
        yield f"pictures/explain/{kind}-{number:03d}{safe}.png", one


def picture_parts(
    kind: str, items: Sequence[Item], most: int, words: Words[Item], said: Words[Item] = unnamed
) -> Iterator[str]:
    """Yield a link to each picture, so many at most, and what the others would show."""
    for name, one in picture_paths(kind, items[:most], said):
        yield f"![{plain(quoted(words(one)))}]({name})"
    if items[most:]:
        rest = "; ".join(quoted(words(one)) for one in items[most:])
        yield f"{len(items) - most} more without a picture: {plain(rest)}."


def write_picture(path: Path, drawing: ColourPage) -> None:
    """Write a page as PNG.

    Raises
    ------
    taxonomy.error.StorageError
        When the folder cannot be written.
    """
    with whole_file(path) as part:
        part.write_bytes(drawing.png())
