"""Batches on disk: which requests are in which shard, and how far each shard is; a kill loses none of it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from readers.api.model import ModelLimits
from readers.whole_file import whole_file
from taxonomy.error import StorageError

Status = Literal["written", "submitting", "submitted", "fetched", "failed"]
Line = tuple[str, str, float]
"""Key, line and US dollars at worst of a request."""

SHARD_MB = 100.0
"""Megabytes of a shard at most, whatever the provider would take: a shard is held in memory once when it is sent."""

SHARD_REQUESTS = 10_000
MARGIN = 0.95
"""Share of a provider's own limits that a shard may fill."""


@dataclass(frozen=True)
class Shard:
    """Requests that are one batch.

    Attributes
    ----------
    name : str
        Of its file, without suffix.
    keys : tuple of str
        Request keys, which are the batch's custom ids.
    worst : float
        US dollars that it may cost.
    status : str
    batch_id : str or None
    submitted : float
        Unix time just before it was submitted.
    not_ours : tuple of str
        Batches that were taken for this one after a kill and were another's.
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
    """When a shard is full.

    Attributes
    ----------
    requests, size : int
        Requests and bytes at most.
    worst : float or None
        US dollars at most, where the run has a limit.
    """

    requests: int
    size: int
    worst: float | None = None

    def split(self, requests: Iterable[Line]) -> Iterator[list[Line]]:
        """Yield the requests in order, as many at a time as fill a shard; one that fills it alone is a shard."""
        lines, size, dollars = list[Line](), 0, 0.0
        for key, line, worst in requests:
            dear = self.worst is not None and dollars + worst > self.worst
            if lines and (dear or size + len(line) + 1 > self.size or len(lines) >= self.requests):
                yield lines
                lines, size, dollars = [], 0, 0.0
            lines.append((key, line, worst))
            size, dollars = size + len(line) + 1, dollars + worst
        if lines:
            yield lines


def shard_limit(limits: ModelLimits, worst: float | None) -> ShardLimit:
    """Return when a shard for this provider is full."""
    request = limits.request
    most = int(request.batch_requests * MARGIN) if request else SHARD_REQUESTS
    megabytes = min(SHARD_MB, request.batch_mb * MARGIN) if request else SHARD_MB
    return ShardLimit(min(most, SHARD_REQUESTS), int(megabytes * 1e6), worst)


@dataclass
class BatchFolder:
    """The shards of a run: ``state.json`` and a file of lines for each.

    Attributes
    ----------
    path : Path
    shards : dict of str to Shard
        By name, in the order in which they were written.
    """

    path: Path
    shards: dict[str, Shard] = field(default_factory=dict)

    @classmethod
    def opened(cls, path: Path) -> "BatchFolder":
        """Read what is there; raises StorageError when the state is damaged."""
        state = path / "state.json"
        try:
            path.mkdir(parents=True, exist_ok=True)
            rows = json.loads(state.read_text(encoding="utf-8"))["shards"] if state.is_file() else []
            shards = [Shard(**{**row, "keys": tuple(row["keys"]), "not_ours": tuple(row["not_ours"])}) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{state} cannot be read: {error}") from error
        return cls(path, {shard.name: shard for shard in shards})

    def file(self, shard: Shard) -> Path:
        """Return where a shard's lines are."""
        return self.path / f"{shard.name}.jsonl"

    def keep(self, shard: Shard, **changed: object) -> Shard:
        """Put a shard with some fields changed into the state on disk; return it."""
        shard = replace(shard, **changed)  # type: ignore[arg-type]  # the names of its fields
        self.shards[shard.name] = shard
        with whole_file(self.path / "state.json") as part:
            part.write_text(json.dumps({"shards": [asdict(one) for one in self.shards.values()]}), encoding="utf-8")
        return shard

    def pending(self) -> list[Shard]:
        """Return the shards whose results are still to come."""
        return [shard for shard in self.shards.values() if shard.status not in {"fetched", "failed"}]

    def write(self, requests: Iterable[Line], limit: ShardLimit) -> None:
        """Write requests that no pending shard holds into new shards; one is in the state only when its file is whole.

        Raises StorageError when the folder cannot be written.
        """
        for lines in limit.split(self._new(requests)):
            keys, _, worst = zip(*lines, strict=True)
            shard = Shard(f"shard-{len(self.shards):03d}", keys, sum(worst))
            with whole_file(self.file(shard)) as part, part.open("w", encoding="utf-8") as out:
                out.writelines(f"{line}\n" for _, line, _ in lines)
            self.keep(shard)

    def _new(self, requests: Iterable[Line]) -> Iterator[Line]:
        held = {key for shard in self.pending() for key in shard.keys}
        for request in requests:
            if request[0] not in held:
                held.add(request[0])
                yield request
