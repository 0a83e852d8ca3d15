"""Markdown of reports as HTML: no markup of its author's, no address but of the web, no picture but those at hand."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape

LINK = re.compile(r"https?://[^\s/?#]+[^\s]*", re.ASCII | re.IGNORECASE)
"""The addresses that the site links to."""


@dataclass(frozen=True)
class Picture:
    """Where a picture of a report lies from its page, and its size in pixels."""

    source: str
    width: int
    height: int


_DETAILS = re.compile(r"^(?:<details><summary>([^<>\n]*)</summary>|</details>)$", re.MULTILINE)
"""What our own reports fold away; the site shows it open."""

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_MARKUP = re.compile(r"[`*_]|\\(?=\W)")


def outside_link(address: str) -> str:
    """Return an address of the web, empty for any other."""
    return address if LINK.fullmatch(address) else ""


def visible(text: str) -> str:
    """Return text with everything written out that a terminal or a page would obey rather than show."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape", "backslashreplace").decode()
        for char in text
    )


def headline(markdown: str) -> str:
    """Return the words of a report's first heading, which :func:`prose` leaves out; empty where it has none."""
    tokens = _parser().parse(_plain_markdown(markdown), {})
    if len(tokens) < 3 or (tokens[0].type, tokens[0].tag) != ("heading_open", "h1"):
        return ""
    return "".join(child.content for child in tokens[1].children or ())


def prose(
    markdown: str, pictures: Mapping[str, Picture] | None = None, level: int = 2, without: Collection[str] = ()
) -> Markup:
    """Return a report as HTML, without its first heading, which is the page's own.

    Parameters
    ----------
    markdown : str
        A stranger's: markup in it is shown as text.
    pictures : mapping of str to Picture, optional
        By the path that the report has for each; others are shown by their text.
    level : int
        Of the headings below the first one.
    without : collection of str
        Headings of columns that are left out of every table.
    """
    env: dict[str, Any] = {"pictures": pictures or {}}
    tokens = _without_columns(_parser().parse(_plain_markdown(markdown), env), without)
    return Markup(_parser().renderer.render(_arranged(tokens, level), _parser().options, env))


def _plain_markdown(markdown: str) -> str:
    text = _FRONT_MATTER.sub("", visible(markdown.replace("\r\n", "\n")), count=1)
    return _DETAILS.sub(lambda found: f"{found[1]}:" if found[1] else "", text)


def _without_columns(tokens: Sequence[Token], headings: Collection[str]) -> list[Token]:
    """Return the tokens without the cells of columns that have one of the headings."""
    found: list[Token] = []
    column, dropped = 0, set[int]()
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            dropped = set()
        if token.type == "tr_open":
            column = 0
        if token.type == "th_open" and tokens[place + 1].content in headings:
            dropped.add(column)
        in_cell = token.type in {"th_open", "td_open", "th_close", "td_close"}
        is_text = token.type == "inline" and tokens[place - 1].type in {"th_open", "td_open"}
        if not ((in_cell or is_text) and column in dropped):
            found.append(token)
        column += token.type in {"th_close", "td_close"}
    return found


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    return parser.disable(["html_block", "html_inline"])


def _arranged(tokens: Sequence[Token], level: int) -> list[Token]:
    """Return the tokens without the first heading, the others with ids and on their level, tables with their names."""
    found = list(tokens)
    if len(found) > 2 and found[0].type == "heading_open" and found[0].tag == "h1":
        found = found[3:]
    highest = min((int(token.tag[1]) for token in found if token.type == "heading_open"), default=2)
    title, ids, titles = "Figures", set[str](), set[str]()
    for place, token in enumerate(found):
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) - highest + level)}"
        if token.type == "heading_open":
            title = _MARKUP.sub("", found[place + 1].content)
            token.attrSet("id", _anchor(title, ids))
        if token.type == "table_open":
            token.meta = {"title": _distinct(title, titles)}
        if token.type == "th_open" and not found[place + 1].content:
            token.type, found[place + 2].type = "td_open", "td_close"  # a corner is no heading
            token.tag = found[place + 2].tag = "td"
    _drop_links(found, ids)
    return found


def _anchor(title: str, taken: set[str]) -> str:
    """Return the anchor of a heading, as GitHub makes it; no second heading has it."""
    name = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") or "part"
    return _distinct(name, taken, "-")


def _distinct(name: str, taken: set[str], between: str = " ") -> str:
    """Return a name that was not given before, with a number where it was, and note it."""
    numbered = (f"{name}{between}{number}" for number in count(2))
    found = name if name not in taken else next(one for one in numbered if one not in taken)
    taken.add(found)
    return found


def _drop_links(tokens: Sequence[Token], anchors: set[str]) -> None:
    """Leave of each link that leads elsewhere than to the web or to a heading its words alone."""
    for token in tokens:
        opened: list[bool] = []
        for child in token.children or ():
            if child.type == "link_open":
                address = str(child.attrGet("href") or "")
                is_near = address.startswith("#") and address[1:] in anchors
                keeps = is_near or bool(outside_link(address))
                opened.append(keeps)
                child.hidden = not keeps
                if keeps and not is_near:
                    child.attrSet("rel", "nofollow noopener")
                child.attrs.pop("title", None)
            elif child.type == "link_close":
                child.hidden = not opened.pop()


class _Renderer(RendererHTML):
    """Tables in a region that scrolls, with a caption and scopes; pictures at hand alone; no style of an author's."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "" if tokens[idx].hidden else self.renderToken(tokens, idx, options, env)

    link_close = link_open

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        title = escape(tokens[idx].meta["title"])
        return (
            f'<div class="scroll" role="region" tabindex="0" aria-label="Table: {title}">'
            f'<table class="figures"><caption class="unseen">{title}</caption>\n'
        )

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return '<th scope="col">'

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return "<td>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        found: Picture | None = env["pictures"].get(str(token.attrGet("src") or ""))
        said = escape(token.content)
        if found is None:
            return f"<em>{said}</em>"
        size = f'width="{found.width}" height="{found.height}"'
        return f'<img src="{escape(found.source)}" alt="{said}" {size} loading="lazy">'
