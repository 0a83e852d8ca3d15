"""Maps that were made elsewhere, from a NumPy archive, and their figures.

The archive holds ``maps``, floating-point (n, 12, samples), above 0 where a sample speaks for the answer, leads in the
order I II III aVR aVL aVF V1..V6; ``ids`` (n,), as in the dataset; ``target``, one name such as ``conduction=lbbb`` or
one for each map; and, if the maker has it, ``random``: the same method's maps of the same network with random weights.
"""

import tokenize
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Dataset, Record, RecordId
from bench.explain.belief.judging import Figures, Place, Row, figures_of_maps, rows, tells
from bench.explain.belief.verdict import LEAST_PATIENTS, Verdict
from bench.explain.maps.cell import cells_of
from bench.explain.maps.metric import Deletion, deletions, energy, partial_rank_correlation
from bench.view.region import expected_region
from measurements.conditioning import without_gaps
from measurements.segment import segmented
from readers.contract import Case
from readers.network import Network, Output, Shown
from readers.torch_reader import resampled
from renderers.style import LEADS
from taxonomy.axis import AXES, DERIVED
from taxonomy.error import DatasetError, FileError, unknown_name
from taxonomy.outside import MEBIBYTE, outside_stream

LARGEST = 1024 * MEBIBYTE
"""Bytes of the arrays of an archive at most."""

LARGEST_FILE = 2 * LARGEST
"""Bytes of the archive itself at most."""

NO_TRUTH = "no known truth, since evidence is planted for methods that run here alone"

LEAST_FS = 40
"""Hz that maps have at least; below that no segment of a beat can be told."""

DAMAGED = (
    OSError, EOFError, ValueError, SyntaxError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error,
    tokenize.TokenError,
)  # fmt: skip
"""What NumPy and the archive raise over a damaged file, or one with a password or an unknown compression; a header that
is no Python literal raises the tokenizer's own error, and one that is nested too deeply that of memory."""


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps of one method.

    Attributes
    ----------
    name : str
        Of the archive, which stands for the method.
    ids : tuple of int or str
    outputs : tuple of (str, str)
        The head and the value that each map explains.
    maps : float32 array (n, 12, samples)
    random : float32 array (n, 12, samples) or None
        Those of random weights.
    """

    name: str
    ids: tuple[RecordId, ...]
    outputs: tuple[Output, ...]
    maps: NDArray[np.float32]
    random: NDArray[np.float32] | None


def read_maps(path: Path) -> Maps:
    """Read an archive of maps.

    Raises
    ------
    FileError
        When it cannot be read, is too large, lacks an array, or one of them has another shape, another kind of values,
        or NaN or infinity.
    taxonomy.error.UnknownNameError
        When a target is none of the taxonomy's; the message names the nearest.
    """
    try:
        with outside_stream(path, size=LARGEST_FILE) as content, zipfile.ZipFile(content) as archive:
            arrays = _arrays(archive, path)
    except FileNotFoundError:
        raise FileError(f"the maps {path} do not exist") from None
    except DAMAGED as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise FileError(f"{path} cannot be read as a NumPy archive of maps: {why}") from error
    for name in ("maps", "ids", "target"):
        if name not in arrays:
            raise FileError(f"{path} has no array {name!r}; it must hold maps, ids and target")
    maps = _checked(arrays["maps"], "maps", path)
    random = _checked(arrays["random"], "random", path) if "random" in arrays else None
    if random is not None and random.shape != maps.shape:
        raise FileError(f"{path}: random has shape {random.shape}, and maps {maps.shape}; they must be alike")
    ids = _ids(arrays["ids"], len(maps), path)
    return Maps(path.stem, ids, _outputs(arrays["target"], len(maps), path), maps, random)


def scored(found: Maps, dataset: Dataset, network: Network | None = None, seed: int = 0) -> tuple[Figures, ...]:
    """Return the figures of maps.

    Parameters
    ----------
    found : Maps
    dataset : Dataset
        That their ids are of.
    network : Network, optional
        That they explain; without it there is no deletion or insertion. Maps have its sampling rate then, and without
        it any of :data:`LEAST_FS` or more.
    seed : int
        Of random orders.

    Raises
    ------
    FileError
        When an id is not in the dataset, or the maps have not as many samples as the network is shown.
    taxonomy.error.UnknownNameError
        When a target is no output of the network; the message names the nearest.
    """
    if network is not None:
        for output in dict.fromkeys(found.outputs):
            network.place(*output)
    return tuple(
        _one(found, number, _record(found, number, dataset), network, seed) for number in range(len(found.ids))
    )


def rows_of_maps(reader: str, figures: Sequence[Figures]) -> tuple[Row, ...]:
    """Return what the figures of maps say, a row for each archive.

    Evidence cannot be planted for a method that does not run here, so that none of them can be called faithful; that
    they fail the sanity check, or are no better than amplitude, can be seen where what that takes is given.

    Parameters
    ----------
    reader : str
        That they explain.
    figures : sequence of Figures
        Of :func:`scored`.
    """
    return tuple(
        replace(one, verdict=verdict, clinical=one.clinical and replace(one.clinical, verdict=verdict))
        for one in rows(reader, figures)
        for verdict in (_of_maps(one),)
    )


def _of_maps(row: Row) -> Verdict:
    if row.verdict.word != "cannot tell":
        return row.verdict
    lacking = [
        what
        for what, one in (("'random' in the archive", row.random), ("the reader they explain", row.deletion))
        if one is None
    ]
    few = f"n = {row.patients} patients, fewer than {LEAST_PATIENTS}" if row.patients < LEAST_PATIENTS else ""
    without = f"nor is there {' or '.join(lacking)}, by which they could fail" if lacking else ""
    return Verdict("cannot tell", "; ".join(part for part in (NO_TRUTH, without, few) if part))


def _one(found: Maps, number: int, record: Record, network: Network | None, seed: int) -> Figures:
    map_, output = found.maps[number], found.outputs[number]
    signal = record.signal()
    shown, fs = _shown(record, map_.shape[1], network)
    if shown.leads.shape != map_.shape:
        raise FileError(
            f"the map of record {record.ecg_id} in {found.name} has {map_.shape[1]} samples, and the reader's network "
            f"is shown {shown.leads.shape[1]} ({fs:g} Hz): give one value for each"
        )
    region, mask = expected_region(*output), None
    if region is not None:
        cells = cells_of(segmented(without_gaps(signal.mv), signal.fs), fs, map_.shape[1])
        mask = cells.mask(region.leads, region.segments)
    null = energy(shown)
    curves: list[Deletion | None] = [None, None]
    if network is not None:
        curves = deletions(network, shown, network.place(*output), [null, map_], seed)
    place = Place(record.ecg_id, record.patient_id, output, mask if mask is not None and mask.any() else None, fs)
    _, own = figures_of_maps(place, ["energy", found.name], [null, map_], curves)
    if found.random is None or not tells(map_):
        return own
    return replace(own, random=partial_rank_correlation(map_, found.random[number], null))


def _shown(record: Record, samples: int, network: Network | None) -> tuple[Shown, float]:
    signal = record.signal()
    if network is not None:
        return network.prepare(Case("", signal=signal.mv, fs=signal.fs)), network.fs
    fs = samples * signal.fs / signal.mv.shape[1]
    if fs < LEAST_FS:
        raise FileError(
            f"the map of record {record.ecg_id} has {samples} samples, {fs:.1f} Hz; at least {LEAST_FS} Hz are needed"
        )
    leads = resampled(without_gaps(signal.mv), signal.fs, fs)[:, :samples]
    return Shown(leads), fs


def _record(found: Maps, number: int, dataset: Dataset) -> Record:
    ecg_id = found.ids[number]
    try:
        if isinstance(ecg_id, int) != dataset.ids_are_numbers:
            raise DatasetError(f"the ids of {dataset.title} are {'numbers' if dataset.ids_are_numbers else 'texts'}")
        return dataset.record(ecg_id)
    except DatasetError as error:
        raise FileError(f"map {number + 1} of {found.name} is of an unknown record {ecg_id!r}: {error}") from error


def _arrays(archive: zipfile.ZipFile, path: Path) -> Mapping[str, NDArray[Any]]:
    members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
    total = sum(member.file_size for member in members)
    if total > LARGEST:
        raise FileError(f"{path} holds {total // MEBIBYTE} MiB of arrays; {LARGEST // MEBIBYTE} MiB are the most")
    found = {}
    for member in members:
        with archive.open(member) as stream:
            _check_header(stream, member.file_size, f"{member.filename} in {path}")
        with archive.open(member) as stream:
            found[member.filename.removesuffix(".npy")] = np.lib.format.read_array(stream, allow_pickle=False)
    return found


def _check_header(stream: IO[bytes], size: int, where: str) -> None:
    """Refuse an array that says to be larger than it is: the memory for it is taken before it is read."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.hasobject:
        raise FileError(f"{where} holds objects; only numbers and texts are read")
    if int(np.prod(shape, dtype=object)) * dtype.itemsize != size - stream.tell():
        raise FileError(f"{where} is damaged: it has not as many values as its shape {shape} says")


def _checked(maps: NDArray[Any], name: str, path: Path) -> NDArray[np.float32]:
    if maps.ndim != 3 or maps.shape[1] != len(LEADS) or not len(maps) or not maps.shape[2]:
        raise FileError(f"{path}: {name} has shape {maps.shape}, not (n, 12, samples)")
    if maps.dtype.kind != "f":
        raise FileError(f"{path}: {name} holds values of type {maps.dtype}, not floating-point numbers")
    with np.errstate(over="ignore"):
        values = maps.astype(np.float32)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        number, lead, sample = bad[0].tolist()
        raise FileError(
            f"{path}: {name} holds NaN or infinity, first in number {number + 1}, lead {LEADS[lead]}, sample {sample}"
        )
    return values


def _ids(ids: NDArray[Any], n: int, path: Path) -> tuple[RecordId, ...]:
    if ids.shape != (n,) or ids.dtype.kind not in "iuU":
        raise FileError(
            f"{path}: ids has shape {ids.shape} and type {ids.dtype}; it must name the record of each of {n} maps, by "
            "whole numbers or texts"
        )
    found: tuple[RecordId, ...] = tuple(ids.tolist())
    return found


def _outputs(target: NDArray[Any], n: int, path: Path) -> tuple[Output, ...]:
    if target.shape not in {(), (n,)} or target.dtype.kind != "U":
        raise FileError(
            f"{path}: target has shape {target.shape} and type {target.dtype}; it must be one text such as "
            f"'conduction=lbbb', or one for each of {n} maps"
        )
    return tuple(_output(name) for name in np.broadcast_to(target, (n,)).tolist())


def _output(name: str) -> Output:
    known = {axis.name: axis.values for axis in (*AXES, *DERIVED)}
    head, sign, value = name.partition("=")
    if not sign or head not in known or value not in known[head]:
        raise unknown_name("target", name, [f"{axis}={one}" for axis, values in known.items() for one in values])
    return head, value
