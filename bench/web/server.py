"""The viewer's server: on this machine alone, and for nobody without the address that it prints.

It listens on the loopback interface. Other users and other pages of the browser reach that too, so every address
begins with a random token, and requests under another host's name (DNS rebinding) are refused. Its pages may load
nothing but their own scripts, styles and pictures.
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import urlsplit

from bench.web.library import Library
from taxonomy.error import SettingError
from taxonomy.redaction import redacted_data

LOOPBACK = "127.0.0.1"

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

FIRST_PAGE = "view.html"


class Answer(NamedTuple):
    """What is sent: bytes and what they are, a key of :data:`TYPES`."""

    body: bytes
    kind: str


@cache
def page_files() -> dict[str, bytes]:
    """Return the files that the page is made of, by name."""
    folder = files("bench.web").joinpath("page")
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in TYPES}


class ViewServer(ThreadingHTTPServer):
    """Serves a library on the loopback interface.

    Parameters
    ----------
    library : Library
    port : int
        0 takes a free one.

    Raises
    ------
    taxonomy.error.SettingError
        When the port cannot be had.
    """

    daemon_threads = True

    def __init__(self, library: Library, port: int = 0) -> None:
        self.library, self.token = library, secrets.token_urlsafe(24)
        self.routes: tuple[tuple[re.Pattern[str], Callable[[str], Answer | None]], ...] = (
            (re.compile(r"data/([a-z0-9-]{1,99})\.json"), self._data),
            (re.compile(r"pictures/([a-z0-9-]{1,99}\.png)"), self._picture),
            (re.compile(r"([a-z]{1,40}\.[a-z]{2,4}|)"), self._page),
        )
        try:
            super().__init__((LOOPBACK, port), Handler)
        except OSError as error:
            raise SettingError(
                f"--port {port} cannot be had ({error.strerror}): name another, or leave --port out for a free one"
            ) from error

    @property
    def address(self) -> str:
        """The address to open, with its token."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> frozenset[str]:
        """Names under which it may be asked."""
        return frozenset(f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost"))

    def answer(self, path: str) -> Answer | None:
        """Return what lies at a path below the token; None where there is nothing."""
        for pattern, found in self.routes:
            match = pattern.fullmatch(path)
            if match:
                return found(match[1])
        return None

    def _data(self, name: str) -> Answer | None:
        found = self.library.data(name)
        return None if found is None else Answer(json.dumps(redacted_data(found)).encode(), "json")

    def _picture(self, name: str) -> Answer | None:
        found = self.library.picture(name)
        return None if found is None else Answer(found, "png")

    def _page(self, name: str) -> Answer | None:
        name = name or FIRST_PAGE
        found = page_files().get(name)
        return None if found is None else Answer(found, name.rpartition(".")[2])


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: ViewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ECG-bench", ""
    timeout = 60

    def do_GET(self) -> None:
        """Answer a request for a page, data or a picture."""
        host = self.headers.get("Host", "")
        if host not in self.server.hosts:
            self._send(HTTPStatus.FORBIDDEN, "this server answers on this machine alone")
            return
        token, slash, path = urlsplit(self.path).path.removeprefix("/").partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._send(HTTPStatus.FORBIDDEN, "the address is not the one that 'bench view' printed")
            return
        found = self.server.answer(path)
        if found is None:
            self._send(HTTPStatus.NOT_FOUND, "there is no such thing")
        else:
            self._send(HTTPStatus.OK, found.body, TYPES[found.kind])

    def _send(self, status: HTTPStatus, body: str | bytes, kind: str = "text/plain; charset=utf-8") -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        """Answer until the browser is done; one that goes away in between is no matter."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Write no line for each request: the terminal holds the address, and the address a secret."""
