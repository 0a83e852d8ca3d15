"""The features of every record: from the encoder, from its random twin, from the pixels, and from resnet1d."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Record
from bench.progress import Report
from bench.storage import whole_file
from bench.view import View
from readers.contract import Case, Prompt
from readers.prefetch import prefetched
from readers.vlm.chat import Chat, Encoded
from readers.vlm.encoder import ImageEncoder
from renderers import Picture
from taxonomy.error import FileError

PIXELS = 96
"""Edge of the grey picture that stands for the raw pixels."""

SAVED_EVERY = 500
"""Records after which what was computed is kept on the disk."""

Features = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A record's inputs for the encoder, and its pixels."""

    prompts: Encoded
    pixels: NDArray[np.float32]


def image_features(
    encoder: ImageEncoder, records: Sequence[Record], view: View, keep: Path, report: Report
) -> Features:
    """Return the features of every record's pictures; what a killed run computed is not computed again.

    Parameters
    ----------
    encoder : ImageEncoder
    records : sequence of Record
    view : View
        Settled: its renderer and resolution draw the pictures.
    keep : Path
        File (npz) that holds them.
    report : callable

    Returns
    -------
    mapping of str to float32 array (n_records, width)
        ``encoder``, ``projected``, ``random`` and ``pixels``.

    Raises
    ------
    FileError
        When the file cannot be written, or holds those of other records.
    """
    ids = np.array([record.ecg_id for record in records])
    known = _kept(keep, ids)
    rows: dict[str, list[NDArray[np.float32]]] = {name: list(part) for name, part in known.items()}
    done = len(next(iter(rows.values()), []))

    def drawn(part: tuple[Record, ...]) -> _Drawn:
        return _drawn(part[0], encoder.vlm.chat, view)

    for number, one in enumerate(prefetched(records[done:], 1, drawn), start=done + 1):
        found = {**encoder.features(one.prompts.tensors), "pixels": one.pixels}
        for name, row in found.items():
            rows.setdefault(name, []).append(row)
        report(number, len(records))
        if number % SAVED_EVERY == 0 or number == len(records):
            _keep(keep, ids, rows)
    return {name: np.stack(part) for name, part in rows.items()}


def signal_features(records: Sequence[Record], report: Report) -> NDArray[np.float32]:
    """Return what resnet1d makes of every record's signal: the features of all its members side by side.

    Returns
    -------
    float32 array (n_records, width)
        Of a network that learned from the labels of folds 1 to 8.
    """
    import torch

    from readers.resnet1d.preprocessing import NETWORK_FS, prepare
    from readers.resnet1d.weights import load_weights

    members, rows = load_weights().members, []
    for number, record in enumerate(records, start=1):
        signal = record.signal(NETWORK_FS)
        leads = torch.from_numpy(prepare(signal.mv, signal.fs))[None]
        with torch.inference_mode():
            rows.append(torch.cat([member.features(leads) for member in members], dim=1)[0].numpy())
        report(number, len(records))
    return np.stack(rows)


def _drawn(record: Record, chat: Chat, view: View) -> _Drawn:
    images = view.drawn(record.signal())
    return _Drawn(chat.encode([Case("", images=images, prompt=Prompt(""))]), _pixels(images))


def _pixels(images: Sequence[Picture]) -> NDArray[np.float32]:
    """Return the pictures, one below the other, as one small grey one, float32 (PIXELS x PIXELS,) from 0 to 1."""
    from PIL import Image

    whole = Image.fromarray(np.concatenate([image.rgb() for image in images])).convert("L")
    small = whole.resize((PIXELS, PIXELS), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32).ravel() / np.float32(255)


def _kept(path: Path, ids: NDArray[Any]) -> Features:
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            known = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError) as error:
        raise FileError(f"{path} holds no features ({error}); remove it") from error
    before = known.pop("ecg_id")
    if not np.array_equal(before, ids[: len(before)]):
        raise FileError(f"{path} holds the features of other records; name another --out")
    return known


def _keep(path: Path, ids: NDArray[Any], rows: Mapping[str, Sequence[NDArray[np.float32]]]) -> None:
    stacked = {name: np.stack(list(part)) for name, part in rows.items()}
    count = len(next(iter(stacked.values())))
    with whole_file(path) as part:
        np.savez(part, ecg_id=ids[:count], **stacked)  # type: ignore[arg-type]  # its stub takes allow_pickle so
