"""Resumable download of the PhysioNet/CinC Challenge 2021, whole, by source or as a sample."""

import hashlib
from pathlib import Path, PurePosixPath

from bench.dataset.challenge_source import source_of
from bench.dataset.fetch import SUMS, Client, Fetched, FetchOptions, download_all, read_sums, unwritable
from bench.progress import Report
from taxonomy.error import DatasetError

CHALLENGE = "https://physionet.org/files/challenge-2021/1.0.3/"
TITLE = "the PhysioNet/CinC Challenge 2021"
TRAINING = "training"
"""The folder of the recordings; below it one of each source, and below that ``g1``, ``g2``, ... of 1,000 records."""


def fetch_challenge(target: Path, options: FetchOptions, report: Report) -> Fetched:
    """Download the recordings missing from ``target``; a file with the right checksum is kept.

    Parameters
    ----------
    target : Path
        Created when it does not exist.
    options : FetchOptions
        ``folder`` is a source's folder (``georgia``) or one below it (``georgia/g1``); ``sample`` a number of records
        at most, the same share of each source, in the order of a digest of their names. Rates are not asked for.
    report : callable

    Raises
    ------
    DatasetError
        When the server or the disk fails, there is no such folder, or a checksum never matches.
    """
    client = Client(target, options, TITLE)
    client.check()
    try:
        target.mkdir(parents=True, exist_ok=True)
        client.download(SUMS, None)
        sums = read_sums(target / SUMS)
        wanted = _recordings(sums, options)
        if not wanted:
            sources = sorted({PurePosixPath(name).parts[1] for name in sums if _is_recording(name)})
            raise DatasetError(
                f"{client.address}{SUMS} lists no recording below {TRAINING}/{options.folder}: "
                + (f"there are {', '.join(sources)}" if sources else f"is it the folder of {TITLE}?")
            )
        return download_all(client, {name: sums[name] for name in wanted}, report)
    except OSError as error:
        raise unwritable(target, error) from error


def _recordings(sums: dict[str, str], options: FetchOptions) -> list[str]:
    """Return the files of the records that are wanted, headers and samples."""
    below = f"{TRAINING}/{options.folder.strip('/')}/" if options.folder else f"{TRAINING}/"
    headers = [name for name in sums if _is_recording(name) and name.startswith(below) and name.endswith(".hea")]
    chosen = _sampled(headers, options.sample) if options.sample else headers
    files = (name.removesuffix(".hea") + suffix for name in chosen for suffix in (".hea", ".mat"))
    return sorted(name for name in files if name in sums)


def _is_recording(name: str) -> bool:
    return len(PurePosixPath(name).parts) > 2 and name.startswith(f"{TRAINING}/") and name.endswith((".hea", ".mat"))


def _lot(header: str) -> bytes:
    return hashlib.sha256(f"sample {PurePosixPath(header).stem}".encode()).digest()


def _sampled(headers: list[str], size: int) -> list[str]:
    sources: dict[str, list[str]] = {}
    for name in sorted(headers, key=_lot):
        sources.setdefault(source_of(PurePosixPath(name))[0], []).append(name)
    share = max(1, size // max(1, len(sources)))
    return [name for records in sources.values() for name in records[:share]]
