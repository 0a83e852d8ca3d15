"""Servers of pages: on this machine alone, and for nobody without the address that is printed.

It listens on the loopback interface. Other users and other pages of the browser reach that too, so every address
begins with a random token, and requests under another host's name (DNS rebinding) are refused. Its pages may load
nothing but their own scripts, styles and pictures.
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.web.library import Library
from bench.web.loopback import LOOPBACK, hosts, port_refused
from taxonomy.redaction import redacted_data

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

MOST_SENT = 65_536
"""Bytes that a page may send at a time."""


class Answer(NamedTuple):
    """What is sent: bytes, what they are (a key of :data:`TYPES`), and how it went."""

    body: bytes
    kind: str
    status: HTTPStatus = HTTPStatus.OK


@cache
def page_files(*below: str) -> dict[str, bytes]:
    """Return the files that the viewer's page is made of, or those of a folder below it, by name."""
    folder = files("bench.web").joinpath("page", *below)
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in TYPES}


def page_answer(name: str, known: Mapping[str, bytes]) -> Answer | None:
    """Return a file of a page, None where it has no such file."""
    return Answer(known[name], name.rpartition(".")[2]) if name in known else None


def json_answer(data: Mapping[str, Any]) -> Answer:
    """Return data as JSON, without keys and passwords."""
    return Answer(json.dumps(redacted_data(data)).encode(), "json")


class PageServer(ThreadingHTTPServer):
    """Serves pages on the loopback interface; :meth:`answer` says what lies where.

    Parameters
    ----------
    command : str
        The command that prints the address, for the sentence to who asks without it.
    port : int
        0 takes a free one.

    Raises
    ------
    taxonomy.error.SettingError
        When the port cannot be had.
    """

    daemon_threads = True

    def __init__(self, command: str, port: int = 0) -> None:
        self.command, self.token = command, secrets.token_urlsafe(24)
        self._once: str | None = secrets.token_urlsafe(24)
        try:
            super().__init__((LOOPBACK, port), Handler)
        except OSError as error:
            raise port_refused(port, error) from error

    @property
    def address(self) -> str:
        """The address to open, with its token."""
        return f"http://{LOOPBACK}:{self.server_port}/{self.token}/"

    @property
    def invitation(self) -> str:
        """An address that leads to :attr:`address` once.

        What a browser is begun with stands in the list of processes, for every user of the machine to read.
        """
        return f"http://{LOOPBACK}:{self.server_port}/{self._once}/"

    def invited(self, token: str) -> bool:
        """Tell whether this is the token of the invitation, which is used up by that."""
        if self._once is None or not hmac.compare_digest(token.encode(), self._once.encode()):
            return False
        self._once = None
        return True

    @property
    def hosts(self) -> frozenset[str]:
        """Names under which it may be asked."""
        return hosts(self.server_port)

    def answer(self, path: str) -> Answer | None:
        """Return what lies at a path below the token; None where there is nothing."""
        return None

    def take(self, path: str, body: bytes) -> Answer | None:
        """Return the answer to what was sent to a path below the token; None where nothing is taken."""
        return None

    @property
    def takes(self) -> bool:
        """Whether anything may be sent to it."""
        return type(self).take is not PageServer.take


class ViewServer(PageServer):
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

    def __init__(self, library: Library, port: int = 0) -> None:
        self.library = library
        self.routes: tuple[tuple[re.Pattern[str], Callable[[str], Answer | None]], ...] = (
            (re.compile(r"data/([a-z0-9-]{1,99})\.json"), self._data),
            (re.compile(r"pictures/([a-z0-9-]{1,99}\.png)"), self._picture),
            (re.compile(r"([a-z]{1,40}\.[a-z]{2,4}|)"), self._page),
        )
        super().__init__("bench view", port)

    def answer(self, path: str) -> Answer | None:
        """Return what lies at a path below the token; None where there is nothing."""
        for pattern, found in self.routes:
            match = pattern.fullmatch(path)
            if match:
                return found(match[1])
        return None

    def _data(self, name: str) -> Answer | None:
        found = self.library.data(name)
        return None if found is None else json_answer(found)

    def _picture(self, name: str) -> Answer | None:
        found = self.library.picture(name)
        return None if found is None else Answer(found, "png")

    def _page(self, name: str) -> Answer | None:
        return page_answer(name or FIRST_PAGE, page_files())


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: PageServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ECG-bench", ""
    timeout = 60

    def do_GET(self) -> None:
        """Answer a request for a page, data or a picture."""
        path = self._path()
        if path is not None:
            self._found(self.server.answer(path))

    def do_POST(self) -> None:
        """Take what a page of this server sends; a form of another page can send no JSON."""
        if not self.server.takes:
            self._refused(HTTPStatus.NOT_IMPLEMENTED, "this server is only looked at")
            return
        path = self._path()
        if path is None:
            return
        if self.headers.get("Origin", "") not in {f"http://{host}" for host in self.server.hosts}:
            self._refused(HTTPStatus.FORBIDDEN, "another page sent this")
        elif self.headers.get("Content-Type", "") != TYPES["json"]:
            self._refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "JSON is taken, and nothing else")
        elif not (length := self.headers.get("Content-Length", "")).isdecimal() or len(length) > 6:
            self._refused(HTTPStatus.LENGTH_REQUIRED, "the length is missing")
        elif int(length) > MOST_SENT:
            self._refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this is too much")
        else:
            self._found(self.server.take(path, self.rfile.read(int(length))))

    def _path(self) -> str | None:
        """Return the path below the token; None where who asks may not, and was told so."""
        if self.headers.get("Host", "") not in self.server.hosts:
            self._refused(HTTPStatus.FORBIDDEN, "this server answers on this machine alone")
            return None
        token, slash, path = urlsplit(self.path).path.removeprefix("/").partition("/")
        if slash and not path and self.command == "GET" and self.server.invited(token):
            self._send(HTTPStatus.SEE_OTHER, "", Location=f"/{self.server.token}/")
            return None
        if not slash or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._refused(HTTPStatus.FORBIDDEN, f"the address is not the one that {self.server.command!r} printed")
            return None
        return path

    def _found(self, found: Answer | None) -> None:
        if found is None:
            self._refused(HTTPStatus.NOT_FOUND, "there is no such thing")
        else:
            self._send(found.status, found.body, TYPES[found.kind])

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what is no request that is known here; the usual page would be HTML, and without a policy."""
        self.close_connection = True
        status = HTTPStatus(code)
        self._send(status, status.phrase)

    def _refused(self, status: HTTPStatus, said: str) -> None:
        """Say why not; what was sent and is not read ends the connection."""
        self.close_connection = self.close_connection or self.command == "POST"
        self._send(status, said)

    def _send(
        self, status: HTTPStatus, body: str | bytes, kind: str = "text/plain; charset=utf-8", **others: str
    ) -> None:
        content = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content)), **others}.items():
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
