"""Serves the demo on the loopback interface, below a random token, and lets its page ask nobody else.

Other users of the machine and other pages of the browser reach the loopback interface too, so every address begins with
a token, and requests under another host's name (DNS rebinding) are refused. Gradio writes its own scripts and styles
into the page and compiles its templates there, so that the policy cannot forbid these; it forbids every other server.
"""

import hmac
import os
import secrets
import socket
import tempfile
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.app.chosen_ecg import LARGEST_UPLOAD
from bench.app.demo import Demo
from bench.web.loopback import LOOPBACK, hosts, port_refused
from bench.web.server import HEADERS, page_files
from taxonomy.distribution import install
from taxonomy.error import SettingError

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'self'; "
    "form-action 'none'; frame-ancestors 'none'"
)

SENT = {**HEADERS, "Content-Security-Policy": POLICY}

QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""What keeps Gradio and the hub's client from reporting, and from keeping what was uploaded in the browser."""

LEGIBLE = {
    "color_accent": "*primary_700",
    "button_primary_background_fill": "*primary_700",
    "button_primary_background_fill_dark": "*primary_700",
    "button_primary_background_fill_hover": "*primary_800",
    "button_primary_background_fill_hover_dark": "*primary_600",
    "block_label_text_color": "*neutral_700",
    "block_title_text_color": "*neutral_700",
}
"""Colours of Gradio's components that are darker than its own, which are too pale to be read by everybody."""

AT_ROOT = {
    "/manifest.json": ("application/manifest+json", "{}"),
    "/favicon.ico": ("image/svg+xml", page_files()["icon.svg"].decode()),
}
"""What a browser asks for at the root, without the token; it tells nothing."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def check_installed() -> None:
    """Check that Gradio is there.

    Raises
    ------
    taxonomy.error.SettingError
        When it is not; the message says how to install it.
    """
    if find_spec("gradio") is None:
        raise SettingError(f"the demo needs Gradio, which is not installed: {install('app')}")


@dataclass(frozen=True, eq=False)
class Guarded:
    """An application that answers this machine alone, below a token, and sends :data:`SENT` with everything.

    Attributes
    ----------
    app : callable
        By ASGI.
    token : str
    port : int
    """

    app: App
    token: str
    port: int

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            # Its start and its end are no requests; sockets are not used.
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower().encode(): value.encode() for name, value in SENT.items()}
                others = [pair for pair in message.get("headers", []) if pair[0].lower() not in own]
                message = {**message, "headers": [*others, *own.items()]}
            await send(message)

        said = self._refusal(scope)
        if scope["path"] in AT_ROOT:
            await _answered(sent, HTTPStatus.OK, *AT_ROOT[scope["path"]])
        elif said:
            await _answered(sent, HTTPStatus.FORBIDDEN, "text/plain; charset=utf-8", said)
        else:
            await self.app(scope, receive, sent)

    def _refusal(self, scope: Message) -> str:
        """Return why a request is refused; empty where it is not."""
        if dict(scope["headers"]).get(b"host", b"").decode("latin-1") not in hosts(self.port):
            return "this server answers on this machine alone"
        token = scope["path"].removeprefix("/").partition("/")[0]
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return "the address is not the one that 'bench demo' printed"
        return ""


async def _answered(send: Send, status: HTTPStatus, kind: str, said: str) -> None:
    body = said.encode()
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


@dataclass(frozen=True, eq=False)
class DemoServer:
    """A demo that listens.

    Attributes
    ----------
    address : str
        To open, with its token.
    serve : callable
        Answers until Ctrl-C.
    """

    address: str
    serve: Callable[[], None]


@contextmanager
def serving(demo: Demo, port: int = 0) -> Iterator[DemoServer]:
    """Listen, and remove every uploaded file at the end.

    Parameters
    ----------
    demo : Demo
    port : int
        0 takes a free one.

    Raises
    ------
    taxonomy.error.SettingError
        When Gradio is missing, or the port cannot be had.
    """
    check_installed()
    with _listening(port) as listening, tempfile.TemporaryDirectory(prefix="ecg-demo-") as uploads:
        # Gradio reads these when it is imported.
        os.environ.update({**QUIET, "GRADIO_TEMP_DIR": str(Path(uploads))})
        taken, token = listening.getsockname()[1], secrets.token_urlsafe(24)
        server = _server(Guarded(_application(demo, token), token, taken))
        yield DemoServer(f"http://{LOOPBACK}:{taken}/{token}/", lambda: server.run([listening]))


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, port))
            listening.listen(64)
        except OSError as error:
            raise port_refused(port, error) from error
        yield listening
    finally:
        listening.close()


def _server(app: App) -> Any:  # noqa: ANN401  # uvicorn is imported here alone
    import uvicorn

    config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=2, ws="none")
    return uvicorn.Server(config)


def _application(demo: Demo, token: str) -> App:
    import fastapi
    import gradio as gr
    from gradio.themes.utils import fonts

    from bench.app.page import demo_page, style

    page = demo_page(demo)
    _take_uploads_alone(page)
    outer = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    theme = gr.themes.Default(
        font=[fonts.Font("sans-serif")], font_mono=[fonts.Font("monospace")], primary_hue="rose"
    ).set(**LEGIBLE)
    application: App = gr.mount_gradio_app(
        outer,
        page,
        f"/{token}",
        server_name=LOOPBACK,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme,
        css=style(),
    )
    return application


def _take_uploads_alone(page: Any) -> None:  # noqa: ANN401  # Gradio is imported where it is used
    """Let requests name no file but an uploaded one, and no address.

    Gradio copies whatever file or address a request names for a component, or hands its path on. It holds back files
    that were not uploaded once a page was launched, which a mounted page never is, and addresses it fetches even then.
    """
    import gradio as gr

    usual = page.preprocess_data

    async def preprocess_data(block_fn: object, inputs: list[Any], *others: object) -> list[Any]:
        folder = Path(os.environ["GRADIO_TEMP_DIR"]).resolve()
        if not all(Path(path).resolve().is_relative_to(folder) for path in _named_paths(inputs)):
            raise gr.Error("a request names a file that was not uploaded: it is not read", print_exception=False)
        found: list[Any] = await usual(block_fn, inputs, *others)
        return found

    page.preprocess_data = preprocess_data


def _named_paths(value: object) -> Iterator[str]:
    """Yield every path that stands anywhere in what a request sends."""
    if isinstance(value, dict):
        if value.get("path") is not None:
            yield str(value["path"])
        for one in value.values():
            yield from _named_paths(one)
    elif isinstance(value, list):
        for one in value:
            yield from _named_paths(one)
