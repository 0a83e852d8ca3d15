"""Paid answers on disk, keyed by everything that affects them, so that none is paid for twice."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readers.api.response import Response
from taxonomy.error import StopReading


@dataclass(frozen=True)
class RequestOrigin:
    """Where a request goes, and its repetition: the parts of a request key apart from the body.

    ``endpoint`` has no key, user or query.
    """

    provider: str
    endpoint: str
    repeat: int = 0


def request_key(body: Mapping[str, Any], target: RequestOrigin) -> str:
    """Return the digest of a request, 40 hex digits, which is also its custom id in a batch."""
    written = json.dumps([target.provider, target.endpoint, target.repeat, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:40]


class ResponseStore:
    """Answers by request key in a SQLite file that several runs may share.

    Parameters
    ----------
    folder : Path or None
        None keeps the answers in memory.

    Raises
    ------
    StopReading
        When the file cannot be created, or is not a store.
    """

    def __init__(self, folder: Path | None) -> None:
        self._where = str(folder / "responses.sqlite") if folder else ":memory:"
        self._lock = threading.Lock()
        try:
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(self._where, timeout=60, check_same_thread=False, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            # Safe against a kill; safety against a power cut would make every answer wait for the disk.
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.execute("CREATE TABLE IF NOT EXISTS response (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise StopReading(f"answers cannot be kept in {self._where}: {error}; name another --out") from error

    def get(self, key: str) -> Response | None:
        """Return the answer of a request or None; raises StopReading when the file is damaged."""
        try:
            with self._lock:
                row = self._file.execute("SELECT answer FROM response WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise StopReading(f"kept answers cannot be read from {self._where}: {error}") from error
        return Response.from_json(json.loads(row[0])) if row else None

    def put(self, key: str, response: Response) -> None:
        """Keep an answer: a kill after the return does not lose it.

        Raises StopReading when the disk is full or the file is gone.
        """
        try:
            with self._lock:
                self._file.execute(
                    "INSERT OR REPLACE INTO response VALUES (?, ?)", (key, json.dumps(response.to_json()))
                )
        except sqlite3.Error as error:
            raise StopReading(f"an answer cannot be kept in {self._where}: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()
