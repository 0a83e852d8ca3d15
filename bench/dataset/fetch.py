"""Resumable download from PhysioNet, of PTB-XL here; every file is checked against its published SHA-256 digest."""

import hashlib
import re
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

from bench.dataset.inside import is_outside, path_inside
from bench.progress import Report
from bench.storage import sha256, write_whole
from taxonomy.error import DatasetError
from taxonomy.secret import keep_address, shown_address

if TYPE_CHECKING:
    import requests

    from bench.dataset.ptbxl_table import TableRow
    from bench.dataset.record import RecordId

PHYSIONET = "https://physionet.org/files/ptb-xl/1.0.3/"
SUMS = "SHA256SUMS.txt"
TABLES = ("ptbxl_database.csv", "scp_statements.csv", "LICENSE.txt", "RECORDS")
SAMPLED_FOLDS = (9, 10)
"""Folds of a sample: what the project's readers were not taught."""

SAMPLE = "SAMPLE.txt"
"""The ids of a sample's records, so that the others are not missed."""

DOWNLOAD_CHUNK = 1 << 16
TIMEOUT_S = (10, 60)

MOST_BYTES = {".hea": 1 << 14, ".dat": 1 << 18, ".csv": 1 << 26, "": 1 << 25}
"""The largest file of each kind that is taken from a server, at least twice PTB-XL's own; others as those without a
suffix: a list that never ends, or that unpacks to a disk full, is given up."""

MOST_FILES = 200_000
"""Files that a list may name; PTB-XL's names 87,000."""

_LINE = re.compile(r"^([0-9a-f]{64})\s+\*?(.+)$")


@dataclass(frozen=True)
class FetchOptions:
    """What to download, and from where.

    Attributes
    ----------
    rates : tuple of int
        100, 500 or both.
    folder : str
        Only the records in this folder, such as ``00000``; all when empty.
    base_url : str
        PhysioNet's folder of PTB-XL 1.0.3, or a mirror of it.
    connections : int
        Files downloaded in parallel.
    retries : int
        Further attempts per file, with growing pauses.
    sample : int
        Only so many records of folds 9 and 10, drawn by patient (:func:`sampled`); 0 for all.
    """

    rates: tuple[int, ...] = (100,)
    folder: str = ""
    base_url: str = PHYSIONET
    connections: int = 8
    retries: int = 5
    sample: int = 0


@dataclass(frozen=True)
class Fetched:
    """Number of files present, and how many of them were downloaded by this call."""

    files: int
    downloaded: int


def fetch(target: Path, options: FetchOptions, report: Report) -> Fetched:
    """Download the files missing from ``target``; a file with the right checksum is kept.

    Parameters
    ----------
    target : Path
        Created when it does not exist.
    options : FetchOptions
    report : callable

    Raises
    ------
    DatasetError
        When the server or the disk fails, or a checksum never matches.
    """
    client = Client(target, options)
    client.check()
    try:
        target.mkdir(parents=True, exist_ok=True)
        client.download(SUMS, None)
        sums = read_sums(target / SUMS)
        if TABLES[0] not in sums:
            raise DatasetError(f"{client.address}{SUMS} does not list {TABLES[0]}: is it PTB-XL's folder?")
        tables = {name: digest for name, digest in sums.items() if name in TABLES}
        if options.sample:
            begun = download_all(client, tables, report)
            chosen = sampled(target, options.sample)
            records = _files_of(chosen, options.rates)
            unlisted = sorted(records - sums.keys())
            if unlisted:
                raise DatasetError(f"{client.address}{SUMS} does not list {unlisted[0]}")
            _note_sample(target, (row.ecg_id for row in chosen))
            fetched = download_all(client, {name: sums[name] for name in sorted(records)}, report)
            return Fetched(begun.files + fetched.files, begun.downloaded + fetched.downloaded)
        folders = tuple(f"records{rate}/{options.folder}" for rate in options.rates)
        recordings = {name: digest for name, digest in sums.items() if name.endswith((".hea", ".dat"))}
        wanted = tables | {name: digest for name, digest in recordings.items() if name.startswith(folders)}
        (target / SAMPLE).unlink(missing_ok=True)
        return download_all(client, wanted, report)
    except OSError as error:
        raise unwritable(target, error) from error


def unwritable(target: Path, error: OSError) -> DatasetError:
    """Return the error for a disk that does not take a file."""
    return DatasetError(
        f"{error.filename or target} cannot be written: {error.strerror}; make room there or name another folder, "
        "and the same command resumes"
    )


def sampled(folder: Path, size: int) -> list["TableRow"]:
    """Return a sample of folds 9 and 10: whole patients in the order of a digest of their id, half from each fold.

    Parameters
    ----------
    folder : Path
        Holds ``ptbxl_database.csv``.
    size : int
        Number of records; a last patient with several may add to it.
    """
    from bench.dataset.ptbxl_table import read_table

    rows = read_table(folder / TABLES[0]).values()
    chosen: list[TableRow] = []
    for fold in SAMPLED_FOLDS:
        patients: dict[RecordId, list[TableRow]] = {}
        for row in rows:
            if row.fold == fold:
                patients.setdefault(row.patient_id, []).append(row)
        count = 0
        for patient in sorted(patients, key=lambda one: hashlib.sha256(f"sample {one}".encode()).digest()):
            if count >= size / len(SAMPLED_FOLDS):
                break
            chosen += patients[patient]
            count += len(patients[patient])
    return chosen


def sampled_ids(folder: Path) -> frozenset[int] | None:
    """Return the ids of the records that were asked for where a folder holds a sample, None where it holds none.

    Raises
    ------
    DatasetError
        When the note of the sample cannot be read.
    """
    path = folder / SAMPLE
    if not path.is_file():
        return None
    try:
        return frozenset(map(int, path.read_text(encoding="utf-8").split()))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is not the list of a sample's records, one id a line: {error}") from error


def _note_sample(folder: Path, ids: "Iterable[RecordId]") -> None:
    """Add records to the note of a folder's sample."""
    whole = sorted((sampled_ids(folder) or frozenset()) | set(map(int, ids)))
    write_whole(folder / SAMPLE, "".join(f"{ecg_id}\n" for ecg_id in whole))


def _files_of(rows: "list[TableRow]", rates: tuple[int, ...]) -> set[str]:
    return {f"{row.filenames[rate]}{suffix}" for row in rows for rate in rates for suffix in (".hea", ".dat")}


def read_sums(path: Path) -> dict[str, str]:
    """Read a ``SHA256SUMS.txt`` as a mapping of file name to digest.

    Raises
    ------
    DatasetError
        When a line is not a digest and a name, or a name points outside the folder.
    """
    sums: dict[str, str] = {}
    if path.stat().st_size > most_bytes(path.name):
        raise DatasetError(
            f"{path} is larger than {most_bytes(path.name) >> 20} MiB: it is no list of a dataset's files"
        )
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.match(line.strip())
        if not match:
            raise DatasetError(f"line {number} of {path} is not a SHA-256 digest and a name: {line[:60]!r}")
        name = match.group(2).removeprefix("./")
        if is_outside(name):
            raise DatasetError(f"line {number} of {path} names a file outside the folder: {name!r}")
        sums[name] = match.group(1)
        if len(sums) > MOST_FILES:
            raise DatasetError(f"{path} names more than {MOST_FILES:,} files: it is no list of a dataset's files")
    return sums


def most_bytes(name: str) -> int:
    """Return the size up to which a file is taken from a server."""
    return MOST_BYTES.get(Path(name).suffix, MOST_BYTES[""])


def download_all(client: "Client", wanted: dict[str, str], report: Report) -> Fetched:
    """Download the files that are missing or damaged, several at once."""
    downloaded = 0
    with ThreadPoolExecutor(max_workers=client.options.connections) as pool:
        jobs = [pool.submit(client.ensure, name, digest) for name, digest in wanted.items()]
        try:
            for done, job in enumerate(as_completed(jobs), start=1):
                downloaded += job.result()
                report(done, len(jobs))
        except BaseException:
            client.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return Fetched(len(wanted), downloaded)


class Client:
    """Downloads files with retries, one session per thread."""

    def __init__(self, target: Path, options: FetchOptions, title: str = "PTB-XL") -> None:
        self.target, self.options, self.title = target, options, title
        keep_address(options.base_url)
        self.address = _address(options.base_url)
        self.stop = threading.Event()
        self._was_reached = False
        self._local = threading.local()

    def check(self) -> None:
        """Refuse an address that is none."""
        if not self.address:
            shown = self.options.base_url.rpartition("@")[2].partition("?")[0].partition("#")[0]
            raise DatasetError(f"--url {shown!r} is no address of a folder by http or https, without parameters")

    def ensure(self, name: str, digest: str) -> bool:
        """Make sure that one file is present and correct; return whether it was downloaded."""
        path = path_inside(self.target, name)
        if path.is_file() and sha256(path) == digest:
            return False
        self.download(name, digest)
        return True

    def download(self, name: str, digest: str | None) -> None:
        """Download a file, resuming a partial download; check it, then move it into place.

        A server that never answered gets one further attempt only: there may be no network.
        """
        import requests

        part = path_inside(self.target, f"{name}.part")
        if part.is_symlink():
            raise DatasetError(f"{part} is a link, through which nothing is written: remove it")
        part.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(self.options.retries + 1):
            try:
                self._append(name, part)
            except requests.RequestException as error:
                unreachable = isinstance(error, requests.ConnectionError) and not self._was_reached
                if attempt == self.options.retries or (unreachable and attempt):
                    raise DatasetError(f"{self.address}{name} cannot be downloaded: {_reason(error)}") from error
                self.stop.wait(min(0.2 * 2**attempt, 10))
                continue
            if digest is None or sha256(part) == digest:
                part.replace(self.target / name)
                return
            part.unlink()
        raise DatasetError(
            f"{name} was downloaded {self.options.retries + 1} times and never had the published SHA-256"
        )

    def _append(self, name: str, part: Path) -> None:
        received = part.stat().st_size if part.is_file() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={received}-"} if received else {})
        url = self.options.base_url + quote(name)
        with self._session().get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
            self._was_reached = True
            if response.status_code == 416:
                part.unlink()
            response.raise_for_status()
            if "html" in response.headers.get("Content-Type", "") and not name.endswith(".html"):
                raise DatasetError(
                    f"{self.address}{name} answered with a web page, not with the file: is the address right?"
                )
            is_rest = response.status_code == 206
            size = received if is_rest else 0
            with part.open("ab" if is_rest else "wb") as out:
                for chunk in response.iter_content(DOWNLOAD_CHUNK):
                    if self.stop.is_set():
                        raise DatasetError("stopped")
                    size += len(chunk)
                    if size > most_bytes(name):
                        break
                    out.write(chunk)
        if size > most_bytes(name):
            part.unlink()
            raise DatasetError(
                f"{self.address}{name} is larger than {most_bytes(name) >> 10:,} KiB: no file of {self.title}'s is"
            )

    def _session(self) -> "requests.Session":
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3 import Retry

        if not hasattr(self._local, "session"):
            busy = (429, 500, 502, 503, 504)
            retry = Retry(self.options.retries, connect=0, read=0, backoff_factor=0.2, status_forcelist=busy)
            session = requests.Session()
            for scheme in ("https://", "http://"):
                session.mount(scheme, HTTPAdapter(max_retries=retry))
            self._local.session = session
        return cast("requests.Session", self._local.session)


def _address(url: str) -> str:
    """Return an address as it is shown, without user and password; empty where it is none of a folder by http or https.

    The name of a file cannot be put behind parameters (``?token=...``).
    """
    try:
        parts = urlsplit(url)
        named = parts.scheme in {"http", "https"} and parts.hostname
        is_folder = named and parts.port != 0 and not parts.query and not parts.fragment
        return shown_address(url) if is_folder else ""
    except ValueError:
        return ""


def _reason(error: Exception) -> str:
    import requests

    said: dict[type[Exception], str] = {
        requests.exceptions.SSLError: "its certificate is not trusted",
        requests.exceptions.ProxyError: "the proxy does not let it through",
        requests.exceptions.RetryError: "the server answers each time that it is busy or broken",
        requests.exceptions.ReadTimeout: f"the server was silent for {TIMEOUT_S[1]} s",
        requests.exceptions.ChunkedEncodingError: "the connection breaks off each time",
        requests.exceptions.ContentDecodingError: "what the server sends cannot be unpacked",
        requests.exceptions.TooManyRedirects: "the server leads from one address to another without end",
        requests.ConnectionError: "the server cannot be reached; without a network, --data phantoms:1 works",
    }
    known = next((words for kind, words in said.items() if isinstance(error, kind)), None)
    response = getattr(error, "response", None)
    if known is None and response is not None:
        return f"the server answered {response.status_code} {_printable(response.reason)}".rstrip()
    return known or f"the request failed ({type(error).__name__})"


def _printable(text: str | None) -> str:
    return "".join(char for char in str(text or "")[:60] if char.isprintable())
