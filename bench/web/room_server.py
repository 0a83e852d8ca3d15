"""The server of the reading room: to this machine alone, under an address with a token, as the viewer's."""

import re
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from bench.web.room import Room, Stale
from bench.web.server import Answer, PageServer, json_answer, page_answer, page_files
from taxonomy.error import BenchError, RunError
from taxonomy.outside import Bounds, outside_object

FIRST_PAGE = "room.html"

SHARED = ("dom.js", "ecg.js", "icon.svg", "view.css")
"""Files of the viewer that the room uses too."""

_SENT = Bounds(size=65_536, depth=6, once=True)
_PICTURE = re.compile(r"pictures/([0-9a-f]{12})-(\d{1,2})\.png", re.ASCII)
_TRACE = re.compile(r"data/trace-([0-9a-f]{12})\.json", re.ASCII)
_FILE = re.compile(r"[a-z]{1,40}\.[a-z]{2,4}", re.ASCII)


class RoomServer(PageServer):
    """Serves a reading room on the loopback interface.

    Parameters
    ----------
    room : Room
    form : mapping
        Of :func:`bench.web.room_form.form_json`.
    port : int
        0 takes a free one.
    reveal : callable, optional
        Called once the room is closed; returns the address of a page with the truth.

    Raises
    ------
    taxonomy.error.SettingError
        When the port cannot be had.
    """

    def __init__(
        self, room: Room, form: Mapping[str, Any], port: int = 0, reveal: Callable[[], str] | None = None
    ) -> None:
        self.room, self.form, self.reveal = room, form, reveal
        self.closed = threading.Event()
        self._takes: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "answer": room.answer,
            "draft": room.draft,
            "back": room.back,
            "close": room.close,
        }
        super().__init__("bench read-blind", port)

    def answer(self, path: str) -> Answer | None:
        """Return what lies at a path below the token: a file of the page, the form, the state, the case shown."""
        if path == "data/form.json":
            return json_answer(self.form)
        if path == "data/state.json":
            return json_answer(self.room.state())
        trace, picture = _TRACE.fullmatch(path), _PICTURE.fullmatch(path)
        if trace:
            data = self.room.trace(trace[1])
            return None if data is None else json_answer(data)
        if picture:
            png = self.room.picture(picture[1], int(picture[2]))
            return None if png is None else Answer(png, "png")
        return _file(path or FIRST_PAGE)

    def take(self, path: str, body: bytes) -> Answer | None:
        """Return the state after what a page sent, with the sentence why it was not taken where it was not."""
        if path not in self._takes:
            return None
        try:
            sent = outside_object(body, "what the page sent", RunError, _SENT)
            self._takes[path](sent)
        except Stale:
            said = "Another tab or window has gone on: this is where the reading stands."
            return json_answer({**self.room.state(), "said": said})._replace(status=HTTPStatus.CONFLICT)
        except BenchError as error:
            said = f"This was not taken: {error}"
            return json_answer({**self.room.state(), "said": said})._replace(status=HTTPStatus.BAD_REQUEST)
        truth = self.reveal() if self.reveal and path == "close" else None
        if path == "close":
            self.closed.set()
        return json_answer({**self.room.state(), "truth": truth})


def _file(name: str) -> Answer | None:
    if not _FILE.fullmatch(name):
        return None
    return page_answer(name, page_files() if name in SHARED else page_files("room"))
