"""Features of every record: of the encoder, of its untrained twin, of the pixels, and of resnet1d."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record, Signal
from bench.encoder.token_file import TokenFile
from bench.progress import Report
from bench.storage import whole_file
from bench.view import View
from bench.view.drawing import Ahead, draw_ahead, drawing_processes
from readers.contract import Case, Prompt
from readers.prefetch import Elsewhere, prefetched
from readers.processors import other_processes
from readers.vlm.chat import Encoded
from readers.vlm.encoder import ImageEncoder
from renderers import Picture
from taxonomy.error import FileError

if TYPE_CHECKING:
    from readers.resnet1d.side import NetworkInput

PIXELS = 96
"""Edge in px of the grey picture that represents the raw pixels."""

SAVED_EVERY = 500
"""Records between two writes of the features file."""

AT_A_TIME = 8
"""Signals that a process prepares at a time."""

Features = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class FeatureFiles:
    """Where features are kept (npz), and tokens if they are."""

    features: Path
    tokens: TokenFile | None = None


def image_features(
    encoder: ImageEncoder, records: Sequence[Record], view: View, kept: FeatureFiles, report: Report
) -> Features:
    """Return the features of every record's pictures, resuming from the files of an interrupted run.

    Parameters
    ----------
    encoder : ImageEncoder
    records : sequence of Record
    view : View
        Settled; gives renderer and resolution.
    kept : FeatureFiles
    report : callable

    Returns
    -------
    mapping of str to float32 array (n_records, width)
        ``encoder``, ``projected``, ``random`` and ``pixels``.

    Raises
    ------
    FileError
        When the file cannot be read or belongs to other records.
    """
    path, tokens = kept.features, kept.tokens
    ids = np.array([record.ecg_id for record in records])
    rows = {name: list(features) for name, features in _saved(path, ids).items()}
    done = len(next(iter(rows.values()), []))
    if tokens is not None and not tokens.opened():
        rows, done = {}, 0

    def inputs(batch: tuple[tuple[Picture, ...], ...]) -> tuple[Encoded, NDArray[np.float32]]:
        (images,) = batch
        return encoder.vlm.chat.encode([Case("", images=images, prompt=Prompt(""))]), _pixels(images)

    for number, (encoded, pixels) in enumerate(prefetched(_pages(records[done:], view), 1, inputs), start=done + 1):
        features, seen = encoder.seen(encoded.tensors)
        for name, row in {**features, "pixels": pixels}.items():
            rows.setdefault(name, []).append(row)
        if tokens is not None:
            tokens.keep(number - 1, seen)
        report(number, len(records))
        if number % SAVED_EVERY == 0 or number == len(records):
            if tokens is not None:
                tokens.flush()
            _save(path, ids, rows)
    return {name: np.stack(features) for name, features in rows.items()}


def _pages(records: Sequence[Record], view: View) -> Iterator[tuple[Picture, ...]]:
    """Yield every record's pictures; many are drawn by other processes."""
    traces = ((record, (signal.mv, signal.fs)) for record in records for signal in (record.signal(),))
    ahead = Ahead(drawing_processes(len(records)), as_png=False)
    for _, images in draw_ahead(traces, view.renderer, view.style, ahead):
        yield images


def signal_features(records: Sequence[Record], report: Report) -> NDArray[np.float32]:
    """Return resnet1d's features of every record's signal, those of its members concatenated.

    Returns
    -------
    float32 array (n_records, width)
    """
    import torch

    from readers.resnet1d.reader import PREFERRED_FS
    from readers.resnet1d.weights import load_weights

    members, rows = load_weights().members, []
    signals = (record.signal(PREFERRED_FS) for record in records)
    batches = prefetched(signals, AT_A_TIME, _network_inputs, Elsewhere(other_processes()))
    for number, seen in enumerate(chain.from_iterable(batches), start=1):
        leads, side = (torch.from_numpy(part)[None] for part in (seen.leads, seen.side))
        with torch.inference_mode():
            rows.append(torch.cat([member.features(leads, side) for member in members], dim=1)[0].numpy())
        report(number, len(records))
    return np.stack(rows)


def _network_inputs(signals: tuple[Signal, ...]) -> "tuple[NetworkInput, ...]":
    from readers.resnet1d.side import network_input

    return tuple(network_input(signal.mv, signal.fs)[0] for signal in signals)


def _pixels(images: Sequence[Picture]) -> NDArray[np.float32]:
    """Return the pictures stacked and shrunk to one grey picture, float32 (PIXELS x PIXELS,) from 0 to 1."""
    from PIL import Image

    stacked = Image.fromarray(np.concatenate([image.rgb() for image in images])).convert("L")
    small = stacked.resize((PIXELS, PIXELS), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel() / np.float32(255)


def _saved(path: Path, ids: NDArray[Any]) -> Features:
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            features = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError) as error:
        raise FileError(f"{path} holds no features ({error}); remove it") from error
    saved_ids = features.pop("ecg_id")
    if not np.array_equal(saved_ids, ids[: len(saved_ids)]):
        raise FileError(f"{path} holds the features of other records; name another --out")
    return features


def _save(path: Path, ids: NDArray[Any], rows: Mapping[str, Sequence[NDArray[np.float32]]]) -> None:
    stacked = {name: np.stack(list(features)) for name, features in rows.items()}
    count = len(next(iter(stacked.values())))
    with whole_file(path) as part:
        np.savez(part, ecg_id=ids[:count], **stacked)  # type: ignore[arg-type]  # its stub takes allow_pickle so
