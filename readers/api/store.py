"""Paid answers on disk, keyed by everything that affects them, so that none is paid for twice."""

import hashlib
import json
import os
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readers.api.provider import Provider
from readers.api.response import Response
from readers.api.salvage import answer_of, is_damage, whole_answers
from taxonomy.error import FileError, StopReading

LEASE_S = 60.0
"""Seconds after which a claim that is not renewed lapses: its run may hang, or be killed on another machine."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS response (key TEXT PRIMARY KEY, answer TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS damaged (key, answer)",
    "CREATE TABLE IF NOT EXISTS claim (key TEXT PRIMARY KEY, owner TEXT, host TEXT, pid INTEGER, until REAL)",
)


@dataclass(frozen=True)
class RequestOrigin:
    """Where a request goes, and its repetition: the parts of a request key apart from the body.

    ``endpoint`` has no key, user or query; ``api_version`` is that of an API whose user chooses it.
    """

    provider: str
    endpoint: str
    repeat: int = 0
    api_version: str = ""

    @classmethod
    def of(cls, provider: Provider, repeat: int) -> "RequestOrigin":
        """Return where a provider's requests go."""
        details = provider.details()
        return cls(provider.name, details.endpoint, repeat, details.api_version)


def request_key(body: Mapping[str, Any], target: RequestOrigin) -> str:
    """Return the digest of a request, 40 hex digits, which is also its custom id in a batch."""
    # The keys of the answers to all other APIs stay as they were before a version was known.
    chosen = [target.api_version] if target.api_version else []
    parts = [target.provider, target.endpoint, target.repeat, body, *chosen]
    written = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:40]


class ResponseStore:
    """Answers by request key in a SQLite file that several runs may share.

    A run claims a key before it asks, so that no two ask the same at once. A damaged file is set aside under another
    name, and what is whole in it is taken over.

    Parameters
    ----------
    folder : Path or None
        None keeps the answers in memory.
    say : callable
        Called with a line on what is damaged.

    Raises
    ------
    StopReading
        When the file cannot be created.
    """

    def __init__(self, folder: Path | None, say: Callable[[str], None] = lambda line: None) -> None:
        self._path = folder / "responses.sqlite" if folder else None
        self._where, self._say = str(self._path or ":memory:"), say
        self._lock = threading.RLock()
        self._owner, self._host = uuid.uuid4().hex, _host()
        self._closed = threading.Event()
        self._renewing: threading.Thread | None = None
        self._file, self._inode = self._opened()

    def get(self, key: str) -> Response | None:
        """Return the answer of a request or None; a damaged one is set aside. Raises StopReading as :meth:`put`."""
        found = self._done(lambda: self._file.execute("SELECT answer FROM response WHERE key = ?", (key,)).fetchone())
        if found is None:
            return None
        try:
            return answer_of(found[0], key)
        except FileError as error:
            self._say(f"{error}; it is set aside in {self._where}, and asked again")
            self._done(lambda: self._put_aside(key))
            return None

    def put(self, key: str, response: Response) -> None:
        """Keep an answer: a kill after the return does not lose it.

        Raises StopReading when the disk is full or the file is gone.
        """
        row = (key, json.dumps(response.to_json()))
        self._done(lambda: self._file.execute("INSERT OR REPLACE INTO response VALUES (?, ?)", row))
        if self._has_moved():  # what was just written stands in a file that another run has set aside
            self._done(lambda: self._file.execute("INSERT OR REPLACE INTO response VALUES (?, ?)", row))

    def claim(self, key: str) -> bool:
        """Claim a request, so that no other run asks it; False when another run is asking it.

        Whoever has claimed one looks for its answer once more, which may have arrived meanwhile. The claim of a run
        that was killed lapses at once on its own machine, and after ``LEASE_S`` on others.
        """

        def claimed() -> bool:
            row = self._file.execute("SELECT owner, host, pid, until FROM claim WHERE key = ?", (key,)).fetchone()
            if row is not None and row[0] != self._owner.encode():
                if not self._has_lapsed(*row[1:]):
                    return False
                self._file.execute("DELETE FROM claim WHERE key = ? AND CAST(owner AS BLOB) = ?", (key, row[0]))
            mine = (key, self._owner, self._host, os.getpid(), time.time() + LEASE_S)
            return self._file.execute("INSERT OR IGNORE INTO claim VALUES (?, ?, ?, ?, ?)", mine).rowcount == 1

        if self._renewing is None:
            self._renewing = threading.Thread(target=self._renew_always, name="claims", daemon=True)
            self._renewing.start()
        return bool(self._done(claimed))

    def _renew_always(self) -> None:
        """Renew the claims while the store is open; those that cannot be renewed lapse."""
        while not self._closed.wait(LEASE_S / 3):
            with suppress(StopReading), self._lock:
                if not self._closed.is_set():
                    self.renew()

    def renew(self) -> None:
        """Renew every claim of this run; raises StopReading as :meth:`put`."""
        until = (time.time() + LEASE_S, self._owner)
        self._done(lambda: self._file.execute("UPDATE claim SET until = ? WHERE owner = ?", until))

    def release(self, key: str) -> None:
        """Give up a claim."""
        with suppress(sqlite3.Error), self._lock:  # one that cannot be given up lapses
            self._file.execute("DELETE FROM claim WHERE key = ? AND owner = ?", (key, self._owner))

    def close(self) -> None:
        """Give up every claim, and close the file."""
        self._closed.set()
        with self._lock:
            with suppress(sqlite3.Error):
                self._file.execute("DELETE FROM claim WHERE owner = ?", (self._owner,))
            self._file.close()

    def _has_lapsed(self, host: object, pid: object, until: object) -> bool:
        now = time.time()
        if not isinstance(pid, int) or not isinstance(until, float) or not now <= until <= now + 2 * LEASE_S:
            return True
        return host == self._host.encode() and not _is_running(pid)

    def _put_aside(self, key: str) -> None:
        self._file.execute("INSERT INTO damaged SELECT key, answer FROM response WHERE key = ?", (key,))
        self._file.execute("DELETE FROM response WHERE key = ?", (key,))

    def _done(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  # rows of any type
        """Return what ``work`` does with the file; a damaged file is set aside first, then it is done again."""
        with self._lock:
            try:
                self._follow()
                try:
                    return work()
                except sqlite3.Error as error:
                    if self._path is None or not is_damage(error):
                        raise
                    self._reopen(damaged=True)
                    return work()
            except sqlite3.Error as error:
                raise StopReading(f"kept answers cannot be read or written in {self._where}: {error}") from error

    def _has_moved(self) -> bool:
        """Tell whether another run has set the open file aside."""
        if self._path is None:
            return False
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def _follow(self) -> None:
        if self._has_moved():
            self._reopen()

    def _reopen(self, damaged: bool = False) -> None:
        self._file.close()
        self._file, self._inode = self._opened(self._inode if damaged else 0)

    def _opened(self, damaged: int = 0) -> tuple[sqlite3.Connection, int]:
        """Open the file, with what is whole in one set aside; ``damaged`` is the inode of one known to be damaged."""
        try:
            if self._path is None:
                return _connected(self._where), 0
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self._path):
                if (self._path.is_file() and self._path.stat().st_ino == damaged) or not _is_whole(self._path):
                    _move(self._path, _aside(self._path))
                file = _connected(self._where)
                self._take_over(file)
                return file, self._path.stat().st_ino
        except (OSError, sqlite3.Error) as error:
            raise StopReading(f"answers cannot be kept in {self._where}: {error}; name another --out") from error

    def _take_over(self, file: sqlite3.Connection) -> None:
        """Take over what is whole in a file that was set aside, now or by a run that was killed meanwhile."""
        assert self._path is not None
        aside = _aside(self._path)
        if not (aside.is_file() or _log(aside).is_file()):
            return
        answers = whole_answers(aside)
        file.execute("BEGIN")
        file.executemany("INSERT OR IGNORE INTO response VALUES (?, CAST(? AS TEXT))", answers.items())
        file.execute("COMMIT")
        number = 1
        while (kept := self._path.with_name(f"responses.damaged-{number}.sqlite")).exists():
            number += 1
        _move(aside, kept)
        self._say(
            f"{self._where} was damaged: the {len(answers)} answers that are whole in it are taken over, any other is "
            f"asked again; the damaged file is kept as {kept.name}"
        )


def _connected(where: str) -> sqlite3.Connection:
    file = sqlite3.connect(where, timeout=60, check_same_thread=False, isolation_level=None)
    try:
        file.text_factory = bytes  # a damaged row need not be UTF-8
        file.execute("PRAGMA journal_mode=WAL")
        # Safe against a kill; safety against a power cut would make every answer wait for the disk.
        file.execute("PRAGMA synchronous=NORMAL")
        for table in TABLES:
            file.execute(table)
    except sqlite3.Error:
        file.close()
        raise
    return file


def _is_whole(path: Path) -> bool:
    """Tell whether a store is undamaged, or not there yet."""
    if not path.is_file():
        return True
    try:
        file = _connected(str(path))
        try:
            return bool(file.execute("PRAGMA integrity_check(1)").fetchone() == (b"ok",))
        finally:
            file.close()
    except sqlite3.Error as error:
        if is_damage(error):
            return False
        raise


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let no other process open or set aside the store meanwhile."""
    from filelock import FileLock

    with FileLock(path.with_name("responses.lock"), timeout=60):
        yield


def _aside(path: Path) -> Path:
    """Return the name of a damaged store whose answers are yet to be taken over."""
    return path.with_name("responses.salvage.sqlite")


def _move(path: Path, to: Path) -> None:
    """Rename a store with the log beside it; the log goes first, so that a new store never meets an old log."""
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    if _log(path).is_file():
        _log(path).replace(_log(to))
    path.replace(to)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _host() -> str:
    """Return a name of this machine and of the world of process ids in it, which differs between containers."""
    try:
        world = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        world = ""
    return f"{socket.gethostname()} {world}"


def _is_running(pid: int) -> bool:
    """Tell whether a process of this machine is running, as far as this one may know."""
    if os.name == "nt":  # there, asking would end it: only its lease tells
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # somebody else's; no process's
        return True
    return True
