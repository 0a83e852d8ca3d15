"""The batches of a run on disk: the requests and the status of each shard, safe against a kill."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from readers.api.model import ModelLimits
from readers.setting import checked_settings
from readers.whole_file import whole_file
from taxonomy.error import BenchError, FileError, StorageError
from taxonomy.outside import object_in, outside_object
from taxonomy.redaction import redacted

Status = Literal["written", "submitting", "submitted", "fetched", "failed"]
Line = tuple[str, str, float]
"""Key, line and worst cost in US dollars of a request."""

ID_NAMES = ("custom_id", "key")
"""What providers call the id of a request in a file of lines; the second is Google's."""

SHARD_MB = 100.0
"""Most megabytes of a shard, even if the provider accepts more: a shard is held in memory while it is sent."""

SHARD_REQUESTS = 10_000
MARGIN = 0.95
"""Share of a provider's limits that a shard may fill."""


@dataclass(frozen=True)
class Shard:
    """The requests of one batch.

    Attributes
    ----------
    name : str
        Name of its file, without suffix.
    keys : tuple of str
        Request keys, which are the batch's custom ids.
    worst : float
        Most US dollars that it may cost.
    submitted : float
        Unix time just before submission.
    not_ours : tuple of str
        Ids of batches that were taken for this one after a kill and are another run's.
    """

    name: str
    keys: tuple[str, ...]
    worst: float = 0.0
    status: Status = "written"
    batch_id: str | None = None
    submitted: float = 0.0
    not_ours: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShardLimit:
    """Most requests, bytes and US dollars of a shard; ``worst`` is None where the run has no cost limit."""

    requests: int
    size: int
    worst: float | None = None

    def split(self, requests: Iterable[Line]) -> Iterator[list[Line]]:
        """Yield the requests of each shard, in order; a request over the limits is a shard of its own."""
        lines, size, dollars = list[Line](), 0, 0.0
        for key, line, worst in requests:
            too_dear = self.worst is not None and dollars + worst > self.worst
            if lines and (too_dear or size + len(line) + 1 > self.size or len(lines) >= self.requests):
                yield lines
                lines, size, dollars = [], 0, 0.0
            lines.append((key, line, worst))
            size, dollars = size + len(line) + 1, dollars + worst
        if lines:
            yield lines


def shard_limit(limits: ModelLimits, worst: float | None) -> ShardLimit:
    """Return the limit of a shard for a provider."""
    request = limits.request
    most = int(request.batch_requests * MARGIN) if request else SHARD_REQUESTS
    megabytes = min(SHARD_MB, request.batch_mb * MARGIN) if request else SHARD_MB
    return ShardLimit(min(most, SHARD_REQUESTS), int(megabytes * 1e6), worst)


@dataclass
class BatchFolder:
    """The shards of a run by name, in order: ``state.json``, and a file of lines for each."""

    path: Path
    shards: dict[str, Shard] = field(default_factory=dict)

    @classmethod
    def opened(cls, path: Path, say: Callable[[str], None] = lambda line: None) -> "BatchFolder":
        """Create or read the folder.

        A damaged state is set aside and said; the shards are made again from their files, as if each had been killed
        while it was submitted: the provider is asked for its batch first, so that nothing is paid for twice.

        Raises
        ------
        StorageError
            When the folder cannot be made.
        """
        state = path / "state.json"
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not state.is_file():
                return cls(path)
            try:
                shards = _shards(state)
            except FileError as error:
                aside = state.replace(path / "state.damaged.json")
                say(f"{error}; it is kept as {aside.name}, and the batches are looked for at the provider")
                shards = [shard for file in sorted(path.glob("shard-*.jsonl")) if (shard := _found_again(file))]
        except OSError as error:
            raise StorageError(f"{path} cannot be read or written: {error.strerror}") from error
        return cls(path, {shard.name: shard for shard in shards})

    def file(self, shard: Shard) -> Path:
        """Return the file of a shard's lines."""
        return self.path / f"{shard.name}.jsonl"

    def keep(self, shard: Shard, **changed: object) -> Shard:
        """Change some fields of a shard, write the state to disk, and return the shard."""
        shard = replace(shard, **changed)  # type: ignore[arg-type]  # the names of its fields
        self.shards[shard.name] = shard
        with whole_file(self.path / "state.json") as part:
            written = json.dumps({"shards": [asdict(item) for item in self.shards.values()]})
            part.write_text(redacted(written), encoding="utf-8")
        return shard

    def pending(self) -> list[Shard]:
        """Return the shards without results."""
        return [shard for shard in self.shards.values() if shard.status not in {"fetched", "failed"}]

    def write(self, requests: Iterable[Line], limit: ShardLimit) -> None:
        """Write the requests that are in no pending shard into new shards; each enters the state after its file.

        Raises StorageError when the folder cannot be written.
        """
        for lines in limit.split(self._new(requests)):
            keys, _, worst = zip(*lines, strict=True)
            number = len(self.shards)
            while (name := f"shard-{number:03d}") in self.shards:
                number += 1
            shard = Shard(name, keys, sum(worst))
            with whole_file(self.file(shard)) as part, part.open("w", encoding="utf-8") as out:
                out.writelines(f"{line}\n" for _, line, _ in lines)
            self.keep(shard)

    def _new(self, requests: Iterable[Line]) -> Iterator[Line]:
        held = {key: shard.name for shard in self.pending() for key in shard.keys}
        unknown = {shard.name for shard in self.pending() if not shard.worst}
        for request in requests:
            key, _, worst = request
            if key not in held:
                held[key] = ""
                yield request
            elif held[key] in unknown:  # found again after damage: what it may cost is known only now
                shard = self.shards[held[key]]
                self.shards[shard.name] = replace(shard, worst=shard.worst + worst)


def _shards(state: Path) -> list[Shard]:
    """Return the shards in a state; raises FileError when it is damaged."""
    rows = object_in(state).get("shards")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FileError(f"{state} cannot be read: it holds no list of shards")
    try:
        shards = [checked_settings(Shard, row, "field") for row in rows]
    except BenchError as error:
        raise FileError(f"{state} cannot be read: {error}") from error
    for shard in shards:
        if not shard.name.startswith("shard-") or not shard.name.removeprefix("shard-").isdecimal():
            raise FileError(f"{state} cannot be read: it names a shard {shard.name!r}")
        if shard.status == "submitted" and not shard.batch_id:
            raise FileError(f"{state} cannot be read: {shard.name} is submitted and has no batch")
    return shards


def _found_again(file: Path) -> Shard | None:
    """Return the shard of a file of lines whose state is lost; None when the file itself is damaged."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        keys = tuple(_id_of(outside_object(line, file)) for line in lines)
    except (FileError, KeyError, UnicodeDecodeError):
        return None
    return Shard(file.stem, keys, status="submitting", submitted=file.stat().st_mtime)


def _id_of(line: Mapping[str, Any]) -> str:
    """Return the id of a request; raises KeyError where the line has none."""
    name = next((name for name in ID_NAMES if name in line), ID_NAMES[0])
    return str(line[name])
