"""A page as the tests read it, by the standard library's own parser."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}


class Page(HTMLParser):
    """Every element of a page with its attributes, and all its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.elements, self.text, self.open, self.wrong = path, [], "", [], []
        self.scripts = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))

    def handle_data(self, data):
        if self.open and self.open[-1] in {"script", "style"}:
            self.scripts += data
        self.text += data

    def of(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def ids(self):
        return [attrs["id"] for _, attrs in self.elements if "id" in attrs]

    @property
    def addresses(self):
        return [
            (tag, attrs, attrs[name])
            for tag, attrs in self.elements
            for name in ("href", "src", "action")
            if attrs.get(name)
        ]


def pages_of(folder):
    return {path.relative_to(folder).as_posix(): Page(path) for path in sorted(folder.rglob("*.html"))}


def target_of(page, address):
    """Return the file that an address of a page leads to, and the anchor in it."""
    parts = urlsplit(address)
    return (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path.resolve(), unquote(
        parts.fragment
    )
