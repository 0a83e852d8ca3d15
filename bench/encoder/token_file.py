"""Tokens of the image encoder and of its untrained twin on disk, compact enough for attentive probes.

Each case keeps so many runs of adjacent tokens, averaged, in so many standardised principal components of the tokens of
the first training records, as float16.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.encoder.attentive import Tokens
from bench.encoder.probing import COMPONENTS
from bench.storage import whole_file
from taxonomy.error import FileError, StorageError

TOKENS = 256
"""Runs of tokens that a case keeps unless told otherwise."""

FITTED_ON = 64
"""Training records whose tokens decide the principal components."""

KEPT = ("encoder", "random")
"""Sources whose tokens are kept."""

Raw = Mapping[str, NDArray[np.float32]]


def token_bytes(records: int, tokens: int) -> int:
    """Return the disk space that the tokens of so many records take at most, in bytes."""
    return len(KEPT) * records * tokens * COMPONENTS * np.dtype(np.float16).itemsize


def token_runs(tokens: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the means of equal runs of tokens, float32 (count, width); tokens that are fewer are repeated."""
    if len(tokens) < count:
        return tokens[np.arange(count) * len(tokens) // count]
    return np.stack([run.mean(axis=0) for run in np.array_split(tokens, count)])


@dataclass(frozen=True, eq=False)
class Basis:
    """The standardised principal components of tokens: float32 mean (width,) and directions (width, components)."""

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]

    @classmethod
    def fitted(cls, tokens: NDArray[np.float32]) -> "Basis":
        """Return the components of tokens, float32 (n, width), COMPONENTS of them at most."""
        mean = tokens.mean(axis=0, dtype=np.float64)
        variance, directions = np.linalg.eigh(np.cov(tokens.T.astype(np.float64), bias=True).reshape(len(mean), -1))
        order = np.argsort(-variance)[: min(COMPONENTS, len(mean))]
        order = order[variance[order] > 1e-9 * max(float(variance.max()), 1e-30)]
        scaled = directions[:, order] / np.sqrt(variance[order])
        return cls(mean.astype(np.float32), scaled.astype(np.float32))

    def __call__(self, tokens: NDArray[np.float32]) -> Tokens:
        """Return tokens in these components, float16 (n, components)."""
        return np.clip((tokens - self.mean) @ self.directions, -1e4, 1e4).astype(np.float16)


@dataclass(eq=False)
class TokenFile:
    """The tokens of all records, in two files of one row a record.

    Attributes
    ----------
    stem : Path
        Path of the files, without what tells the source.
    records : int
    fit : int
        Records at the beginning, all of the training split, that decide the components.
    tokens : int
        Runs of tokens of each record at most; a case with fewer tokens has as many as that.
    """

    stem: Path
    records: int
    fit: int
    tokens: int
    _bases: dict[str, Basis] = field(default_factory=dict)
    _rows: dict[str, Any] = field(default_factory=dict)
    _first: list[Raw] = field(default_factory=list)

    def opened(self) -> bool:
        """Open the files of an interrupted run; tell whether they are there.

        Raises
        ------
        FileError
            When one cannot be read.
        """
        if not all(self._path(source).is_file() for source in KEPT) or not self._basis_path.is_file():
            return False
        try:
            rows = {source: np.load(self._path(source), mmap_mode="r+") for source in KEPT}
            with np.load(self._basis_path, allow_pickle=False) as found:
                bases = {one: Basis(found[f"{one} mean"], found[f"{one} directions"]) for one in KEPT}
        except (OSError, ValueError, EOFError, KeyError) as error:
            raise FileError(f"{self.stem}* holds no tokens ({error}); remove these files") from error
        if any(len(kept) != self.records for kept in rows.values()):
            return False
        self._rows, self._bases = rows, bases
        return True

    def keep(self, number: int, raw: Raw) -> None:
        """Keep the tokens of a record, each float32 (tokens, width); records come in order, from the first.

        Raises
        ------
        StorageError
            When the disk has no room for the tokens of all records.
        """
        if self._rows:
            self._write(number, raw)
            return
        count = min(self.tokens, *(len(raw[source]) for source in KEPT)) if not self._first else self._count
        self._first.append({source: token_runs(raw[source], count) for source in KEPT})
        if len(self._first) == min(self.fit, self.records):
            self._begin()

    def flush(self) -> None:
        """Have what was kept on disk."""
        for kept in self._rows.values():
            kept.flush()

    def read(self) -> dict[str, Tokens]:
        """Return the tokens of all records by source, float16 (records, tokens, components), on disk."""
        self.flush()
        return {source: np.load(self._path(source), mmap_mode="r") for source in KEPT}

    @property
    def _count(self) -> int:
        return len(self._first[0][KEPT[0]])

    def _begin(self) -> None:
        """Fit the components, make the files and write the records that are there."""
        self._bases = {source: Basis.fitted(np.concatenate([one[source] for one in self._first])) for source in KEPT}
        arrays = {f"{name} {part}": getattr(one, part) for name, one in self._bases.items() for part in vars(one)}
        with whole_file(self._basis_path) as part:
            np.savez(part, **arrays)
        for source in KEPT:
            self._rows[source] = self._made(source)
        for number, raw in enumerate(self._first):
            self._write(number, raw)
        self._first.clear()

    def _made(self, source: str) -> Any:  # noqa: ANN401  # a memmap, which numpy's types do not tell from an array
        """Return a new file whose room on the disk is taken at once: a full disk would end the process later."""
        path, width = self._path(source), self._bases[source].directions.shape[1]
        shape = (self.records, self._count, width)
        needed = 2 * int(np.prod(shape))
        try:
            free = shutil.disk_usage(path.parent).free
            if free < needed:
                raise StorageError(
                    f"the tokens of {self.records:,} records take {needed / 1e9:.1f} GB for each of {len(KEPT)} "
                    f"encoders, and {path.parent} has {free / 1e9:.1f} GB free: --tokens fewer, or 0; or --limit N"
                )
            made = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
            if hasattr(os, "posix_fallocate"):
                with path.open("rb+") as out:
                    os.posix_fallocate(out.fileno(), 0, out.seek(0, os.SEEK_END))
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
        return made

    def _write(self, number: int, raw: Raw) -> None:
        for source, kept in self._rows.items():
            kept[number] = self._bases[source](token_runs(raw[source], kept.shape[1]))

    def _path(self, source: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}-{source}-{self.tokens}.npy")

    @property
    def _basis_path(self) -> Path:
        return self.stem.with_name(f"{self.stem.name}-basis-{self.tokens}.npz")
